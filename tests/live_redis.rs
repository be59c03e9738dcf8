//! The Redis and Sentinel sources against real servers: what they say while these replicate, stand still, die, load, elect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use quarterdeck::connect::{RedisTarget, SentinelTarget};
use quarterdeck::event::{Envelope, Event, Feed, Link, RedisInfo, RedisRole, SentinelView, Upstream};
use quarterdeck::source::Targets;
use std::time::{Duration, Instant};
use support::redis::MASTER;
use support::{Proxy, Redis, RedisOptions, SOON, Watch, seconds};

/// A server that stops answering is called hung within this time.
const HUNG: Duration = Duration::from_secs(4);

fn watch(redis: Vec<RedisTarget>, sentinel: Vec<SentinelTarget>) -> Watch {
    Watch::start(Targets { redis, sentinel, ..Targets::default() })
}

/// The address of the master in a Sentinel's eyes.
fn master_port(view: &SentinelView) -> Option<u16> {
    view.master.as_ref().map(|master| master.port)
}

fn flagged(view: &SentinelView, flag: &str) -> bool {
    view.master.as_ref().is_some_and(|master| master.flags.iter().any(|has| has == flag))
}

#[test]
fn roles_positions_settings_and_what_each_sentinel_believes() {
    let conf = "min-replicas-to-write 1\nmin-replicas-max-lag 7\nmaxmemory 64mb\n".to_owned();
    let redis = Redis::plane(&RedisOptions { conf, ..RedisOptions::default() });
    let mut watch = watch(redis.targets(), redis.sentinel_targets());
    watch.expect_all_live();

    let mut ports = [redis.nodes[1].port, redis.nodes[2].port];
    ports.sort_unstable();
    let master = watch.expect_redis("redis-0", "a master with two replicas online", |info| {
        let mut seen: Vec<u16> = info.replicas.iter().filter(|replica| replica.state == "online").map(|replica| replica.port).collect();
        seen.sort_unstable();
        info.role == RedisRole::Master && seen == ports
    });
    assert!(master.max_memory == 64 << 20 && master.used_memory > 0 && master.max_clients > 0 && !master.run_id.is_empty(), "{master:?}");
    let version = redis.cli(0, &["info", "server"]);
    assert!(!master.version.is_empty() && version.contains(&format!("redis_version:{}", master.version)), "{master:?}");
    for name in ["redis-1", "redis-2"] {
        let replica = watch.expect_redis(name, "a replica whose link is up", |info| {
            info.role == RedisRole::Replica && info.master.as_ref().is_some_and(|link| link.up && link.port == redis.nodes[0].port)
        });
        assert_eq!(replica.replid, master.replid);
    }
    let settings = watch.expect("the settings", SOON, |seen| seen.settings.get("redis-0").cloned()).0;
    assert_eq!((settings.min_replicas_to_write, settings.min_replicas_max_lag), (Some(1), Some(7)), "{settings:?}");

    // A write moves the offset, and the replicas follow.
    redis.cli(0, &["set", "k", &"x".repeat(100_000)]);
    let end = watch.expect_redis("redis-0", "the write", |info| info.offset > master.offset + 100_000).offset;
    watch.expect_redis("redis-1", "replicated", |info| info.offset >= end);

    for i in 0..3 {
        let name = redis.sentinels[i].name.clone();
        let view = watch.expect_sentinel(&name, "the whole picture", SOON, |view| {
            view.replicas.len() == 2 && view.sentinels.len() == 2 && view.quorum_ok == Some(true) && view.replicas.iter().all(|r| r.link_ok)
        });
        assert_eq!(master_port(&view), Some(redis.nodes[0].port));
        assert_eq!(view.id, redis.sentinel_cli(i, &["sentinel", "myid"]));
        let known = view.master.unwrap();
        assert_eq!((known.quorum, known.down_after_ms, known.failover_timeout_ms), (2, 1000, 2000));
        assert!(!view.tilt);
    }
}

