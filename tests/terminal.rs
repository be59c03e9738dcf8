//! The console as its user meets it: the real binary on a real pseudo-terminal. Its servers are addresses at which nobody listens,
//! so every link is down, and nothing but the terminal is under test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr)]

use portable_pty::CommandBuilder;
use pty::Terminal;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[path = "support/pty.rs"]
mod pty;

const BINARY: &str = env!("CARGO_BIN_EXE_quarterdeck");

/// A home directory with a configuration in it.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        // Bound for a moment, so that nobody else listens there now.
        let free: Vec<_> = (0..9).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let mut ports = free.iter().map(|listener| listener.local_addr().unwrap().port());
        let mut text = String::new();
        for (section, prefix) in [("postgres", "postgres"), ("redis", "redis"), ("sentinel", "redis-sentinel")] {
            text += &format!("[{section}.addresses]\n");
            text.extend((0..3).map(|i| format!("{prefix}-{i} = \"127.0.0.1:{}\"\n", ports.next().unwrap())));
        }
        std::fs::write(home.path("config.toml"), text).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The console with this configuration and more arguments.
    fn console(&self, more: &[&str]) -> CommandBuilder {
        let mut command = pty::command(BINARY, self.0.path());
        command.arg("--config");
        command.arg(self.path("config.toml"));
        command.args(more);
        command
    }

    /// The console at 100 × 30, when it shows what it knows.
    fn started(&self, more: &[&str]) -> Terminal {
        let terminal = Terminal::start(self.console(more), 100, 30);
        terminal.wait_for("down: connection");
        terminal
    }
}

#[test]
fn it_starts_shows_what_it_knows_and_leaves_the_terminal_as_it_was() {
    let home = Home::new();
    let mut terminal = home.started(&[]);
    for text in ["quarterdeck", "moltbook", "postgres-0", "redis-2", "sentinel-1", "Architecture", "UTC"] {
        terminal.wait_for(text);
    }
    assert!(terminal.is_taken());
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    terminal.assert_restored();
}

#[test]
fn keys_lead_to_the_places_and_back() {
    let home = Home::new();
    let mut terminal = home.started(&[]);
    let gone = |text: &'static str| move |screen: &str| !screen.contains(text);
    terminal.keys("?");
    terminal.wait_for("Keys: Overview");
    terminal.keys("x");
    terminal.wait("the help to close", gone("Keys: "));
    for (key, title) in [("2", "Keys: PostgreSQL"), ("3", "Keys: Redis and Sentinel"), ("1", "Keys: Overview")] {
        terminal.keys(key);
        terminal.wait_for("? help");
        terminal.keys("?");
        terminal.wait_for(title);
        terminal.keys("?");
        terminal.wait("the help to close", gone("Keys: "));
    }
    terminal.keys("l");
    terminal.wait_for("newest below");
    terminal.keys("\x1b");
    terminal.wait_for("Architecture");
    // Down to the first box and into it; the arrow as a terminal sends it.
    terminal.keys("\x1b[B\r");
    terminal.wait("the overview to go", gone("Architecture"));
    terminal.keys("\x1b");
    terminal.wait_for("Architecture");
    // Ctrl-L clears and sends everything again.
    let before = terminal.bytes().len();
    terminal.keys("\x0c");
    terminal.wait("a repaint", |_| String::from_utf8_lossy(&terminal.bytes()[before..]).contains("\x1b[2J"));
    terminal.keys("\x03");
    assert_eq!(terminal.ended(), 0);
    terminal.assert_restored();
}

