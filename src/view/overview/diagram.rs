//! The architecture diagram: boxes and the lines between them, placed by arithmetic. The boxes are the navigation.

use super::card::{self, Card, Half};
use crate::app::Node;
use crate::health::Severity;
use crate::theme::Theme;
use crate::view::context::Context;
use crate::view::widget::{Wire, clear, frame, sparkline, text, width, wire};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// From this height on the edge of the stack has boxes of its own.
const ROOMY: u16 = 28;

/// Narrowest box in which a name and a state can be read.
const NARROWEST: u16 = 16;

/// Draws the diagram from the top of `area` and returns how many rows it took.
pub fn draw(context: &Context<'_>, buf: &mut Buffer, area: Rect) -> u16 {
    let roomy = area.height >= ROOMY;
    let halves: Vec<Half<'_>> = [card::postgres(context), card::redis(context)].into_iter().flatten().collect();
    if halves.is_empty() {
        let hint = "Nothing is configured: `quarterdeck config --example` shows how";
        text(buf, area.x + 1, area.y + area.height / 2, area.width.saturating_sub(1), hint, context.theme.muted, context.theme);
        return area.height;
    }
    let edge = if roomy { edge_boxes(context, buf, area) } else { edge_line(context, buf, area) };
    // What is left after captions, lines and the Sentinels is shared by two rows of boxes.
    let sentinels = if context.model().redis.sentinels.is_empty() { 0 } else { 1 + u16::from(roomy) };
    let fixed = edge + 2 + 2 + sentinels;
    let box_height = (area.height.saturating_sub(fixed) / 2).clamp(4, if roomy { 12 } else { 4 });
    let top = area.y + edge;
    let each = area.width / halves.len() as u16;
    let middle = area.x + area.width / 2;
    // One line over all parts, from the middle of the first to the middle of the last; what hangs on it joins it.
    let centre = |index: usize| area.x + each * index as u16 + each / 2;
    let (first, last) = (centre(0), centre(halves.len() - 1));
    wire(buf, area, &[(first.min(middle), top), (last.max(middle), top)], Wire::Broken, context.theme.border, context.theme);
    for (index, half) in halves.iter().enumerate() {
        let place = Rect { x: area.x + each * index as u16, y: top, width: each, height: 2 + 2 * box_height + 2 };
        draw_half(context, buf, place, half, box_height);
    }
    let bottom = top + 2 + 2 * box_height + 2;
    if sentinels > 0 {
        let y = bottom + u16::from(roomy);
        if y < area.bottom() {
            draw_sentinels(context, buf, Rect { y, height: 1, ..area });
        }
    }
    (bottom + sentinels - area.y).min(area.height)
}

/// Kubernetes' part in one line, where there is little room.
fn edge_line(context: &Context<'_>, buf: &mut Buffer, area: Rect) -> u16 {
    let theme = context.theme;
    let absent = theme.glyphs.absent;
    let line =
        Line::styled(format!("NGINX ingress {absent} {} app {absent}  Kubernetes: not connected", theme.glyphs.line(10)), theme.muted);
    let x = area.x + area.width.saturating_sub(width(&line) as u16) / 2;
    text(buf, x, area.y, area.width, line, theme.muted, theme);
    1
}

/// Kubernetes' part as boxes.
fn edge_boxes(context: &Context<'_>, buf: &mut Buffer, area: Rect) -> u16 {
    let theme = context.theme;
    let middle = area.x + area.width / 2;
    // Lines first: what is drawn over their ends is a title or a border.
    wire(buf, area, &[(middle, area.y), (middle, area.y + 9)], Wire::Broken, theme.border, theme);
    clear(buf, Rect { x: middle - 5, y: area.y, width: 10, height: 1 });
    text(buf, middle - 4, area.y, 8, "Internet", theme.muted, theme);
    for (index, name) in ["NGINX ingress", "application"].into_iter().enumerate() {
        let place = Rect { x: middle - 15, y: area.y + 2 + 4 * index as u16, width: 30, height: 3 };
        clear(buf, place);
        let inside = frame(buf, place, name, theme.glyphs.absent, theme.border, theme);
        text(buf, inside.x + 1, inside.y, inside.width - 1, "Kubernetes: not connected", theme.muted, theme);
    }
    9
}

