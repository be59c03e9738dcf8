//! Rates and sums from counters, robust against restarts: a counter that went down starts a new series.

use std::collections::VecDeque;

/// The samples of one counter over a window of time.
#[derive(Debug)]
pub struct Counter {
    window_s: f64,
    samples: VecDeque<(f64, u64)>,
}

impl Counter {
    /// A counter judged over the last `window_s` seconds.
    pub fn over(window_s: f64) -> Counter {
        Counter { window_s, samples: VecDeque::new() }
    }

    /// Adds a sample read at `at` seconds. One that is lower than the last, or older, begins a new series.
    pub fn sample(&mut self, at: f64, value: u64) {
        if self.samples.back().is_some_and(|&(t, v)| value < v || at < t) {
            self.samples.clear();
        }
        self.samples.push_back((at, value));
        // One sample from before the window stays, so that a full window is always covered.
        while self.samples.get(1).is_some_and(|&(t, _)| at - t >= self.window_s) {
            self.samples.pop_front();
        }
    }

    /// Forgets everything: the process or its statistics started anew.
    pub fn clear(&mut self) {
        self.samples.clear();
    }

    /// The increase over the window; `None` with fewer than two samples.
    pub fn increase(&self) -> Option<u64> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        (self.samples.len() > 1).then(|| last.1 - first.1)
    }

    /// The increase per second; `None` with fewer than two samples.
    pub fn per_second(&self) -> Option<f64> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        (last.0 > first.0).then(|| (last.1 - first.1) as f64 / (last.0 - first.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_rate_needs_two_samples_and_forgets_a_restart() {
        let mut counter = Counter::over(10.0);
        counter.sample(0.0, 100);
        assert_eq!(counter.per_second(), None);
        counter.sample(2.0, 120);
        assert_eq!(counter.per_second(), Some(10.0));
        counter.sample(3.0, 5);
        assert_eq!(counter.per_second(), None);
    }

    #[test]
    fn only_the_window_counts() {
        let mut counter = Counter::over(10.0);
        (0..=30).for_each(|t| counter.sample(f64::from(t), if t < 15 { 0 } else { 100 }));
        assert_eq!(counter.increase(), Some(0));
    }

    proptest! {
        #[test]
        fn never_negative(values in proptest::collection::vec(0_u64..1000, 0..50)) {
            let mut counter = Counter::over(5.0);
            for (at, value) in values.into_iter().enumerate() {
                counter.sample(at as f64, value);
                prop_assert!(counter.per_second().is_none_or(|rate| rate >= 0.0));
            }
        }
    }
}
