//! The shape of `status --output json`. It is stable: fields are added, never renamed; what is not known is `null`, what is not
//! configured is absent. Ages are seconds since the figures were read: `age_s` of an instance for what its fast poll brings, and an
//! `age_s` beside figures that come from elsewhere (`connections`, `sender`, `wal`, `settings_age_s`). A lower limit says so (`…_at_least`).
//! `format`, `stack`, `taken`, `severity`, `constraint`, `problems` [`severity`, `subject`, `text`], and `instances`: each with `name`,
//! `component`, `address`, `role`, `link`, `reason`, `severity`, `age_s` and one of `postgresql`, `redis`, `sentinel`.

use crate::health::{Health, Severity};
use crate::model::Model;
use serde::Serialize;

mod fill;

/// Everything that `status` tells.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Version of this shape: 1.
    pub format: u32,
    /// What the stack is called.
    pub stack: String,
    /// When it was looked at, RFC 3339 in UTC.
    pub taken: String,
    /// The worst of all: `ok`, `notice`, `warning`, `unknown`, `critical`.
    pub severity: Severity,
    /// What would break next, in a sentence.
    pub constraint: String,
    /// Every configured instance, once.
    pub instances: Vec<Instance>,
    /// What is not as it should be, the worst first.
    pub problems: Vec<Problem>,
}

/// One instance.
#[derive(Debug, Serialize)]
pub struct Instance {
    /// As configured.
    pub name: String,
    /// `postgresql`, `redis` or `sentinel`.
    pub component: &'static str,
    /// `host:port` as configured.
    pub address: String,
    /// `primary`, `standby`, `master`, `replica`, `sentinel` or `unknown`: as last seen.
    pub role: &'static str,
    /// `live`, `connecting`, `hung`, `starting up`, `refused`, `unauthorised`, `no permission`, `down`, `stale`.
    pub link: &'static str,
    /// Why the link is not live.
    pub reason: Option<String>,
    /// The worst of its problems.
    pub severity: Severity,
    /// Age of the figures below, except where they have an age of their own.
    pub age_s: Option<f64>,
    /// PostgreSQL's figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgresql: Option<Postgres>,
    /// Redis' figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<Redis>,
    /// Sentinel's figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentinel: Option<View>,
}

/// Replication lag.
#[derive(Debug, Serialize)]
pub struct Lag {
    /// `streaming`, `catchup`, `disconnected`, … or `online`, `syncing`, `link down`, `unknown`.
    pub state: &'static str,
    /// Bytes behind.
    pub bytes: Option<u64>,
    /// Seconds behind; `null` if one look cannot tell.
    pub seconds: Option<f64>,
    /// At least one of the two is a lower limit.
    pub at_least: bool,
    /// The bytes are a lower limit: the primary or master is not seen now.
    pub bytes_at_least: bool,
    /// The seconds are a lower limit.
    pub seconds_at_least: bool,
}

/// A PostgreSQL server.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are PostgreSQL's own")]
pub struct Postgres {
    pub version: u32,
    pub timeline: u32,
    pub system_identifier: Option<String>,
    /// Primary: `pg_current_wal_flush_lsn()`.
    pub flush_lsn: Option<String>,
    pub receive_lsn: Option<String>,
    pub replay_lsn: Option<String>,
    pub lag: Option<Lag>,
    /// Standby: as its primary tells it: `async`, `sync`, `quorum`, `potential`.
    pub sync_state: Option<String>,
    /// Standby: what the server that it follows tells about it; `null` if that is not seen or does not list it.
    pub sender: Option<Sender>,
    /// Standby: the instance that it follows.
    pub follows: Option<String>,
    /// Standby: `pg_stat_wal_receiver.status`; `absent` if there is none.
    pub receiver: Option<String>,
    pub synchronous_standby_names: String,
    pub connections: Option<Connections>,
    /// Bytes of WAL kept by slots, the worst.
    pub retained_wal_bytes: Option<i64>,
    /// `off`, `ok` or `failing`.
    pub archiver: Option<&'static str>,
    /// WAL files waiting to be archived.
    pub archive_queue: Option<u64>,
    /// The last three and the slots, with the ages of their own that they have.
    pub wal: Wal,
}

