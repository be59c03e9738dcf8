//! Redis and Sentinel as known: each node's and each Sentinel's last facts with their ages, who follows whom, and how far behind.

use super::directory::{self, Place};
use super::{FAST_FRESH, Failover, Freshness, Held, History, LinkState, LsnClock, Observed, Timeline, Weight, link};
use crate::event::{
    Envelope, Event, Feed, Link, Member, Millis, Name, RedisInfo, RedisRole, RedisSettings, SentinelMessage, SentinelView, Stack, Upstream,
};

mod announcement;
mod lag;
pub use announcement::Announcement;
pub use lag::{ReplicaLag, ReplicaState};

/// An answer older than this, two polls, is overdue.
const OVERDUE: Millis = 2_000;

/// The data nodes and the Sentinels that watch them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RedisGroup {
    /// Data nodes, in the order of their names.
    pub nodes: Vec<RedisNode>,
    /// Sentinels, in the order of their names.
    pub sentinels: Vec<Sentinel>,
    /// The name under which Sentinel knows the master.
    pub master_name: Name,
    /// The master's end of the replication stream over time.
    pub clock: LsnClock,
    /// The stream that the clock measures.
    pub replid: String,
    /// The last failover or the one that goes on, as the Sentinels tell it.
    pub failover: Option<Failover>,
}

/// One data node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RedisNode {
    /// Instance.
    pub name: Name,
    /// As configured.
    pub address: String,
    /// As resolved.
    pub peer: Option<String>,
    /// The link.
    pub link: Held<Link>,
    /// Role, replication, memory and the rest.
    pub info: Option<Observed<RedisInfo>>,
    /// Its settings.
    pub settings: Option<Observed<RedisSettings>>,
    /// Since when it has had its role.
    pub role_since: Millis,
    /// Replica: since when its link to the master is down.
    pub cut_off_since: Option<Millis>,
    /// Replica: seconds behind, over time.
    pub lag_history: History,
    /// Commands per second, over time.
    pub load_history: History,
    generation: u32,
}

/// One Sentinel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sentinel {
    /// Instance.
    pub name: Name,
    /// As configured.
    pub address: String,
    /// As resolved.
    pub peer: Option<String>,
    /// The link.
    pub link: Held<Link>,
    /// What it believes.
    pub view: Option<Observed<SentinelView>>,
    generation: u32,
}

/// Whether two reported addresses mean the same instance among `nodes`; addresses that mean none of them compare as text.
pub fn same_instance(group: &RedisGroup, a: (&str, u16), b: (&str, u16)) -> bool {
    same((a, group.node_at(a.0, a.1)), (b, group.node_at(b.0, b.1)))
}

/// The same for addresses with the nodes that they mean.
fn same(a: ((&str, u16), Option<&Name>), b: ((&str, u16), Option<&Name>)) -> bool {
    match (a.1, b.1) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.0 == b.0,
        _ => false,
    }
}

impl RedisGroup {
    /// Nodes and Sentinels of which nothing is known yet.
    pub fn new(stack: &Stack) -> RedisGroup {
        let node = |m: &Member| RedisNode { name: m.name.clone(), address: m.address.clone(), ..RedisNode::default() };
        let sentinel = |m: &Member| Sentinel { name: m.name.clone(), address: m.address.clone(), ..Sentinel::default() };
        RedisGroup {
            nodes: stack.redis.iter().map(node).collect(),
            sentinels: stack.sentinel.iter().map(sentinel).collect(),
            master_name: stack.master.as_str().into(),
            ..RedisGroup::default()
        }
    }

    /// The data node called `name`.
    pub fn node(&self, name: &str) -> Option<&RedisNode> {
        self.nodes.iter().find(|node| *node.name == *name)
    }

    /// The Sentinel called `name`.
    pub fn sentinel(&self, name: &str) -> Option<&Sentinel> {
        self.sentinels.iter().find(|sentinel| *sentinel.name == *name)
    }

    /// The data node that a reported address means.
    pub fn node_at(&self, host: &str, port: u16) -> Option<&Name> {
        directory::find(self.nodes.iter().map(|n| Place { name: &n.name, address: &n.address, peer: n.peer.as_deref() }), host, port)
    }

    /// The Sentinel that a reported address means.
    pub fn sentinel_at(&self, host: &str, port: u16) -> Option<&Name> {
        directory::find(self.sentinels.iter().map(|s| Place { name: &s.name, address: &s.address, peer: s.peer.as_deref() }), host, port)
    }

    /// Nodes that claim to be the master, as of a moment ago. More than one is a stale master or a split brain. A poll that is overdue does
    /// not count: while a failover names another, a stopped master must not seem to take writes.
    pub fn fresh_masters(&self, now: Millis) -> impl Iterator<Item = &RedisNode> {
        self.nodes.iter().filter(move |node| {
            node.is_master() && node.is_fresh(now) && node.info.as_ref().is_some_and(|i| now.saturating_sub(i.at) <= OVERDUE)
        })
    }

