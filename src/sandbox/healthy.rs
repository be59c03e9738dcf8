//! The cluster as if everything were well: workloads have their pods, pods run, what is told to go is gone. It stands in for
//! scheduler, controllers and kubelets, and goes when they come; nothing else may rely on it.

use super::failure::Failure;
use super::object::{self, at, controller_reference, entry, is_terminating, items, name, namespace, number, put, text};
use super::seed::{self, LEASES};
use super::selector::Selector;
use super::store::{Deletion, Store};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

const RESTARTED: &str = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";

/// Keeps it so.
pub async fn keep(store: Arc<Store>) {
    let mut changed = store.changed();
    let mut renewed = tokio::time::interval(Duration::from_secs(10));
    loop {
        changed.borrow_and_update();
        note(settle(&store));
        tokio::select! {
            changed = changed.changed() => if changed.is_err() { return },
            _ = renewed.tick() => {
                let nodes = store.list("Lease", Some(LEASES)).objects;
                nodes.iter().for_each(|lease| note(seed::renew(&store, name(lease))));
            }
        }
    }
}

fn note(done: Result<(), Failure>) {
    if let Err(failure) = done {
        tracing::warn!("keeping the sandbox healthy: {failure}");
    }
}

/// Makes what every workload of the stack wants.
pub fn fill(store: &Store) -> Result<(), Failure> {
    for deployment in store.list("Deployment", None).objects {
        fill_deployment(store, &deployment)?;
    }
    for set in store.list("StatefulSet", None).objects {
        let replicas = number(&set, "/spec/replicas");
        for ordinal in 0..replicas {
            let mut pod = pod(&set, &format!("{}-{ordinal}", name(&set)), ordinal);
            let own = at(&pod, "/metadata/name");
            put(&mut pod, "/metadata/labels/statefulset.kubernetes.io~1pod-name", own);
            claim(store, &set, &mut pod)?;
            store.apply(pod)?;
        }
        whole(store, "StatefulSet", &set, replicas)?;
    }
    for set in store.list("DaemonSet", None).objects {
        let nodes = store.list("Node", None).objects.len();
        for place in (0..).take(nodes) {
            store.apply(pod(&set, &format!("{}-{}", name(&set), hash(&json!([place, name(&set)]), 5)), place))?;
        }
        store.set_status("DaemonSet", (namespace(&set), name(&set)), |status| {
            for key in ["desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable"] {
                status[key] = nodes.into();
            }
            put(status, "/observedGeneration", at(&set, "/metadata/generation"));
        })?;
    }
    for scaler in store.list("HorizontalPodAutoscaler", None).objects {
        let metric = |name: &str, percent: i64| json!({ "type": "Resource", "resource": { "name": name, "current": { "averageUtilization": percent, "averageValue": "100m" } } });
        store.set_status("HorizontalPodAutoscaler", (namespace(&scaler), name(&scaler)), |status| {
            *status = json!({
                "currentReplicas": 3, "desiredReplicas": 3, "observedGeneration": 1,
                "currentMetrics": [metric("cpu", 40), metric("memory", 40)],
                "conditions": [{ "type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale", "message": "recommended size matches current size" },
                    { "type": "ScalingActive", "status": "True", "reason": "ValidMetricFound", "message": "a replica count was calculated" }],
            });
        })?;
    }
    settle(store)
}

fn fill_deployment(store: &Store, deployment: &Value) -> Result<(), Failure> {
    let replicas = number(deployment, "/spec/replicas");
    // One that has been restarted has a revision from before that.
    let was_restarted = deployment.pointer(RESTARTED).is_some();
    if was_restarted {
        let mut before = deployment.clone();
        let annotations = before.pointer_mut("/spec/template/metadata/annotations").and_then(Value::as_object_mut);
        annotations.map(|all| all.remove("kubectl.kubernetes.io/restartedAt"));
        replica_set(store, &before, 1, 0)?;
    }
    let revision = if was_restarted { 2 } else { 1 };
    let set = replica_set(store, deployment, revision, replicas)?;
    for place in 0..replicas {
        store.apply(pod(&set, &format!("{}-{}", name(&set), hash(&json!([place, name(&set)]), 5)), place))?;
    }
    let mut annotated = deployment.clone();
    entry(entry(&mut annotated, "metadata"), "annotations")["deployment.kubernetes.io/revision"] = revision.to_string().into();
    let annotated = store.apply(annotated)?;
    whole(store, "ReplicaSet", &set, replicas)?;
    whole(store, "Deployment", &annotated, replicas)
}

