//! Lag as the model tells it from real servers: 0 on an idle primary and never growing, growing and never 0 for a standby that is cut
//! off, a lower limit while the primary is unseen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use quarterdeck::model::{ReplicaState, Replication, StandbyLag};
use quarterdeck::source::Targets;
use std::time::{Duration, Instant};
use support::{Postgres, PostgresOptions, Redis, RedisOptions, SOON, Seen, Watch, seconds};

fn lag(seen: &Seen, name: &str) -> Option<StandbyLag> {
    let cluster = &seen.model.postgres;
    cluster.lag(cluster.server(name)?, seen.model.now)
}

fn caught_up(watch: &mut Watch, name: &str) {
    watch.expect(&format!("{name} has caught up"), SOON, |seen| {
        lag(seen, name).filter(|lag| lag.state == Replication::Streaming && lag.bytes == Some(0) && lag.seconds == Some(0.0))
    });
}

#[test]
fn an_idle_primary_has_no_lag_and_none_grows() {
    let postgres = Postgres::cluster(3, &PostgresOptions::default());
    let mut watch = Watch::start(Targets { postgres: postgres.targets(), ..Targets::default() });
    postgres.write_wal(0, 1);
    caught_up(&mut watch, "postgres-1");
    caught_up(&mut watch, "postgres-2");
    let end = Instant::now() + seconds(12.0);
    while Instant::now() < end {
        watch.collect(seconds(0.5));
        for name in ["postgres-1", "postgres-2"] {
            let lag = lag(&watch.seen, name).expect("a standby");
            // A snapshot of transactions, some bytes long, may be logged between the polls of two servers.
            assert!(lag.state == Replication::Streaming && lag.bytes.is_some_and(|bytes| bytes < 1000), "{name} {lag:?}");
            assert!(
                lag.seconds.is_some_and(|seconds| seconds < 1.6) && !lag.seconds_at_least && lag.primary_unseen.is_none(),
                "{name} {lag:?}"
            );
        }
    }
}

#[test]
fn a_standby_that_is_cut_off_falls_behind_and_is_never_at_zero() {
    let postgres = Postgres::cluster(2, &PostgresOptions { proxied: true, ..PostgresOptions::default() });
    let line = postgres.servers[1].upstream.as_ref().expect("a proxy");
    let mut watch = Watch::start(Targets { postgres: postgres.targets(), ..Targets::default() });
    caught_up(&mut watch, "postgres-1");

    line.cut();
    watch.expect("disconnected", SOON, |seen| lag(seen, "postgres-1").filter(|lag| matches!(lag.state, Replication::Disconnected(_))));
    let since = Instant::now();
    postgres.write_wal(0, 2);
    let behind = |seen: &Seen| lag(seen, "postgres-1").filter(|lag| lag.bytes.is_some_and(|bytes| bytes > 1_500_000));
    watch.expect("bytes that it lacks", SOON, behind);
    // It grows with the clock, whether or not more is written.
    let mut last = 0.0;
    for _ in 0..5 {
        watch.collect(seconds(1.0));
        let now = behind(&watch.seen).expect("still behind");
        let age = now.seconds.expect("a measure");
        assert!(age >= last && age > 0.0 && age < since.elapsed().as_secs_f64() + 3.0, "{last} {now:?}");
        assert!(matches!(now.state, Replication::Disconnected(_)), "{now:?}");
        last = age;
    }
    assert!(last > 3.0, "{last}");

    // Nobody knows how far a primary goes that nobody sees: a lower limit, and for how long it was not seen.
    postgres.servers[0].process.stop();
    let unseen =
        watch.expect("the primary unseen", Duration::from_secs(8), |seen| lag(seen, "postgres-1").filter(|l| l.primary_unseen.is_some())).0;
    assert!(unseen.bytes_at_least && unseen.bytes.is_some_and(|bytes| bytes > 1_500_000), "{unseen:?}");
    watch.collect(seconds(3.0));
    let later = lag(&watch.seen, "postgres-1").expect("a standby");
    assert!(later.bytes_at_least && later.primary_unseen > unseen.primary_unseen, "{later:?}");
    let (a, b) = (unseen.seconds.expect("seconds"), later.seconds.expect("seconds"));
    assert!(a >= last - 1.0 && (a - b).abs() < 1.1, "frozen at what was measured last: {unseen:?} {later:?}");

    postgres.servers[0].process.cont();
    line.pass();
    caught_up(&mut watch, "postgres-1");
}

#[test]
fn a_replica_that_lost_its_master_falls_behind() {
    let redis = Redis::of(2, 0, &RedisOptions::default());
    let mut watch = Watch::start(Targets { redis: redis.targets(), ..Targets::default() });
    let lag = |seen: &Seen| {
        let group = &seen.model.redis;
        group.lag(group.node("redis-1")?, seen.model.now)
    };
    watch.expect("online", SOON, |seen| lag(seen).filter(|lag| lag.state == ReplicaState::Online && lag.seconds.is_some_and(|s| s < 1.6)));
    for _ in 0..5 {
        watch.collect(seconds(1.0));
        let now = lag(&watch.seen).expect("a replica");
        assert!(now.bytes.is_some_and(|bytes| bytes < 200) && now.seconds.is_some_and(|s| s < 2.6), "pings only: {now:?}");
    }
    // It follows a port on which nobody is, and the master goes on.
    redis.cli(1, &["replicaof", "127.0.0.1", "1"]);
    watch.expect("the link down", SOON, |seen| lag(seen).filter(|lag| matches!(lag.state, ReplicaState::Down(_))));
    redis.cli(0, &["set", "k", &"x".repeat(50_000)]);
    let down =
        |seen: &Seen| lag(seen).filter(|lag| matches!(lag.state, ReplicaState::Down(_)) && lag.bytes.is_none_or(|bytes| bytes > 40_000));
    watch.expect("behind, or no measure", SOON, down);
    watch.collect(seconds(3.0));
    let later = down(&watch.seen).expect("still behind");
    assert!(later.seconds.is_none_or(|seconds| seconds > 2.0), "{later:?}");
}
