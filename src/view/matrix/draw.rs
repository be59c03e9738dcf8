//! Draws the rows of a matrix: some of them when not all fit, beneath the header that they belong to; in two panels side by side
//! when there is width for it. Changes nothing but the buffer and the length of the list that it notes.

use super::{Cell, Kind, Layout, Row};
use crate::theme::Theme;
use crate::view::context::Context;
use crate::view::widget::{bar, inside, sparkline, text, width};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Cells between two panels.
const BETWEEN: u16 = 2;

/// Where bars begin at the earliest, so that those of one row stand below each other.
const BAR_FROM: u16 = 12;

/// Draws lists of rows, each in its own area, all from the scroll position on as far as each has something to scroll.
pub fn draw(context: &Context<'_>, buf: &mut Buffer, lists: &[(Rect, Vec<&Row>)]) {
    let beyond = |(area, rows): &&(Rect, Vec<&Row>)| rows.len().saturating_sub(usize::from(area.height));
    // The list that has most to scroll sets how far it goes.
    let Some((area, rows)) = lists.iter().max_by_key(beyond) else { return };
    let offset = context.list(rows.len(), area.height);
    for list in lists {
        draw_list(context, buf, list.0, &list.1, offset.min(beyond(&list)));
    }
}

/// Where rows stand within a frame: a cell of air at the left.
pub fn within(area: Rect) -> Rect {
    let inside = inside(area);
    let air = 1.min(inside.width);
    Rect { x: inside.x + air, width: inside.width - air, ..inside }
}

/// The halves of an area, side by side.
pub fn halves(area: Rect) -> [Rect; 2] {
    let half = area.width.saturating_sub(BETWEEN) / 2;
    [Rect { width: half, ..area }, Rect { x: area.right() - half, width: half, ..area }]
}

/// Rows as two lists of about the same length, parted where a group begins; the second begins with its header.
pub fn flow(rows: &[Row]) -> [Vec<&Row>; 2] {
    let rows: Vec<&Row> = rows.iter().collect();
    let half = rows.len().div_ceil(2);
    let begins = |at: &usize| rows.get(*at).is_some_and(|row| matches!(row.kind, Kind::Group(..) | Kind::Header(..)));
    // A section of its own is the best place, if it does not leave one side much longer.
    let section = (half.saturating_sub(half / 3)..half + half / 3).find(|at| rows.get(*at).is_some_and(|row| is_header(row)));
    let cut = section.or_else(|| (half..rows.len()).find(begins)).unwrap_or(rows.len());
    let (left, right) = rows.split_at(cut.min(rows.len()));
    let header = right.first().is_some_and(|row| !is_header(row)).then(|| in_force(left, left.len())).flatten();
    [left.to_vec(), header.into_iter().chain(right.iter().copied()).collect()]
}

fn is_header(row: &Row) -> bool {
    matches!(row.kind, Kind::Header(..))
}

/// The header that a row belongs to.
fn in_force<'r>(rows: &[&'r Row], at: usize) -> Option<&'r Row> {
    rows.iter().take(at + 1).rev().find(|row| is_header(row)).copied()
}

fn draw_list(context: &Context<'_>, buf: &mut Buffer, area: Rect, rows: &[&Row], offset: usize) {
    for (at, y) in (offset..).zip(area.top()..area.bottom()) {
        let Some(mut row) = rows.get(at).copied() else { break };
        // What is scrolled past leaves its header on the first line.
        if at == offset && offset > 0 && area.height > 1 {
            row = in_force(rows, at).unwrap_or(row);
        }
        line(context, buf, Rect { y, height: 1, ..area }, row);
    }
    let more = rows.len().saturating_sub(offset + usize::from(area.height));
    if more > 0 {
        // On the frame below, where nothing is covered.
        let words = format!(" {} {more} more ", context.theme.glyphs.down);
        let x = area.right().saturating_sub(words.chars().count() as u16 + 1);
        text(buf, x, area.bottom(), area.right().saturating_sub(x), words, context.theme.muted, context.theme);
    }
}

fn line(context: &Context<'_>, buf: &mut Buffer, area: Rect, row: &Row) {
    let theme = context.theme;
    let caption = row.layout.caption.saturating_sub(1).min(area.width);
    let places = (0u16..).map(|column| place(area, row.layout, column));
    match &row.kind {
        Kind::Free(line) => _ = text(buf, area.x, area.y, area.width, line.clone(), theme.text, theme),
        Kind::Header(title, names) => {
            text(buf, area.x, area.y, caption, title.clone(), theme.title, theme);
            for ((name, focused), place) in names.iter().zip(places) {
                text(buf, place.x, place.y, place.width, name.clone(), theme.title, theme);
                if *focused {
                    buf.set_style(buf.area.intersection(Rect { width: place.width.min(width(name) as u16), ..place }), theme.selection);
                }
            }
        }
        Kind::Group(title, notes) => {
            text(buf, area.x, area.y, caption, *title, theme.title, theme);
            for (note, place) in notes.iter().zip(places) {
                text(buf, place.x, place.y, place.width, note.clone(), theme.text, theme);
            }
        }
        Kind::Values(words, cells) => {
            text(buf, area.x + 1.min(caption), area.y, caption.saturating_sub(1), *words, theme.muted, theme);
            for (value, place) in cells.iter().zip(places) {
                cell(buf, place, value, theme);
            }
        }
    }
}

/// The place of a cell, without the gap at its right.
fn place(area: Rect, layout: Layout, column: u16) -> Rect {
    let x = area.x.saturating_add(layout.caption).saturating_add(layout.cell.saturating_mul(column)).min(area.right());
    Rect { x, width: layout.cell.saturating_sub(2).min(area.right() - x), ..area }
}

fn cell(buf: &mut Buffer, place: Rect, value: &Cell, theme: &Theme) {
    let written = |buf: &mut Buffer, line: &Line<'static>| text(buf, place.x, place.y, place.width, line.clone(), theme.text, theme);
    match value {
        Cell::Blank => {}
        Cell::Text(line) => _ = written(buf, line),
        Cell::Bar(line, fraction) => {
            let after = written(buf, line).saturating_sub(place.x).saturating_add(1).max(BAR_FROM);
            let room = place.width.saturating_sub(after);
            if room >= 4 {
                let style = if line.style == theme.stale { theme.stale } else { theme.graph };
                bar(buf, place.x + after, place.y, room.min(24), *fraction, style, theme);
            }
        }
        Cell::Spark(values, full) => {
            sparkline(buf, Rect { width: place.width.min(values.len() as u16), ..place }, values, *full, theme.graph, theme)
        }
    }
}
