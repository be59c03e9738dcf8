//! The second connection: everything that may be slow, one statement after the other. What goes wrong here is said as the state of
//! this connection, costs only the part that it concerns, and never touches the fast one.

use super::fault::{self, Fault};
use super::rates::{IoAnswer, IoRates, MediumAnswer, MediumRates};
use super::session::{Purpose, Session};
use super::{Interests, Outlet, Retry};
use crate::connect::PostgresTarget;
use crate::event::{Event, Feed, Link, Millis, PgIo, PgLock, PgLocks, PgMedium, PgSlow, PgStatement, PgStatements};
use crate::source::Closed;
use crate::sql;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;

const MEDIUM_PERIOD: Millis = 5_000;
const SLOW_PERIOD: Millis = 60_000;
const SLOW_RETRY: Millis = 10_000;
const LOOKED_AT_PERIOD: Millis = 2_000;

/// Whom a standby follows, from `primary_conninfo`.
#[derive(Debug, Default, Deserialize)]
struct Upstream {
    host: Option<String>,
    port: Option<u16>,
    application_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct HasStatements {
    visible: bool,
    schema: Option<String>,
}

#[derive(Debug, Deserialize)]
struct LocksAnswer {
    rows: Vec<PgLock>,
    /// The role, if it lacks `pg_read_all_stats`: what others wait for is then hidden, and those that wait look as if they did not.
    blind: Option<String>,
}

impl From<LocksAnswer> for PgLocks {
    fn from(answer: LocksAnswer) -> PgLocks {
        PgLocks { unavailable: answer.blind.map(|role| format!("needs pg_monitor: grant pg_monitor to {role}")), rows: answer.rows }
    }
}

/// Why a round of questions ends: the connection failed, or nobody listens any more.
enum Stop {
    Lost(Fault),
    Closed,
}

impl From<Closed> for Stop {
    fn from(_: Closed) -> Stop {
        Stop::Closed
    }
}

pub(super) async fn keep_polling(
    target: PostgresTarget,
    mut outlet: Outlet,
    mut interests: watch::Receiver<Interests>,
) -> Result<Infallible, Closed> {
    let mut retry = Retry::default();
    outlet.link(Link::Connecting).await?;
    loop {
        outlet.next_generation();
        let fault = match Session::open(&target, Purpose::Detail, &mut None).await {
            Ok(session) => match Round::new(session, &target, &mut outlet, &mut retry).run(&mut interests).await {
                Stop::Lost(fault) => fault,
                Stop::Closed => return Err(Closed),
            },
            Err(fault) => fault,
        };
        retry.failed(&fault, &mut outlet).await?;
    }
}

/// What one connection asks, and remembers between two answers.
struct Round<'a> {
    session: Session,
    target: &'a PostgresTarget,
    outlet: &'a mut Outlet,
    retry: &'a mut Retry,
    /// Statements that fail while the connection works, until they work again.
    troubles: BTreeMap<&'static str, Link>,
    /// The role, if it lacks `pg_read_all_stats`.
    blind: Option<String>,
    medium: (MediumRates, Option<PgMedium>),
    io: (IoRates, Option<PgIo>),
    slow: Option<PgSlow>,
    statements: Option<PgStatements>,
    has_statements: bool,
    locks: Option<PgLocks>,
}

impl<'a> Round<'a> {
    fn new(session: Session, target: &'a PostgresTarget, outlet: &'a mut Outlet, retry: &'a mut Retry) -> Round<'a> {
        Round {
            session,
            target,
            outlet,
            retry,
            troubles: BTreeMap::new(),
            blind: None,
            medium: (MediumRates::new(), None),
            io: (IoRates::new(), None),
            slow: None,
            statements: None,
            has_statements: false,
            locks: None,
        }
    }

    async fn run(mut self, interests: &mut watch::Receiver<Interests>) -> Stop {
        match self.ask_for_ever(interests).await {
            Ok(never) => match never {},
            Err(stop) => stop,
        }
    }

    async fn ask_for_ever(&mut self, interests: &mut watch::Receiver<Interests>) -> Result<Infallible, Stop> {
        let (mut medium_due, mut slow_due, mut look_due) = (0, 0, 0);
        let mut publisher_lives = true;
        loop {
            let wanted = interests.borrow_and_update().clone();
            let statements = wanted.statements.as_ref() == Some(&self.target.name);
            let locks = wanted.locks.as_ref() == Some(&self.target.name);
            let now = self.outlet.now();
            // What somebody looks at goes first, and what they no longer look at is sent anew when they look again.
            if now >= look_due {
                look_due = next(now, LOOKED_AT_PERIOD);
                if statements {
                    self.ask_statements().await?
                } else {
                    self.statements = None
                }
                if locks { self.ask_locks().await? } else { self.locks = None }
            }
            if now >= medium_due {
                medium_due = next(now, MEDIUM_PERIOD);
                self.ask_medium().await?;
                self.ask_io().await?;
                self.tell_link().await?;
            }
            if now >= slow_due {
                self.ask_slow().await?;
                // What was refused may be granted any moment.
                slow_due = next(now, if self.troubles.is_empty() { SLOW_PERIOD } else { SLOW_RETRY });
            }
            self.tell_link().await?;
            let looked_at = if statements || locks { look_due } else { Millis::MAX };
            let wait = Duration::from_millis(medium_due.min(slow_due).min(looked_at).saturating_sub(self.outlet.now()));
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                fault = self.session.ended() => return Err(Stop::Lost(fault)),
                changed = interests.changed(), if publisher_lives => {
                    publisher_lives = changed.is_ok();
                    look_due = 0;
                }
            }
        }
    }

