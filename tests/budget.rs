//! Budgets of the loop, counted on a paused clock: draws, writes and bytes; and that neither a flood of events nor a stalled terminal
//! takes the keys or the flow away.

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
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

#[path = "support/plane.rs"]
mod plane;

const SIZES: [(u16, u16); 2] = [(120, 40), (200, 60)];

thread_local! {
    /// The wall clock runs with the paused one.
    static EPOCH: Cell<Option<Instant>> = const { Cell::new(None) };
}

fn wall() -> i64 {
    plane::WALL + EPOCH.get().map_or(0, |epoch| epoch.elapsed().as_millis() as i64)
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
            self.send(plane::idle(self.now())).await;
        }
        self.wait(500).await;
    }

    /// Starts with a healthy plane and lets the sparklines fill up: while they do, the picture changes.
    async fn settled(&self) {
        self.send(plane::healthy(0)).await;
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
    // What may change by itself is the clock in the header, once a minute, and ages that are on the screen: a healthy plane shows
    // none, save those of the timeline and of restarts, which by now are minutes or more.
    for size in SIZES {
        for place in ['1', '2', '3'] {
            let figures = Arc::new(Mutex::new(Vec::new()));
            let kept = figures.clone();
            let (_, screen, _, stats) = run_with(size, None, async move |world: Arc<World>| {
                world.press(place).await;
                world.settled().await;
                let until_minute = 60_000 - (wall() % 60_000) as u64;
                world.wait(until_minute + 1500).await;
                world.idle(2).await;
                kept.lock().unwrap().push(world.screen.writes());
                world.idle(54).await;
                kept.lock().unwrap().push(world.screen.writes());
                world.idle(6).await;
                kept.lock().unwrap().push(world.screen.writes());
            })
            .await;
            let [begun, within_minute, after_minute] = figures.lock().unwrap()[..] else { unreachable!() };
            assert_eq!(within_minute, begun, "{size:?} place {place}: {}", told(&screen.since(begun)[..within_minute - begun]));
            let minute = screen.since(within_minute);
            assert_eq!(after_minute - within_minute, 1, "{size:?} place {place}: the clock: {}", told(&minute));
            assert!(minute[0].1.len() <= 64, "the minute: {}", told(&minute));
            println!("{size:?} place {place}: {stats}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_frame_is_one_small_write() {
    for (size, limit) in [((120, 40), 16 * 1024), ((200, 60), 32 * 1024)] {
        for place in ['1', '2', '3'] {
            // All is known before the first frame: as much as there can ever be on it.
            let (_, screen, ..) = run_with(size, None, async move |world: Arc<World>| {
                world.send(plane::healthy(0)).await;
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

#[tokio::test(start_paused = true)]
async fn one_changed_lag_is_one_small_write() {
    for size in SIZES {
        let start = Arc::new(Cell::new(0));
        let kept = start.clone();
        let (_, screen, ..) = run_with(size, None, async move |world: Arc<World>| {
            world.settled().await;
            kept.set(world.screen.writes());
            let mut fast = plane::standby(plane::END, plane::END);
            fast.replay_lsn = Some(Lsn(plane::END - 96));
            world.send(vec![plane::envelope(world.now(), Upstream::Postgres, "postgres-1", Event::PgFast(Box::new(fast)))]).await;
            world.wait(100).await;
        })
        .await;
        let writes = screen.since(start.get());
        println!("{size:?}: {}", told(&writes));
        assert_eq!(writes.len(), 1, "{}", told(&writes));
        assert!(writes[0].1.len() <= 64, "{size:?}: {}", told(&writes));
    }
}
