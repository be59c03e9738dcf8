//! The model by itself: events in, facts out.

use super::*;
use crate::event::*;

/// A model of three PostgreSQL servers, three Redis nodes and three Sentinels of which nothing is known yet.
pub(crate) fn empty() -> Model {
    let members = |prefix: &str, port: u16| {
        (0..3).map(|i| Member { name: format!("{prefix}-{i}").into(), address: format!("127.0.0.1:{}", port + i) }).collect()
    };
    let stack = Stack {
        name: "moltbook".into(),
        postgres: members("postgres", 5500),
        redis: members("redis", 6300),
        sentinel: members("redis-sentinel", 26300),
        master: "mymaster".into(),
    };
    let mut model = Model::default();
    model.apply(&envelope(0, Upstream::Program, "", Event::Stack(Box::new(stack))));
    model
}

pub(crate) fn envelope(at: Millis, upstream: Upstream, name: &str, event: Event) -> Envelope {
    Envelope { at, from: Origin { upstream, name: name.into() }, generation: 1, event }
}

pub(crate) fn pg(model: &mut Model, at: Millis, name: &str, fast: PgFast) {
    model.apply(&envelope(at, Upstream::Postgres, name, Event::Link(Link::Live)));
    model.apply(&envelope(at, Upstream::Postgres, name, Event::PgFast(Box::new(fast))));
}

pub(crate) fn primary(lsn: u64) -> PgFast {
    PgFast { timeline: 1, write_lsn: Some(Lsn(lsn)), flush_lsn: Some(Lsn(lsn)), senders: Some(vec![]), ..PgFast::default() }
}

pub(crate) fn standby(lsn: u64, connected: bool) -> PgFast {
    let row = PgReceiverRow {
        status: "streaming".into(),
        sender_host: Some("127.0.0.1".into()),
        sender_port: Some(5500),
        ..PgReceiverRow::default()
    };
    let receiver = if connected { PgReceiver::Present(row) } else { PgReceiver::Absent };
    PgFast {
        in_recovery: true,
        timeline: 1,
        receive_lsn: Some(Lsn(lsn)),
        replay_lsn: Some(Lsn(lsn)),
        receiver,
        senders: Some(vec![]),
        ..PgFast::default()
    }
}

fn senders(names: &[&str]) -> Option<Vec<PgSender>> {
    Some(names.iter().map(|name| PgSender { name: (*name).into(), state: Some("streaming".into()), ..PgSender::default() }).collect())
}

fn lag(model: &Model, name: &str) -> StandbyLag {
    model.postgres.lag(model.postgres.server(name).unwrap(), model.now).unwrap()
}

#[test]
fn an_idle_cluster_has_no_lag_however_long() {
    let mut model = empty();
    for at in [0, 1000, 600_000] {
        pg(&mut model, at, "postgres-0", PgFast { senders: senders(&["postgres-1"]), ..primary(100) });
        pg(&mut model, at, "postgres-1", standby(100, true));
    }
    assert_eq!(
        lag(&model, "postgres-1"),
        StandbyLag {
            state: Replication::Streaming,
            bytes: Some(0),
            bytes_at_least: false,
            seconds: Some(0.0),
            seconds_at_least: false,
            primary_unseen: None
        }
    );
}

#[test]
fn a_cut_off_standby_is_disconnected_and_falls_behind() {
    let mut model = empty();
    pg(&mut model, 0, "postgres-0", primary(100));
    pg(&mut model, 0, "postgres-1", standby(100, true));
    for second in 1..=30 {
        pg(&mut model, second * 1000, "postgres-0", primary(100 + second * 10));
        pg(&mut model, second * 1000, "postgres-1", standby(100, false));
    }
    let lag = lag(&model, "postgres-1");
    assert_eq!((lag.state, lag.bytes), (Replication::Disconnected(1000), Some(300)));
    assert!((lag.seconds.unwrap() - 30.0).abs() < 1.01, "{lag:?}");
}

