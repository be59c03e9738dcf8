//! What the Redis view says during a failover, and that it draws at any size.

use crate::app::{App, Node};
use crate::event::*;
use crate::keymap::Place;
use crate::model::Model;
use crate::model::tests::{empty, envelope};
use crate::theme::Glyphs;
use crate::view::matrix::tests::{any_size, has, row, screen};

const NOW: Millis = 600_000;
const UNIX: i64 = 1_790_000_000;

fn info(role: RedisRole, offset: u64) -> RedisInfo {
    RedisInfo {
        version: "7.0.15".into(),
        run_id: "r".into(),
        role,
        replid: "a".into(),
        offset,
        used_memory: 61_000_000,
        max_memory: 100_000_000,
        fragmentation: 1.13,
        evictions_per_s: Some(0.0),
        hits: Some(900),
        misses: Some(100),
        commands_per_s: Some(312.4),
        clients: 41,
        max_clients: 10_000,
        save_ok: true,
        last_save: UNIX,
        unsaved_changes: 120,
        aof: true,
        aof_write_ok: true,
        aof_rewrite_ok: true,
        ..RedisInfo::default()
    }
}

fn redis(model: &mut Model, at: Millis, name: &str, event: Event) {
    let upstream = if name.contains("sentinel") { Upstream::Sentinel } else { Upstream::Redis };
    model.apply(&envelope(at, upstream, name, Event::Link(Link::Live)));
    model.apply(&envelope(at, upstream, name, event));
}

fn sees(port: u16, epoch: u64, flags: &[&str]) -> Event {
    let master = SentinelMaster {
        host: "127.0.0.1".into(),
        port,
        flags: flags.iter().map(|f| (*f).to_owned()).collect(),
        epoch,
        quorum: 2,
        replicas: 2,
        other_sentinels: 2,
        down_after_ms: 5000,
        failover_timeout_ms: 60_000,
        parallel_syncs: 1,
        failover_state: None,
    };
    let text = "OK 3 usable Sentinels. Quorum and failover authorization can be reached".to_owned();
    let view = SentinelView {
        version: "7.0.15".into(),
        master: Some(master),
        quorum_ok: Some(true),
        quorum_text: text,
        ..SentinelView::default()
    };
    Event::Sentinel(Box::new(view))
}

fn announce(model: &mut Model, at: Millis, who: &str, kind: &str, text: &str) {
    let message = SentinelMessage { kind: kind.into(), text: text.into() };
    model.apply(&envelope(at, Upstream::Sentinel, who, Event::SentinelMessage(message)));
}

