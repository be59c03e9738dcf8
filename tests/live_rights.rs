//! The grants and ACLs that the product ships give exactly what it needs: whoever is made by these files sees everything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use quarterdeck::connect::{Login, PostgresTarget};
use quarterdeck::event::{Event, PgReceiver};
use quarterdeck::source::{Interests, Targets};
use support::{Postgres, PostgresOptions, SOON, Watch};

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
