//! Links and ages: what we hold, since when, and whether it is still worth believing.

use super::{FAST_FRESH, Timeline, Weight, fresh_for};
use crate::event::{Feed, Link, Millis, Name};

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

impl Freshness {
    /// The freshness of what may have been seen, if it is fresh for `limit`.
    pub fn of<T>(seen: &Option<Observed<T>>, now: Millis, limit: Millis) -> Freshness {
        seen.as_ref().map_or(Freshness::Never, |seen| seen.freshness(now, limit))
    }
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
    /// The state, given the link and what its fast feed last brought.
    pub fn of<T>(link: &'a Held<Link>, last: &Option<Observed<T>>, now: Millis) -> LinkState<'a> {
        let silent = now.saturating_sub(last.as_ref().map_or(link.since, |last| last.at));
        match link.value {
            Link::Live if silent > FAST_FRESH => LinkState::Stale(silent),
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

/// A poll came back unchanged. Says whether what it confirms had gone stale, and looks different now.
pub(super) fn confirm<T>(seen: &mut Option<Observed<T>>, at: Millis, feed: Feed) -> bool {
    seen.as_mut().is_some_and(|seen| at.saturating_sub(std::mem::replace(&mut seen.at, at)) > fresh_for(feed))
}

/// A link changed; told in the timeline, if one is given. Says whether it differs.
pub(super) fn set(held: &mut Held<Link>, name: &Name, link: &Link, at: Millis, timeline: Option<&mut Timeline>) -> bool {
    if held.value == *link {
        return false;
    }
    if let Some((timeline, (weight, text))) = timeline.zip(entry(link, &held.value)) {
        timeline.add(at, name, weight, text);
    }
    *held = Held { value: link.clone(), since: at };
    true
}

/// A link's change as a line of the timeline; `None` for what is not worth one.
fn entry(link: &Link, was: &Link) -> Option<(Weight, String)> {
    Some(match link {
        Link::Connecting => return None,
        Link::Live if *was == Link::Connecting => return None,
        Link::Live => (Weight::Good, "answers again".to_owned()),
        Link::Hung => (Weight::Bad, "does not answer (hung)".to_owned()),
        Link::StartingUp(words) => (Weight::Notable, words.clone()),
        Link::Refused(words) => (Weight::Bad, format!("refuses connections: {words}")),
        Link::Unauthorised(words) => (Weight::Bad, format!("refuses us: {words}")),
        Link::NoPermission(grant) => (Weight::Notable, format!("not permitted to see everything: {grant}")),
        Link::Down(reason) => (Weight::Bad, format!("down: {reason}")),
    })
}