#[test]
fn idle_servers_bring_nothing_new() {
    // A master's offset moves with each ping to its replicas and each hello of a Sentinel, so a lone one is idle.
    let redis = Redis::of(1, 0, &RedisOptions::default());
    let plane = Redis::plane(&RedisOptions::default());
    let mut watch = watch(redis.targets(), plane.sentinel_targets());
    watch.expect_all_live();
    watch.collect(seconds(5.0));
    watch.mark();
    // Commands over the last ten seconds: so long that counts the connecting too.
    let but_commands = |info: &RedisInfo| RedisInfo { commands_per_s: None, ..info.clone() };
    let before = but_commands(&watch.seen.redis["redis-0"]);
    watch.collect(seconds(6.0));
    let news = |envelope: &&Envelope| match &envelope.event {
        Event::Redis(info) => but_commands(info) != before,
        event => !matches!(event, Event::Unchanged(_)),
    };
    let news: Vec<_> = watch.seen.events().iter().filter(news).collect();
    assert!(news.is_empty(), "{news:#?}");
    let polls = |feed| watch.seen.events().iter().filter(|envelope| envelope.event == Event::Unchanged(feed)).count();
    let polls = (polls(Feed::Redis), polls(Feed::Sentinel));
    assert!(polls.0 >= 3 && polls.1 >= 15, "each server, each second: {polls:?}");
}

#[test]
fn a_frozen_server_is_hung_within_four_seconds_and_comes_back() {
    let redis = Redis::plane(&RedisOptions::default());
    let mut watch = watch(redis.targets(), redis.sentinel_targets());
    watch.expect_all_live();

    let frozen = Instant::now();
    redis.nodes[2].process.stop();
    watch.expect_hung(Upstream::Redis, "redis-2", HUNG.saturating_sub(frozen.elapsed()));
    watch.expect_redis("redis-0", "one replica less, once the master gives it up", |info| info.replicas.len() == 1);
    redis.nodes[2].process.cont();
    watch.expect_live(Upstream::Redis, "redis-2");
    watch.expect_redis("redis-2", "follows again", |info| info.master.as_ref().is_some_and(|link| link.up));

    // A Sentinel that stood still does not trust its clock: it says so for 30 s and does not act.
    let frozen = Instant::now();
    redis.sentinels[1].process.stop();
    watch.expect_hung(Upstream::Sentinel, "redis-sentinel-1", HUNG.saturating_sub(frozen.elapsed()));
    watch.expect_sentinel("redis-sentinel-0", "misses another Sentinel", SOON, |view| {
        view.sentinels.iter().any(|peer| peer.port == redis.sentinels[1].port && peer.flags.iter().any(|flag| flag == "s_down"))
    });
    // TILT is for those that stood still for more than two seconds.
    watch.collect(seconds(2.0));
    redis.sentinels[1].process.cont();
    watch.expect_live(Upstream::Sentinel, "redis-sentinel-1");
    let view = watch.expect_sentinel("redis-sentinel-1", "TILT", SOON, |view| view.tilt);
    assert!(view.tilt_seconds.is_some(), "{view:?}");
    watch.expect_sentinel("redis-sentinel-1", "the end of TILT", seconds(60.0), |view| !view.tilt);
}

#[test]
fn half_open_killed_and_restarted() {
    let mut redis = Redis::of(1, 1, &RedisOptions::default());
    let (node, sentinel) = (Proxy::to(redis.nodes[0].port), Proxy::to(redis.sentinels[0].port));
    let mut watch = watch(vec![redis.target_at(0, node.port())], vec![redis.sentinel_target_at(0, sentinel.port())]);
    watch.expect_all_live();
    for (upstream, name, proxy) in [(Upstream::Redis, "redis-0", &node), (Upstream::Sentinel, "redis-sentinel-0", &sentinel)] {
        proxy.hold();
        watch.expect_hung(upstream, name, HUNG);
        proxy.pass();
        watch.expect_live(upstream, name);
        proxy.cut();
        watch.expect_link(upstream, name, "down", SOON, |link| matches!(link, Link::Down(_)));
        proxy.pass();
        watch.expect_live(upstream, name);
    }
    let runs = (watch.seen.redis["redis-0"].run_id.clone(), watch.seen.sentinel["redis-sentinel-0"].run_id.clone());
    redis.nodes[0].process.kill();
    redis.sentinels[0].process.kill();
    watch.expect_link(Upstream::Redis, "redis-0", "down", HUNG, |link| matches!(link, Link::Down(_)));
    watch.expect_link(Upstream::Sentinel, "redis-sentinel-0", "down", HUNG, |link| matches!(link, Link::Down(_)));
    redis.nodes[0].process.restart();
    redis.sentinels[0].process.restart();
    watch.expect_all_live();
    watch.expect_redis("redis-0", "another run", |info| info.run_id != runs.0);
    watch.expect_sentinel("redis-sentinel-0", "another run", SOON, |view| view.run_id != runs.1);
}

