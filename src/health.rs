//! What it means: problems, their severity, and what would break next. A function of the `Model` alone; unknown is never ok.

use crate::event::{Link, Millis, Name};
use crate::model::{History, LinkState, Model};
use serde::Serialize;

mod constraint;
mod postgres;
mod redis;

/// How bad it is. Not seeing is worse than seeing something slightly wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    #[default]
    Ok,
    /// Worth knowing; nothing is wrong.
    Notice,
    /// Something is wrong; service goes on.
    Warning,
    /// Cannot be seen.
    Unknown,
    /// Service or data is lost or about to be.
    Critical,
}

impl Severity {
    /// One word for it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Ok => "ok",
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Unknown => "unknown",
            Severity::Critical => "critical",
        }
    }

    /// The exit status of the commands that judge: 0 ok or notice, 1 warning, 2 critical, 3 unknown.
    pub fn exit_status(self) -> u8 {
        match self {
            Severity::Ok | Severity::Notice => 0,
            Severity::Warning => 1,
            Severity::Critical => 2,
            Severity::Unknown => 3,
        }
    }
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// The instance, or the part (`PostgreSQL`, `Redis`, `Sentinel`).
    pub subject: Name,
    /// What, with the measured value and its limit where there is one.
    pub text: String,
    /// Since when, as far as we saw it; `None` where the facts do not tell.
    pub since: Option<Millis>,
}

/// What it all means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// The worst of all.
    pub severity: Severity,
    /// The worst first.
    pub problems: Vec<Problem>,
    /// What would break next.
    pub constraint: String,
}

impl Health {
    /// The worst of the problems of one instance.
    pub fn of(&self, subject: &str) -> Severity {
        self.problems.iter().filter(|p| *p.subject == *subject).map(|p| p.severity).max().unwrap_or_default()
    }

    /// How many problems are that bad.
    pub fn count(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|p| p.severity == severity).count()
    }
}

/// Judges the model as of its last event.
pub fn assess(model: &Model) -> Health {
    let mut problems = Problems::default();
    let stack = &model.stack;
    if stack.postgres.is_empty() && stack.redis.is_empty() && stack.sentinel.is_empty() {
        problems.add(
            Severity::Unknown,
            &"stack".into(),
            None,
            "nothing is configured, so nothing is known: `quarterdeck config --example` shows how",
        );
    }
    postgres::judge(model, &mut problems);
    redis::judge(model, &mut problems);
    let mut problems = problems.0;
    problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    let severity = problems.iter().map(|p| p.severity).max().unwrap_or_default();
    Health { severity, problems, constraint: constraint::sentence(model) }
}

/// Whether a lag is above `limit` seconds: three samples in a row, or, as long as there are not three, the one there is.
fn lags(history: &History, seconds: Option<f64>, limit: f64) -> bool {
    history.above(limit, 3) || (history.samples().len() < 3 && seconds.is_some_and(|seconds| seconds > limit))
}

/// Collects what the rules find.
#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, severity: Severity, subject: &Name, since: Option<Millis>, text: impl Into<String>) {
        self.0.push(Problem { severity, subject: subject.clone(), text: text.into(), since });
    }

    /// What a link that does not deliver means for the instance. `vital` names the role whose loss stops the service, for the instance
    /// that has it: `primary`, `master`.
    fn link(&mut self, name: &Name, link: &LinkState<'_>, vital: Option<&str>, seen: bool) {
        let bad = if vital.is_some() { Severity::Critical } else { Severity::Warning };
        let told = |what: &str| vital.map_or_else(|| what.to_owned(), |role| format!("the {role} is {what}"));
        let (severity, text) = match link {
            LinkState::Is(Link::Live, _) => return,
            // Before the first answer nothing is known; afterwards a reconnect is told by the state before it.
            LinkState::Is(Link::Connecting, _) => {
                (Severity::Unknown, if seen { "connecting again" } else { "not seen yet: connecting" }.to_owned())
            }
            LinkState::Is(Link::Hung, _) => (bad, format!("{}: accepts connections, does not answer", told("hung"))),
            LinkState::Is(Link::StartingUp(words), _) => (bad, format!("{}: {words}", told("starting up"))),
            LinkState::Is(Link::Refused(words), _) => (bad, format!("{}: {words}", told("refusing connections"))),
            LinkState::Is(Link::Unauthorised(words), _) => (Severity::Unknown, format!("cannot be seen: {words}")),
            LinkState::Is(Link::NoPermission(grant), _) => (Severity::Unknown, format!("cannot be seen in full: no permission ({grant})")),
            LinkState::Is(Link::Down(reason), _) => (bad, format!("{}: {reason}", told("down"))),
            LinkState::Stale(_) => (Severity::Unknown, "silent: what is shown is old".to_owned()),
        };
        let since = match link {
            LinkState::Is(_, since) => Some(*since),
            LinkState::Stale(_) => None,
        };
        self.add(severity, name, since, text);
    }
}

#[cfg(test)]
mod tests;
