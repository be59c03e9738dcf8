//! How far a replica is behind its master, by offsets of one stream; and since when.

use super::{RedisGroup, RedisNode};
use crate::event::{Millis, RedisRole};

/// The state of a replica's replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaState {
    /// Receives as it is written.
    Online,
    /// A full synchronisation is under way.
    Syncing,
    /// The link to the master is down; since when, as far as we saw it.
    Down(Millis),
    /// We cannot see it.
    Unknown,
}

impl ReplicaState {
    /// One word for it.
    pub fn word(self) -> &'static str {
        match self {
            ReplicaState::Online => "online",
            ReplicaState::Syncing => "syncing",
            ReplicaState::Down(_) => "link down",
            ReplicaState::Unknown => "unknown",
        }
    }
}

/// How far a replica is behind its master.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplicaLag {
    /// The state.
    pub state: ReplicaState,
    /// Bytes of the replication stream; `None` when the two do not share one or one is unseen.
    pub bytes: Option<u64>,
    /// How old the replica's data is.
    pub seconds: Option<f64>,
    /// The figures are lower limits.
    pub at_least: bool,
    /// For how long the master has not been seen, if it is not seen now.
    pub master_unseen: Option<Millis>,
}

impl RedisGroup {
    /// The lag of `node`; `None` for one that is not known to be a replica.
    pub fn lag(&self, node: &RedisNode, now: Millis) -> Option<ReplicaLag> {
        let own = node.info.as_ref().filter(|info| info.value.role == RedisRole::Replica)?;
        let seen = node.is_fresh(now);
        let link = own.value.master.as_ref();
        let state = match link {
            _ if !seen => ReplicaState::Unknown,
            Some(link) if link.syncing => ReplicaState::Syncing,
            Some(link) if link.up => ReplicaState::Online,
            _ => ReplicaState::Down(node.cut_off_since.unwrap_or(now)),
        };
        let master = self.master(now).filter(|m| m.is_master());
        let master_info = master.and_then(|m| m.info.as_ref());
        let master_unseen = master.filter(|m| !m.is_fresh(now)).and(master_info).map(|info| now.saturating_sub(info.at));
        let shared = self.replid == own.value.replid;
        // A cut-off replica keeps the stream it had; a failover gives the new master a new one, and then offsets do not compare.
        let bytes =
            master_info.filter(|info| info.value.replid == own.value.replid).map(|info| info.value.offset.saturating_sub(own.value.offset));
        let moment = match master_unseen {
            Some(unseen) => now.saturating_sub(unseen),
            None if seen => now,
            None => own.at,
        };
        let behind = self.clock.behind(own.value.offset, moment).filter(|_| shared);
        // Both ends are read in the same moment, give or take some milliseconds; a byte more on the master within that is no lag.
        let connected = state == ReplicaState::Online;
        let seconds = match (bytes, behind) {
            (Some(0), _) => Some(0.0),
            (_, Some(behind)) if connected && behind.seconds < 1.0 => Some(0.0_f64.max(behind.seconds)),
            (_, behind) => behind.map(|b| b.seconds),
        };
        let at_least = master_unseen.is_some() || behind.is_some_and(|b| b.at_least && bytes != Some(0));
        Some(ReplicaLag { state, bytes, seconds, at_least, master_unseen })
    }
}
