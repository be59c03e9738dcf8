//! Figures that hold still while nothing happens: rates from counters, and levels that our own polls make tremble.
//! Each value is the server's own, at most one step old; nothing is invented.

use super::reading::Fields;
use crate::event::RedisInfo;
use crate::source::rate::Counter;

/// What is shown "per second" is judged over this many seconds: soon after a load ends, the figure must say so.
const RATE_S: f64 = 10.0;

/// What is shown for the last minute.
const MINUTE_S: f64 = 60.0;

/// Commands per second that our own come and go with, the settings' above all: eight at once, each minute.
const COMMANDS_STEP: f64 = 1.5;

/// Bytes of memory that our own connection's buffers may come and go with.
const MEMORY_STEP: u64 = 64 * 1024;

/// The resident size behind the ratio moves by itself, and much so in a small server: this, or a twentieth, is no news.
const FRAGMENTATION_STEP: f64 = 0.1;

/// A first poll may come just before the tick of the next one: a rate over a few milliseconds would be our own poll's.
const SHORTEST_S: f64 = 0.5;

/// What was counted and shown so far.
#[derive(Debug)]
pub struct Steady {
    run_id: String,
    sampled_at: Option<f64>,
    hits: Counter,
    misses: Counter,
    evictions: Counter,
    commands: Counter,
    shown: RedisInfo,
}

impl Default for Steady {
    fn default() -> Steady {
        Steady {
            run_id: String::new(),
            sampled_at: None,
            hits: Counter::over(MINUTE_S),
            misses: Counter::over(MINUTE_S),
            evictions: Counter::over(RATE_S),
            commands: Counter::over(RATE_S).holding(COMMANDS_STEP),
            shown: RedisInfo::default(),
        }
    }
}

impl Steady {
    /// Fills in the rates of `row`, read at `at` seconds, and holds its trembling figures.
    pub fn hold(&mut self, at: f64, fields: &Fields<'_>, row: &mut RedisInfo) {
        if self.run_id != row.run_id {
            // Another process: its counters have nothing to do with the last one's.
            *self = Steady { run_id: row.run_id.clone(), ..Steady::default() };
        }
        let counters = [
            (&mut self.hits, "keyspace_hits"),
            (&mut self.misses, "keyspace_misses"),
            (&mut self.evictions, "evicted_keys"),
            (&mut self.commands, "total_commands_processed"),
        ];
        if self.sampled_at.is_none_or(|last| at - last >= SHORTEST_S) {
            self.sampled_at = Some(at);
            for (counter, name) in counters {
                if let Some(value) = fields.number(name) {
                    counter.sample(at, value);
                }
            }
        }
        row.hits = self.hits.increase();
        row.misses = self.misses.increase();
        row.evictions_per_s = self.evictions.steady();
        row.commands_per_s = self.commands.steady();
        if row.used_memory.abs_diff(self.shown.used_memory) < MEMORY_STEP {
            row.used_memory = self.shown.used_memory;
        }
        if (row.fragmentation - self.shown.fragmentation).abs() < FRAGMENTATION_STEP.max(self.shown.fragmentation / 20.0) {
            row.fragmentation = self.shown.fragmentation;
        }
        self.shown.clone_from(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(steady: &mut Steady, second: u32, run_id: &str, commands: u64, memory: u64) -> RedisInfo {
        let text = format!("total_commands_processed:{commands}\nkeyspace_hits:{commands}\nevicted_keys:0\n");
        let mut row = RedisInfo { run_id: run_id.into(), used_memory: memory, ..RedisInfo::default() };
        steady.hold(f64::from(second), &Fields::of(&text), &mut row);
        row
    }

    #[test]
    fn an_idle_server_holds_still() {
        let mut steady = Steady::default();
        // Two of our own each second, the settings' eight each minute, and a Sentinel's pings that beat against the polls.
        let commands = |second: u32| u64::from(second * 2 + second / 60 * 8 + second % 3);
        let rows: Vec<_> = (0..300).map(|s| at(&mut steady, s, "a", commands(s), 1_300_000 + u64::from(s % 2) * 20_504)).collect();
        let changes = rows.windows(2).skip(12).filter(|pair| pair[0].commands_per_s != pair[1].commands_per_s).count();
        assert_eq!(changes, 0);
        assert!(rows.iter().all(|row| row.used_memory == 1_300_000));
        assert!((1.0..=3.0).contains(&rows[299].commands_per_s.unwrap()));
        assert_eq!(rows[299].evictions_per_s, Some(0.0));
    }

    #[test]
    fn the_end_of_a_load_is_told_within_ten_seconds() {
        let mut steady = Steady::default();
        let commands = |second: u32| u64::from(second.min(30)) * 27_000 + u64::from(second) * 2;
        let rows: Vec<_> = (0..100).map(|s| at(&mut steady, s, "a", commands(s), 1_000_000)).collect();
        assert_eq!(rows[30].commands_per_s, Some(27_002.0));
        assert_eq!(rows[40].commands_per_s, Some(2.0));
        assert_eq!(rows[99].hits, Some(2 * 60), "these are of the last minute");
    }

    #[test]
    fn a_restart_starts_over_and_growth_is_seen() {
        let mut steady = Steady::default();
        at(&mut steady, 0, "a", 1_000, 1_000_000);
        assert_eq!(at(&mut steady, 1, "a", 2_000, 1_000_000).commands_per_s, Some(1_000.0));
        assert_eq!(at(&mut steady, 2, "b", 9_000, 1_000_000).commands_per_s, None);
        assert_eq!(at(&mut steady, 3, "b", 9_000, 1_070_000).used_memory, 1_070_000);
    }
}
