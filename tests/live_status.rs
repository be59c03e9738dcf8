//! `quarterdeck status` against psql and redis-cli, asked side by side: it tells the same, once for each instance, in time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use quarterdeck::event::Lsn;
use serde_json::Value;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use support::{Dir, Plane, config_toml};

fn quarterdeck(config: &str, args: &[&str]) -> Output {
    let dir = Dir::new("status");
    let file = dir.write("config.toml", config);
    let mut command = Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
    command.env_clear().env("HOME", dir.path()).arg("--config").arg(file).args(args);
    command.stdin(Stdio::null()).output().expect("it runs")
}

/// The report and the exit status.
fn status(config: &str) -> (Value, i32) {
    let output = quarterdeck(config, &["status", "--output", "json"]);
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    (report, output.status.code().expect("an exit status"))
}

fn instance<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["instances"].as_array().expect("instances");
    let mut found = all.iter().filter(|instance| instance["name"] == name);
    let first = found.next().unwrap_or_else(|| panic!("{name} is missing: {report:#}"));
    assert!(found.next().is_none(), "{name} appears more than once");
    first
}

#[test]
fn status_agrees_with_psql_and_redis_cli() {
    let mut plane = Plane::start();
    let config = config_toml(&plane);
    plane.postgres.write_wal(0, 1);

    let position = |plane: &Plane| plane.postgres.psql(0, "select pg_current_wal_flush_lsn()").parse::<Lsn>().unwrap();
    let before = position(&plane);
    let begin = Instant::now();
    let (report, code) = status(&config);
    assert!(begin.elapsed() < Duration::from_secs(5), "nothing to wait for: {:?}", begin.elapsed());
    let after = position(&plane);
    assert_eq!(report["instances"].as_array().unwrap().len(), 9, "{report:#}");
    let expected = match report["severity"].as_str().unwrap() {
        "ok" | "notice" => 0,
        "warning" => 1,
        "critical" => 2,
        _ => 3,
    };
    assert_eq!(code, expected, "{report:#}");
    assert!(code <= 1, "nothing is broken: {report:#}");

    for i in 0..3 {
        let told = instance(&report, plane.postgres.name(i));
        let standby = plane.postgres.psql(i, "select pg_is_in_recovery()") == "t";
        assert_eq!(told["role"], if standby { "standby" } else { "primary" });
        assert_eq!(told["link"], "live", "{told:#}");
        let figures = &told["postgresql"];
        assert_eq!(figures["version"].to_string(), plane.postgres.psql(i, "show server_version_num"));
        assert_eq!(figures["timeline"].to_string(), plane.postgres.psql(i, "select timeline_id from pg_control_checkpoint()"));
        assert_eq!(figures["connections"]["max"].to_string(), plane.postgres.psql(i, "show max_connections"));
        if standby {
            let sync = format!("select sync_state from pg_stat_replication where application_name = '{}'", plane.postgres.name(i));
            assert_eq!(figures["sync_state"], plane.postgres.psql(0, &sync));
            assert_eq!((&figures["follows"], &figures["receiver"]), (&Value::from("postgres-0"), &Value::from("streaming")));
            assert_eq!(figures["sender"]["state"], "streaming");
            assert!(figures["sender"]["sent_lag_bytes"].is_u64() && figures["sender"]["age_s"].is_f64(), "{figures:#}");
        } else {
            let told: Lsn = figures["flush_lsn"].as_str().unwrap().parse().unwrap();
            assert!(before <= told && told <= after, "{before} {told} {after}");
        }
    }
    for i in 0..3 {
        let wal = &instance(&report, plane.postgres.name(i))["postgresql"]["wal"];
        let slots: Vec<_> = wal["slots"].as_array().unwrap().iter().map(|slot| format!("{}|{}", slot["name"], slot["active"])).collect();
        let asked =
            plane.postgres.psql(i, "select format('\"%s\"|%s', slot_name, active::text) from pg_replication_slots order by slot_name");
        let mut sorted = slots.clone();
        sorted.sort();
        assert_eq!(sorted, asked.lines().collect::<Vec<_>>(), "{wal:#}");
        assert!(wal["age_s"].is_f64() && wal["queue_age_s"].is_f64(), "{wal:#}");
    }
    for i in 0..3 {
        let told = instance(&report, &plane.redis.nodes[i].name);
        let role = plane.redis.cli(i, &["role"]).lines().next().unwrap().to_owned();
        assert_eq!(told["role"], if role == "master" { "master" } else { "replica" });
        assert_eq!(told["link"], "live", "{told:#}");
        assert!(plane.redis.cli(i, &["info", "server"]).contains(told["redis"]["version"].as_str().unwrap()));
        assert!(plane.redis.cli(i, &["info", "replication"]).contains(told["redis"]["replid"].as_str().unwrap()));
        let told = instance(&report, &plane.redis.sentinels[i].name);
        assert_eq!((&told["role"], &told["link"]), (&Value::from("sentinel"), &Value::from("live")));
        assert_eq!(told["sentinel"]["master"], plane.redis.nodes[plane.redis.master_by(i).unwrap()].name);
        assert_eq!((&told["sentinel"]["quorum_ok"], &told["sentinel"]["other_sentinels"]), (&Value::from(true), &Value::from(2)));
    }

    // One dead, one frozen: each is told for what it is, and the answer still comes in time.
    plane.postgres.servers[2].process.kill();
    plane.redis.nodes[2].process.stop();
    let begin = Instant::now();
    let (report, code) = status(&config);
    assert!(begin.elapsed() < Duration::from_secs(12), "{:?}", begin.elapsed());
    assert_eq!(report["instances"].as_array().unwrap().len(), 9);
    assert_eq!(instance(&report, "postgres-2")["link"], "down");
    assert_eq!(instance(&report, "postgres-2")["role"], "unknown");
    assert_eq!(instance(&report, "redis-2")["link"], "hung");
    assert_eq!(instance(&report, "postgres-1")["link"], "live");
    assert!(code >= 1 && !report["problems"].as_array().unwrap().is_empty(), "{report:#}");
    plane.redis.nodes[2].process.cont();

    // What is not configured is absent, and does not count.
    let part = config.split("[redis.addresses]").next().unwrap().lines().filter(|line| !line.starts_with("postgres-2")).collect::<Vec<_>>();
    let (report, _) = status(&part.join("\n"));
    let names: Vec<&str> = report["instances"].as_array().unwrap().iter().filter_map(|instance| instance["name"].as_str()).collect();
    assert_eq!(names, ["postgres-0", "postgres-1"]);
}
