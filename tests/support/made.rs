//! A made-up plane of three PostgreSQL servers, three Redis nodes and three Sentinels, as the events that its sources would send.
//! No server, no clock, no network: every test says itself what time it is.
#![allow(dead_code, reason = "each test uses its own part")]

use quarterdeck::event::*;

/// Where the primary's WAL ends in `healthy`.
pub const END: u64 = 0x0300_0060;

/// Where the master's replication stream ends in `healthy`.
pub const OFFSET: u64 = 1_204_511;

/// Unix milliseconds at `at` 0: some day at 12:00:05 UTC.
pub const WALL: i64 = 1_763_812_805_000;

/// The feeds that are read each second, and where they come from.
pub const FAST: [(Upstream, &str, Feed); 3] = [
    (Upstream::Postgres, "postgres", Feed::PgFast),
    (Upstream::Redis, "redis", Feed::Redis),
    (Upstream::Sentinel, "redis-sentinel", Feed::Sentinel),
];

/// The stack as configured.
pub fn stack() -> Stack {
    let members = |prefix: &str, port: u16| {
        (0..3).map(|i| Member { name: format!("{prefix}-{i}").into(), address: format!("127.0.0.1:{}", port + i) }).collect()
    };
    Stack {
        name: "moltbook".into(),
        postgres: members("postgres", 5500),
        redis: members("redis", 6300),
        sentinel: members("redis-sentinel", 26300),
        master: "mymaster".into(),
    }
}

/// An event of the first connection of a source.
pub fn envelope(at: Millis, upstream: Upstream, name: &str, event: Event) -> Envelope {
    Envelope { at, from: Origin { upstream, name: name.into() }, generation: u32::from(upstream != Upstream::Program), event }
}

/// The first event of every run.
pub fn beginning() -> Vec<Envelope> {
    vec![
        envelope(0, Upstream::Program, "", Event::Stack(Box::new(stack()))),
        envelope(0, Upstream::Program, "", Event::Tick { unix_ms: WALL }),
    ]
}

/// The primary, with its end of WAL at `end`, and its two standbys at `end` too.
pub fn primary(end: u64) -> PgFast {
    let sender = |i: i32| PgSender {
        pid: 4000 + i,
        name: format!("postgres-{i}"),
        address: Some("127.0.0.1".into()),
        state: Some("streaming".into()),
        sync: Some(if i == 1 { "sync" } else { "potential" }.into()),
        sent: Some(Lsn(end)),
        write: Some(Lsn(end)),
        flush: Some(Lsn(end)),
        replay: Some(Lsn(end)),
        ..PgSender::default()
    };
    PgFast {
        version: 150_018,
        system_id: Some("7425000000000000001".into()),
        started: WALL as f64 / 1000.0 - 86_400.0,
        sync_names: "FIRST 1 (postgres_1, postgres_2)".into(),
        sync_commit: "on".into(),
        timeline: 3,
        write_lsn: Some(Lsn(end)),
        flush_lsn: Some(Lsn(end)),
        senders: Some(vec![sender(1), sender(2)]),
        ..PgFast::default()
    }
}

/// A standby that has received `end` and replayed `replayed`.
pub fn standby(end: u64, replayed: u64) -> PgFast {
    PgFast {
        in_recovery: true,
        write_lsn: None,
        flush_lsn: None,
        receive_lsn: Some(Lsn(end)),
        replay_lsn: Some(Lsn(replayed)),
        replayed_commit: Some(WALL as f64 / 1000.0 - 3.0),
        replay_paused: Some(false),
        receiver: PgReceiver::Present(PgReceiverRow {
            status: "streaming".into(),
            timeline: Some(3),
            written: Some(Lsn(end)),
            flushed: Some(Lsn(end)),
            sender_end: Some(Lsn(end)),
            message_age: Some(0),
            slot: Some("standby".into()),
            sender_host: Some("127.0.0.1".into()),
            sender_port: Some(5500),
        }),
        senders: Some(vec![]),
        ..primary(end)
    }
}

/// What the slower polls bring; the same for every server.
fn details() -> Vec<Event> {
    let slot = |i: i32| PgSlot {
        name: format!("postgres_{i}"),
        kind: "physical".into(),
        active: true,
        pid: Some(4000 + i),
        retained: Some(0),
        wal_status: Some("reserved".into()),
        safe_wal_size: None,
    };
    let medium = PgMedium {
        connections: PgConnections {
            max: 100,
            reserved: 3,
            clients: 27,
            active: Some(4),
            wal_senders: Some(2),
            ..PgConnections::default()
        },
        commits_per_s: Some(412.0),
        rollbacks_per_s: Some(0.2),
        blocks_hit: Some(990_000),
        blocks_read: Some(10_000),
        slots: vec![slot(1), slot(2)],
        archiver: PgArchiver { enabled: true, archived: 812, last_wal: Some("000000030000000000000002".into()), ..PgArchiver::default() },
        ..PgMedium::default()
    };
    let io = PgIo {
        checkpoints_timed: 100,
        checkpoints_requested: 4,
        checkpoint_write_ms_per_s: Some(12.0),
        buffers_written_per_s: Some(40.0),
        wal_bytes_per_s: Some(340_000.0),
        ..PgIo::default()
    };
    let settings = [("max_wal_size", "1024"), ("shared_buffers", "16384"), ("wal_level", "replica"), ("hot_standby_feedback", "off")];
    let slow = PgSlow {
        wal_files: Some(12),
        wal_bytes: Some(201_326_592),
        archive_ready: Some(0),
        xid_age: Some(1_204_000),
        mxid_age: Some(12),
        freeze_max_age: Some(200_000_000),
        database_bytes: Some(7_400_000_000),
        settings: settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        upstream_host: Some("127.0.0.1".into()),
        upstream_port: Some(5500),
        ..PgSlow::default()
    };
    vec![Event::Link(Link::Live), Event::PgMedium(Box::new(medium)), Event::PgIo(Box::new(io)), Event::PgSlow(Box::new(slow))]
}

