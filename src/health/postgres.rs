//! Rules about PostgreSQL.

use super::{Problems, Severity};
use crate::event::{Link, Millis, Name};
use crate::figure::bytes;
use crate::model::{Freshness, LinkState, Model, PgServer, Replication};

/// A lag above this many seconds, three samples in a row, is a warning.
const LAG_LIMIT_S: f64 = 10.0;

/// Share of the connections in use above which it is a warning, per cent.
const CONNECTION_LIMIT: f64 = 80.0;

/// Unfrozen transaction ids that are a warning; PostgreSQL stops taking writes at about 2^31.
const WRAPAROUND_LIMIT: u64 = 1_200_000_000;

/// WAL files waiting to be archived that are a warning.
const ARCHIVE_QUEUE_LIMIT: u64 = 16;

/// Sessions, slots and archiver unseen for longer than this many milliseconds, six polls, are unknown.
const DETAIL_LIMIT: Millis = 30_000;

/// A transaction open for longer than this many seconds is a notice.
const OLD_TRANSACTION_S: f64 = 3600.0;

pub(super) fn judge(model: &Model, problems: &mut Problems) {
    let cluster = &model.postgres;
    if cluster.servers.is_empty() {
        return;
    }
    let now = model.now;
    roles(model, problems);
    let primary = cluster.primary(now).map(|p| p.name.clone());
    for server in &cluster.servers {
        let vital = (primary.as_ref() == Some(&server.name)).then_some("primary");
        problems.link(&server.name, &server.link_state(now), vital, server.fast.is_some());
        if server.is_standby() && server.is_fresh(now) {
            replication(model, server, problems);
        }
        details(model, server, problems);
        sessions(model, server, problems);
        write_ahead_log(server, problems);
    }
}

/// Exactly one primary, one cluster, standbys that follow.
fn roles(model: &Model, problems: &mut Problems) {
    let (cluster, now) = (&model.postgres, model.now);
    let part: Name = "PostgreSQL".into();
    let primaries: Vec<&str> = cluster.fresh_primaries(now).map(|p| &*p.name).collect();
    let unseen = cluster.servers.iter().filter(|s| s.freshness(now) == Freshness::Never).count();
    match primaries.len() {
        0 if cluster.primary(now).is_some() => {}
        0 if unseen == 0 => problems.add(Severity::Critical, &part, None, "no primary: nobody takes writes"),
        0 => problems.add(
            Severity::Unknown,
            &part,
            None,
            format!("no primary seen; {unseen} of {} servers never answered", cluster.servers.len()),
        ),
        1 => {}
        _ => problems.add(
            Severity::Critical,
            &part,
            None,
            format!("two primaries: {} both take writes (split brain)", primaries.join(" and ")),
        ),
    }
    let chosen = cluster.primary(now).map(|p| &p.name);
    for second in cluster.fresh_primaries(now).filter(|p| Some(&p.name) != chosen) {
        let timeline = second.fast.as_ref().map_or(0, |f| f.value.timeline);
        problems.add(
            Severity::Critical,
            &second.name,
            Some(second.role_since.max(second.link.since)),
            format!("takes writes as a second primary, on timeline {timeline}"),
        );
    }
    let mut ids: Vec<_> = cluster.servers.iter().filter_map(|s| s.fast.as_ref()?.value.system_id.as_deref()).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > 1 {
        problems.add(Severity::Critical, &part, None, format!("{} different system identifiers: these are not one cluster", ids.len()));
    }
    let expected = cluster.servers.len() > 1;
    let states: Vec<_> = cluster.servers.iter().filter_map(|s| cluster.lag(s, now)).map(|lag| lag.state).collect();
    if expected && !states.iter().any(|state| state.follows()) && primaries.len() == 1 {
        let hidden = states.iter().any(|state| matches!(state, Replication::NoPermission | Replication::Unknown));
        if cluster.servers.iter().all(|s| s.is_fresh(now)) && !hidden {
            problems.add(Severity::Critical, &part, None, "no standby follows: a loss of the primary loses data");
        } else {
            problems.add(Severity::Unknown, &part, None, "no standby is seen to follow: a loss of the primary may lose data");
        }
    }
}

