//! From an address that a server reports to the instance that it means.

use crate::event::Name;

/// What is known of where an instance is.
pub struct Place<'a> {
    /// Instance.
    pub name: &'a Name,
    /// As configured, `host:port`.
    pub address: &'a str,
    /// As resolved, `ip:port`; `None` before the first connection.
    pub peer: Option<&'a str>,
}

/// The instance at `host:port`: by its configured or resolved address, or because the host's first label is its name, as the
/// addresses of pods are (`redis-1.redis-headless.moltbook.svc`).
pub fn find<'a>(places: impl Iterator<Item = Place<'a>> + Clone, host: &str, port: u16) -> Option<&'a Name> {
    let label = host.split('.').next().unwrap_or(host);
    let by_address =
        places.clone().find(|place| is_at(place.address, host, port) || place.peer.is_some_and(|peer| is_at(peer, host, port)));
    by_address.or_else(|| places.clone().find(|place| **place.name == *label)).map(|place| place.name)
}

/// Whether `host:port`, with brackets around an IPv6 address, is this host and port. Compared in parts: this is asked often.
fn is_at(address: &str, host: &str, port: u16) -> bool {
    let Some((known, known_port)) = address.rsplit_once(':') else { return false };
    let known = known.strip_prefix('[').and_then(|known| known.strip_suffix(']')).unwrap_or(known);
    known == host && known_port.parse() == Ok(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_pod_names_lead_to_instances() {
        let names: [Name; 2] = ["redis-0".into(), "redis-1".into()];
        let places = [
            Place { name: &names[0], address: "localhost:7001", peer: Some("127.0.0.1:7001") },
            Place { name: &names[1], address: "localhost:7002", peer: Some("[fd00::7]:7002") },
        ];
        let find = |host, port| find(places.iter().map(|p| Place { ..*p }), host, port).map(|n| &**n);
        assert_eq!(find("127.0.0.1", 7001), Some("redis-0"));
        assert_eq!(find("localhost", 7002), Some("redis-1"));
        assert_eq!(find("redis-1.redis-headless.moltbook.svc", 6379), Some("redis-1"));
        assert_eq!(find("fd00::7", 7002), Some("redis-1"));
        assert_eq!(find("10.0.0.1", 6379), None);
        assert_eq!(find("127.0.0.1", 7002), None);
    }
}
