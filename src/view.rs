//! What the screen shows: pure functions from what is known to a buffer of cells.
//!
//! ```text
//! header    quarterdeck  moltbook   mode        pg ●●●  redis ●●●  sentinel ●●●      12:04 UTC
//! body      the place: overview, PostgreSQL, Redis and Sentinel, events, log
//! footer    what would break next
//!           keys
//! ```

use crate::app::App;
use crate::event::Millis;
use crate::keymap::Place;
use crate::theme::Theme;
use context::Context;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub mod picture;
pub mod widget;

mod context;
mod events;
mod footer;
mod header;
mod help;
mod log;
mod matrix;
mod overview;
mod postgres;
mod redis;
mod words;

/// The smallest terminal on which the picture can be told: columns, rows.
pub const SMALLEST: (u16, u16) = (60, 18);

/// What drawing found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// When a text on the screen changes by itself, because an age or the clock does; `None` if nothing does.
    pub next_change: Option<Millis>,
    /// Lines of the list that was drawn; 0 if there is none.
    pub rows: u16,
    /// Of these, how many fit.
    pub page: u16,
}

/// Draws the whole screen.
pub fn draw(app: &App, theme: &Theme, buf: &mut Buffer) -> Drawn {
    let context = Context::new(app, theme);
    let area = buf.area;
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(&context, buf, area);
        return context.drawn();
    }
    let foot = if area.height >= 20 { 2 } else { 1 };
    let body = Rect { y: area.y + 1, height: area.height - 1 - foot, ..area };
    header::draw(&context, buf, Rect { height: 1, ..area });
    match app.ui.place {
        Place::Overview => overview::draw(&context, buf, body),
        Place::Postgres => postgres::draw(&context, buf, body),
        Place::Redis => redis::draw(&context, buf, body),
        Place::Events => events::draw(&context, buf, body),
        Place::Log => log::draw(&context, buf, body),
    }
    footer::draw(&context, buf, Rect { y: area.bottom() - foot, height: foot, ..area });
    if app.ui.help {
        help::draw(&context, buf, body);
    }
    context.drawn()
}

/// Even where there is no room for a picture there is room for how bad it is.
fn too_small(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let (theme, severity) = (context.theme, context.app.health.severity);
    let lines = [
        (format!("{} {}", context.sign(severity), severity.word()), context.style(severity)),
        (format!("{}×{}, needs {}×{}", area.width, area.height, SMALLEST.0, SMALLEST.1), theme.text),
    ];
    for (y, (line, style)) in (area.top()..area.bottom()).zip(lines) {
        widget::text(buf, area.x, y, area.width, line, style, theme);
    }
}
