//! Rows about replication: how far each standby is, where it gets its log from, and what its primary tells about it.

use crate::event::{Feed, Lsn, PgFast, PgReceiver, PgReceiverRow, PgSender};
use crate::figure;
use crate::model::PgServer;
use crate::view::context::Context;
use crate::view::matrix::{Cell, Matrix};
use crate::view::words;
use std::time::Duration;

/// A sender speaks at least every ten seconds (`wal_receiver_status_interval`); less than this tells nothing.
const USUALLY_HEARD: u32 = 30;

pub fn rows<'a>(context: &'a Context<'a>, matrix: &mut Matrix<'a, PgServer>, tall: bool) {
    let (theme, now) = (context.theme, context.now());
    let cluster = &context.model().postgres;
    let mut group = matrix.group("Replication", Feed::PgFast, |server| server.link_state(now), |server| server.fast.as_ref());
    group.row("state", |server, _| {
        cluster.lag(server, now).map_or(Cell::Blank, |lag| {
            let (words, style) = words::standby_state(context, &lag);
            Cell::styled(words, style)
        })
    });
    group.row("behind", |server, _| {
        cluster.lag(server, now).map_or(Cell::Blank, |lag| {
            let style = if lag.primary_unseen.is_some() { theme.stale } else { theme.text };
            Cell::styled(words::figures(context, (lag.bytes, lag.bytes_at_least), (lag.seconds, lag.seconds_at_least)), style)
        })
    });
    group.row("primary unseen", |server, _| match cluster.lag(server, now).and_then(|lag| lag.primary_unseen) {
        Some(unseen) => Cell::styled(format!("{} {}", theme.glyphs.unknown, context.age(now.saturating_sub(unseen))), theme.stale),
        None => Cell::Blank,
    });
    if tall {
        group.row("last 2 minutes", |server, _| match server.is_standby() && server.lag_history.samples().any(|s| s.is_some()) {
            true => Cell::Spark(server.lag_history.samples().collect(), 1.0),
            false => Cell::Blank,
        });
    }
    group.row("follows", |server, fast| follows(context, server, fast));
    group.row("sync state", |server, _| {
        told(context, server, Cell::styled("not listed", theme.muted), |_, row| row.sync.clone().map(Cell::text))
    });
    // Write, flush and replay as the sender tells them: from its end of the log to what the standby confirmed.
    group.row("lag: sent", |server, _| told(context, server, Cell::Blank, |end, row| stage(context, end, row.sent, None)));
    group.row("lag: write", |server, _| told(context, server, Cell::Blank, |end, row| stage(context, end, row.write, Some(row.write_lag))));
    group.row("lag: flush", |server, _| told(context, server, Cell::Blank, |end, row| stage(context, end, row.flush, Some(row.flush_lag))));
    group.row("lag: replay", |server, _| {
        told(context, server, Cell::Blank, |end, row| stage(context, end, row.replay, Some(row.replay_lag)))
    });
    group.row("LSN written", |_, fast| match &fast.receiver {
        _ if !fast.in_recovery => lsn(context, fast.write_lsn),
        PgReceiver::Present(row) => row.written.map_or(Cell::Blank, |at| lsn(context, Some(at))),
        _ => Cell::Blank,
    });
    group.row("LSN flushed", |_, fast| lsn(context, if fast.in_recovery { fast.receive_lsn } else { fast.flush_lsn }));
    group.row("LSN replayed", |_, fast| if fast.in_recovery { lsn(context, fast.replay_lsn) } else { Cell::Blank });
    group.row("receiver", |_, fast| match &fast.receiver {
        _ if !fast.in_recovery => Cell::Blank,
        PgReceiver::Absent => Cell::styled(format!("{} none runs", theme.glyphs.critical), theme.critical),
        PgReceiver::Hidden => Cell::forbidden(context),
        PgReceiver::Present(row) if row.status == "streaming" => Cell::text("streaming"),
        PgReceiver::Present(row) => Cell::styled(format!("{} {}", theme.glyphs.warning, row.status), theme.warning),
    });
    group.row("last message", |_, fast| match receiver(fast).map(|row| row.message_age) {
        Some(Some(age)) => Cell::text(words::heard(age, USUALLY_HEARD)),
        Some(None) => Cell::not_yet(context),
        None => Cell::Blank,
    });
    group.row("its slot", |_, fast| match receiver(fast).map(|row| &row.slot) {
        Some(Some(slot)) => Cell::text(slot.clone()),
        Some(None) => Cell::styled("none", theme.muted),
        None => Cell::Blank,
    });
    group.row("standbys", |_, fast| match &fast.senders {
        None => Cell::forbidden(context),
        Some(rows) if rows.is_empty() && fast.in_recovery => Cell::Blank,
        Some(rows) => Cell::text(format!("{} connected", rows.len())),
    });
}

