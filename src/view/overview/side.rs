//! Beside the diagram: what is wrong, the failover that runs or ran, and what happened.

use crate::figure;
use crate::health::{Problem, Severity};
use crate::model::Failover;
use crate::view::context::Context;
use crate::view::events::entry_lines;
use crate::view::widget::{frame, text, wrap};
use crate::view::words;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// A failover is shown for this long after its last sign, milliseconds.
const REMEMBERED: u64 = 120_000;

pub fn draw(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    let failover = context.model().redis.failover.as_ref().filter(|f| context.model().age(f.last) < REMEMBERED);
    let wanted = problem_lines(context, area.width) + 2;
    let steps = failover.map_or(0, |f| (f.steps.len() as u16 + 4).min(area.height / 2));
    let height = wanted.min(area.height.saturating_sub(steps + 6).max(4)).min(area.height);
    let top = Rect { height, ..area };
    let title = problems_title(context);
    let inside = frame(buf, top, title, "", theme.border, theme);
    problems_long(context, buf, inside);
    let mut y = top.bottom();
    if let Some(failover) = failover {
        let place = Rect { y, height: steps, ..area };
        draw_failover(context, buf, place, failover);
        y += steps;
    }
    let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    let inside = frame(buf, rest, "Timeline", "newest first", theme.border, theme);
    timeline(context, buf, inside);
}

/// A failover stands in one line for this long after its last sign, milliseconds.
const SHORTLY: u64 = 60_000;

/// `Problems  ✖ 1  ▲ 2`.
pub fn problems_title<'a>(context: &Context<'a>) -> Line<'a> {
    let mut line = Line::from("Problems");
    for severity in [Severity::Critical, Severity::Unknown, Severity::Warning, Severity::Notice] {
        let count = context.health().count(severity);
        if count > 0 {
            line.push_span(Span::styled(format!("  {} {count}", context.sign(severity)), context.style(severity)));
        }
    }
    line
}

/// Who and since when, then what, on as many lines as it takes.
fn problems_long(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    let problems = &context.health().problems;
    if problems.is_empty() {
        text(buf, area.x + 1, area.y, area.width.saturating_sub(1), format!("{} none", theme.glyphs.ok), theme.ok, theme);
        return;
    }
    let mut y = area.y;
    for (index, problem) in problems.iter().enumerate() {
        let lines = wrap(&problem.text, area.width.saturating_sub(4).into());
        let room = area.bottom().saturating_sub(y) as usize;
        let left = problems.len() - index;
        // A line is kept for telling that there is more.
        if room < lines.len() + 1 + usize::from(left > 1) {
            text(buf, area.x + 1, y, area.width.saturating_sub(1), words::more(left), theme.muted, theme);
            return;
        }
        who(context, buf, Rect { y, height: 1, ..area }, problem, "");
        for line in &lines {
            y += 1;
            text(buf, area.x + 3, y, area.width.saturating_sub(3), *line, theme.text, theme);
        }
        y += 1;
    }
}

/// Lines that the problems take when all are shown.
fn problem_lines(context: &Context<'_>, width: u16) -> u16 {
    let lines = |problem: &Problem| 1 + wrap(&problem.text, width.saturating_sub(6).into()).len() as u16;
    context.health().problems.iter().map(lines).sum::<u16>().max(1)
}

/// One line a problem.
pub fn problems_short(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    let problems = &context.health().problems;
    for (index, (y, problem)) in (area.top()..area.bottom()).zip(problems).enumerate() {
        let left = problems.len() - index;
        if y + 1 == area.bottom() && left > 1 {
            text(buf, area.x + 1, y, area.width.saturating_sub(1), words::more(left), theme.muted, theme);
            return;
        }
        who(context, buf, Rect { y, height: 1, ..area }, problem, &problem.text);
    }
}

