//! The PostgreSQL source against real servers: what it says while they stream, stand still, die, and come back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use quarterdeck::connect::PostgresTarget;
use quarterdeck::event::{Event, Feed, Link, Lsn, PgFast, PgReceiver, PgReceiverRow, Upstream};
use quarterdeck::source::{Interests, Targets};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use support::postgres::installations;
use support::{Postgres, PostgresOptions, Proxy, SOON, Watch, seconds};

/// A server that stops answering is called hung within this time.
const HUNG: Duration = Duration::from_secs(4);

fn watch(postgres: Vec<PostgresTarget>) -> Watch {
    Watch::start(Targets { postgres, ..Targets::default() })
}

fn lsn(postgres: &Postgres, i: usize, function: &str) -> Lsn {
    postgres.psql(i, &format!("select {function}()")).parse().expect("a position")
}

fn streams(fast: &PgFast) -> bool {
    matches!(&fast.receiver, PgReceiver::Present(row) if row.status == "streaming")
}

/// Name, state and sync state of the standbys that a primary sees, in the order of their names.
fn standbys(fast: &PgFast) -> Vec<(String, String, String)> {
    let row = |sender: &quarterdeck::event::PgSender| {
        (sender.name.clone(), sender.state.clone().unwrap_or_default(), sender.sync.clone().unwrap_or_default())
    };
    let mut rows: Vec<_> = fast.senders.iter().flatten().map(row).collect();
    rows.sort();
    rows
}

#[test]
fn roles_timelines_and_sync_state_on_every_installed_version() {
    for bin in installations() {
        let names = Some(r#"FIRST 1 ("postgres-1", "postgres-2")"#.to_owned());
        let postgres = Postgres::cluster(3, &PostgresOptions { synchronous: names, bin: Some(bin), ..PostgresOptions::default() });
        let mut watch = watch(postgres.targets());
        watch.expect_all_live();

        let version: u32 = postgres.psql(0, "show server_version_num").parse().unwrap();
        let row = |name: &str, sync: &str| (name.to_owned(), "streaming".to_owned(), sync.to_owned());
        let wanted = vec![row("postgres-1", "sync"), row("postgres-2", "potential")];
        let primary = watch.expect_fast("postgres-0", "both standbys with their sync states", |fast| standbys(fast) == wanted);
        assert!(!primary.in_recovery && primary.timeline == 1 && primary.version == version, "{primary:?}");
        assert!(primary.sync_names.contains("FIRST 1") && primary.sync_commit == "on", "{primary:?}");
        for i in [1, 2] {
            let standby = watch.expect_fast(postgres.name(i), "a standby that streams", streams);
            assert!(standby.in_recovery && standby.timeline == 1 && standby.system_id == primary.system_id, "{standby:?}");
        }

        // Positions agree with what psql is told.
        postgres.write_wal(0, 3);
        let end = lsn(&postgres, 0, "pg_current_wal_flush_lsn");
        watch.expect_fast("postgres-0", "the end of WAL", |fast| fast.flush_lsn >= Some(end));
        for i in [1, 2] {
            watch.expect_fast(postgres.name(i), "replayed up to there", |fast| fast.replay_lsn >= Some(end));
        }

        // A promotion is a new timeline, and for a while there are two primaries.
        postgres.promote(1);
        let promoted = watch.expect_fast("postgres-1", "promoted", |fast| !fast.in_recovery && fast.timeline == 2);
        assert_eq!(promoted.receiver, PgReceiver::Absent);
        watch.expect_fast("postgres-0", "still a primary, with one standby", |fast| !fast.in_recovery && standbys(fast).len() == 1);
    }
}

#[test]
fn a_standby_that_is_cut_off_says_so_and_its_replay_stands_still() {
    let postgres = Postgres::cluster(2, &PostgresOptions { proxied: true, ..PostgresOptions::default() });
    let line = postgres.servers[1].upstream.as_ref().expect("a proxy");
    let mut watch = watch(postgres.targets());
    watch.expect_fast("postgres-1", "a standby that streams", streams);

    // Once with connections refused, once with a network that swallows all.
    for breaking in [Proxy::cut, Proxy::hold] {
        breaking(line);
        watch.expect_fast("postgres-1", "no receiver", |fast| fast.receiver == PgReceiver::Absent);
        let frozen = lsn(&postgres, 1, "pg_last_wal_replay_lsn");
        postgres.write_wal(0, 4);
        let end = lsn(&postgres, 0, "pg_current_wal_flush_lsn");
        watch.expect_fast("postgres-0", "WAL and nobody who takes it", |fast| fast.flush_lsn >= Some(end) && standbys(fast).is_empty());
        watch.mark();
        watch.collect(seconds(1.5));
        let standby = &watch.seen.fast["postgres-1"];
        assert!(standby.in_recovery && standby.receiver == PgReceiver::Absent && standby.replay_lsn == Some(frozen), "{standby:?}");
        assert!(end.since(frozen) > 3_000_000, "{end} {frozen}");
        assert_eq!(watch.seen.link(Upstream::Postgres, "postgres-1"), Some(&Link::Live), "the server itself is well");

        line.pass();
        watch.expect_fast("postgres-1", "streams again and has it all", |fast| streams(fast) && fast.replay_lsn >= Some(end));
        watch.expect_fast("postgres-0", "its standby is back", |fast| standbys(fast).len() == 1);
    }
}

#[test]
fn idle_servers_bring_nothing_new() {
    let postgres = Postgres::cluster(3, &PostgresOptions { conf: "wal_receiver_timeout = 60s".into(), ..PostgresOptions::default() });
    let mut watch = watch(postgres.targets());
    watch.expect_all_live();
    // The age of the sender's last message is an age.
    let ageless = |fast: &PgFast| match fast.receiver.clone() {
        PgReceiver::Present(row) => PgFast { receiver: PgReceiver::Present(PgReceiverRow { message_age: None, ..row }), ..fast.clone() },
        _ => fast.clone(),
    };
    // The cloning leaves something to do for a while: the lag columns are cleared and a last snapshot of transactions is logged.
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        watch.mark();
        let before: BTreeMap<_, _> = watch.seen.fast.iter().map(|(name, fast)| (name.clone(), ageless(fast))).collect();
        watch.collect(seconds(8.0));
        let fast: Vec<_> = watch.seen.events().iter().filter(|envelope| envelope.from.upstream == Upstream::Postgres).collect();
        let news = |envelope: &&&quarterdeck::event::Envelope| match &envelope.event {
            Event::PgFast(fast) => ageless(fast) != before[&*envelope.from.name],
            event => *event != Event::Unchanged(Feed::PgFast),
        };
        let news: Vec<_> = fast.iter().filter(news).collect();
        if news.is_empty() {
            assert!(fast.len() >= 20, "three servers, each second: {}", fast.len());
            return;
        }
        assert!(Instant::now() < end, "{news:#?}");
    }
}