#[test]
fn an_unseen_primary_freezes_the_lag_as_a_lower_limit() {
    let mut model = empty();
    pg(&mut model, 0, "postgres-0", primary(100));
    pg(&mut model, 4000, "postgres-0", primary(500));
    pg(&mut model, 4000, "postgres-1", standby(100, false));
    model.apply(&envelope(5000, Upstream::Postgres, "postgres-0", Event::Link(Link::Hung)));
    pg(&mut model, 16_000, "postgres-1", standby(100, false));
    let lag = lag(&model, "postgres-1");
    assert_eq!((lag.bytes, lag.seconds, lag.bytes_at_least, lag.primary_unseen), (Some(400), Some(4.0), true, Some(12_000)));
}

#[test]
fn a_receiver_that_its_primary_does_not_list_is_not_streaming() {
    let mut model = empty();
    pg(&mut model, 0, "postgres-0", primary(100));
    pg(&mut model, 0, "postgres-1", standby(100, true));
    assert_eq!(lag(&model, "postgres-1").state, Replication::Connecting);
}

#[test]
fn an_old_primary_on_an_old_timeline_is_diverged() {
    let mut model = empty();
    pg(&mut model, 0, "postgres-1", PgFast { timeline: 2, ..primary(200) });
    pg(&mut model, 0, "postgres-0", standby(150, false));
    assert_eq!(lag(&model, "postgres-0").state, Replication::Diverged);
}

#[test]
fn a_standby_that_stopped_before_the_fork_is_only_behind() {
    let mut model = empty();
    pg(&mut model, 0, "postgres-1", standby(200, true));
    pg(&mut model, 0, "postgres-2", standby(150, false));
    pg(&mut model, 1000, "postgres-1", PgFast { timeline: 2, ..primary(220) });
    assert_eq!(lag(&model, "postgres-2").state, Replication::Disconnected(0));
    pg(&mut model, 2000, "postgres-2", standby(210, false));
    assert_eq!(lag(&model, "postgres-2").state, Replication::Diverged);
}

#[test]
fn a_standby_of_another_primary_is_astray_and_measured_against_its_own() {
    let mut model = empty();
    let old = PgFast { senders: senders(&["postgres-2"]), ..primary(300) };
    pg(&mut model, 0, "postgres-0", old);
    pg(&mut model, 0, "postgres-1", PgFast { timeline: 2, ..primary(900) });
    // It follows 127.0.0.1:5500, which is postgres-0.
    pg(&mut model, 0, "postgres-2", standby(300, true));
    let lag = lag(&model, "postgres-2");
    assert_eq!((lag.state, lag.bytes, lag.state.follows()), (Replication::Astray, Some(0), false));
}

#[test]
fn a_primary_that_was_never_seen_is_known_by_those_that_follow_it() {
    let mut model = empty();
    model.apply(&envelope(0, Upstream::Postgres, "postgres-0", Event::Link(Link::Refused("sorry, too many clients already".into()))));
    pg(&mut model, 0, "postgres-1", standby(100, true));
    assert_eq!(model.postgres.primary(0).map(|p| &*p.name), Some("postgres-0"));
}

#[test]
fn what_nobody_measures_is_a_gap_and_not_a_zero() {
    let mut model = empty();
    pg(&mut model, 0, "postgres-0", primary(100));
    pg(&mut model, 0, "postgres-1", standby(100, true));
    model.apply(&envelope(1000, Upstream::Postgres, "postgres-1", Event::Link(Link::Hung)));
    pg(&mut model, 2000, "postgres-0", primary(5000));
    let lag = lag(&model, "postgres-1");
    assert_eq!((lag.state, lag.bytes, lag.seconds), (Replication::Unknown, None, None));
    model.apply(&envelope(2200, Upstream::Program, "", Event::Tick { unix_ms: 0 }));
    assert_eq!(model.postgres.server("postgres-1").unwrap().lag_history.samples().last(), Some(None));
}

