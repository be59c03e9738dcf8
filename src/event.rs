//! Facts from outside, in one order. An `Event` is never a wish, never carries a secret, and can be recorded and replayed.
//! This file may name no client crate: sources project what they read into these small rows.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

mod lsn;
mod postgres;
mod redis;
mod stack;

pub use lsn::Lsn;
pub use postgres::*;
pub use redis::*;
pub use stack::*;

/// Milliseconds on the program's monotonic clock, which starts at 0 with the program.
pub type Millis = u64;

/// The name of an instance as configured, for example `postgres-0`.
pub type Name = Arc<str>;

/// What kind of upstream an event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Upstream {
    /// The program itself: the stack as configured, the tick.
    Program,
    /// A PostgreSQL server's fast poll: role and positions, on a connection of its own.
    Postgres,
    /// The same server's slower statements, on a second connection, so that a slow one cannot make it look hung.
    PostgresDetail,
    /// A Redis data node.
    Redis,
    /// A Redis Sentinel.
    Sentinel,
}

/// Where an event comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// The kind of upstream.
    pub upstream: Upstream,
    /// The instance's configured name; empty for the program itself.
    pub name: Name,
}

/// An event with where and when it was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// When it was seen.
    pub at: Millis,
    /// Who saw it.
    pub from: Origin,
    /// Counts the connections of this source from 1; what an older connection still had under way is dropped.
    pub generation: u32,
    /// What was seen.
    pub event: Event,
}

/// A fact from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The stack as configured: the first event of every run and every recording.
    Stack(Box<Stack>),
    /// One second has passed; wall-clock time in Unix milliseconds.
    Tick {
        /// Unix time, milliseconds.
        unix_ms: i64,
    },
    /// The state of the link to this upstream changed.
    Link(Link),
    /// The address that the name resolved to (`10.0.0.7:5432`), by which other servers may call this one.
    Peer(String),
    /// A poll came back with what it had brought before.
    Unchanged(Feed),
    /// Role, positions, receiver and senders of a PostgreSQL server.
    PgFast(Box<PgFast>),
    /// Connections, databases, slots, archiver.
    PgMedium(Box<PgMedium>),
    /// Checkpoints, I/O and WAL rates.
    PgIo(Box<PgIo>),
    /// Sizes, queue, wraparound, settings, upstream.
    PgSlow(Box<PgSlow>),
    /// The statements that cost most, asked for by an open view.
    PgStatements(Box<PgStatements>),
    /// Who waits for whom, asked for by an open view.
    PgLocks(Box<PgLocks>),
    /// A Redis data node.
    Redis(Box<RedisInfo>),
    /// Its settings.
    RedisSettings(Box<RedisSettings>),
    /// What one Sentinel believes.
    Sentinel(Box<SentinelView>),
    /// What one Sentinel announced.
    SentinelMessage(SentinelMessage),
}

/// Which poll an `Event::Unchanged` confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// `Event::PgFast`, each second.
    PgFast,
    /// `Event::PgMedium`, each 5 s.
    PgMedium,
    /// `Event::PgIo`, each 5 s.
    PgIo,
    /// `Event::PgSlow`, each 60 s.
    PgSlow,
    /// `Event::PgStatements`, each 2 s while somebody looks.
    PgStatements,
    /// `Event::PgLocks`, each 2 s while somebody looks.
    PgLocks,
    /// `Event::Redis`, each second.
    Redis,
    /// `Event::RedisSettings`, each 60 s.
    RedisSettings,
    /// `Event::Sentinel`, each second.
    Sentinel,
}

/// The state of a connection to an upstream, as its source sees it. Staleness is not here: it follows from ages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// The first attempt is under way.
    #[default]
    Connecting,
    /// Answers.
    Live,
    /// Accepts connections or holds one open, and does not answer within the limit.
    Hung,
    /// Says that it is starting up, shutting down or recovering; the server's own words.
    StartingUp(String),
    /// Refuses because all connections are taken; the server's own words.
    Refused(String),
    /// Refuses the credentials or the certificate, or offers one that we refuse; why.
    Unauthorised(String),
    /// Answers, but a right is missing; which grant would mend it, for example `grant pg_monitor`.
    NoPermission(String),
    /// Cannot be reached; why, without any secret.
    Down(String),
}

impl Event {
    /// A copy fit for a recording: texts of queries are replaced by `not recorded`.
    pub fn for_recording(&self) -> Event {
        const GONE: &str = "not recorded";
        let mut copy = self.clone();
        match &mut copy {
            Event::PgStatements(rows) => rows.rows.iter_mut().for_each(|row| row.query = GONE.to_owned()),
            Event::PgLocks(rows) => rows.rows.iter_mut().for_each(|row| row.query = GONE.to_owned()),
            _ => {}
        }
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_event_reads_back_as_it_was() {
        let event = Event::PgFast(Box::new(PgFast { in_recovery: true, replay_lsn: "0/3000060".parse().ok(), ..PgFast::default() }));
        let envelope = Envelope { at: 12, from: Origin { upstream: Upstream::Postgres, name: "postgres-1".into() }, generation: 2, event };
        let line = serde_json::to_string(&envelope).unwrap();
        assert_eq!(serde_json::from_str::<Envelope>(&line).unwrap(), envelope);
    }

    #[test]
    fn query_texts_are_not_recorded() {
        let row = PgStatement { query: "select secret".into(), ..PgStatement::default() };
        let event = Event::PgStatements(Box::new(PgStatements { unavailable: None, rows: vec![row] }));
        let line = serde_json::to_string(&event.for_recording()).unwrap();
        assert!(!line.contains("secret") && line.contains("not recorded"), "{line}");
    }
}
