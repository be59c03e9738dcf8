//! A screen as an SVG picture, for documents. Pure and deterministic: the same buffer gives the same bytes, so that a test can
//! tell when a picture is out of date. Lines and blocks are drawn as shapes and text starts at its cell, so that no font can shift them.

use crate::theme::{Glyphs, Rgb, Theme, arm, rgb};
use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::style::Modifier;
use std::collections::BTreeMap;

/// The size of a cell and of the letters in it; 0.6 is the usual width of a fixed-width letter.
const WIDTH: u32 = 9;
const HEIGHT: u32 = 18;
const FONT: u32 = 15;
/// From the top of a cell to the line that letters stand on.
const BASE: u32 = 14;
/// Around the screen.
const MARGIN: u32 = 12;
const FAMILY: &str = "'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,monospace";

/// The buffer as an SVG document, in the colours of the theme, with a title for those who cannot see it.
pub fn svg(buffer: &Buffer, theme: &Theme, title: &str) -> String {
    let mut picture = Picture::default();
    for y in 0..buffer.area.height {
        for run in runs(buffer, theme, y) {
            picture.draw(&run, theme);
        }
    }
    let (width, height) = (u32::from(buffer.area.width) * WIDTH + 2 * MARGIN, u32::from(buffer.area.height) * HEIGHT + 2 * MARGIN);
    let (title, shapes, lines, text) = (escaped(title), picture.shapes, picture.lines.paths(), picture.text);
    let (background, foreground) = (hex(theme.background), hex(theme.foreground));
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">
<title>{title}</title>
<rect width="{width}" height="{height}" rx="8" fill="{background}"/>
<g transform="translate({MARGIN} {MARGIN})">
<g shape-rendering="crispEdges" stroke-linecap="square">
{shapes}{lines}</g>
<g font-family="{FAMILY}" font-size="{FONT}" fill="{foreground}">
{text}</g>
</g>
</svg>
"#
    )
}

/// How a cell is painted once the terminal's defaults and modifiers are worked out.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Paint {
    fg: Rgb,
    bg: Rgb,
    bold: bool,
    italic: bool,
    underlined: bool,
}

impl Paint {
    fn of(cell: &Cell, theme: &Theme) -> Paint {
        let has = |modifier| cell.modifier.contains(modifier);
        let (mut fg, mut bg) = (rgb(cell.fg).unwrap_or(theme.foreground), rgb(cell.bg).unwrap_or(theme.background));
        if has(Modifier::REVERSED) {
            std::mem::swap(&mut fg, &mut bg);
        }
        if has(Modifier::DIM) {
            let mixed = |over: u8, under: u8| ((u16::from(over) * 3 + u16::from(under) * 2) / 5) as u8;
            fg = (mixed(fg.0, bg.0), mixed(fg.1, bg.1), mixed(fg.2, bg.2));
        }
        Paint { fg, bg, bold: has(Modifier::BOLD), italic: has(Modifier::ITALIC), underlined: has(Modifier::UNDERLINED) }
    }
}

/// Neighbouring cells of a row that are painted alike.
struct Run<'a> {
    x: u32,
    y: u32,
    cells: u32,
    paint: Paint,
    /// Each symbol, its column, and the cells it takes.
    symbols: Vec<(&'a str, u32, u32)>,
}

/// The runs of one row of the buffer.
fn runs<'a>(buffer: &'a Buffer, theme: &Theme, row: u16) -> Vec<Run<'a>> {
    let mut runs: Vec<Run<'a>> = Vec::new();
    let mut column = 0;
    while let Some(cell) = buffer.cell((buffer.area.x + column, buffer.area.y + row)).filter(|_| column < buffer.area.width) {
        let (x, cells, paint) = (u32::from(column), cell.cell_width().max(1), Paint::of(cell, theme));
        let symbol = (cell.symbol(), x, u32::from(cells));
        match runs.last_mut().filter(|run| run.paint == paint) {
            Some(run) => {
                run.cells += u32::from(cells);
                run.symbols.push(symbol);
            }
            None => runs.push(Run { x, y: u32::from(row), cells: u32::from(cells), paint, symbols: vec![symbol] }),
        }
        column = column.saturating_add(cells);
    }
    runs
}

