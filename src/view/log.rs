//! The program's own log, newest below.

use super::context::Context;
use super::widget::frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use tui_logger::{TuiLoggerLevelOutput, TuiLoggerWidget};

pub fn draw(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    let inside = frame(buf, area, "Log", "newest below", theme.border, theme);
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
        .output_target(true)
        .render(inside, buf);
}
