//! Who waits for whom on the server in focus: those that block first, those that they block below them.

use super::statements::{one_line, title};
use super::{empty, silence, tabs};
use crate::event::{Feed, PgLock};
use crate::model::PgServer;
use crate::view::context::Context;
use crate::view::matrix::within;
use crate::view::widget::{Align, Column, columns, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::collections::BTreeSet;

const fn words(header: &'static str, min: u16, max: u16, priority: u8) -> Column<'static> {
    Column { header, min, max, priority, align: Align::Left }
}

const COLUMNS: [Column<'static>; 7] = [
    words("session", 14, 30, 9),
    Column { header: "open", min: 4, max: 4, priority: 7, align: Align::Right },
    words("state", 14, 24, 5),
    words("waits for", 14, 26, 6),
    words("user", 6, 16, 3),
    words("application", 8, 20, 2),
    words("statement", 26, 200, 8),
];

pub fn draw(context: &Context<'_>, buf: &mut Buffer, area: Rect, server: &PgServer) {
    let theme = context.theme;
    let (title, fresh) = title(context, server, server.locks.as_ref(), Feed::PgLocks);
    frame(buf, area, tabs(context, area.width), title, theme.border, theme);
    let inside = within(area);
    let Some(locks) = server.locks.as_ref().map(|o| &o.value) else {
        return empty(context, buf, inside, silence(context, server));
    };
    if let Some(why) = locks.unavailable.as_ref().filter(|_| locks.rows.is_empty()) {
        let line = Line::styled(format!("{} who waits for a lock cannot be seen: {why}", theme.glyphs.unknown), theme.unknown);
        return empty(context, buf, inside, line);
    }
    if locks.rows.is_empty() {
        let line = match fresh {
            true => Line::styled(format!("{} nobody waits for a lock", theme.glyphs.ok), theme.ok),
            false => Line::styled("nobody waited for a lock when last seen", theme.stale),
        };
        return empty(context, buf, inside, line);
    }
    let rows: Vec<Vec<Line<'_>>> = tree(&locks.rows).iter().map(|place| line(context, place, fresh)).collect();
    let offset = context.list(rows.len(), inside.height.saturating_sub(1));
    columns(buf, inside, &COLUMNS, &rows, offset, None, theme);
}

/// A session's place in the tree.
#[derive(Clone, Debug, PartialEq)]
struct Place<'a> {
    /// How many sessions above it wait for each other.
    depth: usize,
    pid: i32,
    /// What is known of it; `None` for one that is only named by those that wait for it.
    session: Option<&'a PgLock>,
    /// What it waits for besides the one above it.
    also: Vec<i32>,
    /// It waits, directly or not, for itself.
    circle: bool,
}

/// The sessions in the order of a tree. Each stands in it once, whatever circles they form and whoever is missing.
fn tree(rows: &[PgLock]) -> Vec<Place<'_>> {
    let listed = |pid: i32| rows.iter().any(|row| row.pid == pid);
    let mut places = Vec::new();
    let mut placed = BTreeSet::new();
    let absent: BTreeSet<i32> = rows.iter().flat_map(|row| row.blocked_by.iter().copied()).filter(|pid| !listed(*pid)).collect();
    let blockers = rows.iter().filter(|row| row.blocked_by.is_empty()).map(|row| row.pid);
    for pid in blockers.chain(absent) {
        place(rows, pid, None, 0, &mut placed, &mut places);
    }
    // Whoever is left waits in a circle, or for one.
    for row in rows {
        if !placed.contains(&row.pid) {
            let from = places.len();
            place(rows, row.pid, None, 0, &mut placed, &mut places);
            if let Some(first) = places.get_mut(from) {
                first.circle = true;
            }
        }
    }
    places
}

fn place<'a>(rows: &'a [PgLock], pid: i32, above: Option<i32>, depth: usize, placed: &mut BTreeSet<i32>, places: &mut Vec<Place<'a>>) {
    if !placed.insert(pid) {
        return;
    }
    let session = rows.iter().find(|row| row.pid == pid);
    let mut also: Vec<i32> = session.iter().flat_map(|row| &row.blocked_by).copied().filter(|other| Some(*other) != above).collect();
    also.dedup();
    places.push(Place { depth, pid, session, also, circle: false });
    for row in rows.iter().filter(|row| row.blocked_by.contains(&pid)) {
        place(rows, row.pid, Some(pid), depth + 1, placed, places);
    }
}

