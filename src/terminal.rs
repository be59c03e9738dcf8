//! The terminal: taken and given back, frames as the bytes that changed, and the thread that writes them. It knows no view.

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, queue};
use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::layout::Rect;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

mod encode;
pub mod prompt;

/// The thread that has taken the terminal.
static OWNER: Mutex<Option<ThreadId>> = Mutex::new(None);

fn owner() -> MutexGuard<'static, Option<ThreadId>> {
    OWNER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The terminal while it is ours. Dropping it leaves raw mode; the screen is given back by `farewell`, through the writer.
pub struct Guard(());

impl Guard {
    /// Takes the terminal: raw mode, alternate screen, pastes told from keys, no cursor.
    pub fn enter(frames: &mut impl Frames) -> io::Result<Guard> {
        crossterm::terminal::enable_raw_mode()?;
        let guard = Guard(());
        *owner() = Some(std::thread::current().id());
        let mut bytes = Vec::new();
        queue!(bytes, EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
        frames.send(bytes);
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = crossterm::terminal::disable_raw_mode();
        *owner() = None;
    }
}

/// The bytes that give the screen back.
pub fn farewell() -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = queue!(bytes, EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    bytes
}

/// Makes errors readable, and a panic give the terminal back before it is reported. A panic in a task or in another thread than
/// the one that took the terminal is only logged: the console lives on, and the task's owner decides.
pub fn install_hooks() -> color_eyre::Result<()> {
    color_eyre::config::HookBuilder::default().display_env_section(false).install()?;
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let elsewhere = owner().is_some_and(|owner| owner != std::thread::current().id());
        if elsewhere || tokio::task::try_id().is_some() {
            tracing::error!("{panic}");
            return;
        }
        leave_now();
        report(panic);
    }));
    Ok(())
}

/// Gives the terminal back at once, from wherever, if it is ours.
fn leave_now() {
    if !crossterm::terminal::is_raw_mode_enabled().unwrap_or(false) {
        return;
    }
    let _ = crossterm::terminal::disable_raw_mode();
    // From a thread: a stalled line must not keep the report waiting for ever.
    let (done, waiting) = sync_channel(1);
    let _ = std::thread::Builder::new().spawn(move || {
        let _ = io::stdout().write_all(&farewell()).and_then(|()| io::stdout().flush());
        let _ = done.send(());
    });
    let _ = waiting.recv_timeout(Duration::from_millis(500));
}

/// What the terminal shows, as far as we sent it.
pub struct Canvas {
    shown: Buffer,
    clear: bool,
    ascii: bool,
}

impl Canvas {
    /// A canvas on a terminal of which nothing is known, except perhaps that it can show nothing but ASCII.
    pub fn new(ascii: bool) -> Canvas {
        Canvas { shown: Buffer::empty(Rect::ZERO), clear: true, ascii }
    }

    /// The next frame clears the terminal and sends every cell.
    pub fn forget(&mut self) {
        self.clear = true;
    }

    /// The bytes that turn what is shown into `next`, which is shown from then on; none if nothing differs.
    pub fn frame(&mut self, mut next: Buffer) -> Vec<u8> {
        if self.ascii {
            // What we draw is ASCII by the theme; what servers say is in any language.
            next.content.iter_mut().filter(|cell| !cell.symbol().is_ascii()).for_each(|cell| {
                let plain = in_ascii(cell.symbol());
                cell.set_symbol(plain);
            });
        }
        let cleared = self.clear || next.area != self.shown.area;
        if cleared {
            self.shown = Buffer::empty(next.area);
        }
        self.mind_wide_characters(&mut next);
        let mut changes = self.shown.diff_iter(&next).peekable();
        let bytes = if cleared || changes.peek().is_some() { encode::frame(cleared, changes) } else { Vec::new() };
        self.shown = next;
        self.clear = false;
        bytes
    }

    /// Where a wide character is half covered in `next` it gives way; where one that is shown goes, terminals differ about what
    /// its other half becomes, so that is sent anew.
    fn mind_wide_characters(&mut self, next: &mut Buffer) {
        let wide = |cell: &Cell| !cell.symbol().is_ascii() && cell.cell_width() > 1;
        for index in 0..next.content.len() {
            let covered = next.content.get(index + 1).is_none_or(|after| after.symbol() != " ");
            let Some(cell) = next.content.get_mut(index) else { break };
            if covered && wide(cell) {
                cell.set_symbol(" ");
            }
            if self.shown.content.get(index).is_some_and(|shown| shown != cell && wide(shown))
                && let Some(half) = self.shown.content.get_mut(index + 1)
            {
                // A private character that nobody draws.
                half.set_symbol("\u{f8ff}");
            }
        }
    }
}