#[test]
fn a_frozen_server_is_hung_within_four_seconds_and_comes_back() {
    let postgres = Postgres::cluster(2, &PostgresOptions::default());
    let mut watch = watch(postgres.targets());
    watch.expect_all_live();
    for i in [1, 0] {
        let frozen = Instant::now();
        postgres.servers[i].process.stop();
        watch.expect_hung(Upstream::Postgres, postgres.name(i), HUNG.saturating_sub(frozen.elapsed()));
        assert_eq!(watch.seen.link(Upstream::Postgres, postgres.name(1 - i)), Some(&Link::Live), "nobody else is slowed down");
        // It stays hung while attempts to connect go on.
        watch.mark();
        watch.collect(seconds(5.0));
        assert_eq!(watch.seen.link(Upstream::Postgres, postgres.name(i)), Some(&Link::Hung));
        postgres.servers[i].process.cont();
        watch.expect_live(Upstream::Postgres, postgres.name(i));
    }
}

#[test]
fn a_postmaster_that_stands_still_alone_takes_nobody_new() {
    let postgres = Postgres::cluster(1, &PostgresOptions::default());
    let mut before = watch(postgres.targets());
    before.expect_live(Upstream::Postgres, "postgres-0");
    postgres.servers[0].process.stop_alone();
    let begin = Instant::now();
    let mut after = watch(postgres.targets());
    after.expect_hung(Upstream::Postgres, "postgres-0", HUNG.saturating_sub(begin.elapsed()));
    before.mark();
    before.collect(seconds(3.0));
    assert!(before.seen.events().iter().any(|envelope| envelope.event == Event::Unchanged(Feed::PgFast)), "its sessions go on");
    assert_eq!(before.seen.link(Upstream::Postgres, "postgres-0"), Some(&Link::Live));
    postgres.servers[0].process.cont();
    after.expect_live(Upstream::Postgres, "postgres-0");
}