#[test]
fn a_sentinel_that_does_not_know_the_master_says_so() {
    let redis = Redis::of(1, 1, &RedisOptions::default());
    let mut target = redis.sentinel_target(0);
    target.master = "theirmaster".into();
    let mut watch = watch(Vec::new(), vec![target]);
    watch.expect_live(Upstream::Sentinel, "redis-sentinel-0");
    watch.expect_sentinel("redis-sentinel-0", "no such master", SOON, |view| view.master.is_none() && !view.id.is_empty());
}

#[test]
fn one_round_trip_for_each_poll() {
    let redis = Redis::of(1, 1, &RedisOptions::default());
    let (node, sentinel) = (Proxy::to(redis.nodes[0].port), Proxy::to(redis.sentinels[0].port));
    let mut watch = watch(vec![redis.target_at(0, node.port())], vec![redis.sentinel_target_at(0, sentinel.port())]);
    watch.expect_all_live();
    watch.collect(seconds(2.3));
    watch.mark();
    let before = [node.bursts(), sentinel.bursts()];
    watch.collect(seconds(6.0));
    for (upstream, feed, proxy, before) in
        [(Upstream::Redis, Feed::Redis, &node, &before[0]), (Upstream::Sentinel, Feed::Sentinel, &sentinel, &before[1])]
    {
        let trips: Vec<u64> = proxy.bursts().iter().zip(before).map(|(now, then)| now - then).collect();
        let polled = |event: &Event| *event == Event::Unchanged(feed) || matches!(event, Event::Redis(_) | Event::Sentinel(_));
        let polls = watch.seen.events().iter().filter(|e| e.from.upstream == upstream && polled(&e.event)).count() as u64;
        // The poll's connection is the busiest; the other one of a Sentinel is subscribed. A poll may be under way at either end.
        assert!(polls >= 5 && trips.iter().max().unwrap().abs_diff(polls) <= 1, "{upstream:?}: {trips:?} round trips for {polls} polls");
    }
}

#[test]
fn a_failover_is_followed_event_by_event_until_the_old_master_returns() {
    let mut redis = Redis::plane(&RedisOptions::default());
    let mut watch = watch(redis.targets(), redis.sentinel_targets());
    watch.expect_all_live();
    watch.expect_redis("redis-0", "a master with two replicas", |info| info.replicas.len() == 2);
    let old = redis.nodes[0].port;
    watch.mark();
    redis.nodes[0].process.kill();
    watch.expect_link(Upstream::Redis, "redis-0", "down", HUNG, |link| matches!(link, Link::Down(_)));

    // The poll follows, whatever the messages do.
    let mut next = 0;
    for i in 0..3 {
        let view = watch.expect_sentinel(&format!("redis-sentinel-{i}"), "another master", seconds(60.0), |view| {
            master_port(view).is_some_and(|port| port != old)
        });
        let port = master_port(&view).unwrap();
        assert!(next == 0 || next == port, "all Sentinels name the same master");
        next = port;
    }
    let heir = redis.nodes.iter().position(|node| node.port == next).expect("a data node of ours");
    let (heir, other) = (format!("redis-{heir}"), format!("redis-{}", 3 - heir));
    watch.expect_redis(&heir, "the new master with the other replica", |info| {
        info.role == RedisRole::Master && info.replicas.iter().any(|replica| replica.state == "online")
    });
    watch.expect_redis(&other, "follows the new master", |info| info.master.as_ref().is_some_and(|link| link.up && link.port == next));

    // Step by step, in this order, as the Sentinel that led it told it.
    watch.expect("the end of the failover", SOON, |seen| {
        seen.messages().iter().find(|(_, message)| message.kind == "+failover-end").map(|_| ())
    });
    let messages = watch.seen.messages();
    let leader = messages.iter().find(|(_, message)| message.kind == "+elected-leader").map(|(name, _)| name.clone()).expect("a leader");
    let told: Vec<&str> = messages.iter().filter(|(name, _)| *name == leader).map(|(_, message)| message.kind.as_str()).collect();
    let steps =
        ["+sdown", "+odown", "+try-failover", "+elected-leader", "+selected-slave", "+promoted-slave", "+failover-end", "+switch-master"];
    let mut rest = told.iter();
    for step in steps {
        assert!(rest.any(|kind| *kind == step), "{step} is missing or out of order in {told:?}");
    }
    let switched: Vec<_> = messages.iter().filter(|(_, message)| message.kind == "+switch-master").collect();
    assert!(switched.iter().all(|(_, message)| message.text == format!("{MASTER} 127.0.0.1 {old} 127.0.0.1 {next}")), "{switched:?}");
    watch.expect("every Sentinel announced the switch", SOON, |seen| {
        let of = |name: &str| seen.messages().iter().any(|(from, message)| from == name && message.kind == "+switch-master");
        (0..3).all(|i| of(&format!("redis-sentinel-{i}"))).then_some(())
    });
    assert!(!flagged(&watch.seen.sentinel[&leader], "o_down"), "the new master is well");

    // The old master returns as a master and is made a replica.
    redis.nodes[0].process.restart();
    watch.expect_live(Upstream::Redis, "redis-0");
    watch.expect_redis("redis-0", "a replica of the new master", |info| {
        info.role == RedisRole::Replica && info.master.as_ref().is_some_and(|link| link.up && link.port == next)
    });
    watch.expect_redis(&heir, "two replicas", |info| info.replicas.len() == 2);
}

