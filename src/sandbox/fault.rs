//! What may be wrong with the API server itself, switched on and off from outside. It says what is wrong; `serve` acts on it.

use super::failure::{About, Failure};
use super::request::Request;
use std::time::Duration;
use tokio::sync::watch;

/// One thing that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No connection is answered, and those that are open end.
    Down,
    /// Every answer comes this much later.
    Slow(Duration),
    /// Every token is refused: 401.
    Unauthorized,
    /// Everything is forbidden: 403.
    Forbidden,
    /// The log of changes is lost: watches end with 410, and so does every attempt to resume one.
    Expired,
    /// Everything is refused with 429 and a `Retry-After`.
    Throttled,
}

/// The switch. Whoever changes it ends all streams, so that clients see the fault at once.
#[derive(Debug)]
pub struct Faults(watch::Sender<Option<Fault>>);

impl Default for Faults {
    fn default() -> Self {
        Faults(watch::Sender::new(None))
    }
}

impl Faults {
    /// From now on this is wrong; `None` is nothing.
    pub fn set(&self, fault: Option<Fault>) {
        self.0.send_replace(fault);
    }

    /// What is wrong now.
    pub fn now(&self) -> Option<Fault> {
        *self.0.borrow()
    }

    /// Tells of every change.
    pub fn changes(&self) -> watch::Receiver<Option<Fault>> {
        self.0.subscribe()
    }
}

impl Fault {
    /// What this fault makes of a request, if it refuses it.
    pub fn refuses(self, request: &Request) -> Option<Failure> {
        match self {
            Fault::Down | Fault::Slow(_) => None,
            Fault::Unauthorized => Some(Failure::unauthorized()),
            Fault::Forbidden => {
                let wanted = request.attributes();
                let why = format!("User cannot {} resource \"{}\" in API group \"{}\"", wanted.verb, wanted.resource, wanted.group);
                Some(Failure::forbidden(About { group: wanted.group, plural: wanted.resource, name: wanted.name }, &why))
            }
            Fault::Expired => {
                let asked = request.query("resourceVersion").parse().unwrap_or(0_u64);
                (request.attributes().verb == "watch" && asked > 0).then(|| Failure::expired(asked, asked + 1))
            }
            Fault::Throttled => Some(Failure::throttled()),
        }
    }
}
