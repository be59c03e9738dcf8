//! Runs the sources in-process and keeps what they say: every event in order, the latest of each kind by instance, and the model
//! that follows from them.

use quarterdeck::connect::Address;
use quarterdeck::event::{Envelope, Event, Link, Member, Name, Origin, Stack, Upstream};
use quarterdeck::event::{PgFast, PgMedium, PgSlow, RedisInfo, RedisSettings, SentinelMessage, SentinelView};
use quarterdeck::model::Model;
use quarterdeck::source::{CHANNEL, Interests, Targets, start};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// The sources at work.
pub struct Watch {
    pub seen: Seen,
    /// Every source that was started.
    sources: Vec<(Upstream, String)>,
    interests: watch::Sender<Interests>,
    events: Receiver<Envelope>,
    // The sources run in it and end with it.
    runtime: Option<Runtime>,
}

/// What they said.
#[derive(Default)]
pub struct Seen {
    /// Everything, in order.
    pub all: Vec<Envelope>,
    /// Where the present step of the test begins in `all`.
    pub mark: usize,
    pub links: BTreeMap<(Upstream, String), Link>,
    pub fast: BTreeMap<String, PgFast>,
    pub medium: BTreeMap<String, PgMedium>,
    pub slow: BTreeMap<String, PgSlow>,
    pub redis: BTreeMap<String, RedisInfo>,
    pub settings: BTreeMap<String, RedisSettings>,
    pub sentinel: BTreeMap<String, SentinelView>,
    pub model: Model,
}

impl Watch {
    pub fn start(targets: Targets) -> Watch {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let (sender, mut receiver) = tokio::sync::mpsc::channel(CHANNEL);
        let servers = targets.postgres.iter().map(|target| target.name.to_string());
        let mut sources: Vec<_> = servers.flat_map(|name| [(Upstream::Postgres, name.clone()), (Upstream::PostgresDetail, name)]).collect();
        sources.extend(targets.redis.iter().map(|target| (Upstream::Redis, target.name.to_string())));
        sources.extend(targets.sentinel.iter().map(|target| (Upstream::Sentinel, target.server.name.to_string())));
        let mut seen = Seen::default();
        seen.model.apply(&configured(&targets));
        let (interests, wanted) = watch::channel(Interests::default());
        let (out, events) = channel();
        runtime.spawn(async move {
            let tasks = start(targets, &sender, tokio::time::Instant::now(), &wanted);
            while let Some(envelope) = receiver.recv().await {
                if out.send(envelope).is_err() {
                    break;
                }
            }
            drop(tasks);
        });
        Watch { seen, sources, interests, events, runtime: Some(runtime) }
    }

    /// What an open view would ask for.
    pub fn interest(&self, interests: Interests) {
        self.interests.send_replace(interests);
    }

    /// A new step of the test begins: `events` and `until` look at what comes from here on.
    pub fn mark(&mut self) {
        self.drain();
        self.seen.mark = self.seen.all.len();
    }

