//! The direction of the modules, held by reading the sources: who may know whom, and why. Each rule is a row; what breaks one is
//! told with its place and with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr)]

use std::path::{Path, PathBuf};

/// Files whose path begins with one of `of`, unless it begins with one of `save`, never name one of `never`.
struct Rule {
    of: &'static [&'static str],
    save: &'static [&'static str],
    never: &'static [&'static [&'static str]],
    why: &'static str,
}

/// A part of the program: its file and its folder.
macro_rules! parts {
    ($($name:literal),*) => { &[$(concat!($name, ".rs"), concat!($name, "/")),*] };
}

const EVERYTHING: &[&str] = &[""];
const CLIENTS: &[&str] =
    &["kube", "kube_runtime", "k8s_openapi", "tokio_postgres", "tokio_postgres_rustls", "redis", "rustls", "tokio_rustls"];
const SCREEN: &[&str] = &["ratatui", "crossterm", "crokey", "tui_logger"];
const WORLD: &[&str] = &["tokio", "futures", "std::fs", "std::net", "std::env", "std::process", "std::thread", "std::io"];
const CLOCKS: &[&str] = &["Instant", "SystemTime", "Timestamp"];
const LOGGING: &[&str] = &["tracing", "log"];
const OUTER: &[&str] = &["crate::run", "crate::console", "crate::cli", "crate::config", "crate::status", "crate::record"];
const UPPER: &[&str] = &["crate::app", "crate::view", "crate::theme", "crate::terminal", "crate::keymap"];

const RULES: &[Rule] = &[
    Rule {
        of: parts!["event"],
        save: &[],
        never: &[CLIENTS, SCREEN, WORLD, CLOCKS, LOGGING, &["crate::"]],
        why: "an event is plain data: it is recorded and replayed, so it may depend on no client, no clock and nothing of ours",
    },
    Rule {
        of: parts!["model", "health"],
        save: &[],
        never: &[CLIENTS, SCREEN, WORLD, CLOCKS, LOGGING, OUTER, UPPER, &["crate::source", "crate::connect"]],
        why: "the model and what it means are functions of the events alone: a replay gives the same, and no test needs a server or a clock",
    },
    Rule {
        of: parts!["model"],
        save: &[],
        never: &[&["crate::health"]],
        why: "the model holds facts; what they mean is judged from outside",
    },
    Rule {
        of: parts!["figure"],
        save: &[],
        never: &[CLIENTS, SCREEN, WORLD, &["Instant", "SystemTime"], LOGGING, &["crate::"]],
        why: "how a figure is written depends on the figure only",
    },
    Rule {
        of: parts!["sql"],
        save: &[],
        never: &[&["use ", "crate::", "std::", "super::"]],
        why: "the catalogue of statements is read by people who judge what the program may do: it is text and nothing else",
    },
    Rule {
        of: parts!["app"],
        save: &[],
        never: &[CLIENTS, SCREEN, WORLD, CLOCKS, OUTER, &["crate::view", "crate::theme", "crate::terminal", "crate::connect"]],
        why: "the app turns events and intents into state and effects; it is driven in tests without a terminal, a server or a clock",
    },
    Rule {
        of: parts!["view"],
        save: &[],
        never: &[CLIENTS, WORLD, CLOCKS, LOGGING, OUTER, &["crossterm", "crate::source", "crate::connect", "crate::terminal"]],
        why: "a view is a function from state to cells: it asks nobody, waits for nothing and knows no time but the model's",
    },
    Rule {
        of: parts!["theme"],
        save: &["theme/load.rs"],
        never: &[CLIENTS, WORLD, CLOCKS, OUTER, &["crossterm", "crate::app", "crate::view", "crate::model", "crate::terminal"]],
        why: "a theme is values; only loading one reads a file",
    },
    Rule {
        of: parts!["keymap"],
        save: &[],
        never: &[CLIENTS, WORLD, CLOCKS, OUTER, &["ratatui", "crate::app", "crate::view", "crate::model", "crate::terminal"]],
        why: "the table of keys is data: the app, the help and the README follow from it, not the other way",
    },
    Rule {
        of: parts!["terminal"],
        save: &[],
        never: &[CLIENTS, OUTER, &["crate::app", "crate::view", "crate::model", "crate::health", "crate::event", "crate::source"]],
        why: "the terminal gets cells and gives bytes; it knows nothing of what they mean",
    },
    Rule {
        of: parts!["source", "connect"],
        save: &[],
        never: &[SCREEN, OUTER, UPPER, &["crate::model", "crate::health"]],
        why: "sources speak only events; what is made of them is not theirs to know",
    },
    Rule { of: parts!["connect"], save: &[], never: &[&["crate::source"]], why: "connecting comes before watching" },
    Rule {
        of: parts!["sandbox"],
        save: &[],
        never: &[
            &["kube", "kube_runtime", "k8s_openapi", "tokio_postgres", "redis"],
            SCREEN,
            OUTER,
            UPPER,
            &["crate::model", "crate::health", "crate::source", "crate::connect", "crate::event", "crate::sql"],
        ],
        why: "the sandbox is another world behind the same protocols: what it shared with the console would be wrong in both at once",
    },
    Rule {
        of: EVERYTHING,
        save: parts!["source", "connect", "sandbox"],
        never: &[CLIENTS],
        why: "only sources and connections (and, once there is one, the executor) know the clients of upstreams, so that one can be replaced",
    },
    Rule {
        of: EVERYTHING,
        save: parts!["view", "theme", "terminal", "run"],
        never: &[&["ratatui"]],
        why: "only what draws, and the loop that joins it with the terminal, knows cells",
    },
    Rule {
        of: EVERYTHING,
        save: parts!["terminal", "console", "run", "keymap"],
        never: &[&["crossterm", "crokey"]],
        why: "keys and escape sequences are the terminal's affair; beyond the key table there are only intents",
    },
    Rule {
        of: EVERYTHING,
        save: parts!["run", "view"],
        never: &[&["crate::view"]],
        why: "one loop draws; nobody else may put anything on the screen",
    },
    Rule {
        of: EVERYTHING,
        save: parts!["connect", "source", "sandbox"],
        never: &[&["TcpStream", "UnixStream", "ToSocketAddrs", "lookup_host"]],
        why: "there is one place that dials, with one set of limits; the sandbox only listens",
    },
    Rule {
        of: EVERYTHING,
        save: &[],
        never: &[&["ratatui::Terminal", "Layout::vertical", "Layout::horizontal", "Layout::default", "Constraint", "CrosstermBackend"]],
        why: "the constraint solver can hang, and the stock terminal writes bytes when nothing differs: rectangles are placed by arithmetic",
    },
];

