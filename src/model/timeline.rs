//! What happened, in one order. The same words from several witnesses within moments are one entry with several witnesses.

use crate::event::{Millis, Name};
use std::collections::VecDeque;

/// Entries kept.
const KEPT: usize = 500;

/// Witnesses of one happening report it within this time.
const TOGETHER: Millis = 5_000;

/// How an entry reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Things got better.
    Good,
    /// Worth knowing.
    Notable,
    /// Things got worse.
    Bad,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it was first seen.
    pub at: Millis,
    /// To whom: an instance, or the name of the Sentinel master.
    pub subject: Name,
    /// How it reads.
    pub weight: Weight,
    /// What.
    pub text: String,
    /// Who said so, if not the subject itself.
    pub witnesses: Vec<Name>,
}

/// What happened, newest last; the oldest is forgotten.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    entries: VecDeque<Entry>,
}

impl Timeline {
    /// Adds an entry that speaks for itself.
    pub fn add(&mut self, at: Millis, subject: &Name, weight: Weight, text: impl Into<String>) {
        self.push(Entry { at, subject: subject.clone(), weight, text: text.into(), witnesses: Vec::new() });
    }

    /// Adds what `witness` said about `subject`, or joins it to the same words of another witness a moment ago.
    pub fn witness(&mut self, at: Millis, subject: &Name, weight: Weight, text: String, witness: &Name) {
        let same = |entry: &&mut Entry| entry.text == text && entry.subject == *subject && at.saturating_sub(entry.at) <= TOGETHER;
        let recent = self.entries.iter_mut().rev().take(32).find(same);
        match recent {
            Some(entry) if !entry.witnesses.contains(witness) && !entry.witnesses.is_empty() => entry.witnesses.push(witness.clone()),
            _ => self.push(Entry { at, subject: subject.clone(), weight, text, witnesses: vec![witness.clone()] }),
        }
    }

    fn push(&mut self, entry: Entry) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// Newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_witnesses_of_one_thing_are_one_entry() {
        let mut timeline = Timeline::default();
        for (at, who) in [(0, "s-0"), (10, "s-1"), (900, "s-2"), (9_000, "s-0")] {
            timeline.witness(at, &"redis-0".into(), Weight::Bad, "+sdown".into(), &who.into());
        }
        let counts: Vec<_> = timeline.newest().map(|entry| entry.witnesses.len()).collect();
        assert_eq!(counts, [1, 3]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut timeline = Timeline::default();
        (0..2 * KEPT as u64).for_each(|at| timeline.add(at, &"x".into(), Weight::Good, "y"));
        assert_eq!(timeline.newest().count(), KEPT);
    }
}
