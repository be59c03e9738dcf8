//! A program on a real pseudo-terminal: what it writes, what a terminal would show after it, keys, sizes, signals and the end.
//! Everything waits for a condition, with one generous limit; nothing sleeps and hopes.
#![allow(dead_code, reason = "each test uses its own part")]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// The longest wait for anything: machines that run tests are slow at times.
pub const LIMIT: Duration = Duration::from_secs(30);

const READ: u8 = 0;
const PAUSE: u8 = 1;
const HANG_UP: u8 = 2;

/// A terminal with a program in it. The program is ended when this is dropped.
pub struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    screen: Arc<Mutex<Shown>>,
    reading: Arc<AtomicU8>,
    reader: Option<std::thread::JoinHandle<()>>,
    /// Modes of the line before the program began: local, input and output flags.
    modes: (u64, u64, u64),
}

struct Shown {
    parser: vt100::Parser,
    bytes: Vec<u8>,
}

/// A command without the environment of whoever runs the tests: `home` is the home directory.
pub fn command(program: impl AsRef<Path>, home: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(program.as_ref());
    command.env_clear();
    command.cwd(home);
    let path = std::env::var("PATH").unwrap_or_default();
    for (name, value) in [("PATH", &*path), ("TERM", "xterm-256color"), ("LANG", "C.UTF-8")] {
        command.env(name, value);
    }
    command.env("HOME", home);
    command
}

impl Terminal {
    /// Starts `command` on a terminal of `columns` and `rows`.
    pub fn start(command: CommandBuilder, columns: u16, rows: u16) -> Terminal {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let modes = modes(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let parser = vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0);
        let screen = Arc::new(Mutex::new(Shown { parser, bytes: Vec::new() }));
        let reading = Arc::new(AtomicU8::new(READ));
        let (input, theirs, state) = (pair.master.try_clone_reader().unwrap(), screen.clone(), reading.clone());
        let reader = std::thread::spawn(move || read(input, &theirs, &state));
        let writer = pair.master.take_writer().unwrap();
        Terminal { master: Some(pair.master), writer: Some(writer), child, screen, reading, reader: Some(reader), modes }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.screen.lock().unwrap()
    }

    /// The text on the screen.
    pub fn text(&self) -> String {
        self.shown().parser.screen().contents()
    }

    /// Everything that was written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.shown().bytes.clone()
    }

    /// Looks at the screen.
    pub fn screen<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.shown().parser.screen())
    }

    /// Waits until the condition holds of the text on the screen.
    #[track_caller]
    pub fn wait(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let end = Instant::now() + LIMIT;
        while !holds(&self.text()) {
            assert!(Instant::now() < end, "waited in vain for {what}; the screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until `text` is on the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait(&format!("{text:?}"), |screen| screen.contains(text));
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).and_then(|()| writer.flush()).unwrap();
    }

    /// Gives the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        let mut shown = self.shown();
        shown.parser.screen_mut().set_size(rows.try_into().unwrap(), columns.try_into().unwrap());
        self.master.as_ref().unwrap().resize(size(columns, rows)).unwrap();
    }

    /// Stops reading: what the program writes piles up until it cannot write any more.
    pub fn pause(&self) {
        self.reading.store(PAUSE, Ordering::Release);
    }

    /// Reads again.
    pub fn resume(&self) {
        self.reading.store(READ, Ordering::Release);
    }

    /// Takes the terminal away: nobody holds its other end any more. Types a key, so that the reader wakes up.
    pub fn hang_up(&mut self) {
        self.reading.store(HANG_UP, Ordering::Release);
        self.keys("?");
        self.reader.take().unwrap().join().unwrap();
        self.writer = None;
        self.master = None;
    }

    /// The process' id.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Sends a signal, for example `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end and for all that was written before; returns the exit status.
    #[track_caller]
    pub fn ended(&mut self) -> u32 {
        let status = self.ended_within(LIMIT);
        // The end of what was written is known when the other end is closed.
        if let Some(reader) = self.reader.take() {
            let end = Instant::now() + LIMIT;
            while !reader.is_finished() && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        status
    }

    /// Waits for the end, but not for longer than `limit`.
    #[track_caller]
    pub fn ended_within(&mut self, limit: Duration) -> u32 {
        let end = Instant::now() + limit;
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status.exit_code(),
                None if Instant::now() > end => panic!("still running after {limit:?}; the screen:\n{}", self.text()),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// The process is there.
    pub fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// The terminal is taken: alternate screen, no cursor, pastes told from keys, no line discipline.
    pub fn is_taken(&self) -> bool {
        self.screen(|s| s.alternate_screen() && s.hide_cursor() && s.bracketed_paste())
            && modes(&**self.master.as_ref().unwrap()) != self.modes
    }

    /// Asserts that the terminal is as it was before the program began.
    #[track_caller]
    pub fn assert_restored(&self) {
        let (alternate, hidden, paste) = self.screen(|s| (s.alternate_screen(), s.hide_cursor(), s.bracketed_paste()));
        assert!(!alternate, "the alternate screen is still shown");
        assert!(!hidden, "the cursor is still hidden");
        assert!(!paste, "pastes are still bracketed");
        assert_eq!(modes(&**self.master.as_ref().unwrap()), self.modes, "the line's modes");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn modes(master: &(dyn MasterPty + Send)) -> (u64, u64, u64) {
    let modes = master.get_termios().unwrap();
    (modes.local_flags.bits().into(), modes.input_flags.bits().into(), modes.output_flags.bits().into())
}

fn read(mut input: Box<dyn Read + Send>, screen: &Mutex<Shown>, state: &AtomicU8) {
    let mut buffer = [0; 512];
    loop {
        while state.load(Ordering::Acquire) == PAUSE {
            std::thread::sleep(Duration::from_millis(5));
        }
        // The other end is closed: an error on Linux, nothing elsewhere.
        let Ok(count @ 1..) = input.read(&mut buffer) else { return };
        let mut shown = screen.lock().unwrap();
        shown.bytes.extend(&buffer[..count]);
        shown.parser.process(&buffer[..count]);
        if state.load(Ordering::Acquire) == HANG_UP {
            return;
        }
    }
}