/// A source file without its comments and without its tests.
struct Source {
    /// Relative to `src`, with `/`.
    path: String,
    text: String,
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_str().unwrap().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let relative = |path: &Path| path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().replace('\\', "/");
    let read = |path: PathBuf| Source { path: relative(&path), text: std::fs::read_to_string(&path).unwrap() };
    files(&root().join("src"), ".rs").into_iter().map(read).collect()
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Lines with their numbers that are neither comments nor tests; tests stand last in a file.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.take_while(|(_, line)| line.trim() != "#[cfg(test)]").filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether the line names `what`: as a word of its own, and if it may be a crate, not as the end of another path and as the
/// beginning of one.
fn names(line: &str, what: &str, own_modules: &[String]) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let is_crate = what.chars().all(|c| word(c) && !c.is_uppercase());
    if is_crate && own_modules.iter().any(|module| module == what) {
        return false;
    }
    line.match_indices(what).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + what.len()..]);
        let begins = !before.ends_with(word) && !(is_crate && (before.ends_with("::") || before.ends_with('"')));
        let ends = !what.ends_with(word) || !after.starts_with(word);
        begins && ends && (!is_crate || after.starts_with("::") || after.starts_with(';') && before.trim() == "use")
    })
}

/// Modules that a file declares: their names mean them, not crates.
fn own_modules(text: &str) -> Vec<String> {
    let declared = text.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'));
    declared.map(str::to_owned).collect()
}

fn broken(rule: &Rule, path: &str, text: &str) -> Vec<String> {
    let of = |parts: &[&str]| parts.iter().any(|part| path == *part || part.is_empty() || (part.ends_with('/') && path.starts_with(part)));
    if is_test(path) || !of(rule.of) || of(rule.save) {
        return Vec::new();
    }
    let own = own_modules(text);
    let named = |line: &str| rule.never.iter().flat_map(|list| list.iter()).find(|what| names(line, what, &own)).copied();
    code(text).filter_map(|(number, line)| Some(format!("src/{path}:{number} names {}: {}", named(line)?, line.trim()))).collect()
}

