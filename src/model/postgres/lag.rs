//! How far a standby is behind: a state word first, then bytes and seconds. "Disconnected" is never 0, unknown is never 0, and an idle
//! primary never makes a lag grow.

use super::{PgCluster, PgServer};
use crate::event::{Lsn, Millis, PgReceiver};

/// The state of a standby's replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replication {
    /// Receives as it is written.
    Streaming,
    /// Receives, and has not caught up since it connected.
    CatchUp,
    /// Connecting, or waiting for its primary.
    Connecting,
    /// No receiver runs; since when, as far as we saw it.
    Disconnected(Millis),
    /// It receives but replays nothing, because somebody paused it.
    Paused,
    /// On an older timeline, not streaming, and not known to have stopped before the fork: it has or may have rows that no longer exist,
    /// and must be rewound or cloned.
    Diverged,
    /// It streams, but from a server that is not the primary: it keeps nothing of what the primary commits.
    Astray,
    /// We are not allowed to see it.
    NoPermission,
    /// We cannot see it.
    Unknown,
}

impl Replication {
    /// One word for it.
    pub fn word(self) -> &'static str {
        match self {
            Replication::Streaming => "streaming",
            Replication::CatchUp => "catchup",
            Replication::Connecting => "connecting",
            Replication::Disconnected(_) => "disconnected",
            Replication::Paused => "paused",
            Replication::Diverged => "diverged",
            Replication::Astray => "astray",
            Replication::NoPermission => "no permission",
            Replication::Unknown => "unknown",
        }
    }

    /// It will keep what the primary commits.
    pub fn follows(self) -> bool {
        matches!(self, Replication::Streaming | Replication::CatchUp | Replication::Paused)
    }
}

/// How far a standby is behind its primary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StandbyLag {
    /// The state.
    pub state: Replication,
    /// WAL that its primary has flushed and the standby has not replayed.
    pub bytes: Option<u64>,
    /// The bytes are a lower limit: the primary is unseen.
    pub bytes_at_least: bool,
    /// How old the standby's state is.
    pub seconds: Option<f64>,
    /// The seconds are a lower limit: the primary is unseen, or the memory does not reach back far enough.
    pub seconds_at_least: bool,
    /// For how long the primary has not been seen, if it is not seen now.
    pub primary_unseen: Option<Millis>,
}

impl PgCluster {
    /// The lag of `standby`; `None` for a server that is not known to be a standby. It is measured against the server that it follows,
    /// if that takes writes, else against the primary: positions of two that take writes do not compare.
    pub fn lag(&self, standby: &PgServer, now: Millis) -> Option<StandbyLag> {
        let own = standby.fast.as_ref().filter(|fast| fast.value.in_recovery)?;
        let primary = self.primary(now);
        let upstream = self.upstream_of(standby).and_then(|name| self.server(name));
        let source = upstream.filter(|server| server.is_primary()).or(primary);
        let teller = upstream.or(primary);
        let seen = standby.is_fresh(now);
        // While a standby is silent, its primary may still tell how far it has come.
        let row = teller.filter(|u| u.is_fresh(now)).and_then(|u| self.sender_of(u, standby));
        let state = if seen { self.state(standby, primary, upstream, now) } else { silent_state(row) };
        let replayed = if seen { own.value.replay_lsn } else { row.and_then(|r| r.replay) };
        let unseen = source.filter(|s| !s.is_fresh(now)).and_then(|s| s.fast.as_ref()).map(|fast| now.saturating_sub(fast.at));
        let mut lag = StandbyLag {
            state,
            bytes: None,
            bytes_at_least: unseen.is_some(),
            seconds: None,
            seconds_at_least: unseen.is_some(),
            primary_unseen: unseen,
        };
        let Some((replayed, source)) = replayed.zip(source) else { return Some(lag) };
        // Both are read in the same moment of each second. Until the standby's answer is in, its last one is held against where the primary
        // was then: a position read later would make a lag out of the difference of two readings.
        let then = source.clock.position_at(own.at).filter(|_| seen && unseen.is_none()).map(Lsn);
        let end = then.or_else(|| source.fast.as_ref().and_then(|f| f.value.flush_lsn).max(self.witnessed_end(source, now)));
        lag.bytes = end.map(|end| end.since(replayed));
        // Frozen while the primary is unseen: the clock must not run on what nobody measures.
        let behind = source.clock.behind(replayed.0, now.saturating_sub(unseen.unwrap_or(0)));
        let told = row.filter(|r| r.state.as_deref() == Some("streaming")).and_then(|r| r.replay_lag);
        lag.seconds = match (lag.bytes, behind) {
            (Some(0), _) => Some(0.0),
            (_, Some(behind)) => Some(behind.seconds.max(told.unwrap_or(0.0))),
            (_, None) => told,
        };
        lag.seconds_at_least |= behind.is_some_and(|b| b.at_least && lag.bytes != Some(0));
        Some(lag)
    }

