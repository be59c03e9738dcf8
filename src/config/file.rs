//! Reads the text of the file. Every key is known or refused, and every refusal says where. TOML's own rendering of an error is
//! not used: it prints the source line, and a password may stand in it.

use super::setting::{Given, SETTINGS, Setting, Slot, looks_secret, short};
use super::{Config, Instance, Origin};
use crate::nearest::nearest;
use std::path::Path;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Lays what `text` says over `config`; adds a line to `problems` for each mistake, in the order of the file.
pub fn apply(config: &mut Config, path: &Path, text: &str, home: Option<&str>, problems: &mut Vec<String>) {
    let mut reading = Reading { config, path: path.into(), text, home, problems: Vec::new() };
    match DeTable::parse(text) {
        Ok(table) => reading.table(table.get_ref()),
        Err(error) => reading.syntax(&error),
    }
    reading.problems.sort_by_key(|(line, _)| *line);
    problems.extend(reading.problems.into_iter().map(|(_, problem)| problem));
}

struct Reading<'a> {
    config: &'a mut Config,
    path: Arc<Path>,
    text: &'a str,
    home: Option<&'a str>,
    problems: Vec<(usize, String)>,
}

impl Reading<'_> {
    fn table(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let (name, at) = (key.get_ref().as_ref(), key.span().start);
            let is_section = SETTINGS.iter().any(|it| it.section_and_key().0 == name);
            match value.get_ref() {
                DeValue::Table(section) if is_section => {
                    for (key, value) in section {
                        self.key(&format!("{name}.{}", key.get_ref()), key.span().start, value);
                    }
                }
                other if is_section => {
                    let found = given(other).found(name);
                    self.refuse(at, name, &format!("found {found}, expected the section [{name}]"));
                }
                _ => self.key(name, at, value),
            }
        }
    }

    fn key(&mut self, path: &str, at: usize, value: &Spanned<DeValue<'_>>) {
        let Some(setting) = SETTINGS.iter().find(|it| it.path == path) else {
            return self.unknown(path, at, value.get_ref());
        };
        match ((setting.slot)(self.config), value.get_ref()) {
            (Slot::Secret(_), _) => self.refuse(at, path, &no_secrets_here(setting)),
            (Slot::Addresses(_), DeValue::Table(table)) => self.addresses(setting, at, table),
            (Slot::Addresses(_), other) => {
                let found = given(other).found(path);
                self.refuse(at, path, &format!("found {found}, expected a table such as [{path}] with postgres-0 = \"10.0.0.7:5432\""));
            }
            (_, other) => {
                let base = self.path.parent().unwrap_or(Path::new("")).to_owned();
                let line = self.line(at);
                let origin = Origin::File(self.path.clone(), line);
                let result = self.config.put(setting, &given(other), origin, &base, self.home);
                self.problems.extend(result.err().map(|problem| (line, problem)));
            }
        }
    }

    fn addresses(&mut self, setting: &Setting, at: usize, table: &DeTable<'_>) {
        let mut instances = Vec::new();
        for (key, value) in table {
            let (name, at) = (key.get_ref().as_ref(), key.span().start);
            let path = format!("{}.{}", setting.path, short(name));
            let origin = Origin::File(self.path.clone(), self.line(at));
            match value.get_ref().as_str().and_then(|address| Instance::new(name, address, &origin)) {
                Some(instance) => instances.push(instance),
                None => {
                    let found = given(value.get_ref()).found(&path);
                    let expected = "a name of letters, digits, '-', '_' and '.', and an address such as \"10.0.0.7:5432\"";
                    self.refuse(at, &path, &format!("found {found}, expected {expected}"));
                }
            }
        }
        if let Slot::Addresses(place) = (setting.slot)(self.config) {
            *place = instances;
        }
        self.config.origins.insert(setting.path, Origin::File(self.path.clone(), self.line(at)));
    }

    fn unknown(&mut self, path: &str, at: usize, value: &DeValue<'_>) {
        let (section, key) = path.split_once('.').unwrap_or(("", path));
        let usable = || SETTINGS.iter().filter(|it| !matches!((it.slot)(&mut Config::default()), Slot::Secret(_)));
        let offered = match value {
            DeValue::Table(_) if section.is_empty() => nearest(key, SECTIONS.iter().map(|it| (*it, 0))).map(|it| format!("[{it}]")),
            _ => {
                // A key of the top that slipped into a section, or the other way round, is found too.
                let near = usable().filter(|it| it.section_and_key().0 == section).map(|it| (it.section_and_key().1, 0));
                let beside = usable().filter(|it| it.section_and_key().0.is_empty() != section.is_empty());
                let beside = beside.map(|it| (it.section_and_key().1, 1));
                let word = nearest(key, near.chain(beside));
                let row =
                    |same: bool| usable().find(|it| Some(it.section_and_key().1) == word && same == (it.section_and_key().0 == section));
                let top = if section.is_empty() { "" } else { " at the top of the file" };
                row(true).or_else(|| row(false)).map(|it| match it.section_and_key() {
                    ("", key) => format!("{key}{top}"),
                    _ => it.path.to_owned(),
                })
            }
        };
        let rest = match offered {
            Some(offered) => format!("did you mean {offered}?"),
            None => {
                let keys = usable().filter(|it| it.section_and_key().0 == section).map(|it| it.section_and_key().1);
                let sections = SECTIONS.iter().copied().filter(|_| section.is_empty());
                format!("expected {}", super::setting::listed(keys.chain(sections)))
            }
        };
        let secret = if looks_secret(key) { "; a secret may not stand in this file" } else { "" };
        self.refuse(at, &short(path), &format!("unknown key; {rest}{secret}"));
    }

    fn syntax(&mut self, error: &toml::de::Error) {
        let at = error.span().map_or(0, |span| span.start);
        let before = self.text.get(..at).unwrap_or("");
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        // The key is named only if it is one of ours: anything else on a broken line may be part of a secret.
        let key = self.text.get(start..).and_then(|line| line.lines().next()).and_then(|line| line.split('=').next()).unwrap_or("").trim();
        let known = SETTINGS.iter().any(|it| it.path == key || it.section_and_key().1 == key);
        let key = if known { format!("{key}: ") } else { String::new() };
        let line = self.line(at);
        self.problems.push((line, format!("{}:{line}: {key}not valid TOML: {}", self.path.display(), error.message())));
    }

    fn refuse(&mut self, at: usize, key: &str, why: &str) {
        let line = self.line(at);
        self.problems.push((line, format!("{}:{line}: {key}: {why}", self.path.display())));
    }

    fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count()
    }
}

const SECTIONS: &[&str] = &["kubernetes", "postgres", "redis", "sentinel"];

fn no_secrets_here(setting: &Setting) -> String {
    let (section, _) = setting.section_and_key();
    let pgpass = if section == "postgres" { "~/.pgpass, " } else { "" };
    format!(
        "a password may not stand in this file; use {section}.password_file, {section}.password_env, {}, {pgpass}or {section}.prompt = true",
        setting.variable()
    )
}

fn given<'a>(value: &'a DeValue<'_>) -> Given<'a> {
    match value {
        DeValue::String(text) => Given::Text(text),
        DeValue::Integer(number) if number.radix() == 10 => Given::Number(number.as_str()),
        DeValue::Integer(_) | DeValue::Float(_) => Given::Other("a number"),
        DeValue::Boolean(on) => Given::Switch(*on),
        DeValue::Datetime(_) => Given::Other("a date"),
        DeValue::Array(_) => Given::Other("a list"),
        DeValue::Table(_) => Given::Other("a table"),
    }
}
