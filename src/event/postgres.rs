//! What the PostgreSQL polls bring. Times are Unix seconds or ages by the server's own clock; never by ours.

use super::Lsn;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The fast poll, one row: role, positions, receiver, senders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PgFast {
    /// `server_version_num`, for example 150018.
    pub version: u32,
    /// `system_identifier`: the same on every server of one cluster.
    pub system_id: Option<String>,
    /// When the postmaster started, Unix seconds.
    pub started: f64,
    /// `pg_is_in_recovery()`: the only source of the role.
    pub in_recovery: bool,
    /// `default_transaction_read_only` is on.
    pub default_read_only: bool,
    /// `synchronous_standby_names`.
    pub sync_names: String,
    /// `synchronous_commit`.
    pub sync_commit: String,
    /// The timeline: of the current WAL file on a primary, of the receiver or the control file on a standby.
    pub timeline: u32,
    /// Primary: end of WAL written.
    pub write_lsn: Option<Lsn>,
    /// Primary: end of WAL that a crash keeps.
    pub flush_lsn: Option<Lsn>,
    /// Standby: received and flushed by the receiver since it started.
    pub receive_lsn: Option<Lsn>,
    /// Standby: replayed.
    pub replay_lsn: Option<Lsn>,
    /// Standby: commit time of the last replayed transaction, Unix seconds. Not a measure of lag.
    pub replayed_commit: Option<f64>,
    /// Standby: replay is paused.
    pub replay_paused: Option<bool>,
    /// Standby: the WAL receiver.
    pub receiver: PgReceiver,
    /// Rows of `pg_stat_replication`; `None` without the right to see them.
    pub senders: Option<Vec<PgSender>>,
}

/// A standby's WAL receiver.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PgReceiver {
    /// No receiver runs: the standby is cut off, or this is a primary.
    #[default]
    Absent,
    /// There is one, but its state is hidden (the role lacks `pg_monitor`).
    Hidden,
    /// It runs.
    Present(PgReceiverRow),
}

/// One row of `pg_stat_wal_receiver`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PgReceiverRow {
    /// `streaming`, `starting`, `waiting`, …
    pub status: String,
    /// Timeline that is received.
    pub timeline: Option<u32>,
    /// Written, perhaps not yet flushed.
    pub written: Option<Lsn>,
    /// Flushed.
    pub flushed: Option<Lsn>,
    /// The sender's end of WAL as last told to this standby.
    pub sender_end: Option<Lsn>,
    /// Age of the last message from the sender, by the standby's clock: seconds in steps of ten, since it goes up and down all the time.
    pub message_age: Option<u32>,
    /// The slot it uses.
    pub slot: Option<String>,
    /// Who it follows.
    pub sender_host: Option<String>,
    /// Port of who it follows.
    pub sender_port: Option<u16>,
}

/// One row of `pg_stat_replication` on a server that others follow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PgSender {
    /// Process id of the sender; the slot that it serves shows the same.
    pub pid: i32,
    /// `application_name` of the standby.
    pub name: String,
    /// Address of the standby; `None` over a local socket.
    pub address: Option<String>,
    /// `streaming`, `catchup`, `startup`, `backup`, …; `None` without the right to see it.
    pub state: Option<String>,
    /// `async`, `potential`, `sync`, `quorum`.
    pub sync: Option<String>,
    /// Sent.
    pub sent: Option<Lsn>,
    /// Written by the standby.
    pub write: Option<Lsn>,
    /// Flushed by the standby.
    pub flush: Option<Lsn>,
    /// Replayed by the standby.
    pub replay: Option<Lsn>,
    /// Seconds; `None` when idle.
    pub write_lag: Option<f64>,
    /// Seconds; `None` when idle.
    pub flush_lag: Option<f64>,
    /// Seconds; `None` when idle.
    pub replay_lag: Option<f64>,
}

