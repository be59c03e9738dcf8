//! Cells as the bytes that draw them: few, because they may cross a slow line. Only what every xterm-like terminal knows.
//! It keeps nothing between frames: each begins and ends with the plain pen.

use ratatui::buffer::{Cell, CellWidth};
use ratatui::style::{Color, Modifier};
use std::fmt::Write;

/// No half-drawn screen is ever seen between these two.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";

/// Plain pen, then an empty screen: some terminals clear in the colour of the pen.
const CLEAR: &str = "\x1b[m\x1b[2J";

/// Each modifier with the codes that switch it on and off. Bold and dim go off together.
const MODIFIERS: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// One frame that draws `cells`, from left to right and top to bottom, on a screen that is cleared before if `clear`.
pub fn frame<'a>(clear: bool, cells: impl Iterator<Item = (u16, u16, &'a Cell)>) -> Vec<u8> {
    let mut out = Out { text: String::from(BEGIN), pen: PLAIN, cursor: None };
    if clear {
        out.text.push_str(CLEAR);
    }
    for (x, y, cell) in cells {
        out.go(x, y);
        out.wear(Pen { fg: cell.fg, bg: cell.bg, modifier: cell.modifier });
        out.put(x, y, cell);
    }
    out.wear(PLAIN);
    out.text.push_str(END);
    out.text.into_bytes()
}

/// What the terminal writes with. Colours of underlines are not used.
#[derive(Clone, Copy, PartialEq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

const PLAIN: Pen = Pen { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

struct Out {
    text: String,
    pen: Pen,
    /// Row and column of the cursor, each as far as it is certain.
    cursor: Option<(u16, Option<u16>)>,
}

impl Out {
    fn go(&mut self, x: u16, y: u16) {
        // Writing to memory cannot fail.
        let _ = match self.cursor {
            Some((row, Some(column))) if row == y && column == x => Ok(()),
            Some((row, _)) if row == y => write!(self.text, "\x1b[{}G", u32::from(x) + 1),
            _ => write!(self.text, "\x1b[{};{}H", u32::from(y) + 1, u32::from(x) + 1),
        };
    }

    fn wear(&mut self, pen: Pen) {
        if pen == self.pen {
            return;
        }
        if pen == PLAIN {
            self.text.push_str("\x1b[m");
            self.pen = pen;
            return;
        }
        self.text.push_str("\x1b[");
        let gone = self.pen.modifier - pen.modifier;
        let mut there = self.pen.modifier;
        let mut last = 0;
        for (modifier, _, off) in MODIFIERS.into_iter().filter(|(modifier, ..)| gone.contains(*modifier)) {
            if off != last {
                let _ = write!(self.text, "{off};");
                last = off;
            }
            there -= modifier;
            if off == 22 {
                there -= Modifier::BOLD | Modifier::DIM;
            }
        }
        let new = pen.modifier - there;
        for (_, on, _) in MODIFIERS.into_iter().filter(|(modifier, ..)| new.contains(*modifier)) {
            let _ = write!(self.text, "{on};");
        }
        if pen.fg != self.pen.fg {
            self.colour(pen.fg, 30);
        }
        if pen.bg != self.pen.bg {
            self.colour(pen.bg, 40);
        }
        // Every code left a separator behind it, and there was at least one.
        self.text.pop();
        self.text.push('m');
        self.pen = pen;
    }

    /// The code of a colour, where `base` is 30 for what is written and 40 for what is behind it.
    fn colour(&mut self, colour: Color, base: u8) {
        let ansi = |index: u8| if index < 8 { base + index } else { base + 60 + index - 8 };
        let _ = match colour {
            Color::Reset => write!(self.text, "{};", base + 9),
            Color::Rgb(r, g, b) => write!(self.text, "{};2;{r};{g};{b};", base + 8),
            Color::Indexed(index) => write!(self.text, "{};5;{index};", base + 8),
            Color::Black => write!(self.text, "{};", ansi(0)),
            Color::Red => write!(self.text, "{};", ansi(1)),
            Color::Green => write!(self.text, "{};", ansi(2)),
            Color::Yellow => write!(self.text, "{};", ansi(3)),
            Color::Blue => write!(self.text, "{};", ansi(4)),
            Color::Magenta => write!(self.text, "{};", ansi(5)),
            Color::Cyan => write!(self.text, "{};", ansi(6)),
            Color::Gray => write!(self.text, "{};", ansi(7)),
            Color::DarkGray => write!(self.text, "{};", ansi(8)),
            Color::LightRed => write!(self.text, "{};", ansi(9)),
            Color::LightGreen => write!(self.text, "{};", ansi(10)),
            Color::LightYellow => write!(self.text, "{};", ansi(11)),
            Color::LightBlue => write!(self.text, "{};", ansi(12)),
            Color::LightMagenta => write!(self.text, "{};", ansi(13)),
            Color::LightCyan => write!(self.text, "{};", ansi(14)),
            Color::White => write!(self.text, "{};", ansi(15)),
        };
    }

    fn put(&mut self, x: u16, y: u16, cell: &Cell) {
        // Whatever a server says, none of its control characters reaches the terminal.
        let symbol = match cell.symbol() {
            "" => " ",
            odd if odd.chars().any(char::is_control) => "\u{fffd}",
            plain => plain,
        };
        self.text.push_str(symbol);
        // Terminals disagree about wide characters: after one of them the cursor is put where it should be.
        let certain = symbol.cell_width() == 1;
        self.cursor = Some((y, certain.then_some(x + 1)));
    }
}

#[cfg(test)]
mod tests;
