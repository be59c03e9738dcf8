//! Words that several places use: how a lag, a link and a name read.

use super::context::Context;
use super::matrix::Cell;
use crate::event::{Link, Name};
use crate::figure;
use crate::keymap;
use crate::model::{LinkState, ReplicaLag, ReplicaState, Replication, StandbyLag};
use ratatui::style::Style;
use std::time::Duration;

/// How many go unsaid, and the key that shows them: `3 more, key 4`.
pub fn more(count: usize) -> String {
    let key = keymap::BINDINGS.iter().find(|binding| binding.intent == keymap::Intent::Events).map(keymap::Binding::key);
    format!("{count} more, key {}", key.unwrap_or_default())
}

/// A name without the prefix that everybody in its row has: `redis-sentinel-0` is `sentinel-0`.
pub fn short(name: &Name) -> &str {
    name.strip_prefix("redis-").filter(|rest| rest.starts_with("sentinel")).unwrap_or(name)
}

/// A link that does not answer, in words: `hung 12s`. `None` for one that answers.
pub fn trouble(context: &Context<'_>, link: &LinkState<'_>) -> Option<String> {
    let (word, age) = trouble_parts(context, link)?;
    Some(format!("{word} {age}").trim_end().to_owned())
}

/// A link that does not answer: its word, and since when.
pub fn trouble_parts(context: &Context<'_>, link: &LinkState<'_>) -> Option<(&'static str, String)> {
    let since = match link {
        LinkState::Is(Link::Live | Link::NoPermission(_), _) => return None,
        LinkState::Is(Link::Connecting, _) => return Some((link.word(), String::new())),
        LinkState::Is(_, since) => *since,
        LinkState::Stale(age) => context.now().saturating_sub(*age),
    };
    Some((link.word(), context.age(since)))
}

/// A standby's state: `streaming`, `cut off 41s`.
pub fn standby_state(context: &Context<'_>, lag: &StandbyLag) -> (String, Style) {
    let theme = context.theme;
    match lag.state {
        Replication::Streaming => ("streaming".to_owned(), theme.text),
        Replication::CatchUp | Replication::Connecting | Replication::Paused => (lag.state.word().to_owned(), theme.warning),
        Replication::Disconnected(since) => (format!("cut off {}", context.age(since)), theme.critical),
        Replication::Diverged | Replication::Astray => (lag.state.word().to_owned(), theme.critical),
        Replication::NoPermission | Replication::Unknown => (lag.state.word().to_owned(), theme.unknown),
    }
}

/// How far a standby is behind: `0 B 0.0 s`, `≥ 20 MB 41 s`.
pub fn standby_figures(context: &Context<'_>, lag: &StandbyLag) -> (String, Style) {
    let theme = context.theme;
    let style = match lag.state {
        Replication::Unknown if lag.bytes.is_none() => return ("lag unknown".to_owned(), theme.unknown),
        Replication::NoPermission | Replication::Unknown => theme.unknown,
        Replication::Diverged | Replication::Astray => return (lag.state.word().to_owned(), theme.critical),
        // Never a zero that reads like health.
        Replication::Disconnected(_) if lag.bytes == Some(0) && !lag.bytes_at_least => {
            return ("none missing yet".to_owned(), theme.critical);
        }
        Replication::Disconnected(_) => theme.critical,
        _ if lag.primary_unseen.is_some() => theme.stale,
        Replication::Streaming => theme.text,
        _ => theme.warning,
    };
    (figures(context, (lag.bytes, lag.bytes_at_least), (lag.seconds, lag.seconds_at_least)), style)
}

/// A replica's state: `online`, `link down 41s`.
pub fn replica_state(context: &Context<'_>, lag: &ReplicaLag) -> (String, Style) {
    let theme = context.theme;
    match lag.state {
        ReplicaState::Online => ("online".to_owned(), theme.text),
        ReplicaState::Syncing => ("syncing".to_owned(), theme.warning),
        ReplicaState::Down(since) => (format!("link down {}", context.age(since)), theme.critical),
        ReplicaState::Astray => ("astray".to_owned(), theme.critical),
        ReplicaState::Unknown => ("unknown".to_owned(), theme.unknown),
    }
}

