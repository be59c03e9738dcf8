//! The last lines: what would break next, and the keys of this place.

use super::context::Context;
use super::widget::{text, width};
use crate::keymap;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub fn draw(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    let sentence = Line::styled(format!(" {}", context.health().constraint), theme.text);
    if area.height > 1 {
        text(buf, area.x, area.y, area.width, sentence, theme.text, theme);
        text(buf, area.x, area.y + 1, area.width, keys(context, area.width), theme.muted, theme);
    } else {
        // The sentence is worth more than the keys; `?` shows those.
        let room = area.width.saturating_sub(width(&sentence) as u16 + 2);
        text(buf, area.x, area.y, area.width, sentence, theme.text, theme);
        let keys = keys(context, room);
        let keys_width = width(&keys) as u16;
        text(buf, area.right().saturating_sub(keys_width), area.y, keys_width, keys, theme.muted, theme);
    }
}

/// The keys of this place, as many as fit; how to get help and how to leave go last.
fn keys(context: &Context<'_>, room: u16) -> Line<'static> {
    let theme = context.theme;
    let bindings: Vec<_> = keymap::here(context.app.ui.place).filter(|binding| !binding.short.is_empty()).collect();
    let cells = |binding: &&keymap::Binding| (binding.key().chars().count() + 1 + binding.short.chars().count()) as u16;
    let needed: u16 = bindings.iter().map(cells).sum();
    let gaps = (bindings.len() as u16).max(1);
    let gap = (room.saturating_sub(needed) / gaps).clamp(1, 3);
    let mut left = room;
    let vital: u16 = bindings.iter().rev().take(2).map(|binding| cells(binding) + gap).sum();
    let mut line = Line::default();
    for (index, binding) in bindings.iter().enumerate() {
        let last = index + 2 >= bindings.len();
        if cells(binding) + gap + if last { 0 } else { vital } > left {
            continue;
        }
        left -= cells(binding) + gap;
        line.push_span(Span::raw(" ".repeat(if index == 0 { 1 } else { gap.into() })));
        line.push_span(Span::styled(binding.key(), theme.key));
        line.push_span(Span::styled(format!(" {}", binding.short), theme.muted));
    }
    line
}
