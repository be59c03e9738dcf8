//! The configuration: defaults, then one TOML file, then the environment, then flags. Reading values is pure; files, variables
//! and the terminal are touched only in `source` and `credentials`. No message of this module shows a secret.

use crate::cli::Flags;
use crate::connect::{Address, PostgresTarget, RedisTarget, SentinelTarget, SslMode, Tls};
use crate::event::{Member, Name, Stack};
use crate::source::Targets;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub mod credentials;
mod file;
mod location;
mod pgpass;
mod setting;
mod show;

pub use credentials::Credentials;
pub use location::{read, unknown_variables};
pub use setting::{SETTINGS, Setting};

/// The annotated example, which names every key.
pub const EXAMPLE: &str = include_str!("../assets/config.toml");

/// Everything that can be configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// What the stack is called.
    pub stack: String,
    /// The Kubernetes namespace that it lives in.
    pub namespace: String,
    /// The theme's name.
    pub theme: String,
    /// ASCII characters only; `None` leaves it to the locale.
    pub ascii: Option<bool>,
    /// Nothing that can write is built.
    pub read_only: bool,
    /// Where the stream of events is written.
    pub record: Option<PathBuf>,
    /// Where log lines are written.
    pub log_file: Option<PathBuf>,
    /// How much is logged, 0 to 2.
    pub verbose: u8,
    /// The Kubernetes deployment of the application.
    pub application: String,
    /// The PostgreSQL servers.
    pub postgres: Part,
    /// The database to connect to.
    pub database: String,
    /// The Redis data nodes.
    pub redis: Part,
    /// The Sentinels.
    pub sentinel: Part,
    /// The name under which Sentinel knows the master.
    pub master: String,
    origins: BTreeMap<&'static str, Origin>,
}

/// One kind of server: where its instances are and how to log in. Without addresses it is absent.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// What it is called in Kubernetes.
    pub name: String,
    /// Its instances, in the natural order of their names.
    pub addresses: Vec<Instance>,
    /// The role or ACL user; `None` is the server's default user.
    pub user: Option<String>,
    /// The password, if the environment gave one by the setting's own name.
    pub password: Option<SecretString>,
    /// An environment variable that holds the password.
    pub password_env: Option<String>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// Ask for the password before the screen is taken.
    pub prompt: bool,
    /// Whether TLS is spoken at all. Always on for PostgreSQL, where `sslmode` says it.
    pub encrypted: bool,
    /// TLS, if it is spoken.
    pub tls: Tls,
}

/// One instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its name.
    pub name: Name,
    /// Where it is.
    pub address: Address,
    /// Who said so.
    pub origin: Origin,
}

/// Where a value came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said otherwise.
    #[default]
    Default,
    /// The configuration file, with the line.
    File(Arc<Path>, usize),
    /// This environment variable.
    Environment(String),
    /// This flag.
    Flag(String),
}

/// Why a configuration cannot be used: one line for each thing to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// What to mend, each with the place, what was found and what was expected.
    pub problems: Vec<String>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("\n"))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path, line) => write!(f, "file {} line {line}", path.display()),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

