//! What a real API server fills in where a manifest says nothing, as far as clients and controllers rely on it.

use serde_json::{Value, json};

/// For a kind: a pointer to an object that must exist, the key in it, and the JSON that it gets.
const ROWS: &[(&str, &str, &str, &str)] = &[
    ("Namespace", "", "status", r#"{"phase":"Active"}"#),
    ("Namespace", "", "spec", r#"{"finalizers":["kubernetes"]}"#),
    ("Pod", "", "status", r#"{"phase":"Pending","qosClass":"Burstable"}"#),
    ("Deployment", "/spec", "replicas", "1"),
    ("Deployment", "/spec", "revisionHistoryLimit", "10"),
    ("Deployment", "/spec", "progressDeadlineSeconds", "600"),
    ("Deployment", "/spec", "strategy", r#"{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%","maxSurge":"25%"}}"#),
    ("ReplicaSet", "/spec", "replicas", "1"),
    ("StatefulSet", "/spec", "replicas", "1"),
    ("StatefulSet", "/spec", "revisionHistoryLimit", "10"),
    ("StatefulSet", "/spec", "podManagementPolicy", r#""OrderedReady""#),
    ("StatefulSet", "/spec", "updateStrategy", r#"{"type":"RollingUpdate","rollingUpdate":{"partition":0}}"#),
    ("Job", "/spec", "parallelism", "1"),
    ("Job", "/spec", "completions", "1"),
    ("Job", "/spec", "backoffLimit", "6"),
    ("CronJob", "/spec", "suspend", "false"),
    ("CronJob", "/spec", "concurrencyPolicy", r#""Allow""#),
    ("CronJob", "/spec", "successfulJobsHistoryLimit", "3"),
    ("CronJob", "/spec", "failedJobsHistoryLimit", "1"),
    ("Service", "/spec", "type", r#""ClusterIP""#),
    ("Service", "/spec", "sessionAffinity", r#""None""#),
    ("Secret", "", "type", r#""Opaque""#),
    ("PersistentVolumeClaim", "/spec", "volumeMode", r#""Filesystem""#),
    ("PersistentVolume", "/spec", "volumeMode", r#""Filesystem""#),
    ("PersistentVolume", "/spec", "persistentVolumeReclaimPolicy", r#""Retain""#),
];

/// The same for every pod, also in a template.
const POD: &[(&str, &str)] = &[
    ("restartPolicy", r#""Always""#),
    ("dnsPolicy", r#""ClusterFirst""#),
    ("schedulerName", r#""default-scheduler""#),
    ("terminationGracePeriodSeconds", "30"),
    ("securityContext", "{}"),
];

const CONTAINER: &[(&str, &str)] = &[
    ("imagePullPolicy", r#""IfNotPresent""#),
    ("resources", "{}"),
    ("terminationMessagePath", r#""/dev/termination-log""#),
    ("terminationMessagePolicy", r#""File""#),
];

const TEMPLATES: &[(&str, &str)] = &[
    ("Pod", "/spec"),
    ("Deployment", "/spec/template/spec"),
    ("ReplicaSet", "/spec/template/spec"),
    ("StatefulSet", "/spec/template/spec"),
    ("DaemonSet", "/spec/template/spec"),
    ("Job", "/spec/template/spec"),
    ("CronJob", "/spec/jobTemplate/spec/template/spec"),
];

/// Fills `object` in.
pub fn apply(kind: &str, object: &mut Value) {
    for (_, pointer, key, json) in ROWS.iter().filter(|row| row.0 == kind) {
        set(object.pointer_mut(pointer), key, json);
    }
    if let Some((_, pointer)) = TEMPLATES.iter().find(|row| row.0 == kind)
        && let Some(pod) = object.pointer_mut(pointer).filter(|pod| pod.is_object())
    {
        POD.iter().for_each(|(key, json)| set(Some(pod), key, json));
        for containers in ["containers", "initContainers"] {
            for container in pod.get_mut(containers).and_then(Value::as_array_mut).into_iter().flatten() {
                CONTAINER.iter().for_each(|(key, json)| set(Some(container), key, json));
                let ports = container.get_mut("ports").and_then(Value::as_array_mut);
                ports.into_iter().flatten().for_each(|port| set(Some(port), "protocol", r#""TCP""#));
            }
        }
    }
    match kind {
        "Secret" => encode_secret(object),
        "Service" => fill_service(object),
        _ => {}
    }
}

fn set(object: Option<&mut Value>, key: &str, json: &str) {
    if let Some(object) = object.and_then(Value::as_object_mut)
        && object.get(key).is_none_or(Value::is_null)
        && let Ok(value) = serde_json::from_str(json)
    {
        object.insert(key.to_owned(), value);
    }
}

/// `stringData` is for writing only: it becomes `data`.
fn encode_secret(secret: &mut Value) {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let texts = secret.as_object_mut().and_then(|secret| secret.remove("stringData"));
    for (key, text) in texts.as_ref().and_then(Value::as_object).into_iter().flatten() {
        super::object::entry(secret, "data")[key] = STANDARD.encode(text.as_str().unwrap_or_default()).into();
    }
}

fn fill_service(service: &mut Value) {
    let Some(spec) = service.get_mut("spec").filter(|spec| spec.is_object()) else { return };
    if spec.get("clusterIP").is_none() {
        // An address of its own, in a range that nobody else here uses.
        spec["clusterIP"] = format!("10.96.{}.{}", fastrand::u8(1..), fastrand::u8(1..255)).into();
    }
    spec["clusterIPs"] = json!([spec["clusterIP"]]);
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let own = port.get("port").cloned().unwrap_or_default();
        set(Some(port), "protocol", r#""TCP""#);
        set(Some(port), "targetPort", &own.to_string());
    }
}
