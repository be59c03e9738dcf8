//! Where the file is, and reading it and the environment: with `credentials`, the only part of the configuration that does IO.

use super::{Config, ConfigError, SETTINGS};
use crate::cli::Flags;
use crate::nearest;
use std::env::VarError;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// More than any configuration has; a device named by mistake is not read for ever.
const LONGEST: u64 = 1 << 20;

/// Reads the file that the flags, the environment or the user's directories name, and lays the environment and flags over it.
/// A file that was named must be there; the one in the usual place need not.
pub fn read(flags: &Flags) -> Result<Config, ConfigError> {
    let fail = |problem: String| ConfigError { problems: vec![problem] };
    let mut names: Vec<String> = SETTINGS.iter().map(|it| it.variable()).collect();
    names.push("QUARTERDECK_CONFIG".to_owned());
    // An unreadable QUARTERDECK_READ_ONLY must not pass for an absent one.
    if let Some(name) = names.iter().find(|name| matches!(std::env::var(name), Err(VarError::NotUnicode(_)))) {
        return Err(fail(format!("environment {name}: found a text that is not UTF-8, expected UTF-8")));
    }
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let text = match locate(flags, &env) {
        Some((path, named)) => match contents(&path) {
            Ok(text) => Some((path, text)),
            Err(error) if !named && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => None,
            Err(error) => return Err(fail(format!("{}: cannot be read: {error}", path.display()))),
        },
        None => None,
    };
    Config::load(text.as_ref().map(|(path, text)| (path.as_path(), text.as_str())), &env, flags)
}

/// The file to read, and whether somebody named it.
fn locate(flags: &Flags, env: &dyn Fn(&str) -> Option<String>) -> Option<(PathBuf, bool)> {
    if let Some(path) = flags.config.clone().or_else(|| env("QUARTERDECK_CONFIG").map(PathBuf::from)) {
        return Some((path, true));
    }
    // The XDG specification says to ignore a relative path here.
    let base = env("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(Path::new(&env("HOME")?).join(".config")))?;
    Some((base.join("quarterdeck/config.toml"), false))
}

fn contents(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, "longer than 1 MiB"));
    }
    Ok(text)
}

/// A warning for each variable in `names` that begins like one of ours and is none.
pub fn unknown_variables(names: impl Iterator<Item = String>, config: &Config) -> Vec<String> {
    let known: Vec<String> = SETTINGS.iter().map(|it| it.variable()).chain(["QUARTERDECK_CONFIG".to_owned()]).collect();
    let chosen = [&config.postgres, &config.redis, &config.sentinel].map(|part| part.password_env.as_deref());
    names
        .filter(|name| name.starts_with("QUARTERDECK_") && !known.contains(name) && !chosen.contains(&Some(name.as_str())))
        .map(|name| {
            let hint = nearest::hint(&name, known.iter().map(String::as_str));
            format!("environment {}: unknown, without effect{hint}", super::setting::short(&name))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(flag: Option<&str>, env: &[(&str, &str)]) -> Option<(PathBuf, bool)> {
        let flags = Flags { config: flag.map(PathBuf::from), ..Flags::default() };
        locate(&flags, &|name| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_file_is_named_or_in_the_usual_place() {
        let home = ("HOME", "/home/ada");
        assert_eq!(place(None, &[]), None);
        assert_eq!(place(None, &[home]), Some(("/home/ada/.config/quarterdeck/config.toml".into(), false)));
        assert_eq!(place(None, &[home, ("XDG_CONFIG_HOME", "/etc/x")]), Some(("/etc/x/quarterdeck/config.toml".into(), false)));
        assert_eq!(place(None, &[home, ("XDG_CONFIG_HOME", "x")]), Some(("/home/ada/.config/quarterdeck/config.toml".into(), false)));
        assert_eq!(place(None, &[home, ("QUARTERDECK_CONFIG", "e.toml")]), Some(("e.toml".into(), true)));
        assert_eq!(place(Some("f.toml"), &[home, ("QUARTERDECK_CONFIG", "e.toml")]), Some(("f.toml".into(), true)));
    }

    #[test]
    fn a_mistyped_variable_is_told() {
        let mut config = Config::default();
        config.redis.password_env = Some("QUARTERDECK_MINE".into());
        let names = ["QUARTERDECK_READONLY", "QUARTERDECK_MINE", "QUARTERDECK_THEME", "PATH"].map(str::to_owned);
        let warnings = unknown_variables(names.into_iter(), &config);
        assert_eq!(warnings, ["environment QUARTERDECK_READONLY: unknown, without effect; did you mean QUARTERDECK_READ_ONLY?"]);
    }
}