    /// The furthest end of WAL that a standby of `source` was told of by it: a second witness of where it was.
    fn witnessed_end(&self, source: &PgServer, now: Millis) -> Option<Lsn> {
        let follows = |server: &PgServer| server.is_fresh(now) && self.upstream_of(server) == Some(&source.name);
        let told = |server: &PgServer| match server.fast.as_ref().filter(|_| follows(server)).map(|f| &f.value.receiver) {
            Some(PgReceiver::Present(row)) => row.sender_end,
            _ => None,
        };
        self.servers.iter().filter_map(told).max()
    }

    /// It is known to have received more than the primary had when that was promoted: rows that are no more.
    pub fn is_past_fork(&self, standby: &PgServer, now: Millis) -> bool {
        let fork = self.primary(now).and_then(|primary| primary.promoted_at).map(|(_, fork)| fork);
        standby.position().zip(fork).is_some_and(|(own, fork)| own > fork)
    }

    fn state(&self, standby: &PgServer, primary: Option<&PgServer>, upstream: Option<&PgServer>, now: Millis) -> Replication {
        let Some(fast) = standby.fast.as_ref().map(|f| &f.value) else { return Replication::Unknown };
        let newer = primary.filter(|p| p.is_fresh(now)).is_some_and(|primary| {
            let timeline = primary.fast.as_ref().map_or(0, |p| p.value.timeline);
            // One that had received less than the promoted one when that was last a standby is only behind: it can follow.
            let before_fork =
                primary.promoted_at.is_some_and(|(to, fork)| to == timeline && standby.position().is_some_and(|own| own <= fork));
            timeline > fast.timeline && !before_fork
        });
        let row = match &fast.receiver {
            PgReceiver::Hidden => return Replication::NoPermission,
            PgReceiver::Absent if newer => return Replication::Diverged,
            PgReceiver::Absent => return Replication::Disconnected(standby.cut_off_since.unwrap_or(now)),
            PgReceiver::Present(row) => row,
        };
        if row.status != "streaming" {
            return if newer { Replication::Diverged } else { Replication::Connecting };
        }
        let another = |upstream: &PgServer| primary.is_some_and(|p| p.is_fresh(now) && p.name != upstream.name);
        match upstream {
            Some(upstream) if upstream.is_primary() && another(upstream) => return Replication::Astray,
            // Its stream ends where that of its upstream does. Two that follow each other come to an end here as well.
            Some(upstream) if upstream.is_standby() && upstream.cut_off_since.is_some() => return Replication::Astray,
            None if newer => return Replication::Astray,
            _ => {}
        }
        if fast.replay_paused == Some(true) {
            return Replication::Paused;
        }
        // A receiver flickers "streaming" while its slot is missing; the other end knows better.
        let listed = upstream.or(primary).filter(|u| u.is_fresh(now)).and_then(|u| u.fast.as_ref()?.value.senders.as_ref().map(|s| (u, s)));
        match listed {
            Some((_, senders)) if senders.is_empty() => Replication::Connecting,
            Some((upstream, _)) => match self.sender_of(upstream, standby).and_then(|row| row.state.as_deref()) {
                Some("catchup" | "startup") => Replication::CatchUp,
                _ => Replication::Streaming,
            },
            None => Replication::Streaming,
        }
    }
}

fn silent_state(row: Option<&crate::event::PgSender>) -> Replication {
    match row.and_then(|row| row.state.as_deref()) {
        Some("streaming") => Replication::Streaming,
        Some(_) => Replication::CatchUp,
        None => Replication::Unknown,
    }
}
