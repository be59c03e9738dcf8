//! PostgreSQL as known: each server's last facts with their ages, who follows whom, and lag that is never wrong.

use super::directory::{self, Place};
use super::{FAST_FRESH, Freshness, Held, History, LinkState, LsnClock, Observed, Timeline, Weight, link};
use crate::event::{
    Envelope, Event, Feed, Link, Lsn, Member, Millis, Name, PgFast, PgIo, PgLocks, PgMedium, PgReceiver, PgSender, PgSlow, PgStatements,
    Upstream,
};

mod lag;
pub use lag::{Replication, StandbyLag};

/// The servers of the cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PgCluster {
    /// In the order of their names.
    pub servers: Vec<PgServer>,
}

/// One server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PgServer {
    /// Instance.
    pub name: Name,
    /// As configured.
    pub address: String,
    /// As resolved.
    pub peer: Option<String>,
    /// The link of the fast poll.
    pub link: Held<Link>,
    /// The link of the slower polls.
    pub detail_link: Held<Link>,
    /// Role and positions.
    pub fast: Option<Observed<PgFast>>,
    /// Connections, slots, archiver.
    pub medium: Option<Observed<PgMedium>>,
    /// Checkpoints and I/O.
    pub io: Option<Observed<PgIo>>,
    /// Sizes and settings.
    pub slow: Option<Observed<PgSlow>>,
    /// Top statements, while somebody looks.
    pub statements: Option<Observed<PgStatements>>,
    /// The lock tree, while somebody looks.
    pub locks: Option<Observed<PgLocks>>,
    /// Since when it has had its role.
    pub role_since: Millis,
    /// Primary that we saw being promoted: its new timeline, and where it was when last seen before. The fork lies there or later.
    pub promoted_at: Option<(u32, Lsn)>,
    /// Standby: since when no receiver runs.
    pub cut_off_since: Option<Millis>,
    /// Primary: its end of WAL over time. A promoted server goes on with the clock of the primary before it.
    pub clock: LsnClock,
    /// Standby: seconds behind, over time.
    pub lag_history: History,
    generations: [u32; 2],
}

impl PgCluster {
    /// Servers of which nothing is known yet.
    pub fn new(members: &[Member]) -> PgCluster {
        let server = |m: &Member| PgServer { name: m.name.clone(), address: m.address.clone(), ..PgServer::default() };
        PgCluster { servers: members.iter().map(server).collect() }
    }

    /// The server called `name`.
    pub fn server(&self, name: &str) -> Option<&PgServer> {
        self.servers.iter().find(|server| *server.name == *name)
    }

    /// Servers that were a primary when last seen, and were seen within ten seconds. More than one is a split brain.
    pub fn fresh_primaries(&self, now: Millis) -> impl Iterator<Item = &PgServer> {
        self.servers.iter().filter(move |s| s.is_primary() && s.is_fresh(now))
    }

    /// The primary: the fresh one with the highest timeline, else the one seen last; while nobody else is promoted a stale one is still
    /// the last primary known. One that was never seen is the primary if standbys follow it.
    pub fn primary(&self, now: Millis) -> Option<&PgServer> {
        let timeline = |s: &&PgServer| s.fast.as_ref().map_or(0, |f| f.value.timeline);
        let last_seen = |s: &&PgServer| s.fast.as_ref().map_or(0, |f| f.at);
        self.fresh_primaries(now)
            .max_by_key(timeline)
            .or_else(|| self.servers.iter().filter(|s| s.is_primary()).max_by_key(last_seen))
            .or_else(|| self.followed(now))
    }

    /// A server that we have never seen and that standbys follow.
    fn followed(&self, now: Millis) -> Option<&PgServer> {
        let standbys = self.servers.iter().filter(|s| s.is_standby() && s.is_fresh(now));
        standbys.filter_map(|s| self.upstream_of(s)).filter_map(|name| self.server(name)).find(|server| server.fast.is_none())
    }

    /// Servers that are not the primary.
    pub fn others(&self, now: Millis) -> impl Iterator<Item = &PgServer> {
        let primary = self.primary(now).map(|p| p.name.clone());
        self.servers.iter().filter(move |s| Some(&s.name) != primary.as_ref())
    }

    /// The highest timeline seen anywhere.
    pub fn timeline(&self) -> Option<u32> {
        self.servers.iter().filter_map(|s| s.fast.as_ref().map(|f| f.value.timeline)).max()
    }

    /// The server that `standby` follows or is configured to follow; `None` when its address is not one of ours.
    pub fn upstream_of(&self, standby: &PgServer) -> Option<&Name> {
        let following = match standby.fast.as_ref().map(|f| &f.value.receiver) {
            Some(PgReceiver::Present(row)) => row.sender_host.as_deref().zip(row.sender_port),
            _ => None,
        };
        let configured = standby.slow.as_ref().and_then(|s| s.value.upstream_host.as_deref().zip(s.value.upstream_port));
        let (host, port) = following.or(configured)?;
        directory::find(self.servers.iter().map(PgServer::place), host, port)
    }

