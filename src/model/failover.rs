//! A Redis failover as the Sentinels tell it, step by step: from the first that sees the master down to the end.

use super::Announcement;
use crate::event::{Millis, Name, SentinelMessage};

/// Steps in the order in which a failover takes them, as the channels are called, with words for people.
const STEPS: &[(&str, &str)] = &[
    ("+sdown", "a Sentinel sees it down"),
    ("+odown", "the quorum agrees"),
    ("+try-failover", "a leader is sought"),
    ("+elected-leader", "a leader is elected"),
    ("+selected-slave", "is chosen"),
    ("+promoted-slave", "is promoted"),
    ("+failover-state-reconf-slaves", "the others follow it"),
    ("+switch-master", "is the master now"),
    ("+failover-end", "finished"),
];

/// After this long without an announcement a failover is over, whatever became of it.
const QUIET: Millis = 60_000;

/// A failover.
#[derive(Clone, Debug, PartialEq)]
pub struct Failover {
    /// The first sign.
    pub started: Millis,
    /// The last sign.
    pub last: Millis,
    /// What was announced, in order.
    pub steps: Vec<FailoverStep>,
    /// A new master was named.
    pub switched: Option<Millis>,
    /// It was given up; why, in Sentinel's own word.
    pub aborted: Option<String>,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct FailoverStep {
    /// When it was first announced.
    pub at: Millis,
    /// The channel.
    pub kind: String,
    /// Words for people; those of a step that is about one replica come after its name.
    pub meaning: &'static str,
    /// The instance that it is about.
    pub subject: Name,
    /// Who announced it.
    pub by: Vec<Name>,
}

impl FailoverStep {
    /// The step in words: `redis-1 is promoted`, `the quorum agrees`.
    pub fn words(&self) -> String {
        if self.meaning.starts_with("is ") { format!("{} {}", self.subject, self.meaning) } else { self.meaning.to_owned() }
    }
}

impl Failover {
    /// Takes an announcement in; `current` is the last failover known.
    pub(super) fn follow(current: &mut Option<Failover>, at: Millis, message: &SentinelMessage, told: Announcement, sentinel: &Name) {
        let kind = message.kind.as_str();
        let about_master = message.text.starts_with("master ");
        let opens = (matches!(kind, "+sdown" | "+odown") && about_master) || kind == "+try-failover";
        let over = |f: &Failover| {
            let ended = f.switched.is_some() || (f.aborted.is_some() && kind != "+try-failover");
            (ended && kind != "+failover-end" && kind != "+switch-master") || at.saturating_sub(f.last) > QUIET
        };
        if opens && current.as_ref().is_none_or(over) {
            *current = Some(Failover { started: at, last: at, steps: Vec::new(), switched: None, aborted: None });
        }
        let Some(failover) = current.as_mut().filter(|f| at.saturating_sub(f.last) <= QUIET) else { return };
        if kind == "+sdown" && !about_master {
            return;
        }
        if kind.starts_with("-failover-abort") {
            failover.aborted = Some(kind.trim_start_matches('-').to_owned());
            failover.last = at;
        }
        // The master came back by itself before anybody was promoted.
        if matches!(kind, "-odown" | "-sdown")
            && about_master
            && failover.switched.is_none()
            && !failover.steps.iter().any(|s| s.kind == "+elected-leader")
        {
            failover.aborted = Some("the master answers again".to_owned());
        }
        let Some(&(_, meaning)) = STEPS.iter().find(|(step, _)| *step == kind) else { return };
        failover.last = at;
        if kind == "+switch-master" {
            failover.switched.get_or_insert(at);
        }
        if kind == "+try-failover" {
            failover.aborted = None;
        }
        match failover.steps.iter_mut().find(|step| step.kind == kind) {
            Some(step) if !step.by.contains(sentinel) => step.by.push(sentinel.clone()),
            Some(_) => {}
            None => {
                failover.steps.push(FailoverStep { at, kind: kind.to_owned(), meaning, subject: told.subject, by: vec![sentinel.clone()] })
            }
        }
    }

    /// Sentinel tries one: more than a look at a master that seems down.
    pub fn tried(&self) -> bool {
        self.steps.iter().any(|step| step.kind == "+try-failover")
    }

    /// It goes on, as far as was announced.
    pub fn running(&self, now: Millis) -> bool {
        self.switched.is_none() && self.aborted.is_none() && now.saturating_sub(self.last) <= QUIET
    }

    /// Why it was given up, in words.
    pub fn given_up(&self) -> Option<&str> {
        Some(match self.aborted.as_deref()? {
            "failover-abort-no-good-slave" => "no replica may be promoted",
            "failover-abort-not-elected" => "no leader was elected",
            "failover-abort-slave-timeout" => "the chosen replica was not promoted in time",
            other => other,
        })
    }

    /// The steps of a failover that were not announced yet, with words for people.
    pub fn outstanding(&self) -> impl Iterator<Item = String> + '_ {
        let missing = STEPS.iter().filter(|(kind, _)| !self.steps.iter().any(|step| step.kind == *kind));
        missing.map(|(_, meaning)| if meaning.starts_with("is ") { format!("a replica {meaning}") } else { (*meaning).to_owned() })
    }
}