    /// The answer to `name`, or `None` when the server refused this statement alone, which is noted.
    async fn ask<T: serde::de::DeserializeOwned>(&mut self, name: &'static str) -> Result<Option<T>, Stop> {
        match self.session.ask(name).await {
            Ok(answer) => {
                self.troubles.remove(name);
                Ok(answer)
            }
            Err(fault) if fault.spares_the_connection() => {
                tracing::warn!(server = %self.target.name, statement = name, %fault, "a statement failed");
                self.troubles.insert(name, self.link_of(&fault));
                Ok(None)
            }
            Err(fault) => Err(Stop::Lost(fault)),
        }
    }

    fn link_of(&self, fault: &Fault) -> Link {
        match &self.blind {
            Some(role) if fault.is_no_right() => fault::no_monitor(role),
            _ => fault.link(&self.retry.link),
        }
    }

    async fn tell_link(&mut self) -> Result<(), Closed> {
        let trouble = self.troubles.values().next().cloned();
        let link = trouble.or_else(|| self.blind.as_deref().map(fault::no_monitor)).unwrap_or(Link::Live);
        self.retry.worked(link, self.outlet).await
    }

    async fn ask_medium(&mut self) -> Result<(), Stop> {
        if let Some(answer) = self.ask::<MediumAnswer>(sql::MEDIUM).await? {
            self.blind.clone_from(&answer.blind);
            let facts = self.medium.0.read(answer);
            self.outlet.observed(&mut self.medium.1, facts, Feed::PgMedium, Event::PgMedium).await?;
        }
        Ok(())
    }

    async fn ask_io(&mut self) -> Result<(), Stop> {
        if let Some(answer) = self.ask::<IoAnswer>(sql::IO).await? {
            let facts = self.io.0.read(answer);
            self.outlet.observed(&mut self.io.1, facts, Feed::PgIo, Event::PgIo).await?;
        }
        Ok(())
    }

    async fn ask_slow(&mut self) -> Result<(), Stop> {
        let Some(mut facts) = self.ask_sizes().await? else { return Ok(()) };
        let upstream = self.ask::<Upstream>(sql::CONNINFO).await?.unwrap_or_default();
        facts.upstream_host = upstream.host;
        facts.upstream_port = upstream.port;
        facts.application_name = upstream.application_name;
        facts.invalidated_slots = self.ask(sql::SLOTS).await?.unwrap_or_default();
        Ok(self.outlet.observed(&mut self.slow, facts, Feed::PgSlow, Event::PgSlow).await?)
    }

    /// The slow statement, or what is left of it when the role may not see the sizes or they take too long to add up.
    async fn ask_sizes(&mut self) -> Result<Option<PgSlow>, Stop> {
        match self.session.ask(sql::SLOW).await {
            Ok(facts) => {
                self.troubles.remove(sql::SLOW);
                Ok(facts)
            }
            Err(fault) if fault.is_no_right() => {
                self.troubles.insert(sql::SLOW, self.link_of(&fault));
                self.ask(sql::SLOW_BARE).await
            }
            // The connection is fine; that the sizes are unknown shows in their absence.
            Err(fault) if fault.is_too_slow() => {
                tracing::warn!(server = %self.target.name, statement = sql::SLOW, %fault, "asking for less");
                self.troubles.remove(sql::SLOW);
                self.ask(sql::SLOW_BARE).await
            }
            Err(fault) if fault.spares_the_connection() => {
                tracing::warn!(server = %self.target.name, statement = sql::SLOW, %fault, "a statement failed");
                self.troubles.insert(sql::SLOW, self.link_of(&fault));
                Ok(None)
            }
            Err(fault) => Err(Stop::Lost(fault)),
        }
    }

    async fn ask_statements(&mut self) -> Result<(), Stop> {
        let facts = match self.why_no_statements().await? {
            Some(why) => PgStatements { unavailable: Some(why), rows: Vec::new() },
            None => match self.session.ask::<Vec<PgStatement>>(sql::STATEMENTS).await {
                Ok(rows) => PgStatements { unavailable: None, rows: rows.unwrap_or_default() },
                // Typically: it is installed, and not in shared_preload_libraries. Said in its own view, not as the state of the link.
                Err(fault) if fault.spares_the_connection() => {
                    self.has_statements = false;
                    PgStatements { unavailable: Some(fault.to_string()), rows: Vec::new() }
                }
                Err(fault) => return Err(Stop::Lost(fault)),
            },
        };
        Ok(self.outlet.observed(&mut self.statements, facts, Feed::PgStatements, Event::PgStatements).await?)
    }

    async fn why_no_statements(&mut self) -> Result<Option<String>, Stop> {
        if self.has_statements {
            return Ok(None);
        }
        let database = &self.target.database;
        let why = match self.session.ask::<HasStatements>(sql::HAS_STATEMENTS).await {
            Ok(Some(HasStatements { visible: true, .. })) => None,
            Ok(Some(HasStatements { schema: Some(schema), .. })) => {
                Some(format!("pg_stat_statements is in schema {schema}, which is not on the search_path of our role"))
            }
            Ok(_) => Some(format!("pg_stat_statements is not installed in database {database}")),
            Err(fault) if fault.spares_the_connection() => Some(fault.to_string()),
            Err(fault) => return Err(Stop::Lost(fault)),
        };
        self.has_statements = why.is_none();
        Ok(why)
    }

    async fn ask_locks(&mut self) -> Result<(), Stop> {
        if let Some(answer) = self.ask::<LocksAnswer>(sql::LOCKS).await? {
            self.outlet.observed(&mut self.locks, answer.into(), Feed::PgLocks, Event::PgLocks).await?;
        }
        Ok(())
    }
}

/// The first multiple of `period` after `now`, so that all servers are read in the same moment.
fn next(now: Millis, period: Millis) -> Millis {
    (now / period + 1) * period
}