/// Sign, subject and words at the left, since when at the right.
fn who(context: &Context<'_>, buf: &mut Buffer, area: Rect, problem: &Problem, words: &str) {
    let (theme, style) = (context.theme, context.style(problem.severity));
    let line = Line::from(vec![
        Span::styled(format!("{} {} ", context.sign(problem.severity), problem.subject), style),
        Span::styled(words.to_owned(), theme.text),
    ]);
    let since = problem.since.map(|since| context.age(since)).unwrap_or_default();
    let age_width = since.len() as u16;
    let room = area.width.saturating_sub(age_width + 3);
    text(buf, area.x + 1, area.y, room, line, theme.text, theme);
    text(buf, area.right().saturating_sub(age_width + 1), area.y, age_width, since, theme.muted, theme);
}

/// The steps of a failover, timed from its first sign.
fn draw_failover(context: &Context<'_>, buf: &mut Buffer, area: Rect, failover: &Failover) {
    let theme = context.theme;
    let running = failover.running(context.now());
    let title = match (running, failover.tried()) {
        (true, true) => "Redis failover: under way",
        (false, true) => "Redis failover",
        (_, false) => "Redis master seen down",
    };
    let style = if running { theme.warning } else { theme.border };
    let inside = frame(buf, area, title, format!("{} ago", context.age(failover.started)), style, theme);
    let step = |step: &crate::model::FailoverStep| {
        let time = format!("+{}", seconds(step.at.saturating_sub(failover.started)));
        Line::from(vec![Span::styled(format!("{} {time:>8} ", theme.glyphs.ok), theme.muted), Span::styled(step.words(), theme.text)])
    };
    // The last steps tell the most.
    let fits = usize::from(inside.height.saturating_sub(1));
    let skipped = failover.steps.len().saturating_sub(fits);
    let lines = failover.steps.iter().skip(skipped).map(step).chain([verdict(context, failover)]);
    for (y, line) in (inside.top()..inside.bottom()).zip(lines) {
        text(buf, inside.x + 1, y, inside.width.saturating_sub(1), line, theme.text, theme);
    }
}

/// What became of a failover, or what comes next.
fn verdict<'a>(context: &Context<'a>, failover: &Failover) -> Line<'a> {
    let theme = context.theme;
    match (failover.given_up(), failover.switched) {
        (Some(reason), _) => Line::styled(format!("{} given up: {reason}", theme.glyphs.critical), theme.critical),
        (None, Some(at)) => {
            Line::styled(format!("{} new master after {}", theme.glyphs.ok, seconds(at.saturating_sub(failover.started))), theme.ok)
        }
        (None, None) => {
            Line::styled(format!("{} next: {}", theme.glyphs.running, failover.outstanding().next().unwrap_or_default()), theme.warning)
        }
    }
}

/// A failover in one line, where there is no room for its steps: while it runs and for a minute after its last sign.
pub fn failover_line<'a>(context: &Context<'a>) -> Option<Line<'a>> {
    let failover = context.model().redis.failover.as_ref().filter(|f| context.model().age(f.last) < SHORTLY)?;
    let mut line = verdict(context, failover);
    line.spans.insert(0, Span::styled(format!("failover {} ago  ", context.age(failover.started)), context.theme.title));
    Some(line)
}

fn seconds(milliseconds: u64) -> String {
    format!("{:.1} s", milliseconds as f64 / 1000.0)
}

/// What happened, newest first; an entry takes as many lines as it needs.
pub fn timeline(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    let model = context.model();
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let mut lines = model.timeline.newest().flat_map(|entry| entry_lines(context, entry, inside.width)).peekable();
    if lines.peek().is_none() {
        let since = model.unix_ms(0).map(|unix_ms| format!("nothing since {}", figure::clock(unix_ms)));
        text(buf, inside.x, inside.y, inside.width, since.unwrap_or_default(), theme.muted, theme);
    }
    for (y, line) in (inside.top()..inside.bottom()).zip(lines) {
        text(buf, inside.x, y, inside.width, line, theme.text, theme);
    }
}
