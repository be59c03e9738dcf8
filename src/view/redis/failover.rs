//! The failover that goes on, or the last one, step by step as the Sentinels announced it.

use crate::event::Millis;
use crate::model::{Failover, FailoverStep};
use crate::view::context::Context;
use crate::view::matrix::Row;
use crate::view::words;
use ratatui::text::{Line, Span};

/// For so long a failover comes before all else.
const MOMENT: Millis = 60_000;

/// A failover that ended so long ago is told in one line.
const NEWS: Millis = 600_000;

/// Whether a failover goes on, or was heard of a moment ago.
pub fn is_news(context: &Context<'_>) -> bool {
    let heard = |failover: &Failover| context.model().age(failover.last) <= MOMENT;
    context.model().redis.failover.as_ref().is_some_and(heard)
}

/// The lines; none if there was no failover.
pub fn rows(context: &Context<'_>) -> Vec<Row> {
    let Some(failover) = &context.model().redis.failover else { return Vec::new() };
    let theme = context.theme;
    let mut rows = vec![Row::free(title(context, failover))];
    if context.model().age(failover.last) <= NEWS {
        rows.extend(failover.steps.iter().map(|step| Row::free(step_line(context, failover, step))));
    }
    let outstanding: Vec<String> = failover.outstanding().filter(|_| failover.running(context.now())).collect();
    if !outstanding.is_empty() {
        let next = outstanding.join(&format!(" {} ", theme.glyphs.dot));
        rows.push(Row::free(Line::styled(format!("   {} to come:  {next}", theme.glyphs.absent), theme.muted)));
    }
    rows.push(Row::free(Line::default()));
    rows
}

fn title(context: &Context<'_>, failover: &Failover) -> Line<'static> {
    let theme = context.theme;
    let glyphs = theme.glyphs;
    let ago = context.age(failover.started);
    let (text, style) = match (failover.given_up(), failover.switched) {
        (_, Some(at)) => (format!("{} new master after {}", glyphs.ok, since(failover, at).trim_start_matches('+')), theme.ok),
        (Some(reason), None) => (format!("{} given up: {reason}", glyphs.warning), theme.warning),
        (None, None) if failover.running(context.now()) => (format!("{} under way", glyphs.running), theme.warning),
        (None, None) => (format!("{} came to nothing", glyphs.warning), theme.warning),
    };
    Line::from(vec![
        Span::styled("Failover  ", theme.title),
        Span::styled(text, style),
        Span::styled(format!("   began {ago} ago"), theme.muted),
    ])
}

fn step_line(context: &Context<'_>, failover: &Failover, step: &FailoverStep) -> Line<'static> {
    let theme = context.theme;
    let by: Vec<&str> = step.by.iter().map(words::short).collect();
    Line::from(vec![
        Span::styled(format!("   {} ", theme.glyphs.ok), theme.ok),
        Span::raw(format!("{:>8}  ", since(failover, step.at))),
        Span::raw(step.words()),
        Span::styled(format!("  by {}", by.join(", ")), theme.muted),
    ])
}

/// `+1.2 s` since it began.
fn since(failover: &Failover, at: Millis) -> String {
    format!("+{:.1} s", at.saturating_sub(failover.started) as f64 / 1000.0)
}
