//! The PostgreSQL source: two connections per server, so that a slow statement on one never makes the server look hung on the other.
//! It sends nothing but statements of the catalogue, and never ends by itself.

use super::{Backoff, Closed, Interests, Outlet};
use crate::connect::PostgresTarget;
use crate::event::{Event, Feed, Link, PgFast};
use crate::sql;
use fault::Fault;
use serde::Deserialize;
use session::{Purpose, Session};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;

mod detail;
mod farewell;
mod fault;
mod rates;
mod session;
#[cfg(test)]
mod tests;

/// How often role and positions are read.
const FAST_PERIOD: Duration = Duration::from_secs(1);

/// Watches role and positions of one server for ever, on a connection of its own. Returns only when nobody listens any more.
pub async fn watch_fast(target: PostgresTarget, outlet: Outlet) {
    let Err(Closed) = keep_polling(target, outlet).await;
}

/// Watches the rest of one server for ever, on a second connection. Returns only when nobody listens any more.
pub async fn watch_detail(target: PostgresTarget, outlet: Outlet, interests: watch::Receiver<Interests>) {
    let Err(Closed) = detail::keep_polling(target, outlet, interests).await;
}

/// The answer to the fast statement.
#[derive(Debug, Deserialize)]
struct FastAnswer {
    #[serde(flatten)]
    facts: PgFast,
    /// The role, if it lacks `pg_read_all_stats`.
    blind: Option<String>,
}

async fn keep_polling(target: PostgresTarget, mut outlet: Outlet) -> Result<Infallible, Closed> {
    let mut retry = Retry::default();
    let mut known_peer = None;
    outlet.link(Link::Connecting).await?;
    loop {
        outlet.next_generation();
        let mut peer = None;
        let opened = Session::open(&target, Purpose::Fast, &mut peer).await;
        if peer.is_some() && peer != known_peer {
            known_peer = peer;
            outlet.send(Event::Peer(peer.map(|at| at.to_string()).unwrap_or_default())).await?;
        }
        let fault = match opened {
            Ok(session) => poll(session, &mut outlet, &mut retry).await?,
            Err(fault) => fault,
        };
        retry.failed(&fault, &mut outlet).await?;
    }
}

/// Asks each second until the connection fails, which is what it returns.
async fn poll(mut session: Session, outlet: &mut Outlet, retry: &mut Retry) -> Result<Fault, Closed> {
    let mut last = None;
    loop {
        match session.ask::<FastAnswer>(sql::FAST).await {
            Ok(Some(answer)) => {
                outlet.observed(&mut last, answer.facts, Feed::PgFast, Event::PgFast).await?;
                retry.worked(answer.blind.map_or(Link::Live, |role| fault::no_monitor(&role)), outlet).await?;
            }
            Ok(None) => {}
            Err(fault) if fault.is_change_of_role() => tracing::debug!(%fault, "the role changed under a poll"),
            Err(fault) if fault.spares_the_connection() => retry.link(fault.link(&retry.link), outlet).await?,
            Err(fault) => return Ok(fault),
        }
        tokio::select! {
            () = outlet.next_tick(FAST_PERIOD) => {}
            fault = session.ended() => return Ok(fault),
        }
    }
}

/// The state of the link and the wait until the next attempt.
#[derive(Default)]
struct Retry {
    backoff: Backoff,
    link: Link,
}

impl Retry {
    async fn link(&mut self, link: Link, outlet: &mut Outlet) -> Result<(), Closed> {
        self.link = link.clone();
        outlet.link(link).await
    }

    async fn worked(&mut self, link: Link, outlet: &mut Outlet) -> Result<(), Closed> {
        self.backoff.reset();
        self.link(link, outlet).await
    }

    /// Says why, then waits.
    async fn failed(&mut self, fault: &Fault, outlet: &mut Outlet) -> Result<(), Closed> {
        self.link(fault.link(&self.link), outlet).await?;
        tokio::time::sleep(self.backoff.next_wait(fault.awaits(&self.link))).await;
        Ok(())
    }
}
