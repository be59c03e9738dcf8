//! Theme files: read, inherited from, checked. What is wrong in one is told with the nearest right word; nothing is guessed.

use super::colour::{self, Depth, Ink, Rgb, rgb};
use super::{Glyphs, Theme};
use crate::nearest::distance;
use ratatui::style::{Color, Modifier};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The embedded themes, by name.
const EMBEDDED: [(&str, &str); 4] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
];

/// The names of the embedded themes.
pub const NAMES: [&str; EMBEDDED.len()] = {
    let [(a, _), (b, _), (c, _), (d, _)] = EMBEDDED;
    [a, b, c, d]
};

const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("reversed", Modifier::REVERSED),
    ("underlined", Modifier::UNDERLINED),
];

/// Why a theme cannot be used, in words for the person who asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThemeError(String);

impl std::fmt::Display for ThemeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ThemeError {}

/// A theme file as written.
#[derive(Debug, Default, Deserialize)]
struct File {
    inherits: Option<String>,
    background: Option<String>,
    foreground: Option<String>,
    #[serde(default)]
    palette: BTreeMap<String, Shade>,
    #[serde(default)]
    style: BTreeMap<String, Look>,
}

/// A colour of the palette: alone, or with its stand-in among the 16.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Shade {
    Plain(String),
    Paired { rgb: String, ansi: String },
}

/// A style as written.
#[derive(Clone, Debug, Default, Deserialize)]
struct Look {
    fg: Option<String>,
    bg: Option<String>,
    #[serde(default)]
    modifiers: Vec<String>,
}

pub(super) fn theme(choice: &str, depth: Depth, glyphs: &'static Glyphs) -> Result<Theme, ThemeError> {
    let file = if choice.contains('/') || choice.ends_with(".toml") {
        let text = std::fs::read_to_string(choice).map_err(|error| ThemeError(format!("theme {choice}: {error}")))?;
        read(choice, &text)?
    } else {
        embedded(choice)?
    };
    let theme = Theme { glyphs, ..dress(&file, depth).map_err(|error| ThemeError(format!("theme {choice}: {error}")))? };
    // Without colour there is one look, whose modifiers were chosen for it; those of the other themes go with their colours.
    if depth == Depth::None { Ok(Theme { glyphs, ..dress(&embedded("mono")?, depth)? }) } else { Ok(theme) }
}

fn embedded(name: &str) -> Result<File, ThemeError> {
    match EMBEDDED.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => read(name, text),
        None => Err(unknown("theme", name, NAMES)),
    }
}

/// Reads a file and what it inherits, which can only be an embedded theme.
fn read(name: &str, text: &str) -> Result<File, ThemeError> {
    let within = |error: ThemeError| ThemeError(format!("theme {name}: {error}"));
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| within(ThemeError(error.to_string())))?;
    check_keys(&table).map_err(within)?;
    let file: File = table.try_into().map_err(|error: toml::de::Error| within(ThemeError(error.to_string().trim().to_owned())))?;
    let Some(parent) = &file.inherits else { return Ok(file) };
    let mut whole = embedded(parent).map_err(within)?;
    whole.background = file.background.or(whole.background);
    whole.foreground = file.foreground.or(whole.foreground);
    whole.palette.extend(file.palette);
    whole.style.extend(file.style);
    Ok(whole)
}

/// Refuses every key that means nothing. Separate from serde, whose list of expected names would not say which one was meant.
fn check_keys(table: &toml::Table) -> Result<(), ThemeError> {
    let known = |what: &str, table: &toml::Table, names: &[&str]| match table.keys().find(|key| !names.contains(&key.as_str())) {
        Some(key) => Err(unknown(what, key, names.iter().copied())),
        None => Ok(()),
    };
    let tables = |key: &str| table.get(key).and_then(toml::Value::as_table);
    known("key", table, &["inherits", "background", "foreground", "palette", "style"])?;
    for (name, shade) in tables("palette").into_iter().flatten() {
        if let Some(shade) = shade.as_table() {
            known(&format!("key of palette.{name}"), shade, &["rgb", "ansi"])?;
        }
    }
    let Some(styles) = tables("style") else { return Ok(()) };
    known("meaning", styles, Theme::MEANINGS)?;
    for (name, style) in styles {
        if let Some(style) = style.as_table() {
            known(&format!("key of style.{name}"), style, &["fg", "bg", "modifiers"])?;
        }
    }
    Ok(())
}

/// The theme that a file describes.
fn dress(file: &File, depth: Depth) -> Result<Theme, ThemeError> {
    let page = |what: &str, value: &Option<String>| -> Result<Rgb, ThemeError> {
        let value = value.as_deref().ok_or_else(|| ThemeError(format!("{what} is missing: a colour, or inherits = \"dark\"")))?;
        rgb(ink(file, value)?.colour).ok_or_else(|| ThemeError(format!("{what}: a colour that can be seen is needed, not {value}")))
    };
    let plain =
        Theme { background: page("background", &file.background)?, foreground: page("foreground", &file.foreground)?, ..Theme::default() };
    plain.dress(|meaning| {
        let look = file.style.get(meaning);
        let look = look.ok_or_else(|| ThemeError(format!("style.{meaning} is missing: name it, or add inherits = \"dark\"")))?;
        let within = |error: ThemeError| ThemeError(format!("style.{meaning}: {error}"));
        let colour = |name: &Option<String>| name.as_deref().map(|name| ink(file, name)).transpose().map_err(within);
        let mut modifiers = Modifier::empty();
        for word in &look.modifiers {
            let found = MODIFIERS.iter().find(|(name, _)| name == word);
            let missing = || within(unknown("modifier", word, MODIFIERS.iter().map(|(name, _)| *name)));
            modifiers |= found.ok_or_else(missing)?.1;
        }
        Ok(colour::style(colour(&look.fg)?, colour(&look.bg)?, modifiers, depth))
    })
}