/// The medium poll: connections, databases, slots, archiver, running base backups.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PgMedium {
    /// Sessions.
    pub connections: PgConnections,
    /// Commits per second, from differences; `None` until two samples are there or after a reset.
    pub commits_per_s: Option<f64>,
    /// Rollbacks per second, from differences.
    pub rollbacks_per_s: Option<f64>,
    /// Blocks found in shared buffers in the last minute; with `blocks_read` the hit rate of that minute.
    pub blocks_hit: Option<u64>,
    /// Blocks read from outside shared buffers in the last minute.
    pub blocks_read: Option<u64>,
    /// Deadlocks since the statistics were reset.
    pub deadlocks: u64,
    /// Queries cancelled by recovery conflicts since the statistics were reset.
    pub conflicts: u64,
    /// Bytes of temporary files per second, from differences.
    pub temp_bytes_per_s: Option<f64>,
    /// Checksum failures since the statistics were reset; `None` when checksums are off.
    pub checksum_failures: Option<u64>,
    /// Replication slots.
    pub slots: Vec<PgSlot>,
    /// WAL archiver.
    pub archiver: PgArchiver,
    /// Base backups that run from this server.
    pub base_backups: u32,
}

/// Sessions of a server. What only somebody with `pg_monitor` sees of other people's is `None` without it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PgConnections {
    /// `max_connections`.
    pub max: u32,
    /// Of these, kept for superusers and, from 16 on, for `pg_use_reserved_connections`.
    pub reserved: u32,
    /// Client sessions.
    pub clients: u32,
    /// Of these, running a statement.
    pub active: Option<u32>,
    /// Idle inside a transaction.
    pub idle_in_transaction: Option<u32>,
    /// Waiting for a lock.
    pub waiting_lock: Option<u32>,
    /// Commits that wait for a synchronous standby.
    pub waiting_sync: Option<u32>,
    /// WAL senders.
    pub wal_senders: Option<u32>,
    /// Start of the oldest open transaction, Unix seconds; `None` also when there is none.
    pub oldest_transaction: Option<f64>,
    /// Age of the oldest snapshot, in transactions.
    pub oldest_xmin_age: Option<u64>,
}

/// A replication slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PgSlot {
    /// Its name.
    pub name: String,
    /// `physical` or `logical`.
    pub kind: String,
    /// Somebody uses it.
    pub active: bool,
    /// The sender that serves it.
    pub pid: Option<i32>,
    /// Bytes of WAL that it keeps from being removed; `None` when it never had a position.
    pub retained: Option<i64>,
    /// `reserved`, `extended`, `unreserved`, `lost`.
    pub wal_status: Option<String>,
    /// Bytes until it is invalidated; `None` when there is no limit (`max_slot_wal_keep_size = -1`).
    pub safe_wal_size: Option<i64>,
}

/// The WAL archiver.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PgArchiver {
    /// `archive_mode` is not off.
    pub enabled: bool,
    /// Files archived since the statistics were reset.
    pub archived: u64,
    /// Failures since the statistics were reset.
    pub failed: u64,
    /// The last file archived.
    pub last_wal: Option<String>,
    /// When, Unix seconds.
    pub last_archived: Option<f64>,
    /// When the last failure was, Unix seconds.
    pub last_failed: Option<f64>,
    /// The last attempt failed.
    pub failing: bool,
}

