//! What a Sentinel announces, in the names of our instances: `+sdown slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379` is
//! about `redis-1`.

use super::RedisGroup;
use crate::event::{Name, SentinelMessage};
use crate::model::Weight;

/// An announcement with names for addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The instance that it is about, or the master's name where it is none of ours.
    pub subject: Name,
    /// What else is said.
    pub text: String,
}

/// Reads an announcement: `<role> <name> <ip> <port> [@ <master> <ip> <port>] [more]`, or for `+switch-master` the master's name and two
/// addresses. What is not of these forms is passed on as it is.
pub(super) fn read(group: &RedisGroup, message: &SentinelMessage) -> Announcement {
    let words: Vec<&str> = message.text.split(' ').collect();
    let instance = |host: &str, port: &str| -> Name {
        let port = port.parse().unwrap_or_default();
        let known = group.node_at(host, port).or_else(|| group.sentinel_at(host, port)).cloned();
        known.unwrap_or_else(|| format!("{host}:{port}").into())
    };
    match (message.kind.as_str(), words.as_slice()) {
        ("+switch-master", [_, old, old_port, new, new_port]) => {
            Announcement { subject: instance(new, new_port), text: format!("from {}", instance(old, old_port)) }
        }
        (_, ["master" | "slave" | "sentinel", _, host, port, rest @ ..]) => {
            // Whose replica or Sentinel it is goes without saying: there is one master.
            let more = if let ["@", _, _, _, more @ ..] = rest { more } else { rest };
            Announcement { subject: instance(host, port), text: more.join(" ") }
        }
        _ => Announcement { subject: group.master_name.clone(), text: message.text.clone() },
    }
}

/// How an announcement reads; `None` for those that only repeat what another one says.
pub(super) fn weight(kind: &str) -> Option<Weight> {
    Some(match kind {
        "+sdown" | "+odown" | "+tilt" | "+failover-end-for-timeout" => Weight::Bad,
        kind if kind.starts_with("-failover-abort") => Weight::Bad,
        "-sdown" | "-odown" | "-tilt" | "+failover-end" | "+switch-master" => Weight::Good,
        "+vote-for-leader" | "+new-epoch" | "+config-update-from" | "+set" | "+monitor" | "+slave" | "+sentinel" => return None,
        kind if kind.contains("slave-reconf") || kind.starts_with("+failover-state") || kind.ends_with("role-change") => return None,
        _ => Weight::Notable,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: &str, text: &str) -> (String, String) {
        let model = crate::model::tests::empty();
        let told = read(&model.redis, &SentinelMessage { kind: kind.into(), text: text.into() });
        (told.subject.to_string(), told.text)
    }

    #[test]
    fn addresses_become_names() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(told("+odown", "master mymaster 127.0.0.1 6300 #quorum 2/2"), pair("redis-0", "#quorum 2/2"));
        assert_eq!(told("+sdown", "slave 127.0.0.1:6301 127.0.0.1 6301 @ mymaster 127.0.0.1 6300"), pair("redis-1", ""));
        assert_eq!(told("+switch-master", "mymaster 127.0.0.1 6300 127.0.0.1 6301"), pair("redis-1", "from redis-0"));
        assert_eq!(told("+sdown", "sentinel abc 10.9.9.9 26379 @ mymaster 127.0.0.1 6300"), pair("10.9.9.9:26379", ""));
        assert_eq!(told("+tilt", "#tilt mode entered"), pair("mymaster", "#tilt mode entered"));
    }
}