/// The node `index` of which 0 is the master, at `offset` of the master's stream.
pub fn redis(index: usize, offset: u64) -> RedisInfo {
    let master = index == 0;
    let replica = |i: u16| RedisReplica { host: "127.0.0.1".into(), port: 6300 + i, state: "online".into(), offset, ack_age: 0 };
    let link = RedisMasterLink { host: "127.0.0.1".into(), port: 6300, up: true, last_io: Some(0), down_since: None, syncing: false };
    RedisInfo {
        version: "7.0.15".into(),
        run_id: format!("{index:040x}"),
        role: if master { RedisRole::Master } else { RedisRole::Replica },
        replid: "5d1e".repeat(10),
        offset,
        master: (!master).then_some(link),
        replicas: if master { vec![replica(1), replica(2)] } else { vec![] },
        used_memory: 61_000_000,
        max_memory: 100_000_000,
        fragmentation: 1.2,
        evictions_per_s: Some(0.0),
        hits: Some(98_500),
        misses: Some(1_500),
        commands_per_s: Some(1400.0),
        clients: 12,
        max_clients: 10_000,
        save_ok: true,
        aof: true,
        aof_write_ok: true,
        aof_rewrite_ok: true,
        ..RedisInfo::default()
    }
}

/// What every Sentinel believes.
pub fn sentinel(index: usize) -> SentinelView {
    let replica =
        |i: u16| SentinelReplica { host: "127.0.0.1".into(), port: 6300 + i, flags: vec!["slave".into()], priority: 100, link_ok: true };
    let peer =
        |i: u16| SentinelPeer { host: "127.0.0.1".into(), port: 26_300 + i, id: format!("{i:040x}"), flags: vec!["sentinel".into()] };
    SentinelView {
        version: "7.0.15".into(),
        run_id: format!("{:040x}", index + 100),
        id: format!("{index:040x}"),
        master: Some(SentinelMaster {
            host: "127.0.0.1".into(),
            port: 6300,
            flags: vec!["master".into()],
            epoch: 1,
            quorum: 2,
            replicas: 2,
            other_sentinels: 2,
            down_after_ms: 5000,
            failover_timeout_ms: 60_000,
            parallel_syncs: 1,
            failover_state: None,
        }),
        replicas: vec![replica(1), replica(2)],
        sentinels: (0..3).filter(|i| usize::from(*i) != index).map(peer).collect(),
        quorum_ok: Some(true),
        quorum_text: "OK 3 usable Sentinels. Quorum and failover authorization can be reached".into(),
        ..SentinelView::default()
    }
}

/// Everything that the sources of a healthy plane send when they begin, all at `at`.
pub fn healthy(at: Millis) -> Vec<Envelope> {
    let mut all = beginning();
    for index in 0..3_usize {
        let mut tell = |upstream, prefix: &str, events: Vec<Event>| {
            all.extend(events.into_iter().map(|event| envelope(at, upstream, &format!("{prefix}-{index}"), event)));
        };
        let fast = if index == 0 { primary(END) } else { standby(END, END) };
        let settings = RedisSettings {
            min_replicas_to_write: Some(1),
            min_replicas_max_lag: Some(10),
            replica_priority: Some(100),
            eviction_policy: Some("allkeys-lru".into()),
            append_only: Some(true),
            backlog_bytes: Some(1 << 20),
            slow_log: Some(0),
            ..RedisSettings::default()
        };
        let port = |base: usize| Event::Peer(format!("127.0.0.1:{}", base + index));
        tell(Upstream::Postgres, "postgres", vec![Event::Link(Link::Live), port(5500), Event::PgFast(Box::new(fast))]);
        tell(Upstream::PostgresDetail, "postgres", details());
        let redis = Event::Redis(Box::new(redis(index, OFFSET)));
        let settings = Event::RedisSettings(Box::new(settings));
        tell(Upstream::Redis, "redis", vec![Event::Link(Link::Live), port(6300), redis, settings]);
        let sentinel = Event::Sentinel(Box::new(sentinel(index)));
        tell(Upstream::Sentinel, "redis-sentinel", vec![Event::Link(Link::Live), port(26300), sentinel]);
    }
    all
}

