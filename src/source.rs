//! The sources: one task per upstream, each with its own client, reconnect and back-off; they speak only `Event`.
//! A source never ends by itself, never blocks another, and sends only what changed.

use crate::connect::{PostgresTarget, RedisTarget, SentinelTarget};
use crate::event::{Envelope, Event, Feed, Link, Millis, Name, Origin, Upstream};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

pub mod postgres;
pub mod rate;
pub mod redis;
pub mod sentinel;

/// Room in the one channel of events; a source waits when it is full.
pub const CHANNEL: usize = 1024;

/// Longest wait for a connection: resolve, dial, TLS and log in.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Longest wait for the answer to a fast poll.
pub const FAST_LIMIT: Duration = Duration::from_millis(1500);

/// Longest wait for the answer to any other poll.
pub const SLOW_LIMIT: Duration = Duration::from_secs(5);

/// What there is to watch.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// PostgreSQL servers.
    pub postgres: Vec<PostgresTarget>,
    /// Redis data nodes.
    pub redis: Vec<RedisTarget>,
    /// Sentinels.
    pub sentinel: Vec<SentinelTarget>,
}

/// What an open view wants besides the regular polls. The app declares it, the loop publishes it, the sources follow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interests {
    /// Top statements of this PostgreSQL server.
    pub statements: Option<Name>,
    /// The lock tree of this PostgreSQL server.
    pub locks: Option<Name>,
}

/// Starts every source. They end when the returned set is dropped.
pub fn start(targets: Targets, events: &mpsc::Sender<Envelope>, epoch: Instant, interests: &watch::Receiver<Interests>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let outlet = |upstream, name: &Name| Outlet::new(Origin { upstream, name: name.clone() }, events.clone(), epoch);
    for target in targets.postgres {
        let (fast, detail) = (outlet(Upstream::Postgres, &target.name), outlet(Upstream::PostgresDetail, &target.name));
        let (interests, again) = (interests.clone(), target.clone());
        tasks.spawn(keep(fast, move |outlet| postgres::watch_fast(again.clone(), outlet)));
        tasks.spawn(keep(detail, move |outlet| postgres::watch_detail(target.clone(), outlet, interests.clone())));
    }
    for target in targets.redis {
        tasks.spawn(keep(outlet(Upstream::Redis, &target.name), move |outlet| redis::watch(target.clone(), outlet)));
    }
    for target in targets.sentinel {
        tasks.spawn(keep(outlet(Upstream::Sentinel, &target.server.name), move |outlet| sentinel::watch(target.clone(), outlet)));
    }
    tasks
}

/// Keeps a source going. One that panics is a bug of ours; it is told as a link that is down, and started again.
async fn keep<F: Future<Output = ()>>(outlet: Outlet, watch: impl Fn(Outlet) -> F) {
    let mut outlet = outlet;
    let mut backoff = Backoff::default();
    loop {
        let ended = AssertUnwindSafe(watch(outlet.copy())).catch_unwind().await;
        if ended.is_ok() {
            return;
        }
        outlet.next_generation();
        // The ended life told its own links; whatever was told last, this is news.
        outlet.link = None;
        if outlet.link(Link::Down("internal error; see the log".to_owned())).await.is_err() {
            return;
        }
        tokio::time::sleep(backoff.next_wait(Awaited::Repair)).await;
    }
}

/// A source's way out: stamps events and drops repetitions.
pub struct Outlet {
    origin: Origin,
    events: mpsc::Sender<Envelope>,
    epoch: Instant,
    /// Shared by the lives of one source, so that the next one goes on counting.
    generation: Arc<AtomicU32>,
    link: Option<Link>,
}

/// The channel is gone: the program ends, and so should the source.
#[derive(Debug)]
pub struct Closed;

impl Outlet {
    /// An outlet for `origin` whose clock starts at `epoch`.
    pub fn new(origin: Origin, events: mpsc::Sender<Envelope>, epoch: Instant) -> Outlet {
        Outlet { origin, events, epoch, generation: Arc::default(), link: None }
    }

    /// The same way out, for another life of the same source.
    fn copy(&self) -> Outlet {
        Outlet {
            origin: self.origin.clone(),
            events: self.events.clone(),
            epoch: self.epoch,
            generation: self.generation.clone(),
            link: self.link.clone(),
        }
    }

    /// Now, on the program's clock.
    pub fn now(&self) -> Millis {
        Instant::now().saturating_duration_since(self.epoch).as_millis() as Millis
    }