#[test]
fn a_frozen_master_loses_its_office() {
    let redis = Redis::plane(&RedisOptions::default());
    let mut watch = watch(redis.targets(), redis.sentinel_targets());
    watch.expect_all_live();
    let old = redis.nodes[0].port;
    let frozen = Instant::now();
    redis.nodes[0].process.stop();
    watch.expect_hung(Upstream::Redis, "redis-0", HUNG.saturating_sub(frozen.elapsed()));
    watch.expect_sentinel("redis-sentinel-0", "another master", seconds(60.0), |view| master_port(view).is_some_and(|port| port != old));
    redis.nodes[0].process.cont();
    watch.expect_live(Upstream::Redis, "redis-0");
    watch.expect_redis("redis-0", "a replica", |info| info.role == RedisRole::Replica);
}

#[test]
fn a_data_node_that_loads_its_data_set_says_so() {
    // Each key takes a while to load, and the server answers in between.
    let conf = "key-load-delay 2000\nloading-process-events-interval-bytes 1024\n".to_owned();
    let mut redis = Redis::of(1, 0, &RedisOptions { conf, ..RedisOptions::default() });
    redis.cli(0, &["eval", "for i = 1, 3000 do redis.call('set', 'key' .. i, i) end", "0"]);
    redis.cli(0, &["save"]);
    let mut watch = watch(redis.targets(), Vec::new());
    watch.expect_all_live();
    redis.nodes[0].process.kill();
    watch.expect_link(Upstream::Redis, "redis-0", "down", SOON, |link| matches!(link, Link::Down(_)));
    redis.nodes[0].process.restart();
    watch.expect_link(Upstream::Redis, "redis-0", "loading", SOON, |link| matches!(link, Link::StartingUp(_)));
    watch.expect_live(Upstream::Redis, "redis-0");
    assert_eq!(redis.cli(0, &["dbsize"]), "3000");
}

#[test]
fn a_slow_network_is_not_a_hung_server() {
    let redis = Redis::of(1, 1, &RedisOptions::default());
    let (node, sentinel) = (Proxy::to(redis.nodes[0].port), Proxy::to(redis.sentinels[0].port));
    let targets = (vec![redis.target_at(0, node.port())], vec![redis.sentinel_target_at(0, sentinel.port())]);
    [&node, &sentinel].iter().for_each(|proxy| proxy.delay(Duration::from_millis(200)));
    let mut watch = watch(targets.0, targets.1);
    watch.expect_all_live();
    watch.mark();
    watch.collect(seconds(6.0));
    let links: Vec<_> = watch.seen.events().iter().filter(|envelope| matches!(envelope.event, Event::Link(_))).collect();
    assert!(links.is_empty(), "{links:?}");
}

#[test]
fn sentinels_without_a_majority_say_so() {
    let mut redis = Redis::plane(&RedisOptions::default());
    let mut watch = watch(Vec::new(), redis.sentinel_targets());
    watch.expect_sentinel("redis-sentinel-0", "a quorum", SOON, |view| view.quorum_ok == Some(true));
    redis.sentinels[1].process.kill();
    redis.sentinels[2].process.kill();
    let view = watch.expect_sentinel("redis-sentinel-0", "no quorum", SOON, |view| view.quorum_ok == Some(false));
    assert!(view.quorum_text.contains("NOQUORUM"), "{view:?}");
    redis.sentinels[1].process.restart();
    watch.expect_sentinel("redis-sentinel-0", "a quorum again", SOON, |view| view.quorum_ok == Some(true));
}
