//! Configuration and credentials from the outside: precedence, every message, masking, the annotated example.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;
use quarterdeck::cli::Flags;
use quarterdeck::config::{Config, Credentials, EXAMPLE, SETTINGS, read};
use quarterdeck::connect::SslMode;
use secrecy::{ExposeSecret, SecretString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const SECRET: &str = "tr0ub4dor";

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn env(pairs: Pairs<'_>) -> impl Fn(&str) -> Option<String> {
    |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
}

fn load(text: &str, pairs: Pairs<'_>) -> Result<Config, String> {
    Config::load(Some((Path::new("/etc/q.toml"), text)), &env(pairs), &Flags::default()).map_err(|error| {
        assert_eq!(error.to_string(), error.problems.join("\n"));
        error.to_string()
    })
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    assert_eq!(load(text, &[]).expect_err(text), expected, "\n{text}");
}

// --- precedence -------------------------------------------------------------------------------------------------------------

#[test]
fn nothing_configured_is_the_architecture_without_addresses() {
    let config = Config::load(None, &|_| None, &Flags::default()).unwrap();
    let names = [&config.stack, &config.namespace, &config.application, &config.postgres.name, &config.redis.name];
    assert_eq!(names, ["moltbook", "moltbook", "moltbook-app", "postgres", "redis"]);
    assert_eq!(
        (config.sentinel.name.as_str(), config.master.as_str(), config.database.as_str()),
        ("redis-sentinel", "mymaster", "moltbook")
    );
    assert_eq!(config.postgres.user.as_deref(), Some("moltbook_user"));
    let stack = config.stack();
    assert!(stack.postgres.is_empty() && stack.redis.is_empty() && stack.sentinel.is_empty());
}

#[test]
fn flags_win_over_environment_over_file_over_default() {
    let theme = |file: bool, variable: bool, flag: bool| {
        let pairs: Pairs<'_> = if variable { &[("QUARTERDECK_THEME", "mono")] } else { &[("QUARTERDECK_THEME", "")] };
        let flags = Flags { theme: flag.then(|| "high-contrast".to_owned()), ..Flags::default() };
        let file = file.then_some((Path::new("/etc/q.toml"), "\ntheme = 'light'\n"));
        let config = Config::load(file, &env(pairs), &flags).unwrap();
        (config.theme.clone(), config.origin("theme").to_string())
    };
    let of = |theme: &str, origin: &str| (theme.to_owned(), origin.to_owned());
    assert_eq!(theme(false, false, false), of("dark", "default"));
    assert_eq!(theme(true, false, false), of("light", "file /etc/q.toml line 2"));
    assert_eq!(theme(true, true, false), of("mono", "environment QUARTERDECK_THEME"));
    assert_eq!(theme(true, true, true), of("high-contrast", "flag --theme"));
    assert_eq!(theme(true, false, true), of("high-contrast", "flag --theme"));
}

#[test]
fn every_setting_can_come_from_the_environment() {
    for setting in SETTINGS {
        let key = setting.path.rsplit('.').next().unwrap();
        let value = match key {
            "ascii" | "read_only" | "prompt" => "yes",
            "tls" => "off",
            "verbose" => "1",
            "sslmode" => "require",
            "verify" => "ca",
            "addresses" => "a-0=h:1, a-1=[::1]:2",
            // A certificate's files need each other and TLS; the checks have their own test.
            "ca_file" | "cert_file" | "key_file" => continue,
            _ => "word",
        };
        let name = setting.variable();
        let config = load("", &[(&name, value)]).unwrap();
        assert_eq!(config.origin(setting.path).to_string(), format!("environment {name}"));
    }
    let config = load("", &[("QUARTERDECK_REDIS_ADDRESSES", "a-0=h:1, a-1=[::1]:2")]).unwrap();
    assert_eq!(config.stack().redis[1].address, "[::1]:2");
}

#[test]
fn flags_set_what_they_say() {
    let flags =
        Flags { ascii: true, read_only: true, record: Some("~/r".into()), log_file: Some("l".into()), verbose: 9, ..Flags::default() };
    let config = Config::load(None, &env(&[("HOME", "/home/ada"), ("QUARTERDECK_READ_ONLY", "0")]), &flags).unwrap();
    assert_eq!((config.ascii, config.read_only, config.verbose), (Some(true), true, 2));
    assert_eq!((config.record, config.log_file), (Some("/home/ada/r".into()), Some("l".into())));
}

#[test]
fn paths_of_the_file_count_from_its_directory() {
    let config = load("log_file = 'a/b'\nrecord = '/r'\n[redis]\npassword_file = '~/p'", &[("HOME", "/home/ada")]).unwrap();
    let paths = [config.log_file, config.record, config.redis.password_file].map(Option::unwrap);
    assert_eq!(paths, ["/etc/a/b", "/r", "/home/ada/p"].map(PathBuf::from));
}

// --- messages ---------------------------------------------------------------------------------------------------------------

#[test]
fn every_mistake_is_told_with_its_place_and_what_would_be_right() {
    let address = "a name of letters, digits, '-', '_' and '.', and an address such as \"10.0.0.7:5432\"";
    let text = "a text, not empty and without control characters";
    let known = "expected stack, namespace, theme, ascii, read_only, record, log_file, verbose, kubernetes, postgres, redis or sentinel";
    for (file, expected) in [
        ("\ntheem = 'dark'", "/etc/q.toml:2: theem: unknown key; did you mean theme?"),
        ("\nthemes = 'dark'", "/etc/q.toml:2: themes: unknown key; did you mean theme?"),
        ("colour = 1", "/etc/q.toml:1: colour: unknown key; expected …"),
        ("[postgre]\nname = 'x'", "/etc/q.toml:1: postgre: unknown key; did you mean [postgres]?"),
        ("[postgres.adresses]\na = 'h:1'", "/etc/q.toml:1: postgres.adresses: unknown key; did you mean postgres.addresses?"),
        ("[redis]\nread_only = true", "/etc/q.toml:2: redis.read_only: unknown key; did you mean read_only at the top of the file?"),
        ("sslmode = 'prefer'", "/etc/q.toml:1: sslmode: unknown key; did you mean postgres.sslmode?"),
        ("[kubernetes]\nx = 1", "/etc/q.toml:2: kubernetes.x: unknown key; expected application"),
        ("postgres = 'h:1'", "/etc/q.toml:1: postgres: found \"h:1\", expected the section [postgres]"),
        ("[[redis]]", "/etc/q.toml:1: redis: found a list, expected the section [redis]"),
        ("stack = 5", "/etc/q.toml:1: stack: found a number, expected TEXT"),
        ("stack = ''", "/etc/q.toml:1: stack: found \"\", expected TEXT"),
        ("stack = \"a\\u001b[2J\"", "/etc/q.toml:1: stack: found \"a\\u{1b}[2J\", expected TEXT"),
        ("ascii = 'yes'", "/etc/q.toml:1: ascii: found \"yes\", expected true or false"),
        ("ascii = 'ture'", "/etc/q.toml:1: ascii: found \"ture\", expected true or false; did you mean true?"),
        ("verbose = 3", "/etc/q.toml:1: verbose: found a number, expected a number from 0 to 2"),
        ("verbose = 0x1", "/etc/q.toml:1: verbose: found a number, expected a number from 0 to 2"),
        ("log_file = []", "/etc/q.toml:1: log_file: found a list, expected the path of a file"),
        ("theme = 1979-05-27", "/etc/q.toml:1: theme: found a date, expected TEXT"),
        (
            "[postgres]\nsslmode = 'verify_full'",
            "/etc/q.toml:2: postgres.sslmode: found \"verify_full\", expected disable, prefer, require, verify-ca or verify-full; \
             did you mean verify-full?",
        ),
        (
            "[redis]\ntls = true\nca_file = 'c'\nverify = 'no'",
            "/etc/q.toml:4: redis.verify: found \"no\", expected full, ca or none; did you mean none?",
        ),
        ("[redis.addresses]\nredis-0 = 'h'", "/etc/q.toml:2: redis.addresses.redis-0: found \"h\", expected ADDRESS"),
        ("[redis.addresses]\nredis-0 = 6379", "/etc/q.toml:2: redis.addresses.redis-0: found a number, expected ADDRESS"),
        ("[redis.addresses]\n'a b' = 'h:1'", "/etc/q.toml:2: redis.addresses.a b: found \"h:1\", expected ADDRESS"),
        (
            "redis.addresses = 'h:1'",
            "/etc/q.toml:1: redis.addresses: found \"h:1\", expected a table such as [redis.addresses] with postgres-0 = \"10.0.0.7:5432\"",
        ),
        ("[redis.addresses]\nredis-0 = 'h:1'\nredis-1 = 'h:1'", "/etc/q.toml:3: redis.addresses: redis-0 and redis-1 are both at h:1"),
        (
            "[postgres.addresses]\nx = 'h:1'\n[sentinel.addresses]\nx = 'h:2'",
            "/etc/q.toml:4: sentinel.addresses: x is also in postgres.addresses; a name means one instance",
        ),
        ("[redis]\ntls = true\nca_file = 'a'\ncert_file = 'c'", "/etc/q.toml:4: redis.cert_file: needs key_file, the certificate's key"),
        ("[postgres]\nsslmode = 'verify-ca'", "/etc/q.toml:2: postgres.sslmode: needs postgres.ca_file, the CAs that are trusted"),
        (
            "[redis]\ntls = true",
            "/etc/q.toml:2: redis.tls: needs redis.ca_file, the CAs that are trusted, or redis.verify = \"none\" to check nothing",
        ),
        ("[postgres]\nkey_file = 'k'", "/etc/q.toml:2: postgres.key_file: needs cert_file, the key's certificate"),
        ("[redis]\nca_file = 'c'", "/etc/q.toml:2: redis.ca_file: is of no use without redis.tls = true"),
        (
            "[sentinel]\ntls = true\nverify = 'none'\nca_file = 'c'",
            "/etc/q.toml:4: sentinel.ca_file: is of no use with sentinel.verify = \"none\"",
        ),
        ("theme = dark", "/etc/q.toml:1: theme: not valid TOML: string values must be quoted, expected literal string"),
        ("theme = 'a'\ntheme = 'b'", "/etc/q.toml:2: theme: not valid TOML: duplicate key"),
    ] {
        let expected = expected.replace("expected …", known).replace("TEXT", text).replace("ADDRESS", address);
        refused(file, &expected);
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let error = load("zeal = 1\nascii = 2\nbeta = 3", &[("QUARTERDECK_READ_ONLY", "perhaps")]).unwrap_err();
    let starts: Vec<_> = error.lines().map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(starts, ["/etc/q.toml:1 zeal", "/etc/q.toml:2 ascii", "/etc/q.toml:3 beta", "environment QUARTERDECK_READ_ONLY read_only"]);
    assert!(error.ends_with("read_only: found \"perhaps\", expected true or false"), "{error}");
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("none.toml");
    let error = read(&Flags { config: Some(missing.clone()), ..Flags::default() }).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: cannot be read: No such file", missing.display())), "{error}");
    let there = dir.path().join("q.toml");
    std::fs::write(&there, "stack = 'mine'").unwrap();
    assert_eq!(read(&Flags { config: Some(there.clone()), ..Flags::default() }).unwrap().stack, "mine");
    std::fs::write(&there, [0xff, 0xfe]).unwrap();
    let error = read(&Flags { config: Some(there), ..Flags::default() }).unwrap_err().to_string();
    assert!(error.contains("UTF-8"), "{error}");
    let error = read(&Flags { config: Some("/dev/zero".into()), ..Flags::default() }).unwrap_err().to_string();
    assert!(error.contains("longer than 1 MiB"), "{error}");
}

// --- secrets ----------------------------------------------------------------------------------------------------------------

#[test]
fn a_password_in_the_file_is_refused_and_other_ways_are_named() {
    refused(
        &format!("[postgres]\npassword = '{SECRET}'"),
        "/etc/q.toml:2: postgres.password: a password may not stand in this file; use postgres.password_file, postgres.password_env, \
         QUARTERDECK_POSTGRES_PASSWORD, ~/.pgpass, or postgres.prompt = true",
    );
    refused(
        &format!("[sentinel]\npassword = '{SECRET}'"),
        "/etc/q.toml:2: sentinel.password: a password may not stand in this file; use sentinel.password_file, sentinel.password_env, \
         QUARTERDECK_SENTINEL_PASSWORD, or sentinel.prompt = true",
    );
}

#[test]
fn no_message_shows_a_secret() {
    for file in [
        format!("password = '{SECRET}'"),
        format!("password = {SECRET}"),
        format!("password = '{SECRET}"),
        format!("password = \"{SECRET}"),
        format!("password = \"\\{SECRET}\""),
        format!("password = '{SECRET}' '{SECRET}'"),
        format!("password = '{SECRET}'\npassword = '{SECRET}'"),
        format!("[redis]\npassword = '''\nx\n{SECRET}='\n"),
        format!("[redis]\npassword = '''\n{SECRET}=\n"),
        format!("[redis]\npassword = ['{SECRET}']"),
        format!("[redis]\npassword = {{ value = '{SECRET}' }}"),
        format!("[redis.password]\nvalue = '{SECRET}'"),
        format!("[redis]\nauth = '{SECRET}'"),
        format!("[redis]\nauth_token = {SECRET}"),
        format!("[redis]\npassword_env = '{SECRET}!'"),
        format!("[redis]\npassword_file = \"{SECRET}\\u0007\""),
        format!("[redis]\npassword_filo = '{SECRET}'"),
        format!("[redis]\nurl = 'redis://:{SECRET}@h:1'"),
        format!("redis = 'redis://:{SECRET}@h:1'"),
        format!("[redis.addresses]\nredis-0 = 'redis://:{SECRET}@h:1'"),
        format!("[redis.addresses]\nredis-0 = ':{SECRET}@h:1'"),
        format!("[redis.addresses]\npassword = '{SECRET}'"),
        format!("redis.addresses = 'ada:{SECRET}@h:1'"),
        format!("[postgres]\nsslmode = 'postgres://ada:{SECRET}@h'"),
        SECRET.to_owned(),
        format!("= {SECRET}"),
    ] {
        let error = load(&file, &[]).expect_err(&file);
        assert!(!error.contains(SECRET), "{file}\n{error}");
    }
    let error = load("", &[("QUARTERDECK_REDIS_ADDRESSES", &format!("redis://:{SECRET}@h:1"))]).unwrap_err();
    assert!(!error.contains(SECRET), "{error}");
}

#[test]
fn a_secret_is_neither_printed_nor_measured() {
    let pairs = [
        ("QUARTERDECK_POSTGRES_PASSWORD", SECRET),
        ("QUARTERDECK_REDIS_PASSWORD", SECRET),
        ("QUARTERDECK_SENTINEL_PASSWORD", SECRET),
        ("QUARTERDECK_REDIS_ADDRESSES", "r=h:1"),
    ];
    let config = load("[postgres.addresses]\np = 'h:1'\n[sentinel.addresses]\ns = 'h:1'", &pairs).unwrap();
    let credentials = Credentials::gather(&config, &env(&pairs), &mut |_| panic!("asked"));
    let targets = config.targets(&credentials);
    assert_eq!(targets.sentinel[0].server.login.password.as_ref().unwrap().expose_secret(), SECRET);
    let shown = config.show(&credentials);
    for section in ["postgres", "redis", "sentinel"] {
        let line = format!("# password: set, from environment QUARTERDECK_{}_PASSWORD\n", section.to_uppercase());
        assert!(shown.contains(&line), "{shown}");
    }
    for text in [shown, format!("{config:?}"), format!("{credentials:?}"), format!("{targets:?}")] {
        assert!(!text.contains(SECRET) && !text.contains(&SECRET.len().to_string().repeat(2)), "{text}");
    }
}

// --- what is printed --------------------------------------------------------------------------------------------------------

#[test]
fn what_is_printed_loads_again_as_the_same() {
    let file = "theme = \"a\\\"b\"\nascii = false\n[redis]\ntls = true\nca_file = 'ca'\nverify = 'ca'\nuser = 'ü'\n[redis.addresses]\n'r.1' = 'h:2'\nr-0 = 'h:1'\n";
    let config = load(file, &[("QUARTERDECK_VERBOSE", "1")]).unwrap();
    let shown = config.show(&Credentials::default());
    for line in [
        "theme = 'a\"b'  # file /etc/q.toml line 1",
        "verbose = 1  # environment QUARTERDECK_VERBOSE",
        "# log_file: not set",
        "stack = \"moltbook\"  # default",
        "\"r.1\" = \"h:2\"  # file /etc/q.toml line 9",
    ] {
        assert!(shown.lines().any(|it| it == line), "{line}\n{shown}");
    }
    let again = load(&shown, &[]).unwrap();
    let bare = |text: &str| text.lines().map(|line| line.split("  # ").next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(bare(&again.show(&Credentials::default())), bare(&shown));
}

#[test]
fn the_example_names_every_key_and_shows_the_defaults() {
    let defaults = Config::load(None, &|_| None, &Flags::default()).unwrap();
    let plain = load(EXAMPLE, &[("HOME", "/home/ada")]).unwrap();
    assert!(SETTINGS.iter().all(|it| it.path.ends_with("addresses") || plain.origin(it.path) == defaults.origin(it.path)), "only comments");

    // `#key = …` is a key that is commented out; `# Words` are words.
    let open = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest.to_owned(),
        _ => line.to_owned(),
    };
    let text: Vec<String> = EXAMPLE.lines().map(open).collect();
    let mut all = load(&text.join("\n"), &[("HOME", "/home/ada")]).unwrap();
    let mut defaults = defaults;
    for setting in SETTINGS.iter().filter(|it| !it.path.ends_with(".password")) {
        let origin = all.origin(setting.path).to_string();
        let number = origin.strip_prefix("file /etc/q.toml line ").unwrap_or_else(|| panic!("the example lacks {}", setting.path));
        let line = &text[number.parse::<usize>().unwrap() - 1];
        let default = (setting.slot)(&mut defaults).shown();
        match line.split_once("# ") {
            None if setting.path.ends_with("addresses") => assert!(line.ends_with(".addresses]"), "{line}"),
            None => assert_eq!((setting.slot)(&mut all).shown(), default, "{line}"),
            Some((_, "no default")) => assert_eq!(default, None, "{line}"),
            Some((_, words)) => assert_eq!(words.strip_prefix("default: ").map(str::to_owned), default, "{line}"),
        }
    }
    let stack = all.stack();
    assert_eq!([stack.postgres.len(), stack.redis.len(), stack.sentinel.len()], [3, 3, 3]);
}

// --- targets ----------------------------------------------------------------------------------------------------------------

#[test]
fn ten_lines_are_a_whole_data_plane_in_natural_order() {
    let file = "[postgres]\nuser = 'postgres'\naddresses = { postgres-10 = 'h:3', postgres-2 = 'h:2', postgres-0 = 'h:1' }\n\
                [redis.addresses]\nredis-1 = 'h:5'\nredis-0 = 'h:4'\n[sentinel.addresses]\nredis-sentinel-0 = 'h:6'\n";
    let config = load(file, &[]).unwrap();
    let stack = config.stack();
    let names: Vec<_> = stack.postgres.iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["postgres-0", "postgres-2", "postgres-10"]);
    let targets = config.targets(&Credentials::default());
    assert_eq!(targets.postgres[2].address.to_string(), "h:3");
    assert_eq!((targets.postgres[0].login.user.as_deref(), targets.postgres[0].tls.mode), (Some("postgres"), SslMode::Prefer));
    assert_eq!((targets.redis[0].tls.mode, targets.redis.len()), (SslMode::Disable, 2));
    assert_eq!((targets.sentinel[0].master.as_str(), &*targets.sentinel[0].server.name), ("mymaster", "redis-sentinel-0"));
}

#[test]
fn redis_tls_is_on_or_off_and_checks_all_unless_told_otherwise() {
    let mode = |lines: &str| {
        let config = load(&format!("[redis]\n{lines}\n[redis.addresses]\nr = 'h:1'"), &[]).unwrap();
        config.targets(&Credentials::default()).redis[0].tls.clone()
    };
    assert_eq!(mode("").mode, SslMode::Disable);
    assert_eq!(mode("tls = true\nca_file = '/ca'").mode, SslMode::VerifyFull);
    assert_eq!(mode("tls = true\nverify = 'none'").mode, SslMode::Require);
    let tls = mode("tls = true\nverify = 'ca'\nca_file = '/ca'\ncert_file = '/c'\nkey_file = '/k'");
    assert_eq!((tls.mode, tls.ca_file, tls.key_file), (SslMode::VerifyCa, Some("/ca".into()), Some("/k".into())));
}

// --- credentials ------------------------------------------------------------------------------------------------------------

/// The passwords of `pg-0`, `pg-1` and redis, the warnings, and the questions asked.
fn gather(file: &str, pairs: Pairs<'_>, answer: Result<&str, &str>) -> ([Option<String>; 3], Vec<String>, Vec<String>) {
    let file = format!("{file}\n[postgres.addresses]\npg-0 = '[::1]:5432'\npg-1 = 'pg-1:5433'\n[redis.addresses]\nr = 'h:1'");
    let config = load(&file, pairs).unwrap();
    let mut questions = Vec::new();
    let found = Credentials::gather(&config, &env(pairs), &mut |question| {
        questions.push(question.to_owned());
        answer.map(SecretString::from).map_err(str::to_owned)
    });
    let open = |secret: Option<SecretString>| secret.map(|it| it.expose_secret().to_owned());
    let all = [found.postgres(&"pg-0".into()), found.postgres(&"pg-1".into()), found.redis.clone()].map(open);
    (all, found.warnings, questions)
}

fn some(passwords: [&str; 3]) -> [Option<String>; 3] {
    passwords.map(|it| (!it.is_empty()).then(|| it.to_owned()))
}

fn file_with(dir: &Path, name: &str, text: &str, mode: u32) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_first_source_that_gives_a_password_counts() {
    let dir = tempfile::tempdir().unwrap();
    let file = file_with(dir.path(), "pw", "from file\r\n", 0o600);
    let pgpass = file_with(dir.path(), "pgpass", "*:*:*:*:from pgpass\n", 0o600);
    let from = |named: bool, variable: bool, file_named: bool, listed: bool| {
        let mut pairs = vec![("HOME", "/nowhere")];
        pairs.extend(named.then_some(("QUARTERDECK_POSTGRES_PASSWORD", "from setting")));
        pairs.extend(variable.then_some(("MINE", "from variable")));
        pairs.extend(listed.then_some(("PGPASSFILE", pgpass.as_str())));
        let mut text = "[postgres]\nprompt = true\n".to_owned();
        text += if variable { "password_env = 'MINE'\n" } else { "" };
        text += &if file_named { format!("password_file = '{file}'\n") } else { String::new() };
        let (passwords, warnings, questions) = gather(&text, &pairs, Ok("from prompt"));
        assert_eq!((passwords[0] == passwords[1], warnings), (true, vec![]));
        (passwords[0].clone().unwrap(), questions.len())
    };
    assert_eq!(from(true, true, true, true), ("from setting".into(), 0));
    assert_eq!(from(false, true, true, true), ("from variable".into(), 0));
    assert_eq!(from(false, false, true, true), ("from file".into(), 0));
    assert_eq!(from(false, false, false, true), ("from pgpass".into(), 0));
    assert_eq!(from(false, false, false, false), ("from prompt".into(), 1));
}

#[test]
fn a_password_file_may_tell_servers_apart_and_a_prompt_fills_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    file_with(dir.path(), ".pgpass", "\\:\\:1:5432:moltbook:moltbook_user:six\npg-1:9999:*:*:other port\n", 0o600);
    let home = [("HOME", dir.path().to_str().unwrap())];
    assert_eq!(gather("", &home, Ok("asked")).0, some(["six", "", ""]));
    let (passwords, _, questions) = gather("[postgres]\nprompt = true\n[redis]\nprompt = true\nuser = 'ada'", &home, Ok("asked"));
    assert_eq!(passwords, some(["six", "asked", "asked"]));
    assert_eq!(questions, ["Password for PostgreSQL, user moltbook_user: ", "Password for Redis, user ada: "]);
}