/// What a name of the palette, or a colour written out, stands for.
fn ink(file: &File, name: &str) -> Result<Ink, ThemeError> {
    let parse = |text: &str| -> Result<Color, ThemeError> {
        let hint = || ThemeError(format!("{text} is no colour: \"#rrggbb\", 0 to 255, or a name such as light-red"));
        text.parse().map_err(|_| hint())
    };
    match file.palette.get(name) {
        Some(Shade::Plain(colour)) => Ok(Ink { colour: parse(colour)?, ansi: None }),
        Some(Shade::Paired { rgb, ansi }) => Ok(Ink { colour: parse(rgb)?, ansi: Some(parse(ansi)?) }),
        None if name.starts_with('#') => Ok(Ink { colour: parse(name)?, ansi: None }),
        None => match name.parse() {
            Ok(colour) => Ok(Ink { colour, ansi: None }),
            Err(_) => Err(unknown("colour", name, file.palette.keys().map(String::as_str))),
        },
    }
}

/// The error for a word that is not among those known, with the nearest of them and the rest.
fn unknown<'a>(what: &str, word: &str, known: impl IntoIterator<Item = &'a str>) -> ThemeError {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_by_key(|candidate| distance(word, candidate));
    let hint = known.first().map(|nearest| format!("; nearest: {nearest} (known: {})", known.join(", "))).unwrap_or_default();
    ThemeError(format!("unknown {what} {word:?}{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn error(text: &str) -> String {
        read("mine", text).and_then(|file| dress(&file, Depth::True)).unwrap_err().to_string()
    }

    #[test]
    fn a_file_changes_what_it_names_and_inherits_the_rest() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mine.toml");
        std::fs::write(
            &path,
            "inherits = \"dark\"\n[palette]\nred = \"#ff0000\"\n[style]\nok = { fg = \"cyan\", modifiers = [\"bold\", \"dim\"] }\n",
        )
        .unwrap();
        let dark = theme("dark", Depth::True, &Glyphs::ASCII).unwrap();
        let mine = theme(path.to_str().unwrap(), Depth::True, &Glyphs::ASCII).unwrap();
        assert_eq!(mine.warning, dark.warning);
        assert_eq!(mine.critical.fg, Some(Color::Rgb(255, 0, 0)));
        assert_eq!(mine.ok.add_modifier, Modifier::BOLD | Modifier::DIM);
        assert_eq!(mine.background, dark.background);
        assert_eq!(mine.glyphs, &Glyphs::ASCII);
    }

    #[test]
    fn errors_name_the_nearest_right_word() {
        let unknown_name = theme("drak", Depth::True, &Glyphs::UNICODE).unwrap_err().to_string();
        assert_eq!(unknown_name, "unknown theme \"drak\"; nearest: dark (known: dark, mono, light, high-contrast)");
        for (text, part) in [
            ("inherit = \"dark\"", "unknown key \"inherit\"; nearest: inherits"),
            ("inherits = \"lihgt\"", "unknown theme \"lihgt\"; nearest: light"),
            ("[style]\ncritcal = {}", "unknown meaning \"critcal\"; nearest: critical"),
            ("[style]\nok = { foreground = \"red\" }", "unknown key of style.ok \"foreground\"; nearest: "),
            ("[palette]\nred = { rgb = \"#ff0000\", anssi = \"red\" }", "unknown key of palette.red \"anssi\"; nearest: ansi"),
            ("inherits = \"dark\"\n[style]\nok = { modifiers = [\"blod\"] }", "style.ok: unknown modifier \"blod\"; nearest: bold"),
            ("inherits = \"dark\"\n[style]\nok = { fg = \"gren\" }", "style.ok: unknown colour \"gren\"; nearest: green"),
            ("inherits = \"dark\"\n[style]\nok = { fg = \"#12345\" }", "style.ok: #12345 is no colour"),
            ("background = \"#000000\"\nforeground = \"#ffffff\"", "style.text is missing"),
            ("foreground = \"#ffffff\"", "background is missing"),
            ("inherits = \"dark\"\nbackground = \"reset\"", "background: a colour that can be seen is needed"),
            ("style = 3", "invalid type"),
            ("[style", "TOML parse error at line 1"),
        ] {
            assert!(error(text).contains(part), "{text}: {}", error(text));
        }
        let missing = theme("no/such.toml", Depth::True, &Glyphs::UNICODE).unwrap_err().to_string();
        assert!(missing.starts_with("theme no/such.toml: "), "{missing}");
    }

    #[test]
    fn without_colour_a_file_is_still_checked() {
        assert!(theme("drak", Depth::None, &Glyphs::UNICODE).is_err());
        assert_eq!(theme("dark", Depth::None, &Glyphs::UNICODE).unwrap().ok, Style::new());
    }
}