#[test]
fn a_small_terminal_is_told_so_and_a_large_one_gets_the_picture_back() {
    let home = Home::new();
    let mut terminal = home.started(&[]);
    terminal.resize(20, 5);
    terminal.wait("the size that is needed", |screen| screen.contains("20×5") && !screen.contains("Architecture"));
    terminal.resize(140, 45);
    terminal.wait_for("Timeline");
    terminal.resize(100, 30);
    terminal.wait_for("Architecture");
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn a_terminal_that_stands_still_stops_nothing() {
    let home = Home::new();
    let recording = home.path("run.jsonl");
    let mut terminal = home.started(&["--record", recording.to_str().unwrap()]);
    let lines = || std::fs::read_to_string(&recording).unwrap().lines().count();
    terminal.pause();
    // More than the line can hold, in frames that nobody reads.
    for _ in 0..20 {
        terminal.keys("2\x0c1\x0c");
        std::thread::sleep(Duration::from_millis(20));
    }
    // Three ticks at least, and what the sources have to say.
    let (before, end) = (lines(), Instant::now() + pty::LIMIT);
    while lines() < before + 4 {
        assert!(Instant::now() < end, "the flow stands still: {before} lines, then {}", lines());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(terminal.lives());
    terminal.resume();
    terminal.keys("?");
    terminal.wait_for("Keys: Overview");
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    terminal.assert_restored();
}

#[test]
fn one_can_leave_a_terminal_that_stands_still() {
    let home = Home::new();
    let mut terminal = home.started(&[]);
    terminal.pause();
    for _ in 0..20 {
        terminal.keys("2\x0c1\x0c");
        std::thread::sleep(Duration::from_millis(20));
    }
    terminal.keys("q");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), 0);
}

#[test]
fn signals_end_it_and_give_the_terminal_back() {
    for (signal, status) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let home = Home::new();
        let mut terminal = home.started(&[]);
        assert!(terminal.is_taken());
        terminal.signal(signal);
        assert_eq!(terminal.ended(), status, "{signal}");
        terminal.assert_restored();
    }
}

#[test]
fn when_the_terminal_is_gone_the_process_ends_by_itself() {
    let home = Home::new();
    let mut terminal = home.started(&[]);
    terminal.hang_up();
    assert_eq!(terminal.ended_within(Duration::from_secs(2)), 129);
}

/// Runs `role` of this test binary on a terminal: it panics in ways that the console never should.
fn misfortune(role: &str) -> Terminal {
    let home = tempfile::tempdir().unwrap();
    let mut command = pty::command(std::env::current_exe().unwrap(), home.path());
    command.args(["--exact", "the_one_that_panics", "--nocapture"]);
    command.env("QUARTERDECK_TEST_PANIC", role);
    Terminal::start(command, 100, 30)
}

