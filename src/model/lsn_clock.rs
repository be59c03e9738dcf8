//! The LSN clock: when the primary's log (or the master's replication stream) passed a position. Lag in seconds by this clock is
//! right where time stamps lie: 0 on an idle primary, growing when the receiver is cut off.

use crate::event::Millis;
use std::collections::VecDeque;

/// One sample a second for a quarter of an hour.
const KEPT: usize = 900;

/// Positions of one writer over time, both growing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LsnClock {
    samples: VecDeque<(Millis, u64)>,
}

/// How far behind a position is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Behind {
    /// Seconds.
    pub seconds: f64,
    /// The position is older than the clock's memory: it is at least that.
    pub at_least: bool,
}

impl LsnClock {
    /// The writer was at `position` at `at`. A position that went back (another writer, a restore) forgets what lay beyond it.
    pub fn sample(&mut self, at: Millis, position: u64) {
        while self.samples.back().is_some_and(|&(t, p)| p > position || t > at) {
            self.samples.pop_back();
        }
        if self.last() == Some((at, position)) {
            return;
        }
        // While nothing is written only the first and the last moment at a position matter.
        let flat = self.samples.iter().rev().take(2).filter(|&&(_, p)| p == position).count() == 2;
        if flat {
            self.samples.pop_back();
        }
        self.samples.push_back((at, position));
        if self.samples.len() > KEPT {
            self.samples.pop_front();
        }
    }

    /// Forgets everything: the positions of another stream do not compare.
    pub fn clear(&mut self) {
        self.samples.clear();
    }

    /// The last sample.
    pub fn last(&self) -> Option<(Millis, u64)> {
        self.samples.back().copied()
    }

    /// The last position sampled at `at` or before; `None` if the memory does not reach back.
    pub fn position_at(&self, at: Millis) -> Option<u64> {
        let index = self.samples.partition_point(|&(t, _)| t <= at).checked_sub(1)?;
        self.samples.get(index).map(|&(_, position)| position)
    }

    /// Growth of the position per second over the last `window` milliseconds of samples.
    pub fn rate(&self, window: Millis) -> Option<f64> {
        let (t, p) = self.last()?;
        let since = t.saturating_sub(window);
        // A flat stretch keeps only its ends, so the position at `since` may lie between two samples.
        let index = self.samples.partition_point(|&(at, _)| at <= since).max(1) - 1;
        let &(t0, p0) = self.samples.get(index)?;
        let start = match self.samples.get(index + 1) {
            Some(&(t1, p1)) if t0 < since => p0 as f64 + (p1 - p0) as f64 * (since - t0) as f64 / (t1 - t0) as f64,
            _ => p0 as f64,
        };
        let span = t - t0.max(since);
        (span > 0).then(|| (p as f64 - start) * 1000.0 / span as f64)
    }

    /// How long before `now` the writer was last at `position` or before it; `None` while the clock cannot tell.
    pub fn behind(&self, position: u64, now: Millis) -> Option<Behind> {
        let (_, latest) = self.last()?;
        if position >= latest {
            return Some(Behind { seconds: 0.0, at_least: false });
        }
        let later = self.samples.partition_point(|&(_, p)| p <= position);
        let &(t1, p1) = self.samples.get(later)?;
        let (moment, at_least) = match later.checked_sub(1).and_then(|i| self.samples.get(i)) {
            Some(&(t0, p0)) => (t0 as f64 + (t1 - t0) as f64 * ((position - p0) as f64 / (p1 - p0) as f64), false),
            // A memory of less than a second says nothing about an older position.
            None if now.saturating_sub(t1) < 1000 => return None,
            None => (t1 as f64, true),
        };
        Some(Behind { seconds: ((now as f64 - moment) / 1000.0).max(0.0), at_least })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clock(samples: &[(Millis, u64)]) -> LsnClock {
        let mut clock = LsnClock::default();
        samples.iter().for_each(|&(at, position)| clock.sample(at, position));
        clock
    }

    fn seconds(clock: &LsnClock, position: u64, now: Millis) -> f64 {
        clock.behind(position, now).unwrap().seconds
    }

    #[test]
    fn an_idle_primary_has_no_lag_however_long_it_idles() {
        let clock = clock(&[(0, 100), (1000, 100), (60_000, 100)]);
        assert_eq!(seconds(&clock, 100, 60_500), 0.0);
    }

    #[test]
    fn a_cut_off_standby_falls_behind() {
        let clock = clock(&[(0, 100), (1000, 200), (2000, 300), (30_000, 3000)]);
        assert_eq!(seconds(&clock, 200, 30_000), 29.0);
        assert_eq!(seconds(&clock, 150, 30_000), 29.5);
    }

    #[test]
    fn a_burst_after_idling_counts_from_the_burst() {
        let clock = clock(&[(0, 100), (1000, 100), (100_000, 100), (101_000, 900)]);
        assert_eq!(seconds(&clock, 100, 101_000), 1.0);
    }

    #[test]
    fn older_than_memory_is_at_least() {
        let clock = clock(&[(5000, 500), (6000, 600)]);
        assert_eq!(clock.behind(10, 7000), Some(Behind { seconds: 2.0, at_least: true }));
        assert_eq!(LsnClock::default().behind(10, 7000), None);
    }

    #[test]
    fn the_rate_is_that_of_the_window() {
        let mut busy = clock(&[(0, 0), (10_000, 0), (20_000, 0)]);
        busy.sample(21_000, 1000);
        assert_eq!(busy.rate(2000), Some(500.0));
        assert_eq!(clock(&[(0, 7)]).rate(1000), None);
    }

    proptest! {
        #[test]
        fn never_negative_and_further_back_is_never_less_behind(steps in proptest::collection::vec((1_u64..5000, 0_u64..1000), 1..100), a in 0_u64..100_000, b in 0_u64..100_000) {
            let mut clock = LsnClock::default();
            let (mut at, mut position) = (0, 0);
            for (dt, dp) in steps {
                at += dt;
                position += dp;
                clock.sample(at, position);
            }
            let (low, high) = (a.min(b), a.max(b));
            let far = clock.behind(low, at).map(|b| b.seconds);
            let near = clock.behind(high, at).map(|b| b.seconds);
            prop_assert!(far.is_none() || far >= near, "{far:?} {near:?}");
            prop_assert!(near.is_none_or(|seconds| seconds >= 0.0));
            prop_assert!(clock.rate(10_000).is_none_or(|rate| rate >= 0.0));
        }
    }
}
