//! PostgreSQL in detail: the servers side by side, and of the one in focus the statements that cost most and who waits for whom.

use super::context::Context;
use super::matrix::{self, Layout, Matrix, Row, Window};
use super::widget::{frame, text, width};
use super::words;
use crate::app::Pane;
use crate::event::Name;
use crate::health::Severity;
use crate::keymap::{self, Intent, Place};
use crate::model::{LinkState, PgServer};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

mod lag;
mod locks;
mod server;
mod statements;
mod store;
mod work;

/// Below this width the title has no room for what is said elsewhere too.
const ROOMY: u16 = 80;

/// From this height on there is room for what is nice to have.
const TALL: u16 = 50;

/// From this width on the rows go into two panels, if the servers fit into half of it.
const TWO_PANELS: u16 = 150;

pub fn draw(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    let servers = &context.model().postgres.servers;
    let focus = context.app.server_in_focus();
    let Some(server) = focus.as_ref().and_then(|name| context.model().postgres.server(name)) else {
        let inside = frame(buf, area, "PostgreSQL", "", theme.border, theme);
        text(buf, inside.x, inside.y, inside.width, "no PostgreSQL server is configured", theme.muted, theme);
        return;
    };
    match context.app.ui.pane {
        Pane::Instances => {
            let place = matrix::within(area);
            let [left, right] = matrix::halves(place);
            let two = area.width >= TWO_PANELS && Layout::fit(left.width) >= servers.len();
            let width = if two { left.width } else { place.width };
            let at = servers.iter().position(|s| s.name == server.name).unwrap_or(0);
            let window = Window::around(servers.len(), at, Layout::fit(width));
            let title = Line::from(vec![Span::styled(window.words(context), theme.muted), named(context, server, window, area.width)]);
            frame(buf, area, tabs(context, area.width), title, theme.border, theme);
            let rows = rows(context, &server.name, window, width, area.height >= TALL);
            if two {
                let [first, second] = matrix::flow(&rows);
                matrix::draw(context, buf, &[(left, first), (right, second)]);
            } else {
                matrix::draw(context, buf, &[(place, rows.iter().collect())]);
            }
        }
        Pane::Statements => statements::draw(context, buf, area, server),
        Pane::Locks => locks::draw(context, buf, area, server),
    }
}

/// The rows of the servers side by side.
fn rows(context: &Context<'_>, focus: &Name, window: Window, width: u16, tall: bool) -> Vec<Row> {
    let cluster = &context.model().postgres;
    let ours = |subject: &str| subject == "PostgreSQL" || cluster.server(subject).is_some();
    let mut rows = matrix::problems(context, ours, if tall { 4 } else { 2 });
    let mut matrix = Matrix::new(context, &cluster.servers, window, width);
    matrix.header(Line::default(), |server| (header(context, server), server.name == *focus));
    server::rows(context, &mut matrix);
    lag::rows(context, &mut matrix, tall);
    work::rows(context, &mut matrix);
    store::rows(context, &mut matrix);
    rows.append(&mut matrix.rows());
    rows
}

/// A server's name, marked if it is the primary, and how well it is.
fn header(context: &Context<'_>, server: &PgServer) -> Line<'static> {
    let severity = context.health().of(&server.name);
    let primary = context.model().postgres.primary(context.now()).is_some_and(|p| p.name == server.name);
    let star = if primary { format!("{} ", context.theme.glyphs.primary) } else { String::new() };
    let style = if primary { context.theme.accent } else { context.theme.title };
    let mut spans = vec![Span::styled(format!("{star}{}", server.name), style)];
    if severity >= Severity::Warning {
        spans.push(Span::styled(format!(" {}", context.sign(severity)), context.style(severity)));
    }
    Line::from(spans)
}

/// The panes and their keys; the one that is shown is marked.
fn tabs(context: &Context<'_>, width: u16) -> Line<'static> {
    let theme = context.theme;
    let shown = match context.app.ui.pane {
        Pane::Instances => Intent::Instances,
        Pane::Statements => Intent::Statements,
        Pane::Locks => Intent::Locks,
    };
    let mut spans = vec![Span::styled(if width < ROOMY { "" } else { "PostgreSQL  " }, theme.title)];
    for binding in keymap::here(Place::Postgres) {
        if !matches!(binding.intent, Intent::Instances | Intent::Statements | Intent::Locks) {
            continue;
        }
        let style = |style: Style| if binding.intent == shown { style.patch(theme.selection) } else { style };
        spans.push(Span::styled(binding.key(), style(theme.key)));
        spans.push(Span::styled(format!(" {}", binding.short), style(if binding.intent == shown { theme.title } else { theme.muted })));
        spans.push(Span::raw("  "));
    }
    spans.pop();
    Line::from(spans)
}

/// The name of the server in focus, for the title, with a gap before it if something stands there.
fn named(context: &Context<'_>, server: &PgServer, window: Window, width: u16) -> Span<'static> {
    // Its column is marked as well.
    if width < ROOMY {
        return Span::raw("");
    }
    let gap = if window.before + window.after > 0 { "  " } else { "" };
    Span::styled(format!("{gap}{} {}", context.theme.glyphs.pointer, server.name), context.theme.title)
}

/// The link of the second connection; facts that it brought are as old as it is silent.
fn detail_link(server: &PgServer) -> LinkState<'_> {
    LinkState::Is(&server.detail_link.value, server.detail_link.since)
}

/// A line in the middle of an empty pane that says why it is empty.
fn empty(context: &Context<'_>, buf: &mut Buffer, area: Rect, line: Line<'static>) {
    let cells = (width(&line) as u16).min(area.width);
    let (x, y) = (area.x + (area.width - cells) / 2, area.y + area.height / 3);
    if area.height > 0 {
        text(buf, x, y, cells, line, context.theme.text, context.theme);
    }
}

/// Why the second connection brings nothing: its own trouble, or that it has not answered yet.
fn silence(context: &Context<'_>, server: &PgServer) -> Line<'static> {
    let link = detail_link(server);
    let style = context.link(&link).1;
    match (words::trouble(context, &link), link.reason()) {
        (Some(trouble), Some(reason)) => Line::styled(format!("{}: {trouble}: {reason}", server.name), style),
        (Some(trouble), None) => Line::styled(format!("{}: {trouble}", server.name), style),
        (None, Some(reason)) => Line::styled(format!("{}: no permission: {reason}", server.name), style),
        (None, None) => Line::styled(format!("asking {} {}", server.name, context.theme.glyphs.ellipsis), context.theme.muted),
    }
}

#[cfg(test)]
mod tests;
