//! Rates and sums from counters, robust against restarts: a counter that went down starts a new series.

use std::collections::VecDeque;

/// Our own polls, keepalives and acknowledgements beat against the window: a tenth of a rate is no news.
const STEP: f64 = 0.1;

/// The samples of one counter over a window of time.
#[derive(Debug)]
pub struct Counter {
    window_s: f64,
    /// Per second; a smaller movement is no news either.
    least: f64,
    samples: VecDeque<(f64, u64)>,
    shown: Option<f64>,
}

impl Counter {
    /// A counter judged over the last `window_s` seconds.
    pub fn over(window_s: f64) -> Counter {
        Counter { window_s, least: 0.0, samples: VecDeque::new(), shown: None }
    }

    /// The same, for a counter that our own questions increase: a rate that moves by less than `least` per second is held, too.
    pub fn holding(self, least: f64) -> Counter {
        Counter { least, ..self }
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

    /// The increase per second, held while it moves by less than a tenth (or what `holding` says), so that an idle server holds still.
    /// Nothing and something are told apart at once.
    pub fn steady(&mut self) -> Option<f64> {
        self.shown = match (self.shown, self.per_second()?) {
            (Some(shown), now) if shown > 0.0 && now > 0.0 && (now - shown).abs() <= self.least.max(shown * STEP) => Some(shown),
            (_, now) if now >= 10.0 => Some(now.round()),
            (_, now) if now >= 1.0 => Some((now * 10.0).round() / 10.0),
            (_, now) => Some((now * 1000.0).round() / 1000.0),
        };
        self.shown
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
    fn a_steady_rate_moves_in_steps_and_tells_little_from_nothing() {
        let mut counter = Counter::over(10.0);
        let shown: Vec<_> = (0..200)
            .map(|t| {
                counter.sample(f64::from(t), u64::from(t as u32 * 5 + t as u32 % 3));
                counter.steady()
            })
            .collect();
        assert!(shown.windows(2).skip(20).all(|pair| pair[0] == pair[1]));
        let mut rare = Counter::over(60.0);
        rare.sample(0.0, 0);
        rare.sample(60.0, 1);
        assert!(rare.steady() > Some(0.0));
        rare.sample(121.0, 1);
        assert_eq!(rare.steady(), Some(0.0));
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
