//! Screens as text for the views that are made of rows, and what holds for all of them.

use super::*;
use crate::app::App;
use crate::theme::{Depth, Glyphs, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The whole screen as text.
pub(in crate::view) fn screen(app: &App, size: (u16, u16), glyphs: &'static Glyphs) -> String {
    let theme = Theme::load("dark", Depth::True, glyphs).unwrap();
    let (width, height) = size;
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    crate::view::draw(app, &theme, &mut buf);
    let row = |y| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(row).collect::<Vec<_>>().join("\n")
}

/// The values of the row with this caption, without the spaces between them.
pub(in crate::view) fn row(screen: &str, caption: &str) -> Vec<String> {
    // Two spaces part a caption from its values, and values from each other.
    let caption = format!("{caption}  ");
    let inner = |line: &str| line.trim_matches(['│', ' ']).to_owned();
    let line = screen.lines().map(inner).find(|line| line.starts_with(&caption)).unwrap_or_else(|| panic!("no {caption} in\n{screen}"));
    line[caption.len()..].split("  ").map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

pub(in crate::view) fn has(screen: &str, words: &[&str]) {
    for word in words {
        assert!(screen.contains(word), "no \"{word}\" in\n{screen}");
    }
}

/// Draws at a sample of all sizes and scroll positions; in ASCII nothing else may be on the screen.
pub(in crate::view) fn any_size(app: &mut App) {
    for width in (1..=200).step_by(7) {
        for height in (1..=60).step_by(5) {
            app.ui.scroll = width * height % 40;
            let text = screen(app, (width, height), &Glyphs::ASCII);
            assert!(width < 60 || height < 18 || text.is_ascii(), "{width} by {height}:\n{text}");
        }
    }
    app.ui.scroll = 0;
}

#[test]
fn a_window_holds_the_focus_and_never_leaves_a_gap() {
    for total in 1..9 {
        for focus in 0..total {
            for fit in 0..9 {
                let Window { before, shown, after } = Window::around(total, focus, fit);
                assert_eq!(before + shown + after, total);
                assert!(shown >= 1 && (before..before + shown).contains(&focus), "{total} {focus} {fit}");
                assert_eq!(shown, fit.clamp(1, total));
            }
        }
    }
}