fn replica_set(store: &Store, deployment: &Value, revision: i64, replicas: i64) -> Result<Arc<Value>, Failure> {
    let hash = hash(&at(deployment, "/spec/template"), 10);
    let mut template = at(deployment, "/spec/template");
    entry(entry(&mut template, "metadata"), "labels")["pod-template-hash"] = hash.as_str().into();
    let mut selector = at(deployment, "/spec/selector");
    entry(&mut selector, "matchLabels")["pod-template-hash"] = hash.as_str().into();
    store.apply(json!({
        "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{hash}", name(deployment)), "namespace": namespace(deployment), "labels": at(&template, "/metadata/labels"),
            "annotations": { "deployment.kubernetes.io/revision": revision.to_string() },
            "ownerReferences": [controller_reference(deployment)], "creationTimestamp": at(deployment, "/metadata/creationTimestamp"),
        },
        "spec": { "replicas": replicas, "selector": selector, "template": template },
    }))
}

/// Letters and digits that stand for a value, the same at every start.
fn hash(value: &Value, length: usize) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut hasher = DefaultHasher::new();
    // The annotations carry times, which differ from start to start.
    value.get("spec").unwrap_or(value).to_string().hash(&mut hasher);
    value.pointer("/metadata/annotations").is_some_and(|all| all.to_string().contains("restartedAt")).hash(&mut hasher);
    let mut rest = hasher.finish();
    let letter = |_| {
        let at = usize::try_from(rest % 27).unwrap_or_default();
        rest /= 27;
        LETTERS.get(at).map(|&letter| char::from(letter))
    };
    (0..length).filter_map(letter).collect()
}

fn pod(owner: &Value, name: &str, place: i64) -> Value {
    let template = at(owner, "/spec/template");
    let mut spec = at(&template, "/spec");
    put(&mut spec, "/nodeName", format!("node-{}", place % 3 + 1));
    json!({
        "kind": "Pod",
        "metadata": {
            "name": name, "namespace": namespace(owner), "labels": at(&template, "/metadata/labels"),
            "annotations": at(&template, "/metadata/annotations"), "ownerReferences": [controller_reference(owner)],
        },
        "spec": spec,
    })
}

/// The claims of a StatefulSet's pod, each bound to a volume of its own.
fn claim(store: &Store, set: &Value, pod: &mut Value) -> Result<(), Failure> {
    for template in items(set, "/spec/volumeClaimTemplates") {
        let claim = format!("{}-{}", name(template), name(pod));
        let volume = format!("pv-{}-{claim}", namespace(set));
        let size = text(template, "/spec/resources/requests/storage");
        let mut spec = template["spec"].clone();
        put(&mut spec, "/volumeName", volume.as_str());
        let modes = at(&spec, "/accessModes");
        store.apply(json!({
            "kind": "PersistentVolumeClaim",
            "metadata": { "name": claim, "namespace": namespace(set), "labels": at(set, "/spec/selector/matchLabels") },
            "spec": spec, "status": { "phase": "Bound", "capacity": { "storage": size }, "accessModes": modes },
        }))?;
        store.apply(json!({
            "kind": "PersistentVolume", "metadata": { "name": volume },
            "spec": {
                "capacity": { "storage": size }, "accessModes": modes, "storageClassName": at(template, "/spec/storageClassName"),
                "claimRef": { "kind": "PersistentVolumeClaim", "namespace": namespace(set), "name": claim },
                "hostPath": { "path": format!("/volumes/{claim}") },
            },
            "status": { "phase": "Bound" },
        }))?;
        let reference = json!({ "name": name(template), "persistentVolumeClaim": { "claimName": claim } });
        match pod.pointer_mut("/spec/volumes").and_then(Value::as_array_mut) {
            Some(volumes) => volumes.push(reference),
            None => put(pod, "/spec/volumes", json!([reference])),
        }
    }
    Ok(())
}

/// Says that a workload has all that it wants.
fn whole(store: &Store, kind: &str, workload: &Value, replicas: i64) -> Result<(), Failure> {
    let now = object::time(Timestamp::now());
    store.set_status(kind, (namespace(workload), name(workload)), |status| {
        let counts: &[&str] = match kind {
            "ReplicaSet" => &["replicas", "readyReplicas", "availableReplicas", "fullyLabeledReplicas"],
            "StatefulSet" => &["replicas", "readyReplicas", "availableReplicas", "updatedReplicas", "currentReplicas"],
            _ => &["replicas", "readyReplicas", "availableReplicas", "updatedReplicas"],
        };
        counts.iter().for_each(|key| status[*key] = replicas.into());
        put(status, "/observedGeneration", at(workload, "/metadata/generation"));
        if kind == "Deployment" {
            let condition = |kind: &str, reason: &str| {
                json!({
                    "type": kind, "status": "True", "reason": reason, "message": "", "lastUpdateTime": now, "lastTransitionTime": now,
                })
            };
            status["conditions"] =
                json!([condition("Available", "MinimumReplicasAvailable"), condition("Progressing", "NewReplicaSetAvailable")]);
        }
    })
}

