//! One instance of a scenario: what it says in a step, and what its polls bring between the steps.

use quarterdeck::event::{Event, Feed, Link, Lsn, Millis, Upstream};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The feeds, how they are called in a step, and how often they are read, seconds.
const FEEDS: &[(&str, Feed, Millis)] = &[
    ("pg_fast", Feed::PgFast, 1),
    ("pg_medium", Feed::PgMedium, 5),
    ("pg_io", Feed::PgIo, 5),
    ("pg_slow", Feed::PgSlow, 60),
    ("pg_statements", Feed::PgStatements, 2),
    ("pg_locks", Feed::PgLocks, 2),
    ("redis", Feed::Redis, 1),
    ("redis_settings", Feed::RedisSettings, 60),
    ("sentinel", Feed::Sentinel, 1),
];

/// One instance, and what it last said.
pub struct Source {
    upstream: Upstream,
    link: Link,
    /// Its connections so far.
    pub generation: u32,
    silent: bool,
    /// The second connection of a PostgreSQL server answers.
    details: bool,
    feeds: BTreeMap<&'static str, Value>,
    grow: Value,
    /// When each feed was last brought, so that a step takes the place of the poll of its second.
    brought: BTreeMap<&'static str, Millis>,
}

impl Source {
    /// Nothing is known of it yet.
    pub fn new(upstream: Upstream) -> Source {
        Source {
            upstream,
            link: Link::Connecting,
            generation: 1,
            silent: false,
            details: true,
            feeds: BTreeMap::new(),
            grow: json!({}),
            brought: BTreeMap::new(),
        }
    }

    fn answers(&self) -> bool {
        matches!(self.link, Link::Live | Link::NoPermission(_))
    }

    /// Whose event a feed is: the slower statements of PostgreSQL have a connection of their own.
    fn lane(&self, feed: &str) -> Upstream {
        if feed.starts_with("pg_") && feed != "pg_fast" { Upstream::PostgresDetail } else { self.upstream }
    }

    /// The events of one step: the link first, then what came over it.
    pub fn told(&mut self, at: Millis, mut says: Map<String, Value>) -> Vec<(Upstream, Event)> {
        let mut out = Vec::new();
        self.silent = says.remove("silent").map_or(self.silent, |silent| silent.as_bool().unwrap());
        let grown = if self.answers() { self.grow.clone() } else { Value::Null };
        if let Some(grow) = says.remove("grow") {
            merge(&mut self.grow, grow);
        }
        let new: Vec<_> = FEEDS.iter().filter_map(|(feed, ..)| Some((*feed, says.remove(*feed)?))).collect();
        let told: Vec<_> = new.iter().map(|(feed, _)| *feed).collect();
        for (feed, new) in new {
            // In the moment of a poll, what has grown until then comes too.
            if let Some(value) = self.feeds.get_mut(feed).filter(|_| due(feed, at) && self.brought.get(feed) != Some(&at)) {
                add(value, grown.get(feed).unwrap_or(&Value::Null), period(feed) as f64);
            }
            merge(self.feeds.entry(feed).or_insert_with(|| json!({})), new);
        }
        let link = says.remove("link").map(|link| event("link", link));
        if let Some(event @ Event::Link(link)) = &link {
            self.generation += u32::from(*link == Link::Live);
            self.link = link.clone();
            if self.upstream == Upstream::Postgres {
                out.push((Upstream::PostgresDetail, event.clone()));
            }
            out.push((self.upstream, event.clone()));
        }
        if let Some(link) = says.remove("detail_link").map(|link| event("link", link)) {
            self.details = matches!(link, Event::Link(Link::Live | Link::NoPermission(_)));
            out.push((Upstream::PostgresDetail, link));
        }
        out.extend(says.remove("peer").map(|peer| (self.upstream, event("peer", peer))));
        let answers = self.answers();
        for &(feed, ..) in FEEDS.iter().filter(|_| answers) {
            let Some(value) = self.feeds.get(feed).filter(|_| link.is_some() || told.contains(&feed)) else { continue };
            self.brought.insert(feed, at);
            out.push((self.lane(feed), event(feed, value.clone())));
        }
        if let Some(Value::String(line)) = says.remove("sentinel_message") {
            let (kind, text) = line.split_once(' ').unwrap_or((&line, ""));
            out.push((self.upstream, event("sentinel_message", json!({ "kind": kind, "text": text }))));
        }
        assert!(says.is_empty(), "the step at {at} says something unknown: {says:?}");
        out
    }

    /// What its polls bring in this second; nothing from one that does not answer.
    pub fn polled(&mut self, at: Millis) -> Vec<(Upstream, Event)> {
        let mut out = Vec::new();
        if self.silent || !self.answers() {
            return out;
        }
        for &(feed, name, period) in FEEDS {
            let Some(value) = self.feeds.get_mut(feed) else { continue };
            let asked = self.details || self.upstream != Upstream::Postgres || feed == "pg_fast";
            if !due(feed, at) || !asked || self.brought.get(feed) == Some(&at) {
                continue;
            }
            let was = value.clone();
            add(value, self.grow.get(feed).unwrap_or(&Value::Null), period as f64);
            let event = if *value == was { Event::Unchanged(name) } else { event(feed, value.clone()) };
            out.push((self.lane(feed), event));
        }
        out
    }
}

/// How often a feed is read, seconds.
fn period(feed: &str) -> Millis {
    FEEDS.iter().find(|(name, ..)| *name == feed).map_or(1, |(.., period)| *period)
}

/// Whether a feed is read in this very moment.
fn due(feed: &str, at: Millis) -> bool {
    at.is_multiple_of(1000 * period(feed))
}

/// An event in its serde form.
fn event(kind: &str, value: Value) -> Event {
    serde_json::from_value(json!({ kind: value })).unwrap_or_else(|e| panic!("{kind} {value}: {e}"))
}

/// Lays `new` over `old`: tables by key, everything else whole.
fn merge(old: &mut Value, new: Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            new.into_iter().for_each(|(key, value)| merge(old.entry(key).or_insert(Value::Null), value));
        }
        (old, new) => *old = new,
    }
}

/// Adds what `seconds` of growth make to the figures and positions that grow.
fn add(value: &mut Value, grow: &Value, seconds: f64) {
    match (value, grow) {
        (Value::Object(fields), Value::Object(grow)) => {
            fields.iter_mut().for_each(|(key, field)| add(field, grow.get(key).unwrap_or(&Value::Null), seconds));
        }
        (Value::Array(rows), Value::Array(grow)) => rows.iter_mut().zip(grow).for_each(|(row, grow)| add(row, grow, seconds)),
        (Value::String(position), Value::Number(rate)) => {
            let lsn: Lsn = position.parse().unwrap();
            *position = Lsn(lsn.0 + (rate.as_f64().unwrap() * seconds) as u64).to_string();
        }
        (Value::Number(figure), Value::Number(rate)) => {
            let sum = figure.as_f64().unwrap() + rate.as_f64().unwrap() * seconds;
            *figure = if figure.is_f64() { serde_json::Number::from_f64(sum).unwrap() } else { (sum as i64).into() };
        }
        _ => {}
    }
}
