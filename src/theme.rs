//! How things look, by what they mean: a `Theme` is passed to whatever draws and is never global.
//! State is never told by colour alone: a sign (`Glyphs`) and a word go with it, so every theme may be reduced to modifiers.

use ratatui::style::Style;

mod colour;
mod glyph;
mod load;

pub use colour::{Depth, Rgb, rgb};
pub use glyph::{Glyphs, arm};
pub use load::{NAMES, ThemeError};

/// Makes the theme from the one list of meanings, so that fields, names in files and tests cannot drift apart.
macro_rules! meanings {
    ($($(#[doc = $meaning:literal])+ $name:ident,)+) => {
        /// One style for each meaning, and the signs and lines to draw with. The default has plain styles only.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Theme {
            $($(#[doc = $meaning])+ pub $name: Style,)+
            /// The signs and lines that the terminal can show.
            pub glyphs: &'static Glyphs,
            /// The background that the theme assumes, and a picture paints; on a terminal its own stays.
            pub background: Rgb,
            /// The colour of plain text that the theme assumes, and a picture paints; on a terminal its own stays.
            pub foreground: Rgb,
        }

        impl Theme {
            /// The meanings as theme files name them.
            pub const MEANINGS: &'static [&'static str] = &[$(stringify!($name)),+];

            /// Each meaning and its style.
            pub fn styles(&self) -> impl Iterator<Item = (&'static str, Style)> {
                [$((stringify!($name), self.$name)),+].into_iter()
            }

            /// Sets each meaning's style to what `look` says of its name.
            fn dress<E>(mut self, mut look: impl FnMut(&'static str) -> Result<Style, E>) -> Result<Theme, E> {
                $(self.$name = look(stringify!($name))?;)+
                Ok(self)
            }
        }
    };
}

meanings! {
    /// Plain words and figures.
    text,
    /// What matters less: units, captions, table headers.
    muted,
    /// The title of a pane.
    title,
    /// Frames, and the lines of the diagram.
    border,
    /// The frame that has the focus.
    border_focused,
    /// The selected row or box; laid over what is there.
    selection,
    /// A key that can be pressed now.
    key,
    /// Severity ok.
    ok,
    /// Severity notice.
    notice,
    /// Severity warning.
    warning,
    /// Severity unknown: not seen, or no longer.
    unknown,
    /// Severity critical.
    critical,
    /// A figure older than it should be.
    stale,
    /// A link that answers.
    live,
    /// The one that leads: primary, master.
    accent,
    /// A mode that must be noticed: read-only, demonstration.
    banner,
    /// Sparklines and bars.
    graph,
}

impl Theme {
    /// The theme called `choice`, or in the file of that path if it has a `/` or ends with `.toml`, for this terminal.
    ///
    /// # Errors
    /// The name is unknown, the file cannot be read, or what it says is not a theme; the message names the nearest right word.
    pub fn load(choice: &str, depth: Depth, glyphs: &'static Glyphs) -> Result<Theme, ThemeError> {
        load::theme(choice, depth, glyphs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::{Color, Modifier};

    const SEVERITIES: [&str; 5] = ["ok", "notice", "warning", "unknown", "critical"];

    fn theme(name: &str, depth: Depth) -> Theme {
        Theme::load(name, depth, &Glyphs::UNICODE).unwrap()
    }

    /// WCAG 2 contrast of a style over the theme's page, or over another style's background.
    fn contrast(theme: &Theme, style: Style, under: Style) -> f64 {
        fn luminance(colour: Rgb) -> f64 {
            let linear = |c: u8| {
                let c = f64::from(c) / 255.0;
                if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(colour.0) + 0.7152 * linear(colour.1) + 0.0722 * linear(colour.2)
        }
        let fg = luminance(style.fg.and_then(rgb).unwrap_or(theme.foreground));
        let bg = luminance(style.bg.or(under.bg).and_then(rgb).unwrap_or(theme.background));
        (fg.max(bg) + 0.05) / (fg.min(bg) + 0.05)
    }

    #[test]
    fn every_style_can_be_read_on_its_background_and_when_selected() {
        for name in NAMES {
            for depth in [Depth::True, Depth::Indexed256] {
                let theme = theme(name, depth);
                for (meaning, style) in theme.styles() {
                    let needed = match (name, meaning) {
                        (_, "border") => 1.8,
                        ("high-contrast", _) => 7.0,
                        (_, "muted" | "border_focused" | "graph") => 3.0,
                        _ => 4.5,
                    };
                    for under in [Style::new(), theme.selection] {
                        let reached = contrast(&theme, style, under);
                        assert!(reached >= needed, "{name} {depth:?} {meaning}: {reached:.2} of {needed} over {:?}", under.bg);
                    }
                }
            }
        }
    }

    #[test]
    fn sixteen_colours_stay_readable_and_name_no_others() {
        for name in NAMES {
            let theme = theme(name, Depth::Ansi16);
            for (meaning, style) in theme.styles() {
                assert!(!matches!(style.fg, Some(Color::Rgb(..) | Color::Indexed(_))), "{name} {meaning}: {style:?}");
                assert_eq!(style.bg, None, "{name} {meaning}: a background is shown reversed");
                let reached = contrast(&theme, style, Style::new());
                assert!(reached >= 3.0, "{name} {meaning}: {reached:.2}");
            }
        }
    }

    #[test]
    fn without_colour_only_modifiers_remain_and_tell_apart_what_must_be() {
        for name in NAMES {
            let theme = theme(name, Depth::None);
            for (meaning, style) in theme.styles() {
                assert_eq!((style.fg, style.bg), (None, None), "{name} {meaning}");
            }
            assert_ne!(theme.critical, theme.text);
            assert_ne!(theme.critical, theme.ok);
            assert_ne!(theme.title, theme.muted);
            assert_ne!(theme.border_focused, theme.border);
            assert!(theme.selection.add_modifier.contains(Modifier::REVERSED));
        }
    }

    #[test]
    fn severities_differ_from_each_other_wherever_there_is_colour() {
        for name in ["dark", "light", "high-contrast"] {
            for depth in [Depth::True, Depth::Indexed256, Depth::Ansi16] {
                let theme = theme(name, depth);
                let looks: Vec<Style> =
                    theme.styles().filter(|(meaning, _)| SEVERITIES.contains(meaning)).map(|(_, style)| style).collect();
                for (at, look) in looks.iter().enumerate() {
                    assert!(!looks[..at].contains(look), "{name} {depth:?} {}", SEVERITIES[at]);
                }
            }
        }
    }
}