fn receiver(fast: &PgFast) -> Option<&PgReceiverRow> {
    match &fast.receiver {
        PgReceiver::Present(row) => Some(row),
        _ => None,
    }
}

fn lsn(context: &Context<'_>, at: Option<Lsn>) -> Cell {
    Cell::known(context, at, |at| at.to_string())
}

/// The instance whose log a standby reads or is configured to read; its address if it is not one of ours.
fn follows(context: &Context<'_>, server: &PgServer, fast: &PgFast) -> Cell {
    if !fast.in_recovery {
        return Cell::Blank;
    }
    if let Some(name) = context.model().postgres.upstream_of(server) {
        return Cell::text(name.to_string());
    }
    match receiver(fast).and_then(|row| row.sender_host.as_ref().zip(row.sender_port)) {
        Some((host, port)) => Cell::styled(format!("{host}:{port}"), context.theme.warning),
        None if fast.receiver == PgReceiver::Hidden => Cell::forbidden(context),
        None => Cell::styled(context.theme.glyphs.unknown, context.theme.unknown),
    }
}

/// What the server that a standby follows tells about it, stale when that server is not seen; `absent` if it does not list it.
fn told(context: &Context<'_>, standby: &PgServer, absent: Cell, cell: impl Fn(Option<Lsn>, &PgSender) -> Option<Cell>) -> Cell {
    let cluster = &context.model().postgres;
    if !standby.is_standby() {
        return Cell::Blank;
    }
    let upstream = cluster.upstream_of(standby).and_then(|name| cluster.server(name)).or_else(|| cluster.primary(context.now()));
    let Some(upstream) = upstream else { return Cell::not_yet(context) };
    match upstream.fast.as_ref().map(|fast| &fast.value.senders) {
        None => return Cell::not_yet(context),
        Some(None) => return Cell::forbidden(context),
        Some(Some(_)) => {}
    }
    match cluster.sender_of(upstream, standby) {
        None => absent,
        Some(row) if row.state.is_none() => Cell::forbidden(context),
        Some(row) => {
            let cell = cell(upstream.position(), row).unwrap_or_else(|| Cell::not_yet(context));
            if upstream.is_fresh(context.now()) { cell } else { cell.restyled(context.theme.stale) }
        }
    }
}

/// Bytes from the end of the log to a position; and seconds, which the sender does not tell while idle.
fn stage(context: &Context<'_>, end: Option<Lsn>, at: Option<Lsn>, lag: Option<Option<f64>>) -> Option<Cell> {
    let bytes = figure::bytes(end?.since(at?));
    Some(match lag {
        None => Cell::text(bytes),
        Some(Some(seconds)) => Cell::text(format!("{bytes}  {}", figure::lag(Duration::try_from_secs_f64(seconds).unwrap_or_default()))),
        Some(None) => Cell::Text(ratatui::text::Line::from(vec![
            format!("{bytes}  ").into(),
            ratatui::text::Span::styled("idle", context.theme.muted),
        ])),
    })
}
