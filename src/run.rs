//! The loop: take a key, an event or the tick; then draw if what is shown may differ. The only loop, and it awaits neither an upstream
//! nor the terminal.

use crate::app::{App, Effect};
use crate::event::{Envelope, Event, Millis, Origin, Upstream};
use crate::keymap::{Intent, Keymap, Place};
use crate::record::Recorder;
use crate::source::Interests;
use crate::terminal::{Canvas, Frames};
use crate::theme::{Glyphs, Theme};
use crate::view;
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// Data is drawn at most once in this time; keys are drawn at once.
const GATE: Duration = Duration::from_millis(33);

/// Events taken in one turn before the loop looks at keys again.
const BURST: usize = 256;

/// A turn that takes longer than this is logged with its cause.
const LONG_TURN: Duration = Duration::from_millis(16);

/// The tick comes this long after the second, when the polls of that second have come back.
const TICK_OFFSET: Duration = Duration::from_millis(200);

/// What the person or the system at the terminal does.
#[derive(Clone, Debug)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// The terminal has another size: columns, rows.
    Resize(u16, u16),
    /// End: the terminal is gone, or somebody asked the process to stop.
    Stop(Stop),
}

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// In words.
    pub reason: &'static str,
    /// The exit status: 0 if somebody quit, 128 and the signal's number after a signal.
    pub status: u8,
}

/// What the loop is connected to.
pub struct Ends<F> {
    /// Facts from the sources.
    pub events: mpsc::Receiver<Envelope>,
    /// Keys and the like.
    pub inputs: mpsc::Receiver<Input>,
    /// Where frames go.
    pub frames: F,
    /// What the open view wants.
    pub interests: watch::Sender<Interests>,
    /// Where events are recorded.
    pub recorder: Option<Recorder>,
    /// When the program's clock was 0.
    pub epoch: Instant,
    /// The wall clock, Unix milliseconds.
    pub wall: fn() -> i64,
}

/// What a run cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// Frames computed.
    pub draws: u64,
    /// Frames sent, each in one write.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Events taken.
    pub events: u64,
    /// The longest turn of the loop.
    pub longest_turn: Duration,
}

impl std::fmt::Display for Stats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Stats { draws, frames, bytes, events, longest_turn } = self;
        write!(f, "{draws} draws, {frames} frames, {bytes} bytes, {events} events, longest turn {longest_turn:.1?}")
    }
}

/// Runs until somebody quits. Returns why, the frames' end, and what it cost.
pub async fn run<F: Frames>(app: &mut App, theme: &Theme, size: (u16, u16), ends: Ends<F>) -> (Stop, F, Stats) {
    let mut turn = Turn::new(app, theme, size, ends);
    let mut tick = tokio::time::interval_at(turn.ends.epoch + TICK_OFFSET, Duration::from_secs(1));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        turn.draw_if_due();
        let gate = turn.gate_opens();
        let stop = tokio::select! {
            biased;
            input = turn.ends.inputs.recv() => turn.on_input(input),
            _ = tick.tick() => turn.on_tick(),
            () = sleep_until(gate), if gate.is_some() => None,
            () = turn.ends.frames.until_ready(), if turn.dirty && !turn.ends.frames.ready() => None,
            Some(event) = turn.ends.events.recv() => turn.on_events(event),
        };
        if let Some(stop) = stop {
            return (stop, turn.ends.frames, turn.stats);
        }
    }
}

async fn sleep_until(moment: Option<Instant>) {
    if let Some(moment) = moment {
        tokio::time::sleep_until(moment).await;
    }
}

/// The loop's own state.
struct Turn<'a, F> {
    app: &'a mut App,
    theme: &'a Theme,
    keymap: Keymap,
    size: (u16, u16),
    ends: Ends<F>,
    canvas: Canvas,
    /// What is shown may differ from what is known.
    dirty: bool,
    /// A key or a resize waits for its effect: the gate does not apply.
    urgent: bool,
    last_draw: Option<Instant>,
    /// When the text on the screen changes by itself, because an age or the clock does.
    next_change: Option<Millis>,
    stats: Stats,
}

