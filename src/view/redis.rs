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

/// Lines that the upper frame has at least; beyond that the lower one scrolls too.
const UPPER: u16 = 15;

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
    let problems = matrix::problems(context, ours, if area.width >= BESIDE { 4 } else { 2 });
    let steps = failover::rows(context);
    if area.width >= BESIDE {
        let left = Rect { width: area.width / 2, ..area };
        let right = Rect { x: area.x + left.width, width: area.width - left.width, ..area };
        let (nodes, sentinels) = (nodes(context, matrix::within(left).width, tall), sentinels(context, matrix::within(right).width));
        return framed(context, buf, [(left, nodes.below(problems)), (right, sentinels.below(steps))]);
    }
    let width = matrix::within(area).width;
    let (nodes, sentinels) = (nodes(context, width, false), sentinels(context, width));
    if tall && !sentinels.rows.is_empty() && !nodes.rows.is_empty() {
        let needed = sentinels.rows.len() + steps.len() + 2;
        let below = u16::try_from(needed).unwrap_or(u16::MAX).min(area.height - UPPER);
        let height = area.height - below;
        let (upper, lower) = (Rect { height, ..area }, Rect { y: area.y + height, height: below, ..area });
        return framed(context, buf, [(upper, nodes.below(problems)), (lower, sentinels.below(steps))]);
    }
    // In one list what is in focus comes first, and a failover before all.
    let on_sentinel = matches!(context.app.ui.focus, Some(Node::Sentinel(_)));
    let more = if on_sentinel { sentinels.more } else { nodes.more };
    let (first, second) = if on_sentinel { (sentinels.rows, nodes.rows) } else { (nodes.rows, sentinels.rows) };
    let rows =
        if failover::is_news(context) { [steps, problems, first, second].concat() } else { [problems, first, second, steps].concat() };
    frame(buf, area, "Redis and Sentinel", more, theme.border, theme);
    matrix::draw(context, buf, &[(matrix::within(area), rows.iter().collect())]);
}

/// The nodes and the Sentinels, each in a frame of its own.
fn framed(context: &Context<'_>, buf: &mut Buffer, sections: [(Rect, Section); 2]) {
    let theme = context.theme;
    for ((area, section), title) in sections.iter().zip(["Redis", "Sentinel"]) {
        frame(buf, *area, title, section.more.as_str(), theme.border, theme);
    }
    matrix::draw(context, buf, &sections.each_ref().map(|(area, section)| (matrix::within(*area), section.rows.iter().collect())));
}

/// Rows, and what their title says of instances that do not fit.
struct Section {
    rows: Vec<Row>,
    more: String,
}

impl Section {
    /// The same with other rows before its own.
    fn below(self, above: Vec<Row>) -> Section {
        Section { rows: [above, self.rows].concat(), ..self }
    }
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