    /// The address that most of the fresh Sentinels name, with how many name it and how many were asked.
    pub fn elected(&self, now: Millis) -> Option<(&str, u16, usize, usize)> {
        // Each is looked up once: this is asked for every fact about a master.
        let masters = self.fresh_views(now).filter_map(|view| view.master.as_ref());
        let named: Vec<_> = masters.map(|m| (m.host.as_str(), m.port)).map(|at| (at, self.node_at(at.0, at.1))).collect();
        let votes = |one: &(_, _)| named.iter().filter(|other| same(**other, *one)).count();
        let best = named.iter().max_by_key(|address| votes(address))?;
        Some((best.0.0, best.0.1, votes(best), named.len()))
    }

    /// What the Sentinels that were seen within ten seconds believe.
    pub fn fresh_views(&self, now: Millis) -> impl Iterator<Item = &SentinelView> + Clone {
        self.sentinels.iter().filter(move |s| s.is_fresh(now)).filter_map(|s| s.view.as_ref().map(|v| &v.value))
    }

    /// The master: whom most of all Sentinels name; without such a majority the node that claims it, else the one that did so last.
    pub fn master(&self, now: Millis) -> Option<&RedisNode> {
        let named = self.elected(now);
        let agreed = named.is_some_and(|(_, _, votes, _)| 2 * votes > self.sentinels.len());
        let elected = named.and_then(|(host, port, ..)| self.node_at(host, port)).and_then(|name| self.node(name));
        let last_seen = |node: &&RedisNode| node.info.as_ref().map_or(0, |i| i.at);
        elected
            .filter(|_| agreed)
            .or_else(|| self.fresh_masters(now).max_by_key(|n| n.role_since))
            .or(elected)
            .or_else(|| self.nodes.iter().filter(|n| n.is_master()).max_by_key(last_seen))
    }

    /// Nodes that are not the master.
    pub fn others(&self, now: Millis) -> impl Iterator<Item = &RedisNode> {
        let master = self.master(now).map(|m| m.name.clone());
        self.nodes.iter().filter(move |node| Some(&node.name) != master.as_ref())
    }

    /// Takes a fact in. Says whether anything but ages may look different.
    pub(super) fn apply(&mut self, envelope: &Envelope, timeline: &mut Timeline) -> bool {
        let at = envelope.at;
        if envelope.from.upstream == Upstream::Redis {
            let Some(node) = self.nodes.iter_mut().find(|n| n.name == envelope.from.name) else { return false };
            let changed = node.apply(envelope, timeline);
            let leads = node.is_master();
            if leads && matches!(envelope.event, Event::Redis(_) | Event::Unchanged(Feed::Redis)) {
                self.sample(at);
            }
            return changed;
        }
        if let Event::SentinelMessage(message) = &envelope.event {
            self.announced(at, message, &envelope.from.name, timeline);
            return true;
        }
        self.sentinels.iter_mut().find(|s| s.name == envelope.from.name).is_some_and(|s| s.apply(envelope, timeline))
    }

    fn sample(&mut self, at: Millis) {
        let master = self.master(at).filter(|m| m.is_fresh(at) && m.is_master());
        let Some(info) = master.and_then(|m| m.info.as_ref()).filter(|info| info.at == at) else { return };
        let (replid, offset) = (info.value.replid.clone(), info.value.offset);
        if self.replid != replid {
            self.clock.clear();
            self.replid = replid;
        }
        self.clock.sample(at, offset);
    }

    fn announced(&mut self, at: Millis, message: &SentinelMessage, sentinel: &Name, timeline: &mut Timeline) {
        let told = announcement::read(self, message);
        if let Some(weight) = announcement::weight(&message.kind) {
            timeline.witness(at, &told.subject, weight, format!("{} {}", message.kind, told.text).trim_end().to_owned(), sentinel);
        }
        Failover::follow(&mut self.failover, at, message, told, sentinel);
    }

    /// Once a second: adds a sample to each history. Says whether a history looks different.
    pub(super) fn remember(&mut self, now: Millis) -> bool {
        // What is not measured now is a gap, not the last value and not a zero.
        let measured = |lag: ReplicaLag| lag.seconds.filter(|_| lag.master_unseen.is_none());
        let lags: Vec<_> = self.nodes.iter().map(|node| self.lag(node, now).and_then(measured)).collect();
        self.nodes.iter_mut().zip(lags).fold(false, |moved, (node, lag)| {
            let load = node.info.as_ref().filter(|_| node.is_fresh(now)).and_then(|i| i.value.commands_per_s);
            let (a, b) = (node.lag_history.push(lag), node.load_history.push(load));
            a || b || moved
        })
    }
}

