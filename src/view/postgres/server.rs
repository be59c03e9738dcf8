//! Rows about a server itself: its link, its role, its version.

use super::detail_link;
use crate::event::{Feed, Link};
use crate::model::{LinkState, PgServer};
use crate::view::context::Context;
use crate::view::matrix::{Cell, Matrix};
use crate::view::words;

pub fn rows<'a>(context: &'a Context<'a>, matrix: &mut Matrix<'a, PgServer>) {
    let now = context.now();
    let theme = context.theme;
    matrix.row("link", |server| words::link_cell(context, &server.link_state(now)));
    matrix.row("reason", |server| words::reason_cell(context, &server.link_state(now)));
    // The second connection is worth a row when it differs from the first.
    matrix.row("2nd link", |server| match detail_link(server) {
        LinkState::Is(Link::Live | Link::Connecting, _) => Cell::Blank,
        second if second.word() == server.link_state(now).word() => Cell::Blank,
        second => words::link_cell(context, &second),
    });
    matrix.row("", |server| match detail_link(server) {
        second if second.word() == server.link_state(now).word() => Cell::Blank,
        second => words::reason_cell(context, &second),
    });
    let newest = context.model().postgres.timeline();
    let mut group = matrix.group("Server", Feed::PgFast, |server| server.link_state(now), |server| server.fast.as_ref());
    group.row("role", |server, fast| {
        let text = format!("{} {} {}", server.role(), theme.glyphs.at_least, context.age(server.role_since));
        if fast.in_recovery { Cell::text(text) } else { Cell::styled(text, theme.accent) }
    });
    group.row("version", |_, fast| match fast.version {
        0 => Cell::not_yet(context),
        version => Cell::text(format!("{}.{}  up {}", version / 10_000, version % 10_000, context.age_of_unix(fast.started))),
    });
    group.row("timeline", |_, fast| match newest {
        Some(newest) if newest > fast.timeline => {
            Cell::styled(format!("{} {} of {newest}", theme.glyphs.warning, fast.timeline), theme.warning)
        }
        _ => Cell::text(fast.timeline.to_string()),
    });
    group.row("new sessions", |_, fast| match fast.default_read_only {
        true => Cell::styled("read-only by default", theme.notice),
        false => Cell::Blank,
    });
}
