//! Rules: firing, silent, and cannot tell.

use super::*;
use crate::event::*;
use crate::model::tests::{empty, envelope, pg, primary, standby};

fn texts(model: &Model) -> Vec<String> {
    assess(model).problems.iter().map(|p| format!("{} {}: {}", p.severity.word(), p.subject, p.text)).collect()
}

fn only_postgres(mut model: Model) -> Model {
    let stack = Stack { redis: vec![], sentinel: vec![], ..model.stack.clone() };
    model.apply(&envelope(0, Upstream::Program, "", Event::Stack(Box::new(stack))));
    model
}

fn sender(name: &str) -> PgSender {
    PgSender { name: name.into(), state: Some("streaming".into()), ..PgSender::default() }
}

fn healthy() -> Model {
    let mut model = only_postgres(empty());
    pg(&mut model, 0, "postgres-0", PgFast { senders: Some(vec![sender("postgres-1"), sender("postgres-2")]), ..primary(100) });
    pg(&mut model, 0, "postgres-1", standby(100, true));
    pg(&mut model, 0, "postgres-2", standby(100, true));
    model
}

#[test]
fn a_healthy_cluster_has_no_problem() {
    let health = assess(&healthy());
    assert_eq!((health.severity, health.problems.len()), (Severity::Ok, 0), "{:?}", health.problems);
    assert_eq!(health.constraint, "PostgreSQL can lose 1 of 2 standbys and still have one to promote");
}

#[test]
fn nothing_seen_is_unknown_not_ok() {
    assert_eq!(assess(&empty()).severity, Severity::Unknown);
}

#[test]
fn nothing_configured_is_nothing_known() {
    assert_eq!(assess(&Model::default()).severity, Severity::Unknown);
}

#[test]
fn two_primaries_are_critical() {
    let mut model = healthy();
    pg(&mut model, 1000, "postgres-2", PgFast { timeline: 2, ..primary(100) });
    assert!(
        texts(&model).iter().any(|t| t.starts_with("critical PostgreSQL: two primaries: postgres-0 and postgres-2")),
        "{:?}",
        texts(&model)
    );
}

#[test]
fn a_lost_standby_is_a_warning_and_binds() {
    let mut model = healthy();
    model.apply(&envelope(1000, Upstream::Postgres, "postgres-2", Event::Link(Link::Down("connection refused".into()))));
    let health = assess(&model);
    assert_eq!(health.severity, Severity::Warning);
    assert_eq!(health.constraint, "If one more PostgreSQL instance fails: no standby is left (RPO at risk)");
}

#[test]
fn a_lost_primary_is_critical() {
    let mut model = healthy();
    model.apply(&envelope(1000, Upstream::Postgres, "postgres-0", Event::Link(Link::Down("connection refused".into()))));
    assert_eq!(assess(&model).severity, Severity::Critical);
}

#[test]
fn replication_that_may_not_be_seen_is_unknown_not_lost() {
    let mut model = healthy();
    pg(&mut model, 1000, "postgres-0", PgFast { senders: None, ..primary(100) });
    for name in ["postgres-1", "postgres-2"] {
        pg(&mut model, 1000, name, PgFast { receiver: PgReceiver::Hidden, senders: None, ..standby(100, true) });
    }
    let health = assess(&model);
    assert_eq!(health.severity, Severity::Unknown, "{:?}", health.problems);
    assert!(health.constraint.contains("cannot be seen"), "{}", health.constraint);
}

#[test]
fn silence_becomes_unknown() {
    let mut model = healthy();
    model.now = 30_000;
    assert_eq!(assess(&model).severity, Severity::Unknown);
}

#[test]
fn removing_an_observation_never_makes_it_healthier() {
    let whole = assess(&healthy()).severity;
    for missing in ["postgres-0", "postgres-1", "postgres-2"] {
        let mut model = healthy();
        model.postgres.servers.iter_mut().filter(|s| *s.name == *missing).for_each(|s| s.fast = None);
        assert!(assess(&model).severity >= whole);
    }
}