#[test]
fn where_passwords_come_from_is_shown_for_each_server_if_it_differs() {
    let dir = tempfile::tempdir().unwrap();
    let listed = file_with(dir.path(), "pgpass", &format!("pg-1:*:*:*:{SECRET}\n"), 0o600);
    let all = file_with(dir.path(), "all", &format!("*:*:*:*:{SECRET}\n"), 0o600);
    let file = file_with(dir.path(), "pw", SECRET, 0o600);
    let shown = |text: &str, pairs: Pairs<'_>| {
        let text = format!("{text}\n[postgres.addresses]\npg-0 = 'h:1'\npg-1 = 'pg-1:5433'\n[redis.addresses]\nr = 'h:3'");
        let config = load(&text, pairs).unwrap();
        let shown = config.show(&Credentials::gather(&config, &env(pairs), &mut |_| Ok(SecretString::from(""))));
        assert!(!shown.contains(SECRET), "{shown}");
        let lines: Vec<_> = shown.lines().filter_map(|line| line.strip_prefix("# password: ")).map(str::to_owned).collect();
        <[String; 3]>::try_from(lines).unwrap()
    };
    assert_eq!(shown("", &[]), ["not set", "not set", "not set"]);
    assert_eq!(shown("", &[("PGPASSFILE", &all)])[0], format!("set, from file {all}"));
    assert_eq!(shown("", &[("PGPASSFILE", &listed)])[0], format!("pg-0 not set; pg-1 set, from file {listed}"));
    let asked = shown("[postgres]\nprompt = true", &[("PGPASSFILE", &listed)]);
    assert_eq!(asked[0], format!("pg-0 asked for at the terminal; pg-1 set, from file {listed}"));
    let given = shown(&format!("[redis]\npassword_file = '{file}'\n[postgres]\npassword_env = 'MINE'"), &[("MINE", SECRET)]);
    assert_eq!(given, ["set, from environment MINE", &format!("set, from file {file}"), "not set"]);
    // A part that is absent: nobody looked for more than its own variable.
    assert_eq!(shown("", &[("QUARTERDECK_SENTINEL_PASSWORD", SECRET)])[2], "set, from environment QUARTERDECK_SENTINEL_PASSWORD");
}

