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
    let health = context.health();
    let mut left = Line::default();
    left.push_span(Span::styled(" quarterdeck", theme.title));
    left.push_span(Span::styled(format!("  {}", context.model().stack.name), theme.accent));
    left.push_span(Span::raw("  "));
    let verdict = format!("{} {}", context.sign(health.severity), health.severity.word());
    left.push_span(Span::styled(verdict, context.style(health.severity)));
    if context.app.read_only {
        left.push_span(Span::raw("  "));
        left.push_span(Span::styled(" READ-ONLY ", theme.banner));
    }
    let clock = Line::styled(format!("{} ", context.clock()), theme.text);
    let links = links(context);
    let room = area.width as usize;
    let clock_x = area.right().saturating_sub(width(&clock) as u16);
    text(buf, clock_x, area.y, width(&clock) as u16, clock.clone(), theme.text, theme);
    let before_clock = room.saturating_sub(width(&clock) + 1);
    let links_x = before_clock.saturating_sub(width(&links)).max(width(&left).min(before_clock / 2) + 2);
    text(buf, area.x, area.y, (links_x - 1) as u16, left, theme.text, theme);
    text(buf, area.x + links_x as u16, area.y, before_clock.saturating_sub(links_x) as u16, links, theme.text, theme);
}

/// One sign for each link, in the order of the names; with its age where it does not answer.
fn links<'a>(context: &Context<'a>) -> Line<'a> {
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
                LinkState::Is(Link::Live | Link::Connecting | Link::NoPermission(_), _) => {}
                LinkState::Is(_, since) => line.push_span(Span::styled(context.age(*since), style)),
                LinkState::Stale(age) => line.push_span(Span::styled(context.age(now.saturating_sub(*age)), style)),
            }
        }
        line.push_span(Span::raw("  "));
    }
    line
}
