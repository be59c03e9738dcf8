//! A Redis Sentinel: one RESP3 connection that is polled each second and brings its announcements as pushes. The poll is the truth, and
//! the heartbeat of the subscription: a half-open connection cannot stay silent. An announcement is passed on and hastens the next poll.

use super::redis::reading::{Fields, text};
use super::redis::session::{Ended, Fault, Session, after_cut};
use super::redis::{Missing, major};
use super::{Awaited, Backoff, Outlet};
use crate::connect::SentinelTarget;
use crate::event::{Event, Feed, Link, SentinelView};
use redis::{Pipeline, PushInfo};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

mod reading;

const PERIOD: Duration = Duration::from_secs(1);

/// Announcements come in bursts: a hastened poll waits this long for the rest of one.
const SETTLE: Duration = Duration::from_millis(20);

/// Shortest time between two polls.
const SHORTEST: Duration = Duration::from_millis(100);

/// Announcements that may wait. More are dropped: the poll tells what came of them.
const WAITING: usize = 256;

/// Watches one Sentinel for ever; ends only with the program.
pub async fn watch(target: SentinelTarget, mut outlet: Outlet) {
    let (mut backoff, mut peer, mut pushes) = (Backoff::default(), None, true);
    loop {
        outlet.next_generation();
        let began = Instant::now();
        let (awaited, link) = match live(&target, &mut outlet, &mut backoff, &mut peer, pushes).await {
            Ended::Link(link) => (Awaited::of(&link), link),
            Ended::Wrong(why) => (Awaited::Repair, Link::Down(why)),
            Ended::Cut => match after_cut(began) {
                Some(link) => (Awaited::Return, link),
                None => continue,
            },
            Ended::NoPushes if pushes => {
                tracing::info!(source = %target.server.name, "no RESP3 here: this Sentinel is polled only, its announcements are not seen");
                pushes = false;
                continue;
            }
            Ended::NoPushes => (Awaited::Repair, Link::Down("the server does not speak Redis on this port".to_owned())),
            Ended::Closed => return,
        };
        // It may come back as a newer version.
        pushes = true;
        if outlet.link(link).await.is_err() {
            return;
        }
        tokio::time::sleep(backoff.next_wait(awaited)).await;
    }
}

/// One connection from dialling to its end.
async fn live(target: &SentinelTarget, outlet: &mut Outlet, backoff: &mut Backoff, peer: &mut Option<String>, pushes: bool) -> Ended {
    let (sender, mut announced) = mpsc::channel(WAITING);
    let mut session = match Session::open(&target.server, outlet, peer, pushes.then_some(sender)).await {
        Ok(session) => session,
        Err(ended) => return ended,
    };
    let mut poll = Poll::new(target);
    if pushes {
        match session.subscribe_to_all().await {
            Ok(Ok(())) => {}
            Ok(Err(Fault::Unusable(link))) | Err(link) => return Ended::Link(link),
            // The command may be permitted and the channels not.
            Ok(Err(Fault::Forbidden(words))) => {
                poll.no_subscription = Some(if words.contains("channel") { "allchannels" } else { "+psubscribe" })
            }
            Ok(Err(Fault::Other(words))) => {
                tracing::info!(source = %target.server.name, words, "this Sentinel is polled only, its announcements are not seen");
            }
        }
    }
    loop {
        if let Err(ended) = poll.once(&mut session, outlet, &mut announced).await {
            return ended;
        }
        backoff.reset();
        if let Err(ended) = poll.wait(&mut session, outlet, &mut announced).await {
            return ended;
        }
    }
}

/// What one connection has brought so far.
struct Poll<'a> {
    target: &'a SentinelTarget,
    commands: Pipeline,
    several_sections: bool,
    no_subscription: Option<&'static str>,
    view: Option<SentinelView>,
    began: Instant,
}

