//! The medium and I/O answers: from counters as the server keeps them to rates. Time is the server's own clock; a reset of its statistics,
//! a restart and a new timeline begin a new series.

use crate::event::{PgArchiver, PgConnections, PgIo, PgMedium, PgSlot};
use crate::source::rate::Counter;
use serde::Deserialize;

/// Rates are judged over this many seconds.
const WINDOW: f64 = 10.0;

/// Fewer blocks than this in a minute tell nothing about a hit rate.
const TOLD_BLOCKS: u64 = 1000;

/// The hit rate is judged over this many seconds.
const MINUTE: f64 = 60.0;

/// The answer to the medium statement.
#[derive(Debug, Deserialize)]
pub(super) struct MediumAnswer {
    at: f64,
    series: String,
    /// The role, if it lacks `pg_read_all_stats`.
    pub(super) blind: Option<String>,
    connections: PgConnections,
    databases: Databases,
    slots: Vec<PgSlot>,
    archiver: PgArchiver,
    base_backups: u32,
}

#[derive(Debug, Deserialize)]
struct Databases {
    hit: u64,
    read: u64,
    commits: u64,
    rollbacks: u64,
    deadlocks: u64,
    conflicts: u64,
    temp_bytes: u64,
    checksum_failures: Option<u64>,
}

/// The answer to the I/O statement.
#[derive(Debug, Deserialize)]
pub(super) struct IoAnswer {
    at: f64,
    series: String,
    timing: bool,
    checkpoints: Checkpoints,
    blocks: Option<Blocks>,
    wal: Option<Wal>,
}

#[derive(Debug, Deserialize)]
struct Checkpoints {
    timed: u64,
    requested: u64,
    write_ms: f64,
    buffers: u64,
}

#[derive(Debug, Deserialize)]
struct Blocks {
    reads: u64,
    read_bytes: u64,
    read_ms: f64,
    writes: u64,
    write_bytes: u64,
    fsyncs: u64,
}

#[derive(Debug, Deserialize)]
struct Wal {
    bytes: u64,
    images: u64,
}

/// `N` counters that begin anew together.
struct Series<const N: usize> {
    name: String,
    counters: [Counter; N],
}

impl<const N: usize> Series<N> {
    fn over(windows: [f64; N]) -> Series<N> {
        Series { name: String::new(), counters: windows.map(Counter::over) }
    }

    /// Takes one sample of each counter and hands out the counters.
    fn sample(&mut self, name: &str, at: f64, values: [u64; N]) -> &mut [Counter; N] {
        if self.name != name {
            name.clone_into(&mut self.name);
            self.counters.iter_mut().for_each(Counter::clear);
        }
        self.counters.iter_mut().zip(values).for_each(|(counter, value)| counter.sample(at, value));
        &mut self.counters
    }
}

/// What a role without `pg_read_all_stats` can count; the rest would be its own sessions alone.
fn visible(connections: PgConnections) -> PgConnections {
    let PgConnections { max, reserved, clients, .. } = connections;
    PgConnections { max, reserved, clients, ..PgConnections::default() }
}

/// What is remembered between two medium polls.
pub(super) struct MediumRates(Series<5>);

impl MediumRates {
    pub(super) fn new() -> MediumRates {
        MediumRates(Series::over([WINDOW, WINDOW, WINDOW, MINUTE, MINUTE]))
    }

    pub(super) fn read(&mut self, answer: MediumAnswer) -> PgMedium {
        let db = answer.databases;
        let values = [db.commits, db.rollbacks, db.temp_bytes, db.hit, db.read];
        let [commits, rollbacks, temp, hit, read] = self.0.sample(&answer.series, answer.at, values);
        // Our own polls touch some blocks; too few to tell a rate from are none.
        let blocks = hit.increase().zip(read.increase()).map(|(hit, read)| if hit + read < TOLD_BLOCKS { (0, 0) } else { (hit, read) });
        PgMedium {
            connections: if answer.blind.is_some() { visible(answer.connections) } else { answer.connections },
            commits_per_s: commits.steady(),
            rollbacks_per_s: rollbacks.steady(),
            blocks_hit: blocks.map(|(hit, _)| hit),
            blocks_read: blocks.map(|(_, read)| read),
            deadlocks: db.deadlocks,
            conflicts: db.conflicts,
            temp_bytes_per_s: temp.steady(),
            checksum_failures: db.checksum_failures,
            slots: answer.slots,
            archiver: answer.archiver,
            base_backups: answer.base_backups,
        }
    }
}

/// What is remembered between two I/O polls.
pub(super) struct IoRates {
    checkpoints: Series<2>,
    blocks: Series<6>,
    wal: Series<2>,
}

impl IoRates {
    pub(super) fn new() -> IoRates {
        IoRates { checkpoints: Series::over([WINDOW; 2]), blocks: Series::over([WINDOW; 6]), wal: Series::over([WINDOW; 2]) }
    }