fn replication(model: &Model, server: &PgServer, problems: &mut Problems) {
    let Some(lag) = model.postgres.lag(server, model.now) else { return };
    let name = &server.name;
    let behind = lag
        .bytes
        .filter(|bytes| *bytes > 0)
        .map(|b| format!(", {}{} behind", if lag.at_least { "≥ " } else { "" }, bytes(b)))
        .unwrap_or_default();
    match lag.state {
        Replication::Streaming | Replication::CatchUp => {}
        Replication::Connecting => problems.add(Severity::Warning, name, None, format!("not streaming yet{behind}")),
        Replication::Disconnected(since) => problems.add(Severity::Warning, name, Some(since), format!("cut off from its primary{behind}")),
        Replication::Paused => problems.add(Severity::Warning, name, None, format!("replay is paused{behind}")),
        Replication::Diverged => {
            problems.add(Severity::Critical, name, None, "diverged: on an older timeline; rewind or clone it, do not read from it")
        }
        Replication::NoPermission => {
            problems.add(Severity::Unknown, name, None, "replication cannot be seen: no permission (grant pg_monitor)")
        }
        Replication::Unknown => problems.add(Severity::Unknown, name, None, "replication cannot be seen"),
    }
    if lag.state.follows() && server.lag_history.above(LAG_LIMIT_S, 3) {
        let seconds = lag.seconds.unwrap_or_default();
        problems.add(Severity::Warning, name, None, format!("replication lag {seconds:.0} s (limit {LAG_LIMIT_S:.0} s){behind}"));
    }
}

/// A server whose role is seen and whose state is not has no rule against it firing, and is not known to be well.
fn details(model: &Model, server: &PgServer, problems: &mut Problems) {
    let seen = server.medium.as_ref().map_or(server.link.since, |medium| medium.at);
    if server.is_fresh(model.now) && model.age(seen) > DETAIL_LIMIT {
        let link = match &server.detail_link.value {
            Link::Live => String::new(),
            link => format!(" ({})", LinkState::Is(link, server.detail_link.since).word()),
        };
        let text = format!("sessions, slots and archiver cannot be seen{link}");
        problems.add(Severity::Unknown, &server.name, Some(seen), text);
    }
}

fn sessions(model: &Model, server: &PgServer, problems: &mut Problems) {
    let Some(medium) = server.medium.as_ref().map(|m| &m.value) else { return };
    let name = &server.name;
    let c = &medium.connections;
    let room = c.max.saturating_sub(c.reserved);
    let share = 100.0 * f64::from(c.clients) / f64::from(room.max(1));
    if c.max > 0 && share > CONNECTION_LIMIT {
        problems.add(Severity::Warning, name, None, format!("{} of {room} connections in use (limit {CONNECTION_LIMIT:.0} %)", c.clients));
    }
    if let Some(waiting) = c.waiting_sync.filter(|waiting| *waiting > 0) {
        problems.add(Severity::Critical, name, None, format!("{waiting} commits wait for a synchronous standby"));
    }
    let old = c.oldest_transaction.zip(model.unix_ms(model.now)).map(|(start, now)| now as f64 / 1000.0 - start);
    if let Some(age) = old.filter(|age| *age > OLD_TRANSACTION_S) {
        problems.add(Severity::Notice, name, None, format!("a transaction has been open for {:.0} h", age / 3600.0));
    }
    let wraparound = server.slow.as_ref().and_then(|s| s.value.xid_age.max(s.value.mxid_age));
    if let Some(age) = wraparound.filter(|age| *age > WRAPAROUND_LIMIT) {
        problems.add(Severity::Warning, name, None, format!("transaction ids: {} million unfrozen of 2147", age / 1_000_000));
    }
    if medium.checksum_failures.is_some_and(|count| count > 0) {
        problems.add(Severity::Critical, name, None, "data checksums failed");
    }
}

fn write_ahead_log(server: &PgServer, problems: &mut Problems) {
    let name = &server.name;
    if let Some(medium) = server.medium.as_ref().map(|m| &m.value) {
        if medium.archiver.enabled && medium.archiver.failing {
            problems.add(Severity::Warning, name, None, "WAL archiving fails");
        }
        for slot in &medium.slots {
            let lost = matches!(slot.wal_status.as_deref(), Some("lost" | "unreserved"));
            if lost {
                problems.add(Severity::Warning, name, None, format!("slot {} lost WAL that it needs", slot.name));
            } else if !slot.active && !server.is_standby() && slot.retained.is_some_and(|kept| kept > 1_000_000_000) {
                let kept = bytes(slot.retained.unwrap_or_default().unsigned_abs());
                problems.add(Severity::Warning, name, None, format!("unused slot {} keeps {kept} of WAL", slot.name));
            }
        }
    }
    let queue = server.slow.as_ref().and_then(|s| s.value.archive_ready);
    if let Some(ready) = queue.filter(|ready| *ready >= ARCHIVE_QUEUE_LIMIT) {
        problems.add(Severity::Warning, name, None, format!("{ready} WAL files wait to be archived (limit {ARCHIVE_QUEUE_LIMIT})"));
    }
}
