//! The last lines: what would break next, and the keys of this place.

use super::context::Context;
use super::widget::{text, width};
use crate::keymap;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub fn draw(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    let keys = keys(context);
    let keys_width = width(&keys) as u16;
    let sentence = Line::styled(format!(" {}", context.health().constraint), theme.text);
    if area.height > 1 {
        text(buf, area.x, area.y, area.width, sentence, theme.text, theme);
        text(buf, area.x, area.y + 1, area.width, keys, theme.muted, theme);
    } else {
        // The sentence is worth more than the keys; `?` shows those.
        let room = area.width.saturating_sub(width(&sentence) as u16 + 2);
        text(buf, area.x, area.y, area.width, sentence, theme.text, theme);
        if keys_width <= room {
            text(buf, area.right() - keys_width, area.y, keys_width, keys, theme.muted, theme);
        }
    }
}

fn keys(context: &Context<'_>) -> Line<'static> {
    let theme = context.theme;
    let mut line = Line::raw(" ");
    for binding in keymap::here(context.app.ui.place).filter(|binding| !binding.short.is_empty()) {
        line.push_span(Span::styled(binding.key(), theme.key));
        line.push_span(Span::styled(format!(" {}   ", binding.short), theme.muted));
    }
    line
}
