//! What tables show of workloads: pods, what makes them, and what limits and scales them. Words and order are kubectl's.

use super::columns::{AGE, column, duration, joined, pairs, since, wide};
use super::{Cell, Column};
use crate::sandbox::object::{condition, instant, is_terminating, items, number, text};
use Cell::{Number, Of, Text};
use jiff::Timestamp;
use serde_json::Value;

const TEMPLATE: &str = "/spec/template/spec/containers";
const JOB_TEMPLATE: &str = "/spec/jobTemplate/spec/template/spec/containers";

const CONTAINERS: Column = wide("Containers", Of(|object, _| joined(items(object, TEMPLATE), |one| text(one, "/name").into())));
const IMAGES: Column = wide("Images", Of(|object, _| joined(items(object, TEMPLATE), |one| text(one, "/image").into())));
const SELECTOR: Column = wide("Selector", Of(|object, _| pairs(object.pointer("/spec/selector/matchLabels"))));

pub(super) const POD: &[Column] = &[
    column("Ready", Of(pod_ready)),
    column("Status", Of(pod_status)),
    column("Restarts", Of(pod_restarts)),
    AGE,
    wide("IP", Text("/status/podIP")),
    wide("Node", Text("/spec/nodeName")),
    wide("Nominated Node", Text("/status/nominatedNodeName")),
    wide("Readiness Gates", Of(|_, _| "<none>".into())),
];
pub(super) const DEPLOYMENT: &[Column] = &[
    column("Ready", Of(ready_of_wanted)),
    column("Up-to-date", Number("/status/updatedReplicas")),
    column("Available", Number("/status/availableReplicas")),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];
pub(super) const REPLICA_SET: &[Column] = &[
    column("Desired", Number("/spec/replicas")),
    column("Current", Number("/status/replicas")),
    column("Ready", Number("/status/readyReplicas")),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];
pub(super) const STATEFUL_SET: &[Column] = &[column("Ready", Of(ready_of_wanted)), AGE, CONTAINERS, IMAGES];
pub(super) const DAEMON_SET: &[Column] = &[
    column("Desired", Number("/status/desiredNumberScheduled")),
    column("Current", Number("/status/currentNumberScheduled")),
    column("Ready", Number("/status/numberReady")),
    column("Up-to-date", Number("/status/updatedNumberScheduled")),
    column("Available", Number("/status/numberAvailable")),
    column("Node Selector", Of(|set, _| pairs(set.pointer("/spec/template/spec/nodeSelector")))),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];
pub(super) const REVISION: &[Column] =
    &[column("Controller", Of(|revision, _| owner(revision))), column("Revision", Number("/revision")), AGE];
pub(super) const JOB: &[Column] = &[
    column("Status", Of(job_status)),
    column("Completions", Of(|job, _| format!("{}/{}", number(job, "/status/succeeded"), number(job, "/spec/completions").max(1)))),
    column("Duration", Of(job_duration)),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];
pub(super) const CRON_JOB: &[Column] = &[
    column("Schedule", Text("/spec/schedule")),
    column("Timezone", Text("/spec/timeZone")),
    column("Suspend", Of(|job, _| if job.pointer("/spec/suspend") == Some(&Value::Bool(true)) { "True".into() } else { "False".into() })),
    column("Active", Of(|job, _| items(job, "/status/active").len().to_string())),
    column("Last Schedule", Of(last_schedule)),
    AGE,
    wide("Containers", Of(|job, _| joined(items(job, JOB_TEMPLATE), |one| text(one, "/name").into()))),
    wide("Images", Of(|job, _| joined(items(job, JOB_TEMPLATE), |one| text(one, "/image").into()))),
];
pub(super) const AUTOSCALER: &[Column] = &[
    column("Reference", Of(|hpa, _| format!("{}/{}", text(hpa, "/spec/scaleTargetRef/kind"), text(hpa, "/spec/scaleTargetRef/name")))),
    column("Targets", Of(targets)),
    column("MinPods", Number("/spec/minReplicas")),
    column("MaxPods", Number("/spec/maxReplicas")),
    column("Replicas", Number("/status/currentReplicas")),
    AGE,
];
pub(super) const BUDGET: &[Column] = &[
    column("Min Available", Of(|budget, _| number_or_percent(budget, "/spec/minAvailable"))),
    column("Max Unavailable", Of(|budget, _| number_or_percent(budget, "/spec/maxUnavailable"))),
    column("Allowed Disruptions", Number("/status/disruptionsAllowed")),
    AGE,
];

