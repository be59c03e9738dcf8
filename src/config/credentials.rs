//! Passwords: from the environment, a file, `~/.pgpass` or a prompt, in this order. They live in `SecretString` and are printed
//! nowhere. A source of a password that fails is a warning, not the end: the other servers can still be watched.

use super::{Config, Instance, Part, pgpass};
use crate::event::Name;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// More than any password or password file has.
const LONGEST: u64 = 1 << 20;

/// The passwords that were found, and what stood in the way of others.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// For each PostgreSQL server: a password file may tell them apart.
    postgres: BTreeMap<Name, SecretString>,
    /// For the Redis data nodes.
    pub redis: Option<SecretString>,
    /// For the Sentinels.
    pub sentinel: Option<SecretString>,
    /// What an operator should know, without any secret.
    pub warnings: Vec<String>,
    /// Where the password of an instance comes from, in words, without any secret.
    sources: BTreeMap<Name, String>,
}

impl Credentials {
    /// The password for this PostgreSQL server.
    pub fn postgres(&self, name: &Name) -> Option<SecretString> {
        self.postgres.get(name).cloned()
    }

    /// Where the passwords of these instances come from, in words: once if it is the same for all.
    pub fn sources(&self, instances: &[Instance]) -> String {
        let of = |it: &Instance| self.sources.get(&it.name).map_or("not set", String::as_str);
        match instances.split_first() {
            Some((first, rest)) if rest.iter().any(|it| of(it) != of(first)) => {
                instances.iter().map(|it| format!("{} {}", it.name, of(it))).collect::<Vec<_>>().join("; ")
            }
            Some((first, _)) => of(first).to_owned(),
            None => "not set".to_owned(),
        }
    }

    /// Gathers what `config` names. `ask` is called with a question where a prompt is wanted and nothing else gave a password.
    pub fn gather(
        config: &Config,
        env: &dyn Fn(&str) -> Option<String>,
        ask: &mut dyn FnMut(&str) -> Result<SecretString, String>,
    ) -> Credentials {
        let mut found = Credentials::default();
        if !config.postgres.addresses.is_empty() {
            let same = given("postgres", config, &config.postgres, env, &mut found.warnings);
            let pgpass = if same.is_none() { pgpass_text(env, &mut found.warnings) } else { None };
            let user = config.postgres.user.as_deref().unwrap_or("");
            for it in &config.postgres.addresses {
                let listed = || {
                    let (path, text) = pgpass.as_ref()?;
                    let password = pgpass::lookup(text, &it.address.host, it.address.port, &config.database, user)?;
                    Some(Found { password, source: from_file(path) })
                };
                found.set_postgres(&it.name, same.clone().or_else(listed));
            }
            if found.postgres.len() < config.postgres.addresses.len()
                && let Some(asked) = prompt("PostgreSQL", "postgres", &config.postgres, ask, &mut found.warnings)
            {
                for it in config.postgres.addresses.iter().filter(|it| !found.postgres.contains_key(&it.name)).collect::<Vec<_>>() {
                    found.set_postgres(&it.name, Some(asked.clone()));
                }
            }
        }
        for (title, section, part) in [("Redis", "redis", &config.redis), ("Sentinel", "sentinel", &config.sentinel)] {
            if !part.addresses.is_empty() {
                let one = given(section, config, part, env, &mut found.warnings);
                let one = one.or_else(|| prompt(title, section, part, ask, &mut found.warnings));
                found.sources.extend(one.iter().flat_map(|it| part.addresses.iter().map(|at| (at.name.clone(), it.source.clone()))));
                let place = if section == "redis" { &mut found.redis } else { &mut found.sentinel };
                *place = one.map(|it| it.password);
            }
        }
        found
    }

    fn set_postgres(&mut self, name: &Name, found: Option<Found>) {
        if let Some(Found { password, source }) = found {
            self.postgres.insert(name.clone(), password);
            self.sources.insert(name.clone(), source);
        }
    }
}

