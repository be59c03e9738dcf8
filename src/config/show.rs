//! The effective configuration as TOML, each value with where it came from. Of a password it shows where it comes from, no more.

use super::setting::Slot;
use super::{Config, Credentials, Part, SETTINGS};
use std::fmt::Write;

impl Config {
    /// What `quarterdeck config` prints: valid TOML which, used as the file, gives the same configuration, passwords excepted.
    /// Of passwords it names the sources.
    pub fn show(&self, credentials: &Credentials) -> String {
        let mut copy = self.clone();
        let mut out = String::new();
        let mut current = "";
        for setting in SETTINGS {
            let (section, key) = setting.section_and_key();
            if section != current {
                let _ = write!(out, "\n[{section}]\n");
                current = section;
            }
            let origin = plain(&self.origin(setting.path).to_string());
            let slot = (setting.slot)(&mut copy);
            let _ = match (&slot, slot.shown()) {
                (_, Some(value)) => writeln!(out, "{key} = {value}  # {origin}"),
                // A part that is absent needs no password, and nobody looked for one.
                (Slot::Secret(Some(_)), None) if self.part(section).addresses.is_empty() => writeln!(out, "# {key}: set, from {origin}"),
                (Slot::Secret(_), None) => writeln!(out, "# {key}: {}", plain(&credentials.sources(&self.part(section).addresses))),
                (Slot::Addresses(instances), None) if !instances.is_empty() => {
                    let _ = write!(out, "\n[{}]\n", setting.path);
                    instances.iter().try_for_each(|it| {
                        let name = if it.name.contains('.') { format!("\"{}\"", it.name) } else { it.name.to_string() };
                        writeln!(out, "{name} = \"{}\"  # {}", it.address, plain(&it.origin.to_string()))
                    })
                }
                (_, None) => writeln!(out, "# {key}: not set"),
            };
        }
        out
    }

    fn part(&self, section: &str) -> &Part {
        match section {
            "redis" => &self.redis,
            "sentinel" => &self.sentinel,
            _ => &self.postgres,
        }
    }
}

/// A path may hold what would end the comment.
fn plain(words: &str) -> String {
    words.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