fn ready_of_wanted(object: &Value, _: Timestamp) -> String {
    format!("{}/{}", number(object, "/status/readyReplicas"), number(object, "/spec/replicas"))
}

fn pod_ready(pod: &Value, _: Timestamp) -> String {
    let ready = items(pod, "/status/containerStatuses").iter().filter(|status| status["ready"] == true).count();
    format!("{ready}/{}", items(pod, "/spec/containers").len())
}

/// The word under STATUS: the phase, unless a container or the pod's end says more.
fn pod_status(pod: &Value, _: Timestamp) -> String {
    let mut word = text(pod, "/status/phase").to_owned();
    if let reason @ ("NodeLost" | "Evicted") = text(pod, "/status/reason") {
        word = reason.to_owned();
    }
    let statuses = items(pod, "/status/containerStatuses");
    for status in statuses.iter().rev() {
        let code = number(status, "/state/terminated/exitCode");
        let signal = number(status, "/state/terminated/signal");
        match (text(status, "/state/waiting/reason"), text(status, "/state/terminated/reason")) {
            ("", "") if status.pointer("/state/terminated").is_some() => {
                word = if signal == 0 { format!("ExitCode:{code}") } else { format!("Signal:{signal}") }
            }
            ("", "") => {}
            ("", reason) | (reason, _) => word = reason.to_owned(),
        }
    }
    if word == "Completed" && statuses.iter().any(|status| status["ready"] == true) {
        word = if condition(pod, "Ready") == Some("True") { "Running".into() } else { "NotReady".into() };
    }
    match is_terminating(pod) {
        true if text(pod, "/status/reason") == "NodeLost" => "Unknown".into(),
        true => "Terminating".into(),
        false => word,
    }
}

fn pod_restarts(pod: &Value, now: Timestamp) -> String {
    let statuses = items(pod, "/status/containerStatuses");
    let restarts: i64 = statuses.iter().map(|status| number(status, "/restartCount")).sum();
    let last = statuses.iter().filter_map(|status| instant(status, "/lastState/terminated/finishedAt")).max();
    match last.filter(|_| restarts > 0) {
        Some(at) => format!("{restarts} ({} ago)", duration(now.as_second() - at.as_second())),
        None => restarts.to_string(),
    }
}

fn owner(object: &Value) -> String {
    let kind = text(object, "/metadata/ownerReferences/0/kind").to_lowercase();
    format!("{kind}.apps/{}", text(object, "/metadata/ownerReferences/0/name"))
}

fn job_status(job: &Value, _: Timestamp) -> String {
    let word = if condition(job, "Complete") == Some("True") {
        "Complete"
    } else if condition(job, "Failed") == Some("True") {
        "Failed"
    } else if job.pointer("/spec/suspend") == Some(&Value::Bool(true)) {
        "Suspended"
    } else {
        "Running"
    };
    word.into()
}

fn job_duration(job: &Value, now: Timestamp) -> String {
    let Some(start) = instant(job, "/status/startTime") else { return String::new() };
    let end = instant(job, "/status/completionTime").unwrap_or(now);
    duration(end.as_second() - start.as_second())
}

fn last_schedule(job: &Value, now: Timestamp) -> String {
    match instant(job, "/status/lastScheduleTime") {
        Some(_) => since(job, "/status/lastScheduleTime", now),
        None => "<none>".into(),
    }
}

fn targets(hpa: &Value, _: Timestamp) -> String {
    let current = |name: &str| {
        let found = items(hpa, "/status/currentMetrics").iter().find(|metric| text(metric, "/resource/name") == name);
        found.map_or_else(|| "<unknown>".into(), |metric| format!("{}%", number(metric, "/resource/current/averageUtilization")))
    };
    let one = |metric: &Value| {
        let name = text(metric, "/resource/name");
        format!("{name}: {}/{}%", current(name), number(metric, "/resource/target/averageUtilization"))
    };
    items(hpa, "/spec/metrics").iter().map(one).collect::<Vec<_>>().join(", ")
}

fn number_or_percent(object: &Value, pointer: &str) -> String {
    match object.pointer(pointer) {
        Some(Value::String(percent)) => percent.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => "N/A".into(),
    }
}
