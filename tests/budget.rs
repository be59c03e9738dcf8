//! Budgets of the loop, counted on a paused clock: draws, writes and bytes; and that neither a flood of events nor a stalled terminal
//! takes the keys or the flow away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use quarterdeck::app::App;
use quarterdeck::event::*;
use quarterdeck::keymap::Place;
use quarterdeck::record::{self, Recorder};
use quarterdeck::run::{Ends, Input, Stats, Stop, run};
use quarterdeck::source::{self, Interests};
use quarterdeck::terminal::Frames;
use quarterdeck::theme::{Depth, Glyphs, Theme};
use quarterdeck::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

#[path = "support/made.rs"]
mod made;

const SIZES: [(u16, u16); 2] = [(120, 40), (200, 60)];

thread_local! {
    /// The wall clock runs with the paused one.
    static EPOCH: Cell<Option<Instant>> = const { Cell::new(None) };
}

fn wall() -> i64 {
    made::WALL + EPOCH.get().map_or(0, |epoch| epoch.elapsed().as_millis() as i64)
}

/// A terminal that counts.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    writes: Vec<(Instant, Vec<u8>)>,
    stalled: bool,
}

impl Screen {
    fn writes(&self) -> usize {
        self.0.lock().unwrap().writes.len()
    }

    /// What was written after the first `count` writes.
    fn since(&self, count: usize) -> Vec<(Instant, Vec<u8>)> {
        self.0.lock().unwrap().writes[count..].to_vec()
    }

    fn stall(&self) {
        self.0.lock().unwrap().stalled = true;
    }
}

impl Frames for Screen {
    fn ready(&self) -> bool {
        !self.0.lock().unwrap().stalled
    }

    fn send(&mut self, frame: Vec<u8>) {
        self.0.lock().unwrap().writes.push((Instant::now(), frame));
    }

    async fn until_ready(&self) {
        if !self.ready() {
            std::future::pending::<()>().await;
        }
    }
}

/// The other ends of the loop.
struct World {
    events: mpsc::Sender<Envelope>,
    inputs: mpsc::Sender<Input>,
    screen: Screen,
    epoch: Instant,
}

impl World {
    fn now(&self) -> Millis {
        self.epoch.elapsed().as_millis() as Millis
    }

    async fn send(&self, events: Vec<Envelope>) {
        for event in events {
            self.events.send(event).await.unwrap();
        }
    }

    async fn key(&self, code: KeyCode, modifiers: KeyModifiers) {
        self.inputs.send(Input::Key(KeyEvent::new(code, modifiers))).await.unwrap();
    }

    async fn press(&self, key: char) {
        self.key(KeyCode::Char(key), KeyModifiers::NONE).await;
    }

    async fn wait(&self, milliseconds: u64) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }

    /// Lets whole seconds pass in which the sources find nothing new.
    async fn idle(&self, seconds: u64) {
        for _ in 0..seconds {
            self.wait(1000 - self.now() % 1000).await;
            self.send(made::idle(self.now())).await;
        }
        self.wait(500).await;
    }

    /// Starts with a healthy plane and lets the sparklines fill up: while they do, the picture changes.
    async fn settled(&self) {
        self.send(made::healthy(0)).await;
        self.idle(130).await;
    }
}

/// Runs the loop against `script`, after which somebody quits.
async fn run_with<S: Future<Output = ()>>(
    size: (u16, u16),
    recorder: Option<Recorder>,
    script: impl FnOnce(Arc<World>) -> S,
) -> (App, Screen, Stop, Stats) {
    let epoch = Instant::now();
    EPOCH.set(Some(epoch));
    let (event_sender, events) = mpsc::channel(source::CHANNEL);
    let (input_sender, inputs) = mpsc::channel(64);
    let (interests, _wanted) = watch::channel(Interests::default());
    let screen = Screen::default();
    let world = Arc::new(World { events: event_sender, inputs: input_sender, screen: screen.clone(), epoch });
    let theme = Theme::load("dark", Depth::True, &Glyphs::UNICODE).unwrap();
    let mut app = App::new(false);
    let ends = Ends { events, inputs, frames: screen.clone(), interests, recorder, epoch, wall };
    let acting = async {
        script(world.clone()).await;
        world.press('q').await;
    };
    let ((stop, _, stats), ()) = tokio::join!(run(&mut app, &theme, size, ends), acting);
    (app, screen, stop, stats)
}

