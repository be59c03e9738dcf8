//! The shape of `status --output json`. It is stable: fields are added, never renamed; what is not known is `null`, what is not
//! configured is absent. Ages are seconds since the figures were read.

use crate::event::{PgReceiver, RedisRole, SentinelMaster};
use crate::health::{Health, Severity};
use crate::model::{LinkState, Model, PgServer, RedisNode, Sentinel};
use serde::Serialize;

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

fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

impl Report {
    /// What is known and what it means, as told.
    pub fn of(model: &Model, health: &Health, taken: i64) -> Report {
        let pg = model.postgres.servers.iter().map(|server| postgres(model, health, server));
        let nodes = model.redis.nodes.iter().map(|node| redis(model, health, node));
        let sentinels = model.redis.sentinels.iter().map(|it| sentinel(model, health, it));
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

fn instance(health: &Health, name: &str, component: &'static str, address: &str, role: &'static str, link: &LinkState<'_>) -> Instance {
    Instance {
        name: name.to_owned(),
        component,
        address: address.to_owned(),
        role,
        link: link.word(),
        reason: link.reason().map(str::to_owned),
        severity: health.of(name),
        age_s: None,
        postgresql: None,
        redis: None,
        sentinel: None,
    }
}

fn postgres(model: &Model, health: &Health, server: &PgServer) -> Instance {
    let (cluster, now) = (&model.postgres, model.now);
    let base = instance(health, &server.name, "postgresql", &server.address, server.role(), &server.link_state(now));
    let Some(fast) = &server.fast else { return base };
    let lag = cluster.lag(server, now).map(|l| Lag {
        state: l.state.word(),
        bytes: l.bytes,
        seconds: l.seconds,
        at_least: l.bytes_at_least || l.seconds_at_least,
        bytes_at_least: l.bytes_at_least,
        seconds_at_least: l.seconds_at_least,
    });
    let upstream = cluster.upstream_of(server).filter(|_| fast.value.in_recovery);
    let sender = upstream.and_then(|name| cluster.server(name)).and_then(|upstream| cluster.sender_of(upstream, server));
    let receiver = match &fast.value.receiver {
        _ if !fast.value.in_recovery => None,
        PgReceiver::Absent => Some("absent".to_owned()),
        PgReceiver::Hidden => None,
        PgReceiver::Present(row) => Some(row.status.clone()),
    };
    let medium = server.medium.as_ref();
    let connections = medium.map(|m| Connections {
        clients: m.value.connections.clients,
        max: m.value.connections.max,
        age_s: seconds(now.saturating_sub(m.at)),
    });
    let archiver = medium.map(|m| match (m.value.archiver.enabled, m.value.archiver.failing) {
        (false, _) => "off",
        (true, false) => "ok",
        (true, true) => "failing",
    });
    let figures = Postgres {
        version: fast.value.version,
        timeline: fast.value.timeline,
        system_identifier: fast.value.system_id.clone(),
        flush_lsn: fast.value.flush_lsn.map(|lsn| lsn.to_string()),
        receive_lsn: fast.value.receive_lsn.map(|lsn| lsn.to_string()),
        replay_lsn: fast.value.replay_lsn.map(|lsn| lsn.to_string()),
        lag,
        sync_state: sender.and_then(|row| row.sync.clone()),
        follows: upstream.map(|name| name.to_string()),
        receiver,
        synchronous_standby_names: fast.value.sync_names.clone(),
        connections,
        retained_wal_bytes: medium.and_then(|m| m.value.slots.iter().filter_map(|slot| slot.retained).max()),
        archiver,
        archive_queue: server.slow.as_ref().and_then(|s| s.value.archive_ready),
    };
    Instance { age_s: Some(seconds(now.saturating_sub(fast.at))), postgresql: Some(figures), ..base }
}

fn redis(model: &Model, health: &Health, node: &RedisNode) -> Instance {
    let (group, now) = (&model.redis, model.now);
    let base = instance(health, &node.name, "redis", &node.address, node.role(), &node.link_state(now));
    let Some(info) = &node.info else { return base };
    let lag = group.lag(node, now).map(|l| Lag {
        state: l.state.word(),
        bytes: l.bytes,
        seconds: l.seconds,
        at_least: l.bytes_at_least || l.seconds_at_least,
        bytes_at_least: l.bytes_at_least,
        seconds_at_least: l.seconds_at_least,
    });
    let master = info.value.master.as_ref();
    // Without the right to INFO there is only what ROLE tells, and no version.
    let told = Some(&info.value).filter(|info| !info.version.is_empty());
    let figures = Redis {
        version: told.map(|info| info.version.clone()),
        replid: told.map(|info| info.replid.clone()),
        offset: info.value.offset,
        connected_replicas: (info.value.role == RedisRole::Master).then_some(info.value.replicas.len()),
        lag,
        follows: master.map(|m| group.node_at(&m.host, m.port).map_or_else(|| format!("{}:{}", m.host, m.port), |name| name.to_string())),
        used_memory_bytes: told.map(|info| info.used_memory),
        max_memory_bytes: told.map(|info| info.max_memory),
        clients: told.map(|info| info.clients),
        rdb_last_save_ok: told.map(|info| info.save_ok),
        aof: told.map(|info| info.aof),
        min_replicas_to_write: node.settings.as_ref().and_then(|s| s.value.min_replicas_to_write),
    };
    Instance { age_s: Some(seconds(now.saturating_sub(info.at))), redis: Some(figures), ..base }
}

fn sentinel(model: &Model, health: &Health, sentinel: &Sentinel) -> Instance {
    let (group, now) = (&model.redis, model.now);
    let role = if sentinel.view.is_some() { "sentinel" } else { "unknown" };
    let base = instance(health, &sentinel.name, "sentinel", &sentinel.address, role, &sentinel.link_state(now));
    let Some(view) = &sentinel.view else { return base };
    let master = view.value.master.as_ref();
    let named =
        |m: &SentinelMaster| group.node_at(&m.host, m.port).map_or_else(|| format!("{}:{}", m.host, m.port), |name| name.to_string());
    let figures = View {
        master: master.map(named),
        epoch: master.map(|m| m.epoch),
        quorum: master.map(|m| m.quorum),
        quorum_ok: view.value.quorum_ok,
        replicas: master.map(|m| m.replicas),
        other_sentinels: master.map(|m| m.other_sentinels),
        flags: master.map(|m| m.flags.clone()).unwrap_or_default(),
        tilt: view.value.tilt,
    };
    Instance { age_s: Some(seconds(now.saturating_sub(view.at))), sentinel: Some(figures), ..base }
}