/// What stands for a symbol that the terminal cannot show.
fn in_ascii(symbol: &str) -> &'static str {
    match symbol {
        "↑" => "^",
        "↓" => "v",
        "←" | "‹" => "<",
        "→" | "›" | "≥" => ">",
        "×" => "x",
        "–" | "—" | "−" => "-",
        "‘" | "’" => "'",
        "“" | "”" | "„" | "«" | "»" => "\"",
        "…" => "~",
        "\u{a0}" => " ",
        _ => "?",
    }
}

/// Where frames go: one at a time, never waited for.
pub trait Frames {
    /// The last frame is out; another one may be sent.
    fn ready(&self) -> bool;
    /// Sends a frame; only when `ready`.
    fn send(&mut self, frame: Vec<u8>);
    /// Resolves when a busy writer has become ready. May resolve early; ask `ready`.
    fn until_ready(&self) -> impl Future<Output = ()>;
}

/// A thread with one slot between the loop and the terminal: a stalled line stalls the thread and nothing else.
pub struct Writer {
    slot: SyncSender<Vec<u8>>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    busy: AtomicBool,
    idle: Notify,
}

impl Writer {
    /// A writer to `out`, usually standard output.
    pub fn start(out: impl Write + Send + 'static) -> io::Result<Writer> {
        let (slot, frames) = sync_channel(1);
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        std::thread::Builder::new().name("frames".to_owned()).spawn(move || write_all(out, &frames, &theirs))?;
        Ok(Writer { slot, shared })
    }

    /// Sends the last bytes and waits for them, but not for longer than `limit`: a line that is stalled stays stalled.
    pub fn finish(mut self, last: Vec<u8>, limit: Duration) {
        let end = Instant::now() + limit;
        let wait = |writer: &Writer| {
            while !writer.ready() && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(2));
            }
        };
        wait(&self);
        if self.ready() {
            self.send(last);
            wait(&self);
        }
    }
}

impl Frames for Writer {
    fn ready(&self) -> bool {
        !self.shared.busy.load(Ordering::Acquire)
    }

    fn send(&mut self, frame: Vec<u8>) {
        self.shared.busy.store(true, Ordering::Release);
        if self.slot.try_send(frame).is_err() {
            // The thread has ended: nobody reads any more. The loop learns of it by the terminal's own signal.
            tracing::debug!("a frame was not written: the writer has ended");
        }
    }

    async fn until_ready(&self) {
        let idle = self.shared.idle.notified();
        if !self.ready() {
            idle.await;
        }
    }
}

fn write_all(mut out: impl Write, frames: &Receiver<Vec<u8>>, shared: &Shared) {
    while let Ok(frame) = frames.recv() {
        let written = out.write_all(&frame).and_then(|()| out.flush());
        shared.busy.store(false, Ordering::Release);
        shared.idle.notify_one();
        if let Err(error) = written {
            tracing::warn!(%error, "the terminal takes no more frames");
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::{Color, Style};

    fn buffer(text: &str) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 2));
        buffer.set_string(0, 1, text, Style::default().fg(Color::Green));
        buffer
    }

    #[test]
    fn the_same_frame_is_no_bytes() {
        let mut canvas = Canvas::new(false);
        assert!(!canvas.frame(buffer("lag 4.1 s")).is_empty());
        assert_eq!(canvas.frame(buffer("lag 4.1 s")), b"");
    }

    #[test]
    fn a_changed_digit_is_few_bytes() {
        let mut canvas = Canvas::new(false);
        canvas.frame(buffer("lag 4.1 s"));
        let bytes = canvas.frame(buffer("lag 4.2 s"));
        assert!(bytes.len() <= 64, "{} bytes: {:?}", bytes.len(), String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_terminal_that_knows_only_ascii_gets_nothing_else() {
        let mut canvas = Canvas::new(true);
        let bytes = String::from_utf8(canvas.frame(buffer("20×5 ↑ 接続 é"))).unwrap();
        assert!(bytes.is_ascii() && bytes.contains("20x5 ^ ?\u{1b}[10G?\u{1b}[12G ?"), "{bytes:?}");
        assert_eq!(canvas.frame(buffer("20×5 ↑ 接続 é")), b"");
    }

    #[test]
    fn a_forgotten_or_resized_screen_is_sent_whole() {
        let mut canvas = Canvas::new(false);
        let first = canvas.frame(buffer("x"));
        canvas.forget();
        assert_eq!(canvas.frame(buffer("x")), first);
    }

    #[test]
    fn a_stalled_terminal_keeps_nobody_waiting() {
        struct Stalled;
        impl Write for Stalled {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                std::thread::sleep(Duration::from_secs(3600));
                Ok(0)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut writer = Writer::start(Stalled).unwrap();
        assert!(writer.ready());
        writer.send(vec![1]);
        assert!(!writer.ready());
        let begun = Instant::now();
        writer.finish(vec![2], Duration::from_millis(50));
        assert!(begun.elapsed() < Duration::from_secs(2));
    }
}
