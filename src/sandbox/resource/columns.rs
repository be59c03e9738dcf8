//! What tables show of the cluster's own things: nodes, services, volumes, certificates. Words and order are kubectl's.

use super::{Cell, Column};
use crate::sandbox::object::{condition, instant, is_terminating, items, number, text};
use jiff::Timestamp;
use serde_json::Value;

pub(super) const fn column(name: &'static str, cell: Cell) -> Column {
    Column { name, wide: false, cell }
}

pub(super) const fn wide(name: &'static str, cell: Cell) -> Column {
    Column { name, wide: true, cell }
}

use Cell::{Number, Of, Text};

pub(super) const AGE: Column = column("Age", Of(age));

pub(super) const PLAIN: &[Column] = &[AGE];
pub(super) const NAMESPACE: &[Column] = &[column("Status", Text("/status/phase")), AGE];
pub(super) const NODE: &[Column] = &[
    column("Status", Of(node_status)),
    column("Roles", Of(node_roles)),
    AGE,
    column("Version", Text("/status/nodeInfo/kubeletVersion")),
    wide("Internal-IP", Of(|node, _| address(node, "InternalIP"))),
    wide("External-IP", Of(|node, _| address(node, "ExternalIP"))),
    wide("OS-Image", Text("/status/nodeInfo/osImage")),
    wide("Kernel-Version", Text("/status/nodeInfo/kernelVersion")),
    wide("Container-Runtime", Text("/status/nodeInfo/containerRuntimeVersion")),
];
pub(super) const SERVICE: &[Column] = &[
    column("Type", Text("/spec/type")),
    column("Cluster-IP", Text("/spec/clusterIP")),
    column("External-IP", Of(external_ip)),
    column("Port(s)", Of(|service, _| joined(items(service, "/spec/ports"), service_port))),
    AGE,
    wide("Selector", Of(|service, _| pairs(service.pointer("/spec/selector")))),
];
pub(super) const ENDPOINTS: &[Column] = &[column("Endpoints", Of(endpoints)), AGE];
pub(super) const CONFIG_MAP: &[Column] = &[column("Data", Of(|map, _| count(map, "/data"))), AGE];
pub(super) const SECRET: &[Column] = &[column("Type", Text("/type")), column("Data", Of(|secret, _| count(secret, "/data"))), AGE];
pub(super) const EVENT: &[Column] = &[
    column("Last Seen", Of(last_seen)),
    column("Type", Text("/type")),
    column("Reason", Text("/reason")),
    column("Object", Of(|event, _| format!("{}/{}", kind_word(event, "/involvedObject/kind"), text(event, "/involvedObject/name")))),
    wide("Source", Text("/source/component")),
    column("Message", Text("/message")),
    wide("Count", Number("/count")),
];
pub(super) const CLAIM: &[Column] = &[
    column("Status", Of(|claim, _| if is_terminating(claim) { "Terminating".into() } else { text(claim, "/status/phase").into() })),
    column("Volume", Of(|claim, _| text(claim, "/spec/volumeName").into())),
    column("Capacity", Of(|claim, _| text(claim, "/status/capacity/storage").into())),
    column("Access Modes", Of(access_modes)),
    column("StorageClass", Of(|claim, _| text(claim, "/spec/storageClassName").into())),
    AGE,
    wide("VolumeMode", Text("/spec/volumeMode")),
];
pub(super) const VOLUME: &[Column] = &[
    column("Capacity", Text("/spec/capacity/storage")),
    column("Access Modes", Of(access_modes)),
    column("Reclaim Policy", Text("/spec/persistentVolumeReclaimPolicy")),
    column("Status", Text("/status/phase")),
    column("Claim", Of(|volume, _| format!("{}/{}", text(volume, "/spec/claimRef/namespace"), text(volume, "/spec/claimRef/name")))),
    column("StorageClass", Text("/spec/storageClassName")),
    AGE,
    wide("VolumeMode", Text("/spec/volumeMode")),
];
pub(super) const QUOTA: &[Column] =
    &[AGE, column("Request", Of(|quota, _| used(quota, false))), column("Limit", Of(|quota, _| used(quota, true)))];
