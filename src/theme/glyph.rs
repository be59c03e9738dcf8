//! The signs and lines to draw with, once in Unicode and once in ASCII. Each is exactly one cell wide, never an emoji.

/// The directions in which a piece of line leaves its cell; a piece is the sum of its arms.
pub mod arm {
    /// Towards the top.
    pub const UP: usize = 1;
    /// Towards the right.
    pub const RIGHT: usize = 2;
    /// Towards the bottom.
    pub const DOWN: usize = 4;
    /// Towards the left.
    pub const LEFT: usize = 8;
}

/// Signs and lines, each one cell wide.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// All is well.
    pub ok: &'static str,
    /// Worth knowing.
    pub notice: &'static str,
    /// Needs attention.
    pub warning: &'static str,
    /// Broken.
    pub critical: &'static str,
    /// Cannot be seen.
    pub unknown: &'static str,
    /// Not configured, not there.
    pub absent: &'static str,
    /// A link that answers.
    pub live: &'static str,
    /// A link being made.
    pub connecting: &'static str,
    /// A step under way.
    pub running: &'static str,
    /// The one that leads: primary, master.
    pub primary: &'static str,
    /// What the focus points at.
    pub pointer: &'static str,
    /// Arrowhead upwards.
    pub up: &'static str,
    /// Arrowhead to the right.
    pub right: &'static str,
    /// Arrowhead downwards.
    pub down: &'static str,
    /// Arrowhead to the left.
    pub left: &'static str,
    /// Stands for text that was cut off.
    pub ellipsis: &'static str,
    /// Between two things on one line.
    pub dot: &'static str,
    /// Before a figure that may be larger in truth.
    pub at_least: &'static str,
    /// A level line that is interrupted.
    pub broken_level: &'static str,
    /// An upright line that is interrupted.
    pub broken_upright: &'static str,
    /// Pieces of line by the sum of their `arm`s; the first is empty.
    pub lines: [&'static str; 16],
    /// Columns of one to eight eighths.
    pub levels: [&'static str; 8],
    /// Bars of one to eight eighths.
    pub eighths: [&'static str; 8],
    /// The part of a bar that is not filled.
    pub track: &'static str,
}

impl Glyphs {
    /// For terminals that show Unicode.
    pub const UNICODE: Glyphs = Glyphs {
        ok: "✔",
        notice: "•",
        warning: "▲",
        critical: "✖",
        unknown: "?",
        absent: "○",
        live: "●",
        connecting: "◌",
        running: "◔",
        primary: "★",
        pointer: "▸",
        up: "▴",
        right: "▸",
        down: "▾",
        left: "◂",
        ellipsis: "…",
        dot: "·",
        at_least: "≥",
        broken_level: "╌",
        broken_upright: "╎",
        lines: [" ", "╵", "╶", "└", "╷", "│", "┌", "├", "╴", "┘", "─", "┴", "┐", "┤", "┬", "┼"],
        levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        eighths: ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
        track: "·",
    };

    /// For all others.
    pub const ASCII: Glyphs = Glyphs {
        ok: "+",
        notice: "i",
        warning: "!",
        critical: "X",
        unknown: "?",
        absent: "o",
        live: "@",
        connecting: "~",
        running: "%",
        primary: "*",
        pointer: ">",
        up: "^",
        right: ">",
        down: "v",
        left: "<",
        ellipsis: "~",
        dot: "-",
        at_least: ">",
        broken_level: ".",
        broken_upright: ":",
        lines: [" ", "|", "-", "+", "|", "|", "+", "+", "-", "+", "-", "+", "+", "+", "+", "+"],
        levels: ["_", ".", ":", "-", "=", "+", "*", "#"],
        eighths: ["-", "-", "-", "-", "=", "=", "=", "#"],
        track: ".",
    };

    /// The set that the environment can show; `env` looks up a variable. Unicode needs a UTF-8 locale and a terminal with the signs.
    pub fn detect(env: impl Fn(&str) -> Option<String>) -> &'static Glyphs {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(&env).find(|value| !value.is_empty());
        let utf8 = locale.is_some_and(|value| value.to_ascii_lowercase().replace('-', "").contains("utf8"));
        let poor = env("TERM").is_none_or(|term| matches!(term.as_str(), "" | "linux" | "dumb") || term.starts_with("vt"));
        if utf8 && !poor { &Glyphs::UNICODE } else { &Glyphs::ASCII }
    }

    /// The piece of line with these arms (a sum of `arm`s).
    pub fn line(&self, arms: usize) -> &'static str {
        self.lines.get(arms).copied().unwrap_or(" ")
    }
}

impl Default for &Glyphs {
    fn default() -> Self {
        &Glyphs::UNICODE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::text::Span;

    fn all(glyphs: &Glyphs) -> Vec<&'static str> {
        let g = glyphs;
        let signs = [g.ok, g.notice, g.warning, g.critical, g.unknown, g.absent, g.live, g.connecting, g.running, g.primary, g.pointer];
        let others = [g.up, g.right, g.down, g.left, g.ellipsis, g.dot, g.at_least, g.broken_level, g.broken_upright, g.track];
        [&signs[..], &others, &g.lines, &g.levels, &g.eighths].concat()
    }

    #[test]
    fn every_glyph_is_one_character_in_one_cell() {
        for glyph in all(&Glyphs::UNICODE).into_iter().chain(all(&Glyphs::ASCII)) {
            assert_eq!((glyph.chars().count(), Span::raw(glyph).width()), (1, 1), "{glyph}");
        }
        assert!(all(&Glyphs::ASCII).iter().all(|glyph| glyph.is_ascii()));
    }

    #[test]
    fn states_have_signs_of_their_own_in_either_set() {
        for g in [&Glyphs::UNICODE, &Glyphs::ASCII] {
            let mut signs = vec![g.ok, g.notice, g.warning, g.critical, g.unknown, g.absent, g.live, g.connecting, g.running, g.primary];
            let count = signs.len();
            signs.sort_unstable();
            signs.dedup();
            assert_eq!(signs.len(), count);
        }
    }

    #[test]
    fn unicode_needs_a_locale_and_a_terminal_for_it() {
        let detect = |env: &[(&str, &str)]| {
            *Glyphs::detect(|name| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())) == Glyphs::UNICODE
        };
        assert!(detect(&[("LANG", "de_DE.UTF-8"), ("TERM", "xterm")]));
        assert!(detect(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8"), ("TERM", "tmux-256color")]));
        assert!(!detect(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8"), ("TERM", "xterm")]));
        assert!(!detect(&[("LANG", "en_US.UTF-8"), ("TERM", "linux")]));
        assert!(!detect(&[("LANG", "en_US.UTF-8")]));
        assert!(!detect(&[("TERM", "xterm")]));
    }
}
