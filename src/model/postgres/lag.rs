//! How far a standby is behind: a state word first, then bytes and seconds. "Disconnected" is never 0, unknown is never 0, and an idle
//! primary never makes a lag grow.

use super::{PgCluster, PgServer};
use crate::event::{Lsn, Millis, PgReceiver};
use crate::model::Freshness;

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
    /// WAL that the primary has flushed and the standby has not replayed.
    pub bytes: Option<u64>,
    /// How old the standby's state is.
    pub seconds: Option<f64>,
    /// The figures are lower limits: the primary is unseen, or the memory does not reach back far enough.
    pub at_least: bool,
    /// For how long the primary has not been seen, if it is not seen now.
    pub primary_unseen: Option<Millis>,
}

impl PgCluster {
    /// The lag of `standby`; `None` for a server that is not known to be a standby.
    pub fn lag(&self, standby: &PgServer, now: Millis) -> Option<StandbyLag> {
        let own = standby.fast.as_ref().filter(|fast| fast.value.in_recovery)?;
        let primary = self.primary(now);
        let upstream = self.upstream_of(standby).and_then(|name| self.server(name)).or(primary);
        let seen = standby.is_fresh(now);
        // While a standby is silent, its primary may still tell how far it has come.
        let row = upstream.filter(|u| u.is_fresh(now)).and_then(|u| self.sender_of(u, standby));
        let replayed = if seen { own.value.replay_lsn } else { row.and_then(|r| r.replay).max(own.value.replay_lsn) };
        let state = if seen { self.state(standby, primary, upstream, now) } else { silent_state(row) };
        let primary_unseen = primary.and_then(|p| match p.freshness(now) {
            _ if p.is_fresh(now) => None,
            Freshness::Never => None,
            _ => p.fast.as_ref().map(|f| now.saturating_sub(f.at)),
        });
        let figures = replayed.zip(primary).map(|(replayed, primary)| {
            let known = primary.fast.as_ref().and_then(|f| f.value.flush_lsn).max(self.witnessed_end(now));
            let bytes = known.map(|end| end.since(replayed));
            // Frozen while either side is unseen: the clock must not run on what nobody measures.
            let moment = match (primary_unseen, seen || row.is_some()) {
                (Some(unseen), _) => now.saturating_sub(unseen),
                (None, true) => now,
                (None, false) => own.at,
            };
            let behind = self.clock.behind(replayed.0, moment);
            let told = row.filter(|r| r.state.as_deref() == Some("streaming")).and_then(|r| r.replay_lag);
            let seconds = match (bytes, behind) {
                (Some(0), _) => Some(0.0),
                (_, Some(behind)) => Some(behind.seconds.max(told.unwrap_or(0.0))),
                (_, None) => told,
            };
            (bytes, seconds, behind.is_some_and(|b| b.at_least && bytes != Some(0)))
        });
        let (bytes, seconds, beyond_memory) = figures.unwrap_or_default();
        Some(StandbyLag { state, bytes, seconds, at_least: beyond_memory || primary_unseen.is_some(), primary_unseen })
    }

    /// The furthest end of WAL that any standby was told of by its sender: a second witness of where the primary was.
    fn witnessed_end(&self, now: Millis) -> Option<Lsn> {
        let told = |server: &PgServer| match server.fast.as_ref().filter(|_| server.is_fresh(now)).map(|f| &f.value.receiver) {
            Some(PgReceiver::Present(row)) => row.sender_end,
            _ => None,
        };
        self.servers.iter().filter_map(told).max()
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
        if fast.replay_paused == Some(true) {
            return Replication::Paused;
        }
        // A receiver flickers "streaming" while its slot is missing; the other end knows better.
        let listed = upstream.filter(|u| u.is_fresh(now)).and_then(|u| u.fast.as_ref()?.value.senders.as_ref().map(|s| (u, s)));
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
