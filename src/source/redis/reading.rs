//! From what a data node answers to rows: the text of `INFO`, the reply to `ROLE`, settings. Pure: no clock, no connection.

use crate::event::{RedisInfo, RedisMasterLink, RedisReplica, RedisRole, RedisSettings};
use redis::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::str::FromStr;

/// The text of a reply, whichever way it was sent.
pub fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes)),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(Cow::Borrowed(text)),
        Value::Okay => Some(Cow::Borrowed("OK")),
        Value::Int(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

/// The fields of an `INFO` text.
#[derive(Debug, Default)]
pub struct Fields<'a>(HashMap<&'a str, &'a str>);

impl<'a> Fields<'a> {
    /// Reads `name:value` lines; anything else is passed over.
    pub fn of(info: &'a str) -> Fields<'a> {
        Fields(info.lines().filter_map(|line| line.trim_end().split_once(':')).collect())
    }

    /// A field as it stands; empty if it is absent.
    pub fn text(&self, name: &str) -> &'a str {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// A number; `None` if the field is absent or says something else, such as -1 for "never" where only sizes make sense.
    pub fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.0.get(name)?.parse().ok()
    }

    fn count<T: FromStr + Default>(&self, name: &str) -> T {
        self.number(name).unwrap_or_default()
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.text(name) == value
    }

    /// One part of a field such as `ip=10.0.0.7,port=6379`; empty if it is absent.
    pub fn part(&self, name: &str, key: &str) -> &'a str {
        part(self.text(name), key)
    }
}

fn part<'a>(field: &'a str, key: &str) -> &'a str {
    field.split(',').find_map(|pair| pair.split_once('=').filter(|(found, _)| *found == key)).map_or("", |(_, value)| value)
}

/// What `ROLE` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// A master with its replicas.
    Master { offset: u64, replicas: Vec<RedisReplica> },
    /// A replica, its master and how far it has come.
    Replica { link: RedisMasterLink, offset: u64 },
    /// Not a data node at all.
    Sentinel,
}

impl Role {
    /// `None` if the reply has not the shape of any role.
    pub fn of(reply: &Value) -> Option<Role> {
        let Value::Array(items) = reply else { return None };
        let item = |n: usize| items.get(n).and_then(text).unwrap_or_default();
        match &*item(0) {
            "master" => {
                let replicas = match items.get(2) {
                    Some(Value::Array(replicas)) => replicas.iter().filter_map(replica_of_role).collect(),
                    _ => Vec::new(),
                };
                Some(Role::Master { offset: item(1).parse().unwrap_or_default(), replicas: sorted(replicas) })
            }
            "slave" => {
                let link = RedisMasterLink {
                    host: item(1).into_owned(),
                    port: item(2).parse().unwrap_or_default(),
                    up: item(3) == "connected",
                    syncing: item(3) == "sync",
                    ..RedisMasterLink::default()
                };
                // -1 until the first synchronisation.
                Some(Role::Replica { link, offset: item(4).parse().unwrap_or_default() })
            }
            "sentinel" => Some(Role::Sentinel),
            _ => None,
        }
    }
}

fn replica_of_role(item: &Value) -> Option<RedisReplica> {
    let Value::Array(items) = item else { return None };
    let item = |n: usize| items.get(n).and_then(text);
    Some(RedisReplica {
        host: item(0)?.into_owned(),
        port: item(1)?.parse().ok()?,
        // Only those that are online are listed.
        state: "online".to_owned(),
        offset: item(2)?.parse().unwrap_or_default(),
        ack_age: 0,
    })
}

/// The order of Redis' lists follows its connections; ours must not change without cause.
fn sorted(mut replicas: Vec<RedisReplica>) -> Vec<RedisReplica> {
    replicas.sort_by(|a, b| (&a.host, a.port).cmp(&(&b.host, b.port)));
    replicas
}