impl<'a, F: Frames> Turn<'a, F> {
    fn new(app: &'a mut App, theme: &'a Theme, size: (u16, u16), ends: Ends<F>) -> Turn<'a, F> {
        Turn {
            app,
            theme,
            keymap: Keymap::default(),
            size,
            ends,
            canvas: Canvas::new(*theme.glyphs == Glyphs::ASCII),
            dirty: true,
            urgent: true,
            last_draw: None,
            next_change: None,
            stats: Stats::default(),
        }
    }

    fn now(&self) -> Millis {
        Instant::now().saturating_duration_since(self.ends.epoch).as_millis() as Millis
    }

    fn on_input(&mut self, input: Option<Input>) -> Option<Stop> {
        match input {
            None => return Some(Stop { reason: "the terminal is gone", status: 129 }),
            Some(Input::Stop(stop)) => return Some(stop),
            Some(Input::Resize(columns, rows)) => self.size = (columns, rows),
            Some(Input::Key(key)) => {
                // Any key closes the help, even one that means nothing.
                let closing = self.app.ui.help.then_some(Intent::Back);
                let intent = self.keymap.intent(key.into(), self.app.ui.place).or(closing)?;
                match self.app.on_intent(intent) {
                    Some(Effect::Quit) => return Some(Stop { reason: "quit", status: 0 }),
                    Some(Effect::Repaint) => self.canvas.forget(),
                    None => {}
                }
                self.publish_interests();
            }
        }
        (self.dirty, self.urgent) = (true, true);
        None
    }

    fn on_tick(&mut self) -> Option<Stop> {
        tui_logger::move_events();
        let from = Origin { upstream: Upstream::Program, name: "".into() };
        let tick = Envelope { at: self.now(), from, generation: 0, event: Event::Tick { unix_ms: (self.ends.wall)() } };
        self.take(&tick);
        let aged = self.next_change.is_some_and(|at| self.app.model.now >= at);
        self.dirty |= aged || self.app.ui.place == Place::Log;
        None
    }

    fn on_events(&mut self, first: Envelope) -> Option<Stop> {
        let begun = std::time::Instant::now();
        let cause = (first.from.upstream, first.from.name.clone());
        self.take(&first);
        // Everything that has arrived is one frame's worth; but keys must not wait for a flood.
        for _ in 1..BURST {
            match self.ends.events.try_recv() {
                Ok(event) => self.take(&event),
                Err(_) => break,
            }
        }
        self.note_turn(begun, || format!("events, the first from {:?} {}", cause.0, cause.1));
        None
    }

    fn take(&mut self, envelope: &Envelope) {
        self.stats.events += 1;
        if let Some(recorder) = &mut self.ends.recorder {
            recorder.record(envelope);
        }
        self.dirty |= self.app.on_event(envelope);
    }

    /// When a draw that waits for the gate may happen.
    fn gate_opens(&self) -> Option<Instant> {
        let waits = self.dirty && self.ends.frames.ready();
        waits.then(|| self.last_draw.map_or_else(Instant::now, |last| last + GATE))
    }

    fn draw_if_due(&mut self) {
        let open = self.urgent || self.last_draw.is_none_or(|last| Instant::now() >= last + GATE);
        if !(self.dirty && open && self.ends.frames.ready()) {
            return;
        }
        let begun = std::time::Instant::now();
        self.app.settle();
        // Without a focus it is the primary that is looked at, and that may have become another one.
        self.publish_interests();
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
        let drawn = view::draw(self.app, self.theme, &mut buffer);
        self.app.drawn(drawn.rows, drawn.page);
        self.next_change = drawn.next_change;
        let frame = self.canvas.frame(buffer);
        self.stats.draws += 1;
        if !frame.is_empty() {
            self.stats.frames += 1;
            self.stats.bytes += frame.len() as u64;
            self.ends.frames.send(frame);
        }
        self.last_draw = Some(Instant::now());
        (self.dirty, self.urgent) = (false, false);
        self.note_turn(begun, || "drawing".to_owned());
    }

    fn publish_interests(&self) {
        let wanted = self.app.interests();
        self.ends.interests.send_if_modified(|known| std::mem::replace(known, wanted.clone()) != wanted);
    }

    fn note_turn(&mut self, begun: std::time::Instant, cause: impl FnOnce() -> String) {
        let took = begun.elapsed();
        self.stats.longest_turn = self.stats.longest_turn.max(took);
        if took > LONG_TURN {
            tracing::debug!(?took, cause = cause(), "a long turn of the loop");
        }
    }
}