#[test]
fn what_stands_in_the_way_is_a_warning_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let open = file_with(dir.path(), "open", SECRET, 0o644);
    let empty = file_with(dir.path(), "empty", "\n", 0o600);
    let listed = file_with(dir.path(), "pgpass", &format!("*:*:*:*:{SECRET}"), 0o640);
    let check = |text: &str, pairs: Pairs<'_>, passwords: [&str; 3], warnings: &[&str]| {
        let (found, told, _) = gather(text, pairs, Err("standard input is not a terminal"));
        assert_eq!(found, some(passwords), "{text}");
        let expected: Vec<_> = warnings.iter().map(|it| it.replace("DIR", path)).collect();
        assert_eq!(told, expected, "{text}");
        assert!(!told.concat().contains(SECRET));
    };
    check(
        &format!("[redis]\npassword_file = '{open}'"),
        &[],
        ["", "", SECRET],
        &["redis.password_file: DIR/open can be read by everybody; chmod 600 would mend it"],
    );
    check(&format!("[redis]\npassword_file = '{empty}'"), &[], ["", "", ""], &["redis.password_file: DIR/empty is empty"]);
    check(
        &format!("[redis]\npassword_env = 'NONE'\npassword_file = '{path}/none'\nprompt = true"),
        &[],
        ["", "", ""],
        &[
            "redis.password_env: NONE is not set",
            "redis.password_file: DIR/none cannot be read: No such file or directory (os error 2)",
            "redis.prompt: no password: standard input is not a terminal",
        ],
    );
    let mode = "DIR/pgpass is ignored: others than its owner may use it; chmod 600 would mend it";
    check("", &[("PGPASSFILE", &listed)], ["", "", ""], &[mode]);
    check("", &[("PGPASSFILE", path)], ["", "", ""], &["DIR is ignored: it is not a plain file"]);
    let gone = format!("{path}/gone");
    check("", &[("PGPASSFILE", &gone)], ["", "", ""], &["DIR/gone is ignored: No such file or directory (os error 2)"]);
}

