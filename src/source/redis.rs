//! A Redis data node: one connection, one round trip a second. Each reply is looked at on its own, so that a missing right costs
//! what it covers and no more.

use super::{Awaited, Backoff, Outlet};
use crate::connect::RedisTarget;
use crate::event::{Event, Feed, Link, RedisInfo, RedisSettings};
use reading::{Fields, Role};
use redis::{Pipeline, Value};
use session::{Ended, Fault, Session};
use std::time::Duration;
use steady::Steady;
use tokio::time::Instant;

pub(super) mod reading;
pub(super) mod session;
mod steady;

const PERIOD: Duration = Duration::from_secs(1);
const SETTINGS_PERIOD: Duration = Duration::from_secs(60);

/// Sections of `INFO` that are projected; several at a time are understood since 7.0.
const SECTIONS: [&str; 7] = ["server", "clients", "memory", "persistence", "stats", "replication", "errorstats"];

/// Watches one data node for ever; ends only with the program.
pub async fn watch(target: RedisTarget, mut outlet: Outlet) {
    let (mut backoff, mut peer, mut steady) = (Backoff::default(), None, Steady::default());
    loop {
        outlet.next_generation();
        let began = Instant::now();
        let (awaited, link) = match live(&target, &mut outlet, &mut backoff, &mut peer, &mut steady).await {
            Ended::Link(link) => (Awaited::of(&link), link),
            Ended::Wrong(why) => (Awaited::Repair, Link::Down(why)),
            Ended::Cut => match session::after_cut(began) {
                Some(link) => (Awaited::Return, link),
                None => continue,
            },
            Ended::NoPushes => (Awaited::Repair, Link::Down("the server does not speak Redis on this port".to_owned())),
            Ended::Closed => return,
        };
        if outlet.link(link).await.is_err() {
            return;
        }
        tokio::time::sleep(backoff.next_wait(awaited)).await;
    }
}

/// One connection from dialling to its end.
async fn live(target: &RedisTarget, outlet: &mut Outlet, backoff: &mut Backoff, peer: &mut Option<String>, steady: &mut Steady) -> Ended {
    let mut session = match Session::open(target, outlet, peer, None).await {
        Ok(session) => session,
        Err(ended) => return ended,
    };
    let mut poll = Poll::default();
    loop {
        if let Err(ended) = poll.once(&mut session, outlet, steady).await {
            return ended;
        }
        backoff.reset();
        tokio::select! {
            () = outlet.next_tick(PERIOD) => {}
            ended = session.ended() => return ended,
        }
    }
}

/// What one connection has brought so far.
#[derive(Default)]
struct Poll {
    many_sections: bool,
    settings_at: Option<Instant>,
    row: Option<RedisInfo>,
    settings: Option<RedisSettings>,
}

impl Poll {
    async fn once(&mut self, session: &mut Session, outlet: &mut Outlet, steady: &mut Steady) -> Result<(), Ended> {
        let with_settings = self.settings_at.is_none_or(|at| at.elapsed() >= SETTINGS_PERIOD);
        let replies = session.ask(&self.commands(with_settings)).await?;
        let mut replies = replies.into_iter();
        let mut missing = Missing::default();
        let role = missing.sort_out("+role", replies.next())?;
        let info = missing.sort_out("+info", replies.next())?;

        let role = role.ok().as_ref().and_then(Role::of);
        if role == Some(Role::Sentinel) {
            return Err(Ended::Wrong("a Sentinel answers here, not a data node".to_owned()));
        }
        if info.is_err() {
            // Also when it was renamed or taken away: whatever the reason, it is what is missing.
            missing.note("+info");
        }
        let info = info.ok();
        let info = info.as_ref().and_then(reading::text);
        let fields = info.as_deref().map(Fields::of);
        self.many_sections = fields.as_ref().is_some_and(|fields| major(fields.text("redis_version")) >= 7);
        let mut row = reading::row(role, fields.as_ref());
        if let (Some(row), Some(fields)) = (&mut row, &fields) {
            steady.hold(outlet.now() as f64 / 1000.0, fields, row);
        }
        // What ROLE tells INFO tells too: without the former nothing is lost, and nobody need be troubled.
        if fields.is_some() {
            missing.forget("+role");
        }
        // INFO is answered while the data set is read, and to everybody else the server says LOADING.
        let loading = row.as_ref().is_some_and(|row| row.loading);
        outlet.link(if loading { Link::StartingUp("loading the data set".to_owned()) } else { missing.link() }).await?;
        if let Some(row) = row {
            outlet.observed(&mut self.row, row, Feed::Redis, Event::Redis).await?;
        }
        if with_settings {
            self.settings_at = Some(Instant::now());
            // A policy may well forbid CONFIG: then settings are unknown, which is not a fault of the link.
            let values: Vec<_> = reading::SETTINGS.iter().map(|name| (*name, session::reply(replies.next()).ok())).collect();
            let slow_log = session::reply(replies.next()).ok();
            let settings = reading::settings(&values, slow_log.as_ref());
            outlet.observed(&mut self.settings, settings, Feed::RedisSettings, Event::RedisSettings).await?;
        }
        Ok(())
    }

    fn commands(&self, with_settings: bool) -> Pipeline {
        let mut commands = redis::pipe();
        commands.cmd("ROLE");
        commands.cmd("INFO");
        if self.many_sections {
            commands.arg(&SECTIONS);
        }
        if with_settings {
            // One by one in the same write: every version takes that, and a setting that one does not know spoils no other.
            for name in reading::SETTINGS {
                commands.cmd("CONFIG").arg("GET").arg(name);
            }
            commands.cmd("SLOWLOG").arg("LEN");
        }
        commands
    }
}

pub(super) fn major(version: &str) -> u32 {
    version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or_default()
}

/// Rights that replies have shown to be missing, as ACL rules that would grant them.
#[derive(Debug, Default)]
pub(super) struct Missing(Vec<&'static str>);

impl Missing {
    /// The reply, or the server's words against that command; `right` is noted if that is what it lacks. An error that says that the
    /// whole connection is of no use ends it.
    pub fn sort_out(&mut self, right: &'static str, value: Option<Value>) -> Result<Result<Value, String>, Ended> {
        match session::reply(value) {
            Ok(value) => Ok(Ok(value)),
            Err(Fault::Unusable(link)) => Err(Ended::Link(link)),
            Err(Fault::Forbidden(words)) => {
                self.note(right);
                Ok(Err(words))
            }
            Err(Fault::Other(words)) => Ok(Err(words)),
        }
    }

    /// Notes a right, once.
    pub fn note(&mut self, right: &'static str) {
        if !self.0.contains(&right) {
            self.0.push(right);
        }
    }

    fn forget(&mut self, right: &str) {
        self.0.retain(|noted| *noted != right);
    }

    /// Live, or which rights are missing: `the ACL lacks +info`.
    pub fn link(&self) -> Link {
        if self.0.is_empty() { Link::Live } else { Link::NoPermission(format!("the ACL lacks {}", self.0.join(" "))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_once_and_as_what_it_is() {
        let mut missing = Missing::default();
        assert_eq!(missing.link(), Link::Live);
        for right in ["+info", "+sentinel|master", "+info"] {
            missing.note(right);
        }
        assert_eq!(missing.link(), Link::NoPermission("the ACL lacks +info +sentinel|master".to_owned()));
    }
}