/// The row from whichever of the two replies is there; `None` if neither tells the role. Rates are left out.
pub fn row(role: Option<Role>, fields: Option<&Fields<'_>>) -> Option<RedisInfo> {
    let Some(fields) = fields else {
        return match role? {
            Role::Master { offset, replicas } => Some(RedisInfo { role: RedisRole::Master, offset, replicas, ..unseen() }),
            Role::Replica { link, offset } => Some(RedisInfo { offset, master: Some(link), ..unseen() }),
            Role::Sentinel => None,
        };
    };
    let master = match role {
        Some(Role::Sentinel) => return None,
        Some(role) => matches!(role, Role::Master { .. }),
        None if fields.text("role").is_empty() => return None,
        None => fields.is("role", "master"),
    };
    Some(RedisInfo {
        version: fields.text("redis_version").to_owned(),
        run_id: fields.text("run_id").to_owned(),
        role: if master { RedisRole::Master } else { RedisRole::Replica },
        replid: fields.text("master_replid").to_owned(),
        offset: fields.count(if master { "master_repl_offset" } else { "slave_repl_offset" }),
        master: (!master).then(|| master_link(fields)),
        replicas: replicas(fields),
        used_memory: fields.count("used_memory"),
        max_memory: fields.count("maxmemory"),
        fragmentation: fields.count("mem_fragmentation_ratio"),
        evictions_per_s: None,
        hits: None,
        misses: None,
        commands_per_s: None,
        // Absent until the first one.
        refused_writes: fields.part("errorstat_NOREPLICAS", "count").parse().unwrap_or_default(),
        clients: fields.count("connected_clients"),
        blocked_clients: fields.count("blocked_clients"),
        max_clients: fields.count("maxclients"),
        loading: fields.is("loading", "1"),
        saving: fields.is("rdb_bgsave_in_progress", "1"),
        save_ok: !fields.is("rdb_last_bgsave_status", "err"),
        last_save: fields.count("rdb_last_save_time"),
        unsaved_changes: fields.count("rdb_changes_since_last_save"),
        aof: fields.is("aof_enabled", "1"),
        aof_write_ok: !fields.is("aof_last_write_status", "err"),
        aof_rewrite_ok: !fields.is("aof_last_bgrewrite_status", "err"),
    })
}

/// A row of which `INFO` would tell the rest; its empty version says so. Nothing is known to have failed, so nothing is said to have.
fn unseen() -> RedisInfo {
    RedisInfo { save_ok: true, aof_write_ok: true, aof_rewrite_ok: true, ..RedisInfo::default() }
}

fn master_link(fields: &Fields<'_>) -> RedisMasterLink {
    let up = fields.is("master_link_status", "up");
    RedisMasterLink {
        host: fields.text("master_host").to_owned(),
        port: fields.count("master_port"),
        up,
        last_io: fields.number("master_last_io_seconds_ago"),
        down_since: if up { None } else { fields.number("master_link_down_since_seconds") },
        syncing: fields.is("master_sync_in_progress", "1"),
    }
}

/// A replica may feed replicas of its own.
fn replicas(fields: &Fields<'_>) -> Vec<RedisReplica> {
    let numbered = |name: &str| name.strip_prefix("slave").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let row = |field: &str| RedisReplica {
        host: part(field, "ip").to_owned(),
        port: part(field, "port").parse().unwrap_or_default(),
        state: part(field, "state").to_owned(),
        offset: part(field, "offset").parse().unwrap_or_default(),
        ack_age: part(field, "lag").parse().unwrap_or_default(),
    };
    sorted(fields.0.iter().filter(|(name, _)| numbered(name)).map(|(_, field)| row(field)).collect())
}

/// The settings that are read, in the order of `settings`.
pub const SETTINGS: [&str; 7] =
    ["min-replicas-to-write", "min-replicas-max-lag", "replica-priority", "save", "appendonly", "repl-backlog-size", "maxmemory-policy"];

/// Settings from the replies to `CONFIG GET`, by name, and the reply to `SLOWLOG LEN`.
pub fn settings(replies: &[(&str, Option<Value>)], slow_log: Option<&Value>) -> RedisSettings {
    let value = |name: &str| {
        let (_, reply) = replies.iter().find(|(found, _)| *found == name)?;
        match reply.as_ref()? {
            Value::Array(pair) => text(pair.get(1)?).map(Cow::into_owned),
            Value::Map(pairs) => text(&pairs.first()?.1).map(Cow::into_owned),
            _ => None,
        }
    };
    let number = |name: &str| value(name).and_then(|text| text.parse().ok());
    RedisSettings {
        min_replicas_to_write: number("min-replicas-to-write"),
        min_replicas_max_lag: number("min-replicas-max-lag"),
        replica_priority: number("replica-priority"),
        save: value("save"),
        append_only: value("appendonly").map(|text| text == "yes"),
        backlog_bytes: value("repl-backlog-size").and_then(|text| text.parse().ok()),
        eviction_policy: value("maxmemory-policy"),
        slow_log: slow_log.and_then(text).and_then(|text| text.parse().ok()),
    }
}

#[cfg(test)]
pub(in crate::source) mod tests;
