//! The README is a promise: its picture, its keys, its configuration and its commands are those of the program.
//! `UPDATE_README=1 cargo test --test readme` rewrites the picture and the keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/scenario.rs"]
mod scenario;

use clap::Parser;
use quarterdeck::cli::Cli;
use quarterdeck::keymap;
use quarterdeck::theme::{Depth, Glyphs, Theme};
use quarterdeck::view::{self, picture};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use scenario::{Scenario, replay};
use std::path::{Path, PathBuf};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn file(path: &str) -> String {
    std::fs::read_to_string(root(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The file says this; with `UPDATE_README` it is made to.
fn holds(path: &str, wanted: &str) {
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(root(path), wanted).unwrap();
    }
    assert!(file(path) == wanted, "{path} is out of date: UPDATE_README=1 cargo test --test readme");
}

/// The fenced blocks of one language.
fn blocks(language: &str) -> Vec<String> {
    let text = file("README.md");
    let fenced = text.split("\n```").skip(1).step_by(2);
    fenced.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n').map(str::to_owned)).collect()
}

#[test]
fn the_picture_is_what_the_program_draws() {
    let scenario = Scenario::load("redis-failover");
    let moment = scenario.moments.iter().find(|moment| moment.name == "4-named").unwrap();
    let app = replay(scenario.until(moment));
    let theme = Theme::load("dark", Depth::True, &Glyphs::UNICODE).unwrap();
    let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 40));
    view::draw(&app, &theme, &mut buffer);
    holds("assets/overview.svg", &picture::svg(&buffer, &theme, "Quarterdeck's overview while Sentinel fails over to redis-1"));
    assert!(file("README.md").contains("](assets/overview.svg)"), "the README shows the picture");
}

#[test]
fn the_keys_are_those_of_the_table() {
    let readme = file("README.md");
    let (before, rest) = readme.split_once("<!-- keys -->\n").expect("a mark where the keys begin");
    let (_, after) = rest.split_once("<!-- /keys -->").expect("a mark where they end");
    holds("README.md", &format!("{before}<!-- keys -->\n\n{}\n<!-- /keys -->{after}", keymap::markdown()));
}

#[test]
fn the_configuration_is_accepted_and_ten_lines_long() {
    let [toml] = blocks("toml").try_into().expect("one configuration");
    assert_eq!(toml.trim().lines().count(), 10, "{toml}");
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.toml");
    std::fs::write(&config, &toml).unwrap();
    let said = quarterdeck().args(["config", "--config"]).arg(&config).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let said = String::from_utf8(said.stdout).unwrap();
    for address in toml.split('"').filter(|word| word.contains(':') && word.contains('.')) {
        assert!(said.contains(address), "{address} is in effect: {said}");
    }
}

/// The binary, in an environment of its own.
fn quarterdeck() -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
    command.env_clear().env("HOME", "/nonexistent").env("PATH", "/usr/bin:/bin");
    command
}

#[test]
fn every_command_line_is_understood() {
    let lines: Vec<String> = blocks("sh").iter().flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let ours: Vec<_> = lines.iter().filter(|line| line.starts_with("quarterdeck")).collect();
    assert!(ours.len() >= 2, "{lines:?}");
    for line in ours {
        let words = line.split(['#', '|', '>']).next().unwrap_or_default().split_whitespace();
        Cli::try_parse_from(words).unwrap_or_else(|e| panic!("{line}: {e}"));
    }
    for script in lines.iter().filter_map(|line| line.split_whitespace().next()).filter(|word| word.starts_with('.')) {
        assert!(root(script).is_file(), "{script}");
    }
}

#[test]
fn every_file_that_is_named_is_there() {
    let readme = file("README.md");
    let targets = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for target in targets.filter(|target| !target.contains("://") && !target.starts_with('#')) {
        assert!(root(target).exists(), "{target}");
    }
}

#[test]
fn the_exit_statuses_are_those_of_the_program() {
    use quarterdeck::cli::{BAD_CONFIG, MISUSE};
    use quarterdeck::health::Severity;
    let readme = file("README.md");
    for severity in [Severity::Ok, Severity::Notice, Severity::Warning, Severity::Critical, Severity::Unknown] {
        let row = format!("| {} | ", severity.exit_status());
        assert!(readme.lines().any(|line| line.starts_with(&row) && line.contains(severity.word())), "{row}{}", severity.word());
    }
    assert!(
        readme.contains(&format!("{MISUSE} for a wrong command line")) && readme.contains(&format!("{BAD_CONFIG} for a configuration"))
    );
    assert_eq!(quarterdeck().arg("--no-such-flag").output().unwrap().status.code(), Some(i32::from(MISUSE)));
}
