//! Rules about PostgreSQL.

use super::{Problems, Severity, lags};
use crate::event::{Link, Millis, Name, PgReceiver};
use crate::figure::bytes;
use crate::model::{Freshness, LinkState, Model, PgServer, Replication};

/// A lag above this many seconds, three samples in a row, is a warning.
const LAG_LIMIT_S: f64 = 10.0;

/// A lag of more bytes than this is a warning while nothing tells how many seconds it is: 100 MB.
const UNTIMED_LIMIT: u64 = 100_000_000;

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
        let fed = if vital.is_some() { fed_by(model, server) } else { 0 };
        match server.link_state(now) {
            // A second witness: whom others hear is not down.
            LinkState::Is(Link::Down(reason), since) if fed > 0 => {
                let text = format!(
                    "the primary cannot be reached from here ({reason}); {fed} standby{} still stream from it",
                    if fed == 1 { "" } else { "s" }
                );
                problems.add(Severity::Unknown, &server.name, Some(since), text);
            }
            link => problems.link(&server.name, &link, vital, server.fast.is_some()),
        }
        if server.is_standby() && server.is_fresh(now) {
            replication(model, server, problems);
        }
        details(model, server, problems);
        sessions(model, server, problems);
        write_ahead_log(model, server, problems);
    }
}

/// Standbys that heard from `primary` within the last ten seconds, as of an answer that came after we lost it.
fn fed_by(model: &Model, primary: &PgServer) -> usize {
    let cluster = &model.postgres;
    let later = |server: &&PgServer| server.fast.as_ref().is_some_and(|fast| fast.at > primary.link.since);
    let hears = |server: &&PgServer| match server.fast.as_ref().map(|f| &f.value.receiver) {
        Some(PgReceiver::Present(row)) => {
            row.status == "streaming" && row.message_age == Some(0) && cluster.upstream_of(server) == Some(&primary.name)
        }
        _ => false,
    };
    cluster.servers.iter().filter(|server| server.is_fresh(model.now)).filter(later).filter(hears).count()
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
            format!("no primary seen; {unseen} of {} servers cannot be seen", cluster.servers.len()),
        ),
        1 => {}
        _ => problems.add(
            Severity::Critical,
            &part,
            None,
            format!("two primaries: {} both take writes (split brain)", primaries.join(" and ")),
        ),
    }
    // Since the last of them became one, or was seen again.
    let since = cluster.fresh_primaries(now).map(|p| p.role_since.max(p.link.since)).max();
    for one in cluster.fresh_primaries(now).filter(|_| primaries.len() > 1) {
        let timeline = one.fast.as_ref().map_or(0, |f| f.value.timeline);
        problems.add(
            Severity::Critical,
            &one.name,
            since,
            format!("takes writes as one of {} primaries, on timeline {timeline}", primaries.len()),
        );
    }
    synchronous(model, problems);
    let mut ids: Vec<_> = cluster.servers.iter().filter_map(|s| s.fast.as_ref()?.value.system_id.as_deref()).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > 1 {
        problems.add(Severity::Critical, &part, None, format!("{} different system identifiers: these are not one cluster", ids.len()));
    }
    let expected = cluster.servers.len() > 1;
    let states: Vec<_> = cluster.servers.iter().filter_map(|s| cluster.lag(s, now)).map(|lag| lag.state).collect();
    if expected && !states.iter().any(|state| state.follows()) && primaries.len() == 1 {
        let listed = cluster.primary(now).map_or(0, streaming);
        let hidden = states.iter().any(|state| matches!(state, Replication::NoPermission | Replication::Unknown));
        if listed > 0 && hidden {
            let text = format!("{listed} standbys stream from the primary, none of them can be seen from here");
            problems.add(Severity::Unknown, &part, None, text);
        } else if cluster.servers.iter().all(|s| s.is_fresh(now)) && !hidden {
            problems.add(Severity::Critical, &part, None, "no standby follows: a loss of the primary loses data");
        } else {
            problems.add(Severity::Unknown, &part, None, "no standby is seen to follow: a loss of the primary may lose data");
        }
    }
}

