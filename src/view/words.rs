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

/// A standby's state: `streaming`, `cut off 41s`.
pub fn standby_state(context: &Context<'_>, lag: &StandbyLag) -> (String, Style) {
    let theme = context.theme;
    match lag.state {
        Replication::Streaming => ("streaming".to_owned(), theme.text),
        Replication::CatchUp | Replication::Connecting | Replication::Paused => (lag.state.word().to_owned(), theme.warning),
        Replication::Disconnected(since) => (format!("cut off {}", context.age(since)), theme.critical),
        Replication::Diverged => ("diverged".to_owned(), theme.critical),
        Replication::NoPermission | Replication::Unknown => (lag.state.word().to_owned(), theme.unknown),
    }
}

/// How far a standby is behind: `0 B 0.0 s`, `≥ 20 MB 41 s`.
pub fn standby_figures(context: &Context<'_>, lag: &StandbyLag) -> (String, Style) {
    let theme = context.theme;
    let style = match lag.state {
        Replication::NoPermission | Replication::Unknown => return ("lag unknown".to_owned(), theme.unknown),
        Replication::Diverged => return ("diverged".to_owned(), theme.critical),
        Replication::Disconnected(_) => theme.critical,
        _ if lag.primary_unseen.is_some() => theme.stale,
        Replication::Streaming => theme.text,
        _ => theme.warning,
    };
    (figures(context, lag.bytes, lag.seconds, lag.at_least), style)
}

/// How far a standby is behind, the state first unless it is the usual one: `0 B 0.0 s`, `cut off 41s ≥ 20 MB 41 s`.
pub fn standby_lag(context: &Context<'_>, lag: &StandbyLag) -> (String, Style) {
    let (figures, style) = standby_figures(context, lag);
    match lag.state {
        Replication::Streaming | Replication::Diverged | Replication::NoPermission | Replication::Unknown => (figures, style),
        _ => (format!("{} {figures}", standby_state(context, lag).0), style),
    }
}

/// A replica's state: `online`, `link down 41s`.
pub fn replica_state(context: &Context<'_>, lag: &ReplicaLag) -> (String, Style) {
    let theme = context.theme;
    match lag.state {
        ReplicaState::Online => ("online".to_owned(), theme.text),
        ReplicaState::Syncing => ("syncing".to_owned(), theme.warning),
        ReplicaState::Down(since) => (format!("link down {}", context.age(since)), theme.critical),
        ReplicaState::Unknown => ("unknown".to_owned(), theme.unknown),
    }
}

/// How far a replica is behind: `0 B 0.0 s`.
pub fn replica_figures(context: &Context<'_>, lag: &ReplicaLag) -> (String, Style) {
    let theme = context.theme;
    let style = match lag.state {
        ReplicaState::Unknown => return ("lag unknown".to_owned(), theme.unknown),
        ReplicaState::Down(_) => theme.critical,
        _ if lag.master_unseen.is_some() => theme.stale,
        ReplicaState::Online => theme.text,
        ReplicaState::Syncing => theme.warning,
    };
    (figures(context, lag.bytes, lag.seconds, lag.at_least), style)
}

/// How far a replica is behind, the state first unless it is the usual one.
pub fn replica_lag(context: &Context<'_>, lag: &ReplicaLag) -> (String, Style) {
    let (figures, style) = replica_figures(context, lag);
    match lag.state {
        ReplicaState::Online | ReplicaState::Unknown => (figures, style),
        _ => (format!("{} {figures}", replica_state(context, lag).0), style),
    }
}

/// Bytes and seconds; `≥` before a lower limit, `?` for what is not known.
pub fn figures(context: &Context<'_>, bytes: Option<u64>, seconds: Option<f64>, at_least: bool) -> String {
    let sign = if at_least { format!("{} ", context.theme.glyphs.at_least) } else { String::new() };
    let bytes = bytes.map_or("? B".to_owned(), figure::bytes);
    let seconds = seconds.map_or("? s".to_owned(), |s| figure::lag(Duration::try_from_secs_f64(s).unwrap_or_default()));
    format!("{sign}{bytes} {seconds}")
}