/// Pods that are new run, pods that were told to go are gone, services know their pods.
fn settle(store: &Store) -> Result<(), Failure> {
    for pod in store.list("Pod", None).objects {
        let at = (namespace(&pod), name(&pod));
        if is_terminating(&pod) {
            store.delete("Pod", at, &Deletion::now())?;
        } else if text(&pod, "/status/phase") == "Pending" {
            run(store, &pod)?;
        }
    }
    for service in store.list("Service", None).objects {
        let selector = json!({ "matchLabels": at(&service, "/spec/selector") });
        if service.pointer("/spec/selector").is_some()
            && let Some(selector) = Selector::of_object(Some(&selector))
        {
            endpoints(store, &service, &selector)?;
        }
    }
    Ok(())
}

fn run(store: &Store, pod: &Value) -> Result<(), Failure> {
    let at = (namespace(pod), name(pod));
    let node = match text(pod, "/spec/nodeName") {
        "" => "node-1",
        node => node,
    };
    let now = object::time(Timestamp::now());
    let subnet = node.rsplit('-').next().unwrap_or_default();
    let ip = format!("10.244.{subnet}.{}", object::version(pod) % 250 + 2);
    let condition = |kind: &str| json!({ "type": kind, "status": "True", "lastTransitionTime": now });
    let container = |one: &Value| {
        let name = text(one, "/name");
        json!({
            "name": name, "image": one["image"], "imageID": one["image"], "containerID": format!("sandbox://{}/{name}", object::uid(pod)),
            "ready": true, "started": true, "restartCount": 0, "state": { "running": { "startedAt": now } }, "lastState": {},
        })
    };
    let conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition);
    let status = json!({
        "phase": "Running", "podIP": ip, "podIPs": [{ "ip": ip }], "hostIP": format!("10.0.0.{subnet}"), "startTime": now, "qosClass": "Burstable",
        "conditions": conditions,
        "containerStatuses": items(pod, "/spec/containers").iter().map(container).collect::<Vec<_>>(),
    });
    store
        .update("Pod", at, super::store::Part::Whole, false, |pod| {
            let mut pod = pod.clone();
            put(&mut pod, "/spec/nodeName", node);
            put(&mut pod, "/status", status);
            Ok(pod)
        })
        .map(|_| ())
}

fn endpoints(store: &Store, service: &Value, selector: &Selector) -> Result<(), Failure> {
    let pods: Vec<_> = store.list("Pod", Some(namespace(service))).objects.into_iter().filter(|pod| selector.matches(pod)).collect();
    let target = |pod: &Value| json!({ "kind": "Pod", "name": name(pod), "namespace": namespace(pod), "uid": object::uid(pod) });
    let port =
        |port: &Value| json!({ "name": port["name"], "port": port["targetPort"].as_i64().or(port["port"].as_i64()), "protocol": "TCP" });
    let ports: Vec<_> = items(service, "/spec/ports").iter().map(port).collect();
    let (space, of) = (namespace(service), name(service));
    let one = |pod: &Arc<Value>| {
        let ready = object::is_ready(pod);
        json!({
            "addresses": [text(pod, "/status/podIP")], "nodeName": text(pod, "/spec/nodeName"), "targetRef": target(pod),
            "conditions": { "ready": ready, "serving": ready, "terminating": is_terminating(pod) },
        })
    };
    store.apply(json!({
        "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "name": format!("{of}-slice"), "namespace": space, "ownerReferences": [controller_reference(service)],
            "labels": { "kubernetes.io/service-name": of },
        },
        "endpoints": pods.iter().map(one).collect::<Vec<_>>(), "ports": ports,
    }))?;
    let address =
        |pod: &Arc<Value>| json!({ "ip": text(pod, "/status/podIP"), "nodeName": text(pod, "/spec/nodeName"), "targetRef": target(pod) });
    let addresses: Vec<_> = pods.iter().map(address).collect();
    let subsets = if addresses.is_empty() { json!([]) } else { json!([{ "addresses": addresses, "ports": ports }]) };
    store.apply(json!({ "kind": "Endpoints", "metadata": { "name": of, "namespace": space }, "subsets": subsets })).map(|_| ())
}