impl Poll<'_> {
    fn new(target: &SentinelTarget) -> Poll<'_> {
        Poll {
            target,
            commands: commands(&target.master, false),
            several_sections: false,
            no_subscription: None,
            view: None,
            began: Instant::now(),
        }
    }

    async fn once(&mut self, session: &mut Session, outlet: &mut Outlet, announced: &mut mpsc::Receiver<PushInfo>) -> Result<(), Ended> {
        self.began = Instant::now();
        let replies = session.ask(&self.commands).await?;
        // What was announced meanwhile comes before what has become of it.
        while let Ok(push) = announced.try_recv() {
            self.pass_on(&push, outlet).await?;
        }
        let mut replies = replies.into_iter();
        let mut missing = Missing::default();
        let info = missing.sort_out("+info", replies.next())?;
        let master = missing.sort_out("+sentinel|master", replies.next())?;
        let replicas = missing.sort_out("+sentinel|replicas", replies.next())?;
        let sentinels = missing.sort_out("+sentinel|sentinels", replies.next())?;
        let quorum = missing.sort_out("+sentinel|ckquorum", replies.next())?;
        let id = missing.sort_out("+sentinel|myid", replies.next())?;
        if let Some(right) = self.no_subscription {
            missing.note(right);
        }
        if master.as_ref().is_err_and(|words| words.contains("unknown command")) {
            return Err(Ended::Wrong("no Sentinel answers here, perhaps a data node".to_owned()));
        }
        let info = info.ok();
        let info = info.as_ref().and_then(text);
        let fields = info.as_deref().map(Fields::of);
        let master = match &master {
            Ok(value) => reading::master(value),
            Err(words) if words.contains("No such master") => None,
            // Not to know is not the same as not to be told.
            Err(_) => match fields.as_ref().and_then(|fields| reading::master_of_info(fields, &self.target.master)) {
                Some(master) => Some(master),
                None => return Ok(outlet.link(missing.link()).await?),
            },
        };
        outlet.link(missing.link()).await?;
        let field = |name: &str| fields.as_ref().map(|fields| fields.text(name)).unwrap_or_default();
        let view = SentinelView {
            version: field("redis_version").to_owned(),
            run_id: field("run_id").to_owned(),
            id: id.ok().as_ref().and_then(text).unwrap_or_default().into_owned(),
            tilt: field("sentinel_tilt") == "1",
            tilt_seconds: fields.as_ref().and_then(|fields| fields.number("sentinel_tilt_since_seconds")),
            master,
            replicas: replicas.map(|value| reading::replicas(&value)).unwrap_or_default(),
            sentinels: sentinels.map(|value| reading::sentinels(&value)).unwrap_or_default(),
            quorum_ok: match &quorum {
                Ok(_) => Some(true),
                Err(words) if words.starts_with("NOQUORUM") => Some(false),
                Err(_) => None,
            },
            quorum_text: quorum.map_or_else(|words| words, |value| text(&value).unwrap_or_default().into_owned()),
        };
        if !self.several_sections && major(&view.version) >= 7 {
            self.several_sections = true;
            self.commands = commands(&self.target.master, true);
        }
        Ok(outlet.observed(&mut self.view, view, Feed::Sentinel, Event::Sentinel).await?)
    }

    /// Until the next poll is due: with the tick, or soon after an announcement.
    async fn wait(&mut self, session: &mut Session, outlet: &Outlet, announced: &mut mpsc::Receiver<PushInfo>) -> Result<(), Ended> {
        let tick = outlet.next_tick(PERIOD);
        tokio::pin!(tick);
        let mut hastened = None;
        loop {
            tokio::select! {
                () = &mut tick => return Ok(()),
                () = async { tokio::time::sleep_until(hastened.unwrap_or_else(Instant::now)).await }, if hastened.is_some() => return Ok(()),
                // Without RESP3 the channel is closed from the start.
                Some(push) = announced.recv() => if self.pass_on(&push, outlet).await? {
                    hastened.get_or_insert((Instant::now() + SETTLE).max(self.began + SHORTEST));
                },
                ended = session.ended() => return Err(ended),
            }
        }
    }

    /// Sends on what is an announcement about our master; says whether it was one.
    async fn pass_on(&self, push: &PushInfo, outlet: &Outlet) -> Result<bool, Ended> {
        let Some(message) = reading::message(push, &self.target.master) else { return Ok(false) };
        outlet.send(Event::SentinelMessage(message)).await?;
        Ok(true)
    }
}

/// One poll, sent in one write.
fn commands(master: &str, several_sections: bool) -> Pipeline {
    let mut commands = redis::pipe();
    commands.cmd("INFO");
    if several_sections {
        commands.arg("server").arg("sentinel");
    }
    for question in ["MASTER", "REPLICAS", "SENTINELS", "CKQUORUM"] {
        commands.cmd("SENTINEL").arg(question).arg(master);
    }
    commands.cmd("SENTINEL").arg("MYID");
    commands
}