pub(super) const SLICE: &[Column] = &[
    column("AddressType", Text("/addressType")),
    column("Ports", Of(|slice, _| joined(items(slice, "/ports"), |port| number(port, "/port").to_string()))),
    column("Endpoints", Of(|slice, _| joined(items(slice, "/endpoints"), |endpoint| text(endpoint, "/addresses/0").into()))),
    AGE,
];
pub(super) const INGRESS: &[Column] = &[
    column("Class", Text("/spec/ingressClassName")),
    column("Hosts", Of(|ingress, _| joined(items(ingress, "/spec/rules"), |rule| text(rule, "/host").into()))),
    column("Address", Of(|ingress, _| text(ingress, "/status/loadBalancer/ingress/0/ip").into())),
    column("Ports", Of(|ingress, _| if items(ingress, "/spec/tls").is_empty() { "80".into() } else { "80, 443".into() })),
    AGE,
];
pub(super) const INGRESS_CLASS: &[Column] =
    &[column("Controller", Text("/spec/controller")), column("Parameters", Text("/spec/parameters/name")), AGE];
pub(super) const LEASE: &[Column] = &[column("Holder", Text("/spec/holderIdentity")), AGE];
pub(super) const STORAGE_CLASS: &[Column] = &[
    column("Provisioner", Text("/provisioner")),
    column("ReclaimPolicy", Text("/reclaimPolicy")),
    column("VolumeBindingMode", Text("/volumeBindingMode")),
    column("AllowVolumeExpansion", Of(|class, _| (class.pointer("/allowVolumeExpansion") == Some(&Value::Bool(true))).to_string())),
    AGE,
];
pub(super) const CERTIFICATE: &[Column] = &[
    column("Ready", Of(ready)),
    column("Secret", Text("/spec/secretName")),
    wide("Issuer", Text("/spec/issuerRef/name")),
    wide("Status", Of(ready_message)),
    AGE,
];
pub(super) const REQUEST: &[Column] = &[
    column("Approved", Of(|request, _| condition(request, "Approved").unwrap_or_default().into())),
    column("Denied", Of(|request, _| condition(request, "Denied").unwrap_or_default().into())),
    column("Ready", Of(ready)),
    column("Issuer", Text("/spec/issuerRef/name")),
    AGE,
];
pub(super) const ISSUER: &[Column] = &[column("Ready", Of(ready)), wide("Status", Of(ready_message)), AGE];
pub(super) const ACME: &[Column] = &[column("State", Text("/status/state")), AGE];
pub(super) const METRICS: &[Column] = &[
    column("CPU", Of(|metrics, _| first_usage(metrics, "cpu"))),
    column("Memory", Of(|metrics, _| first_usage(metrics, "memory"))),
    column("Window", Text("/window")),
];

pub(super) fn age(object: &Value, now: Timestamp) -> String {
    since(object, "/metadata/creationTimestamp", now)
}

pub(super) fn since(object: &Value, pointer: &str, now: Timestamp) -> String {
    instant(object, pointer).map_or_else(|| "<unknown>".into(), |at| duration(now.as_second() - at.as_second()))
}

/// Seconds as Kubernetes tells them to people: two units while they are few, then one.
pub(super) fn duration(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |big: i64, big_unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{big}{big_unit}"),
        _ => format!("{big}{big_unit}{small}{small_unit}"),
    };
    match seconds {
        i64::MIN..=-2 => "<invalid>".into(),
        -1..0 => "0s".into(),
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

pub(super) fn joined(elements: &[Value], word: impl Fn(&Value) -> String) -> String {
    let words: Vec<_> = elements.iter().map(word).collect();
    if words.is_empty() { "<none>".into() } else { words.join(",") }
}

/// `a=1,b=2` of an object with texts in it.
pub(super) fn pairs(map: Option<&Value>) -> String {
    let Some(map) = map.and_then(Value::as_object).filter(|map| !map.is_empty()) else { return "<none>".into() };
    map.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect::<Vec<_>>().join(",")
}

fn count(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).and_then(Value::as_object).map_or(0, serde_json::Map::len).to_string()
}

