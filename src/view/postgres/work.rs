//! Rows about what a server does: sessions, transactions, the log that it keeps and archives, reads and writes.

use super::detail_link;
use crate::event::{Feed, PgArchiver, PgMedium, PgSlot};
use crate::figure;
use crate::model::PgServer;
use crate::view::context::Context;
use crate::view::matrix::{Cell, Matrix};
use crate::view::words;
use ratatui::text::{Line, Span};

/// Blocks asked for within a minute below which a hit rate says nothing.
const LEAST_BLOCKS: u64 = 1000;

pub fn rows<'a>(context: &'a Context<'a>, matrix: &mut Matrix<'a, PgServer>) {
    sessions(context, matrix);
    log_kept(context, matrix);
    io(matrix);
}

fn sessions<'a>(context: &'a Context<'a>, matrix: &mut Matrix<'a, PgServer>) {
    let theme = context.theme;
    let mut group = matrix.group("Sessions", Feed::PgMedium, detail_link, |server| server.medium.as_ref());
    group.row("connections", |_, medium| {
        let c = &medium.connections;
        let room = c.max.saturating_sub(c.reserved).max(1);
        Cell::Bar(Line::raw(format!("{} of {}", c.clients, c.max)), f64::from(c.clients) / f64::from(room))
    });
    // Without `pg_monitor` the count would be wrong, not small.
    let count = |count: Option<u32>| count.map_or_else(|| Cell::forbidden(context), |count| Cell::text(count.to_string()));
    let waiting = move |waiting: Option<u32>, style| match waiting {
        None | Some(0) => count(waiting),
        Some(some) => Cell::styled(format!("{} {some}", theme.glyphs.warning), style),
    };
    group.row("active", move |_, medium| count(medium.connections.active));
    group.row("idle in trans.", move |_, medium| count(medium.connections.idle_in_transaction));
    group.row("wait for a lock", move |_, medium| waiting(medium.connections.waiting_lock, theme.warning));
    group.row("wait for a sync", move |_, medium| waiting(medium.connections.waiting_sync, theme.critical));
    group.row("oldest trans.", |_, medium| match (medium.connections.active, medium.connections.oldest_transaction) {
        (None, _) => Cell::forbidden(context),
        (_, None) => Cell::styled("none", theme.muted),
        (_, Some(start)) => Cell::text(context.age_of_unix(start)),
    });
    group.row("commits/s", |_, medium| Cell::known(context, medium.commits_per_s, words::per_second));
    group.row("rollbacks/s", |_, medium| Cell::known(context, medium.rollbacks_per_s, words::per_second));
    group
        .row("hit rate, 1 min", |_, medium| words::hit_cell(context, words::hit_rate(medium.blocks_hit, medium.blocks_read, LEAST_BLOCKS)));
    group.row("temporary files", |_, medium| Cell::known(context, medium.temp_bytes_per_s, figure::rate));
    group.row("deadlocks", |_, medium| Cell::text(figure::count(medium.deadlocks)));
    group.row("conflicts", |server, medium| match server.is_standby() {
        true => Cell::text(figure::count(medium.conflicts)),
        false => Cell::Blank,
    });
    group.row("checksum errors", |_, medium| match medium.checksum_failures {
        None => Cell::styled("checksums off", theme.muted),
        Some(0) => Cell::text("0"),
        Some(some) => Cell::styled(format!("{} {some}", theme.glyphs.critical), theme.critical),
    });
}

fn log_kept<'a>(context: &'a Context<'a>, matrix: &mut Matrix<'a, PgServer>) {
    let theme = context.theme;
    let mut group = matrix.group("Log kept", Feed::PgMedium, detail_link, |server| server.medium.as_ref());
    let none = |_: &PgMedium| Cell::styled("none", theme.muted);
    group.list("slots", 8, |medium: &PgMedium| &medium.slots, none, |kept| slot(context, kept));
    group.row("archiver", |_, medium| archiver(context, &medium.archiver));
    group.row("last archived", |_, medium| match (medium.archiver.enabled, medium.archiver.last_archived) {
        (false, _) => Cell::Blank,
        (true, None) => Cell::styled("never", theme.muted),
        (true, Some(at)) => Cell::text(context.age_of_unix(at)),
    });
    group.row("base backups", |_, medium| match medium.base_backups {
        0 => Cell::Blank,
        some => Cell::text(format!("{some} running")),
    });
}

