//! Rows about the data nodes.

use super::{link_rows, named};
use crate::event::{Feed, RedisInfo, RedisReplica, RedisRole, RedisSettings};
use crate::figure;
use crate::health::Severity;
use crate::model::RedisNode;
use crate::view::context::Context;
use crate::view::matrix::{Cell, Group, Matrix};
use crate::view::words;
use ratatui::text::{Line, Span};

/// Lookups within a minute below which a hit rate says nothing.
const LEAST_LOOKUPS: u64 = 100;

/// A replica acknowledges each second; less than this tells nothing.
const USUALLY_ACKNOWLEDGED: u32 = 3;

/// A master pings every ten seconds (`repl-ping-replica-period`); less than this tells nothing.
const USUALLY_HEARD: u32 = 15;

pub fn rows<'a>(context: &'a Context<'a>, matrix: &mut Matrix<'a, RedisNode>, tall: bool) {
    let now = context.now();
    link_rows(context, matrix, |node: &RedisNode| node.link_state(now));
    server(context, &mut info(context, matrix, "Node"));
    replication(context, &mut info(context, matrix, "Replication"), tall);
    memory(context, &mut info(context, matrix, "Memory"));
    work(context, &mut info(context, matrix, "Work"), tall);
    persistence(context, &mut info(context, matrix, "Persistence"));
    let mut group = matrix.group("Settings", Feed::RedisSettings, |node| node.link_state(now), |node| node.settings.as_ref());
    settings(context, &mut group);
}

type Info<'m, 'a> = Group<'m, 'a, RedisNode, RedisInfo>;

/// A group of rows out of `INFO`.
fn info<'m, 'a>(context: &'a Context<'a>, matrix: &'m mut Matrix<'a, RedisNode>, caption: &'static str) -> Info<'m, 'a> {
    let now = context.now();
    matrix.group(caption, Feed::Redis, |node| node.link_state(now), |node| node.info.as_ref())
}

/// What only `INFO` tells; without the right to ask it, the rest of the facts comes from `ROLE`.
fn told(context: &Context<'_>, info: &RedisInfo, cell: impl FnOnce() -> Cell) -> Cell {
    if info.run_id.is_empty() { Cell::forbidden(context) } else { cell() }
}

fn server<'a>(context: &'a Context<'a>, group: &mut Info<'_, 'a>) {
    let theme = context.theme;
    group.row("role", |node, info| {
        let text = format!("{} {} {}", node.role(), theme.glyphs.at_least, context.age(node.role_since));
        if info.role == RedisRole::Master { Cell::styled(text, theme.accent) } else { Cell::text(text) }
    });
    group.row("version", |_, info| told(context, info, || Cell::text(info.version.clone())));
    group.row("data set", |_, info| match info.loading {
        true => Cell::styled(format!("{} loading", theme.glyphs.running), theme.warning),
        false => Cell::Blank,
    });
}

fn replication<'a>(context: &'a Context<'a>, group: &mut Info<'_, 'a>, tall: bool) {
    let (theme, now) = (context.theme, context.now());
    let redis = &context.model().redis;
    group.row("state", |node, _| {
        redis.lag(node, now).map_or(Cell::Blank, |lag| {
            let (words, style) = words::replica_state(context, &lag);
            Cell::styled(words, style)
        })
    });
    group.row("behind", |node, _| {
        redis.lag(node, now).map_or(Cell::Blank, |lag| {
            let style = if lag.master_unseen.is_some() { theme.stale } else { theme.text };
            Cell::styled(words::figures(context, (lag.bytes, lag.bytes_at_least), (lag.seconds, lag.seconds_at_least)), style)
        })
    });
    group.row("master unseen", |node, _| match redis.lag(node, now).and_then(|lag| lag.master_unseen) {
        Some(unseen) => Cell::styled(format!("{} {}", theme.glyphs.unknown, context.age(now.saturating_sub(unseen))), theme.stale),
        None => Cell::Blank,
    });
    if tall {
        group.row("last 2 minutes", |node, _| match node.lag_history.samples().any(|sample| sample.is_some()) {
            true => Cell::Spark(node.lag_history.samples().collect(), 1.0),
            false => Cell::Blank,
        });
    }
    group.row("follows", |_, info| match &info.master {
        None => Cell::Blank,
        Some(link) => Cell::text(named(context, &link.host, link.port)),
    });
    group.row("last heard", |_, info| match &info.master {
        None => Cell::Blank,
        Some(link) if link.up => link.last_io.map_or(Cell::forbidden(context), |age| Cell::text(words::heard(age, USUALLY_HEARD))),
        Some(link) => {
            let down = link.down_since.map(|s| figure::age(std::time::Duration::from_secs(s.into())));
            let text = format!("{} down {}", theme.glyphs.critical, down.unwrap_or_default());
            Cell::styled(text.trim_end().to_owned(), theme.critical)
        }
    });
    let nobody = |info: &RedisInfo| match info.role {
        RedisRole::Master => Cell::styled(format!("{} nobody", theme.glyphs.warning), theme.warning),
        RedisRole::Replica => Cell::Blank,
    };
    group.list("feeds", 6, |info: &RedisInfo| &info.replicas, nobody, |row| replica(context, row));
    group.row("offset", |_, info| Cell::text(info.offset.to_string()));
}