    /// The row of `pg_stat_replication` on `upstream` that means `standby`: by name, by the name it introduces itself with, by its
    /// slot, or by an address that only it has.
    pub fn sender_of<'a>(&self, upstream: &'a PgServer, standby: &PgServer) -> Option<&'a PgSender> {
        let senders = upstream.fast.as_ref()?.value.senders.as_ref()?;
        let plain = |text: &str| text.replace('_', "-");
        let introduces = |s: &PgServer| s.slow.as_ref().and_then(|o| o.value.application_name.clone());
        let only = |found: &mut dyn Iterator<Item = &'a PgSender>| found.next().filter(|_| found.next().is_none());
        let by_name = || only(&mut senders.iter().filter(|row| plain(&row.name) == plain(&standby.name)));
        let by_introduction = || {
            let name = introduces(standby)?;
            let unique = self.servers.iter().filter(|s| introduces(s).as_ref() == Some(&name)).count() == 1;
            only(&mut senders.iter().filter(|row| unique && row.name == name))
        };
        let by_slot = || {
            let PgReceiver::Present(receiver) = &standby.fast.as_ref()?.value.receiver else { return None };
            let slot = receiver.slot.as_ref()?;
            let pid = upstream.medium.as_ref()?.value.slots.iter().find(|s| s.name == *slot)?.pid?;
            senders.iter().find(|row| row.pid == pid)
        };
        let by_address = || {
            let ip =
                |s: &PgServer| s.peer.as_deref().and_then(|p| p.rsplit_once(':')).map(|(ip, _)| ip.trim_matches(['[', ']']).to_owned());
            let mine = ip(standby)?;
            let unique = self.servers.iter().filter(|s| ip(s).as_ref() == Some(&mine)).count() == 1;
            only(&mut senders.iter().filter(|row| unique && row.address.as_ref() == Some(&mine)))
        };
        by_name().or_else(by_introduction).or_else(by_slot).or_else(by_address)
    }

    /// Takes a fact about one server in. Says whether anything but ages may look different.
    pub(super) fn apply(&mut self, envelope: &Envelope, timeline: &mut Timeline) -> bool {
        let Some(index) = self.servers.iter().position(|s| s.name == envelope.from.name) else { return false };
        let promoted = matches!(&envelope.event, Event::PgFast(fast) if !fast.in_recovery)
            && self.servers.get(index).is_some_and(PgServer::is_standby);
        let before = if promoted { self.primary(envelope.at).map(|p| p.clock.clone()) } else { None };
        let Some(server) = self.servers.get_mut(index) else { return false };
        let changed = server.apply(envelope, timeline);
        if matches!(envelope.event, Event::PgFast(_) | Event::Unchanged(Feed::PgFast)) {
            if let Some(clock) = before.filter(|_| server.is_primary()) {
                server.clock = clock;
            }
            if let Some(flushed) = server.fast.as_ref().and_then(|fast| fast.value.flush_lsn) {
                server.clock.sample(envelope.at, flushed.0);
            }
        }
        changed
    }

    /// Once a second: adds a sample to each history. Says whether a history looks different.
    pub(super) fn remember(&mut self, now: Millis) -> bool {
        // What is not measured now is a gap, not the last value and not a zero.
        let measured = |lag: StandbyLag| lag.seconds.filter(|_| lag.primary_unseen.is_none());
        let lags: Vec<_> = self.servers.iter().map(|server| self.lag(server, now).and_then(measured)).collect();
        self.servers.iter_mut().zip(lags).fold(false, |moved, (server, lag)| server.lag_history.push(lag) || moved)
    }
}

