//! From what a Sentinel answers and announces to rows. Pure. Fields that move while nothing happens (ages of pings, of INFO) are left
//! out, and lists are sorted: what is equal here is the same state of affairs.

use crate::event::{SentinelMaster, SentinelMessage, SentinelPeer, SentinelReplica};
use crate::source::redis::reading::{Fields, text};
use redis::{PushInfo, PushKind, Value};
use std::collections::HashMap;
use std::str::FromStr;

/// The named fields of one instance: a map in RESP3, a flat list of names and values in RESP2.
struct Named(HashMap<String, String>);

impl Named {
    fn of(value: &Value) -> Option<Named> {
        let pair = |name: &Value, value: &Value| Some((text(name)?.into_owned(), text(value)?.into_owned()));
        match value {
            Value::Map(pairs) => Some(Named(pairs.iter().filter_map(|(name, value)| pair(name, value)).collect())),
            Value::Array(items) => Some(Named(
                items.chunks_exact(2).filter_map(|two| if let [name, value] = two { pair(name, value) } else { None }).collect(),
            )),
            _ => None,
        }
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn number<T: FromStr + Default>(&self, name: &str) -> T {
        self.text(name).parse().unwrap_or_default()
    }

    fn flags(&self) -> Vec<String> {
        self.text("flags").split(',').filter(|flag| !flag.is_empty()).map(str::to_owned).collect()
    }
}

/// The reply to `SENTINEL MASTER`; `None` if it has another shape.
pub fn master(value: &Value) -> Option<SentinelMaster> {
    let named = Named::of(value)?;
    let state = named.text("failover-state");
    Some(SentinelMaster {
        host: named.text("ip").to_owned(),
        port: named.number("port"),
        flags: named.flags(),
        epoch: named.number("config-epoch"),
        quorum: named.number("quorum"),
        replicas: named.number("num-slaves"),
        other_sentinels: named.number("num-other-sentinels"),
        down_after_ms: named.number("down-after-milliseconds"),
        failover_timeout_ms: named.number("failover-timeout"),
        parallel_syncs: named.number("parallel-syncs"),
        failover_state: (!state.is_empty() && state != "none").then(|| state.to_owned()),
    })
}

/// The little that `INFO sentinel` says of the master called `name`, for when `SENTINEL MASTER` is not permitted.
pub fn master_of_info(fields: &Fields<'_>, name: &str) -> Option<SentinelMaster> {
    let count: usize = fields.number("sentinel_masters")?;
    let field = (0..count.min(1000)).map(|n| format!("master{n}")).find(|field| fields.part(field, "name") == name)?;
    let (host, port) = fields.part(&field, "address").rsplit_once(':')?;
    let down = match fields.part(&field, "status") {
        "sdown" => Some("s_down"),
        "odown" => Some("o_down"),
        _ => None,
    };
    let sentinels: u32 = fields.part(&field, "sentinels").parse().unwrap_or_default();
    Some(SentinelMaster {
        host: host.to_owned(),
        port: port.parse().ok()?,
        flags: ["master"].into_iter().chain(down).map(str::to_owned).collect(),
        replicas: fields.part(&field, "slaves").parse().unwrap_or_default(),
        // INFO counts the Sentinel itself.
        other_sentinels: sentinels.saturating_sub(1),
        ..SentinelMaster::default()
    })
}

fn instances<T>(value: &Value, row: impl Fn(&Named) -> T) -> Vec<T> {
    match value {
        Value::Array(items) | Value::Set(items) => items.iter().filter_map(Named::of).map(|named| row(&named)).collect(),
        _ => Vec::new(),
    }
}

/// The reply to `SENTINEL REPLICAS`.
pub fn replicas(value: &Value) -> Vec<SentinelReplica> {
    let mut rows = instances(value, |named| SentinelReplica {
        host: named.text("ip").to_owned(),
        port: named.number("port"),
        flags: named.flags(),
        priority: named.number("slave-priority"),
        link_ok: named.text("master-link-status") == "ok",
    });
    rows.sort_by(|a, b| (&a.host, a.port).cmp(&(&b.host, b.port)));
    rows
}

/// The reply to `SENTINEL SENTINELS`.
pub fn sentinels(value: &Value) -> Vec<SentinelPeer> {
    let mut rows = instances(value, |named| SentinelPeer {
        host: named.text("ip").to_owned(),
        port: named.number("port"),
        id: named.text("runid").to_owned(),
        flags: named.flags(),
    });
    rows.sort_by(|a, b| (&a.host, a.port, &a.id).cmp(&(&b.host, b.port, &b.id)));
    rows
}

/// A pushed message, if it is an announcement that concerns `master` or all masters.
pub fn message(push: &PushInfo, master: &str) -> Option<SentinelMessage> {
    let (PushKind::PMessage, [_, channel, message]) = (&push.kind, push.data.as_slice()) else { return None };
    let (kind, message) = (text(channel)?, text(message)?);
    // Announcements have signs; the hellos that Sentinels exchange have not.
    if !kind.starts_with(['+', '-']) || subject(&kind, &message).is_some_and(|name| name != master) {
        return None;
    }
    // Sentinel itself shows no password here today; what an older one does is not worth finding out.
    let shown = message.split_once(" auth-pass ").map_or_else(|| message.to_string(), |(before, _)| format!("{before} auth-pass (hidden)"));
    Some(SentinelMessage { kind: kind.into_owned(), text: shown })
}

/// The master that an announcement is about; `None` if it is about the Sentinel itself or all masters.
fn subject<'a>(kind: &str, message: &'a str) -> Option<&'a str> {
    // `slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379`
    if let Some((_, master)) = message.split_once(" @ ") {
        return master.split(' ').next();
    }
    let mut words = message.split(' ');
    let first = words.next();
    match (kind, first) {
        ("+switch-master", name) => name,
        (_, Some("master")) => words.next(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