    /// A new connection begins; what is sent from here on belongs to it.
    pub fn next_generation(&mut self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// Sends an event, waiting while the channel is full.
    pub async fn send(&self, event: Event) -> Result<(), Closed> {
        let envelope = Envelope { at: self.now(), from: self.origin.clone(), generation: self.generation.load(Ordering::Relaxed), event };
        self.events.send(envelope).await.map_err(|_| Closed)
    }

    /// Sends the state of the link if it differs from what was sent last.
    pub async fn link(&mut self, link: Link) -> Result<(), Closed> {
        if self.link.as_ref() == Some(&link) {
            return Ok(());
        }
        let which = if self.origin.upstream == Upstream::PostgresDetail { " (slower polls)" } else { "" };
        match link {
            Link::Connecting => tracing::debug!("{}{which}: {}", self.origin.name, spoken(&link)),
            _ => tracing::info!("{}{which}: {}", self.origin.name, spoken(&link)),
        }
        self.link = Some(link.clone());
        self.send(Event::Link(link)).await
    }

    /// Sends `value` if it differs from `last`, which it replaces; else only says that the poll came back.
    pub async fn observed<T: PartialEq + Clone>(
        &self,
        last: &mut Option<T>,
        value: T,
        feed: Feed,
        wrap: impl Fn(Box<T>) -> Event,
    ) -> Result<(), Closed> {
        if last.as_ref() == Some(&value) {
            return self.send(Event::Unchanged(feed)).await;
        }
        *last = Some(value.clone());
        self.send(wrap(Box::new(value))).await
    }

    /// Sleeps until the next multiple of `period` on the program's clock, so that all sources read in the same moment: positions
    /// then compare, and the screen is drawn once for all of them.
    pub async fn next_tick(&self, period: Duration) {
        let period = period.as_millis().max(1) as u64;
        let next = (self.now() / period + 1) * period;
        tokio::time::sleep_until(self.epoch + Duration::from_millis(next)).await;
    }
}

/// A link's state as a log line says it.
fn spoken(link: &Link) -> String {
    match link {
        Link::Connecting => "connecting".to_owned(),
        Link::Live => "answers".to_owned(),
        Link::Hung => "hung: does not answer".to_owned(),
        Link::StartingUp(words) => format!("starting up: {words}"),
        Link::Refused(words) => format!("refuses connections: {words}"),
        Link::Unauthorised(words) => format!("refuses us: {words}"),
        Link::NoPermission(grant) => format!("answers in part, no permission: {grant}"),
        Link::Down(reason) => format!("down: {reason}"),
    }
}

/// What a failed attempt waits for, which decides how often it is worth trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// That the server comes back by itself: it is away, hangs, starts up or closed the connection.
    Return,
    /// That there is room, or that a server which turns everybody away changes its mind.
    Room,
    /// That a person mends something: a password, a certificate, a name, a setting.
    Repair,
}

impl Awaited {
    /// What the link alone says of it; a source that knows better says so itself.
    pub fn of(link: &Link) -> Awaited {
        match link {
            Link::Connecting | Link::Live | Link::Hung | Link::StartingUp(_) | Link::Down(_) => Awaited::Return,
            Link::Refused(_) => Awaited::Room,
            Link::Unauthorised(_) | Link::NoPermission(_) => Awaited::Repair,
        }
    }

    /// Longest wait, milliseconds. A closed port costs its host one packet, and how long the screen says "down" of a server that is
    /// back is this wait: it is short. An attempt that finds no room takes some of it, and each one that is not let in is a line in the
    /// server's log, a count towards a lock-out or a question to the name server, for something that takes a person minutes: these are
    /// long.
    fn longest_ms(self) -> u64 {
        match self {
            Awaited::Return => 2_000,
            Awaited::Room => 5_000,
            Awaited::Repair => 10_000,
        }
    }
}

/// Waits between attempts to connect: 0.5 s doubling to what is reasonable for what is awaited, with jitter.
#[derive(Debug, Default)]
pub struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The next wait.
    pub fn next_wait(&mut self, awaited: Awaited) -> Duration {
        let base = 500_u64.saturating_mul(1 << self.attempts.min(5)).min(awaited.longest_ms());
        self.attempts = self.attempts.saturating_add(1);
        // Spread over 75 to 100 % so that instances which fell together do not come back together.
        Duration::from_millis(base - fastrand::u64(0..=base / 4))
    }

    /// A connection worked: start over.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_what_is_awaited_and_start_over() {
        for (awaited, longest) in [(Awaited::Return, 2_000), (Awaited::Room, 5_000), (Awaited::Repair, 10_000)] {
            let mut backoff = Backoff::default();
            let waits: Vec<_> = (0..10).map(|_| backoff.next_wait(awaited).as_millis()).collect();
            assert!((375..=500).contains(&waits[0]) && (longest * 3 / 4..=longest).contains(&waits[9]), "{awaited:?}: {waits:?}");
            backoff.reset();
            assert!(backoff.next_wait(awaited).as_millis() <= 500);
        }
    }

    #[test]
    fn a_server_that_may_return_is_asked_soon() {
        let down = Link::Down("connection refused".to_owned());
        assert_eq!([Link::Hung, down, Link::StartingUp(String::new())].map(|link| Awaited::of(&link)), [Awaited::Return; 3]);
        assert_eq!(Awaited::of(&Link::Refused(String::new())), Awaited::Room);
        assert_eq!(Awaited::of(&Link::Unauthorised(String::new())), Awaited::Repair);
    }
}
