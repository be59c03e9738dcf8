//! What `status` tells, from made-up facts: unknown is never a zero.

use super::{Report, text};
use crate::event::*;
use crate::health::assess;
use crate::model::Model;
use crate::model::tests::{empty, envelope, pg, primary, standby};
use serde_json::{Value, json};

/// The report of an instance as JSON, and its line of the text.
fn told(model: &Model, name: &str) -> (Value, String) {
    let report = Report::of(model, &assess(model), 0);
    let text = text::of(&report);
    let line = text.lines().find(|line| line.trim_start().starts_with(name)).unwrap().to_owned();
    let report = serde_json::to_value(&report).unwrap();
    let instance = report["instances"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone();
    (instance, line)
}

fn redis(model: &mut Model, name: &str, info: RedisInfo) {
    model.apply(&envelope(1000, Upstream::Redis, name, Event::Link(Link::Live)));
    model.apply(&envelope(1000, Upstream::Redis, name, Event::Redis(Box::new(info))));
}

#[test]
fn without_the_right_to_info_its_figures_are_null() {
    let mut model = empty();
    let info = RedisInfo { role: RedisRole::Master, offset: 7, replicas: vec![RedisReplica::default()], ..RedisInfo::default() };
    redis(&mut model, "redis-0", info.clone());
    redis(&mut model, "redis-1", RedisInfo { version: "7.0.15".into(), used_memory: 2_000_000, ..info });
    let (hidden, line) = told(&model, "redis-0");
    for key in ["version", "replid", "used_memory_bytes", "max_memory_bytes", "clients", "rdb_last_save_ok", "aof"] {
        assert_eq!(hidden["redis"][key], Value::Null, "{key}");
    }
    assert_eq!((&hidden["redis"]["offset"], &hidden["redis"]["connected_replicas"]), (&Value::from(7), &Value::from(1)));
    assert_eq!(line, "  redis-0           master    live  ? B  1 replicas");
    let (seen, line) = told(&model, "redis-1");
    assert_eq!((&seen["redis"]["max_memory_bytes"], &seen["redis"]["aof"]), (&Value::from(0), &Value::from(false)));
    assert_eq!(line, "  redis-1           master    live  2.0 MB  1 replicas");
}

#[test]
fn a_sentinel_that_knows_no_such_master_has_no_epoch() {
    let mut model = empty();
    for (name, master) in
        [("redis-sentinel-0", None), ("redis-sentinel-1", Some(SentinelMaster { epoch: 4, quorum: 2, ..Default::default() }))]
    {
        model.apply(&envelope(1000, Upstream::Sentinel, name, Event::Link(Link::Live)));
        let view = SentinelView { master, ..SentinelView::default() };
        model.apply(&envelope(1000, Upstream::Sentinel, name, Event::Sentinel(Box::new(view))));
    }
    let (unknown, line) = told(&model, "redis-sentinel-0");
    assert_eq!(unknown["sentinel"]["epoch"], Value::Null);
    assert!(line.ends_with("live  master unknown"), "{line}");
    assert!(told(&model, "redis-sentinel-1").1.ends_with("  epoch 4"));
}

#[test]
fn a_lower_limit_is_marked_where_it_is_one() {
    let mut model = empty();
    pg(&mut model, 1000, "postgres-0", primary(5000));
    pg(&mut model, 1000, "postgres-1", standby(2000, false));
    let again = |name: &str, at| envelope(at, Upstream::Postgres, name, Event::Unchanged(Feed::PgFast));
    model.apply(&again("postgres-0", 4000));
    model.apply(&again("postgres-1", 4000));
    let (instance, line) = told(&model, "postgres-1");
    let lag = &instance["postgresql"]["lag"];
    // The clock began when the standby was behind already, so the seconds may be more; the bytes are what they are.
    assert_eq!((&lag["bytes"], &lag["bytes_at_least"]), (&Value::from(3000), &Value::from(false)));
    assert_eq!((&lag["seconds_at_least"], &lag["at_least"]), (&Value::from(true), &Value::from(true)));
    assert!(line.contains("disconnected  3.0 kB ≥ 3.0 s"), "{line}");
    // The primary falls silent: it may have written more.
    model.apply(&again("postgres-1", 20_000));
    let (instance, line) = told(&model, "postgres-1");
    assert_eq!(instance["postgresql"]["lag"]["bytes_at_least"], Value::from(true));
    assert!(line.contains("disconnected  ≥ 3.0 kB ≥ "), "{line}");
}

#[test]
fn what_slower_polls_and_other_servers_tell_has_an_age_of_its_own() {
    let mut model = empty();
    let row = PgSender {
        name: "postgres-1".into(),
        state: Some("streaming".into()),
        sync: Some("async".into()),
        sent: Some(Lsn(4900)),
        write_lag: Some(0.25),
        replay_lag: Some(1.5),
        ..PgSender::default()
    };
    pg(&mut model, 1000, "postgres-0", PgFast { senders: Some(vec![row]), ..primary(5000) });
    pg(&mut model, 3000, "postgres-1", standby(2000, true));
    let (before, _) = told(&model, "postgres-0");
    assert_eq!(before["postgresql"]["wal"]["slots"], Value::Null, "not read yet");
    let slot = PgSlot { name: "s".into(), retained: Some(77), wal_status: Some("extended".into()), ..PgSlot::default() };
    let archiver = PgArchiver { enabled: true, failing: true, ..PgArchiver::default() };
    let medium = PgMedium { slots: vec![slot, PgSlot::default()], archiver, ..PgMedium::default() };
    let slow = PgSlow { archive_ready: Some(9), ..PgSlow::default() };
    model.apply(&envelope(2000, Upstream::PostgresDetail, "postgres-0", Event::PgSlow(Box::new(slow))));
    model.apply(&envelope(2500, Upstream::PostgresDetail, "postgres-0", Event::PgMedium(Box::new(medium))));
    let (primary, _) = told(&model, "postgres-0");
    let figures = &primary["postgresql"];
    let slots = json!([
        { "name": "s", "active": false, "retained_bytes": 77, "wal_status": "extended" },
        { "name": "", "active": false, "retained_bytes": null, "wal_status": null },
    ]);
    let wal = json!({ "archiver": "failing", "retained_bytes": 77, "slots": slots, "age_s": 0.5, "queue": 9, "queue_age_s": 1.0 });
    assert_eq!(figures["wal"], wal);
    assert_eq!((&figures["archiver"], &figures["archive_queue"]), (&wal["archiver"], &wal["queue"]));
    assert_eq!((&figures["retained_wal_bytes"], &figures["sender"]), (&wal["retained_bytes"], &Value::Null));
    let (standby, _) = told(&model, "postgres-1");
    let sender = json!({
        "state": "streaming", "sent_lag_bytes": 100, "write_lag_s": 0.25, "flush_lag_s": null, "replay_lag_s": 1.5, "age_s": 2.0,
    });
    assert_eq!(standby["postgresql"]["sender"], sender);
    assert_eq!((&standby["postgresql"]["sync_state"], &standby["age_s"]), (&Value::from("async"), &Value::from(0.0)));
}
