//! Reading an object of Kubernetes as the JSON it is: names, labels, owners, times. It changes nothing and knows no rule.

use jiff::Timestamp;
use serde_json::{Value, json};

/// The text at a JSON pointer, or "".
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The number at a JSON pointer, or 0.
pub fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// Whether the value at a JSON pointer is `true`.
pub fn is_true(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// The elements of the array at a JSON pointer; none if there is no array.
pub fn items<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// `metadata.name`.
pub fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// `metadata.namespace`, "" for what belongs to the cluster.
pub fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// `metadata.uid`.
pub fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// `metadata.resourceVersion` as the number it is here.
pub fn version(object: &Value) -> u64 {
    text(object, "/metadata/resourceVersion").parse().unwrap_or_default()
}

/// Whether it has been asked to go.
pub fn is_terminating(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(|at| !at.is_null())
}

/// The value of a label, if it has it.
pub fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/labels")?.get(key)?.as_str()
}

/// The value of an annotation, if it has it.
pub fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/annotations")?.get(key)?.as_str()
}

/// The `status` of a condition ("True", "False", "Unknown"), if it has one of that type.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    let found = items(object, "/status/conditions").iter().find(|condition| text(condition, "/type") == kind)?;
    found.get("status")?.as_str()
}

/// Whether a pod takes traffic: its `Ready` condition, and it is not on its way out.
pub fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready") == Some("True") && !is_terminating(pod)
}

/// Whether a pod has ended for good.
pub fn is_finished(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// The owner that controls it, if there is one.
pub fn controller(object: &Value) -> Option<&Value> {
    items(object, "/metadata/ownerReferences").iter().find(|owner| is_true(owner, "/controller"))
}

/// Whether one of its owners has this uid.
pub fn is_owned_by(object: &Value, uid: &str) -> bool {
    items(object, "/metadata/ownerReferences").iter().any(|owner| text(owner, "/uid") == uid)
}

/// A reference that makes `owner` the controller.
pub fn controller_reference(owner: &Value) -> Value {
    json!({
        "apiVersion": text(owner, "/apiVersion"), "kind": text(owner, "/kind"), "name": name(owner), "uid": uid(owner),
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// A copy of the value at a JSON pointer; null without one.
pub fn at(object: &Value, pointer: &str) -> Value {
    object.pointer(pointer).cloned().unwrap_or_default()
}

/// Puts a value where a JSON pointer leads, through objects that are made where there are none.
pub fn put(object: &mut Value, pointer: &str, value: impl Into<Value>) {
    let mut place = object;
    let mut keys = pointer.split('/').skip(1).peekable();
    while let Some(key) = keys.next() {
        let key = key.replace("~1", "/").replace("~0", "~");
        if keys.peek().is_some() {
            place = entry(place, &key);
        } else if place.is_object() {
            place[&key] = value.into();
            return;
        } else {
            *place = json!({ key: value.into() });
            return;
        }
    }
}

/// An instant as Kubernetes writes it: whole seconds, UTC.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The instant at a JSON pointer, if there is one.
pub fn instant(object: &Value, pointer: &str) -> Option<Timestamp> {
    text(object, pointer).parse().ok()
}

/// The object inside `object` under `key`, made if it is absent or something else.
pub fn entry<'a>(object: &'a mut Value, key: &str) -> &'a mut Value {
    if !object.is_object() {
        *object = json!({});
    }
    let inner = &mut object[key];
    if !inner.is_object() {
        *inner = json!({});
    }
    inner
}