fn line<'a>(context: &Context<'_>, place: &Place<'a>, fresh: bool) -> Vec<Line<'a>> {
    let theme = context.theme;
    let styled = |style| if fresh { style } else { theme.stale };
    let indent = if place.depth == 0 { String::new() } else { format!("{}{} ", "  ".repeat(place.depth.min(8) - 1), elbow(context)) };
    let name = match place.pid {
        0 => "prepared".to_owned(),
        pid => pid.to_string(),
    };
    let mark = match place {
        Place { circle: true, .. } => Span::styled(format!(" {} circle", theme.glyphs.critical), styled(theme.critical)),
        Place { depth: 0, .. } => Span::styled(format!(" {} blocks", theme.glyphs.warning), styled(theme.warning)),
        _ => Span::raw(""),
    };
    let session = Line::from(vec![Span::styled(indent, theme.muted), Span::styled(name, styled(theme.text)), mark]);
    let Some(row) = place.session else {
        let what = if place.pid == 0 { "a prepared transaction" } else { "not among the sessions listed" };
        let gone = Line::styled(format!("{} {what}", theme.glyphs.unknown), styled(theme.unknown));
        return vec![session, Line::default(), Line::default(), Line::default(), Line::default(), Line::default(), gone];
    };
    let also = match (place.also.as_slice(), place.depth) {
        ([], _) => String::new(),
        (pids, depth) => {
            let pids: Vec<String> = pids.iter().map(i32::to_string).collect();
            format!("{}{} ", if depth > 0 { "also " } else { "" }, pids.join(", "))
        }
    };
    let wait = match row.wait.as_str() {
        "Client ClientRead" => "its client",
        wait => wait.strip_prefix("Lock ").unwrap_or(wait),
    };
    let wait = format!("{also}{wait}");
    let open = row.transaction_start.map(|start| context.age_of_unix(start)).unwrap_or_default();
    let plain = |text: String| Line::styled(text, styled(theme.text));
    vec![
        session,
        plain(open),
        plain(row.state.replace("transaction", "trans.")),
        plain(wait),
        plain(row.user.clone()),
        plain(row.application.clone()),
        plain(one_line(&row.query)),
    ]
}

/// The piece of line that leads from who blocks to who waits.
fn elbow(context: &Context<'_>) -> &'static str {
    use crate::theme::arm::{RIGHT, UP};
    context.theme.glyphs.line(UP | RIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lock(pid: i32, blocked_by: &[i32]) -> PgLock {
        PgLock { pid, blocked_by: blocked_by.to_vec(), ..PgLock::default() }
    }

    fn shape(rows: &[PgLock]) -> Vec<(usize, i32, bool)> {
        tree(rows).iter().map(|p| (p.depth, p.pid, p.circle)).collect()
    }

    #[test]
    fn blockers_come_first_and_the_blocked_below_them() {
        let rows = [lock(3, &[2]), lock(2, &[1]), lock(1, &[]), lock(4, &[1, 2])];
        assert_eq!(shape(&rows), [(0, 1, false), (1, 2, false), (2, 3, false), (2, 4, false)]);
    }

    #[test]
    fn a_blocker_that_is_not_listed_still_has_a_line() {
        assert_eq!(shape(&[lock(2, &[0]), lock(3, &[9])]), [(0, 0, false), (1, 2, false), (0, 9, false), (1, 3, false)]);
    }

    #[test]
    fn a_circle_is_told_as_one() {
        assert_eq!(shape(&[lock(1, &[2]), lock(2, &[1]), lock(3, &[3])]), [(0, 1, true), (1, 2, false), (0, 3, true)]);
    }

    proptest! {
        #[test]
        fn every_session_stands_in_the_tree_once(edges in prop::collection::vec((0..8i32, prop::collection::vec(0..12i32, 0..4)), 0..12)) {
            let rows: Vec<PgLock> = edges.into_iter().enumerate().map(|(i, (_, by))| lock(i as i32, &by)).collect();
            let mut pids: Vec<i32> = tree(&rows).iter().filter(|p| p.session.is_some()).map(|p| p.pid).collect();
            pids.sort_unstable();
            prop_assert_eq!(pids, rows.iter().map(|r| r.pid).collect::<Vec<_>>());
        }
    }
}