#[test]
fn the_one_that_panics() {
    let Ok(role) = std::env::var("QUARTERDECK_TEST_PANIC") else { return };
    quarterdeck::terminal::install_hooks().unwrap();
    let mut frames = quarterdeck::terminal::Writer::start(std::io::stdout()).unwrap();
    let guard = quarterdeck::terminal::Guard::enter(&mut frames).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(quarterdeck::terminal::Frames::until_ready(&frames));
    if role != "loop" {
        let broke = match &*role {
            "task" => runtime.block_on(async { tokio::spawn(async { panic!("a task broke") }).await.is_err() }),
            _ => std::thread::spawn(|| panic!("a thread broke")).join().is_err(),
        };
        assert!(broke);
        println!("the console lives on");
        let mut line = [0];
        let _ = std::io::Read::read(&mut std::io::stdin(), &mut line);
        frames.finish(quarterdeck::terminal::farewell(), Duration::from_secs(1));
        drop(guard);
    } else {
        runtime.block_on(async { panic!("the loop broke") });
    }
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_reported() {
    let mut terminal = misfortune("loop");
    assert_ne!(terminal.ended(), 0);
    terminal.assert_restored();
    // On the normal screen, after the alternate one was left.
    let bytes = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    let (_, after) = bytes.rsplit_once("\x1b[?1049l").unwrap();
    assert!(after.contains("the loop broke") && after.contains("terminal.rs"), "{after:?}");
}

#[test]
fn a_panic_elsewhere_leaves_the_console_its_terminal() {
    for role in ["task", "thread"] {
        let mut terminal = misfortune(role);
        terminal.wait_for("the console lives on");
        assert!(terminal.is_taken(), "{role}");
        assert!(!terminal.text().contains("broke"), "{role}");
        terminal.keys("x");
        assert_eq!(terminal.ended(), 0, "{role}");
        terminal.assert_restored();
    }
}

#[test]
fn without_a_terminal_it_names_status() {
    let home = Home::new();
    let piped = Command::new(BINARY).arg("--config").arg(home.path("config.toml")).stdin(Stdio::null()).output().unwrap();
    assert_eq!((piped.status.code(), &*piped.stdout), (Some(64), &b""[..]));
    let said = String::from_utf8(piped.stderr).unwrap();
    assert!(said.contains("terminal") && said.contains("quarterdeck status"), "{said}");
}

#[test]
fn what_cannot_be_used_is_named_before_the_screen_is_taken() {
    let home = Home::new();
    std::fs::write(home.path("wrong.toml"), "thme = \"dark\"\n").unwrap();
    for (arguments, wanted) in [
        (vec!["--theme", "darkk"], vec!["darkk", "dark"]),
        (vec!["--config", "wrong.toml"], vec!["wrong.toml", "thme", "theme"]),
        (vec!["--config", "absent.toml"], vec!["absent.toml"]),
    ] {
        let mut command = pty::command(BINARY, home.0.path());
        command.args(&arguments);
        let mut terminal = Terminal::start(command, 100, 30);
        assert_eq!(terminal.ended(), 78, "{arguments:?}");
        terminal.assert_restored();
        let bytes = String::from_utf8_lossy(&terminal.bytes()).into_owned();
        assert!(!bytes.contains("\x1b[?1049h"), "{bytes:?}");
        assert!(wanted.iter().all(|word| bytes.contains(word)), "{arguments:?}: {bytes:?}");
    }
}

/// Everything that the console writes while it goes through its places, with these variables set.
fn tour(home: &Home, variables: &[(&str, &str)], more: &[&str]) -> String {
    let mut command = home.console(more);
    variables.iter().for_each(|(name, value)| command.env(name, value));
    let mut terminal = Terminal::start(command, 120, 40);
    terminal.wait_for("down: connection");
    for (key, text) in [("?", "Keys: "), ("x", "Architecture"), ("2", "PostgreSQL"), ("3", "Redis"), ("l", "newest below")] {
        terminal.keys(key);
        terminal.wait_for(text);
    }
    terminal.resize(30, 6);
    terminal.wait_for("needs");
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    String::from_utf8(terminal.bytes()).unwrap()
}

/// The parameters of every sequence that sets colours or weights.
fn looks(bytes: &str) -> Vec<String> {
    let sequences = bytes.split("\x1b[").skip(1).filter_map(|rest| rest.split_once(|c: char| !c.is_ascii_digit() && c != ';' && c != '?'));
    // What ended the parameters is not returned; only a colour has several or is 30 and above.
    let ends = |parameters: &str| bytes.contains(&format!("\x1b[{parameters}m"));
    sequences.map(|(parameters, _)| parameters.to_owned()).filter(|parameters| ends(parameters)).collect()
}

#[test]
fn ascii_is_nothing_but_ascii() {
    let home = Home::new();
    for (variables, more) in [(&[][..], &["--ascii"][..]), (&[("LANG", "C")], &[]), (&[("TERM", "linux")], &[])] {
        let bytes = tour(&home, variables, more);
        let foreign: Vec<_> = bytes.chars().filter(|c| !c.is_ascii()).collect();
        assert!(foreign.is_empty(), "{variables:?} {more:?}: {foreign:?}");
    }
}

#[test]
fn colours_are_those_that_the_terminal_shows() {
    let home = Home::new();
    let has = |looks: &[String], what: &str| looks.iter().any(|look| format!(";{look}").contains(what));
    let of = |variables: &[(&str, &str)]| looks(&tour(&home, variables, &[]));
    let full = of(&[("COLORTERM", "truecolor")]);
    assert!(has(&full, ";38;2;") && !has(&full, ";38;5;"), "{full:?}");
    let indexed = of(&[]);
    assert!(has(&indexed, ";38;5;") && !has(&indexed, ";38;2;"), "{indexed:?}");
    let sixteen = of(&[("TERM", "xterm")]);
    assert!(has(&sixteen, ";3") && !has(&sixteen, ";38") && !has(&sixteen, ";48"), "{sixteen:?}");
    let none = of(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
    let colours = |look: &String| look.split(';').any(|code| code.parse().is_ok_and(|code: u8| (30..=49).contains(&code) || code >= 90));
    assert!(!none.iter().any(colours), "{none:?}");
}