#[test]
fn a_half_open_connection_is_hung_and_heals() {
    let postgres = Postgres::cluster(1, &PostgresOptions::default());
    let proxy = Proxy::to(postgres.servers[0].port);
    let mut watch = watch(vec![postgres.target_at(0, proxy.port())]);
    watch.expect_live(Upstream::Postgres, "postgres-0");
    proxy.hold();
    watch.expect_hung(Upstream::Postgres, "postgres-0", HUNG);
    proxy.pass();
    watch.expect_live(Upstream::Postgres, "postgres-0");
    proxy.cut();
    watch.expect_link(Upstream::Postgres, "postgres-0", "down", SOON, |link| matches!(link, Link::Down(_)));
    proxy.pass();
    watch.expect_live(Upstream::Postgres, "postgres-0");
}

#[test]
fn a_killed_server_is_down_and_a_restarted_one_is_seen_as_such() {
    let mut postgres = Postgres::cluster(1, &PostgresOptions::default());
    let mut watch = watch(postgres.targets());
    let first = watch.expect_fast("postgres-0", "a primary", |fast| !fast.in_recovery);
    watch.mark();
    postgres.servers[0].process.kill();
    watch.expect_link(Upstream::Postgres, "postgres-0", "down", HUNG, |link| matches!(link, Link::Down(_)));
    postgres.servers[0].process.restart();
    watch.expect_live(Upstream::Postgres, "postgres-0");
    watch.expect_fast("postgres-0", "a later start", |fast| fast.started > first.started);
    let generations: Vec<u32> = watch.seen.events().iter().map(|envelope| envelope.generation).collect();
    assert!(generations.last() > generations.first(), "{generations:?}");

    // In order, too: the server says goodbye.
    postgres.restart(0);
    let second = watch.seen.fast["postgres-0"].started;
    watch.expect_fast("postgres-0", "a third start", |fast| fast.started > second);
    watch.expect_all_live();
}

#[test]
fn one_round_trip_for_each_fast_poll() {
    let postgres = Postgres::cluster(1, &PostgresOptions::default());
    let proxy = Proxy::to(postgres.servers[0].port);
    let mut watch = watch(vec![postgres.target_at(0, proxy.port())]);
    watch.expect_all_live();
    watch.collect(seconds(2.3));
    watch.mark();
    let before = proxy.bursts();
    watch.collect(seconds(6.0));
    let trips: Vec<u64> = proxy.bursts().iter().zip(&before).map(|(now, then)| now - then).collect();
    let polls = watch.seen.events().iter().filter(|envelope| envelope.from.upstream == Upstream::Postgres).count() as u64;
    // The fast poll's connection is the busiest. A poll may be under way at either end of the window.
    let busiest = *trips.iter().max().unwrap();
    assert!(polls >= 5 && busiest.abs_diff(polls) <= 1, "{trips:?} round trips for {polls} polls");
    assert_eq!(proxy.connections(), 2, "one for the fast poll, one for the rest");
}