/// What has been drawn so far, in the three layers of the document.
#[derive(Default)]
struct Picture {
    /// Backgrounds, underlines, blocks.
    shapes: String,
    lines: Lines,
    /// Letters and signs.
    text: String,
}

impl Picture {
    fn draw(&mut self, run: &Run<'_>, theme: &Theme) {
        let (x, y, width, paint) = (run.x * WIDTH, run.y * HEIGHT, run.cells * WIDTH, run.paint);
        if paint.bg != theme.background {
            self.rect((x, y, width, HEIGHT), paint.bg);
        }
        if paint.underlined {
            self.rect((x, y + BASE + 2, width, 1), paint.fg);
        }
        // Letters in a row are one piece of text, up to the next wide gap; every other sign stands alone in the middle of its cells.
        let mut word: Option<(u32, String)> = None;
        for &(symbol, x, cells) in &run.symbols {
            let end = |(from, word): &(u32, String)| from + word.len() as u32;
            if symbol.bytes().all(|byte| byte.is_ascii_graphic()) {
                match word.as_mut().filter(|word| end(word) + 1 >= x) {
                    Some((from, letters)) => {
                        let gap = x.saturating_sub(*from) as usize;
                        *letters = format!("{letters:<gap$}{symbol}");
                    }
                    None => self.letters(word.replace((x, symbol.to_owned())), run, theme),
                }
            } else if symbol != " " {
                self.letters(word.take(), run, theme);
                if !self.lines.add(symbol, x, run.y, paint.fg) && !self.block(symbol, x, run.y, paint.fg) {
                    self.text(&format!("x=\"{}\" text-anchor=\"middle\"", halves(x * 2 * WIDTH + cells * WIDTH)), run, symbol, theme);
                }
            }
        }
        self.letters(word, run, theme);
    }

    /// A piece of plain text; its length is stated, so that viewers which honour that cannot let it drift.
    fn letters(&mut self, word: Option<(u32, String)>, run: &Run<'_>, theme: &Theme) {
        if let Some((x, letters)) = word {
            let place = format!("x=\"{}\" textLength=\"{}\"", x * WIDTH, letters.len() as u32 * WIDTH);
            self.text(&place, run, &letters, theme);
        }
    }

    fn text(&mut self, place: &str, run: &Run<'_>, text: &str, theme: &Theme) {
        let fill = if run.paint.fg == theme.foreground { String::new() } else { format!(" fill=\"{}\"", hex(run.paint.fg)) };
        let bold = if run.paint.bold { " font-weight=\"bold\"" } else { "" };
        let italic = if run.paint.italic { " font-style=\"italic\"" } else { "" };
        let (y, text) = (run.y * HEIGHT + BASE, escaped(text));
        self.text += &format!("<text {place} y=\"{y}\"{fill}{bold}{italic}>{text}</text>\n");
    }

    fn rect(&mut self, (x, y, width, height): (u32, u32, u32, u32), colour: Rgb) {
        let fill = hex(colour);
        self.shapes += &format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"/>\n");
    }

    /// Draws a block of eighths as a rectangle; `false` if the symbol is none.
    fn block(&mut self, symbol: &str, x: u32, y: u32, colour: Rgb) -> bool {
        let eighths = |blocks: [&str; 8]| blocks.iter().position(|block| *block == symbol).map(|at| at as u32 + 1);
        let (x, y) = (x * WIDTH, y * HEIGHT);
        if let Some(part) = eighths(Glyphs::UNICODE.levels) {
            let height = (HEIGHT * part + 4) / 8;
            self.rect((x, y + HEIGHT - height, WIDTH, height), colour);
        } else if let Some(part) = eighths(Glyphs::UNICODE.eighths) {
            self.rect((x, y, (WIDTH * part + 4) / 8, HEIGHT), colour);
        } else {
            return false;
        }
        true
    }
}

