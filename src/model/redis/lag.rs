//! How far a replica is behind its master, by offsets of one stream; and since when.

use super::{RedisGroup, RedisNode};
use crate::event::{Millis, RedisMasterLink, RedisRole};

/// The state of a replica's replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaState {
    /// Receives as it is written.
    Online,
    /// A full synchronisation is under way.
    Syncing,
    /// The link to the master is down; since when, as far as we saw it.
    Down(Millis),
    /// It receives, but from another node that claims to be a master.
    Astray,
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
            ReplicaState::Astray => "astray",
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
    /// The bytes are a lower limit: the master is unseen.
    pub bytes_at_least: bool,
    /// The seconds are a lower limit: the master is unseen, or the memory does not reach back far enough.
    pub seconds_at_least: bool,
    /// For how long the master has not been seen, if it is not seen now.
    pub master_unseen: Option<Millis>,
}

impl RedisGroup {
    /// The link leads to a node of ours that claims to be a master and is not the one.
    fn follows_another(&self, link: &RedisMasterLink, now: Millis) -> bool {
        let followed = self.node_at(&link.host, link.port).and_then(|name| self.node(name)).filter(|node| node.is_master());
        let master = self.master(now).filter(|master| master.is_master() && master.is_fresh(now));
        link.up && followed.zip(master).is_some_and(|(followed, master)| followed.name != master.name)
    }

    /// The lag of `node`; `None` for one that is not known to be a replica.
    pub fn lag(&self, node: &RedisNode, now: Millis) -> Option<ReplicaLag> {
        let own = node.info.as_ref().filter(|info| info.value.role == RedisRole::Replica)?;
        let seen = node.is_fresh(now);
        let link = own.value.master.as_ref();
        let state = match link {
            _ if !seen => ReplicaState::Unknown,
            Some(link) if self.follows_another(link, now) => ReplicaState::Astray,
            Some(link) if link.syncing => ReplicaState::Syncing,
            Some(link) if link.up => ReplicaState::Online,
            _ => ReplicaState::Down(node.cut_off_since.unwrap_or(now)),
        };
        let master = self.master(now).filter(|m| m.is_master());
        let master_info = master.and_then(|m| m.info.as_ref());
        let master_unseen = master.filter(|m| !m.is_fresh(now)).and(master_info).map(|info| now.saturating_sub(info.at));
        let unseen = master_unseen.is_some();
        let mut lag = ReplicaLag { state, bytes: None, bytes_at_least: unseen, seconds: None, seconds_at_least: unseen, master_unseen };
        if !seen {
            return Some(lag);
        }
        // A cut-off replica keeps the stream it had; a failover gives the new master a new one, and then offsets do not compare.
        let same_stream = master_info.filter(|info| !own.value.replid.is_empty() && info.value.replid == own.value.replid);
        lag.bytes = same_stream.map(|info| info.value.offset.saturating_sub(own.value.offset));
        let moment = now.saturating_sub(master_unseen.unwrap_or(0));
        let behind =
            self.clock.behind(own.value.offset, moment).filter(|_| !own.value.replid.is_empty() && self.replid == own.value.replid);
        lag.seconds = if lag.bytes == Some(0) { Some(0.0) } else { behind.map(|b| b.seconds) };
        lag.seconds_at_least |= behind.is_some_and(|b| b.at_least && lag.bytes != Some(0));
        Some(lag)
    }
}