#[test]
fn details_of_sessions_slots_locks_and_statements() {
    let conf = "shared_preload_libraries = 'pg_stat_statements'".to_owned();
    let postgres = Postgres::cluster(2, &PostgresOptions { conf, ..PostgresOptions::default() });
    let mut watch = watch(postgres.targets());
    let medium = |watch: &mut Watch, want: &dyn Fn(&quarterdeck::event::PgMedium) -> bool| {
        watch.expect("sessions and slots", SOON, |seen| seen.medium.get("postgres-0").filter(|medium| want(medium)).cloned()).0
    };
    let at_rest = medium(&mut watch, &|medium| medium.slots.iter().any(|slot| slot.name == "postgres_1" && slot.active));
    assert_eq!((at_rest.connections.max, at_rest.connections.wal_senders), (40, Some(1)), "{at_rest:?}");
    let slow = watch.expect("the slow poll", SOON, |seen| seen.slow.get("postgres-1").cloned()).0;
    assert_eq!(slow.application_name.as_deref(), Some("postgres-1"), "{slow:?}");
    assert_eq!(slow.upstream_port, Some(postgres.servers[0].port), "{slow:?}");

    // One session waits for another, which is idle inside its transaction.
    postgres.psql(0, "create table t (i int)");
    let _holder = postgres.session(0, "postgres", "begin; lock table t; select pg_sleep(600)");
    let locked = "select count(*) from pg_locks where relation = 't'::regclass and granted and mode = 'AccessExclusiveLock'";
    support::wait_for("the lock is held", SOON, || match postgres.psql(0, locked).as_str() {
        "1" => Ok(()),
        other => Err(other.to_owned()),
    });
    let _waiter = postgres.session(0, "postgres", "select * from t");
    watch.interest(Interests { statements: Some("postgres-0".into()), locks: Some("postgres-0".into()) });
    let (holder, waiter) = watch.until("the lock tree", SOON, |envelope| match &envelope.event {
        Event::PgLocks(locks) => {
            let waiter = locks.rows.iter().find(|row| !row.blocked_by.is_empty())?;
            let holder = locks.rows.iter().find(|row| waiter.blocked_by.contains(&row.pid))?;
            Some((holder.clone(), waiter.clone()))
        }
        _ => None,
    });
    assert!(holder.blocked_by.is_empty() && waiter.wait.contains("Lock"), "{holder:?} {waiter:?}");
    medium(&mut watch, &|medium| medium.connections.waiting_lock == Some(1));

    let unavailable = |envelope: &quarterdeck::event::Envelope| match &envelope.event {
        Event::PgStatements(statements) => statements.unavailable.clone(),
        _ => None,
    };
    let why = watch.until("why there are no statements", SOON, unavailable);
    assert!(why.contains("pg_stat_statements"), "{why}");
    postgres.psql(0, "create extension pg_stat_statements");
    watch.until("the statements that cost most", SOON, |envelope| match &envelope.event {
        Event::PgStatements(statements) if statements.unavailable.is_none() => (!statements.rows.is_empty()).then_some(()),
        _ => None,
    });
    watch.interest(Interests::default());
    watch.collect(seconds(5.0));
    watch.mark();
    watch.collect(seconds(5.0));
    let asked = |event: &Event| {
        matches!(event, Event::PgLocks(_) | Event::PgStatements(_) | Event::Unchanged(Feed::PgLocks) | Event::Unchanged(Feed::PgStatements))
    };
    assert!(!watch.seen.events().iter().any(|envelope| asked(&envelope.event)), "nobody looks, nobody asks");
}

#[test]
fn the_crash_of_one_session_is_a_recovery_and_not_a_new_start() {
    let postgres = Postgres::cluster(1, &PostgresOptions::default());
    let mut watch = watch(postgres.targets());
    watch.expect_all_live();
    let first = watch.expect_fast("postgres-0", "a primary", |fast| !fast.in_recovery);
    watch.mark();
    let _victim = postgres.session(0, "postgres", "select pg_sleep(600)");
    let pid = support::wait_for("a session", SOON, || {
        let said = postgres.psql(0, "select pid from pg_stat_activity where query like 'select pg_sleep%'");
        said.parse::<u32>().map_err(|_| said)
    });
    support::process::signal("KILL", &[pid]);
    watch.until("the sessions are ended", SOON, |envelope| match &envelope.event {
        Event::Link(Link::StartingUp(_) | Link::Down(_)) => Some(()),
        _ => None,
    });
    watch.expect_all_live();
    let again = watch.expect_fast("postgres-0", "a primary", |fast| !fast.in_recovery);
    assert_eq!(again.started, first.started, "the postmaster is the same");
}

#[test]
fn a_slow_network_is_not_a_hung_server() {
    let postgres = Postgres::cluster(1, &PostgresOptions::default());
    let proxy = Proxy::to(postgres.servers[0].port);
    proxy.delay(Duration::from_millis(100));
    let mut watch = watch(vec![postgres.target_at(0, proxy.port())]);
    watch.expect_all_live();
    watch.mark();
    watch.collect(seconds(6.0));
    let links: Vec<_> = watch.seen.events().iter().filter(|envelope| matches!(envelope.event, Event::Link(_))).collect();
    assert!(links.is_empty(), "{links:?}");
    let polls = watch.seen.events().iter().filter(|envelope| envelope.from.upstream == Upstream::Postgres).count();
    assert!((5..=7).contains(&polls), "each second, still: {polls}");
}
