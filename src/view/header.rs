//! The first line: which stack, which mode, every link, the time.

use super::context::Context;
use super::widget::{text, width};
use crate::event::Link;
use crate::model::{LinkState, Model};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub fn draw(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    let clock = Line::styled(context.clock(), theme.text);
    // Where it is tight, the program's own name goes first, then the ages of the links.
    let tries = [(true, true), (false, true), (false, false)].map(|(named, aged)| (title(context, named), links(context, aged)));
    let fits = |(left, links): &(Line<'_>, Line<'_>)| width(left) + width(links) + width(&clock) + 2 <= area.width.into();
    let last = tries.len() - 1;
    let Some((left, links)) = tries.iter().enumerate().find(|(index, pair)| *index == last || fits(pair)).map(|(_, pair)| pair.clone())
    else {
        return;
    };
    let right = (width(&links) + width(&clock) + 1) as u16;
    let clock_x = area.right().saturating_sub(width(&clock) as u16 + 1);
    let links_x = area.right().saturating_sub(right).max(area.x + (width(&left) as u16 + 1).min(area.width / 2));
    text(buf, area.x, area.y, links_x.saturating_sub(area.x + 1), left, theme.text, theme);
    text(buf, links_x, area.y, clock_x.saturating_sub(links_x), links, theme.text, theme);
    text(buf, clock_x, area.y, width(&clock) as u16, clock.clone(), theme.text, theme);
}

/// The stack, how bad it is, and the mode.
fn title<'a>(context: &Context<'a>, named: bool) -> Line<'a> {
    let theme = context.theme;
    let severity = context.health().severity;
    let mut line = Line::raw(" ");
    if named {
        line.push_span(Span::styled("quarterdeck  ", theme.title));
    }
    line.push_span(Span::styled(context.model().stack.name.as_str(), theme.accent));
    line.push_span(Span::raw("  "));
    line.push_span(Span::styled(format!("{} {}", context.sign(severity), severity.word()), context.style(severity)));
    if context.app.read_only {
        line.push_span(Span::raw("  "));
        line.push_span(Span::styled(" READ-ONLY ", theme.banner));
    }
    line
}

/// One sign for each link, in the order of the names; with its age where it does not answer.
fn links<'a>(context: &Context<'a>, aged: bool) -> Line<'a> {
    let model: &'a Model = context.model();
    let now = model.now;
    let groups: [(&str, Vec<LinkState<'a>>); 3] = [
        ("pg", model.postgres.servers.iter().map(|s| s.link_state(now)).collect()),
        ("redis", model.redis.nodes.iter().map(|n| n.link_state(now)).collect()),
        ("sentinel", model.redis.sentinels.iter().map(|s| s.link_state(now)).collect()),
    ];
    let mut line = Line::default();
    for (name, links) in groups {
        if links.is_empty() {
            continue;
        }
        line.push_span(Span::styled(format!("{name} "), context.theme.muted));
        for link in &links {
            let (sign, style) = context.link(link);
            line.push_span(Span::styled(sign, style));
            match link {
                _ if !aged => {}
                LinkState::Is(Link::Live | Link::Connecting | Link::NoPermission(_), _) => {}
                LinkState::Is(_, since) => line.push_span(Span::styled(context.age(*since), style)),
                LinkState::Stale(age) => line.push_span(Span::styled(context.age(now.saturating_sub(*age)), style)),
            }
        }
        line.push_span(Span::raw("  "));
    }
    line
}