    pub(super) fn read(&mut self, answer: IoAnswer) -> PgIo {
        let IoAnswer { at, series, timing, checkpoints, blocks, wal } = answer;
        let values = [checkpoints.write_ms as u64, checkpoints.buffers];
        let [write_ms, buffers] = self.checkpoints.sample(&series, at, values);
        let mut io = PgIo {
            checkpoints_timed: checkpoints.timed,
            checkpoints_requested: checkpoints.requested,
            checkpoint_write_ms_per_s: write_ms.steady(),
            buffers_written_per_s: buffers.steady(),
            ..PgIo::default()
        };
        if let Some(b) = blocks {
            let values = [b.reads, b.read_bytes, b.read_ms as u64, b.writes, b.write_bytes, b.fsyncs];
            let [reads, read_bytes, read_ms, writes, write_bytes, fsyncs] = self.blocks.sample(&series, at, values);
            io.reads_per_s = reads.steady();
            io.read_bytes_per_s = read_bytes.steady();
            let mean = |reads| read_ms.increase().map(|ms| (ms as f64 / reads as f64 * 1000.0).round() / 1000.0);
            io.read_ms = reads.increase().filter(|&reads| timing && reads > 0).and_then(mean);
            io.writes_per_s = writes.steady();
            io.write_bytes_per_s = write_bytes.steady();
            io.fsyncs_per_s = fsyncs.steady();
        }
        if let Some(w) = wal {
            let [bytes, images] = self.wal.sample(&series, at, [w.bytes, w.images]);
            io.wal_bytes_per_s = bytes.steady();
            io.wal_fpi_per_s = images.steady();
        }
        io
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn medium(at: f64, series: &str, commits: u64, hit: u64) -> MediumAnswer {
        let answer = json!({
            "at": at, "series": series, "blind": null, "base_backups": 0,
            "connections": {"max": 40, "reserved": 3, "clients": 2, "active": 1, "idle_in_transaction": 0, "waiting_lock": 0,
                "waiting_sync": 0, "wal_senders": 2, "oldest_transaction": null, "oldest_xmin_age": 0},
            "databases": {"hit": hit, "read": 7, "commits": commits, "rollbacks": 0, "deadlocks": 0, "conflicts": 0, "temp_bytes": 0,
                "checksum_failures": null},
            "slots": [{"name": "pg2", "kind": "physical", "active": true, "pid": 14290, "retained": 16, "wal_status": "reserved",
                "safe_wal_size": null}],
            "archiver": {"enabled": false, "archived": 0, "failed": 0, "last_wal": null, "last_archived": null, "last_failed": null,
                "failing": false},
        });
        serde_json::from_value(answer).unwrap()
    }

    #[test]
    fn rates_come_from_differences_and_end_with_the_series() {
        let mut rates = MediumRates::new();
        let first = rates.read(medium(100.0, "a", 1000, 50));
        assert_eq!((first.commits_per_s, first.blocks_hit), (None, None));
        assert_eq!((first.connections.max, first.slots[0].retained, first.checksum_failures), (40, Some(16), None));
        let second = rates.read(medium(105.0, "a", 1050, 3050));
        assert_eq!((second.commits_per_s, second.blocks_hit, second.blocks_read), (Some(10.0), Some(3000), Some(0)));
        let quiet = rates.read(medium(170.0, "a", 1060, 3090));
        assert_eq!(quiet.blocks_hit, Some(0), "too few to tell a rate from");
        let reset = rates.read(medium(175.0, "b", 1060, 90));
        assert_eq!((reset.commits_per_s, reset.blocks_hit), (None, None));
    }

    fn io(at: f64, reads: Option<u64>, timing: bool) -> IoAnswer {
        let blocks = reads
            .map(|n| json!({"reads": n, "read_bytes": n * 8192, "read_ms": n as f64 * 0.5, "writes": 0, "write_bytes": 0, "fsyncs": 0}));
        let answer = json!({"at": at, "series": "a", "timing": timing, "blocks": blocks,
            "checkpoints": {"timed": 3, "requested": 2, "write_ms": 12.5, "buffers": 4},
            "wal": reads.map(|n| json!({"bytes": 1000 * n, "images": 0}))});
        serde_json::from_value(answer).unwrap()
    }

    #[test]
    fn what_a_version_does_not_count_is_none() {
        let mut rates = IoRates::new();
        let facts = rates.read(io(5.0, None, true));
        assert_eq!(facts, PgIo { checkpoints_timed: 3, checkpoints_requested: 2, ..PgIo::default() });
    }

    #[test]
    fn a_mean_needs_timing() {
        for (timing, mean) in [(true, Some(0.5)), (false, None)] {
            let mut rates = IoRates::new();
            rates.read(io(5.0, Some(100), timing));
            let facts = rates.read(io(10.0, Some(200), timing));
            assert_eq!((facts.read_ms, facts.reads_per_s, facts.wal_bytes_per_s), (mean, Some(20.0), Some(20_000.0)));
        }
    }
}
