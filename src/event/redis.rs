//! What the Redis and Sentinel polls bring.

use serde::{Deserialize, Serialize};

/// The role that a data node claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedisRole {
    /// Takes writes.
    Master,
    /// Follows a master.
    #[default]
    Replica,
}

/// A data node, projected from `ROLE` and `INFO`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RedisInfo {
    /// `redis_version`.
    pub version: String,
    /// Changes with every start of the process.
    pub run_id: String,
    /// Its role.
    pub role: RedisRole,
    /// `master_replid`: offsets compare only within one.
    pub replid: String,
    /// Master: end of the replication stream. Replica: how far it has come. Bytes.
    pub offset: u64,
    /// Replica: its link to the master.
    pub master: Option<RedisMasterLink>,
    /// Master: the replicas it feeds.
    pub replicas: Vec<RedisReplica>,
    /// Bytes in use.
    pub used_memory: u64,
    /// `maxmemory`, bytes; 0 is no limit.
    pub max_memory: u64,
    /// `mem_fragmentation_ratio`.
    pub fragmentation: f64,
    /// Keys evicted per second over the last ten seconds, from differences; `None` until two samples are there or after a restart.
    pub evictions_per_s: Option<f64>,
    /// Hits in the last minute, from differences.
    pub hits: Option<u64>,
    /// Misses in the last minute, from differences.
    pub misses: Option<u64>,
    /// Commands per second over the last ten seconds, from differences.
    pub commands_per_s: Option<f64>,
    /// Writes refused with NOREPLICAS since the start.
    pub refused_writes: u64,
    /// Connected clients.
    pub clients: u32,
    /// Of these, blocked in a blocking call.
    pub blocked_clients: u32,
    /// `maxclients`.
    pub max_clients: u32,
    /// Loading its data set; it answers little else.
    pub loading: bool,
    /// A background save runs.
    pub saving: bool,
    /// The last background save went well.
    pub save_ok: bool,
    /// When the last one was, Unix seconds.
    pub last_save: i64,
    /// Changes since then.
    pub unsaved_changes: u64,
    /// The append-only file is on.
    pub aof: bool,
    /// Its last write went well.
    pub aof_write_ok: bool,
    /// Its last rewrite went well.
    pub aof_rewrite_ok: bool,
}

/// A replica's link to its master.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RedisMasterLink {
    /// As configured or announced.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `master_link_status` is up.
    pub up: bool,
    /// Seconds since the master was last heard; `None` while the link is down.
    pub last_io: Option<u32>,
    /// Seconds since the link went down.
    pub down_since: Option<u32>,
    /// A full synchronisation is under way.
    pub syncing: bool,
}

/// A replica as its master sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RedisReplica {
    /// As announced.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `online`, `wait_bgsave`, `send_bulk`.
    pub state: String,
    /// Last acknowledged offset: up to a second old.
    pub offset: u64,
    /// Whole seconds since the last acknowledgement: a measure of the link.
    pub ack_age: u32,
}

/// Settings of a data node. `None` where `CONFIG GET` is not permitted or the version has no such setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RedisSettings {
    /// `min-replicas-to-write`.
    pub min_replicas_to_write: Option<u32>,
    /// `min-replicas-max-lag`, seconds.
    pub min_replicas_max_lag: Option<u32>,
    /// `replica-priority`; 0 is never promoted.
    pub replica_priority: Option<u32>,
    /// `save`.
    pub save: Option<String>,
    /// `appendonly`.
    pub append_only: Option<bool>,
    /// `repl-backlog-size`, bytes.
    pub backlog_bytes: Option<u64>,
    /// `maxmemory-policy`.
    pub eviction_policy: Option<String>,
    /// Length of the slow log; `None` where `SLOWLOG LEN` is not permitted.
    pub slow_log: Option<u64>,
}

/// What one Sentinel believes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SentinelView {
    /// `redis_version`.
    pub version: String,
    /// Changes with every start of the process.
    pub run_id: String,
    /// `SENTINEL MYID`: the same after a restart.
    pub id: String,
    /// In TILT: it does not act, because its clock or its process stood still.
    pub tilt: bool,
    /// Seconds in TILT; `None` before 7.0.
    pub tilt_seconds: Option<u32>,
    /// The master by the configured name; `None` when this Sentinel does not know that name.
    pub master: Option<SentinelMaster>,
    /// The replicas that it knows.
    pub replicas: Vec<SentinelReplica>,
    /// The other Sentinels that it knows.
    pub sentinels: Vec<SentinelPeer>,
    /// `SENTINEL CKQUORUM` answered OK; `None` where it is not permitted.
    pub quorum_ok: Option<bool>,
    /// Its words.
    pub quorum_text: String,
}

/// The master in one Sentinel's eyes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SentinelMaster {
    /// Address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `master`, `s_down`, `o_down`, `failover_in_progress`, …
    pub flags: Vec<String>,
    /// `config-epoch`.
    pub epoch: u64,
    /// Sentinels that must agree that it is down.
    pub quorum: u32,
    /// Replicas known.
    pub replicas: u32,
    /// Other Sentinels known.
    pub other_sentinels: u32,
    /// Milliseconds.
    pub down_after_ms: u64,
    /// Milliseconds.
    pub failover_timeout_ms: u64,
    /// Replicas that are re-pointed at a time.
    pub parallel_syncs: u32,
    /// State of a failover that this Sentinel leads.
    pub failover_state: Option<String>,
}

/// A replica in one Sentinel's eyes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SentinelReplica {
    /// Address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `slave`, `s_down`, `disconnected`, …
    pub flags: Vec<String>,
    /// 0 is never promoted.
    pub priority: u32,
    /// `master-link-status` is ok.
    pub link_ok: bool,
}

/// Another Sentinel in one Sentinel's eyes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SentinelPeer {
    /// Address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Its `SENTINEL MYID`.
    pub id: String,
    /// `sentinel`, `s_down`, `disconnected`, …
    pub flags: Vec<String>,
}

/// What one Sentinel announced over pub/sub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentinelMessage {
    /// The channel, for example `+switch-master`.
    pub kind: String,
    /// The rest, for example `mymaster 10.0.0.1 6379 10.0.0.2 6379`.
    pub text: String,
}