#[test]
fn every_module_knows_only_what_it_may() {
    let sources = sources();
    assert!(sources.len() > 50, "the sources were not found");
    let mut told = String::new();
    for rule in RULES {
        let found: Vec<_> = sources.iter().flat_map(|source| broken(rule, &source.path, &source.text)).collect();
        if !found.is_empty() {
            told += &format!("\n{}\n  because {}\n", found.join("\n"), rule.why);
        }
    }
    assert!(told.is_empty(), "{told}");
}

#[test]
fn the_reader_of_sources_sees_what_it_must() {
    let rule = Rule { of: parts!["model"], save: &[], never: &[CLIENTS, CLOCKS, &["crate::view", "std::fs"]], why: "" };
    let count = |path: &str, text: &str| broken(&rule, path, text).len();
    assert_eq!(count("model.rs", "use redis::Client;"), 1);
    assert_eq!(count("model/deep/x.rs", "let x = tokio_postgres::connect();"), 1);
    assert_eq!(count("model.rs", "let at = std::time::Instant::now();\nstd::fs::read(x);\nuse crate::view;"), 3);
    assert_eq!(count("model.rs", "mod redis;\npub use redis::Node;\nuse super::redis::Node;\nlet redis = 1; // redis::x"), 0);
    assert_eq!(count("model.rs", "/// Not `redis::Client`.\n#[cfg(test)]\nuse redis::Client;"), 0);
    assert_eq!(count("modeller.rs", "use redis::Client;"), 0);
    assert_eq!(count("model/tests.rs", "use redis::Client;"), 0);
}

#[test]
fn every_file_says_what_it_is_and_stays_small() {
    let mut told = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for path in files(&root().join(folder), ".rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
            if !text.starts_with("//! ") {
                told.push(format!("{name} does not begin with `//!`: what it is and what it must not do"));
            }
            let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count();
            if folder == "src" && !is_test(name) && lines > 400 {
                told.push(format!("{name} has {lines} lines: nobody reads more than 400 at once"));
            }
            for what in ["todo", "unimplemented", "dbg"] {
                if text.contains(&format!("{what}!(")) {
                    told.push(format!("{name} has a {what}!: what is shown works, what does not is not shown"));
                }
            }
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn no_path_of_anybodys_home_is_in_the_sources() {
    let homes = ["home", "Users", "root"].map(|name| format!("/{name}/"));
    let mut told = Vec::new();
    let folders = ["src", "tests", "benches", "assets", "themes", ".ci"].map(|folder| root().join(folder));
    let loose = ["Cargo.toml", "README.md"].map(|file| root().join(file));
    for path in folders.iter().flat_map(|folder| files(folder, "")).chain(loose) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        // Ada is nobody: tests of the configuration live in her home.
        let ada = format!("{}ada", homes[0]);
        let lines = text.lines().enumerate().filter(|(_, line)| {
            let line = line.replace(&ada, "");
            homes.iter().any(|home| line.contains(home.as_str()))
        });
        told.extend(lines.map(|(index, line)| format!("{}:{}: {}", path.display(), index + 1, line.trim())));
    }
    assert!(told.is_empty(), "these work on one machine only:\n{}", told.join("\n"));
}

#[test]
fn one_tls_stack_one_runtime_one_set_of_cells() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let packages: Vec<(&str, &str)> = lock
        .split("[[package]]")
        .filter_map(|package| {
            let field = |name: &str| package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"'));
            Some((field("name")?, field("version")?))
        })
        .collect();
    assert!(packages.len() > 100, "the lock file was not understood");
    let refused = [
        ("aws-lc-rs", "the one provider of cryptography is ring"),
        ("aws-lc-sys", "the one provider of cryptography is ring"),
        ("openssl", "the one TLS stack is rustls"),
        ("openssl-sys", "the one TLS stack is rustls"),
        ("native-tls", "the one TLS stack is rustls"),
        ("chrono", "the one library of time is jiff"),
    ];
    for (name, why) in refused {
        assert!(!packages.iter().any(|(known, _)| *known == name), "{name} is in the tree, but {why}");
    }
    let once = [
        ("rustls", "two do not share certificates or sessions"),
        ("ratatui-core", "cells of one are not cells of the other"),
        ("tokio", "a task of one runtime cannot wait in another"),
        ("hyper", "one client of HTTP is enough"),
    ];
    for (name, why) in once {
        let versions: Vec<_> = packages.iter().filter(|(known, _)| *known == name).map(|(_, version)| *version).collect();
        assert_eq!(versions.len(), 1, "{name} {versions:?}: {why}");
    }
}
