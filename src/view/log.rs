//! The program's own log, newest below; it scrolls back by pages.

use super::context::Context;
use super::widget::frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use tui_logger::{TuiLoggerLevelOutput, TuiLoggerWidget, TuiWidgetEvent, TuiWidgetState};

pub fn draw(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    let inside = frame(buf, area, "Log", "newest below", theme.border, theme);
    let state = TuiWidgetState::new();
    let newest = page(context, inside, &state);
    let mut shown = newest.clone();
    let mut back: u16 = 0;
    // The widget finds the page before only from a page that it has drawn; before the oldest it starts over with the newest.
    while back < context.app.ui.scroll {
        state.transition(TuiWidgetEvent::PrevPageKey);
        let older = page(context, inside, &state);
        if older == newest {
            break;
        }
        shown = older;
        back += 1;
    }
    context.list(usize::from(back) + 1, 1);
    buf.merge(&shown);
}

/// The page at which the state stands.
fn page(context: &Context<'_>, area: Rect, state: &TuiWidgetState) -> Buffer {
    let theme = context.theme;
    let mut buf = Buffer::empty(area);
    TuiLoggerWidget::default()
        .style(theme.text)
        .style_error(theme.critical)
        .style_warn(theme.warning)
        .style_info(theme.text)
        .style_debug(theme.muted)
        .style_trace(theme.muted)
        .output_separator(' ')
        .output_timestamp(Some("%H:%M:%S".to_owned()))
        .output_level(Some(TuiLoggerLevelOutput::Long))
        .output_file(false)
        .output_line(false)
        .output_target(false)
        .state(state)
        .render(area, &mut buf);
    buf
}
