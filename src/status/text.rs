//! `status` for people: a line per instance, then what is wrong.

use super::report::{Instance, Lag, Report};
use crate::figure;
use std::fmt::Write;
use std::time::Duration;

/// The report as text.
pub fn of(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}  {}  {}", report.stack, report.severity.word(), report.taken);
    let width = report.instances.iter().map(|it| it.name.len()).max().unwrap_or(0);
    for it in &report.instances {
        let reason = it.reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
        let age = it
            .age_s
            .filter(|age| *age >= 2.0)
            .map(|age| format!("  seen {} ago", figure::age(Duration::from_secs_f64(age))))
            .unwrap_or_default();
        let line = format!("  {:width$}  {:8}  {}{reason}{age}  {}", it.name, it.role, it.link, figures(it));
        let _ = writeln!(out, "{}", line.trim_end());
    }
    if !report.constraint.is_empty() {
        let _ = writeln!(out, "{}", report.constraint);
    }
    for problem in &report.problems {
        let _ = writeln!(out, "{}: {}: {}", problem.severity.word(), problem.subject, problem.text);
    }
    out
}

fn figures(it: &Instance) -> String {
    if let Some(pg) = &it.postgresql {
        let position = pg.flush_lsn.as_ref().or(pg.replay_lsn.as_ref()).cloned().unwrap_or_default();
        let sync = pg.sync_state.as_ref().map(|s| format!("  {s}")).unwrap_or_default();
        format!("timeline {}  {position}{}{sync}", pg.timeline, lag(pg.lag.as_ref()))
    } else if let Some(redis) = &it.redis {
        let replicas = redis.connected_replicas.map(|n| format!("  {n} replicas")).unwrap_or_default();
        let memory = redis.used_memory_bytes.map_or("? B".to_owned(), figure::bytes);
        format!("{memory}{replicas}{}", lag(redis.lag.as_ref()))
    } else if let Some(view) = &it.sentinel {
        let master = view.master.as_deref().unwrap_or("unknown");
        let epoch = view.epoch.map(|epoch| format!("  epoch {epoch}")).unwrap_or_default();
        format!("master {master}{epoch}{}", if view.tilt { "  TILT" } else { "" })
    } else {
        String::new()
    }
}

fn lag(lag: Option<&Lag>) -> String {
    let Some(lag) = lag else { return String::new() };
    let sign = |at_least: bool| if at_least { "≥ " } else { "" };
    let bytes = lag.bytes.map_or("? B".to_owned(), |b| format!("{}{}", sign(lag.bytes_at_least), figure::bytes(b)));
    let words = |s| figure::lag(Duration::try_from_secs_f64(s).unwrap_or_default());
    let seconds = lag.seconds.map_or("? s".to_owned(), |s| format!("{}{}", sign(lag.seconds_at_least), words(s)));
    format!("  {}  {bytes} {seconds}", lag.state)
}
