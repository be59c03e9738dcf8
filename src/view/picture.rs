//! A screen as an SVG picture, for documents. Pure and deterministic: the same buffer gives the same bytes, so that a test can
//! tell when a picture is out of date. Lines and blocks are drawn as shapes and text starts at its cell, so that no font can shift them.

use crate::theme::{Glyphs, Rgb, Theme, arm, rgb};
use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::style::Modifier;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The size of a cell and of the letters in it; 0.6 is the usual width of a fixed-width letter.
const WIDTH: u32 = 9;
const HEIGHT: u32 = 18;
const FONT: u32 = 15;
/// From the top of a cell to the line that letters stand on.
const BASE: u32 = 14;
/// Around the screen.
const MARGIN: u32 = 12;

/// The buffer as an SVG document, in the colours of the theme, with a title for those who cannot see it.
pub fn svg(buffer: &Buffer, theme: &Theme, title: &str) -> String {
    let mut picture = Picture::default();
    for y in 0..buffer.area.height {
        picture.row(buffer, theme, y);
    }
    let (width, height) = (u32::from(buffer.area.width) * WIDTH + 2 * MARGIN, u32::from(buffer.area.height) * HEIGHT + 2 * MARGIN);
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">
<title>{}</title>
<rect width="{width}" height="{height}" rx="8" fill="{}"/>
<g transform="translate({MARGIN} {MARGIN})">
<g shape-rendering="crispEdges">
{}"#,
        escaped(title),
        hex(theme.background),
        picture.shapes,
    );
    for (colour, path) in &picture.lines {
        // A colour's lines are one path; `write!` to a string cannot fail.
        let _ = writeln!(out, r#"<path d="{path}" stroke="{}" stroke-width="1" fill="none"/>"#, hex(*colour));
    }
    let family = "'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,monospace";
    let _ = write!(out, "</g>\n<g font-family=\"{family}\" font-size=\"{FONT}\">\n{}</g>\n</g>\n</svg>\n", picture.text);
    out
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

/// What has been drawn so far, in the three layers of the document.
#[derive(Default)]
struct Picture {
    /// Backgrounds, underlines, blocks.
    shapes: String,
    /// Pieces of line as path data, by colour.
    lines: BTreeMap<Rgb, String>,
    /// Letters and signs.
    text: String,
}

/// Neighbouring cells of a row that are painted alike.
struct Run {
    x: u32,
    cells: u32,
    paint: Paint,
    /// The text within, and where its cell is; several pieces, because wide gaps and signs each start anew.
    words: Vec<(u32, String)>,
}

impl Picture {
    fn row(&mut self, buffer: &Buffer, theme: &Theme, row: u16) {
        let y = u32::from(row) * HEIGHT;
        let mut run: Option<Run> = None;
        let mut column = 0;
        while column < buffer.area.width {
            let Some(cell) = buffer.cell((buffer.area.x + column, buffer.area.y + row)) else { break };
            let cells = cell.cell_width().max(1);
            let paint = Paint::of(cell, theme);
            if run.as_ref().is_none_or(|run| run.paint != paint) {
                self.paint(run.take(), y, theme);
            }
            let x = u32::from(column);
            let run = run.get_or_insert_with(|| Run { x, cells: 0, paint, words: Vec::new() });
            let (symbol, wide) = (cell.symbol(), u32::from(cells));
            if !self.piece_of_line(symbol, x, y, paint) && !self.block(symbol, x, y, paint) {
                run.write(symbol, x, wide, self, y);
            }
            run.cells += wide;
            column = column.saturating_add(cells);
        }
        self.paint(run, y, theme);
    }
}
