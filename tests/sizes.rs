//! Every place at every sort of size with every sort of model draws in a moment, and panics nowhere. Each draw is watched: one that
//! does not end fails the test with its size, instead of holding it up for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr)]

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use quarterdeck::app::{App, Node, Pane, Ui};
use quarterdeck::event::{Envelope, Event, Upstream};
use quarterdeck::keymap::Place;
use quarterdeck::terminal::Canvas;
use quarterdeck::theme::{Depth, Glyphs, Theme};
use quarterdeck::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[path = "support/made.rs"]
mod made;

/// A draw that takes longer is held to hang.
const LONGEST: Duration = Duration::from_secs(5);

const SHOWN: [(Place, Pane); 6] = [
    (Place::Overview, Pane::Instances),
    (Place::Postgres, Pane::Instances),
    (Place::Postgres, Pane::Statements),
    (Place::Postgres, Pane::Locks),
    (Place::Redis, Pane::Instances),
    (Place::Log, Pane::Instances),
];

fn after(events: impl IntoIterator<Item = Envelope>) -> App {
    let mut app = App::new(true);
    for event in events {
        app.on_event(&event);
    }
    app.settle();
    app
}

/// Ticks and polls of a minute in which the load changes, so that there is something in every sparkline.
fn minute() -> impl Iterator<Item = Envelope> {
    (1..=60).flat_map(|second| {
        let mut events = made::idle(second * 1000);
        let busy = quarterdeck::event::RedisInfo { commands_per_s: Some((second * 37 % 19) as f64), ..made::redis(0, made::OFFSET) };
        events.push(made::envelope(second * 1000, Upstream::Redis, "redis-0", Event::Redis(Box::new(busy))));
        events.push(made::envelope(second * 1000 + 200, Upstream::Program, "", Event::Tick { unix_ms: made::WALL + second as i64 * 1000 }));
        events
    })
}

/// Nothing is known, not even a configuration; only that; all is well; nothing is.
fn apps() -> [(&'static str, App); 4] {
    let tick = made::envelope(75_000, Upstream::Program, "", Event::Tick { unix_ms: made::WALL + 75_000 });
    let disaster = made::disaster(61_000).into_iter().chain([tick]);
    [
        ("unconfigured", App::new(false)),
        ("unseen", after(made::beginning())),
        ("healthy", after(made::healthy(0).into_iter().chain(minute()))),
        ("broken", after(made::healthy(0).into_iter().chain(minute()).chain(disaster))),
    ]
}

/// What is being drawn and since when.
#[derive(Clone, Default)]
struct Watch(Arc<Mutex<Option<(String, Instant)>>>);

impl Watch {
    /// Runs `work` in a thread and fails if one of its draws takes too long.
    fn over(work: impl FnOnce(&Watch) + Send + 'static) {
        let watch = Watch::default();
        let theirs = watch.clone();
        let worker = std::thread::spawn(move || work(&theirs));
        while !worker.is_finished() {
            std::thread::sleep(Duration::from_millis(20));
            if let Some((what, since)) = &*watch.0.lock().unwrap() {
                assert!(since.elapsed() < LONGEST, "drawing does not end: {what}");
            }
        }
        if let Err(panic) = worker.join() {
            let what = watch.0.lock().unwrap_or_else(|poison| poison.into_inner()).take();
            eprintln!("it broke while drawing {what:?}");
            std::panic::resume_unwind(panic);
        }
    }

    /// Draws, and encodes what was drawn.
    fn draw(&self, name: &str, app: &App, theme: &Theme, (columns, rows): (u16, u16)) {
        *self.0.lock().unwrap() = Some((format!("{name} at {columns}×{rows}, {:?}", app.ui), Instant::now()));
        let area = Rect::new(0, 0, columns, rows);
        let mut buffer = Buffer::empty(area);
        let drawn = view::draw(app, theme, &mut buffer);
        assert_eq!((buffer.area, buffer.content.len()), (area, usize::from(columns) * usize::from(rows)));
        assert!(drawn.next_change.is_none_or(|at| at > app.model.now), "{drawn:?} at {}", app.model.now);
        let control = buffer.content.iter().find(|cell| cell.symbol().chars().any(char::is_control));
        assert_eq!(control, None, "a control character on the screen");
        assert!(!Canvas::new(false).frame(buffer).is_empty());
        *self.0.lock().unwrap() = None;
    }
}

fn theme() -> Theme {
    Theme::load("dark", Depth::True, &Glyphs::UNICODE).unwrap()
}

/// Every combination of place, pane and help at these sizes.
fn everything_at(sizes: Vec<(u16, u16)>) {
    let each = apps().map(|(name, mut app)| {
        let sizes = sizes.clone();
        std::thread::spawn(move || {
            Watch::over(move |watch| {
                let theme = theme();
                for &size in &sizes {
                    for (place, pane) in SHOWN {
                        for help in [false, true] {
                            app.ui = Ui { place, pane, help, ..Ui::default() };
                            watch.draw(name, &app, &theme, size);
                        }
                    }
                }
            });
        })
    });
    each.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn every_small_size_is_drawn() {
    everything_at((1..=30).flat_map(|columns| (1..=12).map(move |rows| (columns, rows))).collect());
}

#[test]
fn sizes_around_every_threshold_are_drawn() {
    let columns = [31, 59, 60, 61, 79, 80, 100, 109, 110, 120, 159, 200, 300];
    let rows = [13, 17, 18, 19, 20, 24, 28, 31, 40, 60, 100];
    everything_at(columns.into_iter().flat_map(|columns| rows.map(|rows| (columns, rows))).collect());
}

#[test]
fn random_sizes_places_focuses_and_scrolls_are_drawn() {
    Watch::over(|watch| {
        let theme = theme();
        let apps = apps();
        let focus = prop_oneof![
            Just(None),
            (0..5).prop_map(|i| Some(Node::Postgres(format!("postgres-{i}").into()))),
            (0..5).prop_map(|i| Some(Node::Redis(format!("redis-{i}").into()))),
            (0..5).prop_map(|i| Some(Node::Sentinel(format!("redis-sentinel-{i}").into()))),
        ];
        let scroll = prop_oneof![Just(0), 0_u16..50, Just(u16::MAX)];
        let case = (1_u16..=300, 1_u16..=100, 0..SHOWN.len(), 0..apps.len(), any::<bool>(), focus, scroll);
        let apps = std::cell::RefCell::new(apps);
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(400) })
            .run(&case, |(columns, rows, shown, app, help, focus, scroll)| {
                let (place, pane) = SHOWN[shown];
                let (name, app) = &mut apps.borrow_mut()[app];
                app.ui = Ui { place, pane, help, focus, scroll, page: rows };
                watch.draw(name, app, &theme, (columns, rows));
                Ok(())
            })
            .unwrap();
    });
}
