//! What the PostgreSQL view says of a cluster in trouble, and that it draws at any size.

use crate::app::{App, Node, Pane};
use crate::event::*;
use crate::keymap::Place;
use crate::model::tests::{empty, envelope, pg, primary, standby};
use crate::theme::Glyphs;
use crate::view::matrix::tests::{any_size, has, row, screen};

const NOW: Millis = 600_000;
const UNIX: f64 = 1_790_000_000.0;

fn slow() -> PgSlow {
    let settings = [
        ("wal_level", "replica"),
        ("wal_log_hints", "on"),
        ("max_slot_wal_keep_size", "-1"),
        ("wal_keep_size", "128"),
        ("archive_mode", "on"),
        ("hot_standby_feedback", "off"),
        ("wal_sender_timeout", "60000"),
        ("recovery_min_apply_delay", "0"),
    ];
    PgSlow {
        wal_files: Some(12),
        wal_bytes: Some(201_000_000),
        archive_ready: Some(0),
        xid_age: Some(81_000_000),
        mxid_age: Some(100),
        freeze_max_age: Some(200_000_000),
        database_bytes: Some(4_200_000_000),
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        last_checkpoint: Some(UNIX + 480.0),
        ..PgSlow::default()
    }
}

fn medium() -> PgMedium {
    PgMedium {
        connections: PgConnections {
            max: 100,
            reserved: 3,
            clients: 24,
            active: Some(2),
            waiting_lock: Some(1),
            ..PgConnections::default()
        },
        commits_per_s: Some(142.3),
        rollbacks_per_s: Some(0.0),
        blocks_hit: Some(99_000),
        blocks_read: Some(1_000),
        checksum_failures: Some(0),
        ..PgMedium::default()
    }
}

fn detail(model: &mut crate::model::Model, at: Millis, name: &str, event: Event) {
    model.apply(&envelope(at, Upstream::PostgresDetail, name, event));
}

/// A primary that is well, a standby that streams and one that was cut off and whose second connection is gone.
fn app() -> App {
    let mut model = empty();
    let fast = |fast: PgFast| PgFast { version: 150_018, started: UNIX - 90_000.0, sync_commit: "on".into(), ..fast };
    let sender = PgSender {
        name: "postgres-1".into(),
        pid: 7,
        state: Some("streaming".into()),
        sync: Some("async".into()),
        sent: Some(Lsn(0x3_0000_0060)),
        write: Some(Lsn(0x3_0000_0060)),
        flush: Some(Lsn(0x2_FFFF_0000)),
        replay: Some(Lsn(0x2_FFFF_0000)),
        replay_lag: Some(0.3),
        ..PgSender::default()
    };
    for (at, end) in [(0, 0x2_F000_0000), (NOW - 1000, 0x3_0000_0000), (NOW, 0x3_0000_0060)] {
        pg(&mut model, at, "postgres-0", fast(PgFast { senders: Some(vec![sender.clone()]), ..primary(end) }));
        pg(&mut model, at, "postgres-1", fast(standby(0x2_FFFF_0000.min(end), true)));
        pg(&mut model, at, "postgres-2", fast(standby(0x2_F000_0000, at == 0)));
    }
    for name in ["postgres-0", "postgres-1"] {
        detail(&mut model, NOW, name, Event::Link(Link::Live));
        detail(&mut model, NOW, name, Event::PgMedium(Box::new(medium())));
        detail(&mut model, NOW, name, Event::PgSlow(Box::new(slow())));
        detail(
            &mut model,
            NOW,
            name,
            Event::PgIo(Box::new(PgIo { checkpoints_timed: 12, wal_bytes_per_s: Some(41_000.0), ..PgIo::default() })),
        );
    }
    let slot = |name: &str, active, retained| PgSlot { name: name.into(), active, retained: Some(retained), ..PgSlot::default() };
    let slots = vec![slot("postgres_1", true, 1024), slot("postgres_2", false, 1_200_000_000)];
    let archiver = PgArchiver { enabled: true, failing: true, failed: 3, last_failed: Some(UNIX + 590.0), ..PgArchiver::default() };
    detail(&mut model, NOW, "postgres-0", Event::PgMedium(Box::new(PgMedium { slots, archiver, ..medium() })));
    detail(&mut model, NOW - 300_000, "postgres-2", Event::PgMedium(Box::new(medium())));
    detail(&mut model, NOW - 240_000, "postgres-2", Event::Link(Link::Down("connection refused".into())));
    model.apply(&envelope(NOW, Upstream::Program, "", Event::Tick { unix_ms: (UNIX * 1000.0) as i64 + NOW as i64 }));
    let mut app = App { model, ..App::default() };
    app.ui.place = Place::Postgres;
    app.settle();
    app
}