#[test]
fn a_promoted_server_keeps_the_clock_of_its_predecessor() {
    let mut model = empty();
    for second in 0..=10 {
        pg(&mut model, second * 1000, "postgres-0", primary(100 * second));
    }
    pg(&mut model, 10_000, "postgres-1", standby(1000, true));
    pg(&mut model, 10_000, "postgres-2", standby(500, false));
    pg(&mut model, 11_000, "postgres-1", PgFast { timeline: 2, ..primary(1000) });
    pg(&mut model, 11_000, "postgres-2", standby(500, false));
    assert_eq!(lag(&model, "postgres-2").seconds, Some(6.0));
}

#[test]
fn an_older_connection_is_not_heard() {
    let mut model = empty();
    let mut late = envelope(2000, Upstream::Postgres, "postgres-0", Event::PgFast(Box::new(standby(1, true))));
    late.generation = 0;
    pg(&mut model, 1000, "postgres-0", primary(100));
    assert!(!model.apply(&late));
    assert!(model.postgres.server("postgres-0").unwrap().is_primary());
}

#[test]
fn silence_is_stale_not_gone() {
    let mut model = empty();
    pg(&mut model, 0, "postgres-0", primary(100));
    let server = |model: &Model| model.postgres.server("postgres-0").unwrap().clone();
    assert!(server(&model).is_fresh(10_000));
    assert_eq!(server(&model).link_state(12_000), LinkState::Stale(12_000));
    assert_eq!(server(&model).role(), "primary");
}

#[test]
fn promotion_is_told() {
    let mut model = empty();
    pg(&mut model, 0, "postgres-1", standby(100, true));
    pg(&mut model, 1000, "postgres-1", PgFast { timeline: 2, ..primary(120) });
    let told: Vec<_> = model.timeline.newest().map(|e| e.text.as_str()).collect();
    assert_eq!(told, ["timeline 1 → 2", "promoted: is the primary now"]);
}

fn message(model: &mut Model, at: Millis, who: &str, kind: &str, text: &str) {
    model.apply(&envelope(at, Upstream::Sentinel, who, Event::SentinelMessage(SentinelMessage { kind: kind.into(), text: text.into() })));
}

#[test]
fn a_failover_is_followed_step_by_step() {
    let mut model = empty();
    message(&mut model, 100, "redis-sentinel-0", "+sdown", "master mymaster 127.0.0.1 6300");
    message(&mut model, 150, "redis-sentinel-1", "+sdown", "master mymaster 127.0.0.1 6300");
    message(&mut model, 400, "redis-sentinel-0", "+odown", "master mymaster 127.0.0.1 6300 #quorum 2/2");
    message(&mut model, 450, "redis-sentinel-0", "+try-failover", "master mymaster 127.0.0.1 6300");
    message(&mut model, 900, "redis-sentinel-0", "+elected-leader", "master mymaster 127.0.0.1 6300");
    message(&mut model, 1000, "redis-sentinel-0", "+selected-slave", "slave 127.0.0.1:6301 127.0.0.1 6301 @ mymaster 127.0.0.1 6300");
    let failover = model.redis.failover.clone().unwrap();
    assert!(failover.running(2000));
    assert_eq!(
        failover.steps.iter().map(|s| s.kind.as_str()).collect::<Vec<_>>(),
        ["+sdown", "+odown", "+try-failover", "+elected-leader", "+selected-slave"]
    );
    assert_eq!(&*failover.steps[4].subject, "redis-1");
    message(&mut model, 2000, "redis-sentinel-0", "+switch-master", "mymaster 127.0.0.1 6300 127.0.0.1 6301");
    let failover = model.redis.failover.clone().unwrap();
    assert_eq!(failover.switched, Some(2000));
    let newest = model.timeline.newest().next().unwrap();
    assert_eq!((&*newest.subject, newest.text.as_str()), ("redis-1", "+switch-master from redis-0"));
}