/// Standbys that a primary lists as streaming.
pub(super) fn streaming(primary: &PgServer) -> usize {
    let senders = primary.fast.as_ref().and_then(|f| f.value.senders.as_ref());
    senders.map_or(0, |senders| senders.iter().filter(|row| row.state.as_deref() == Some("streaming")).count())
}

/// How many synchronous standbys every primary that is seen lacks: its commits wait for them. 0 if none does, or it cannot be told.
pub(super) fn missing_synchronous(primary: &PgServer) -> usize {
    let Some(fast) = primary.fast.as_ref().map(|f| &f.value) else { return 0 };
    let waits = !fast.sync_names.is_empty() && !matches!(fast.sync_commit.as_str(), "off" | "local");
    let Some(senders) = fast.senders.as_ref().filter(|_| waits) else { return 0 };
    // `ANY 2 (a, b)`, `FIRST 2 (a, b)`, `2 (a, b)`, or names alone, of which one is meant.
    let head = fast.sync_names.split('(').next().unwrap_or("");
    let wanted = head.split_whitespace().find_map(|word| word.parse().ok()).unwrap_or(1);
    let there = senders.iter().filter(|row| matches!(row.sync.as_deref(), Some("sync" | "quorum"))).count();
    usize::saturating_sub(wanted, there)
}

fn synchronous(model: &Model, problems: &mut Problems) {
    for primary in model.postgres.fresh_primaries(model.now) {
        let missing = missing_synchronous(primary);
        let names = primary.fast.as_ref().map_or("", |f| f.value.sync_names.as_str());
        if missing > 0 {
            let text = format!(
                "commits wait: {missing} synchronous standby{} missing (synchronous_standby_names is {names})",
                if missing == 1 { " is" } else { "s are" }
            );
            problems.add(Severity::Critical, &primary.name, None, text);
        }
    }
}

