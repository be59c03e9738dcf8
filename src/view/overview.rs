//! The overview: the architecture diagram, what is wrong with it, and what happened.
//!
//! ```text
//! ┌ Architecture ─────────────────────────┐┌ Problems ───────┐
//! │              NGINX ingress            ││                 │
//! │                app pods               │├ Failover ───────┤   while one runs or just ran
//! │      primary              master      ││                 │
//! │   standbys …           replicas …     │├ Timeline ───────┤
//! │  sentinel ─── sentinel ─── sentinel   ││                 │
//! └───────────────────────────────────────┘└─────────────────┘
//! ```
//! On a narrow screen the problems, or else the timeline, stand below the diagram.

use super::context::Context;
use super::widget::{divider, frame, text};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

mod card;
mod diagram;
mod side;

/// From this width on there is room for a column beside the diagram.
const TWO_COLUMNS: u16 = 110;

pub fn draw(context: &Context<'_>, buf: &mut Buffer, area: Rect) {
    let theme = context.theme;
    if area.width < TWO_COLUMNS {
        let inside = frame(buf, area, "Architecture", "", theme.border, theme);
        let used = diagram::draw(context, buf, inside);
        let below = Rect { y: inside.y + used, height: inside.height.saturating_sub(used), ..inside };
        if below.height > 1 {
            let mut rest = Rect { y: below.y + 1, height: below.height - 1, ..below };
            let problems = !context.health().problems.is_empty();
            divider(buf, area, below.y, if problems { side::problems_title(context) } else { "Timeline".into() }, theme.border, theme);
            if let Some(failover) = side::failover_line(context) {
                text(buf, rest.x + 1, rest.y, rest.width.saturating_sub(1), failover, theme.text, theme);
                rest = Rect { y: rest.y + 1, height: rest.height.saturating_sub(1), ..rest };
            }
            if problems {
                side::problems_short(context, buf, rest);
            } else {
                side::timeline(context, buf, rest);
            }
        }
        return;
    }
    let column = (area.width / 3).clamp(34, 64);
    let left = Rect { width: area.width - column, ..area };
    let inside = frame(buf, left, "Architecture", "", theme.border, theme);
    diagram::draw(context, buf, inside);
    side::draw(context, buf, Rect { x: left.right(), width: column, ..area });
}
