//! Replies and announcements as 7.0.15 gives them.

use super::*;
use crate::source::redis::reading::tests::any_value;
use proptest::prelude::*;

const MASTER: &str = "name mymaster ip 127.0.0.1 port 42635 runid b3ce102e flags s_down,o_down,master,failover_in_progress \
    link-pending-commands 0 link-refcount 1 failover-state wait_promotion last-ping-sent 0 last-ok-ping-reply 233 last-ping-reply 233 \
    down-after-milliseconds 500 info-refresh 233 role-reported master role-reported-time 664 config-epoch 7 num-slaves 2 \
    num-other-sentinels 2 quorum 2 failover-timeout 2000 parallel-syncs 1";

fn bulk(text: &str) -> Value {
    Value::BulkString(text.as_bytes().to_vec())
}

fn flat(text: &str) -> Value {
    Value::Array(text.split_whitespace().map(bulk).collect())
}

fn map(text: &str) -> Value {
    let words: Vec<_> = text.split_whitespace().map(bulk).collect();
    Value::Map(words.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
}

fn push(channel: &str, message: &str) -> PushInfo {
    PushInfo { kind: PushKind::PMessage, data: vec![bulk("*"), bulk(channel), bulk(message)] }
}

#[test]
fn a_master_reads_the_same_in_both_protocols() {
    let row = master(&map(MASTER)).unwrap();
    assert_eq!(Some(&row), master(&flat(MASTER)).as_ref());
    assert_eq!((row.host.as_str(), row.port, row.epoch, row.quorum), ("127.0.0.1", 42635, 7, 2));
    assert_eq!((row.replicas, row.other_sentinels, row.parallel_syncs), (2, 2, 1));
    assert_eq!((row.down_after_ms, row.failover_timeout_ms), (500, 2000));
    assert_eq!(row.flags, ["s_down", "o_down", "master", "failover_in_progress"]);
    assert_eq!(row.failover_state.as_deref(), Some("wait_promotion"));
    let calm = MASTER.replace("failover-state wait_promotion", "");
    assert_eq!(master(&map(&calm)).unwrap().failover_state, None);
}

#[test]
fn ages_and_order_make_no_difference() {
    let replica = |port: u16, ping: u32| {
        map(&format!(
            "ip 127.0.0.1 port {port} flags slave last-ping-reply {ping} master-link-status ok slave-priority 100 slave-repl-offset {ping}"
        ))
    };
    let first = replicas(&Value::Array(vec![replica(1, 10), replica(2, 20)]));
    assert_eq!(first, replicas(&Value::Array(vec![replica(2, 30), replica(1, 40)])));
    assert!(first[0].link_ok && first[0].priority == 100 && first[0].port == 1);
    let peer = |port: u16| map(&format!("ip 127.0.0.1 port {port} runid abc{port} flags sentinel,disconnected last-hello-message 5"));
    let peers = sentinels(&Value::Array(vec![peer(9), peer(8)]));
    assert_eq!((peers[0].port, peers[0].id.as_str(), peers[0].flags.len()), (8, "abc8", 2));
}

#[test]
fn info_tells_a_little_of_the_master() {
    let info = "sentinel_masters:2\r\nsentinel_tilt:0\r\nmaster0:name=other,status=ok,address=10.0.0.1:6379,slaves=1,sentinels=3\r\n\
        master1:name=mymaster,status=odown,address=10.0.0.2:6380,slaves=2,sentinels=3\r\n";
    let row = master_of_info(&Fields::of(info), "mymaster").unwrap();
    assert_eq!((row.host.as_str(), row.port, row.replicas, row.other_sentinels), ("10.0.0.2", 6380, 2, 2));
    assert_eq!(row.flags, ["master", "o_down"]);
    assert_eq!(master_of_info(&Fields::of(info), "nope"), None);
}

#[test]
fn announcements_about_other_masters_are_dropped() {
    let kept = [
        ("+sdown", "master mymaster 127.0.0.1 42635"),
        ("+odown", "master mymaster 127.0.0.1 42635 #quorum 3/2"),
        ("+switch-master", "mymaster 127.0.0.1 42635 127.0.0.1 39039"),
        ("+slave", "slave 127.0.0.1:47825 127.0.0.1 47825 @ mymaster 127.0.0.1 39039"),
        ("+new-epoch", "1"),
        ("+vote-for-leader", "0bd1427a86045061b95760d92fb6cd107fcd6e0a 1"),
        ("+tilt", "#tilt mode entered"),
    ];
    for (kind, text) in kept {
        assert_eq!(message(&push(kind, text), "mymaster"), Some(SentinelMessage { kind: kind.into(), text: text.into() }));
        let about_all = matches!(kind, "+new-epoch" | "+vote-for-leader" | "+tilt");
        assert_eq!(message(&push(kind, text), "other").is_some(), about_all, "{kind}");
    }
    assert_eq!(message(&push("__sentinel__:hello", "127.0.0.1,1,abc"), "mymaster"), None);
    let set = message(&push("+set", "master mymaster 127.0.0.1 42635 auth-pass hunter2"), "mymaster").unwrap();
    assert!(!set.text.contains("hunter2"), "{}", set.text);
}

proptest! {
    #[test]
    fn nothing_panics(value in any_value(), channel in any_value(), text in ".*", name in ".*") {
        let _ = (master(&value), replicas(&value), sentinels(&value), master_of_info(&Fields::of(&text), &name));
        let _ = message(&PushInfo { kind: PushKind::PMessage, data: vec![Value::Nil, channel.clone(), value] }, &name);
        let _ = message(&push(&format!("+{name}"), &text), &name);
    }
}
