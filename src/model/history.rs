//! A short memory of one figure, for sparklines: a sample a second, a gap where nothing was known.

use std::collections::VecDeque;

/// Samples kept.
const KEPT: usize = 120;

/// The last two minutes of one figure, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    samples: VecDeque<Option<f32>>,
    moving: usize,
}

impl History {
    /// Adds a sample. Says whether a drawing of the history looks different now.
    pub fn push(&mut self, sample: Option<f64>) -> bool {
        let sample = sample.map(|value| value as f32);
        // After KEPT equal samples the drawing stands still.
        self.moving = if self.samples.back() == Some(&sample) { self.moving.saturating_sub(1) } else { KEPT };
        self.samples.push_back(sample);
        if self.samples.len() > KEPT {
            self.samples.pop_front();
        }
        self.moving > 0
    }

    /// The samples, oldest first.
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = Option<f64>> + ExactSizeIterator + '_ {
        self.samples.iter().map(|sample| sample.map(f64::from))
    }

    /// Whether the last `count` samples are all there and above `limit`.
    pub fn above(&self, limit: f64, count: usize) -> bool {
        self.samples.len() >= count && self.samples().rev().take(count).all(|sample| sample.is_some_and(|value| value > limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_breaches_in_a_row_and_no_gap() {
        let mut history = History::default();
        for (sample, expected) in
            [(Some(11.0), false), (Some(12.0), false), (None, false), (Some(13.0), false), (Some(13.0), false), (Some(14.0), true)]
        {
            history.push(sample);
            assert_eq!(history.above(10.0, 3), expected);
        }
    }

    #[test]
    fn a_constant_figure_comes_to_rest() {
        let mut history = History::default();
        assert!(history.push(Some(0.0)));
        assert!(!(0..KEPT).map(|_| history.push(Some(0.0))).last().unwrap());
        assert!(history.push(Some(1.0)));
    }
}
