//! The console: takes the terminal, starts the sources, runs the loop, and gives the terminal back whatever happens.

use crate::app::App;
use crate::event::{Envelope, Event, Origin, Stack, Upstream};
use crate::record::Recorder;
use crate::run::{Ends, Input, Stats, Stop, run};
use crate::source::{self, Interests, Targets};
use crate::terminal::{self, Writer};
use crate::theme::Theme;
use color_eyre::eyre::{Context, Result};
use crossterm::event::{Event as TerminalEvent, EventStream, KeyEventKind};
use futures::StreamExt;
use std::fs::File;
use std::os::fd::AsFd;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// How long leaving may wait for a slow terminal.
const FAREWELL: Duration = Duration::from_millis(500);

/// What a console is opened with.
pub struct Opening {
    /// The stack as configured.
    pub stack: Stack,
    /// What to watch.
    pub targets: Targets,
    /// How it looks.
    pub theme: Theme,
    /// Nothing that can write may be built.
    pub read_only: bool,
    /// Where events are recorded.
    pub recorder: Option<Recorder>,
}

/// Runs the console until somebody quits or the terminal goes. Returns why it ended and what it cost.
pub async fn open(opening: Opening) -> Result<(Stop, Stats)> {
    let epoch = Instant::now();
    let (event_sender, events) = mpsc::channel(source::CHANNEL);
    let (input_sender, inputs) = mpsc::channel(64);
    let (interests, wanted) = watch::channel(Interests::default());
    let origin = Origin { upstream: Upstream::Program, name: "".into() };
    let first = Envelope { at: 0, from: origin, generation: 0, event: Event::Stack(Box::new(opening.stack)) };
    event_sender.try_send(first).wrap_err("the first event")?;

    // A copy of the descriptor without the line buffer and the lock of `stdout()`: the writer may be stuck in a write when we leave.
    let out = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    let mut frames = Writer::start(out)?;
    let size = crossterm::terminal::size()?;
    // Caught before the terminal is taken: one that comes in between must not leave it raw.
    let signals = Signals::catch()?;
    let guard = terminal::Guard::enter(&mut frames)?;
    let targets = &opening.targets;
    tracing::info!(
        "watching {} PostgreSQL servers, {} Redis nodes, {} Sentinels",
        targets.postgres.len(),
        targets.redis.len(),
        targets.sentinel.len()
    );
    let sources = source::start(opening.targets, &event_sender, epoch, &wanted);
    let inputs_task = tokio::spawn(read_inputs(input_sender, signals));

    let mut app = App::new(opening.read_only);
    let ends = Ends { events, inputs, frames, interests, recorder: opening.recorder, epoch, wall: unix_ms };
    let (stop, frames, stats) = run(&mut app, &opening.theme, size, ends).await;
    inputs_task.abort();
    drop(sources);
    frames.finish(terminal::farewell(), FAREWELL);
    drop(guard);
    Ok((stop, stats))
}

fn unix_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// The signals that ask for an end.
struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
}

impl Signals {
    fn catch() -> std::io::Result<Signals> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Signals { terminate, hang_up: signal(SignalKind::hangup())?, interrupt: signal(SignalKind::interrupt())? })
    }
}

/// Keys, resizes and signals, as inputs. Ends when the loop does.
async fn read_inputs(inputs: mpsc::Sender<Input>, mut signals: Signals) {
    let mut keys = EventStream::new();
    loop {
        let input = tokio::select! {
            _ = signals.terminate.recv() => Input::Stop(Stop { reason: "asked to end (TERM)", status: 143 }),
            _ = signals.hang_up.recv() => Input::Stop(Stop { reason: "the terminal hung up", status: 129 }),
            _ = signals.interrupt.recv() => Input::Stop(Stop { reason: "interrupted", status: 130 }),
            event = keys.next() => match event {
                Some(Ok(TerminalEvent::Key(key))) if key.kind != KeyEventKind::Release => Input::Key(key),
                Some(Ok(TerminalEvent::Resize(columns, rows))) => Input::Resize(columns, rows),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Input::Stop(Stop { reason: "the terminal is gone", status: 129 }),
            },
        };
        let last = matches!(input, Input::Stop(_));
        if inputs.send(input).await.is_err() || last {
            return;
        }
    }
}