#[test]
fn a_missing_synchronous_standby_is_told_before_a_commit_waits() {
    for (names, sync, missing) in [
        ("", None, 0),
        ("nobody", Some("async"), 1),
        ("ANY 1 (a, b)", Some("quorum"), 0),
        ("FIRST 2 (a, b)", Some("sync"), 1),
        ("a", Some("sync"), 0),
    ] {
        let row = PgSender { sync: sync.map(Into::into), ..sender("postgres-1") };
        let mut model = healthy();
        pg(
            &mut model,
            1000,
            "postgres-0",
            PgFast { sync_names: names.into(), sync_commit: "on".into(), senders: Some(vec![row]), ..primary(100) },
        );
        let told = texts(&model).iter().any(|text| text.contains("commits wait"));
        assert_eq!((postgres::missing_synchronous(model.postgres.primary(1000).unwrap()), told), (missing, missing > 0), "{names}");
    }
}

#[test]
fn all_connections_taken_is_critical_and_old_facts_say_so() {
    let mut model = healthy();
    let connections = PgConnections { max: 40, reserved: 3, clients: 40, ..PgConnections::default() };
    let medium = Event::PgMedium(Box::new(PgMedium { connections, ..PgMedium::default() }));
    model.apply(&envelope(1000, Upstream::PostgresDetail, "postgres-0", medium));
    assert!(
        texts(&model).contains(&"critical postgres-0: all 37 connections for applications are taken".to_owned()),
        "{:?}",
        texts(&model)
    );
    model.apply(&envelope(2000, Upstream::Postgres, "postgres-0", Event::Link(Link::Hung)));
    assert!(texts(&model).contains(&"critical postgres-0: all 37 connections for applications are taken (when last seen)".to_owned()));
}

#[test]
fn a_second_primary_is_one_since_there_are_two() {
    let mut model = healthy();
    pg(&mut model, 50_000, "postgres-2", PgFast { timeline: 2, ..primary(100) });
    pg(&mut model, 50_000, "postgres-0", primary(100));
    let since: Vec<_> = assess(&model).problems.iter().filter(|p| p.text.contains("one of 2 primaries")).map(|p| p.since).collect();
    assert_eq!(since, [Some(50_000), Some(50_000)]);
}

#[test]
fn whom_others_hear_is_not_down_but_unreachable() {
    let mut model = healthy();
    model.apply(&envelope(1000, Upstream::Postgres, "postgres-0", Event::Link(Link::Down("no answer to TCP within 3 s".into()))));
    // What was seen before the loss proves nothing.
    assert!(texts(&model).iter().any(|t| t.starts_with("critical postgres-0: the primary is down")), "{:?}", texts(&model));
    let row = PgReceiverRow {
        status: "streaming".into(),
        message_age: Some(0),
        sender_host: Some("127.0.0.1".into()),
        sender_port: Some(5500),
        ..PgReceiverRow::default()
    };
    pg(&mut model, 2000, "postgres-1", PgFast { receiver: PgReceiver::Present(row), ..standby(100, true) });
    let told = texts(&model);
    assert!(
        told.iter().any(|t| t.starts_with("unknown postgres-0: the primary cannot be reached from here") && t.contains("1 standby still")),
        "{told:?}"
    );
}

#[test]
fn one_look_is_enough_to_tell_a_lag() {
    let mut model = healthy();
    let late = PgSender { replay: Some(Lsn(0)), replay_lag: Some(3600.0), ..sender("postgres-1") };
    pg(&mut model, 1000, "postgres-0", PgFast { senders: Some(vec![late, sender("postgres-2")]), ..primary(1_000_000) });
    pg(&mut model, 1000, "postgres-1", standby(100, true));
    assert!(texts(&model).iter().any(|t| t.starts_with("warning postgres-1: replication lag 3600 s")), "{:?}", texts(&model));
}
