//! The table of settings. Defaults, keys of the file, names in the environment, flags and what `quarterdeck config` prints all
//! follow from it. A row says where its value lives in `Config`; how a value of that kind is read and shown stands here once.

use super::{Config, Instance, Origin};
use crate::connect::SslMode;
use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the file, with the section: `postgres.user`.
    pub path: &'static str,
    /// Where its value lives.
    pub slot: fn(&mut Config) -> Slot<'_>,
}

/// A place for a value, by kind.
#[derive(Debug)]
pub enum Slot<'a> {
    /// A text that is always there.
    Text(&'a mut String),
    /// A text that may be absent.
    Optional(&'a mut Option<String>),
    /// The name of an environment variable.
    Variable(&'a mut Option<String>),
    /// A file.
    File(&'a mut Option<PathBuf>),
    /// On or off.
    Switch(&'a mut bool),
    /// On, off, or found out by the program.
    Auto(&'a mut Option<bool>),
    /// A small number.
    Count(&'a mut u8),
    /// How much TLS, in the words given.
    Mode(&'a mut SslMode, &'static [(&'static str, SslMode)]),
    /// A password: only ever from the environment.
    Secret(&'a mut Option<SecretString>),
    /// Instances and where they are.
    Addresses(&'a mut Vec<Instance>),
}

/// libpq's words.
const SSL_MODES: &[(&str, SslMode)] = &[
    ("disable", SslMode::Disable),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

/// How much of the certificate is looked at where TLS is on or off and never negotiated.
const VERIFY: &[(&str, SslMode)] = &[("full", SslMode::VerifyFull), ("ca", SslMode::VerifyCa), ("none", SslMode::Require)];

const fn row(path: &'static str, slot: fn(&mut Config) -> Slot<'_>) -> Setting {
    Setting { path, slot }
}

/// Every setting, in the order of the file.
pub const SETTINGS: &[Setting] = &[
    row("stack", |c| Slot::Text(&mut c.stack)),
    row("namespace", |c| Slot::Text(&mut c.namespace)),
    row("theme", |c| Slot::Text(&mut c.theme)),
    row("ascii", |c| Slot::Auto(&mut c.ascii)),
    row("read_only", |c| Slot::Switch(&mut c.read_only)),
    row("record", |c| Slot::File(&mut c.record)),
    row("log_file", |c| Slot::File(&mut c.log_file)),
    row("verbose", |c| Slot::Count(&mut c.verbose)),
    row("kubernetes.application", |c| Slot::Text(&mut c.application)),
    row("postgres.name", |c| Slot::Text(&mut c.postgres.name)),
    row("postgres.database", |c| Slot::Text(&mut c.database)),
    row("postgres.user", |c| Slot::Optional(&mut c.postgres.user)),
    row("postgres.password", |c| Slot::Secret(&mut c.postgres.password)),
    row("postgres.password_env", |c| Slot::Variable(&mut c.postgres.password_env)),
    row("postgres.password_file", |c| Slot::File(&mut c.postgres.password_file)),
    row("postgres.prompt", |c| Slot::Switch(&mut c.postgres.prompt)),
    row("postgres.sslmode", |c| Slot::Mode(&mut c.postgres.tls.mode, SSL_MODES)),
    row("postgres.ca_file", |c| Slot::File(&mut c.postgres.tls.ca_file)),
    row("postgres.cert_file", |c| Slot::File(&mut c.postgres.tls.cert_file)),
    row("postgres.key_file", |c| Slot::File(&mut c.postgres.tls.key_file)),
    row("postgres.addresses", |c| Slot::Addresses(&mut c.postgres.addresses)),
    row("redis.name", |c| Slot::Text(&mut c.redis.name)),
    row("redis.user", |c| Slot::Optional(&mut c.redis.user)),
    row("redis.password", |c| Slot::Secret(&mut c.redis.password)),
    row("redis.password_env", |c| Slot::Variable(&mut c.redis.password_env)),
    row("redis.password_file", |c| Slot::File(&mut c.redis.password_file)),
    row("redis.prompt", |c| Slot::Switch(&mut c.redis.prompt)),
    row("redis.tls", |c| Slot::Switch(&mut c.redis.encrypted)),
    row("redis.verify", |c| Slot::Mode(&mut c.redis.tls.mode, VERIFY)),
    row("redis.ca_file", |c| Slot::File(&mut c.redis.tls.ca_file)),
    row("redis.cert_file", |c| Slot::File(&mut c.redis.tls.cert_file)),
    row("redis.key_file", |c| Slot::File(&mut c.redis.tls.key_file)),
    row("redis.addresses", |c| Slot::Addresses(&mut c.redis.addresses)),
    row("sentinel.name", |c| Slot::Text(&mut c.sentinel.name)),
    row("sentinel.master", |c| Slot::Text(&mut c.master)),
    row("sentinel.user", |c| Slot::Optional(&mut c.sentinel.user)),
    row("sentinel.password", |c| Slot::Secret(&mut c.sentinel.password)),
    row("sentinel.password_env", |c| Slot::Variable(&mut c.sentinel.password_env)),
    row("sentinel.password_file", |c| Slot::File(&mut c.sentinel.password_file)),
    row("sentinel.prompt", |c| Slot::Switch(&mut c.sentinel.prompt)),
    row("sentinel.tls", |c| Slot::Switch(&mut c.sentinel.encrypted)),
    row("sentinel.verify", |c| Slot::Mode(&mut c.sentinel.tls.mode, VERIFY)),
    row("sentinel.ca_file", |c| Slot::File(&mut c.sentinel.tls.ca_file)),
    row("sentinel.cert_file", |c| Slot::File(&mut c.sentinel.tls.cert_file)),
    row("sentinel.key_file", |c| Slot::File(&mut c.sentinel.tls.key_file)),
    row("sentinel.addresses", |c| Slot::Addresses(&mut c.sentinel.addresses)),
];

impl Setting {
    /// The section it stands in, empty at the top, and its key there.
    pub fn section_and_key(&self) -> (&'static str, &'static str) {
        self.path.split_once('.').unwrap_or(("", self.path))
    }

    /// Its name in the environment.
    pub fn variable(&self) -> String {
        format!("QUARTERDECK_{}", self.path.replace('.', "_").to_uppercase())
    }

    /// Its flag, if there were one of that name.
    pub fn flag(&self) -> String {
        format!("--{}", self.path.replace('_', "-"))
    }
}

/// A value as it was given.
#[derive(Clone, Debug)]
pub enum Given<'a> {
    /// A word from the environment or a flag, which has no types.
    Word(&'a str),
    /// A string of the file.
    Text(&'a str),
    /// A boolean of the file.
    Switch(bool),
    /// An integer of the file, as written.
    Number(&'a str),
    /// Anything else, by what TOML calls it.
    Other(&'static str),
}

impl Given<'_> {
    /// What was found, for an error message: never the value of a key that may hold a secret, nor what looks like a URL with one.
    pub fn found(&self, path: &str) -> String {
        match self {
            Given::Word(text) | Given::Text(text) => match looks_secret(path) || text.contains('@') || text.contains("://") {
                true => "a text that is not shown here".to_owned(),
                false => format!("\"{}\"", short(text)),
            },
            Given::Switch(on) => on.to_string(),
            Given::Number(_) => "a number".to_owned(),
            Given::Other(kind) => (*kind).to_owned(),
        }
    }
}

/// Whether a key of this name may hold a secret.
pub fn looks_secret(path: &str) -> bool {
    let lower = path.to_lowercase();
    ["pass", "pwd", "secret", "token", "auth", "credential", "dsn", "url", "uri", "key"].iter().any(|word| lower.contains(word))
}

/// A text cut short and without control characters, fit for one line of a message.
pub fn short(text: &str) -> String {
    let mut cut: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() {
        cut.push('…');
    }
    cut
}

impl Slot<'_> {
    /// What a value of this kind looks like.
    pub fn expected(&self) -> String {
        match self {
            Slot::Text(_) | Slot::Optional(_) => "a text, not empty and without control characters".to_owned(),
            Slot::Variable(_) => "the name of an environment variable".to_owned(),
            Slot::File(_) => "the path of a file".to_owned(),
            Slot::Switch(_) | Slot::Auto(_) => "true or false".to_owned(),
            Slot::Count(_) => "a number from 0 to 2".to_owned(),
            Slot::Mode(_, words) => listed(words.iter().map(|(word, _)| *word)),
            Slot::Secret(_) => "a password in the environment".to_owned(),
            Slot::Addresses(_) => "instances such as postgres-0=10.0.0.7:5432,postgres-1=10.0.0.8:5432".to_owned(),
        }
    }

    /// The words there are, where there are only some.
    pub fn words(&self) -> Vec<&'static str> {
        match self {
            Slot::Switch(_) | Slot::Auto(_) => vec!["true", "false"],
            Slot::Mode(_, words) => words.iter().map(|(word, _)| *word).collect(),
            _ => Vec::new(),
        }
    }

    /// Takes `given`, or leaves the value as it was and says `false`. A relative path of the file counts from `base`.
    pub fn take(self, given: &Given<'_>, origin: &Origin, base: &Path, home: Option<&str>) -> bool {
        let plain = match given {
            Given::Word(text) | Given::Text(text) if !text.is_empty() && !text.contains(char::is_control) => Some(*text),
            _ => None,
        };
        let switch = match given {
            Given::Switch(on) => Some(*on),
            Given::Word("true" | "yes" | "on" | "1") => Some(true),
            Given::Word("false" | "no" | "off" | "0") => Some(false),
            _ => None,
        };
        match self {
            Slot::Text(value) => set(value, plain.map(str::to_owned)),
            Slot::Optional(value) => set(value, plain.map(|text| Some(text.to_owned()))),
            Slot::Variable(value) => set(value, plain.filter(|text| is_variable(text)).map(|text| Some(text.to_owned()))),
            Slot::File(value) => set(value, plain.map(|text| Some(resolve(text, base, home)))),
            Slot::Switch(value) => set(value, switch),
            Slot::Auto(value) => set(value, switch.map(Some)),
            Slot::Count(value) => match given {
                Given::Number(text) => set(value, text.parse().ok().filter(|count| *count <= 2)),
                // More -v than there are levels is no mistake worth stopping for.
                Given::Word(text) => set(value, text.parse::<u8>().ok().map(|count| count.min(2))),
                _ => false,
            },
            Slot::Mode(value, words) => set(value, words.iter().find(|(word, _)| Some(*word) == plain).map(|(_, mode)| *mode)),
            Slot::Secret(value) => match given {
                Given::Word(text) => set(value, Some(Some(SecretString::from(*text)))),
                _ => false,
            },
            Slot::Addresses(value) => match given {
                Given::Word(text) => set(value, text.split(',').map(|pair| Instance::parse(pair, origin)).collect()),
                _ => false,
            },
        }
    }

    /// The value as TOML; `None` if there is none, or if it is a secret or a table.
    pub fn shown(&self) -> Option<String> {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        match self {
            Slot::Text(value) => Some(quoted(value)),
            Slot::Optional(value) | Slot::Variable(value) => value.as_deref().map(quoted),
            Slot::File(value) => value.as_ref().map(|file| quoted(&file.to_string_lossy())),
            Slot::Switch(value) => Some(value.to_string()),
            Slot::Auto(value) => value.map(|on| on.to_string()),
            Slot::Count(value) => Some(value.to_string()),
            Slot::Mode(value, words) => words.iter().find(|(_, mode)| mode == *value).map(|(word, _)| quoted(word)),
            Slot::Secret(_) | Slot::Addresses(_) => None,
        }
    }
}

fn set<T>(place: &mut T, value: Option<T>) -> bool {
    value.map(|value| *place = value).is_some()
}

fn is_variable(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn resolve(text: &str, base: &Path, home: Option<&str>) -> PathBuf {
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => Path::new(home).join(rest),
        _ => base.join(text),
    }
}

/// `a, b or c`.
pub fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
