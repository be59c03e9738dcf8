//! The statements that cost most on the server in focus, by total time.

use super::{detail_link, empty, silence, tabs};
use crate::event::{Feed, PgStatement};
use crate::figure;
use crate::model::{Freshness, Observed, PgServer, fresh_for};
use crate::view::context::Context;
use crate::view::matrix::within;
use crate::view::widget::{Align, Column, columns, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

const fn figures(header: &'static str, width: u16, priority: u8) -> Column<'static> {
    Column { header, min: width, max: width, priority, align: Align::Right }
}

const COLUMNS: [Column<'static>; 7] = [
    figures("total", 8, 8),
    figures("share", 7, 6),
    figures("calls", 6, 7),
    figures("mean", 8, 5),
    figures("rows", 6, 3),
    figures("hit", 7, 4),
    Column { header: "statement", min: 40, max: 200, priority: 9, align: Align::Left },
];

pub fn draw(context: &Context<'_>, buf: &mut Buffer, area: Rect, server: &PgServer) {
    let theme = context.theme;
    let (title, fresh) = title(context, server, server.statements.as_ref(), Feed::PgStatements);
    frame(buf, area, tabs(context, area.width), title, theme.border, theme);
    let inside = within(area);
    let Some(statements) = server.statements.as_ref().map(|o| &o.value) else {
        return empty(context, buf, inside, silence(context, server));
    };
    if let Some(why) = &statements.unavailable {
        return empty(context, buf, inside, Line::styled(format!("{}: {why}", server.name), theme.unknown));
    }
    if statements.rows.is_empty() {
        return empty(context, buf, inside, Line::styled("no statement was counted yet", theme.muted));
    }
    let all: f64 = statements.rows.iter().map(|row| row.total_ms).sum();
    let style = if fresh { theme.text } else { theme.stale };
    let rows: Vec<Vec<Line<'_>>> = statements.rows.iter().map(|row| line(row, all).map(|cell| cell.style(style)).to_vec()).collect();
    let offset = context.list(rows.len(), inside.height.saturating_sub(1));
    columns(buf, inside, &COLUMNS, &rows, offset, None, theme);
}

fn line(row: &PgStatement, all_ms: f64) -> [Line<'_>; 7] {
    let count = |n: i64| Line::raw(figure::count(n.max(0).unsigned_abs()));
    let blocks = row.blocks_hit.saturating_add(row.blocks_read);
    let hit = if blocks > 0 { figure::percent(row.blocks_hit as f64 / blocks as f64) } else { String::new() };
    [
        Line::raw(milliseconds(row.total_ms)),
        Line::raw(figure::percent(row.total_ms / all_ms.max(f64::MIN_POSITIVE))),
        count(row.calls),
        Line::raw(milliseconds(row.mean_ms)),
        count(row.rows),
        Line::raw(hit),
        Line::raw(one_line(&row.query)),
    ]
}

/// The text of a statement without its line breaks and indentation.
pub fn one_line(query: &str) -> String {
    query.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A time in milliseconds: `0.02 ms`, `14 ms`, `3.2 s`, `12m`.
fn milliseconds(ms: f64) -> String {
    match ms {
        odd if !odd.is_finite() || odd < 0.0 => "?".to_owned(),
        small if small < 0.995 => format!("{small:.2} ms"),
        few if few < 9.95 => format!("{few:.1} ms"),
        many if many < 999.5 => format!("{many:.0} ms"),
        long => figure::lag(std::time::Duration::try_from_secs_f64(long / 1000.0).unwrap_or_default()),
    }
}

/// The server in focus and whether what is shown of it is fresh, else its age; and whether it is.
pub fn title<V>(context: &Context<'_>, server: &PgServer, observed: Option<&Observed<V>>, feed: Feed) -> (Line<'static>, bool) {
    let theme = context.theme;
    let name = Span::styled(format!("{} {}", theme.glyphs.pointer, server.name), theme.title);
    let answers = detail_link(server).answers();
    match observed {
        Some(seen) if answers && seen.freshness(context.now(), fresh_for(feed)) == Freshness::Fresh => {
            (Line::from(vec![name, Span::styled(format!("  {} live", theme.glyphs.live), theme.live)]), true)
        }
        Some(seen) => {
            let age = format!("  {} {} old", theme.glyphs.unknown, context.age(seen.at));
            (Line::from(vec![name, Span::styled(age, theme.stale)]), false)
        }
        None => (Line::from(name), false),
    }
}
