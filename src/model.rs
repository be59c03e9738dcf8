//! What is known. Changed only by `apply(event)`; does no IO, reads no clock, knows neither the screen nor any client.
//! Values are kept when an upstream falls silent: they get older, they never turn into zero.

use crate::event::{Envelope, Event, Feed, Millis, Stack, Upstream};

mod directory;
mod failover;
mod history;
mod link;
mod lsn_clock;
mod postgres;
mod redis;
mod timeline;

pub use failover::{Failover, FailoverStep};
pub use history::History;
pub use link::{Freshness, Held, LinkState, Observed};
pub use lsn_clock::{Behind, LsnClock};
pub use postgres::{PgCluster, PgServer, Replication, StandbyLag};
pub use redis::{Announcement, RedisGroup, RedisNode, ReplicaLag, ReplicaState, Sentinel, same_instance};
pub use timeline::{Entry, Timeline, Weight};

/// How long role and position of a server that answers each second count as fresh.
pub const FAST_FRESH: Millis = 10_000;

/// Everything that is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// When the last event was seen.
    pub now: Millis,
    /// Unix milliseconds at `now` 0, from the last tick; `None` before the first.
    pub wall_origin: Option<i64>,
    /// The stack as configured.
    pub stack: Stack,
    /// PostgreSQL.
    pub postgres: PgCluster,
    /// Redis data nodes and Sentinels.
    pub redis: RedisGroup,
    /// What happened, newest last.
    pub timeline: Timeline,
}

impl Model {
    /// Takes a fact in. Says whether anything but ages may look different now.
    pub fn apply(&mut self, envelope: &Envelope) -> bool {
        self.now = self.now.max(envelope.at);
        match (&envelope.event, envelope.from.upstream) {
            (Event::Stack(stack), _) => self.configure(stack),
            (Event::Tick { unix_ms }, _) => return self.tick(*unix_ms),
            (_, Upstream::Postgres | Upstream::PostgresDetail) => return self.postgres.apply(envelope, &mut self.timeline),
            (_, Upstream::Redis | Upstream::Sentinel) => return self.redis.apply(envelope, &mut self.timeline),
            (_, Upstream::Program) => return false,
        }
        true
    }

    /// Unix milliseconds of a moment on the program's clock; `None` before the first tick.
    pub fn unix_ms(&self, at: Millis) -> Option<i64> {
        self.wall_origin.map(|origin| origin + at as i64)
    }

    /// How long ago something was.
    pub fn age(&self, at: Millis) -> Millis {
        self.now.saturating_sub(at)
    }

    fn configure(&mut self, stack: &Stack) {
        self.stack = stack.clone();
        self.postgres = PgCluster::new(&stack.postgres);
        self.redis = RedisGroup::new(stack);
    }

    fn tick(&mut self, unix_ms: i64) -> bool {
        let origin = unix_ms - self.now as i64;
        // The tick jitters by some milliseconds; only a real step of the clock moves the origin.
        if self.wall_origin.is_none_or(|known| (known - origin).abs() > 500) {
            self.wall_origin = Some(origin);
        }
        let (pg, redis) = (self.postgres.remember(self.now), self.redis.remember(self.now));
        pg || redis
    }
}

/// How often a feed is read: what it brought is fresh for twice as long (ten seconds for the fast ones).
pub fn fresh_for(feed: Feed) -> Millis {
    match feed {
        Feed::PgFast | Feed::Redis | Feed::Sentinel => FAST_FRESH,
        Feed::PgStatements | Feed::PgLocks => 4_000,
        Feed::PgMedium | Feed::PgIo => 10_000,
        Feed::PgSlow | Feed::RedisSettings => 120_000,
    }
}

#[cfg(test)]
pub(crate) mod tests;