/// Checkpoints, I/O and WAL, as rates by differences; a figure that this version does not have is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PgIo {
    /// Checkpoints by time since the statistics were reset.
    pub checkpoints_timed: u64,
    /// Checkpoints by request (often: WAL grew too fast) since the statistics were reset.
    pub checkpoints_requested: u64,
    /// Milliseconds that checkpoints spent writing, per second.
    pub checkpoint_write_ms_per_s: Option<f64>,
    /// Buffers written by checkpoints, per second.
    pub buffers_written_per_s: Option<f64>,
    /// Reads per second (`pg_stat_io`, 16 and later).
    pub reads_per_s: Option<f64>,
    /// Bytes read per second.
    pub read_bytes_per_s: Option<f64>,
    /// Mean milliseconds per read; `None` without `track_io_timing`.
    pub read_ms: Option<f64>,
    /// Writes per second.
    pub writes_per_s: Option<f64>,
    /// Bytes written per second.
    pub write_bytes_per_s: Option<f64>,
    /// Fsyncs per second.
    pub fsyncs_per_s: Option<f64>,
    /// WAL bytes generated per second (14 and later).
    pub wal_bytes_per_s: Option<f64>,
    /// Full-page images per second (14 to 17).
    pub wal_fpi_per_s: Option<f64>,
}

/// The slow poll. A part that the role may not see is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PgSlow {
    /// Files in `pg_wal`.
    pub wal_files: Option<u64>,
    /// Their bytes.
    pub wal_bytes: Option<u64>,
    /// WAL files ready to be archived and not archived yet.
    pub archive_ready: Option<u64>,
    /// Since when the oldest of these waits, Unix seconds.
    pub archive_oldest: Option<f64>,
    /// Age of the oldest unfrozen transaction id.
    pub xid_age: Option<u64>,
    /// Age of the oldest unfrozen multixact id.
    pub mxid_age: Option<u64>,
    /// `autovacuum_freeze_max_age`.
    pub freeze_max_age: Option<u64>,
    /// Bytes of all databases.
    pub database_bytes: Option<u64>,
    /// Settings that matter, by name, in PostgreSQL's base units.
    pub settings: BTreeMap<String, String>,
    /// When the last checkpoint or restartpoint was, Unix seconds.
    pub last_checkpoint: Option<f64>,
    /// A changed setting waits for a restart.
    pub pending_restart: bool,
    /// Host in `primary_conninfo`; never its password.
    pub upstream_host: Option<String>,
    /// Port in `primary_conninfo`.
    pub upstream_port: Option<u16>,
    /// The name under which the primary sees this standby: `application_name` of `primary_conninfo`, else `cluster_name`.
    pub application_name: Option<String>,
    /// Slots that were invalidated, with the reason (17 and later).
    pub invalidated_slots: BTreeMap<String, String>,
}

/// The statements that cost most.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PgStatements {
    /// Why there are none, for example because the extension is not installed.
    pub unavailable: Option<String>,
    /// By total time, at most 20.
    pub rows: Vec<PgStatement>,
}

/// One row of `pg_stat_statements`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PgStatement {
    /// Calls.
    pub calls: i64,
    /// Total execution time, milliseconds.
    pub total_ms: f64,
    /// Mean execution time, milliseconds.
    pub mean_ms: f64,
    /// Rows returned or changed.
    pub rows: i64,
    /// Blocks found in shared buffers.
    pub blocks_hit: i64,
    /// Blocks read.
    pub blocks_read: i64,
    /// The text as the extension normalises it, at most 200 characters. Never recorded.
    pub query: String,
}

/// Sessions that wait for a lock and those that they wait for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PgLocks {
    /// Why waits of other roles are not among the rows: no rows then do not mean that nobody waits.
    pub unavailable: Option<String>,
    /// At most 50 sessions, the oldest transaction first.
    pub rows: Vec<PgLock>,
}

/// One session in the lock tree.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PgLock {
    /// Process id.
    pub pid: i32,
    /// Process ids that it waits for; empty for one that only blocks others.
    pub blocked_by: Vec<i32>,
    /// Database.
    pub database: String,
    /// Role.
    pub user: String,
    /// `application_name`.
    pub application: String,
    /// `active`, `idle in transaction`, …
    pub state: String,
    /// What it waits for, for example `Lock transactionid`.
    pub wait: String,
    /// Start of its transaction, Unix seconds.
    pub transaction_start: Option<f64>,
    /// Text, at most 200 characters. Never recorded.
    pub query: String,
}
