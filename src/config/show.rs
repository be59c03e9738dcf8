//! The effective configuration as TOML, each value with where it came from. Of a password it shows that it is set, no more.

use super::setting::Slot;
use super::{Config, SETTINGS};
use std::fmt::Write;

impl Config {
    /// What `quarterdeck config` prints: valid TOML which, used as the file, gives the same configuration, passwords excepted.
    pub fn show(&self) -> String {
        let mut copy = self.clone();
        let mut out = String::new();
        let mut current = "";
        for setting in SETTINGS {
            let (section, key) = setting.section_and_key();
            if section != current {
                let _ = write!(out, "\n[{section}]\n");
                current = section;
            }
            let origin = comment(&self.origin(setting.path));
            let slot = (setting.slot)(&mut copy);
            let _ = match (&slot, slot.shown()) {
                (_, Some(value)) => writeln!(out, "{key} = {value}  # {origin}"),
                (Slot::Secret(Some(_)), None) => writeln!(out, "# {key}: set, from {origin}"),
                (Slot::Addresses(instances), None) if !instances.is_empty() => {
                    let _ = write!(out, "\n[{}]\n", setting.path);
                    instances.iter().try_for_each(|it| {
                        let name = if it.name.contains('.') { format!("\"{}\"", it.name) } else { it.name.to_string() };
                        writeln!(out, "{name} = \"{}\"  # {}", it.address, comment(&it.origin))
                    })
                }
                (_, None) => writeln!(out, "# {key}: not set"),
            };
        }
        out
    }
}

/// A path may hold what would end the comment.
fn comment(origin: &super::Origin) -> String {
    origin.to_string().chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