    /// Collects for this long.
    pub fn collect(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Ok(envelope) = self.events.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.seen.note(envelope);
        }
    }

    /// Waits until `check` finds what it wants in what was seen so far; how long that took.
    pub fn expect<T>(&mut self, what: &str, limit: Duration, mut check: impl FnMut(&Seen) -> Option<T>) -> (T, Duration) {
        let start = Instant::now();
        loop {
            self.drain();
            if let Some(value) = check(&self.seen) {
                return (value, start.elapsed());
            }
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                panic!("not within {limit:?}: {what}\n{}", self.seen.story());
            }
            if let Ok(envelope) = self.events.recv_timeout(left) {
                self.seen.note(envelope);
            }
        }
    }

    /// Waits for an event since the mark.
    pub fn until<T>(&mut self, what: &str, limit: Duration, mut find: impl FnMut(&Envelope) -> Option<T>) -> T {
        self.expect(what, limit, |seen| seen.events().iter().find_map(&mut find)).0
    }

    /// Waits until the link to an instance is as wanted; how long that took.
    pub fn expect_link(&mut self, upstream: Upstream, name: &str, what: &str, limit: Duration, want: impl Fn(&Link) -> bool) -> Duration {
        let key = (upstream, name.to_owned());
        self.expect(&format!("{upstream:?} {name}: {what}"), limit, |seen| seen.links.get(&key).filter(|link| want(link)).map(|_| ())).1
    }

    pub fn expect_live(&mut self, upstream: Upstream, name: &str) -> Duration {
        self.expect_link(upstream, name, "live", super::SOON, |link| *link == Link::Live)
    }

    /// Waits until every source that was started is live at the same time.
    pub fn expect_all_live(&mut self) {
        let sources = self.sources.clone();
        let all = |seen: &Seen| sources.iter().all(|source| seen.links.get(source) == Some(&Link::Live)).then_some(());
        self.expect("every link live", super::SOON, all);
    }

    pub fn expect_hung(&mut self, upstream: Upstream, name: &str, limit: Duration) -> Duration {
        self.expect_link(upstream, name, "hung", limit, |link| *link == Link::Hung)
    }

    /// Waits for a state of the fast poll of a PostgreSQL server.
    pub fn expect_fast(&mut self, name: &str, what: &str, want: impl Fn(&PgFast) -> bool) -> PgFast {
        self.expect(&format!("{name}: {what}"), super::SOON, |seen| seen.fast.get(name).filter(|fast| want(fast)).cloned()).0
    }

    pub fn expect_redis(&mut self, name: &str, what: &str, want: impl Fn(&RedisInfo) -> bool) -> RedisInfo {
        self.expect(&format!("{name}: {what}"), super::SOON, |seen| seen.redis.get(name).filter(|info| want(info)).cloned()).0
    }

    pub fn expect_sentinel(&mut self, name: &str, what: &str, limit: Duration, want: impl Fn(&SentinelView) -> bool) -> SentinelView {
        self.expect(&format!("{name}: {what}"), limit, |seen| seen.sentinel.get(name).filter(|view| want(view)).cloned()).0
    }

    fn drain(&mut self) {
        while let Ok(envelope) = self.events.try_recv() {
            self.seen.note(envelope);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Seen {
    fn note(&mut self, envelope: Envelope) {
        let name = envelope.from.name.to_string();
        match &envelope.event {
            Event::Link(link) => drop(self.links.insert((envelope.from.upstream, name), link.clone())),
            Event::PgFast(row) => drop(self.fast.insert(name, (**row).clone())),
            Event::PgMedium(row) => drop(self.medium.insert(name, (**row).clone())),
            Event::PgSlow(row) => drop(self.slow.insert(name, (**row).clone())),
            Event::Redis(row) => drop(self.redis.insert(name, (**row).clone())),
            Event::RedisSettings(row) => drop(self.settings.insert(name, (**row).clone())),
            Event::Sentinel(row) => drop(self.sentinel.insert(name, (**row).clone())),
            _ => {}
        }
        self.model.apply(&envelope);
        self.all.push(envelope);
    }

    /// Since the mark.
    pub fn events(&self) -> &[Envelope] {
        &self.all[self.mark..]
    }

    pub fn link(&self, upstream: Upstream, name: &str) -> Option<&Link> {
        self.links.get(&(upstream, name.to_owned()))
    }

    /// What Sentinels announced since the mark, with the name of the one that did.
    pub fn messages(&self) -> Vec<(String, SentinelMessage)> {
        let of = |envelope: &Envelope| match &envelope.event {
            Event::SentinelMessage(message) => Some((envelope.from.name.to_string(), message.clone())),
            _ => None,
        };
        self.events().iter().filter_map(of).collect()
    }

    /// For a failure: the links, and the last events that say something.
    fn story(&self) -> String {
        let links: Vec<_> = self.links.iter().map(|((upstream, name), link)| format!("  {upstream:?} {name}: {link:?}")).collect();
        let told = self.events().iter().filter(|envelope| !matches!(envelope.event, Event::Unchanged(_)));
        let mut last: Vec<_> = told.rev().take(25).map(brief).collect();
        last.reverse();
        format!("links:\n{}\nlast events:\n{}", links.join("\n"), last.join("\n"))
    }
}

/// The first event of every run.
fn configured(targets: &Targets) -> Envelope {
    let member = |name: &Name, address: &Address| Member { name: name.clone(), address: address.to_string() };
    let stack = Stack {
        postgres: targets.postgres.iter().map(|target| member(&target.name, &target.address)).collect(),
        redis: targets.redis.iter().map(|target| member(&target.name, &target.address)).collect(),
        sentinel: targets.sentinel.iter().map(|target| member(&target.server.name, &target.server.address)).collect(),
        master: super::redis::MASTER.to_owned(),
        ..Stack::default()
    };
    let from = Origin { upstream: Upstream::Program, name: "".into() };
    Envelope { at: 0, from, generation: 0, event: Event::Stack(Box::new(stack)) }
}

fn brief(envelope: &Envelope) -> String {
    let event: String = format!("{:?}", envelope.event).chars().take(400).collect();
    format!("  {} {} {event}", envelope.at, envelope.from.name)
}
