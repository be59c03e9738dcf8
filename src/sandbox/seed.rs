//! The stack as it is when the sandbox starts: the embedded manifests and the nodes, written into the store. Pods come from whoever
//! makes workloads live.

use super::failure::Failure;
use super::object;
use super::store::Store;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Where the stack lives.
pub const NAMESPACE: &str = "moltbook";

/// Where nodes say that they are alive.
pub const LEASES: &str = "kube-node-lease";

const MANIFESTS: [(&str, &str); 5] = [
    ("cluster", include_str!("../../assets/sandbox/cluster.yaml")),
    ("edge", include_str!("../../assets/sandbox/edge.yaml")),
    ("application", include_str!("../../assets/sandbox/application.yaml")),
    ("postgres", include_str!("../../assets/sandbox/postgres.yaml")),
    ("redis", include_str!("../../assets/sandbox/redis.yaml")),
];

/// Writes everything into an empty store. An error names the manifest.
pub fn stack(store: &Store) -> Result<(), String> {
    let now = Timestamp::now();
    for (name, text) in MANIFESTS {
        let objects: Vec<Value> = serde_saphyr::from_multiple(&at(text, now)).map_err(|error| format!("{name}: {error}"))?;
        for object in objects {
            store.apply(object).map_err(|failure| format!("{name}: {failure}"))?;
        }
    }
    for (number, zone) in (1..).zip(["zone-a", "zone-b", "zone-c"]) {
        join(store, number, zone).map_err(|failure| failure.to_string())?;
    }
    Ok(())
}

/// Fills in the times: `{{-30d}}`, `{{+2h}}`.
fn at(text: &str, now: Timestamp) -> String {
    let mut parts = text.split("{{");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (when, rest) = part.split_once("}}").unwrap_or((part, ""));
        let (count, unit) = when.split_at(when.len().saturating_sub(1));
        let seconds = if unit == "d" { 86_400 } else { 3600 } * count.parse::<i64>().unwrap_or_default();
        filled += &object::time(now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now));
        filled += rest;
    }
    filled
}

/// A node joins: ready, with its lease.
pub fn join(store: &Store, number: u8, zone: &str) -> Result<(), Failure> {
    let name = format!("node-{number}");
    let now = Timestamp::now();
    let joined = object::time(now.checked_sub(SignedDuration::from_hours(90 * 24)).unwrap_or(now));
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": object::time(now), "lastTransitionTime": joined,
        })
    };
    let size = json!({ "cpu": "4", "memory": "8Gi", "ephemeral-storage": "100Gi", "pods": "110" });
    store.apply(json!({
        "kind": "Node",
        "metadata": {
            "name": name, "creationTimestamp": joined,
            "labels": {
                "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/zone": zone, "topology.kubernetes.io/region": "sandbox", "node-role.kubernetes.io/worker": "",
            },
        },
        "spec": { "podCIDR": format!("10.244.{number}.0/24"), "providerID": format!("sandbox://{name}") },
        "status": {
            "capacity": size, "allocatable": { "cpu": "3800m", "memory": "7680Mi", "ephemeral-storage": "90Gi", "pods": "110" },
            "addresses": [{ "type": "InternalIP", "address": format!("10.0.0.{number}") }, { "type": "Hostname", "address": name }],
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "nodeInfo": {
                "kubeletVersion": "v1.32.0", "kubeProxyVersion": "v1.32.0", "osImage": "Debian GNU/Linux 12 (bookworm)",
                "kernelVersion": "6.1.0-sandbox", "containerRuntimeVersion": "sandbox://1", "operatingSystem": "linux",
                "architecture": "amd64", "machineID": name, "systemUUID": name, "bootID": name,
            },
            "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
        },
    }))?;
    renew(store, &name)
}

/// The node says that it is alive.
pub fn renew(store: &Store, node: &str) -> Result<(), Failure> {
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    let lease = json!({
        "kind": "Lease", "metadata": { "name": node, "namespace": LEASES },
        "spec": { "holderIdentity": node, "leaseDurationSeconds": 40, "renewTime": now },
    });
    store.apply(lease).map(|_| ())
}