impl Default for Config {
    fn default() -> Config {
        let part = |name: &str, mode| Part { name: name.to_owned(), tls: Tls { mode, ..Tls::default() }, ..Part::default() };
        let postgres = Part { user: Some("moltbook_user".to_owned()), encrypted: true, ..part("postgres", SslMode::Prefer) };
        Config {
            stack: "moltbook".to_owned(),
            namespace: "moltbook".to_owned(),
            theme: "dark".to_owned(),
            ascii: None,
            read_only: false,
            record: None,
            log_file: None,
            verbose: 0,
            application: "moltbook-app".to_owned(),
            postgres,
            database: "moltbook".to_owned(),
            redis: part("redis", SslMode::VerifyFull),
            sentinel: part("redis-sentinel", SslMode::VerifyFull),
            master: "mymaster".to_owned(),
            origins: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Lays the file's text, the environment and the flags over the defaults. All mistakes are reported together.
    pub fn load(file: Option<(&Path, &str)>, env: &dyn Fn(&str) -> Option<String>, flags: &Flags) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        let mut problems = Vec::new();
        let home = env("HOME");
        if let Some((path, text)) = file {
            file::apply(&mut config, path, text, home.as_deref(), &mut problems);
        }
        for setting in SETTINGS {
            let variable = setting.variable();
            // An empty variable is how scripts unset one.
            if let Some(value) = env(&variable).filter(|value| !value.is_empty()) {
                let origin = Origin::Environment(variable);
                problems.extend(config.put(setting, &setting::Given::Word(&value), origin, Path::new(""), home.as_deref()).err());
            }
        }
        for (key, value) in flags.given() {
            if let Some(setting) = SETTINGS.iter().find(|setting| setting.path == key) {
                let origin = Origin::Flag(setting.flag());
                problems.extend(config.put(setting, &setting::Given::Word(&value), origin, Path::new(""), home.as_deref()).err());
            }
        }
        for part in [&mut config.postgres, &mut config.redis, &mut config.sentinel] {
            part.addresses.sort_by(|a, b| natural(&a.name).cmp(&natural(&b.name)).then_with(|| a.name.cmp(&b.name)));
        }
        config.check(&mut problems);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError { problems }) }
    }

    fn put(
        &mut self,
        setting: &Setting,
        given: &setting::Given<'_>,
        origin: Origin,
        base: &Path,
        home: Option<&str>,
    ) -> Result<(), String> {
        let slot = (setting.slot)(self);
        let (expected, words) = (slot.expected(), slot.words());
        if slot.take(given, &origin, base, home) {
            self.origins.insert(setting.path, origin);
            return Ok(());
        }
        let suggestion = match given {
            setting::Given::Word(text) | setting::Given::Text(text) => crate::nearest::hint(text, words.into_iter()),
            _ => String::new(),
        };
        Err(format!("{}: {}: found {}, expected {expected}{suggestion}", origin.place(), setting.path, given.found(setting.path)))
    }

    /// What each value alone cannot show to be wrong.
    fn check(&self, problems: &mut Vec<String>) {
        let parts = [("postgres", &self.postgres), ("redis", &self.redis), ("sentinel", &self.sentinel)];
        for (number, (section, part)) in parts.into_iter().enumerate() {
            for (index, instance) in part.addresses.iter().enumerate() {
                let before = part.addresses.iter().take(index);
                if let Some(twin) = before.clone().find(|twin| twin.address == instance.address) {
                    let (place, address) = (instance.origin.place(), &instance.address);
                    problems.push(format!("{place}: {section}.addresses: {} and {} are both at {address}", twin.name, instance.name));
                }
                if before.clone().any(|twin| twin.name == instance.name) {
                    problems.push(format!("{}: {section}.addresses: {} is there twice", instance.origin.place(), instance.name));
                }
                // Problems and commands name an instance by nothing else.
                let others = parts.iter().take(number).filter(|(_, other)| other.addresses.iter().any(|it| it.name == instance.name));
                for (other, _) in others {
                    let (place, name) = (instance.origin.place(), &instance.name);
                    problems.push(format!("{place}: {section}.addresses: {name} is also in {other}.addresses; a name means one instance"));
                }
            }
            let mut refuse = |key: &str, why: &str| {
                let place = self.origin(&format!("{section}.{key}")).place();
                problems.push(format!("{place}: {section}.{key}: {why}"));
            };
            let Tls { mode, ca_file, cert_file, key_file } = &part.tls;
            match (cert_file, key_file) {
                (Some(_), None) => refuse("cert_file", "needs key_file, the certificate's key"),
                (None, Some(_)) => refuse("key_file", "needs cert_file, the key's certificate"),
                _ => {}
            }
            let named = [("ca_file", ca_file), ("cert_file", cert_file)].into_iter().find(|(_, file)| file.is_some());
            if let (false, Some((key, _))) = (part.encrypted, named) {
                refuse(key, &format!("is of no use without {section}.tls = true"));
            } else if section != "postgres" && *mode == SslMode::Require && ca_file.is_some() {
                refuse("ca_file", &format!("is of no use with {section}.verify = \"none\""));
            } else if part.encrypted && matches!(mode, SslMode::VerifyCa | SslMode::VerifyFull) && ca_file.is_none() {
                let (key, mend) = match section {
                    "postgres" => ("sslmode", String::new()),
                    _ => ("tls", format!(", or {section}.verify = \"none\" to check nothing")),
                };
                refuse(key, &format!("needs {section}.ca_file, the CAs that are trusted{mend}"));
            }
        }
    }

    /// Where the value of the setting with this key came from.
    pub fn origin(&self, path: &str) -> Origin {
        self.origins.get(path).cloned().unwrap_or_default()
    }

    /// The stack as configured: the first event of a run.
    pub fn stack(&self) -> Stack {
        let members =
            |part: &Part| part.addresses.iter().map(|it| Member { name: it.name.clone(), address: it.address.to_string() }).collect();
        Stack {
            name: self.stack.clone(),
            postgres: members(&self.postgres),
            redis: members(&self.redis),
            sentinel: members(&self.sentinel),
            master: self.master.clone(),
        }
    }

    /// What there is to watch, and how to log in there.
    pub fn targets(&self, credentials: &Credentials) -> Targets {
        let redis = |part: &Part, password: &Option<SecretString>| -> Vec<RedisTarget> {
            let target = |it: &Instance| RedisTarget {
                name: it.name.clone(),
                address: it.address.clone(),
                login: crate::connect::Login { user: part.user.clone(), password: password.clone() },
                tls: part.tls(),
            };
            part.addresses.iter().map(target).collect()
        };
        let postgres = |it: &Instance| PostgresTarget {
            name: it.name.clone(),
            address: it.address.clone(),
            database: self.database.clone(),
            login: crate::connect::Login { user: self.postgres.user.clone(), password: credentials.postgres(&it.name) },
            tls: self.postgres.tls(),
        };
        let sentinels = redis(&self.sentinel, &credentials.sentinel);
        Targets {
            postgres: self.postgres.addresses.iter().map(postgres).collect(),
            redis: redis(&self.redis, &credentials.redis),
            sentinel: sentinels.into_iter().map(|server| SentinelTarget { server, master: self.master.clone() }).collect(),
        }
    }
}