impl PgServer {
    fn place(&self) -> Place<'_> {
        Place { name: &self.name, address: &self.address, peer: self.peer.as_deref() }
    }

    /// It was a primary when last seen.
    pub fn is_primary(&self) -> bool {
        self.fast.as_ref().is_some_and(|f| !f.value.in_recovery)
    }

    /// It was a standby when last seen.
    pub fn is_standby(&self) -> bool {
        self.fast.as_ref().is_some_and(|f| f.value.in_recovery)
    }

    /// `primary`, `standby` or `unknown`, as last seen.
    pub fn role(&self) -> &'static str {
        match &self.fast {
            Some(fast) if fast.value.in_recovery => "standby",
            Some(_) => "primary",
            None => "unknown",
        }
    }

    /// Its role and positions are worth believing.
    pub fn is_fresh(&self, now: Millis) -> bool {
        self.freshness(now) == Freshness::Fresh && self.link_state(now).answers()
    }

    /// Age of role and positions.
    pub fn freshness(&self, now: Millis) -> Freshness {
        Freshness::of(&self.fast, now, FAST_FRESH)
    }

    /// The link as it is shown.
    pub fn link_state(&self, now: Millis) -> LinkState<'_> {
        LinkState::of(&self.link, &self.fast, now)
    }

    /// A standby's position: what it would have after replaying all that it received.
    pub fn position(&self) -> Option<Lsn> {
        let fast = &self.fast.as_ref()?.value;
        fast.receive_lsn.max(fast.replay_lsn).or(fast.flush_lsn)
    }

    fn apply(&mut self, envelope: &Envelope, timeline: &mut Timeline) -> bool {
        let at = envelope.at;
        let lane = usize::from(envelope.from.upstream == Upstream::PostgresDetail);
        match self.generations.get_mut(lane) {
            Some(known) if envelope.generation < *known => return false,
            Some(known) => *known = envelope.generation,
            None => return false,
        }
        match &envelope.event {
            Event::Link(state) if lane == 0 => return link::set(&mut self.link, &self.name, state, at, Some(timeline)),
            Event::Link(state) => return link::set(&mut self.detail_link, &self.name, state, at, None),
            Event::Peer(peer) => self.peer = Some(peer.clone()),
            Event::PgFast(fast) => self.set_fast(fast, at, timeline),
            Event::PgMedium(medium) => self.medium = Some(Observed { value: (**medium).clone(), at }),
            Event::PgIo(io) => self.io = Some(Observed { value: (**io).clone(), at }),
            Event::PgSlow(slow) => self.slow = Some(Observed { value: (**slow).clone(), at }),
            Event::PgStatements(rows) => self.statements = Some(Observed { value: (**rows).clone(), at }),
            Event::PgLocks(rows) => self.locks = Some(Observed { value: (**rows).clone(), at }),
            Event::Unchanged(feed) => return self.confirm(*feed, at),
            _ => return false,
        }
        true
    }

    fn confirm(&mut self, feed: Feed, at: Millis) -> bool {
        match feed {
            Feed::PgFast => link::confirm(&mut self.fast, at, feed),
            Feed::PgMedium => link::confirm(&mut self.medium, at, feed),
            Feed::PgIo => link::confirm(&mut self.io, at, feed),
            Feed::PgSlow => link::confirm(&mut self.slow, at, feed),
            Feed::PgStatements => link::confirm(&mut self.statements, at, feed),
            Feed::PgLocks => link::confirm(&mut self.locks, at, feed),
            Feed::Redis | Feed::RedisSettings | Feed::Sentinel => false,
        }
    }

    fn set_fast(&mut self, fast: &PgFast, at: Millis, timeline: &mut Timeline) {
        let was = self.fast.as_ref().map(|o| &o.value);
        let mut note = |weight, text: String| timeline.add(at, &self.name, weight, text);
        if let Some(was) = was {
            if was.started != fast.started {
                note(Weight::Notable, "restarted".to_owned());
            }
            if was.in_recovery != fast.in_recovery {
                note(
                    Weight::Notable,
                    if fast.in_recovery { "is a standby now".to_owned() } else { "promoted: is the primary now".to_owned() },
                );
            }
            if was.timeline != fast.timeline {
                note(Weight::Notable, format!("timeline {} → {}", was.timeline, fast.timeline));
            }
            if was.sync_names != fast.sync_names {
                note(Weight::Notable, format!("synchronous_standby_names is '{}' now", fast.sync_names));
            }
        }
        if was.is_some_and(|was| was.in_recovery && !fast.in_recovery) {
            self.promoted_at = self.position().map(|position| (fast.timeline, position));
        }
        let was = self.fast.as_ref().map(|o| &o.value);
        if was.is_none_or(|was| was.in_recovery != fast.in_recovery) {
            self.role_since = at;
        }
        let connected = matches!(&fast.receiver, PgReceiver::Present(row) if row.status == "streaming");
        let cut_off = fast.in_recovery && fast.receiver == PgReceiver::Absent;
        match (cut_off, connected, self.cut_off_since) {
            (true, _, None) => {
                if was.is_some_and(|was| matches!(was.receiver, PgReceiver::Present(_))) {
                    timeline.add(at, &self.name, Weight::Bad, "cut off from its primary");
                }
                self.cut_off_since = Some(at);
            }
            (false, true, Some(_)) => {
                timeline.add(at, &self.name, Weight::Good, "streams again");
                self.cut_off_since = None;
            }
            (false, _, Some(_)) if !fast.in_recovery => self.cut_off_since = None,
            _ => {}
        }
        self.fast = Some(Observed { value: fast.clone(), at });
    }
}
