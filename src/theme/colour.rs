//! Colours for terminals that know fewer of them. Pure; no escape sequences here.

use ratatui::style::{Color, Modifier, Style};

/// Red, green and blue, each 0 to 255.
pub type Rgb = (u8, u8, u8);

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 24-bit colour.
    True,
    /// The 256 colours of xterm.
    Indexed256,
    /// The terminal's own 16 colours.
    Ansi16,
    /// No colour: bold, dim, underlined and reversed only.
    None,
}

impl Depth {
    /// What the environment says; `env` looks up a variable. A `NO_COLOR` that is not empty means none.
    pub fn detect(env: impl Fn(&str) -> Option<String>) -> Depth {
        let value = |name| env(name).unwrap_or_default();
        let term = value("TERM");
        // These are known to show 24-bit colour; COLORTERM is seldom carried over SSH.
        const TRUE: [&str; 6] = ["xterm-kitty", "xterm-ghostty", "alacritty", "wezterm", "foot", "contour"];
        if !value("NO_COLOR").is_empty() || matches!(term.as_str(), "" | "dumb") || term.starts_with("vt") {
            Depth::None
        } else if matches!(value("COLORTERM").as_str(), "truecolor" | "24bit") || term.ends_with("-direct") || TRUE.contains(&term.as_str())
        {
            Depth::True
        } else if term.ends_with("-256color") {
            Depth::Indexed256
        } else {
            Depth::Ansi16
        }
    }
}

/// A colour as a theme means it, and what stands for it among the 16 where the nearest would be a bad choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ink {
    pub colour: Color,
    pub ansi: Option<Color>,
}

/// The style for a terminal of this depth. With 16 colours or none a background is shown by reversing: among so few colours
/// what is written over it could not be trusted to stay readable.
pub(super) fn style(fg: Option<Ink>, bg: Option<Ink>, modifiers: Modifier, depth: Depth) -> Style {
    let reduced = |ink: Ink| match (depth, ink.colour) {
        (Depth::True, colour) => colour,
        (Depth::Indexed256, Color::Rgb(r, g, b)) => nearest((r, g, b), 16..=255),
        (Depth::Indexed256, colour) => colour,
        (_, colour) => ink.ansi.unwrap_or_else(|| rgb(colour).map_or(colour, |wanted| nearest(wanted, 0..=15))),
    };
    let (fg, bg, more) = match depth {
        Depth::True | Depth::Indexed256 => (fg, bg, Modifier::empty()),
        Depth::Ansi16 if bg.is_some() => (fg.and(bg), None, Modifier::REVERSED),
        Depth::Ansi16 => (fg, None, Modifier::empty()),
        Depth::None => (None, None, if bg.is_some() { Modifier::REVERSED } else { Modifier::empty() }),
    };
    Style { fg: fg.map(reduced), bg: bg.map(reduced), ..Style::new().add_modifier(modifiers | more) }
}

/// The 16 colours as xterm shows them, in the order of their numbers.
const ANSI: [(Color, Rgb); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (205, 0, 0)),
    (Color::Green, (0, 205, 0)),
    (Color::Yellow, (205, 205, 0)),
    (Color::Blue, (0, 0, 238)),
    (Color::Magenta, (205, 0, 205)),
    (Color::Cyan, (0, 205, 205)),
    (Color::Gray, (229, 229, 229)),
    (Color::DarkGray, (127, 127, 127)),
    (Color::LightRed, (255, 0, 0)),
    (Color::LightGreen, (0, 255, 0)),
    (Color::LightYellow, (255, 255, 0)),
    (Color::LightBlue, (92, 92, 255)),
    (Color::LightMagenta, (255, 0, 255)),
    (Color::LightCyan, (0, 255, 255)),
    (Color::White, (255, 255, 255)),
];

/// What a colour looks like in xterm; `None` for the terminal's own.
pub fn rgb(colour: Color) -> Option<Rgb> {
    match colour {
        Color::Reset => None,
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(index) => Some(indexed(index)),
        named => ANSI.iter().find(|(name, _)| *name == named).map(|(_, seen)| *seen),
    }
}

/// The xterm palette: the 16, a cube of 6 × 6 × 6, then 24 greys.
fn indexed(index: u8) -> Rgb {
    if let Some((_, seen)) = ANSI.get(usize::from(index)) {
        return *seen;
    }
    if index >= 232 {
        let grey = 8 + 10 * (index - 232);
        return (grey, grey, grey);
    }
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    let at = index - 16;
    (level(at / 36), level(at / 6 % 6), level(at % 6))
}

/// The colour among these numbers that is nearest to the eye: squares weighted by how red the pair is ("redmean").
fn nearest(wanted: Rgb, among: std::ops::RangeInclusive<u8>) -> Color {
    let distance = |seen: Rgb| {
        let squared = |a: u8, b: u8| (i64::from(a) - i64::from(b)).pow(2);
        let red = (i64::from(wanted.0) + i64::from(seen.0)) / 2;
        (512 + red) * squared(wanted.0, seen.0) + 1024 * squared(wanted.1, seen.1) + (767 - red) * squared(wanted.2, seen.2)
    };
    let index = among.min_by_key(|index| distance(indexed(*index))).unwrap_or_default();
    ANSI.get(usize::from(index)).map_or(Color::Indexed(index), |(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(env: &[(&str, &str)]) -> Depth {
        Depth::detect(|name| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_tells_the_depth() {
        assert_eq!(detect(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(detect(&[("TERM", "xterm-kitty")]), Depth::True);
        assert_eq!(detect(&[("TERM", "xterm-direct")]), Depth::True);
        assert_eq!(detect(&[("TERM", "screen-256color")]), Depth::Indexed256);
        assert_eq!(detect(&[("TERM", "xterm")]), Depth::Ansi16);
        assert_eq!(detect(&[("TERM", "linux")]), Depth::Ansi16);
        assert_eq!(detect(&[("TERM", "vt220")]), Depth::None);
        assert_eq!(detect(&[]), Depth::None);
        assert_eq!(detect(&[("TERM", "xterm"), ("NO_COLOR", "1"), ("COLORTERM", "truecolor")]), Depth::None);
        assert_eq!(detect(&[("TERM", "xterm"), ("NO_COLOR", "")]), Depth::Ansi16);
    }

    #[test]
    fn the_nearest_colour_is_itself_where_it_exists() {
        for index in 16..=255u8 {
            assert_eq!(rgb(nearest(indexed(index), 16..=255)), Some(indexed(index)));
        }
        for (name, seen) in ANSI {
            assert_eq!(nearest(seen, 0..=15), name);
        }
        assert_eq!(nearest((0xff, 0x7b, 0x72), 16..=255), Color::Indexed(209));
    }

    #[test]
    fn a_background_becomes_reversed_among_few_colours() {
        let orange = Some(Ink { colour: Color::Rgb(255, 166, 87), ansi: Some(Color::Yellow) });
        let page = Some(Ink { colour: Color::Rgb(13, 17, 23), ansi: None });
        let reversed = Style::new().add_modifier(Modifier::REVERSED);
        assert_eq!(style(page, orange, Modifier::empty(), Depth::Ansi16), reversed.fg(Color::Yellow));
        assert_eq!(style(None, page, Modifier::empty(), Depth::Ansi16), reversed);
        assert_eq!(style(page, orange, Modifier::empty(), Depth::None), reversed);
    }
}
