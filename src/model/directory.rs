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
    let wanted = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let label = host.split('.').next().unwrap_or(host);
    let by_address = places.clone().find(|place| place.address == wanted || place.peer == Some(wanted.as_str()));
    by_address.or_else(|| places.clone().find(|place| **place.name == *label)).map(|place| place.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_pod_names_lead_to_instances() {
        let names: [Name; 2] = ["redis-0".into(), "redis-1".into()];
        let places = [
            Place { name: &names[0], address: "localhost:7001", peer: Some("127.0.0.1:7001") },
            Place { name: &names[1], address: "localhost:7002", peer: None },
        ];
        let find = |host, port| find(places.iter().map(|p| Place { ..*p }), host, port).map(|n| &**n);
        assert_eq!(find("127.0.0.1", 7001), Some("redis-0"));
        assert_eq!(find("localhost", 7002), Some("redis-1"));
        assert_eq!(find("redis-1.redis-headless.moltbook.svc", 6379), Some("redis-1"));
        assert_eq!(find("10.0.0.1", 6379), None);
    }
}
