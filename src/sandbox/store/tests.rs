//! The store's rules, one by one.

use super::*;
use serde_json::json;

fn cluster() -> Arc<Store> {
    let store = Store::new();
    store.create(json!({"kind": "Namespace", "metadata": {"name": "a"}}), false).unwrap();
    store
}

fn pod(name: &str) -> Value {
    json!({"kind": "Pod", "metadata": {"name": name, "namespace": "a"}, "spec": {"nodeName": "node-1", "containers": [{"name": "main"}]}})
}

fn set(store: &Store, kind: &str, name: &str, part: Part, pointer: &str, value: Value) -> Result<Arc<Value>, Failure> {
    store.update(kind, ("a", name), part, false, |object| {
        let mut object = object.clone();
        *object.pointer_mut(pointer).unwrap() = value;
        Ok(object)
    })
}

#[test]
fn a_new_object_gets_its_identity_and_every_change_a_version() {
    let store = cluster();
    let made = store.create(pod("x"), false).unwrap();
    assert_eq!((object::uid(&made).len(), object::number(&made, "/metadata/generation")), (36, 1));
    assert_eq!(object::version(&made), store.version());
    assert_eq!(store.create(pod("x"), false).unwrap_err().code, 409);
    assert_eq!(store.create(json!({"kind": "Pod", "metadata": {"name": "x", "namespace": "b"}}), false).unwrap_err().code, 404);
    assert_eq!(store.create(pod("X"), false).unwrap_err().code, 422);
    let version = store.version();
    store.create(pod("dry"), true).unwrap();
    assert_eq!((store.version(), store.get("Pod", "a", "dry")), (version, None));
}

#[test]
fn generations_follow_the_spec_and_the_status_is_apart() {
    let store = cluster();
    store.create(json!({"kind": "Deployment", "metadata": {"name": "d", "namespace": "a", "annotations": {"n": "1"}}, "spec": {"replicas": 1}, "status": {"replicas": 9}}), false).unwrap();
    assert_eq!(store.get("Deployment", "a", "d").unwrap().get("status"), None, "a create brings no status");
    let generation = |object: Arc<Value>| object::number(&object, "/metadata/generation");
    assert_eq!(generation(set(&store, "Deployment", "d", Part::Main, "/spec/replicas", json!(2)).unwrap()), 2);
    let version = store.version();
    assert_eq!(generation(set(&store, "Deployment", "d", Part::Main, "/spec/replicas", json!(2)).unwrap()), 2);
    assert_eq!(store.version(), version, "nothing changed, so nothing happened");
    store.set_status("Deployment", ("a", "d"), |status| status["replicas"] = json!(2)).unwrap();
    let after = set(&store, "Deployment", "d", Part::Main, "/status/replicas", json!(7)).unwrap();
    assert_eq!((object::number(&after, "/status/replicas"), generation(after)), (2, 2));
    assert_eq!(generation(set(&store, "Deployment", "d", Part::Main, "/metadata/annotations/n", json!("2")).unwrap()), 3);
}

#[test]
fn an_update_of_what_has_moved_on_is_a_conflict() {
    let store = cluster();
    let old = store.create(pod("x"), false).unwrap();
    store
        .update("Pod", ("a", "x"), Part::Status, false, |_| Ok(json!({"metadata": {"name": "x"}, "status": {"phase": "Running"}})))
        .unwrap();
    let failure = store.update("Pod", ("a", "x"), Part::Main, false, |_| Ok(Value::clone(&old))).unwrap_err();
    assert_eq!(failure.code, 409);
    assert!(failure.to_string().contains("Operation cannot be fulfilled on pods \"x\": the object has been modified"), "{failure}");
}

#[test]
fn a_running_pod_goes_with_grace_and_a_finalizer_holds() {
    let store = cluster();
    store.create(pod("x"), false).unwrap();
    let (going, gone) = store.delete("Pod", ("a", "x"), &Deletion::default()).unwrap();
    assert!(!gone && object::is_terminating(&going));
    assert_eq!(object::number(&going, "/metadata/deletionGracePeriodSeconds"), 30);
    assert!(store.delete("Pod", ("a", "x"), &Deletion::now()).unwrap().1);
    store.create(json!({"kind": "ConfigMap", "metadata": {"name": "c", "namespace": "a", "finalizers": ["f/x"]}}), false).unwrap();
    assert!(!store.delete("ConfigMap", ("a", "c"), &Deletion::default()).unwrap().1);
    set(&store, "ConfigMap", "c", Part::Main, "/metadata/finalizers", json!([])).unwrap();
    assert_eq!(store.get("ConfigMap", "a", "c"), None);
}

#[test]
fn preconditions_and_orphans() {
    let store = cluster();
    let owner = store.create(json!({"kind": "StatefulSet", "metadata": {"name": "s", "namespace": "a"}, "spec": {}}), false).unwrap();
    let mut owned = pod("s-0");
    owned["metadata"]["ownerReferences"] = json!([object::controller_reference(&owner)]);
    store.create(owned, false).unwrap();
    let wrong = Deletion { uid: Some("other".into()), ..Deletion::default() };
    assert_eq!(store.delete("StatefulSet", ("a", "s"), &wrong).unwrap_err().code, 409);
    let orphan = Deletion { propagation: Propagation::Orphan, uid: Some(object::uid(&owner).into()), ..Deletion::default() };
    assert!(store.delete("StatefulSet", ("a", "s"), &orphan).unwrap().1);
    assert_eq!(object::controller(&store.get("Pod", "a", "s-0").unwrap()), None);
}

#[test]
fn the_past_can_be_listed_and_what_is_too_old_is_410() {
    let store = cluster();
    store.create(pod("x"), false).unwrap();
    store.create(pod("y"), false).unwrap();
    let then = store.version();
    set(&store, "Pod", "x", Part::Main, "/metadata", json!({"name": "x", "labels": {"a": "b"}})).unwrap();
    store.delete("Pod", ("a", "y"), &Deletion::now()).unwrap();
    store.create(pod("z"), false).unwrap();
    let names = |snapshot: Snapshot| snapshot.objects.iter().map(|pod| object::name(pod).to_owned()).collect::<Vec<_>>();
    let past = store.list_at("Pod", Some("a"), then).unwrap();
    assert_eq!(object::label(&past.objects[0], "a"), None);
    assert_eq!(names(past), ["x", "y"]);
    assert_eq!(names(store.list("Pod", None)), ["x", "z"]);
    let (version, changes) = store.since("Pod", Some("a"), then).unwrap();
    assert_eq!((version, changes.len()), (store.version(), 3));
    assert_eq!(store.since("Pod", None, store.version() + 1).unwrap_err().code, 410);
    for _ in 0..LOG / 2 + 1 {
        store.delete("Pod", ("a", "z"), &Deletion::now()).unwrap();
        store.create(pod("z"), false).unwrap();
    }
    assert_eq!(store.since("Pod", None, then).unwrap_err().code, 410);
    assert!(store.list_at("Pod", None, then).is_none());
}