/// What the sources of an idle plane send at `at`, a whole second: nothing new.
pub fn idle(at: Millis) -> Vec<Envelope> {
    let second = at / 1000;
    let mut all = Vec::new();
    for index in 0..3 {
        let mut confirm = |upstream, prefix: &str, feed| {
            all.push(envelope(at, upstream, &format!("{prefix}-{index}"), Event::Unchanged(feed)));
        };
        FAST.into_iter().for_each(|(upstream, prefix, feed)| confirm(upstream, prefix, feed));
        if second.is_multiple_of(5) {
            confirm(Upstream::PostgresDetail, "postgres", Feed::PgMedium);
            confirm(Upstream::PostgresDetail, "postgres", Feed::PgIo);
        }
        if second.is_multiple_of(60) {
            confirm(Upstream::PostgresDetail, "postgres", Feed::PgSlow);
            confirm(Upstream::Redis, "redis", Feed::RedisSettings);
        }
    }
    all
}

/// What is seen when everything goes wrong at once, one step after the other, after `healthy`.
pub fn disaster(at: Millis) -> Vec<Envelope> {
    let long = "could not connect to 2001:db8:0:0:0:0:0:7 port 5432: 接続が拒否されました — connection refused".to_owned();
    let said = |who: &str, kind: &str, text: &str| {
        envelope(at + 900, Upstream::Sentinel, who, Event::SentinelMessage(SentinelMessage { kind: kind.into(), text: text.into() }))
    };
    let split = RedisInfo { replid: "beef".repeat(10), role: RedisRole::Master, master: None, ..redis(1, OFFSET - 1_000_000) };
    let doubting = |index: usize, flags: &[&str], port: u16| {
        let mut view = sentinel(index);
        view.tilt = index == 2;
        view.quorum_ok = Some(false);
        if let Some(master) = &mut view.master {
            master.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
            master.port = port;
        }
        Event::Sentinel(Box::new(view))
    };
    let cut_off = PgFast { receiver: PgReceiver::Absent, timeline: 2, ..standby(END - 40_000_000, 0) };
    let lock = |pid: i32, blocked_by: Vec<i32>| PgLock {
        pid,
        blocked_by,
        database: "moltbook".into(),
        user: "moltbook_user".into(),
        application: "worker".into(),
        state: "idle in transaction".into(),
        wait: "Lock transactionid".into(),
        transaction_start: Some(WALL as f64 / 1000.0 - 4000.0),
        query: "update posts set title = '見出し' where id = $1".into(),
    };
    let statement = |i: i64| PgStatement {
        calls: i * 1_000_000,
        total_ms: 1e9 / i as f64,
        mean_ms: 0.3,
        rows: i,
        blocks_hit: 1 << 40,
        blocks_read: 7,
        query: "select\n\t* from posts where author = $1 order by created desc limit $2".into(),
    };
    let rows = vec![lock(1, vec![]), lock(2, vec![1]), lock(3, vec![1, 2]), lock(4, vec![5]), lock(5, vec![4])];
    let locks = PgLocks { rows, ..PgLocks::default() };
    let statements = PgStatements { unavailable: None, rows: (1..=20).map(statement).collect() };
    vec![
        envelope(at, Upstream::Postgres, "postgres-0", Event::Link(Link::Hung)),
        envelope(at, Upstream::PostgresDetail, "postgres-0", Event::Link(Link::Hung)),
        envelope(at, Upstream::Postgres, "postgres-1", Event::PgFast(Box::new(PgFast { timeline: 4, ..primary(END + 12_000_000_000) }))),
        envelope(at, Upstream::PostgresDetail, "postgres-1", Event::PgLocks(Box::new(locks))),
        envelope(at, Upstream::PostgresDetail, "postgres-1", Event::PgStatements(Box::new(statements))),
        envelope(at, Upstream::Postgres, "postgres-2", Event::PgFast(Box::new(cut_off))),
        envelope(at, Upstream::PostgresDetail, "postgres-2", Event::Link(Link::NoPermission("grant pg_monitor".into()))),
        envelope(at, Upstream::Redis, "redis-0", Event::Link(Link::Down(long.clone()))),
        envelope(at, Upstream::Redis, "redis-1", Event::Redis(Box::new(split))),
        envelope(at, Upstream::Redis, "redis-2", Event::Link(Link::Unauthorised(long))),
        said("redis-sentinel-0", "+sdown", "master mymaster 127.0.0.1 6300"),
        said("redis-sentinel-0", "+odown", "master mymaster 127.0.0.1 6300 #quorum 2/2"),
        said("redis-sentinel-0", "+try-failover", "master mymaster 127.0.0.1 6300"),
        said("redis-sentinel-1", "+sdown", "master mymaster 127.0.0.1 6300"),
        envelope(at, Upstream::Sentinel, "redis-sentinel-0", doubting(0, &["master", "s_down", "o_down", "failover_in_progress"], 6300)),
        envelope(at, Upstream::Sentinel, "redis-sentinel-1", doubting(1, &["master"], 6301)),
        envelope(at, Upstream::Sentinel, "redis-sentinel-2", doubting(2, &["master", "s_down"], 9999)),
    ]
}
