//! A plain table: columns that give way in a known order when there is little room. It neither sorts nor scrolls by itself.

use super::{text, width};
use crate::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Figures.
    Right,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column<'a> {
    /// Its header, cut to the width of the column.
    pub header: &'a str,
    /// Least width in cells. The same as `max` for columns of changing figures, so that their neighbours hold still.
    pub min: u16,
    /// Greatest width in cells.
    pub max: u16,
    /// When there is too little room the column with the lowest priority goes first; among equals the rightmost.
    pub priority: u8,
    /// Where its text stands.
    pub align: Align,
}

/// Cells between two columns.
const GAP: u16 = 2;

/// Draws a header and below it the rows from `offset` on; the row that is `selected`, counted from the first of all rows, is
/// marked over the whole width. A row with fewer cells than columns is blank in the rest.
pub fn columns(
    buf: &mut Buffer,
    area: Rect,
    columns: &[Column<'_>],
    rows: &[Vec<Line<'_>>],
    offset: usize,
    selected: Option<usize>,
    theme: &Theme,
) {
    let below = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
    let shown = rows.get(offset..).unwrap_or_default().iter().take(usize::from(below.height));
    let layout = fit(area, columns, shown.clone());
    if area.height > 0 {
        for (place, column) in layout.iter().zip(columns) {
            cell(buf, *place, area.y, &Line::from(column.header).style(theme.muted), column.align, theme);
        }
    }
    for ((y, row), index) in (below.top()..below.bottom()).zip(shown).zip(offset..) {
        for ((place, column), line) in layout.iter().zip(columns).zip(row) {
            cell(buf, *place, y, line, column.align, theme);
        }
        if selected == Some(index) {
            buf.set_style(Rect { y, height: 1, ..area }, theme.selection);
        }
    }
}

/// First row to show so that the selected one is seen, moving no further from `offset` than needed and leaving no empty
/// rows at the end. `height` counts rows without the header.
pub fn scroll(offset: usize, selected: Option<usize>, rows: usize, height: u16) -> usize {
    let height = usize::from(height);
    let offset = match selected {
        Some(selected) if selected < offset => selected,
        Some(selected) => offset.max((selected + 1).saturating_sub(height)),
        None => offset,
    };
    offset.min(rows.saturating_sub(height))
}

/// Where a column starts and how wide it is.
type Place = (u16, u16);

/// The place of each column, or `None` for one that gave way.
fn fit<'a>(area: Rect, columns: &[Column<'_>], rows: impl Iterator<Item = &'a Vec<Line<'a>>> + Clone) -> Vec<Option<Place>> {
    struct Kept {
        at: usize,
        priority: u8,
        cells: u16,
        wanted: u16,
    }
    let widest = |at: usize, header: &str| rows.clone().filter_map(|row| row.get(at)).map(width).chain([width(&header.into())]).max();
    let kept = columns.iter().enumerate().map(|(at, column)| {
        let wanted = widest(at, column.header).unwrap_or(0).min(usize::from(column.max)) as u16;
        Kept { at, priority: column.priority, cells: column.min, wanted }
    });
    let mut kept: Vec<Kept> = kept.collect();
    let taken = |kept: &[Kept]| kept.iter().map(|column| usize::from(column.cells) + usize::from(GAP)).sum::<usize>();
    let room = usize::from(area.width) + usize::from(GAP);
    while kept.len() > 1 && taken(&kept) > room {
        let lowest = kept.iter().map(|column| column.priority).min();
        let Some(gone) = kept.iter().rposition(|column| Some(column.priority) == lowest) else { break };
        kept.remove(gone);
    }
    // What is left over is dealt out cell by cell, so that one long name does not take it all.
    let mut spare = room.saturating_sub(taken(&kept));
    while spare > 0 && kept.iter().any(|column| column.cells < column.wanted) {
        for column in kept.iter_mut().filter(|column| column.cells < column.wanted) {
            let more = spare.min(1);
            column.cells += more as u16;
            spare -= more;
        }
    }
    let mut x = area.x;
    let mut places = vec![None; columns.len()];
    for column in kept {
        let cells = column.cells.min(area.right().saturating_sub(x));
        if let Some(place) = places.get_mut(column.at) {
            *place = Some((x, cells));
        }
        x = x.saturating_add(cells).saturating_add(GAP);
    }
    places
}

/// Writes one cell of the table.
fn cell(buf: &mut Buffer, place: Option<Place>, y: u16, line: &Line<'_>, align: Align, theme: &Theme) {
    let Some((x, cells)) = place else { return };
    let indent = match align {
        Align::Left => 0,
        Align::Right => usize::from(cells).saturating_sub(width(line)) as u16,
    };
    text(buf, x.saturating_add(indent), y, cells - indent, line.clone(), theme.text, theme);
}
