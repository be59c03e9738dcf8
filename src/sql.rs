//! The catalogue: every SQL statement the product sends, with its versions, the privilege it needs and what it means.
//! Each reads only, and answers with one row of one JSON column, `facts`. Imports nothing.

/// A statement of the catalogue.
#[derive(Debug)]
pub struct Statement {
    /// What it is called; statements for different versions share a name.
    pub name: &'static str,
    /// What is sent.
    pub text: &'static str,
    /// The first major version it is for.
    pub since: u32,
    /// The last one; `LATEST` when no newer one is known to need another.
    pub until: u32,
    /// The privilege that it needs to tell everything.
    pub needs: Privilege,
    /// What it brings, in a sentence.
    pub meaning: &'static str,
}

/// What a role needs for a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// To be logged in.
    Login,
    /// `pg_monitor`; without it the statement answers, but some of what it shows is hidden.
    MonitorForAll,
    /// `pg_monitor`; without it the statement fails.
    Monitor,
}

/// No upper bound: newer majors get what the newest known one gets.
pub const LATEST: u32 = u32::MAX;

/// Role, positions, receiver, senders.
pub const FAST: &str = "fast";
/// Connections, databases, slots, archiver.
pub const MEDIUM: &str = "medium";
/// Checkpoints, I/O, WAL.
pub const IO: &str = "io";
/// Sizes, queue, wraparound, settings.
pub const SLOW: &str = "slow";
/// The same without sizes and queue.
pub const SLOW_BARE: &str = "slow_bare";
/// Invalidated slots.
pub const SLOTS: &str = "slots";
/// The upstream of a standby.
pub const CONNINFO: &str = "conninfo";
/// Whether the top statements can be read.
pub const HAS_STATEMENTS: &str = "has_statements";
/// Top statements.
pub const STATEMENTS: &str = "statements";
/// Lock tree.
pub const LOCKS: &str = "locks";

/// All of them.
pub static CATALOGUE: &[Statement] = &[
    Statement {
        name: FAST,
        text: include_str!("sql/fast.sql"),
        since: 13,
        until: LATEST,
        needs: Privilege::MonitorForAll,
        meaning: "Role, timeline, WAL positions, WAL receiver and senders.",
    },
    Statement {
        name: MEDIUM,
        text: include_str!("sql/medium.sql"),
        since: 13,
        until: LATEST,
        needs: Privilege::MonitorForAll,
        meaning: "Sessions by state (ours are clients, and not counted as active), counters of all databases, replication slots, archiver, base backups.",
    },
    Statement { name: IO, text: include_str!("sql/io13.sql"), since: 13, until: 13, needs: Privilege::Login, meaning: "Checkpoints." },
    Statement {
        name: IO,
        text: include_str!("sql/io14.sql"),
        since: 14,
        until: 15,
        needs: Privilege::Login,
        meaning: "Checkpoints; WAL generated (pg_stat_wal begins).",
    },
    Statement {
        name: IO,
        text: include_str!("sql/io16.sql"),
        since: 16,
        until: 16,
        needs: Privilege::Login,
        meaning: "Checkpoints; WAL generated; reads and writes (pg_stat_io begins).",
    },
    Statement {
        name: IO,
        text: include_str!("sql/io17.sql"),
        since: 17,
        until: 17,
        needs: Privilege::Login,
        meaning: "Checkpoints (in pg_stat_checkpointer from here on); WAL generated; reads and writes.",
    },
    Statement {
        name: IO,
        text: include_str!("sql/io18.sql"),
        since: 18,
        until: LATEST,
        needs: Privilege::Login,
        meaning: "Checkpoints; WAL generated; reads and writes (bytes are counted, and WAL files appear, from here on).",
    },
    Statement {
        name: SLOW,
        text: include_str!("sql/slow.sql"),
        since: 13,
        until: LATEST,
        needs: Privilege::Monitor,
        meaning: "Size of pg_wal and of the databases, archive queue, wraparound, settings, last checkpoint.",
    },
    Statement {
        name: SLOW_BARE,
        text: include_str!("sql/slow_bare.sql"),
        since: 13,
        until: LATEST,
        needs: Privilege::Login,
        meaning: "Wraparound, settings, last checkpoint: what is left of the slow statement when it is refused or takes too long.",
    },
    Statement {
        name: SLOTS,
        text: include_str!("sql/slots17.sql"),
        since: 17,
        until: LATEST,
        needs: Privilege::Login,
        meaning: "Replication slots that were invalidated, and why.",
    },
    Statement {
        name: CONNINFO,
        text: include_str!("sql/conninfo.sql"),
        since: 13,
        until: LATEST,
        needs: Privilege::MonitorForAll,
        meaning: "Whom a standby follows and under which name; the setting's password does not leave the server.",
    },
    Statement {
        name: HAS_STATEMENTS,
        text: include_str!("sql/has_statements.sql"),
        since: 13,
        until: LATEST,
        needs: Privilege::Login,
        meaning: "Whether pg_stat_statements is installed in this database, and in which schema.",
    },
    Statement {
        name: STATEMENTS,
        text: include_str!("sql/statements.sql"),
        since: 13,
        until: LATEST,
        needs: Privilege::MonitorForAll,
        meaning: "The 20 statements with the most execution time.",
    },
    Statement {
        name: LOCKS,
        text: include_str!("sql/locks.sql"),
        since: 13,
        until: LATEST,
        needs: Privilege::MonitorForAll,
        meaning: "Sessions that wait for a lock and those that they wait for. Takes the lock manager's locks: only while somebody looks.",
    },
];

