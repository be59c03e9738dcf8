//! The commands as a script meets them: exit statuses, standard output that breaks, and one line for what cannot be done. Nothing
//! here needs a server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use portable_pty::CommandBuilder;
use pty::Terminal;
use std::fs::File;
use std::process::{Command, Output, Stdio};

#[path = "support/pty.rs"]
mod pty;

/// A home directory; `status` there has one server at which nobody listens.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        // Bound for a moment, so that nobody else listens there now.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let place = home.0.path().join(".config/quarterdeck");
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("config.toml"), format!("[redis.addresses]\nr-0 = '{}'\n", free.local_addr().unwrap())).unwrap();
        home
    }

    /// The same on a terminal.
    fn on_terminal(&self, args: &[&str]) -> CommandBuilder {
        let mut command = pty::command(env!("CARGO_BIN_EXE_quarterdeck"), self.0.path());
        command.args(args);
        command
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
        command.env_clear().env("HOME", self.0.path()).current_dir(self.0.path()).args(args).stdin(Stdio::null());
        command
    }
}

fn said(output: &Output) -> (i32, String) {
    (output.status.code().expect("no signal"), String::from_utf8(output.stderr.clone()).unwrap())
}

const PRINTING: [&[&str]; 5] = [&["status"], &["status", "--output", "json"], &["config"], &["config", "--example"], &["--help"]];

// --- standard output --------------------------------------------------------------------------------------------------------

#[test]
fn nobody_reading_is_no_failure_and_the_verdict_stands() {
    let home = Home::new();
    for args in PRINTING {
        let expected = home.command(args).output().unwrap().status.code();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = home.command(args).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), expected, "{args:?}");
        assert_eq!(said(&output).1, "", "{args:?}");
    }
}

