//! Figures as small pictures, in eighths of a cell. A gap in what is known is a gap in the picture, never a zero.

use super::{fill, text};
use crate::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws the last values of a series, newest at the right, one column each, over the whole height. The full height stands
/// for the largest value shown, or for `full` if that is more, so that noise around zero stays low. A value that is missing or no
/// number is a gap; zero is the lowest column.
pub fn sparkline(buf: &mut Buffer, area: Rect, values: &[Option<f64>], full: f64, style: Style, theme: &Theme) {
    let shown = values.get(values.len().saturating_sub(usize::from(area.width))..).unwrap_or_default();
    let known = |value: &Option<f64>| value.filter(|value| value.is_finite());
    let full = shown.iter().filter_map(known).fold(full, f64::max);
    let steps = usize::from(area.height) * 8;
    let first = area.right().saturating_sub(shown.len() as u16);
    for (x, value) in (first..).zip(shown.iter().map(known)) {
        let Some(value) = value else { continue };
        let share = if full > 0.0 { (value / full).clamp(0.0, 1.0) } else { 0.0 };
        let mut left = 1 + (share * steps.saturating_sub(1) as f64).round() as usize;
        for y in (area.top()..area.bottom()).rev() {
            let Some(glyph) = theme.glyphs.levels.get(left.min(8).wrapping_sub(1)) else { break };
            fill(buf, Rect::new(x, y, 1, 1), glyph, style);
            left = left.saturating_sub(8);
        }
    }
}

/// Draws a fraction of one as a bar of `width` cells, by eighths; more than all is all, and no number is nothing. Anything above
/// nothing shows, and anything below all leaves a part open.
pub fn bar(buf: &mut Buffer, x: u16, y: u16, width: u16, fraction: f64, style: Style, theme: &Theme) {
    let glyphs = theme.glyphs;
    let steps = usize::from(width) * 8;
    let filled = match fraction {
        all if all >= 1.0 => steps,
        some if some > 0.0 => ((some * steps as f64).round() as usize).clamp(1, steps.saturating_sub(1).max(1)),
        _ => 0,
    };
    let cells = (filled / 8) as u16;
    let full = glyphs.eighths.last().copied().unwrap_or_default();
    fill(buf, Rect::new(x, y, cells, 1), full, style);
    fill(buf, Rect::new(x.saturating_add(cells), y, width - cells, 1), glyphs.track, theme.muted);
    if let Some(part) = (filled % 8).checked_sub(1).and_then(|eighths| glyphs.eighths.get(eighths)) {
        text(buf, x.saturating_add(cells), y, (width - cells).min(1), *part, style, theme);
    }
}
