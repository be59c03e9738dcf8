//! The lines of the diagram: straight pieces that join what they touch, so that nobody has to know which corner or tee goes where.

use super::fill;
use crate::theme::{Theme, arm};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Whether a line is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Drawn through.
    Whole,
    /// Interrupted: what it stands for does not flow.
    Broken,
}

/// Draws a line through `corners`, each level with or straight above the one before; others are skipped. Where it meets
/// lines that are there already, frames too, the two are joined, and keep their style. Only cells within `clip` are drawn.
pub fn wire(buf: &mut Buffer, clip: Rect, corners: &[(u16, u16)], kind: Wire, style: Style, theme: &Theme) {
    let clip = buf.area.intersection(clip);
    if clip.is_empty() {
        return;
    }
    for pair in corners.windows(2) {
        let [from, to] = *pair else { continue };
        let ((left, right), (top, bottom)) = ((from.0.min(to.0), from.0.max(to.0)), (from.1.min(to.1), from.1.max(to.1)));
        let level = top == bottom;
        // Neither a slant nor a mere point is a line.
        if (left != right) == (top != bottom) {
            continue;
        }
        let (before, after) = if level { (arm::LEFT, arm::RIGHT) } else { (arm::UP, arm::DOWN) };
        // Only the part within the clip is walked: a corner may lie far outside.
        for y in top.max(clip.top())..=bottom.min(clip.bottom().saturating_sub(1)) {
            for x in left.max(clip.left())..=right.min(clip.right().saturating_sub(1)) {
                let (first, last) = ((x, y) == (left, top), (x, y) == (right, bottom));
                let arms = if first { 0 } else { before } + if last { 0 } else { after };
                join(buf, (x, y), arms, kind, style, theme);
            }
        }
    }
}

/// Adds arms to the piece of line in a cell, or replaces what else is there.
fn join(buf: &mut Buffer, at: (u16, u16), arms: usize, kind: Wire, style: Style, theme: &Theme) {
    let Some(symbol) = buf.cell(at).map(|cell| cell.symbol().to_owned()) else { return };
    let glyphs = theme.glyphs;
    // In ASCII one sign stands for many pieces: the last is the one with the most arms.
    let present = match symbol.as_str() {
        broken if broken == glyphs.broken_level => arm::LEFT | arm::RIGHT,
        broken if broken == glyphs.broken_upright => arm::UP | arm::DOWN,
        symbol => glyphs.lines.iter().rposition(|piece| *piece == symbol).unwrap_or(0),
    };
    let piece = match (kind, present | arms) {
        (Wire::Broken, all) if present == 0 && all == arm::LEFT | arm::RIGHT => glyphs.broken_level,
        (Wire::Broken, all) if present == 0 && all == arm::UP | arm::DOWN => glyphs.broken_upright,
        (_, all) => glyphs.line(all),
    };
    if present == 0 {
        fill(buf, Rect::new(at.0, at.1, 1, 1), piece, style);
    } else if let Some(cell) = buf.cell_mut(at) {
        cell.set_symbol(piece);
    }
}
