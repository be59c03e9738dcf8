//! The keys of this place, out of the one table, and what the signs mean.

use super::context::Context;
use super::widget::{clear, frame, text};
use crate::health::Severity;
use crate::keymap;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub fn draw(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    let lines = lines(context);
    let width = 70.min(area.width);
    let height = (lines.len() as u16 + 2).min(area.height);
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    clear(buf, place);
    let title = format!("Keys: {}", context.app.ui.place.title());
    let inside = frame(buf, place, title, "any key closes", theme.border_focused, theme);
    for (y, line) in (inside.top()..inside.bottom()).zip(lines) {
        text(buf, inside.x, y, inside.width, line, theme.text, theme);
    }
}

fn lines(context: &Context<'_>) -> Vec<Line<'static>> {
    let theme = context.theme;
    let key = |binding: &keymap::Binding| {
        Line::from(vec![Span::styled(format!(" {:<16}", binding.all_keys()), theme.key), Span::styled(binding.help, theme.text)])
    };
    let severities = [Severity::Ok, Severity::Notice, Severity::Warning, Severity::Unknown, Severity::Critical];
    let mut signs = vec![Span::styled(" Signs           ", theme.muted)];
    for severity in severities {
        signs.push(Span::styled(format!("{} {}  ", context.sign(severity), severity.word()), context.style(severity)));
    }
    let mut links = vec![Span::styled(" Links           ", theme.muted)];
    for (sign, word) in [
        (theme.glyphs.live, "live"),
        (theme.glyphs.connecting, "connecting"),
        (theme.glyphs.unknown, "unseen"),
        (theme.glyphs.critical, "no answer"),
    ] {
        links.push(Span::styled(format!("{sign} {word}  "), theme.text));
    }
    keymap::here(context.app.ui.place).map(key).chain([Line::default(), Line::from(signs), Line::from(links)]).collect()
}
