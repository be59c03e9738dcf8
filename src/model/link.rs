//! Links and ages: what we hold, since when, and whether it is still worth believing.

use crate::event::{Link, Millis};

/// A value and since when it holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held<T> {
    /// The value.
    pub value: T,
    /// Since when.
    pub since: Millis,
}

/// A value read from an upstream.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed<T> {
    /// The value.
    pub value: T,
    /// When it was last confirmed.
    pub at: Millis,
}

impl<T> Observed<T> {
    /// Whether it is worth believing at `now`, if it is fresh for `limit`.
    pub fn freshness(&self, now: Millis, limit: Millis) -> Freshness {
        let age = now.saturating_sub(self.at);
        if age <= limit { Freshness::Fresh } else { Freshness::Stale(age) }
    }
}

/// Whether a value is worth believing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Yes.
    Fresh,
    /// It was true that many milliseconds ago.
    Stale(Millis),
    /// Nothing was ever seen.
    Never,
}

/// A link as it is shown: the source's own state, or stale when it says nothing at all.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkState<'a> {
    /// The source's own state, and since when.
    Is(&'a Link, Millis),
    /// Live as far as the source knows, and yet silent for that many milliseconds.
    Stale(Millis),
}

impl<'a> LinkState<'a> {
    /// The state, given the link and when its feed last came.
    pub fn of(link: &'a Held<Link>, last: Option<Millis>, now: Millis, limit: Millis) -> LinkState<'a> {
        let silent = now.saturating_sub(last.unwrap_or(link.since));
        match link.value {
            Link::Live | Link::NoPermission(_) if silent > limit => LinkState::Stale(silent),
            _ => LinkState::Is(&link.value, link.since),
        }
    }

    /// One word for it.
    pub fn word(&self) -> &'static str {
        match self {
            LinkState::Stale(_) => "stale",
            LinkState::Is(Link::Connecting, _) => "connecting",
            LinkState::Is(Link::Live, _) => "live",
            LinkState::Is(Link::Hung, _) => "hung",
            LinkState::Is(Link::StartingUp(_), _) => "starting up",
            LinkState::Is(Link::Refused(_), _) => "refused",
            LinkState::Is(Link::Unauthorised(_), _) => "unauthorised",
            LinkState::Is(Link::NoPermission(_), _) => "no permission",
            LinkState::Is(Link::Down(_), _) => "down",
        }
    }

    /// What the upstream or its source said about it, if anything.
    pub fn reason(&self) -> Option<&'a str> {
        match self {
            LinkState::Is(Link::StartingUp(r) | Link::Refused(r) | Link::Unauthorised(r) | Link::NoPermission(r) | Link::Down(r), _) => {
                Some(r)
            }
            _ => None,
        }
    }

    /// Facts flow.
    pub fn answers(&self) -> bool {
        matches!(self, LinkState::Is(Link::Live | Link::NoPermission(_), _))
    }
}