#[test]
fn nobody_is_asked_for_a_part_that_is_absent() {
    let config = load("[postgres]\nprompt = true\n[redis]\nprompt = true\npassword_env = 'NONE'", &[]).unwrap();
    let found = Credentials::gather(&config, &|_| None, &mut |_| panic!("asked"));
    assert!(found.warnings.is_empty() && found.redis.is_none());
}

// --- laws -------------------------------------------------------------------------------------------------------------------

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_brings_it_down(text in "\\PC{0,200}|(\n|[\\[\\]=.'\"{},# a-z0-9\\\\-]){0,120}") {
        let _ = load(&text, &[]);
    }

    #[test]
    fn no_value_brings_it_down(index in 0..SETTINGS.len(), value in "\\PC{0,60}|true|1|'[^']*'|\\[.*\\]", variable in any::<bool>()) {
        let setting = &SETTINGS[index];
        let result = match variable {
            true => load("", &[(&setting.variable(), &value)]),
            false => load(&format!("{} = {value}", setting.path), &[]),
        };
        if let Ok(config) = result {
            prop_assert!(toml::from_str::<toml::Table>(&config.show(&Credentials::default())).is_ok(), "{}", config.show(&Credentials::default()));
        }
    }
}

#[test]
fn the_readme_shows_a_configuration_that_loads() {
    let readme = include_str!("../README.md");
    let file = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(file.lines().count() <= 10, "ten lines are enough");
    let stack = load(file, &[("HOME", "/home/ada")]).unwrap().stack();
    assert_eq!([stack.postgres.len(), stack.redis.len()], [3, 3]);
    assert!(!stack.sentinel.is_empty());
}
