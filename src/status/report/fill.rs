//! Fills the report from the model. What is not known stays `None`; nothing is judged here.

use super::{Connections, Instance, Lag, Postgres, Redis, Sender, Slot, View, Wal};
use crate::event::{Millis, PgArchiver, PgReceiver, PgSender, PgSlot, RedisRole, SentinelMaster};
use crate::health::Health;
use crate::model::{LinkState, Model, PgServer, RedisNode, Sentinel};

fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
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

pub(super) fn postgres(model: &Model, health: &Health, server: &PgServer) -> Instance {
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
    let sender = upstream.and_then(|name| cluster.server(name)).and_then(|upstream| sender(model, upstream, server));
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
    let wal = wal(server, now);
    let figures = Postgres {
        version: fast.value.version,
        timeline: fast.value.timeline,
        system_identifier: fast.value.system_id.clone(),
        flush_lsn: fast.value.flush_lsn.map(|lsn| lsn.to_string()),
        receive_lsn: fast.value.receive_lsn.map(|lsn| lsn.to_string()),
        replay_lsn: fast.value.replay_lsn.map(|lsn| lsn.to_string()),
        lag,
        sync_state: sender.as_ref().and_then(|(row, _)| row.sync.clone()),
        sender: sender.map(|(_, told)| told),
        follows: upstream.map(|name| name.to_string()),
        receiver,
        synchronous_standby_names: fast.value.sync_names.clone(),
        connections,
        retained_wal_bytes: wal.retained_bytes,
        archiver: wal.archiver,
        archive_queue: wal.queue,
        wal,
    };
    Instance { age_s: Some(seconds(now.saturating_sub(fast.at))), postgresql: Some(figures), ..base }
}

/// What `upstream` tells about `standby`: the row and how it is told.
fn sender<'a>(model: &Model, upstream: &'a PgServer, standby: &PgServer) -> Option<(&'a PgSender, Sender)> {
    let (fast, row) = (upstream.fast.as_ref()?, model.postgres.sender_of(upstream, standby)?);
    let told = Sender {
        state: row.state.clone(),
        sent_lag_bytes: fast.value.flush_lsn.zip(row.sent).map(|(end, sent)| end.since(sent)),
        write_lag_s: row.write_lag,
        flush_lag_s: row.flush_lag,
        replay_lag_s: row.replay_lag,
        age_s: seconds(model.age(fast.at)),
    };
    Some((row, told))
}

fn wal(server: &PgServer, now: Millis) -> Wal {
    let (medium, slow) = (server.medium.as_ref(), server.slow.as_ref());
    let archiver = |archiver: &PgArchiver| match (archiver.enabled, archiver.failing) {
        (false, _) => "off",
        (true, false) => "ok",
        (true, true) => "failing",
    };
    let slot = |slot: &PgSlot| Slot {
        name: slot.name.clone(),
        active: slot.active,
        retained_bytes: slot.retained,
        wal_status: slot.wal_status.clone(),
    };
    Wal {
        archiver: medium.map(|m| archiver(&m.value.archiver)),
        retained_bytes: medium.and_then(|m| m.value.slots.iter().filter_map(|slot| slot.retained).max()),
        slots: medium.map(|m| m.value.slots.iter().map(slot).collect()),
        age_s: medium.map(|m| seconds(now.saturating_sub(m.at))),
        queue: slow.and_then(|s| s.value.archive_ready),
        queue_age_s: slow.map(|s| seconds(now.saturating_sub(s.at))),
    }
}

pub(super) fn redis(model: &Model, health: &Health, node: &RedisNode) -> Instance {
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
        settings_age_s: node.settings.as_ref().map(|s| seconds(model.age(s.at))),
    };
    Instance { age_s: Some(seconds(now.saturating_sub(info.at))), redis: Some(figures), ..base }
}

pub(super) fn sentinel(model: &Model, health: &Health, sentinel: &Sentinel) -> Instance {
    let (group, now) = (&model.redis, model.now);
    let role = if sentinel.view.is_some() { "sentinel" } else { "unknown" };
    let base = instance(health, &sentinel.name, "sentinel", &sentinel.address, role, &sentinel.link_state(now));
    let Some(view) = &sentinel.view else { return base };
    let master = view.value.master.as_ref();
    let named =
        |m: &SentinelMaster| group.node_at(&m.host, m.port).map_or_else(|| format!("{}:{}", m.host, m.port), |name| name.to_string());
    let figures = View {
        master: master.map(named),
        // Without the right to SENTINEL MASTER both come as 0.
        epoch: master.filter(|m| m.quorum > 0).map(|m| m.epoch),
        quorum: master.map(|m| m.quorum).filter(|quorum| *quorum > 0),
        quorum_ok: view.value.quorum_ok,
        replicas: master.map(|m| m.replicas),
        other_sentinels: master.map(|m| m.other_sentinels),
        flags: master.map(|m| m.flags.clone()).unwrap_or_default(),
        tilt: view.value.tilt,
    };
    Instance { age_s: Some(seconds(now.saturating_sub(view.at))), sentinel: Some(figures), ..base }
}
