//! Servers that answer and refuse: wrong passwords, missing rights, no room, not yet. Each is told for what it is, and heals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use quarterdeck::connect::{PostgresTarget, RedisTarget, SentinelTarget};
use quarterdeck::event::{Envelope, Event, Link, PgReceiver, Upstream};
use quarterdeck::source::{Interests, Targets};
use support::postgres::{WATCHER, WATCHER_PASSWORD};
use support::{Postgres, PostgresOptions, Redis, RedisOptions, SOON, Watch};

fn watch_postgres(postgres: Vec<PostgresTarget>) -> Watch {
    Watch::start(Targets { postgres, ..Targets::default() })
}

fn watch_redis(redis: Vec<RedisTarget>, sentinel: Vec<SentinelTarget>) -> Watch {
    Watch::start(Targets { redis, sentinel, ..Targets::default() })
}

#[test]
fn refusals_of_postgres_are_told_apart_and_heal() {
    let conf = "max_connections = 5\nsuperuser_reserved_connections = 1\nmax_wal_senders = 0\nwal_level = minimal".to_owned();
    let hba = "host all crowd 127.0.0.1/32 trust".to_owned();
    let postgres = Postgres::cluster(1, &PostgresOptions { conf, hba, ..PostgresOptions::default() });
    let name = "postgres-0";

    let mut wrong = postgres.target(0);
    wrong.login.password = Some("incorrect donkey".into());
    let mut stranger = watch_postgres(vec![wrong]);
    let unauthorised = |link: &Link| matches!(link, Link::Unauthorised(why) if !why.contains("donkey"));
    stranger.expect_link(Upstream::Postgres, name, "unauthorised", SOON, unauthorised);
    drop(stranger);

    let mut nobody = postgres.target(0);
    nobody.login.user = Some("nobody_knows".into());
    watch_postgres(vec![nobody]).expect_link(Upstream::Postgres, name, "unauthorised", SOON, |link| matches!(link, Link::Unauthorised(_)));

    // All connections taken, but for those that superusers keep.
    postgres.psql(0, "create role crowd login");
    let mut crowd = Vec::new();
    support::wait_for("a crowd", SOON, || {
        match postgres.psql(0, "select count(*) from pg_stat_activity where usename = 'crowd'").as_str() {
            "4" => Ok(()),
            // One that comes too early, while the last session is being cleared away, is turned away itself.
            other => {
                crowd.push(postgres.session(0, "crowd", "select pg_sleep(600)"));
                Err(other.to_owned())
            }
        }
    });
    let mut watch = watch_postgres(postgres.targets());
    watch.expect_link(Upstream::Postgres, name, "refused", SOON, |link| matches!(link, Link::Refused(_)));
    drop(crowd);
    watch.expect_live(Upstream::Postgres, name);

    // The password is changed under way: what stands goes on, what is new is refused.
    postgres.psql(0, &format!("alter role {WATCHER} password 'another'"));
    postgres.psql(0, &format!("select pg_terminate_backend(pid) from pg_stat_activity where usename = '{WATCHER}'"));
    watch.expect_link(Upstream::Postgres, name, "unauthorised", SOON, |link| matches!(link, Link::Unauthorised(_)));
    postgres.psql(0, &format!("alter role {WATCHER} password '{WATCHER_PASSWORD}'"));
    watch.expect_live(Upstream::Postgres, name);
}