/// One side: caption, the box that takes writes, the lines, the boxes that follow.
fn draw_half(context: &Context<'_>, buf: &mut Buffer, area: Rect, half: &Half<'_>, box_height: u16) {
    let theme = context.theme;
    let count = half.followers.len() as u16;
    let follower_width = area.width.saturating_sub(1 + count).checked_div(count).unwrap_or(0).min(34);
    let writer_width = (follower_width + 4).clamp(24, 36).min(area.width.saturating_sub(2));
    let centre = area.x + area.width / 2;
    let writer = Rect { x: centre - writer_width / 2, y: area.y + 2, width: writer_width, height: box_height };
    // From the application down to whoever takes writes.
    wire(buf, buf.area, &[(centre, area.y), (centre, writer.y)], Wire::Broken, theme.border, theme);
    // The part's name on one side of the line, what to know about it on the other.
    let name = width(&Line::from(half.name)) as u16;
    text(buf, centre.saturating_sub(name + 2).max(area.x), area.y + 1, name, half.name, theme.title, theme);
    text(buf, centre + 2, area.y + 1, (area.right() - centre).saturating_sub(2), half.about.as_str(), theme.muted, theme);
    match &half.writer {
        Some(card) => draw_card(context, buf, writer, card),
        None => {
            // Before anybody was seen this is no loss, but a question.
            let severity = if half.seen { Severity::Critical } else { Severity::Unknown };
            let sign = Line::styled(context.sign(severity), context.style(severity));
            clear(buf, writer);
            let inside = frame(buf, writer, half.no_writer, sign, context.style(severity), theme);
            text(buf, inside.x + 1, inside.y, inside.width.saturating_sub(1), "who writes: unknown", theme.muted, theme);
        }
    }
    let below = Rect { y: writer.bottom(), height: 2 + box_height, ..area };
    if follower_width >= NARROWEST {
        follower_boxes(context, buf, below, half, (follower_width, box_height), writer);
    } else {
        follower_list(context, buf, below, half);
    }
}

/// The followers as boxes, each at the end of a line that tells how far behind it is.
fn follower_boxes(context: &Context<'_>, buf: &mut Buffer, area: Rect, half: &Half<'_>, (box_width, box_height): (u16, u16), writer: Rect) {
    let theme = context.theme;
    let count = half.followers.len() as u16;
    let total = count * (box_width + 1) - 1;
    let first = area.x + area.width.saturating_sub(total) / 2;
    for (index, card) in half.followers.iter().enumerate() {
        let place = Rect { x: first + index as u16 * (box_width + 1), y: area.y + 2, width: box_width, height: box_height };
        let kind = if card.flows { Wire::Whole } else { Wire::Broken };
        let (from, to) = (writer.x + writer.width / 2, place.x + 2);
        if half.writer.is_some() {
            wire(buf, buf.area, &[(from, writer.bottom() - 1), (from, area.y), (to, area.y), (to, place.y)], kind, theme.border, theme);
        }
        draw_card(context, buf, place, card);
        if let Some(label) = &card.label {
            text(buf, to + 2, area.y + 1, place.right().saturating_sub(to + 2), label.clone(), theme.text, theme);
        }
    }
}

/// The followers as lines, where there are too many for boxes.
fn follower_list(context: &Context<'_>, buf: &mut Buffer, area: Rect, half: &Half<'_>) {
    let theme = context.theme;
    let rows = area.height as usize;
    let hidden = half.followers.len().saturating_sub(rows);
    let shown = if hidden > 0 { rows.saturating_sub(1) } else { rows };
    // Those that have something to say come before those that go unsaid.
    let mut cards: Vec<&Card<'_>> = half.followers.iter().collect();
    if hidden > 0 {
        cards.sort_by_key(|card| std::cmp::Reverse(card.severity));
    }
    for (y, card) in (area.top()..area.bottom()).zip(cards.into_iter().take(shown)) {
        let line = Line::from(vec![
            Span::styled(context.sign(card.severity), context.style(card.severity)),
            Span::raw(" "),
            Span::styled(card.name, if focused(context, card) { theme.border_focused } else { theme.title }),
            Span::raw(" "),
        ]);
        // Its state and trouble stand in the second line of its box.
        let state = card.lines.get(1).into_iter().flatten().cloned();
        let x = text(buf, area.x + 1, y, area.width - 1, line, theme.text, theme);
        pieces(buf, x, y, area.right().saturating_sub(x), &card.label.iter().cloned().chain(state).collect::<Vec<_>>(), theme);
    }
    if hidden > 0 {
        text(buf, area.x + 1, area.bottom() - 1, area.width - 1, format!("and {} more", hidden + 1), theme.muted, theme);
    }
}

