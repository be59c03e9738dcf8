//! What may be wrong with the API server itself, switched on and off from outside. It says what is wrong; `serve` and `watching` act
//! on it.

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

/// A fault and where it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    fault: Fault,
    /// Only requests for this resource, in the plural; all of them if absent.
    only: Option<String>,
}

/// The switch. Whoever changes it ends the streams that it concerns, so that clients see the fault at once.
#[derive(Debug)]
pub struct Faults(watch::Sender<Option<Trouble>>);

impl Default for Faults {
    fn default() -> Self {
        Faults(watch::Sender::new(None))
    }
}

impl Faults {
    /// From now on this is wrong, everywhere; `None` is nothing.
    pub fn set(&self, fault: Option<Fault>) {
        self.0.send_replace(fault.map(|fault| Trouble { fault, only: None }));
    }

    /// From now on this is wrong with one resource, such as `pods`. A server cannot be down for one resource: there, nothing happens.
    pub fn set_for(&self, fault: Fault, resource: &str) {
        self.0.send_replace(Some(Trouble { fault, only: Some(resource.to_owned()) }));
    }

    /// Whether nobody is answered at all.
    pub fn is_down(&self) -> bool {
        self.0.borrow().as_ref().is_some_and(Trouble::is_down)
    }

    /// What is wrong now with a request for this resource; "" is any other path.
    pub fn now(&self, resource: &str) -> Option<Fault> {
        self.0.borrow().as_ref().and_then(|trouble| trouble.concerns(resource))
    }

    /// Tells of every change.
    pub fn changes(&self) -> watch::Receiver<Option<Trouble>> {
        self.0.subscribe()
    }
}

impl Trouble {
    /// Whether it keeps the server from answering anybody.
    pub fn is_down(&self) -> bool {
        self.fault == Fault::Down && self.only.is_none()
    }

    /// The fault, if it shows on this resource.
    pub fn concerns(&self, resource: &str) -> Option<Fault> {
        self.only.as_ref().is_none_or(|only| only == resource).then_some(self.fault)
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