fn node_status(node: &Value, _: Timestamp) -> String {
    let ready = match condition(node, "Ready") {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    let cordoned = node.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
    format!("{ready}{}", if cordoned { ",SchedulingDisabled" } else { "" })
}

fn node_roles(node: &Value, _: Timestamp) -> String {
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object);
    let roles: Vec<_> = labels.into_iter().flatten().filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/")).collect();
    if roles.is_empty() { "<none>".into() } else { roles.join(",") }
}

fn address(node: &Value, kind: &str) -> String {
    let found = items(node, "/status/addresses").iter().find(|address| text(address, "/type") == kind);
    found.map_or_else(|| "<none>".into(), |address| text(address, "/address").into())
}

fn external_ip(service: &Value, _: Timestamp) -> String {
    match (text(service, "/spec/type"), text(service, "/status/loadBalancer/ingress/0/ip")) {
        ("LoadBalancer", "") => "<pending>".into(),
        ("LoadBalancer", address) => address.into(),
        _ => "<none>".into(),
    }
}

fn service_port(port: &Value) -> String {
    let node = match number(port, "/nodePort") {
        0 => String::new(),
        node => format!(":{node}"),
    };
    let protocol = text(port, "/protocol");
    format!("{}{node}/{}", number(port, "/port"), if protocol.is_empty() { "TCP" } else { protocol })
}

fn endpoints(endpoints: &Value, _: Timestamp) -> String {
    let of_subset = |subset: &Value| {
        let port = number(subset, "/ports/0/port");
        joined(items(subset, "/addresses"), |address| format!("{}:{port}", text(address, "/ip")))
    };
    joined(items(endpoints, "/subsets"), of_subset)
}

fn kind_word(object: &Value, pointer: &str) -> String {
    text(object, pointer).to_lowercase()
}

fn last_seen(event: &Value, now: Timestamp) -> String {
    let seen = ["/lastTimestamp", "/series/lastObservedTime", "/eventTime", "/metadata/creationTimestamp"];
    let known = seen.into_iter().find(|pointer| instant(event, pointer).is_some());
    known.map_or_else(|| "<unknown>".into(), |pointer| since(event, pointer, now))
}

fn access_modes(volume: &Value, _: Timestamp) -> String {
    let abbreviation = |mode: &Value| match mode.as_str().unwrap_or_default() {
        "ReadWriteOnce" => "RWO".to_owned(),
        "ReadOnlyMany" => "ROX".to_owned(),
        "ReadWriteMany" => "RWX".to_owned(),
        "ReadWriteOncePod" => "RWOP".to_owned(),
        other => other.to_owned(),
    };
    joined(items(volume, "/spec/accessModes"), abbreviation)
}

fn used(quota: &Value, limits: bool) -> String {
    let hard = quota.pointer("/status/hard").and_then(Value::as_object);
    let of_kind = hard.into_iter().flatten().filter(|(key, _)| key.starts_with("limits.") == limits);
    let words = of_kind.map(|(key, value)| {
        let used = quota.pointer("/status/used").and_then(|used| used.get(key)).and_then(Value::as_str).unwrap_or("0");
        format!("{key}: {used}/{}", value.as_str().unwrap_or_default())
    });
    words.collect::<Vec<_>>().join(", ")
}

fn ready(object: &Value, _: Timestamp) -> String {
    condition(object, "Ready").unwrap_or_default().into()
}

fn ready_message(object: &Value, _: Timestamp) -> String {
    let found = items(object, "/status/conditions").iter().find(|condition| text(condition, "/type") == "Ready");
    found.map_or_else(String::new, |condition| text(condition, "/message").into())
}

fn first_usage(metrics: &Value, what: &str) -> String {
    let usage = metrics.get("usage").or_else(|| metrics.pointer("/containers/0/usage"));
    usage.and_then(|usage| usage.get(what)).and_then(Value::as_str).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn ages_are_told_like_kubernetes_tells_them() {
        let told = [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (599, "9m59s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (28_799, "7h59m"),
            (172_799, "47h"),
            (172_800, "2d"),
            (691_199, "7d23h"),
            (86_400 * 400, "400d"),
            (86_400 * 731, "2y1d"),
            (-5, "<invalid>"),
        ];
        for (seconds, words) in told {
            assert_eq!(duration(seconds), words, "{seconds}");
        }
    }
}