/// A password, and where it comes from in words.
#[derive(Clone)]
struct Found {
    password: SecretString,
    source: String,
}

fn from_file(path: &Path) -> String {
    format!("set, from file {}", path.display())
}

/// What the setting's own variable, `password_env` or `password_file` gives, in this order.
fn given(section: &str, config: &Config, part: &Part, env: &dyn Fn(&str) -> Option<String>, warnings: &mut Vec<String>) -> Option<Found> {
    if let Some(password) = &part.password {
        let source = format!("set, from {}", config.origin(&format!("{section}.password")));
        return Some(Found { password: password.clone(), source });
    }
    if let Some(name) = &part.password_env {
        match env(name).filter(|value| !value.is_empty()) {
            Some(value) => return Some(Found { password: SecretString::from(value), source: format!("set, from environment {name}") }),
            None => warnings.push(format!("{section}.password_env: {name} is not set")),
        }
    }
    let path = part.password_file.as_ref()?;
    let password = password_file(section, path, warnings).map_err(|why| warnings.push(why)).ok()?;
    Some(Found { password, source: from_file(path) })
}

fn prompt(
    title: &str,
    section: &str,
    part: &Part,
    ask: &mut dyn FnMut(&str) -> Result<SecretString, String>,
    warnings: &mut Vec<String>,
) -> Option<Found> {
    if !part.prompt {
        return None;
    }
    let user = part.user.as_ref().map_or_else(String::new, |user| format!(", user {user}"));
    let answer = ask(&format!("Password for {title}{user}: "));
    let password = answer.map_err(|why| warnings.push(format!("{section}.prompt: no password: {why}"))).ok()?;
    Some(Found { password, source: "asked for at the terminal".to_owned() })
}

fn password_file(section: &str, path: &Path, warnings: &mut Vec<String>) -> Result<SecretString, String> {
    let place = format!("{section}.password_file: {}", path.display());
    let (text, mode) = contents(path).map_err(|error| format!("{place} cannot be read: {error}"))?;
    if mode & 0o004 != 0 {
        warnings.push(format!("{place} can be read by everybody; chmod 600 would mend it"));
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() { Err(format!("{place} is empty")) } else { Ok(SecretString::from(line)) }
}

/// libpq's password file and its text, unless it is absent or libpq would not trust it either.
fn pgpass_text(env: &dyn Fn(&str) -> Option<String>, warnings: &mut Vec<String>) -> Option<(PathBuf, Zeroizing<String>)> {
    let named = env("PGPASSFILE").filter(|path| !path.is_empty()).map(PathBuf::from);
    let usual = || Some(Path::new(&env("HOME")?).join(".pgpass"));
    let path = named.clone().or_else(usual)?;
    let place = path.display().to_string();
    let plain = std::fs::metadata(&path).map(|it| it.is_file());
    let trouble = match plain {
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return None,
        Ok(false) => format!("{place} is ignored: it is not a plain file"),
        Err(error) => format!("{place} is ignored: {error}"),
        Ok(true) => match contents(&path) {
            Ok((text, mode)) if mode & 0o077 == 0 => return Some((path, text)),
            Ok(_) => format!("{place} is ignored: others than its owner may use it; chmod 600 would mend it"),
            Err(error) => format!("{place} is ignored: {error}"),
        },
    };
    warnings.push(trouble);
    None
}

/// The text of a file and its mode, both of the very file that was opened.
fn contents(path: &Path) -> std::io::Result<(Zeroizing<String>, u32)> {
    let file = std::fs::File::open(path)?;
    let (mode, size) = file.metadata().map(|it| (it.permissions().mode(), it.size()))?;
    // Room for the whole text from the start, so that growing leaves no copy behind.
    let mut text = Zeroizing::new(String::with_capacity(size.min(LONGEST) as usize + 1));
    file.take(LONGEST).read_to_string(&mut text)?;
    Ok((text, mode))
}
