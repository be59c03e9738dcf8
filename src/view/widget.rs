//! Small pieces to draw with: text, frames, and in the files below lines, charts and tables. Pure functions on a buffer, with
//! arithmetic on `Rect`: no solver, nothing remembered. At any place and size they draw what fits, and nothing outside it.

use crate::theme::{Theme, arm};
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

mod chart;
mod table;
mod wire;

pub use chart::{bar, sparkline};
pub use table::{Align, Column, columns, scroll};
pub use wire::{Wire, wire};

/// Writes one line of text, cut with an ellipsis at `width` cells; what the spans do not say, `style` does, and nothing of the
/// style that was there remains: a row is painted (selected, banner) with `Buffer::set_style` after it is written. Control
/// and other invisible characters are left out. Returns the column after what was written.
pub fn text<'a>(buf: &mut Buffer, x: u16, y: u16, width: u16, line: impl Into<Line<'a>>, style: Style, theme: &Theme) -> u16 {
    let area = buf.area.intersection(Rect { x, y, width, height: 1 });
    if area.is_empty() || area.x != x {
        return x;
    }
    let mut line = line.into();
    line.style = Style::reset().patch(style).patch(line.style);
    if self::width(&line) <= usize::from(area.width) {
        return buf.set_line(x, y, &line, area.width).0;
    }
    let (x, _) = buf.set_line(x, y, &line, area.width - 1);
    buf.set_stringn(x, y, theme.glyphs.ellipsis, usize::from(area.right() - x), line.style).0
}

/// The cells that a line takes when written: those of its visible characters.
pub fn width(line: &Line<'_>) -> usize {
    let cells = |span: &Span<'_>| match &span.content {
        plain if plain.bytes().all(|byte| matches!(byte, b' '..=b'~')) => plain.len(),
        _ => span.styled_graphemes(Style::new()).map(|grapheme| usize::from(grapheme.symbol.cell_width())).sum(),
    };
    line.spans.iter().map(cells).sum()
}

/// A text broken between words into lines of at most `width` cells; a longer word stands alone and is cut when written.
pub fn wrap(text: &str, width: usize) -> Vec<&str> {
    let cells = |text: &str| self::width(&Line::from(text));
    let mut lines = Vec::new();
    let mut rest = text.trim();
    while cells(rest) > width {
        let ends = rest.match_indices(' ').map(|(at, _)| at);
        let end = ends.clone().take_while(|at| cells(rest.get(..*at).unwrap_or("")) <= width).last().or_else(|| ends.clone().next());
        let Some((line, more)) = end.and_then(|end| rest.split_at_checked(end)) else { break };
        lines.push(line);
        rest = more.trim_start();
    }
    lines.push(rest);
    lines
}

/// Empties an area, so that what is drawn there next has nothing shining through.
pub fn clear(buf: &mut Buffer, area: Rect) {
    fill(buf, area, " ", Style::new());
}

/// Puts the same one-cell symbol into every cell of an area. A shape takes colour and weight of a style; reversed or underlined
/// it would be another shape.
fn fill(buf: &mut Buffer, area: Rect, symbol: &str, style: Style) {
    let style = Style::reset().patch(style).remove_modifier(Modifier::REVERSED | Modifier::UNDERLINED);
    for position in buf.area.intersection(area).positions() {
        if let Some(cell) = buf.cell_mut(position) {
            cell.set_symbol(symbol).set_style(style);
        }
    }
}

/// The area without its outermost ring of cells; empty if there is nothing within.
pub fn inside(area: Rect) -> Rect {
    let (width, height) = (area.width.saturating_sub(2), area.height.saturating_sub(2));
    if width == 0 || height == 0 { Rect { width: 0, height: 0, ..area } } else { Rect::new(area.x + 1, area.y + 1, width, height) }
}

/// Draws a frame in `style` around an area, with a title at the left and another at the right of its top, and returns what
/// is inside. The right title gives way when both do not fit, then the left one is cut. Below 2 × 2 nothing is drawn.
pub fn frame<'a>(buf: &mut Buffer, area: Rect, left: impl Into<Line<'a>>, right: impl Into<Line<'a>>, style: Style, theme: &Theme) -> Rect {
    if area.width < 2 || area.height < 2 {
        return Rect { width: 0, height: 0, ..area };
    }
    let (last_x, last_y) = (area.right().saturating_sub(1), area.bottom().saturating_sub(1));
    let line = |arms| theme.glyphs.line(arms);
    for y in [area.y, last_y] {
        fill(buf, Rect { y, height: 1, ..area }, line(arm::LEFT | arm::RIGHT), style);
    }
    for x in [area.x, last_x] {
        fill(buf, Rect { x, width: 1, ..area }, line(arm::UP | arm::DOWN), style);
    }
    for (x, side) in [(area.x, arm::RIGHT), (last_x, arm::LEFT)] {
        for (y, end) in [(area.y, arm::DOWN), (last_y, arm::UP)] {
            fill(buf, Rect::new(x, y, 1, 1), line(side | end), style);
        }
    }
    titles(buf, area, &left.into(), &right.into(), theme);
    inside(area)
}

/// Draws a line across a frame at row `y`, joined to its sides, with a title.
pub fn divider<'a>(buf: &mut Buffer, area: Rect, y: u16, title: impl Into<Line<'a>>, style: Style, theme: &Theme) {
    if area.width < 2 || y < area.y || y >= area.bottom() {
        return;
    }
    let last_x = area.right().saturating_sub(1);
    wire(buf, area, &[(area.x, y), (last_x, y)], Wire::Whole, style, theme);
    titles(buf, Rect { y, height: 1, ..area }, &title.into(), &Line::default(), theme);
}

/// Titles on the top row of an area, between its corners, a space around each.
fn titles(buf: &mut Buffer, area: Rect, left: &Line<'_>, right: &Line<'_>, theme: &Theme) {
    let room = usize::from(area.width.saturating_sub(2));
    let cells = |line: &Line<'_>| match width(line) {
        0 => 0,
        cells => cells + 2,
    };
    let (left_cells, right_cells) = (cells(left), cells(right));
    let x = area.x.saturating_add(1);
    if left_cells > 0 && room > 2 {
        text(buf, x, area.y, room.min(left_cells) as u16, padded(left), theme.title, theme);
    }
    // One piece of the border stays between the two.
    if right_cells > 0 && left_cells + right_cells < room {
        let x = x.saturating_add((room - right_cells) as u16);
        text(buf, x, area.y, right_cells as u16, padded(right), theme.text, theme);
    }
}

/// The line with a space before and after it.
fn padded<'a>(line: &Line<'a>) -> Line<'a> {
    let mut line = line.clone();
    line.spans.insert(0, " ".into());
    line.spans.push(" ".into());
    line
}

#[cfg(test)]
mod tests;
