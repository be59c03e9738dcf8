//! What a scenario says must hold at a moment, held against what the program makes of it.

use quarterdeck::app::App;
use serde::Deserialize;
use std::collections::BTreeMap;

/// All that a file may state; what it leaves out is not looked at.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The worst of all.
    severity: Option<String>,
    /// Parts of `severity subject: text`. Each must be told, and no other problem.
    problems: Option<Vec<String>>,
    /// Part of the sentence on what would break next.
    constraint: Option<String>,
    /// `primary`, `standby`, `master`, `replica`, `unknown`.
    roles: BTreeMap<String, String>,
    /// As `LinkState::word` calls them.
    links: BTreeMap<String, String>,
    /// Of standbys and replicas.
    lag: BTreeMap<String, Lag>,
    /// Parts of `subject text` of the timeline's entries, newest first; an empty list means that nothing happened.
    timeline: Option<Vec<String>>,
    /// Kinds of the last failover's steps.
    failover: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lag {
    state: Option<String>,
    /// From, to.
    bytes: Option<[u64; 2]>,
    seconds: Option<[f64; 2]>,
    at_least: Option<bool>,
    /// Seconds for which the primary or the master has not been seen; from, to.
    unseen: Option<[f64; 2]>,
    /// Bytes or seconds are not known.
    unknown: Option<bool>,
}

/// What a standby's and a replica's lag have in common.
struct Figures {
    state: &'static str,
    bytes: Option<u64>,
    seconds: Option<f64>,
    at_least: bool,
    unseen: Option<u64>,
}

impl Expect {
    /// Everything that is not as the file says, one line each.
    pub fn held_against(&self, app: &App) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut same = |what: String, expected: &str, found: &str| {
            if expected != found {
                wrong.push(format!("{what}: expected {expected}, found {found}"));
            }
        };
        if let Some(severity) = &self.severity {
            same("severity".into(), severity, app.health.severity.word());
        }
        for (name, role) in &self.roles {
            same(format!("role of {name}"), role, role_of(app, name));
        }
        for (name, link) in &self.links {
            same(format!("link of {name}"), link, link_of(app, name));
        }
        let told: Vec<_> = app.health.problems.iter().map(|p| format!("{} {}: {}", p.severity.word(), p.subject, p.text)).collect();
        if let Some(problems) = &self.problems {
            let missing = problems.iter().filter(|part| !told.iter().any(|text| text.contains(*part)));
            wrong.extend(missing.map(|part| format!("no problem says: {part}")));
            let surplus = told.iter().filter(|text| !problems.iter().any(|part| text.contains(part)));
            wrong.extend(surplus.map(|text| format!("unexpected problem: {text}")));
        }
        if let Some(constraint) = self.constraint.as_ref().filter(|part| !app.health.constraint.contains(*part)) {
            wrong.push(format!("constraint: expected {constraint}, found {}", app.health.constraint));
        }
        let happened: Vec<_> = app.model.timeline.newest().map(|entry| format!("{} {}", entry.subject, entry.text)).collect();
        if let Some(timeline) = &self.timeline {
            let mut rest = happened.iter();
            let missing = timeline.iter().find(|part| !rest.any(|text| text.contains(*part)));
            wrong.extend(missing.map(|part| format!("the timeline lacks {part} in this order: {happened:#?}")));
            if timeline.is_empty() && !happened.is_empty() {
                wrong.push(format!("the timeline should be empty: {happened:#?}"));
            }
        }
        if let Some(failover) = &self.failover {
            let steps: Vec<_> = app.model.redis.failover.iter().flat_map(|f| f.steps.iter().map(|step| step.kind.clone())).collect();
            if steps != *failover {
                wrong.push(format!("failover: expected {failover:?}, found {steps:?}"));
            }
        }
        self.lag.iter().for_each(|(name, lag)| lag.held_against(name, lag_of(app, name), &mut wrong));
        wrong
    }
}

impl Lag {
    fn held_against(&self, name: &str, found: Option<Figures>, wrong: &mut Vec<String>) {
        let Some(found) = found else { return wrong.push(format!("{name} has no lag at all")) };
        if let Some(state) = self.state.as_ref().filter(|state| **state != found.state) {
            wrong.push(format!("state of {name}: expected {state}, found {}", found.state));
        }
        if let Some([from, to]) = self.bytes.filter(|[from, to]| !found.bytes.is_some_and(|b| (*from..=*to).contains(&b))) {
            wrong.push(format!("bytes of {name}: expected {from} to {to}, found {:?}", found.bytes));
        }
        if let Some([from, to]) = self.seconds.filter(|[from, to]| !found.seconds.is_some_and(|s| (*from..=*to).contains(&s))) {
            wrong.push(format!("seconds of {name}: expected {from} to {to}, found {:?}", found.seconds));
        }
        if self.at_least.is_some_and(|at_least| at_least != found.at_least) {
            wrong.push(format!("at_least of {name}: found {}", found.at_least));
        }
        let unseen = found.unseen.map(|ms| ms as f64 / 1000.0);
        if let Some([from, to]) = self.unseen.filter(|[from, to]| !unseen.is_some_and(|s| (*from..=*to).contains(&s))) {
            wrong.push(format!("unseen for {name}: expected {from} to {to}, found {unseen:?}"));
        }
        if self.unknown.is_some_and(|unknown| unknown != (found.bytes.is_none() || found.seconds.is_none())) {
            wrong.push(format!("figures of {name}: found {:?}, {:?}", found.bytes, found.seconds));
        }
    }
}

fn role_of(app: &App, name: &str) -> &'static str {
    let node = || app.model.redis.node(name).map(|node| node.role());
    app.model.postgres.server(name).map(|server| server.role()).or_else(node).unwrap_or("absent")
}

fn link_of(app: &App, name: &str) -> &'static str {
    let (model, now) = (&app.model, app.model.now);
    let node = || model.redis.node(name).map(|node| node.link_state(now).word());
    let sentinel = || model.redis.sentinel(name).map(|sentinel| sentinel.link_state(now).word());
    model.postgres.server(name).map(|server| server.link_state(now).word()).or_else(node).or_else(sentinel).unwrap_or("absent")
}

fn lag_of(app: &App, name: &str) -> Option<Figures> {
    let (model, now) = (&app.model, app.model.now);
    let standby = || {
        let lag = model.postgres.lag(model.postgres.server(name)?, now)?;
        let (bytes, seconds, at_least) = (lag.bytes, lag.seconds, lag.bytes_at_least || lag.seconds_at_least);
        Some(Figures { state: lag.state.word(), bytes, seconds, at_least, unseen: lag.primary_unseen })
    };
    let replica = || {
        let lag = model.redis.lag(model.redis.node(name)?, now)?;
        let (bytes, seconds, at_least) = (lag.bytes, lag.seconds, lag.bytes_at_least || lag.seconds_at_least);
        Some(Figures { state: lag.state.word(), bytes, seconds, at_least, unseen: lag.master_unseen })
    };
    standby().or_else(replica)
}