/// The pieces of line, by colour; coordinates are half pixels, so that a line of one pixel can lie within one row of pixels.
#[derive(Default)]
struct Lines(BTreeMap<Rgb, Strokes>);

/// Straight strokes: what they have in common (y of level ones, x of upright ones), where they start and end.
#[derive(Default)]
struct Strokes {
    level: Vec<(u32, u32, u32)>,
    upright: Vec<(u32, u32, u32)>,
}

impl Lines {
    /// Takes a piece of line; `false` if the symbol is none.
    fn add(&mut self, symbol: &str, x: u32, y: u32, colour: Rgb) -> bool {
        let glyphs = &Glyphs::UNICODE;
        let (left, top) = (x * WIDTH * 2, y * HEIGHT * 2);
        let (right, bottom) = (left + WIDTH * 2, top + HEIGHT * 2);
        let (middle, centre) = (left + WIDTH, top + HEIGHT + 1);
        let (mut level, mut upright) = (Vec::new(), Vec::new());
        if symbol == glyphs.broken_level {
            level = vec![(left + 2, middle - 3), (middle + 3, right - 2)];
        } else if symbol == glyphs.broken_upright {
            upright = vec![(top + 4, centre - 5), (centre + 5, bottom - 4)];
        } else if let Some(arms) = glyphs.lines.iter().position(|piece| *piece == symbol) {
            let arm = |arm, strokes: &mut Vec<_>, stroke| {
                if arms & arm != 0 {
                    strokes.push(stroke)
                }
            };
            arm(arm::LEFT, &mut level, (left, middle));
            arm(arm::RIGHT, &mut level, (middle, right));
            arm(arm::UP, &mut upright, (top, centre));
            arm(arm::DOWN, &mut upright, (centre, bottom));
        } else {
            return false;
        }
        let strokes = self.0.entry(colour).or_default();
        strokes.level.extend(level.into_iter().map(|(from, to)| (centre, from, to)));
        strokes.upright.extend(upright.into_iter().map(|(from, to)| (middle, from, to)));
        true
    }

    /// One path for each colour, strokes that touch drawn as one.
    fn paths(self) -> String {
        let mut out = String::new();
        for (colour, strokes) in self.0 {
            let level = merged(strokes.level).into_iter().map(|(y, from, to)| format!("M{} {}H{}", halves(from), halves(y), halves(to)));
            let upright =
                merged(strokes.upright).into_iter().map(|(x, from, to)| format!("M{} {}V{}", halves(x), halves(from), halves(to)));
            let path: String = level.chain(upright).collect();
            out += &format!("<path d=\"{path}\" stroke=\"{}\"/>\n", hex(colour));
        }
        out
    }
}

/// Strokes on the same line that touch, as one.
fn merged(mut strokes: Vec<(u32, u32, u32)>) -> Vec<(u32, u32, u32)> {
    strokes.sort_unstable();
    let mut whole: Vec<(u32, u32, u32)> = Vec::new();
    for stroke in strokes {
        match whole.last_mut().filter(|last| last.0 == stroke.0 && last.2 >= stroke.1) {
            Some(last) => last.2 = stroke.2,
            None => whole.push(stroke),
        }
    }
    whole
}

/// So many half pixels, in pixels.
fn halves(halves: u32) -> String {
    if halves.is_multiple_of(2) { (halves / 2).to_string() } else { format!("{}.5", halves / 2) }
}

fn hex((r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Text as XML allows it; control characters are not among it, and become the sign for what cannot be shown.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            control if control.is_control() => out.push('\u{fffd}'),
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests;