/// The master died a few seconds ago; one replica follows, the other has lost it; a leader is elected.
fn app() -> App {
    let mut model = empty();
    let link = |up| RedisMasterLink { host: "127.0.0.1".into(), port: 6300, up, last_io: Some(1), ..RedisMasterLink::default() };
    let replica = |port| RedisReplica { host: "127.0.0.1".into(), port, state: "online".into(), offset: 5000, ack_age: 1 };
    for at in [0, NOW - 4000] {
        let master = RedisInfo { replicas: vec![replica(6301), replica(6302)], ..info(RedisRole::Master, 5000 + at / 100) };
        redis(&mut model, at, "redis-0", Event::Redis(Box::new(master)));
    }
    for at in [0, NOW] {
        for (name, up) in [("redis-1", true), ("redis-2", at == 0)] {
            let replica = RedisInfo { master: Some(link(up)), ..info(RedisRole::Replica, 5000) };
            redis(&mut model, at, name, Event::Redis(Box::new(replica)));
            let settings = RedisSettings {
                min_replicas_to_write: Some(1),
                min_replicas_max_lag: Some(10),
                replica_priority: Some(100),
                ..RedisSettings::default()
            };
            redis(&mut model, at, name, Event::RedisSettings(Box::new(settings)));
        }
        redis(&mut model, at, "redis-sentinel-0", sees(6300, 3, &["master", "s_down", "o_down"]));
        redis(&mut model, at, "redis-sentinel-1", sees(6300, 3, &["master", "s_down"]));
        redis(&mut model, at, "redis-sentinel-2", sees(6301, 4, &["master"]));
    }
    model.apply(&envelope(NOW - 3500, Upstream::Redis, "redis-0", Event::Link(Link::Down("connection refused".into()))));
    for (ago, who, kind) in
        [(3000, 0, "+sdown"), (2900, 1, "+sdown"), (1800, 0, "+odown"), (1790, 0, "+try-failover"), (900, 0, "+elected-leader")]
    {
        announce(&mut model, NOW - ago, &format!("redis-sentinel-{who}"), kind, "master mymaster 127.0.0.1 6300");
    }
    model.apply(&envelope(NOW, Upstream::Program, "", Event::Tick { unix_ms: UNIX * 1000 + NOW as i64 }));
    let mut app = App { model, ..App::default() };
    app.ui.place = Place::Redis;
    app.settle();
    app
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn unicode(app: &App, size: (u16, u16)) -> String {
    screen(app, size, &Glyphs::UNICODE)
}

#[test]
fn a_failover_is_told_before_all() {
    let app = app();
    for size in SIZES {
        let shown = unicode(&app, size);
        has(
            &shown,
            &["Failover  ◔ under way", "+2.1 s  a leader is elected", "by sentinel-0, sentinel-1", "○ to come:  a replica is chosen"],
        );
        has(&shown, &["★ redis-0 ✖", "redis-2 ▲", "✖ down 3s", "connection refused", "? 4s old"]);
    }
}

#[test]
fn a_finished_failover_is_one_line_after_a_while() {
    let mut app = app();
    announce(&mut app.model, NOW, "redis-sentinel-0", "+switch-master", "mymaster 127.0.0.1 6300 127.0.0.1 6301");
    has(&unicode(&app, (120, 60)), &["Failover  ✔ new master after 3.0 s", "redis-1 is the master now"]);
    app.model.now += 3_600_000;
    let shown = unicode(&app, (120, 60));
    has(&shown, &["Failover  ✔ new master after 3.0 s   began 1h ago"]);
    assert!(!shown.contains("a leader is elected"));
}

#[test]
fn nodes_tell_replication_memory_and_rates() {
    let shown = unicode(&app(), (120, 100));
    assert_eq!(row(&shown, "state"), ["online", "link down 0s"]);
    assert_eq!(row(&shown, "role"), ["master ≥ 10m", "replica ≥ 10m", "replica ≥ 10m"]);
    assert_eq!(row(&shown, "follows"), ["redis-0", "redis-0"]);
    assert_eq!(row(&shown, "feeds"), ["redis-1 ack < 3 s"]);
    assert!(row(&shown, "used")[0].starts_with("61 MB of 100 MB"));
    assert_eq!(row(&shown, "hit rate, 1 min"), ["90 %", "90 %", "90 %"]);
    assert_eq!(row(&shown, "min-replicas"), ["…", "1 within 10 s", "1 within 10 s"]);
    assert_eq!(row(&shown, "RDB save"), ["✔ 10m ago", "✔ 10m ago", "✔ 10m ago"]);
}

#[test]
fn what_most_sentinels_do_not_share_is_marked() {
    let shown = unicode(&app(), (120, 100));
    assert_eq!(row(&shown, "master"), ["redis-0", "redis-0", "✖ redis-1"]);
    assert_eq!(row(&shown, "epoch"), ["3", "3", "▲ 4"]);
    assert_eq!(row(&shown, "quorum"), ["2", "2", "2"]);
    assert_eq!(row(&shown, "check"), ["✔ 3 usable", "✔ 3 usable", "✔ 3 usable"]);
    has(&shown, &["s_down o_down"]);
}

#[test]
fn in_one_list_the_sentinel_in_focus_comes_first() {
    let mut app = app();
    app.model.redis.failover = None;
    app.ui.focus = Some(Node::Sentinel("redis-sentinel-1".into()));
    let shown = unicode(&app, (80, 24));
    has(&shown, &["sentinel-1 ▲", "down after", "failover limit"]);
}

#[test]
fn without_the_right_to_ask_nothing_is_zero() {
    let mut app = app();
    let bare = RedisInfo { role: RedisRole::Master, offset: 77, ..RedisInfo::default() };
    redis(&mut app.model, NOW, "redis-0", Event::Redis(Box::new(bare)));
    let hidden = SentinelMaster { host: "127.0.0.1".into(), port: 6300, ..SentinelMaster::default() };
    let view = SentinelView { master: Some(hidden), ..SentinelView::default() };
    redis(&mut app.model, NOW, "redis-sentinel-2", Event::Sentinel(Box::new(view)));
    let shown = unicode(&app, (120, 100));
    for caption in ["used", "clients", "commands/s", "RDB save", "AOF"] {
        assert_eq!(row(&shown, caption)[0], "no permission", "{caption}");
    }
    for caption in ["quorum", "down after", "check"] {
        assert_eq!(row(&shown, caption)[2], "no permission", "{caption}");
    }
}

#[test]
fn it_draws_at_any_size() {
    let mut app = app();
    any_size(&mut app);
    app.ui.focus = Some(Node::Sentinel("redis-sentinel-1".into()));
    any_size(&mut app);
    any_size(&mut App { ui: app.ui.clone(), ..App::default() });
    any_size(&mut App { model: empty(), ui: app.ui, ..App::default() });
}
