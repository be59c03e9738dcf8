//! Texts and replies as 7.0.15 gives them, cut down to what is read and its neighbours.

use super::*;
use proptest::prelude::*;

const MASTER: &str = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nos:Linux 6.18 x86_64\r\n\
    run_id:b3ce102ec6c2612ba6203b185556d805ab53e5d5\r\nexecutable:/usr/bin/redis-server\r\n\r\n# Clients\r\nconnected_clients:7\r\n\
    maxclients:10000\r\nblocked_clients:2\r\n\r\n# Memory\r\nused_memory:1296112\r\nused_memory_human:1.24M\r\nmaxmemory:0\r\n\
    mem_fragmentation_ratio:10.04\r\n\r\n# Persistence\r\nloading:0\r\nasync_loading:0\r\nrdb_changes_since_last_save:5\r\n\
    rdb_bgsave_in_progress:0\r\nrdb_last_save_time:1795335375\r\nrdb_last_bgsave_status:ok\r\naof_enabled:0\r\n\
    aof_last_bgrewrite_status:ok\r\naof_last_write_status:err\r\n\r\n# Errorstats\r\nerrorstat_ERR:count=2\r\n\
    errorstat_NOREPLICAS:count=3\r\n\r\n# Replication\r\nrole:master\r\nconnected_slaves:2\r\n\
    slave0:ip=127.0.0.1,port=47825,state=online,offset=537332,lag=1\r\n\
    slave1:ip=127.0.0.1,port=42635,state=wait_bgsave,offset=0,lag=0\r\nmaster_failover_state:no-failover\r\n\
    master_replid:7a23aadb5ff88f8141a3e683dba998d9e420e3f0\r\nmaster_repl_offset:537400\r\nsecond_repl_offset:499872\r\n";

const CUT_OFF: &str = "# Server\r\nredis_version:7.0.15\r\n# Replication\r\nrole:slave\r\nmaster_host:10.0.0.7\r\nmaster_port:6379\r\n\
    master_link_status:down\r\nmaster_last_io_seconds_ago:-1\r\nmaster_sync_in_progress:0\r\nslave_read_repl_offset:425\r\n\
    slave_repl_offset:425\r\nmaster_link_down_since_seconds:12\r\nslave_priority:100\r\nconnected_slaves:0\r\nmaster_repl_offset:425\r\n";

fn bulk(text: &str) -> Value {
    Value::BulkString(text.as_bytes().to_vec())
}

fn list(items: &[&str]) -> Value {
    Value::Array(items.iter().map(|item| bulk(item)).collect())
}

#[test]
fn a_master_is_read() {
    let row = row(None, Some(&Fields::of(MASTER))).unwrap();
    assert_eq!((row.role, row.offset, row.version.as_str()), (RedisRole::Master, 537_400, "7.0.15"));
    assert_eq!(row.master, None);
    assert_eq!((row.clients, row.blocked_clients, row.max_clients), (7, 2, 10_000));
    assert_eq!((row.used_memory, row.max_memory, row.refused_writes, row.unsaved_changes), (1_296_112, 0, 3, 5));
    assert!((row.fragmentation - 10.04).abs() < 1e-9 && row.last_save == 1_795_335_375);
    assert!(row.save_ok && row.aof_rewrite_ok && !row.aof_write_ok && !row.aof && !row.saving && !row.loading);
    let replicas: Vec<_> = row.replicas.iter().map(|r| (r.port, r.state.as_str(), r.offset, r.ack_age)).collect();
    assert_eq!(replicas, [(42635, "wait_bgsave", 0, 0), (47825, "online", 537_332, 1)]);
}

#[test]
fn a_replica_that_is_cut_off_has_no_age_but_a_since() {
    let row = row(None, Some(&Fields::of(CUT_OFF))).unwrap();
    assert_eq!((row.role, row.offset), (RedisRole::Replica, 425));
    let expected = RedisMasterLink { host: "10.0.0.7".into(), port: 6379, up: false, last_io: None, down_since: Some(12), syncing: false };
    assert_eq!(row.master, Some(expected));
    assert!(row.save_ok && row.aof_write_ok);
}

