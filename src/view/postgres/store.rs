//! Rows about what changes slowly: sizes, transaction ids, settings.

use super::detail_link;
use crate::event::{Feed, Link, PgSlow};
use crate::figure;
use crate::health::Severity;
use crate::model::PgServer;
use crate::view::context::Context;
use crate::view::matrix::{Cell, Matrix};
use ratatui::text::Line;

/// PostgreSQL takes no more writes when so many transaction ids are unfrozen, give or take a few million.
const TRANSACTION_IDS: f64 = 2_147_000_000.0;

pub fn rows<'a>(context: &'a Context<'a>, matrix: &mut Matrix<'a, PgServer>) {
    sizes(context, matrix);
    settings(context, matrix);
}

/// A part that may be missing for want of a right, or because adding it up took too long.
fn part<V>(context: &Context<'_>, server: &PgServer, value: Option<V>, text: impl Fn(V) -> String) -> Cell {
    match value {
        Some(value) => Cell::text(text(value)),
        None if matches!(server.detail_link.value, Link::NoPermission(_)) => Cell::forbidden(context),
        None => Cell::styled("unknown", context.theme.unknown),
    }
}

fn sizes<'a>(context: &'a Context<'a>, matrix: &mut Matrix<'a, PgServer>) {
    let theme = context.theme;
    let mut group = matrix.group("Storage", Feed::PgSlow, detail_link, |server| server.slow.as_ref());
    group.row("databases", |server, slow| part(context, server, slow.database_bytes, figure::bytes));
    group.row("pg_wal", |server, slow| {
        part(context, server, slow.wal_bytes.zip(slow.wal_files), |(bytes, files)| {
            format!("{} in {} files", figure::bytes(bytes), figure::count(files))
        })
    });
    group.row("archive queue", |server, slow| match (archives(slow), slow.archive_ready, slow.archive_oldest) {
        (false, None | Some(0), _) => Cell::Blank,
        (_, Some(ready), Some(oldest)) if ready > 0 => Cell::text(format!("{ready}, oldest {}", context.age_of_unix(oldest))),
        (_, ready, _) => part(context, server, ready, |ready| ready.to_string()),
    });
    group.row("last checkpoint", |_, slow| Cell::known(context, slow.last_checkpoint, |at| context.age_of_unix(at)));
    group.row("wraparound", |server, slow| match slow.xid_age.max(slow.mxid_age) {
        None => part(context, server, None::<u64>, |_| String::new()),
        Some(age) => {
            let share = age as f64 / TRANSACTION_IDS;
            Cell::Bar(Line::raw(figure::percent(share)), share)
        }
    });
    group.row("oldest id", |_, slow| {
        slow.xid_age.map_or(Cell::Blank, |age| {
            let limit = slow.freeze_max_age.map(|limit| format!(" of {}", figure::count(limit))).unwrap_or_default();
            Cell::text(format!("{}{limit}", figure::count(age)))
        })
    });
    group.row("restart pending", |_, slow| match slow.pending_restart {
        true => Cell::styled(format!("{} for a setting", theme.glyphs.warning), theme.warning),
        false => Cell::Blank,
    });
    group.row("slots lost", |_, slow| match slow.invalidated_slots.iter().next() {
        None => Cell::Blank,
        Some((name, why)) => {
            let more = slow.invalidated_slots.len() - 1;
            let more = if more > 0 { format!(", {more} more") } else { String::new() };
            Cell::styled(format!("{} {name}: {why}{more}", theme.glyphs.critical), theme.critical)
        }
    });
}

fn archives(slow: &PgSlow) -> bool {
    slow.settings.get("archive_mode").is_none_or(|mode| mode != "off")
}

fn settings<'a>(context: &'a Context<'a>, matrix: &mut Matrix<'a, PgServer>) {
    let now = context.now();
    let mut group = matrix.group("Settings", Feed::PgFast, |server| server.link_state(now), |server| server.fast.as_ref());
    group.alike("sync. commit", Severity::Notice, |_, fast| worded(context, &fast.sync_commit));
    group.alike("sync. standbys", Severity::Notice, |_, fast| worded(context, &fast.sync_names));
    let mut group = matrix.group("", Feed::PgSlow, detail_link, |server| server.slow.as_ref());
    let all: [(&'static str, &str, Unit); 14] = [
        ("wal_level", "wal_level", Unit::Word),
        ("wal_log_hints", "wal_log_hints", Unit::Word),
        ("data checksums", "data_checksums", Unit::Word),
        ("full pages", "full_page_writes", Unit::Word),
        ("archive_mode", "archive_mode", Unit::Word),
        ("hot standby", "hot_standby", Unit::Word),
        ("feedback", "hot_standby_feedback", Unit::Word),
        ("max_wal_senders", "max_wal_senders", Unit::Word),
        ("max repl. slots", "max_replication_slots", Unit::Word),
        ("slot may keep", "max_slot_wal_keep_size", Unit::MebibytesOrNoLimit),
        ("wal_keep_size", "wal_keep_size", Unit::MebibytesOrNoLimit),
        ("sender limit", "wal_sender_timeout", Unit::Milliseconds),
        ("receiver limit", "wal_receiver_timeout", Unit::Milliseconds),
        ("apply delay", "recovery_min_apply_delay", Unit::Milliseconds),
    ];
    for (caption, name, unit) in all {
        group.alike(caption, Severity::Notice, |_, slow| match slow.settings.get(name) {
            None => Cell::Blank,
            Some(value) => worded(context, &unit.text(value)),
        });
    }
}

/// A setting, where nothing is said of an empty one.
fn worded(context: &Context<'_>, value: &str) -> Cell {
    if value.is_empty() { Cell::styled("none", context.theme.muted) } else { Cell::text(value) }
}

/// In what a setting is given.
#[derive(Clone, Copy)]
enum Unit {
    Word,
    MebibytesOrNoLimit,
    Milliseconds,
}

impl Unit {
    fn text(self, value: &str) -> String {
        match (self, value.parse::<i64>()) {
            (Unit::MebibytesOrNoLimit, Ok(size)) if size < 0 => "no limit".to_owned(),
            // As PostgreSQL writes it, where 1 GB is 1024 MB: a setting is compared letter by letter.
            (Unit::MebibytesOrNoLimit, Ok(size)) if size > 0 && size % 1024 == 0 => format!("{}GB", size / 1024),
            (Unit::MebibytesOrNoLimit, Ok(size)) => format!("{size}MB"),
            (Unit::Milliseconds, Ok(0)) => "off".to_owned(),
            (Unit::Milliseconds, Ok(ms)) if ms % 1000 == 0 => format!("{} s", ms / 1000),
            (Unit::Milliseconds, Ok(ms)) => format!("{ms} ms"),
            _ => value.to_owned(),
        }
    }
}