/// How far a replica is behind: `0 B 0.0 s`.
pub fn replica_figures(context: &Context<'_>, lag: &ReplicaLag) -> (String, Style) {
    let theme = context.theme;
    let style = match lag.state {
        ReplicaState::Unknown => return ("lag unknown".to_owned(), theme.unknown),
        ReplicaState::Astray => return ("astray".to_owned(), theme.critical),
        ReplicaState::Down(_) if lag.bytes == Some(0) => return ("none missing yet".to_owned(), theme.critical),
        ReplicaState::Down(_) => theme.critical,
        _ if lag.master_unseen.is_some() => theme.stale,
        ReplicaState::Online => theme.text,
        ReplicaState::Syncing => theme.warning,
    };
    (figures(context, (lag.bytes, lag.bytes_at_least), (lag.seconds, lag.seconds_at_least)), style)
}

/// Bytes and seconds, each with whether it is a lower limit: `0 B 0.0 s`, `≥ 20 MB 41 s` for both, `28 MB ≥ 3.0 s` for the second; `?` for
/// what is not known.
pub fn figures(
    context: &Context<'_>,
    (bytes, bytes_at_least): (Option<u64>, bool),
    (seconds, seconds_at_least): (Option<f64>, bool),
) -> String {
    let sign = |wanted: bool| if wanted { format!("{} ", context.theme.glyphs.at_least) } else { String::new() };
    let bytes = bytes.map_or("? B".to_owned(), figure::bytes);
    let seconds = seconds.map_or("? s".to_owned(), |s| figure::lag(Duration::try_from_secs_f64(s).unwrap_or_default()));
    format!("{}{bytes} {}{seconds}", sign(bytes_at_least), sign(seconds_at_least && !bytes_at_least))
}

/// Happenings per second, rounded so that they hold still: `0.4`, `12`, `1.20k`.
pub fn per_second(rate: f64) -> String {
    match (rate * 10.0).round() / 10.0 {
        odd if !odd.is_finite() || odd < 0.0 => "?".to_owned(),
        0.0 => "0".to_owned(),
        small if small < 9.95 => format!("{small:.1}"),
        many => figure::count(many.round() as u64),
    }
}

/// How long ago somebody was heard, where all below `usual` seconds is as it should be and would only jitter: `< 15 s`, `41 s`.
pub fn heard(seconds: u32, usual: u32) -> String {
    if seconds < usual { format!("< {usual} s") } else { figure::lag(Duration::from_secs(seconds.into())) }
}

/// The share of hits of the last minute; `None` for what is not known, `idle` where there was too little to tell.
pub fn hit_rate(hits: Option<u64>, misses: Option<u64>, least: u64) -> Option<String> {
    let (hits, all) = (hits?, hits?.saturating_add(misses?));
    Some(if all < least { "idle".to_owned() } else { figure::percent(hits as f64 / all.max(1) as f64) })
}

/// A hit rate as a cell: not known yet, too little to tell, or the share.
pub fn hit_cell(context: &Context<'_>, rate: Option<String>) -> Cell {
    match rate {
        None => Cell::not_yet(context),
        Some(idle) if idle == "idle" => Cell::styled(idle, context.theme.muted),
        Some(rate) => Cell::text(rate),
    }
}

/// A link as a cell: its sign, its word and, for one that does not answer, since when.
pub fn link_cell(context: &Context<'_>, link: &LinkState<'_>) -> Cell {
    let (sign, style) = context.link(link);
    let words = trouble(context, link).unwrap_or_else(|| link.word().to_owned());
    Cell::styled(format!("{sign} {words}"), style)
}

/// What was said about a link, as a cell.
pub fn reason_cell(context: &Context<'_>, link: &LinkState<'_>) -> Cell {
    let Some(reason) = link.reason() else { return Cell::Blank };
    // An address before it says no more than the column that it stands in.
    let is_address = |words: &str| words.contains(':') && !words.contains(' ');
    let reason = reason.split_once(": ").filter(|(before, _)| is_address(before)).map_or(reason, |(_, after)| after);
    Cell::styled(reason.to_owned(), context.link(link).1)
}