/// A sign for whether somebody uses it, how much it keeps, what is wrong with it, its name.
fn slot(context: &Context<'_>, slot: &PgSlot) -> Cell {
    let (theme, glyphs) = (context.theme, context.theme.glyphs);
    let kept = match slot.retained {
        None => "no position".to_owned(),
        Some(bytes) => figure::bytes(bytes.max(0).unsigned_abs()),
    };
    let (sign, style) = if slot.active { (glyphs.live, theme.live) } else { (glyphs.absent, theme.warning) };
    let mut spans = vec![Span::styled(format!("{sign} "), style), Span::raw(format!("{kept} "))];
    match slot.wal_status.as_deref() {
        Some("reserved") | None => {}
        Some(bad @ ("lost" | "unreserved")) => spans.push(Span::styled(format!("{} {bad} ", glyphs.critical), theme.critical)),
        Some(other) => spans.push(Span::styled(format!("{other} "), theme.notice)),
    }
    if let Some(left) = slot.safe_wal_size {
        spans.push(Span::raw(format!("{} left ", figure::bytes(left.max(0).unsigned_abs()))));
    }
    let unused = if slot.active { "" } else { " unused" };
    spans.push(Span::styled(format!("{}{unused}", slot.name), theme.muted));
    Cell::from(spans)
}

fn archiver(context: &Context<'_>, archiver: &PgArchiver) -> Cell {
    let theme = context.theme;
    match archiver {
        PgArchiver { enabled: false, .. } => Cell::styled("off", theme.muted),
        PgArchiver { failing: true, last_failed, .. } => {
            let since = last_failed.map(|at| format!(", last {} ago", context.age_of_unix(at))).unwrap_or_default();
            Cell::styled(format!("{} fails{since}", theme.glyphs.warning), theme.warning)
        }
        PgArchiver { failed: 0, .. } => Cell::styled(format!("{} on", theme.glyphs.ok), theme.ok),
        PgArchiver { failed, .. } => Cell::text(format!("{} on, failed {}x", theme.glyphs.ok, figure::count(*failed))),
    }
}

fn io<'a>(matrix: &mut Matrix<'a, PgServer>) {
    let mut group = matrix.group("Input and output", Feed::PgIo, detail_link, |server| server.io.as_ref());
    // Absent for good before 16, and for one sample after the start: the row that nobody fills is left out.
    let both = |per_second: Option<f64>, bytes: Option<f64>| match (per_second, bytes) {
        (None, None) => Cell::Blank,
        (Some(count), None) => Cell::text(format!("{}/s", words::per_second(count))),
        (None, Some(bytes)) => Cell::text(figure::rate(bytes)),
        (Some(count), Some(bytes)) => Cell::text(format!("{}/s  {}", words::per_second(count), figure::rate(bytes))),
    };
    group.row("reads", |_, io| both(io.reads_per_s, io.read_bytes_per_s));
    group.row("time of a read", |_, io| io.read_ms.map_or(Cell::Blank, |ms| Cell::text(format!("{ms:.2} ms"))));
    group.row("writes", |_, io| both(io.writes_per_s, io.write_bytes_per_s));
    group.row("fsyncs", |_, io| both(io.fsyncs_per_s, None));
    group.row("WAL made", |_, io| io.wal_bytes_per_s.map_or(Cell::Blank, |rate| Cell::text(figure::rate(rate))));
    group.row("page images", |_, io| both(io.wal_fpi_per_s, None));
    group.row("buffers written", |_, io| both(io.buffers_written_per_s, None));
    group.row("checkpoints", |_, io| {
        Cell::text(format!("{} timed {} req.", figure::count(io.checkpoints_timed), figure::count(io.checkpoints_requested)))
    });
    group.row("checkpoint time", |_, io| {
        io.checkpoint_write_ms_per_s.map_or(Cell::Blank, |ms| Cell::text(format!("{} ms/s", words::per_second(ms))))
    });
}
