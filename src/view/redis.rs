//! Redis and Sentinel in detail: the data nodes side by side, what each Sentinel believes, and the failover step by step.

use super::context::Context;
use super::matrix::{self, Layout, Matrix, Row, Window};
use super::widget::{frame, text};
use super::words;
use crate::app::Node;
use crate::event::Name;
use crate::health::Severity;
use crate::model::LinkState;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

mod failover;
mod node;
mod sentinel;

/// From this width on nodes and Sentinels stand beside each other.
const BESIDE: u16 = 150;

/// From this height on they stand in frames of their own, else below each other in one list.
const BELOW: u16 = 34;

/// Lines of the upper frame that the lower one leaves it at least.
const UPPER: u16 = 14;

pub fn draw(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    let group = &context.model().redis;
    if group.nodes.is_empty() && group.sentinels.is_empty() {
        let inside = frame(buf, area, "Redis and Sentinel", "", theme.border, theme);
        text(buf, inside.x, inside.y, inside.width, "no Redis node and no Sentinel is configured", theme.muted, theme);
        return;
    }
    let ours =
        |subject: &str| matches!(subject, "Redis" | "Sentinel") || group.node(subject).is_some() || group.sentinel(subject).is_some();
    let tall = area.height >= BELOW;
    let problems = matrix::problems(context, ours, if tall { 5 } else { 2 });
    let steps = failover::rows(context);
    let running = group.failover.as_ref().is_some_and(|failover| failover.running(context.now()));
    if area.width >= BESIDE {
        let left = Rect { width: area.width / 2, ..area };
        let right = Rect { x: area.x + left.width, width: area.width - left.width, ..area };
        let nodes = [problems, nodes(context, left.width - 2, tall).rows].concat();
        let sentinels = [steps, sentinels(context, right.width - 2).rows].concat();
        return beside(context, buf, left, right, &nodes, &sentinels);
    }
    let width = area.width.saturating_sub(2);
    let (nodes, sentinels) = (nodes(context, width, tall), sentinels(context, width));
    let lower = sentinels.rows.len() + steps.len();
    if tall && !sentinels.rows.is_empty() && !nodes.rows.is_empty() {
        let below = (lower as u16 + 2).min(area.height - UPPER);
        let (upper, lower) = (Rect { height: area.height - below, ..area }, Rect { y: area.bottom() - below, height: below, ..area });
        let inside = frame(buf, lower, "Sentinel", sentinels.more, theme.border, theme);
        matrix::draw(context, buf, inside, &[steps, sentinels.rows].concat(), 1);
        // The upper list is the longer one, and so the one that scrolls.
        let inside = frame(buf, upper, "Redis", nodes.more, theme.border, theme);
        return matrix::draw(context, buf, inside, &[problems, nodes.rows].concat(), 1);
    }
    // In one list what is in focus comes first, and a failover before all while it goes on.
    let on_sentinel = matches!(context.app.ui.focus, Some(Node::Sentinel(_)));
    let more = if on_sentinel { sentinels.more } else { nodes.more };
    let (first, second) = if on_sentinel { (sentinels.rows, nodes.rows) } else { (nodes.rows, sentinels.rows) };
    let rows = if running { [steps, problems, first, second].concat() } else { [problems, first, second, steps].concat() };
    let inside = frame(buf, area, "Redis and Sentinel", more, theme.border, theme);
    matrix::draw(context, buf, inside, &rows, 1);
}

fn beside(context: &Context<'_>, buf: &mut Buffer, left: Rect, right: Rect, nodes: &[Row], sentinels: &[Row]) {
    let theme = context.theme;
    let inside = frame(buf, right, "Sentinel", "", theme.border, theme);
    matrix::draw(context, buf, inside, sentinels, 1);
    let inside = frame(buf, left, "Redis", "", theme.border, theme);
    matrix::draw(context, buf, inside, nodes, 1);
}

/// Rows, and what their title says of instances that do not fit.
struct Section {
    rows: Vec<Row>,
    more: String,
}

fn nodes(context: &Context<'_>, width: u16, tall: bool) -> Section {
    let group = &context.model().redis;
    let focus = group.nodes.iter().position(|n| context.app.ui.focus == Some(Node::Redis(n.name.clone())));
    let window = Window::around(group.nodes.len(), focus.unwrap_or(0), Layout::fit(width));
    let mut matrix = Matrix::new(context, &group.nodes, window, width);
    if !group.nodes.is_empty() {
        let master = group.master(context.now()).map(|m| &m.name);
        matrix.header("Redis", |n| {
            (header(context, &n.name, master == Some(&n.name)), context.app.ui.focus == Some(Node::Redis(n.name.clone())))
        });
        node::rows(context, &mut matrix, tall);
    }
    Section { rows: matrix.rows(), more: window.words(context) }
}

fn sentinels(context: &Context<'_>, width: u16) -> Section {
    let group = &context.model().redis;
    let focus = group.sentinels.iter().position(|s| context.app.ui.focus == Some(Node::Sentinel(s.name.clone())));
    let window = Window::around(group.sentinels.len(), focus.unwrap_or(0), Layout::fit(width));
    let mut matrix = Matrix::new(context, &group.sentinels, window, width);
    if !group.sentinels.is_empty() {
        matrix.header("Sentinel", |s| (header(context, &s.name, false), context.app.ui.focus == Some(Node::Sentinel(s.name.clone()))));
        sentinel::rows(context, &mut matrix);
    }
    Section { rows: matrix.rows(), more: window.words(context) }
}

/// An instance's name, marked if it is the master, and how well it is.
fn header(context: &Context<'_>, name: &Name, master: bool) -> Line<'static> {
    let theme = context.theme;
    let severity = context.health().of(name);
    let (star, style) = if master { (format!("{} ", theme.glyphs.primary), theme.accent) } else { (String::new(), theme.title) };
    let mut spans = vec![Span::styled(format!("{star}{}", words::short(name)), style)];
    if severity >= Severity::Warning {
        spans.push(Span::styled(format!(" {}", context.sign(severity)), context.style(severity)));
    }
    Line::from(spans)
}

/// The instance that a reported address means, else the address.
fn named(context: &Context<'_>, host: &str, port: u16) -> String {
    let group = &context.model().redis;
    match group.node_at(host, port).or_else(|| group.sentinel_at(host, port)) {
        Some(name) => words::short(name).to_owned(),
        None if host.is_empty() => context.theme.glyphs.unknown.to_owned(),
        None => format!("{host}:{port}"),
    }
}

/// The rows for a link, which is known at any time.
fn link_rows<'a, T>(context: &'a Context<'a>, matrix: &mut Matrix<'a, T>, link: impl Fn(&'a T) -> LinkState<'a>) {
    matrix.row("link", |instance| words::link_cell(context, &link(instance)));
    matrix.row("reason", |instance| words::reason_cell(context, &link(instance)));
}

#[cfg(test)]
mod tests;