fn told(writes: &[(Instant, Vec<u8>)]) -> String {
    writes.iter().map(|(_, bytes)| format!("\n  {} bytes: {:?}", bytes.len(), String::from_utf8_lossy(bytes))).collect()
}

#[tokio::test(start_paused = true)]
async fn an_identical_state_draws_nothing_and_writes_nothing() {
    // What may change by itself is the clock in the header, once a minute, and ages that are on the screen. The overview of a healthy
    // plane shows none; the detail views show since when roles are held, by now in minutes, and all of them since the same moment.
    for size in SIZES {
        for place in ['1', '2', '3'] {
            let settled_and = async |seconds| {
                run_with(size, None, async move |world: Arc<World>| {
                    world.press(place).await;
                    world.settled().await;
                    world.idle(seconds).await;
                })
                .await
            };
            let (.., before) = settled_and(0).await;
            let (_, screen, _, after) = settled_and(60).await;
            let writes = screen.since(before.frames as usize);
            println!("{size:?} place {place}: {after}; in the last minute: {}", told(&writes));
            assert!(writes.iter().all(|(_, bytes)| bytes.len() <= 64), "{size:?} place {place}: {}", told(&writes));
            assert_eq!(writes.len(), if place == '1' { 1 } else { 2 }, "{size:?} place {place}: {}", told(&writes));
            assert_eq!(after.draws - before.draws, writes.len() as u64, "{size:?} place {place}: draws that changed nothing");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_frame_is_one_small_write() {
    for (size, limit) in [((120, 40), 16 * 1024), ((200, 60), 32 * 1024)] {
        for place in ['1', '2', '3'] {
            // All is known before the first frame: as much as there can ever be on it.
            let (_, screen, ..) = run_with(size, None, async move |world: Arc<World>| {
                world.send(made::healthy(0)).await;
                world.press(place).await;
                world.wait(100).await;
                world.key(KeyCode::Char('l'), KeyModifiers::CONTROL).await;
                world.wait(100).await;
            })
            .await;
            let frame = screen.since(0).pop().unwrap().1;
            println!("whole frame at {size:?}, place {place}: {} bytes", frame.len());
            assert!(frame.len() <= limit, "{} bytes at {size:?}", frame.len());
        }
    }
}

/// A fact about postgres-1, which is a standby, that has replayed all but `missing` bytes.
fn behind(at: Millis, missing: u64) -> Envelope {
    let fast = made::standby(made::END, made::END - missing);
    made::envelope(at, Upstream::Postgres, "postgres-1", Event::PgFast(Box::new(fast)))
}

#[tokio::test(start_paused = true)]
async fn one_changed_lag_is_one_small_write() {
    for size in SIZES {
        let start = Rc::new(Cell::new(0));
        let kept = start.clone();
        let (_, screen, ..) = run_with(size, None, async move |world: Arc<World>| {
            world.settled().await;
            let standby = |replayed| {
                let fast = Event::PgFast(Box::new(made::standby(made::END + 0x500, made::END + replayed)));
                made::envelope(world.now(), Upstream::Postgres, "postgres-1", fast)
            };
            let primary = Event::PgFast(Box::new(made::primary(made::END + 0x500)));
            world.send(vec![made::envelope(world.now(), Upstream::Postgres, "postgres-0", primary), standby(0)]).await;
            // The gate must open again, but no tenth of a second of the other standby's lag may pass.
            world.wait(40).await;
            kept.set(world.screen.writes());
            // The figure itself and, where there is room for it, the position.
            world.send(vec![standby(0x80)]).await;
            world.wait(100).await;
        })
        .await;
        let writes = screen.since(start.get());
        println!("{size:?}: {}", told(&writes));
        assert_eq!(writes.len(), 1, "{}", told(&writes));
        assert!(writes[0].1.len() <= 64, "{size:?}: {}", told(&writes));
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_is_a_synchronized_update_and_nothing_else() {
    let (_, screen, _, stats) = run_with((120, 40), None, async |world: Arc<World>| {
        world.send(made::healthy(0)).await;
        world.idle(3).await;
        world.send(made::disaster(world.now())).await;
        world.idle(30).await;
    })
    .await;
    let writes = screen.since(0);
    assert_eq!((stats.frames, stats.bytes), (writes.len() as u64, writes.iter().map(|(_, bytes)| bytes.len() as u64).sum()));
    for (_, bytes) in &writes {
        let text = std::str::from_utf8(bytes).unwrap();
        let inside = text.strip_prefix("\x1b[?2026h").and_then(|text| text.strip_suffix("\x1b[?2026l"));
        assert!(inside.is_some_and(|inside| !inside.is_empty() && !inside.contains("?2026")), "{text:?}");
    }
}

/// One of `count` events each of which changes what the screen shows.
fn news(world: &World, count: u64) -> Envelope {
    behind(world.now(), 96 * (count % 1000))
}

#[tokio::test(start_paused = true)]
async fn a_steady_flood_is_drawn_31_times_a_second_and_keys_are_served_within_50_ms() {
    let waits = Arc::new(Mutex::new(Vec::new()));
    let kept = waits.clone();
    let (_, screen, _, stats) = run_with((120, 40), None, async move |world: Arc<World>| {
        world.send(made::healthy(0)).await;
        world.wait(1000).await;
        // 10,000 events in two seconds, and a key now and then.
        for round in 0..400_u64 {
            for count in 0..25 {
                world.send(vec![news(&world, 25 * round + count)]).await;
            }
            if round % 40 == 20 {
                let (pressed, writes) = (Instant::now(), world.screen.writes());
                // It opens the help, and any key closes it.
                world.press('?').await;
                world.wait(5).await;
                let served = world.screen.since(writes).first().map(|(at, _)| at.duration_since(pressed));
                kept.lock().unwrap().push(served);
            } else {
                world.wait(5).await;
            }
        }
    })
    .await;
    let waits = waits.lock().unwrap().clone();
    assert!(waits.len() == 10 && waits.iter().all(|wait| wait.is_some_and(|wait| wait <= Duration::from_millis(50))), "{waits:?}");
    let flood = screen.since(0).iter().filter(|(at, _)| *at >= screen.since(0)[0].0 + Duration::from_millis(990)).count();
    println!("{flood} writes in two seconds, of which 10 for keys; {stats}");
    assert!(flood <= 2 * 31 + 10, "{flood} writes in two seconds");
    assert!(stats.events >= 10_000, "{stats}");
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_ten_thousand_is_one_or_two_draws_and_does_not_hold_a_key_back() {
    let figures = Arc::new(Mutex::new((0, 0)));
    let kept = figures.clone();
    let (app, _, _, stats) = run_with((120, 40), None, async move |world: Arc<World>| {
        world.send(made::healthy(0)).await;
        world.wait(1000).await;
        let begun = world.screen.writes();
        let mut sent_until_served = 0;
        for count in 0..10_000 {
            world.send(vec![news(&world, count)]).await;
            if count == 5_000 {
                world.press('2').await;
                kept.lock().unwrap().0 = world.screen.writes();
            }
            let served = world.screen.writes() > kept.lock().unwrap().0;
            sent_until_served += usize::from(count > 5_000 && !served);
        }
        world.wait(10).await;
        *kept.lock().unwrap() = (sent_until_served, world.screen.writes() - begun);
    })
    .await;
    let (sent_until_served, writes) = *figures.lock().unwrap();
    println!("the key was served after {sent_until_served} more events were sent; {writes} writes for the burst; {stats}");
    assert_eq!(app.ui.place, Place::Postgres);
    // No more than the channel holds and two turns of the loop: the key goes before what waits behind it.
    assert!(sent_until_served <= source::CHANNEL + 512, "{sent_until_served}");
    assert!(writes <= 3, "{writes}");
}

#[tokio::test(start_paused = true)]
async fn a_stalled_terminal_stops_neither_the_flow_nor_the_recording_nor_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stalled.jsonl");
    let (app, screen, stop, stats) = run_with((120, 40), Some(Recorder::create(&path).unwrap()), async |world: Arc<World>| {
        world.send(made::healthy(0)).await;
        world.idle(2).await;
        world.screen.stall();
        world.press('2').await;
        for count in 0..3000 {
            world.send(vec![news(&world, count)]).await;
        }
        world.idle(60).await;
        world.send(vec![behind(world.now(), 7)]).await;
        world.wait(100).await;
    })
    .await;
    assert_eq!(stop, Stop { reason: "quit", status: 0 });
    let replayed = app.model.postgres.server("postgres-1").unwrap().fast.as_ref().unwrap().value.replay_lsn;
    assert_eq!((replayed, app.ui.place), (Some(Lsn(made::END - 7)), Place::Postgres));
    let recorded = record::read(std::io::BufReader::new(std::fs::File::open(&path).unwrap())).unwrap();
    assert_eq!(recorded.len() as u64, stats.events);
    assert!(stats.draws < 10 && screen.writes() as u64 == stats.frames, "{stats}");
}

#[tokio::test(start_paused = true)]
async fn a_recording_gives_the_same_model_and_the_same_screen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.jsonl");
    let (mut app, ..) = run_with((120, 40), Some(Recorder::create(&path).unwrap()), async |world: Arc<World>| {
        world.send(made::healthy(0)).await;
        world.idle(40).await;
        world.send(made::disaster(world.now())).await;
        world.wait(15_000).await;
    })
    .await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("select") && !text.contains("見出し"), "a query was recorded");
    let mut again = App::new(false);
    for event in record::read(text.as_bytes()).unwrap() {
        again.on_event(&event);
    }
    // What is not recorded says so; all else is the same.
    let queries = |app: &mut App| -> Vec<String> {
        let server = app.model.postgres.servers.iter_mut().find(|s| &*s.name == "postgres-1").unwrap();
        let locks = server.locks.iter_mut().flat_map(|o| &mut o.value.rows).map(|row| &mut row.query);
        let statements = server.statements.iter_mut().flat_map(|o| &mut o.value.rows).map(|row| &mut row.query);
        locks.chain(statements).map(|query| std::mem::replace(query, "not recorded".to_owned())).collect()
    };
    assert!(queries(&mut again).iter().all(|query| query == "not recorded"));
    assert!(queries(&mut app).iter().any(|query| query.contains("select")));
    assert_eq!(app.model, again.model);
    let theme = Theme::load("dark", Depth::True, &Glyphs::UNICODE).unwrap();
    for size in SIZES {
        for place in [Place::Overview, Place::Postgres, Place::Redis] {
            let screen = |app: &mut App| {
                app.settle();
                app.ui.place = place;
                let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
                view::draw(app, &theme, &mut buffer);
                buffer
            };
            assert_eq!(screen(&mut app), screen(&mut again), "{place:?} at {size:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_repaint_sends_everything() {
    let start = Rc::new(Cell::new(0));
    let kept = start.clone();
    let (_, screen, ..) = run_with((120, 40), None, async move |world: Arc<World>| {
        world.send(made::healthy(0)).await;
        world.idle(5).await;
        kept.set(world.screen.writes());
        world.key(KeyCode::Char('l'), KeyModifiers::CONTROL).await;
        world.wait(10).await;
    })
    .await;
    let shown = |writes: &[(Instant, Vec<u8>)]| {
        let mut terminal = vt100::Parser::new(40.try_into().unwrap(), 120.try_into().unwrap(), 0);
        writes.iter().for_each(|(_, bytes)| terminal.process(bytes));
        terminal.screen().contents_formatted()
    };
    let repainted = screen.since(start.get());
    assert_eq!(repainted.len(), 1);
    assert_eq!(shown(&repainted), shown(&screen.since(0)));
}

#[tokio::test(start_paused = true)]
async fn another_size_is_drawn_at_once_and_whole() {
    let (_, screen, ..) = run_with((120, 40), None, async |world: Arc<World>| {
        world.send(made::healthy(0)).await;
        world.idle(2).await;
        for (columns, rows) in [(20, 5), (1, 1), (120, 40)] {
            world.inputs.send(Input::Resize(columns, rows)).await.unwrap();
            world.wait(1).await;
        }
    })
    .await;
    let writes = screen.since(screen.writes() - 3);
    assert!(writes.iter().all(|(_, bytes)| String::from_utf8_lossy(bytes).contains("\x1b[2J")), "{}", told(&writes));
    assert!(writes[2].1.len() > 1000);
}