#[test]
fn a_missing_grant_is_named_and_its_absence_is_not_taken_for_nothing() {
    let postgres = Postgres::cluster(2, &PostgresOptions::default());
    postgres.psql(0, &format!("revoke pg_monitor from {WATCHER}"));
    let mut watch = watch_postgres(postgres.targets());
    for name in ["postgres-0", "postgres-1"] {
        let lacking = |link: &Link| matches!(link, Link::NoPermission(what) if what.contains("pg_monitor"));
        watch.expect_link(Upstream::Postgres, name, "no permission", SOON, lacking);
    }
    // The role is known all the same, and what is hidden does not look like a standby that is cut off or missing.
    watch.expect_fast("postgres-0", "a primary", |fast| !fast.in_recovery && fast.flush_lsn.is_some());
    let standby = watch.expect_fast("postgres-1", "a standby", |fast| fast.in_recovery && fast.replay_lsn.is_some());
    assert_eq!(standby.receiver, PgReceiver::Hidden);
    // Nor do no rows look as if nobody waited, while somebody does.
    postgres.psql(0, "create table t (i int)");
    let _holder = postgres.session(0, "postgres", "begin; lock table t; select pg_sleep(600)");
    support::wait_for("the lock is held", SOON, || {
        let held = "select count(*) from pg_locks where relation = 't'::regclass and granted and mode = 'AccessExclusiveLock'";
        Some(postgres.psql(0, held)).filter(|count| count == "1").map(|_| ()).ok_or("not yet".to_owned())
    });
    let _waiter = postgres.session(0, "postgres", "select * from t");
    watch.interest(Interests { locks: Some("postgres-0".into()), ..Interests::default() });
    let locks = |wanted: bool| {
        move |envelope: &Envelope| match &envelope.event {
            Event::PgLocks(locks) => (locks.unavailable.is_some() == wanted).then(|| (**locks).clone()),
            _ => None,
        }
    };
    let hidden = watch.until("why the lock tree is not whole", SOON, locks(true));
    assert!(hidden.rows.is_empty() && hidden.unavailable.unwrap().ends_with(&format!("grant pg_monitor to {WATCHER}")));
    postgres.psql(0, &format!("grant pg_monitor to {WATCHER}"));
    for name in ["postgres-0", "postgres-1"] {
        watch.expect_live(Upstream::Postgres, name);
    }
    watch.expect_fast(
        "postgres-1",
        "a standby that streams",
        |fast| matches!(&fast.receiver, PgReceiver::Present(row) if row.status == "streaming"),
    );
    let seen = watch.until("the lock tree", SOON, |envelope| locks(false)(envelope).filter(|locks| !locks.rows.is_empty()));
    assert!(seen.rows.iter().any(|row| !row.blocked_by.is_empty()), "{seen:?}");
    watch.expect_fast("postgres-0", "its standby", |fast| fast.senders.as_ref().is_some_and(|rows| rows.len() == 1));
}

#[test]
fn a_standby_that_is_told_to_let_nobody_in_says_so() {
    let mut postgres = Postgres::cluster(2, &PostgresOptions::default());
    let mut watch = watch_postgres(postgres.targets());
    watch.expect_live(Upstream::Postgres, "postgres-1");
    postgres.set_conf(1, "hot_standby = off");
    postgres.restart(1);
    let closed = |link: &Link| matches!(link, Link::Refused(words) if words.contains("Hot standby mode is disabled"));
    watch.expect_link(Upstream::Postgres, "postgres-1", "closed to all", SOON, closed);
    postgres.set_conf(1, "hot_standby = on");
    postgres.restart(1);
    watch.expect_live(Upstream::Postgres, "postgres-1");
}

#[test]
fn refusals_of_redis_are_told_apart() {
    let users = vec!["user blind on >blind resetkeys -@all +auth +hello +ping +role +client +command".to_owned()];
    let (password, sentinel_password) = (Some("correct horse".to_owned()), Some("another battery".to_owned()));
    let redis = Redis::of(1, 1, &RedisOptions { users, password, sentinel_password, ..RedisOptions::default() });
    watch_redis(redis.targets(), redis.sentinel_targets()).expect_all_live();

    let unauthorised = |link: &Link| matches!(link, Link::Unauthorised(why) if !why.contains("donkey"));
    for password in [Some("incorrect donkey"), None] {
        let (mut node, mut sentinel) = (redis.target(0), redis.sentinel_target(0));
        node.login.password = password.map(Into::into);
        sentinel.server.login.password = password.map(Into::into);
        let mut watch = watch_redis(vec![node], vec![sentinel]);
        watch.expect_link(Upstream::Redis, "redis-0", "unauthorised", SOON, unauthorised);
        watch.expect_link(Upstream::Sentinel, "redis-sentinel-0", "unauthorised", SOON, unauthorised);
    }

    let mut blind = redis.target(0);
    (blind.login.user, blind.login.password) = (Some("blind".into()), Some("blind".into()));
    let mut watch = watch_redis(vec![blind], Vec::new());
    let lacking = |link: &Link| matches!(link, Link::NoPermission(what) if what.contains("info"));
    watch.expect_link(Upstream::Redis, "redis-0", "no permission for INFO", SOON, lacking);
    redis.cli(0, &["acl", "setuser", "blind", "+info"]);
    watch.expect_live(Upstream::Redis, "redis-0");
    let settings = watch.expect("the settings", SOON, |seen| seen.settings.get("redis-0").cloned()).0;
    assert_eq!(settings.min_replicas_to_write, None, "not permitted is not zero");
}