fn replication(model: &Model, server: &PgServer, problems: &mut Problems) {
    let Some(lag) = model.postgres.lag(server, model.now) else { return };
    let name = &server.name;
    let behind = lag
        .bytes
        .filter(|bytes| *bytes > 0)
        .map(|b| format!(", {}{} behind", if lag.bytes_at_least { "≥ " } else { "" }, bytes(b)))
        .unwrap_or_default();
    match lag.state {
        Replication::Streaming | Replication::CatchUp => {}
        Replication::Connecting => problems.add(Severity::Warning, name, None, format!("not streaming yet{behind}")),
        Replication::Disconnected(since) => problems.add(Severity::Warning, name, Some(since), format!("cut off from its primary{behind}")),
        Replication::Paused => problems.add(Severity::Warning, name, None, format!("replay is paused{behind}")),
        Replication::Diverged => {
            let text = match model.postgres.is_past_fork(server, model.now) {
                true => "diverged: it has rows of an older timeline that are no more; rewind or clone it, do not read from it",
                false => "may have diverged: on an older timeline and not streaming; compare positions before it is rewound or cloned",
            };
            problems.add(Severity::Critical, name, None, text)
        }
        Replication::Astray => {
            let upstream = model.postgres.upstream_of(server).map_or("another server", |name| name);
            problems.add(
                Severity::Critical,
                name,
                None,
                format!("follows {upstream}, which is not the primary: it keeps nothing of what the primary commits"),
            )
        }
        Replication::NoPermission => {
            problems.add(Severity::Unknown, name, None, "replication cannot be seen: no permission (grant pg_monitor)")
        }
        Replication::Unknown => problems.add(Severity::Unknown, name, None, "replication cannot be seen"),
    }
    if lag.state.follows() && lags(&server.lag_history, lag.seconds, LAG_LIMIT_S) {
        let seconds = lag.seconds.unwrap_or_default();
        problems.add(Severity::Warning, name, None, format!("replication lag {seconds:.0} s (limit {LAG_LIMIT_S:.0} s){behind}"));
    } else if lag.state.follows() && lag.seconds.is_none() && lag.bytes.is_some_and(|bytes| bytes > UNTIMED_LIMIT) {
        problems.add(Severity::Warning, name, None, format!("replication lag{behind}; how many seconds that is cannot be told yet"));
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
    let (name, then) = (&server.name, then(model, server));
    let c = &medium.connections;
    let room = c.max.saturating_sub(c.reserved);
    let share = 100.0 * f64::from(c.clients) / f64::from(room.max(1));
    if c.max > 0 && c.clients >= room {
        problems.add(Severity::Critical, name, None, format!("all {room} connections for applications are taken{then}"));
    } else if share > CONNECTION_LIMIT {
        let text = format!("{} of {room} connections in use (limit {CONNECTION_LIMIT:.0} %){then}", c.clients);
        problems.add(Severity::Warning, name, None, text);
    }
    if let Some(waiting) = c.waiting_sync.filter(|waiting| *waiting > 0) {
        let what = if waiting == 1 { "1 commit waits" } else { &format!("{waiting} commits wait") };
        problems.add(Severity::Critical, name, None, format!("{what} for a synchronous standby{then}"));
    }
    if let Some(waiting) = c.waiting_lock.filter(|waiting| *waiting > 0) {
        let what = if waiting == 1 { "1 session waits" } else { &format!("{waiting} sessions wait") };
        problems.add(Severity::Notice, name, None, format!("{what} for a lock{then}"));
    }
    let old = c.oldest_transaction.zip(model.unix_ms(model.now)).map(|(start, now)| now as f64 / 1000.0 - start);
    if let Some(age) = old.filter(|age| *age > OLD_TRANSACTION_S) {
        problems.add(Severity::Notice, name, None, format!("a transaction has been open for {:.0} h{then}", age / 3600.0));
    }
    let wraparound = server.slow.as_ref().and_then(|s| s.value.xid_age.max(s.value.mxid_age));
    if let Some(age) = wraparound.filter(|age| *age > WRAPAROUND_LIMIT) {
        problems.add(Severity::Warning, name, None, format!("transaction ids: {} million unfrozen of 2147{then}", age / 1_000_000));
    }
    if medium.checksum_failures.is_some_and(|count| count > 0) {
        problems.add(Severity::Critical, name, None, format!("data checksums failed{then}"));
    }
}

/// What was true when it was last seen may be so no more; it is said, and said to be old.
fn then(model: &Model, server: &PgServer) -> &'static str {
    let seen = Freshness::of(&server.medium, model.now, DETAIL_LIMIT) == Freshness::Fresh;
    if server.is_fresh(model.now) && seen { "" } else { " (when last seen)" }
}

fn write_ahead_log(model: &Model, server: &PgServer, problems: &mut Problems) {
    let (name, then) = (&server.name, then(model, server));
    if let Some(medium) = server.medium.as_ref().map(|m| &m.value) {
        if medium.archiver.enabled && medium.archiver.failing {
            problems.add(Severity::Warning, name, None, format!("WAL archiving fails{then}"));
        }
        for slot in &medium.slots {
            if slot.wal_status.as_deref() == Some("unreserved") {
                let text = format!("slot {} loses WAL that it needs at the next checkpoint{then}", slot.name);
                problems.add(Severity::Critical, name, None, text);
            } else if slot.wal_status.as_deref() == Some("lost") {
                problems.add(Severity::Warning, name, None, format!("slot {} lost WAL that it needs{then}", slot.name));
            } else if !slot.active && !server.is_standby() && slot.retained.is_some_and(|kept| kept > 1_000_000_000) {
                let kept = bytes(slot.retained.unwrap_or_default().unsigned_abs());
                problems.add(Severity::Warning, name, None, format!("unused slot {} keeps {kept} of WAL{then}", slot.name));
            }
        }
    }
    let queue = server.slow.as_ref().and_then(|s| s.value.archive_ready);
    if let Some(ready) = queue.filter(|ready| *ready >= ARCHIVE_QUEUE_LIMIT) {
        problems.add(Severity::Warning, name, None, format!("{ready} WAL files wait to be archived (limit {ARCHIVE_QUEUE_LIMIT}){then}"));
    }
}
