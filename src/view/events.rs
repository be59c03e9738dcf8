//! All problems, then everything that happened, newest first: what the overview has no room for.

use super::context::Context;
use super::widget::{frame, text, wrap};
use super::words;
use crate::figure;
use crate::model::{Entry, Weight};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

pub fn draw(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    let inside = frame(buf, area, "Problems and timeline", "", theme.border, theme);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let mut lines = problems(context, inside.width);
    lines.extend([Line::default(), Line::styled("Timeline", theme.title)]);
    let happened: Vec<Line<'_>> = context.model().timeline.newest().flat_map(|entry| entry_lines(context, entry, inside.width)).collect();
    if happened.is_empty() {
        lines.push(Line::styled("nothing has happened", theme.muted));
    }
    lines.extend(happened);
    let offset = context.list(lines.len(), inside.height);
    let more = lines.len().saturating_sub(offset + usize::from(inside.height));
    for (y, line) in (inside.top()..inside.bottom()).zip(lines.into_iter().skip(offset)) {
        text(buf, inside.x, y, inside.width, line, theme.text, theme);
    }
    if more > 0 {
        let words = format!(" {} {more} more ", theme.glyphs.down);
        text(buf, area.x + 2, inside.bottom(), area.width.saturating_sub(4), words, theme.muted, theme);
    }
}

/// Who and since when, then what, on as many lines as it takes.
fn problems<'a>(context: &Context<'a>, width: u16) -> Vec<Line<'a>> {
    let theme = context.theme;
    let problems = &context.health().problems;
    if problems.is_empty() {
        return vec![Line::styled(format!("{} no problems", theme.glyphs.ok), theme.ok)];
    }
    let mut lines = Vec::new();
    for problem in problems {
        let style = context.style(problem.severity);
        let since = problem.since.map(|since| format!("  {}", context.age(since))).unwrap_or_default();
        lines.push(Line::from(vec![
            Span::styled(format!("{} {}  {}", context.sign(problem.severity), problem.subject, problem.severity.word()), style),
            Span::styled(since, theme.muted),
        ]));
        lines.extend(wrap(&problem.text, width.saturating_sub(4).into()).into_iter().map(|part| Line::raw(format!("  {part}"))));
    }
    lines
}

/// When, to whom and what, on as many lines as it takes.
pub fn entry_lines<'a>(context: &Context<'a>, entry: &'a Entry, width: u16) -> Vec<Line<'a>> {
    let theme = context.theme;
    let time = context.model().unix_ms(entry.at).map_or_else(|| "--:--:--".to_owned(), figure::clock_seconds);
    let subject = words::short(&entry.subject);
    let indent = time.chars().count() + subject.chars().count() + 2;
    let body = format!("{}{}", entry.text, witnesses(context, entry));
    let style = weight_style(context, entry);
    let line = |(index, part): (usize, &str)| match index {
        0 => Line::from(vec![
            Span::styled(format!("{time} "), theme.muted),
            Span::styled(format!("{subject} "), theme.title),
            Span::styled(part.to_owned(), style),
        ]),
        _ => Line::styled(format!("{:indent$}{part}", ""), style),
    };
    wrap(&body, usize::from(width).saturating_sub(indent)).into_iter().enumerate().map(line).collect()
}

fn weight_style(context: &Context<'_>, entry: &Entry) -> Style {
    match entry.weight {
        Weight::Good => context.theme.ok,
        Weight::Notable => context.theme.text,
        Weight::Bad => context.theme.warning,
    }
}

/// Who said so, if not the subject itself.
fn witnesses(context: &Context<'_>, entry: &Entry) -> String {
    match entry.witnesses.as_slice() {
        [] => String::new(),
        [one] => format!(" ({})", words::short(one)),
        many => format!(" ({} of {})", many.len(), context.model().redis.sentinels.len()),
    }
}