impl RedisNode {
    /// It claimed to be a master when last seen.
    pub fn is_master(&self) -> bool {
        self.info.as_ref().is_some_and(|i| i.value.role == RedisRole::Master)
    }

    /// `master`, `replica` or `unknown`, as last seen.
    pub fn role(&self) -> &'static str {
        match self.info.as_ref().map(|i| i.value.role) {
            Some(RedisRole::Master) => "master",
            Some(RedisRole::Replica) => "replica",
            None => "unknown",
        }
    }

    /// Its facts are worth believing.
    pub fn is_fresh(&self, now: Millis) -> bool {
        self.freshness(now) == Freshness::Fresh && self.link_state(now).answers()
    }

    /// Age of its facts.
    pub fn freshness(&self, now: Millis) -> Freshness {
        Freshness::of(&self.info, now, FAST_FRESH)
    }

    /// The link as it is shown.
    pub fn link_state(&self, now: Millis) -> LinkState<'_> {
        LinkState::of(&self.link, &self.info, now)
    }

    fn apply(&mut self, envelope: &Envelope, timeline: &mut Timeline) -> bool {
        let at = envelope.at;
        if envelope.generation < self.generation {
            return false;
        }
        self.generation = envelope.generation;
        match &envelope.event {
            Event::Link(state) => return link::set(&mut self.link, &self.name, state, at, Some(timeline)),
            Event::Peer(peer) => self.peer = Some(peer.clone()),
            Event::Redis(info) => self.set_info(info, at, timeline),
            Event::RedisSettings(settings) => self.settings = Some(Observed { value: (**settings).clone(), at }),
            Event::Unchanged(Feed::Redis) => return link::confirm(&mut self.info, at, Feed::Redis),
            Event::Unchanged(Feed::RedisSettings) => {
                return link::confirm(&mut self.settings, at, Feed::RedisSettings);
            }
            _ => return false,
        }
        true
    }

    fn set_info(&mut self, info: &RedisInfo, at: Millis, timeline: &mut Timeline) {
        let was = self.info.as_ref().map(|o| &o.value);
        if let Some(was) = was {
            if was.run_id != info.run_id {
                timeline.add(at, &self.name, Weight::Notable, "restarted");
            }
            if was.role != info.role {
                let text = if info.role == RedisRole::Master { "is a master now" } else { "is a replica now" };
                timeline.add(at, &self.name, Weight::Notable, text);
            }
        }
        if was.is_none_or(|was| was.role != info.role) {
            self.role_since = at;
        }
        let down = info.role == RedisRole::Replica && info.master.as_ref().is_none_or(|link| !link.up);
        match (down, self.cut_off_since) {
            (true, None) => {
                if was.is_some_and(|was| was.master.as_ref().is_some_and(|link| link.up)) {
                    timeline.add(at, &self.name, Weight::Bad, "link to its master is down");
                }
                self.cut_off_since = Some(at);
            }
            (false, Some(_)) => {
                if info.role == RedisRole::Replica {
                    timeline.add(at, &self.name, Weight::Good, "replicates again");
                }
                self.cut_off_since = None;
            }
            _ => {}
        }
        self.info = Some(Observed { value: info.clone(), at });
    }
}

impl Sentinel {
    /// What it believes is worth believing.
    pub fn is_fresh(&self, now: Millis) -> bool {
        self.freshness(now) == Freshness::Fresh && self.link_state(now).answers()
    }

    /// Age of its view.
    pub fn freshness(&self, now: Millis) -> Freshness {
        Freshness::of(&self.view, now, FAST_FRESH)
    }

    /// The link as it is shown.
    pub fn link_state(&self, now: Millis) -> LinkState<'_> {
        LinkState::of(&self.link, &self.view, now)
    }

    fn apply(&mut self, envelope: &Envelope, timeline: &mut Timeline) -> bool {
        let at = envelope.at;
        if envelope.generation < self.generation {
            return false;
        }
        self.generation = envelope.generation;
        match &envelope.event {
            Event::Link(state) => return link::set(&mut self.link, &self.name, state, at, Some(timeline)),
            Event::Peer(peer) => self.peer = Some(peer.clone()),
            Event::Sentinel(view) => {
                let restarted = self.view.as_ref().is_some_and(|was| was.value.run_id != view.run_id);
                if restarted {
                    timeline.add(at, &self.name, Weight::Notable, "restarted");
                }
                self.view = Some(Observed { value: (**view).clone(), at });
            }
            Event::Unchanged(Feed::Sentinel) => return link::confirm(&mut self.view, at, Feed::Sentinel),
            _ => return false,
        }
        true
    }
}