/// The oldest major version that is supported.
pub const OLDEST: u32 = 13;

/// The statement called `name` for a server of this `server_version_num`; `None` if that version has no such thing.
pub fn for_version(name: &str, version_num: u32) -> Option<&'static Statement> {
    let major = version_num / 10_000;
    CATALOGUE.iter().find(|s| s.name == name && (s.since..=s.until).contains(&major))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that may stand before an opening parenthesis. Whoever adds to it makes sure that it changes nothing on the server.
    const CALLS: &[&str] = &[
        // syntax
        "and",
        "any",
        "as",
        "bit",
        "concat_ws",
        "coalesce",
        "count",
        "exists",
        "extract",
        "filter",
        "floor",
        "from",
        "greatest",
        "in",
        "materialized",
        "max",
        "min",
        "nullif",
        "select",
        "sum",
        "then",
        "else",
        "or",
        // plain functions
        "age",
        "clock_timestamp",
        "current_setting",
        "host",
        "json_agg",
        "json_build_object",
        "json_object_agg",
        "left",
        "mxid_age",
        "regexp_replace",
        "round",
        "substr",
        "substring",
        "to_json",
        "to_regclass",
        "unnest",
        // the server's own
        "pg_blocking_pids",
        "pg_control_checkpoint",
        "pg_control_system",
        "pg_current_wal_flush_lsn",
        "pg_current_wal_lsn",
        "pg_database_size",
        "pg_has_role",
        "pg_is_in_recovery",
        "pg_is_wal_replay_paused",
        "pg_last_wal_receive_lsn",
        "pg_last_wal_replay_lsn",
        "pg_last_xact_replay_timestamp",
        "pg_ls_archive_statusdir",
        "pg_ls_waldir",
        "pg_postmaster_start_time",
        "pg_wal_lsn_diff",
        "pg_walfile_name",
    ];

    const WRITING: &[&str] = &[
        "alter",
        "analyze",
        "begin",
        "call",
        "checkpoint",
        "cluster",
        "comment",
        "commit",
        "copy",
        "create",
        "delete",
        "do",
        "drop",
        "execute",
        "grant",
        "insert",
        "into",
        "listen",
        "load",
        "lock",
        "merge",
        "notify",
        "prepare",
        "refresh",
        "reindex",
        "reset",
        "revoke",
        "rollback",
        "set",
        "share",
        "truncate",
        "update",
        "vacuum",
    ];

    /// Words outside of quotes, in lower case, each with whether a parenthesis follows.
    fn words(text: &str) -> Vec<(String, bool)> {
        let unquoted: String = text.split('\'').step_by(2).collect::<Vec<_>>().join(" ").to_lowercase();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut words = Vec::new();
        let mut rest = unquoted.as_str();
        while let Some(start) = rest.find(is_word) {
            let tail = &rest[start..];
            let end = tail.find(|c| !is_word(c)).unwrap_or(tail.len());
            words.push((tail[..end].to_owned(), tail[end..].trim_start().starts_with('(')));
            rest = &tail[end..];
        }
        words
    }

    #[test]
    fn every_statement_only_reads() {
        for statement in CATALOGUE {
            let words = words(statement.text);
            assert!(["select", "with"].contains(&words[0].0.as_str()), "{}", statement.name);
            assert!(!statement.text.contains(';'), "{} is more than one statement", statement.name);
            for (word, called) in words {
                assert!(!WRITING.contains(&word.as_str()), "{}: {word}", statement.name);
                assert!(!called || CALLS.contains(&word.as_str()), "{}: {word}() is not known to be harmless", statement.name);
            }
        }
    }

    #[test]
    fn the_guard_sees_what_writes() {
        assert!(words("SELECT pg_promote (true)").contains(&("pg_promote".to_owned(), true)));
        assert!(!CALLS.contains(&"pg_promote") && !CALLS.contains(&"set_config") && !CALLS.contains(&"pg_terminate_backend"));
    }

    #[test]
    fn one_statement_per_name_and_version() {
        for name in CATALOGUE.iter().map(|s| s.name) {
            for major in OLDEST..=20 {
                let fitting = CATALOGUE.iter().filter(|s| s.name == name && (s.since..=s.until).contains(&major)).count();
                assert_eq!(fitting, usize::from(name != SLOTS || major >= 17), "{name} on {major}");
            }
        }
        assert!(CATALOGUE.iter().all(|s| s.since >= OLDEST && s.since <= s.until));
    }

    #[test]
    fn the_version_chooses() {
        let text = |version| for_version(IO, version).map(|s| s.since);
        assert_eq!([130023, 150018, 160000, 170010, 180004].map(text), [13, 14, 16, 17, 18].map(Some));
        assert!(for_version(IO, 120020).is_none());
        assert!(for_version(FAST, 190000).is_some(), "a newer major gets what the newest known one gets");
        assert!(for_version(SLOTS, 160000).is_none());
    }
}