/// A replica as its master sees it: its name, its state unless that is the usual one, and its last acknowledgement.
fn replica(context: &Context<'_>, row: &RedisReplica) -> Cell {
    let theme = context.theme;
    let name = named(context, &row.host, row.port);
    let late = row.ack_age >= USUALLY_ACKNOWLEDGED;
    let ack =
        Span::styled(format!(" ack {}", words::heard(row.ack_age, USUALLY_ACKNOWLEDGED)), if late { theme.warning } else { theme.muted });
    let state = match row.state.as_str() {
        "online" => Span::raw(""),
        state => Span::styled(format!(" {} {state}", theme.glyphs.warning), theme.warning),
    };
    Cell::from(vec![Span::raw(name), state, ack])
}

fn memory<'a>(context: &'a Context<'a>, group: &mut Info<'_, 'a>) {
    group.row("used", |_, info| {
        told(context, info, || match info.max_memory {
            0 => Cell::text(format!("{}, no limit", figure::bytes(info.used_memory))),
            max => {
                let share = info.used_memory as f64 / max as f64;
                Cell::Bar(Line::raw(format!("{} of {}", figure::bytes(info.used_memory), figure::bytes(max))), share)
            }
        })
    });
    group.row("fragmentation", |_, info| told(context, info, || Cell::text(format!("{:.1}", info.fragmentation))));
    group.row("evictions/s", |_, info| told(context, info, || Cell::known(context, info.evictions_per_s, words::per_second)));
}

fn work<'a>(context: &'a Context<'a>, group: &mut Info<'_, 'a>, tall: bool) {
    let theme = context.theme;
    group.row("hit rate, 1 min", |_, info| {
        told(context, info, || words::hit_cell(context, words::hit_rate(info.hits, info.misses, LEAST_LOOKUPS)))
    });
    group.row("commands/s", |_, info| told(context, info, || Cell::known(context, info.commands_per_s, words::per_second)));
    if tall {
        group.row("last 2 minutes", |node, _| match node.load_history.samples().any(|sample| sample.is_some()) {
            true => Cell::Spark(node.load_history.samples().collect(), 10.0),
            false => Cell::Blank,
        });
    }
    group.row("clients", |_, info| {
        told(context, info, || {
            let share = f64::from(info.clients) / f64::from(info.max_clients.max(1));
            Cell::Bar(Line::raw(format!("{} of {}", info.clients, figure::count(info.max_clients.into()))), share)
        })
    });
    group.row("blocked", |_, info| told(context, info, || Cell::text(info.blocked_clients.to_string())));
    group.row("refused writes", |_, info| {
        told(context, info, || match info.refused_writes {
            0 => Cell::text("0"),
            some => Cell::styled(format!("{} {}", theme.glyphs.notice, figure::count(some)), theme.notice),
        })
    });
}

fn persistence<'a>(context: &'a Context<'a>, group: &mut Info<'_, 'a>) {
    let theme = context.theme;
    let bad = |text: String| Cell::styled(format!("{} {text}", theme.glyphs.warning), theme.warning);
    group.row("RDB save", |_, info| {
        told(context, info, || match (info.saving, info.save_ok, context.age_of_unix(info.last_save as f64)) {
            (_, false, age) => bad(format!("failed, good {age}")),
            (true, true, age) => Cell::text(format!("{} saving, last {age}", theme.glyphs.running)),
            (false, true, age) => Cell::text(format!("{} {age} ago", theme.glyphs.ok)),
        })
    });
    group.row("changes since", |_, info| told(context, info, || Cell::text(figure::count(info.unsaved_changes))));
    group.row("AOF", |_, info| {
        told(context, info, || match (info.aof, info.aof_write_ok, info.aof_rewrite_ok) {
            (false, ..) => Cell::styled("off", theme.muted),
            (true, true, true) => Cell::styled(format!("{} on", theme.glyphs.ok), theme.ok),
            (true, false, _) => bad("write fails".to_owned()),
            (true, true, false) => bad("rewrite fails".to_owned()),
        })
    });
}

fn settings<'a>(context: &'a Context<'a>, group: &mut Group<'_, 'a, RedisNode, RedisSettings>) {
    // Each may be refused by itself, or be unknown to this version.
    fn or_not_told<V>(context: &Context<'_>, value: Option<V>, text: impl Fn(V) -> String) -> Cell {
        value.map_or_else(|| Cell::styled("not told", context.theme.unknown), |value| Cell::text(text(value)))
    }
    let theme = context.theme;
    group.alike("min-replicas", Severity::Notice, |_, s| match (s.min_replicas_to_write, s.min_replicas_max_lag) {
        (Some(0), _) => Cell::text("0, no guard"),
        (Some(least), Some(lag)) => Cell::text(format!("{least} within {lag} s")),
        (least, _) => or_not_told(context, least, |least| least.to_string()),
    });
    group.alike("priority", Severity::Notice, |_, s| match s.replica_priority {
        Some(0) => Cell::styled("0, never promoted", theme.notice),
        priority => or_not_told(context, priority, |priority| priority.to_string()),
    });
    group.alike("at the limit", Severity::Notice, |_, s| or_not_told(context, s.eviction_policy.clone(), |policy| policy));
    group.alike("backlog", Severity::Notice, |_, s| or_not_told(context, s.backlog_bytes, figure::bytes));
    group.alike("appendonly", Severity::Notice, |_, s| {
        or_not_told(context, s.append_only, |on| if on { "yes".to_owned() } else { "no".to_owned() })
    });
    group.alike("save", Severity::Notice, |_, s| {
        or_not_told(context, s.save.clone(), |save| if save.is_empty() { "never".to_owned() } else { save })
    });
    group.row("slow log", |_, s| or_not_told(context, s.slow_log, figure::count));
}
