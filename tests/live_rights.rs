//! The grants and ACLs that the product ships give exactly what it needs: whoever is made by these files sees everything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use quarterdeck::connect::{Login, PostgresTarget};
use quarterdeck::event::{Event, Link, PgReceiver, Upstream};
use quarterdeck::source::{Interests, Targets};
use support::redis::MASTER;
use support::{Postgres, PostgresOptions, Redis, RedisOptions, SOON, Watch};

#[test]
fn the_postgres_grants_let_everything_be_seen() {
    let conf = "shared_preload_libraries = 'pg_stat_statements'\narchive_mode = on\narchive_command = 'false'".to_owned();
    let postgres = Postgres::cluster(2, &PostgresOptions { conf, ..PostgresOptions::default() });
    let grants = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/postgres-grants.sql")).expect("the grants");
    postgres.psql(0, &grants);
    postgres.psql(0, "alter role quarterdeck password 'from a file'; create extension pg_stat_statements; create table t (i int)");

    let login = Login { user: Some("quarterdeck".into()), password: Some("from a file".into()) };
    let targets = postgres.targets().into_iter().map(|target| PostgresTarget { login: login.clone(), ..target });
    let mut watch = Watch::start(Targets { postgres: targets.collect(), ..Targets::default() });
    watch.interest(Interests { statements: Some("postgres-0".into()), locks: Some("postgres-0".into()) });
    watch.expect_all_live();
    watch.expect_fast("postgres-0", "its standby and how that is", |fast| {
        fast.senders.as_ref().is_some_and(|rows| rows.len() == 1 && rows.iter().all(|row| row.state.is_some() && row.replay.is_some()))
    });
    watch.expect_fast("postgres-1", "its receiver", |fast| matches!(&fast.receiver, PgReceiver::Present(row) if row.sender_port.is_some()));
    for name in ["postgres-0", "postgres-1"] {
        let slow = watch.expect("the slow poll", SOON, |seen| seen.slow.get(name).cloned()).0;
        let read =
            [slow.wal_files, slow.wal_bytes, slow.archive_ready, slow.xid_age, slow.mxid_age, slow.freeze_max_age, slow.database_bytes];
        assert!(read.iter().all(Option::is_some) && !slow.settings.is_empty(), "{name}: {slow:?}");
    }
    let medium = watch.expect("the medium poll", SOON, |seen| seen.medium.get("postgres-0").cloned()).0;
    assert!(medium.archiver.enabled && medium.slots.len() == 1, "{medium:?}");
    watch.until("statements of others", SOON, |envelope| match &envelope.event {
        Event::PgStatements(rows) => rows.rows.iter().any(|row| row.query.to_lowercase().contains("create table t")).then_some(()),
        _ => None,
    });

    // And nothing more than that.
    let role = "quarterdeck";
    let may = |what: &str| postgres.psql(0, &format!("select {what}"));
    assert_eq!(may(&format!("has_table_privilege('{role}', 't', 'select')")), "f");
    assert_eq!(may(&format!("has_function_privilege('{role}', 'pg_promote(boolean, integer)', 'execute')")), "f");
    assert_eq!(may(&format!("rolsuper or rolreplication or rolcreatedb or rolcreaterole from pg_roles where rolname = '{role}'")), "f");
}

#[test]
fn the_redis_acls_let_everything_be_seen_and_nothing_be_changed() {
    let rules = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/redis-acl.txt")).expect("the rules");
    let lines: Vec<String> =
        rules.lines().filter(|line| line.starts_with("user ")).map(|line| line.replace("change-me", "from-a-file")).collect();
    let [node, sentinel] = lines.as_slice() else { panic!("one user for data nodes and one for Sentinels: {lines:?}") };
    let (users, sentinel_users) = (vec![node.clone()], vec![sentinel.clone()]);
    let mut redis = Redis::plane(&RedisOptions { users, sentinel_users, ..RedisOptions::default() });

    let login = Login { user: Some("quarterdeck".into()), password: Some("from-a-file".into()) };
    let (mut data, mut watchers) = (redis.targets(), redis.sentinel_targets());
    data.iter_mut().chain(watchers.iter_mut().map(|target| &mut target.server)).for_each(|target| target.login = login.clone());
    let mut watch = Watch::start(Targets { redis: data, sentinel: watchers, ..Targets::default() });
    watch.expect_all_live();
    watch.expect_redis("redis-0", "its replicas", |info| info.replicas.len() == 2 && info.used_memory > 0);
    let settings = watch.expect("the settings", SOON, |seen| seen.settings.get("redis-0").cloned()).0;
    let numbers = [settings.min_replicas_to_write, settings.min_replicas_max_lag, settings.replica_priority];
    assert!(numbers.iter().all(Option::is_some) && settings.slow_log.is_some() && settings.eviction_policy.is_some(), "{settings:?}");
    for i in 0..3 {
        watch.expect_sentinel(&format!("redis-sentinel-{i}"), "the whole picture", SOON, |view| {
            view.quorum_ok == Some(true) && view.sentinels.len() == 2 && view.replicas.len() == 2 && !view.id.is_empty()
        });
    }

    let port = redis.nodes[0].port;
    let refused = |port: u16, command: &str| {
        let args: Vec<&str> = command.split(' ').collect();
        redis.ask(port, Some("quarterdeck"), Some("from-a-file"), &args).is_err_and(|said| said.contains("NOPERM"))
    };
    for command in ["get k", "set k v", "config set maxmemory 1", "replicaof no one", "client kill id 1", "flushall", "shutdown"] {
        assert!(refused(port, command), "{command}");
    }
    for command in [&format!("sentinel failover {MASTER}"), &format!("sentinel reset {MASTER}"), "shutdown"] {
        assert!(refused(redis.sentinels[0].port, command), "{command}");
    }

    // Announcements arrive, too.
    redis.nodes[2].process.kill();
    watch.expect_link(Upstream::Redis, "redis-2", "down", SOON, |link| matches!(link, Link::Down(_)));
    watch.expect("the announcement", SOON, |seen| seen.messages().iter().any(|(_, message)| message.kind == "+sdown").then_some(()));
}
