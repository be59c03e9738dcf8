//! overview
use super::context::Context;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub fn draw(_context: &Context<'_>, _buf: &mut Buffer, _area: Rect) {}
