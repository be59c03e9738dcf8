//! Keys as the person at the terminal presses them.

use quarterdeck::app::{App, Effect};
use quarterdeck::keymap::Keymap;
use quarterdeck::theme::{Depth, Glyphs, Theme};
use quarterdeck::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::str::FromStr;

/// Presses keys, such as `down enter t`, with a screen drawn after each as the program does; returns what the app asks of the world.
pub fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    let (keymap, theme) = (Keymap::default(), Theme::load("mono", Depth::None, &Glyphs::UNICODE).unwrap());
    let mut effects = Vec::new();
    for key in keys.split_whitespace() {
        let key = crokey::KeyCombination::from_str(key).unwrap_or_else(|e| panic!("{key}: {e}"));
        effects.extend(keymap.intent(key, app.ui.place).and_then(|intent| app.on_intent(intent)));
        let drawn = view::draw(app, &theme, &mut Buffer::empty(Rect::new(0, 0, 80, 24)));
        app.drawn(drawn.rows, drawn.page);
    }
    effects
}
