//! Words that several places use: how a lag, a link and a name read.

use super::context::Context;
use crate::event::{Link, Name};
use crate::figure;
use crate::model::{LinkState, ReplicaLag, ReplicaState, Replication, StandbyLag};
use ratatui::style::Style;
use std::time::Duration;

/// A name without the prefix that everybody in its row has: `redis-sentinel-0` is `sentinel-0`.
pub fn short(name: &Name) -> &str {
    name.strip_prefix("redis-").filter(|rest| rest.starts_with("sentinel")).unwrap_or(name)
}

/// A link that does not answer, in words: `hung 12s`, `down 3m: connection refused`. `None` for one that answers.
pub fn trouble(context: &Context<'_>, link: &LinkState<'_>) -> Option<String> {
    let since = match link {
        LinkState::Is(Link::Live | Link::NoPermission(_), _) => return None,
        LinkState::Is(Link::Connecting, _) => return Some("connecting".to_owned()),
        LinkState::Is(_, since) => *since,
        LinkState::Stale(age) => context.now().saturating_sub(*age),
    };
    Some(format!("{} {}", link.word(), context.age(since)))
}

/// How far a standby is behind, the state first unless it is the usual one: `0 B 0.0 s`, `cut off 41s ≥ 20 MB`.
pub fn standby_lag(context: &Context<'_>, lag: &StandbyLag) -> (String, Style) {
    let theme = context.theme;
    let figures = figures(context, lag.bytes, lag.seconds, lag.at_least);
    match lag.state {
        Replication::Streaming if lag.primary_unseen.is_some() => (figures, theme.stale),
        Replication::Streaming => (figures, theme.text),
        Replication::CatchUp => (format!("catchup {figures}"), theme.warning),
        Replication::Connecting => (format!("connecting {figures}"), theme.warning),
        Replication::Disconnected(since) => (format!("cut off {} {figures}", context.age(since)), theme.critical),
        Replication::Paused => (format!("paused {figures}"), theme.warning),
        Replication::Diverged => ("diverged".to_owned(), theme.critical),
        Replication::NoPermission => ("no permission".to_owned(), theme.unknown),
        Replication::Unknown => ("lag unknown".to_owned(), theme.unknown),
    }
}

/// How far a replica is behind.
pub fn replica_lag(context: &Context<'_>, lag: &ReplicaLag) -> (String, Style) {
    let theme = context.theme;
    let figures = figures(context, lag.bytes, lag.seconds, lag.at_least);
    match lag.state {
        ReplicaState::Online if lag.master_unseen.is_some() => (figures, theme.stale),
        ReplicaState::Online => (figures, theme.text),
        ReplicaState::Syncing => (format!("syncing {figures}"), theme.warning),
        ReplicaState::Down(since) => (format!("link down {} {figures}", context.age(since)), theme.critical),
        ReplicaState::Unknown => ("lag unknown".to_owned(), theme.unknown),
    }
}

/// Bytes and seconds; `≥` before a lower limit, `?` for what is not known.
pub fn figures(context: &Context<'_>, bytes: Option<u64>, seconds: Option<f64>, at_least: bool) -> String {
    let sign = if at_least { format!("{} ", context.theme.glyphs.at_least) } else { String::new() };
    let bytes = bytes.map_or("? B".to_owned(), figure::bytes);
    let seconds = seconds.map_or("? s".to_owned(), |s| figure::lag(Duration::try_from_secs_f64(s).unwrap_or_default()));
    format!("{sign}{bytes} {seconds}")
}