fn draw_card(context: &Context<'_>, buf: &mut Buffer, place: Rect, card: &Card<'_>) {
    let theme = context.theme;
    let style = match card.severity {
        _ if focused(context, card) => theme.border_focused,
        Severity::Ok | Severity::Notice => theme.border,
        severity => context.style(severity),
    };
    clear(buf, place);
    let pointer = if focused(context, card) { theme.glyphs.pointer } else { "" };
    let sign = Line::styled(context.sign(card.severity), context.style(card.severity));
    // The sign is the last thing to go: a name that leaves it no room is cut.
    let room = usize::from(place.width.saturating_sub(8));
    let name = format!("{pointer}{}", card.name);
    let name = if name.chars().count() > room {
        name.chars().take(room.saturating_sub(1)).chain(theme.glyphs.ellipsis.chars()).collect()
    } else {
        name
    };
    let inside = frame(buf, place, name, sign, style, theme);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(1), ..inside };
    // A small picture takes what the words leave; on a small box the last line, if there is one to spare.
    let words = if inside.height >= 4 { (inside.height - 1).min(6) } else { inside.height };
    for (y, line) in (inside.top()..inside.top() + words).zip(&card.lines) {
        pieces(buf, inside.x, y, inside.width, line, theme);
    }
    let chart = Rect { y: inside.y + words, height: inside.height - words, width: inside.width.saturating_sub(1), ..inside };
    let Some((name, history)) = card.history else { return };
    // The caption has a line of its own where there are two, else what the samples leave.
    let samples: Vec<_> = history.samples().collect();
    let (captioned, strip) = match chart.height {
        0 => return,
        1 => (samples.len() + name.len() < chart.width.into(), chart),
        _ => (true, Rect { y: chart.y + 1, height: chart.height - 1, ..chart }),
    };
    // A constant figure stands at two thirds, so that a rise can be seen.
    let full = 1.5 * samples.iter().flatten().copied().fold(0.0, f64::max);
    sparkline(buf, strip, &samples, full.max(1.0), theme.graph, theme);
    if captioned {
        text(buf, chart.x, chart.y, chart.width, name, theme.muted, theme);
    }
}

/// Writes as many pieces as fit whole, two cells apart, or one where that makes room; the first is cut rather than left out.
fn pieces(buf: &mut Buffer, x: u16, y: u16, width: u16, pieces: &[Span<'_>], theme: &Theme) {
    let (mut at, end) = (x, x.saturating_add(width));
    for (index, piece) in pieces.iter().filter(|piece| !piece.content.is_empty()).enumerate() {
        let room = end.saturating_sub(at);
        let needed = piece.width() as u16;
        let gap = if index == 0 { 0 } else { 2.min(room.saturating_sub(needed)).max(1) };
        if index > 0 && needed + gap > room {
            return;
        }
        at = text(buf, at + gap, y, room.saturating_sub(gap), piece.clone(), theme.text, theme);
    }
}

fn focused(context: &Context<'_>, card: &Card<'_>) -> bool {
    context.app.ui.focus.as_ref() == Some(&card.node)
}

/// The Sentinels in a row: they watch each other.
fn draw_sentinels(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    let sentinels = &context.model().redis.sentinels;
    let lines: Vec<Line<'_>> = sentinels.iter().map(|it| card::sentinel(context, it)).collect();
    let needed: usize = lines.iter().map(width).sum();
    let gaps = lines.len().saturating_sub(1);
    let spare = usize::from(area.width).saturating_sub(needed + 2);
    let gap = spare.checked_div(gaps).unwrap_or(0).clamp(2, 7);
    let total = needed + gap * gaps;
    let mut x = area.x + (usize::from(area.width).saturating_sub(total) / 2) as u16;
    for (index, (line, sentinel)) in lines.into_iter().zip(sentinels).enumerate() {
        if index > 0 {
            let level = theme.glyphs.line(10).repeat(gap.saturating_sub(2));
            x = text(buf, x, area.y, area.right().saturating_sub(x), format!(" {level} "), theme.border, theme);
        }
        let here = context.app.ui.focus.as_ref() == Some(&Node::Sentinel(sentinel.name.clone()));
        let from = x;
        x = text(buf, x, area.y, area.right().saturating_sub(x), line, theme.text, theme);
        if here {
            buf.set_style(Rect { x: from, width: x - from, ..area }, theme.selection);
        }
    }
}