#[test]
fn a_full_disk_is_told_in_a_line() {
    let home = Home::new();
    for args in PRINTING {
        let output = home.command(args).stdout(File::options().write(true).open("/dev/full").unwrap()).output().unwrap();
        let (status, told) = said(&output);
        assert_eq!(status, 74, "{args:?}: {told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.starts_with("quarterdeck: standard output: No space left"), "{told}");
    }
}

// --- files ------------------------------------------------------------------------------------------------------------------

#[test]
fn a_file_that_cannot_be_created_is_named_with_the_reason() {
    let home = Home::new();
    std::fs::create_dir(home.0.path().join("folder")).unwrap();
    for (flag, what) in [("--record", "recording"), ("--log-file", "log file")] {
        for (path, reason) in [("/nowhere/x", "No such file or directory"), ("folder", "Is a directory")] {
            let (status, told) = said(&home.command(&["status", flag, path]).output().unwrap());
            assert_eq!(status, 73, "{told}");
            assert_eq!(told.lines().count(), 1, "{told}");
            assert!(told.starts_with(&format!("quarterdeck: the {what} {path} cannot be written: {reason}")), "{told}");
        }
    }
}

// --- log lines --------------------------------------------------------------------------------------------------------------

#[test]
fn log_lines_are_coloured_for_a_terminal_that_wants_it_and_for_nobody_else() {
    let home = Home::new();
    let piped = home.command(&["status"]).env("QUARTERDECK_REDONLY", "1").output().unwrap();
    assert!(said(&piped).1.contains("WARN environment QUARTERDECK_REDONLY"), "{piped:?}");
    assert!(!piped.stderr.contains(&0x1b), "{piped:?}");
    for (no_color, coloured) in [("", true), ("1", false)] {
        let mut command = home.on_terminal(&["status"]);
        command.env("QUARTERDECK_REDONLY", "1");
        command.env("NO_COLOR", no_color);
        let mut terminal = Terminal::start(command, 100, 30);
        terminal.ended();
        assert!(terminal.text().contains("WARN"));
        assert_eq!(terminal.bytes().contains(&0x1b), coloured, "NO_COLOR={no_color}");
    }
}

// --- configuration ----------------------------------------------------------------------------------------------------------

#[test]
fn a_theme_that_there_is_not_is_refused_by_every_command() {
    let home = Home::new();
    std::fs::write(home.0.path().join("wrong.toml"), "\ntheme = 'drak'").unwrap();
    for command in ["status", "config"] {
        let flag = home.command(&[command, "--theme", "drak"]).output().unwrap();
        let variable = home.command(&[command]).env("QUARTERDECK_THEME", "drak").output().unwrap();
        let file = home.command(&[command, "--config", "wrong.toml"]).output().unwrap();
        for (output, place) in [(flag, "flag --theme"), (variable, "environment QUARTERDECK_THEME"), (file, "wrong.toml:2")] {
            let told = format!("quarterdeck: {place}: unknown theme \"drak\"; nearest: dark (known: dark, mono, light, high-contrast)\n");
            assert_eq!(said(&output), (78, told), "{command}");
            assert!(output.stdout.is_empty());
        }
    }
}

// --- passwords --------------------------------------------------------------------------------------------------------------

/// `status` on a terminal, at its question.
fn asking(home: &Home) -> Terminal {
    let mut command = home.on_terminal(&["status"]);
    command.env("QUARTERDECK_REDIS_PROMPT", "1");
    let terminal = Terminal::start(command, 100, 30);
    terminal.wait_for("Password for Redis:");
    terminal
}

#[test]
fn an_answer_is_not_shown_and_the_line_is_as_it_was() {
    let home = Home::new();
    let mut terminal = asking(&home);
    terminal.keys("tr0ub4dor\r");
    assert_eq!(terminal.ended(), 3, "{}", terminal.text());
    terminal.assert_restored();
    let text = terminal.text();
    assert!(text.contains("r-0") && !text.contains("tr0ub4dor") && !text.contains("WARN"), "{text}");
}

#[test]
fn whoever_gives_no_password_gets_the_line_back() {
    for (keys, signal, status) in [("abc\x03", "", 130), ("abc", "INT", 130), ("abc", "TERM", 143), ("abc", "HUP", 129)] {
        let home = Home::new();
        let mut terminal = asking(&home);
        terminal.keys(keys);
        if !signal.is_empty() {
            terminal.signal(signal);
        }
        assert_eq!(terminal.ended(), status, "{signal}");
        terminal.assert_restored();
        let text = terminal.text();
        assert!(text.contains("no password was given") && !text.contains("r-0") && !text.contains("abc"), "{text}");
        assert!(!text.contains("WARN"), "{text}");
    }
    // Without this password other servers can still be watched.
    let mut terminal = asking(&Home::new());
    terminal.keys("\x04");
    assert_eq!(terminal.ended(), 3);
    terminal.assert_restored();
    terminal.wait_for("redis.prompt: no password: none was given");
    terminal.wait_for("r-0");
}

#[test]
fn the_console_asks_before_it_takes_the_screen_and_gets_its_keys_afterwards() {
    let home = Home::new();
    let config = home.0.path().join(".config/quarterdeck/config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}[sentinel]\nprompt = true\naddresses = {{ s-0 = '127.0.0.1:1' }}")).unwrap();
    let mut command = home.on_terminal(&[]);
    command.env("QUARTERDECK_REDIS_PROMPT", "1");
    let mut terminal = Terminal::start(command, 100, 30);
    terminal.wait_for("Password for Redis:");
    terminal.keys("one\r");
    terminal.wait_for("Password for Sentinel:");
    terminal.keys("two\r");
    terminal.wait_for("Architecture");
    terminal.keys("?");
    terminal.wait_for("Keys: Overview");
    terminal.keys("xq");
    assert_eq!(terminal.ended(), 0);
    terminal.assert_restored();
}

#[test]
fn status_can_be_interrupted_after_a_question_too() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::new();
    let mut command = home.on_terminal(&["status", "--timeout", "60"]);
    command.env("QUARTERDECK_REDIS_PROMPT", "1");
    command.env("QUARTERDECK_REDIS_ADDRESSES", format!("r-0={}", silent.local_addr().unwrap()));
    let mut terminal = Terminal::start(command, 100, 30);
    terminal.wait_for("Password for Redis:");
    terminal.keys("x\r");
    let _connected = silent.accept().unwrap();
    terminal.keys("\x03");
    assert_eq!(terminal.ended(), 130);
}

#[test]
fn the_question_is_not_part_of_the_output() {
    let home = Home::new();
    let mut command = CommandBuilder::new("sh");
    command.env_clear();
    for (name, value) in [("HOME", home.0.path().to_str().unwrap()), ("PATH", "/usr/bin:/bin"), ("QUARTERDECK_REDIS_PROMPT", "1")] {
        command.env(name, value);
    }
    command.cwd(home.0.path());
    command.args(["-c", "\"$0\" status > out", env!("CARGO_BIN_EXE_quarterdeck")]);
    let mut terminal = Terminal::start(command, 100, 30);
    terminal.wait_for("Password for Redis:");
    terminal.keys("x\r");
    assert_eq!(terminal.ended(), 3);
    let out = std::fs::read_to_string(home.0.path().join("out")).unwrap();
    assert!(out.contains("r-0") && !out.contains("Password"), "{out}");
}