#[test]
fn role_stands_in_for_info() {
    let master = Value::Array(vec![bulk("master"), Value::Int(425), Value::Array(vec![list(&["127.0.0.1", "47825", "411"])])]);
    let row_of = |reply: &Value| row(Role::of(reply), None);
    let seen = row_of(&master).unwrap();
    assert_eq!((seen.role, seen.offset, seen.replicas[0].offset, seen.version.as_str()), (RedisRole::Master, 425, 411, ""));
    assert!(seen.save_ok && seen.aof_write_ok && seen.aof_rewrite_ok);

    let replica =
        |state: &str, offset| Value::Array(vec![bulk("slave"), bulk("10.0.0.7"), Value::Int(6379), bulk(state), Value::Int(offset)]);
    let seen = row_of(&replica("connected", 425)).unwrap();
    assert_eq!((seen.role, seen.offset, seen.master.unwrap().up), (RedisRole::Replica, 425, true));
    let seen = row_of(&replica("sync", -1)).unwrap();
    assert_eq!((seen.offset, seen.master.as_ref().unwrap().up, seen.master.unwrap().syncing), (0, false, true));

    assert_eq!(Role::of(&Value::Array(vec![bulk("sentinel"), list(&["mymaster"])])), Some(Role::Sentinel));
    assert_eq!(row(None, None), None);
}

#[test]
fn role_has_the_last_word_on_the_role() {
    let replica = Value::Array(vec![bulk("slave"), bulk("10.0.0.7"), Value::Int(6379), bulk("connected"), Value::Int(9)]);
    assert_eq!(row(Role::of(&replica), Some(&Fields::of(MASTER))).unwrap().role, RedisRole::Replica);
}

#[test]
fn settings_that_cannot_be_read_are_unknown() {
    let replies = [
        ("min-replicas-to-write", Some(list(&["min-replicas-to-write", "1"]))),
        ("save", Some(list(&["save", "3600 1 300 100"]))),
        ("appendonly", Some(Value::Map(vec![(bulk("appendonly"), bulk("yes"))]))),
        ("replica-priority", Some(list(&[]))),
        ("repl-backlog-size", None),
    ];
    let expected = RedisSettings {
        min_replicas_to_write: Some(1),
        save: Some("3600 1 300 100".into()),
        append_only: Some(true),
        slow_log: Some(4),
        ..RedisSettings::default()
    };
    assert_eq!(settings(&replies, Some(&Value::Int(4))), expected);
    assert_eq!(settings(&[], None), RedisSettings::default());
}

/// Values as deep as Redis nests them.
pub(in crate::source) fn any_value() -> impl Strategy<Value = Value> {
    let words = prop_oneof![
        Just("master"),
        Just("slave"),
        Just("sentinel"),
        Just("name"),
        Just("ip"),
        Just("port"),
        Just("flags"),
        Just("-1"),
        Just("70000"),
        Just("connected"),
        Just("num-slaves"),
        Just("")
    ];
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<i64>().prop_map(Value::Int),
        words.prop_map(bulk),
        any::<Vec<u8>>().prop_map(Value::BulkString),
        ".*".prop_map(Value::SimpleString),
        Just(Value::Okay),
    ];
    leaf.prop_recursive(3, 32, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            proptest::collection::vec((inner.clone(), inner), 0..8).prop_map(Value::Map),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_panics(text in "(role:(master|slave)\n)?((slave[0-9]?|master_port|loading|errorstat_NOREPLICAS):[-a-z0-9=,.:]*\r?\n|.*\n)*") {
        let fields = Fields::of(&text);
        let found = row(None, Some(&fields));
        prop_assert_eq!(found.is_some(), !fields.text("role").is_empty());
    }

    #[test]
    fn no_reply_panics(reply in any_value(), log in any_value()) {
        let role = Role::of(&reply);
        let _ = row(role, Some(&Fields::of(MASTER)));
        let _ = settings(&[("save", Some(reply))], Some(&log));
    }
}