impl Part {
    fn tls(&self) -> Tls {
        if self.encrypted { self.tls.clone() } else { Tls { mode: SslMode::Disable, ..Tls::default() } }
    }
}

impl Instance {
    /// Reads `postgres-0=10.0.0.7:5432`.
    fn parse(pair: &str, origin: &Origin) -> Option<Instance> {
        let (name, address) = pair.trim().split_once('=')?;
        Instance::new(name.trim(), address.trim(), origin)
    }

    /// An instance whose name can be shown and whose address can be dialled.
    fn new(name: &str, address: &str, origin: &Origin) -> Option<Instance> {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) && (1..=63).contains(&name.len());
        let address = address.parse().ok().filter(|_| plain && !address.contains(['@', '/']) && !address.contains(char::is_control))?;
        Some(Instance { name: name.into(), address, origin: origin.clone() })
    }
}

impl Origin {
    /// The place, as an error message begins with it.
    pub fn place(&self) -> String {
        match self {
            Origin::File(path, line) => format!("{}:{line}", path.display()),
            other => other.to_string(),
        }
    }
}

/// Sorts `postgres-2` before `postgres-10`: words as words, numbers by length and then by digits.
fn natural(name: &str) -> Vec<(&str, usize, &str)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let (word, tail) = rest.split_at(rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len()));
        let (number, tail) = tail.split_at(tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len()));
        let digits = number.trim_start_matches('0');
        parts.push((word, digits.len(), digits));
        rest = tail;
    }
    parts
}