fn statements() -> Event {
    let row = |total_ms, query: &str| PgStatement {
        calls: 1200,
        total_ms,
        mean_ms: total_ms / 1200.0,
        query: query.into(),
        ..PgStatement::default()
    };
    let rows = vec![row(84_000.0, "SELECT *\n  FROM posts WHERE id = $1"), row(1_200.0, "UPDATE votes SET n = n + $1")];
    Event::PgStatements(Box::new(PgStatements { unavailable: None, rows }))
}

fn locks() -> Event {
    let lock = |pid, blocked_by: &[i32], state: &str, query: &str| PgLock {
        pid,
        blocked_by: blocked_by.to_vec(),
        user: "moltbook".into(),
        application: "app".into(),
        state: state.into(),
        wait: if blocked_by.is_empty() { "Client ClientRead".into() } else { "Lock transactionid".into() },
        transaction_start: Some(UNIX + 520.0),
        query: query.into(),
        ..PgLock::default()
    };
    let rows = vec![
        lock(4711, &[], "idle in transaction", "UPDATE posts SET title = 'x'"),
        lock(4712, &[4711], "active", "UPDATE posts SET title = 'y'"),
        lock(4713, &[4712, 4711], "active", "DELETE FROM posts"),
        lock(4714, &[0], "active", "DROP TABLE posts"),
    ];
    Event::PgLocks(Box::new(PgLocks { rows, ..PgLocks::default() }))
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn unicode(app: &App, size: (u16, u16)) -> String {
    screen(app, size, &Glyphs::UNICODE)
}

#[test]
fn servers_side_by_side_tell_state_lag_and_age() {
    let app = app();
    for size in SIZES {
        let shown = unicode(&app, size);
        has(&shown, &["★ postgres-0 ▲", "postgres-2 ?", "i instances", "▸ postgres-0", "sessions, slots and archiver cannot be seen"]);
        assert_eq!(row(&shown, "state")[..2], ["streaming", "cut off 1s"]);
        assert_eq!(row(&shown, "behind")[..2], ["66 kB 1.1 s", "268 MB 10m"]);
        assert_eq!(row(&shown, "lag: flush")[..2], ["66 kB", "idle"]);
    }
    let shown = unicode(&app, (120, 100));
    assert_eq!(row(&shown, "lag: replay"), ["66 kB", "0.3 s"]);
    assert_eq!(row(&shown, "LSN flushed"), ["3/60", "2/FFFF0000", "2/F0000000"]);
    assert_eq!(row(&shown, "receiver"), ["streaming", "✖ none runs"]);
    assert_eq!(row(&shown, "Sessions"), ["? 5m old"], "facts over a dead link keep their values and say their age");
    assert_eq!(row(&shown, "commits/s"), ["142", "142", "142"]);
    assert_eq!(row(&shown, "hit rate, 1 min"), ["99.0 %", "99.0 %", "99.0 %"]);
    assert_eq!(row(&shown, "databases"), ["4.2 GB", "4.2 GB", "…"], "never seen is not zero");
    assert_eq!(row(&shown, "slot may keep"), ["no limit", "no limit", "…"]);
    assert_eq!(row(&shown, "slots"), ["● 1.0 kB postgres_1", "none", "none"]);
    has(&shown, &["○ 1.2 GB postgres_2", "▲ fails, last 10s ago"]);
    assert!(!shown.contains("time of a read"), "a row that applies to nobody is left out");
}

#[test]
fn a_busy_hour_differs_from_an_idle_one_and_from_a_missing_right() {
    let mut app = app();
    let idle = PgMedium { blocks_hit: Some(900), blocks_read: Some(0), ..medium() };
    detail(&mut app.model, NOW, "postgres-0", Event::PgMedium(Box::new(idle)));
    detail(&mut app.model, NOW, "postgres-1", Event::Link(Link::NoPermission("grant pg_monitor".into())));
    let connections = PgConnections { max: 100, reserved: 3, clients: 24, ..PgConnections::default() };
    detail(&mut app.model, NOW, "postgres-1", Event::PgMedium(Box::new(PgMedium { connections, ..medium() })));
    let shown = unicode(&app, (120, 100));
    assert_eq!(row(&shown, "hit rate, 1 min")[0], "idle");
    assert_eq!(row(&shown, "active")[1], "no permission", "what we may not count is not 0");
    has(&shown, &["? no permission", "grant pg_monitor"]);
}

#[test]
fn settings_that_differ_are_marked() {
    let mut app = app();
    let mut other = slow();
    other.settings.insert("wal_log_hints".into(), "off".into());
    detail(&mut app.model, NOW, "postgres-0", Event::PgSlow(Box::new(slow())));
    detail(&mut app.model, NOW, "postgres-1", Event::PgSlow(Box::new(other)));
    detail(&mut app.model, NOW, "postgres-2", Event::Link(Link::Live));
    detail(&mut app.model, NOW, "postgres-2", Event::PgSlow(Box::new(slow())));
    assert_eq!(row(&unicode(&app, (120, 100)), "wal_log_hints"), ["on", "• off", "on"]);
}

#[test]
fn a_narrow_screen_shows_those_around_the_focus() {
    let mut app = app();
    app.ui.focus = Some(Node::Postgres("postgres-2".into()));
    let shown = unicode(&app, (60, 24));
    has(&shown, &["◂ 1 more", "postgres-1", "postgres-2"]);
    assert!(!shown.contains("★ postgres-0"), "{shown}");
}

#[test]
fn the_header_stays_while_the_rows_move() {
    let mut app = app();
    app.ui.scroll = 30;
    let shown = unicode(&app, (80, 24));
    has(shown.lines().nth(2).unwrap(), &["★ postgres-0", "postgres-1", "postgres-2"]);
    assert!(!shown.contains("timeline"), "{shown}");
}

#[test]
fn statements_and_locks_of_the_server_in_focus() {
    let mut app = app();
    app.ui.pane = Pane::Statements;
    has(&unicode(&app, (80, 24)), &["asking postgres-0"]);
    detail(&mut app.model, NOW, "postgres-0", statements());
    has(&unicode(&app, (80, 24)), &["● live", "84 s", "99 %", "SELECT * FROM posts WHERE id = $1"]);
    let none = PgStatements { unavailable: Some("pg_stat_statements is not installed".into()), rows: vec![] };
    detail(&mut app.model, NOW, "postgres-0", Event::PgStatements(Box::new(none)));
    has(&unicode(&app, (80, 24)), &["postgres-0: pg_stat_statements is not installed"]);

    app.ui.pane = Pane::Locks;
    detail(&mut app.model, NOW, "postgres-0", locks());
    for size in SIZES {
        has(&unicode(&app, size), &["4711 ▲ blocks", "└ 4712", "  └ 4713", "prepared", "└ 4714", "DELETE FROM posts"]);
    }
    detail(&mut app.model, NOW, "postgres-0", Event::PgLocks(Box::default()));
    has(&unicode(&app, (80, 24)), &["✔ nobody waits for a lock"]);
    app.model.now += 5_000;
    has(&unicode(&app, (80, 24)), &["5s old", "nobody waited for a lock when last seen"]);
    app.ui.focus = Some(Node::Postgres("postgres-2".into()));
    has(&unicode(&app, (80, 24)), &["postgres-2: down 4m: connection refused"]);
}

#[test]
fn every_pane_draws_at_any_size() {
    let mut app = app();
    detail(&mut app.model, NOW, "postgres-0", locks());
    for pane in [Pane::Instances, Pane::Statements, Pane::Locks] {
        app.ui.pane = pane;
        any_size(&mut app);
    }
    any_size(&mut App { ui: app.ui.clone(), ..App::default() });
    any_size(&mut App { model: empty(), ui: app.ui, ..App::default() });
}

#[test]
fn locks_that_may_not_be_seen_are_not_none() {
    let mut app = app();
    app.ui.pane = Pane::Locks;
    let hidden = PgLocks { unavailable: Some("needs pg_monitor: grant pg_monitor to mon".into()), rows: Vec::new() };
    detail(&mut app.model, NOW, "postgres-0", Event::PgLocks(Box::new(hidden)));
    let shown = unicode(&app, (120, 40));
    has(&shown, &["? who waits for a lock cannot be seen: needs pg_monitor: grant pg_monitor to mon"]);
    assert!(!shown.contains("nobody waits"), "{shown}");
}
