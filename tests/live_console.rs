//! The real program on a pseudo-terminal, watching real servers: the ten-line configuration, the prompt for a password, a stopped server
//! that is told on the screen and heals. Nothing of the password is ever shown, recorded or logged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/pty.rs"]
mod pty;
mod support;

use pty::{Terminal, command};
use std::path::Path;
use std::time::{Duration, Instant};
use support::postgres::{WATCHER, WATCHER_PASSWORD};
use support::{Dir, Plane, config_toml};

const PROGRAM: &str = env!("CARGO_BIN_EXE_quarterdeck");

fn start(home: &Path, config: &str, more: &[&str]) -> Terminal {
    let file = home.join("config.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = command(PROGRAM, home);
    command.args(["--config", file.to_str().unwrap()]);
    command.args(more);
    Terminal::start(command, 120, 40)
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|part| part == needle.as_bytes())
}

#[test]
fn it_asks_for_a_password_shows_the_living_diagram_and_what_stops_in_it() {
    let home = Dir::new("console");
    let plane = Plane::start();
    let asking = format!("user = \"{WATCHER}\"\nprompt = true\n");
    let config = config_toml(&plane).replace("user = \"postgres\"\n", &asking);
    let (record, log) = (home.path().join("events.jsonl"), home.path().join("log.txt"));
    let mut terminal = start(home.path(), &config, &["--record", record.to_str().unwrap(), "--log-file", log.to_str().unwrap(), "-vv"]);

    terminal.wait("a question", |screen| screen.to_lowercase().contains("password"));
    assert!(!terminal.screen(vt100::Screen::alternate_screen), "the screen is not taken before the answer");
    terminal.keys(WATCHER_PASSWORD);
    terminal.keys("\r");
    let asked = Instant::now();
    terminal.wait("all nine servers", |screen| screen.contains("pg ●●●  redis ●●●  sentinel ●●●"));
    // The promise is a second from the start; logging in with SCRAM takes its time in a build without optimisation.
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    terminal.wait_for("★ PRIMARY  TL 1");
    terminal.wait_for("★ MASTER");

    plane.redis.nodes[2].process.stop();
    let stopped = Instant::now();
    terminal.wait_for("hung: accepts connections");
    assert!(stopped.elapsed() < Duration::from_secs(5), "told after {:?}", stopped.elapsed());
    plane.redis.nodes[2].process.cont();
    terminal.wait("it is healed", |screen| screen.contains("redis ●●●") && !screen.contains("hung: accepts"));

    terminal.keys("q");
    terminal.wait("the screen is given back", |_| true);
    let shown = terminal.bytes();
    drop(terminal);
    for (what, bytes) in [("screen", shown), ("recording", std::fs::read(&record).unwrap()), ("log", std::fs::read(&log).unwrap())] {
        assert!(!bytes.is_empty() && !contains(&bytes, WATCHER_PASSWORD), "the password is in the {what}");
    }
    assert!(quarterdeck::record::read(&*std::fs::read(&record).unwrap()).unwrap().len() > 20);
}