/// A row of `pg_stat_replication`. Lags are `null` where that has none: also when the standby has caught up and all is idle.
#[derive(Debug, Serialize)]
pub struct Sender {
    /// `streaming`, `catchup`, `startup`, …
    pub state: Option<String>,
    /// Bytes between the sender's end of WAL and what it has sent.
    pub sent_lag_bytes: Option<u64>,
    /// `write_lag`, seconds.
    pub write_lag_s: Option<f64>,
    /// `flush_lag`, seconds.
    pub flush_lag_s: Option<f64>,
    /// `replay_lag`, seconds.
    pub replay_lag_s: Option<f64>,
    /// Age of the row.
    pub age_s: f64,
}

/// What keeps WAL and what becomes of it. Read by slower polls than the rest.
#[derive(Debug, Serialize)]
pub struct Wal {
    /// `off`, `ok` or `failing`.
    pub archiver: Option<&'static str>,
    /// Bytes of WAL kept by slots, the worst.
    pub retained_bytes: Option<i64>,
    /// The replication slots.
    pub slots: Option<Vec<Slot>>,
    /// Age of the archiver's state and the slots.
    pub age_s: Option<f64>,
    /// WAL files waiting to be archived.
    pub queue: Option<u64>,
    /// Age of the queue.
    pub queue_age_s: Option<f64>,
}

/// A replication slot.
#[derive(Debug, Serialize)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Somebody uses it.
    pub active: bool,
    /// Bytes of WAL that it keeps; `null` if it never had a position.
    pub retained_bytes: Option<i64>,
    /// `reserved`, `extended`, `unreserved`, `lost`.
    pub wal_status: Option<String>,
}

/// Sessions.
#[derive(Debug, Serialize)]
pub struct Connections {
    /// Client sessions.
    pub clients: u32,
    /// `max_connections`.
    pub max: u32,
    /// Age of these figures.
    pub age_s: f64,
}

/// A Redis data node. Without the right to `INFO`, what only that tells is `null`.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are Redis' own")]
pub struct Redis {
    pub version: Option<String>,
    pub replid: Option<String>,
    pub offset: u64,
    pub connected_replicas: Option<usize>,
    pub lag: Option<Lag>,
    /// Replica: the instance that it follows.
    pub follows: Option<String>,
    pub used_memory_bytes: Option<u64>,
    pub max_memory_bytes: Option<u64>,
    pub clients: Option<u32>,
    pub rdb_last_save_ok: Option<bool>,
    pub aof: Option<bool>,
    pub min_replicas_to_write: Option<u32>,
    /// Age of `min_replicas_to_write`.
    pub settings_age_s: Option<f64>,
}

/// What a Sentinel believes.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are Sentinel's own")]
pub struct View {
    /// The instance that it calls master, or its address if it is none of ours.
    pub master: Option<String>,
    pub epoch: Option<u64>,
    pub quorum: Option<u32>,
    /// `SENTINEL CKQUORUM` answered OK.
    pub quorum_ok: Option<bool>,
    pub replicas: Option<u32>,
    pub other_sentinels: Option<u32>,
    pub flags: Vec<String>,
    pub tilt: bool,
}

/// Something that is not as it should be.
#[derive(Debug, Serialize)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// An instance or a part.
    pub subject: String,
    /// What.
    pub text: String,
}

impl Report {
    /// What is known and what it means, as told.
    pub fn of(model: &Model, health: &Health, taken: i64) -> Report {
        let pg = model.postgres.servers.iter().map(|server| fill::postgres(model, health, server));
        let nodes = model.redis.nodes.iter().map(|node| fill::redis(model, health, node));
        let sentinels = model.redis.sentinels.iter().map(|it| fill::sentinel(model, health, it));
        let problem = |p: &crate::health::Problem| Problem { severity: p.severity, subject: p.subject.to_string(), text: p.text.clone() };
        Report {
            format: 1,
            stack: model.stack.name.clone(),
            taken: jiff::Timestamp::from_millisecond(taken).map(|t| t.to_string()).unwrap_or_default(),
            severity: health.severity,
            constraint: health.constraint.clone(),
            instances: pg.chain(nodes).chain(sentinels).collect(),
            problems: health.problems.iter().map(problem).collect(),
        }
    }
}
