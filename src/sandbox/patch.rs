//! The three kinds of patch: merge, strategic merge with its merge keys, and JSON patch with `test`. Functions over JSON alone.

use super::failure::Failure;
use super::object::text;
use super::resource::Resource;
use serde_json::{Map, Value};

/// A kind of patch, by its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// RFC 7386.
    Merge,
    /// Kubernetes' own: lists are merged by keys.
    Strategic,
    /// RFC 6902.
    Json,
}

const FORMS: &[(&str, Form)] = &[
    ("application/merge-patch+json", Form::Merge),
    ("application/strategic-merge-patch+json", Form::Strategic),
    ("application/json-patch+json", Form::Json),
];

impl Form {
    /// The form that a `Content-Type` names, if the resource takes it.
    pub fn of(content_type: &str, resource: &Resource) -> Result<Form, Failure> {
        let media = content_type.split(';').next().unwrap_or_default().trim();
        match FORMS.iter().find(|(name, _)| *name == media) {
            Some((_, Form::Strategic)) if resource.is_custom() => {
                let kind = resource.kind;
                Err(Failure::unsupported(format!(
                    "the body of the request was in an unknown format: {kind} takes no strategic merge patch"
                )))
            }
            Some((_, form)) => Ok(*form),
            None if media.starts_with("application/apply-patch") => {
                Err(Failure::unsupported("server-side apply is not served here: use client-side apply, or a merge patch"))
            }
            None => {
                let accepted = FORMS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                Err(Failure::unsupported(format!(
                    "the body of the request was in an unknown format - accepted media types include: {accepted}"
                )))
            }
        }
    }
}

/// What becomes of `object`.
pub fn apply(form: Form, object: &Value, patch: &Value) -> Result<Value, Failure> {
    let mut next = object.clone();
    match form {
        Form::Merge => merge(&mut next, patch),
        Form::Strategic => strategic(&mut next, patch),
        Form::Json => {
            let patch = serde_json::from_value::<json_patch::Patch>(patch.clone());
            let patch = patch.map_err(|error| Failure::bad_request(format!("error decoding patch: {error}")))?;
            json_patch::patch(&mut next, &patch).map_err(|error| Failure::patch_failed(&error.to_string()))?;
        }
    }
    Ok(next)
}

fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    make(target, Value::is_object, Value::Object(Map::new()));
    let Some(target) = target.as_object_mut() else { return };
    for (key, value) in patch {
        match value {
            Value::Null => drop(target.remove(key)),
            value => merge(target.entry(key.clone()).or_insert(Value::Null), value),
        }
    }
}

/// Lists that are merged, with the keys that tell their elements apart; the first key that an element has counts. Lists that are not
/// here are replaced.
const MERGED: &[(&str, &[&str])] = &[
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("env", &["name"]),
    ("ports", &["containerPort", "port"]),
    ("volumes", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("volumeDevices", &["devicePath"]),
    ("imagePullSecrets", &["name"]),
    ("hostAliases", &["ip"]),
    ("topologySpreadConstraints", &["topologyKey"]),
    ("ownerReferences", &["uid"]),
    ("conditions", &["type"]),
    ("addresses", &["type"]),
    ("podIPs", &["ip"]),
    ("secrets", &["name"]),
    ("volumesAttached", &["name"]),
];

/// Lists of plain values that are merged as sets.
const SETS: &[&str] = &["finalizers"];

const ORDER: &str = "$setElementOrder/";
const DELETE: &str = "$deleteFromPrimitiveList/";

fn strategic(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => {
            let mut whole = patch.clone();
            whole.remove("$patch");
            *target = Value::Object(whole);
            return;
        }
        Some("delete") => {
            *target = Value::Object(Map::new());
            return;
        }
        _ => {}
    }
    make(target, Value::is_object, Value::Object(Map::new()));
    let Some(target) = target.as_object_mut() else { return };
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        target.retain(|key, _| kept.iter().any(|kept| kept == key));
    }
    for (key, value) in patch {
        if let Some(list) = key.strip_prefix(DELETE) {
            let gone = value.as_array().map(Vec::as_slice).unwrap_or_default();
            if let Some(list) = target.get_mut(list).and_then(Value::as_array_mut) {
                list.retain(|value| !gone.contains(value));
            }
        } else if key.starts_with('$') {
        } else if value.is_null() {
            target.remove(key);
        } else {
            let order = patch.get(&format!("{ORDER}{key}")).and_then(Value::as_array);
            field(target.entry(key.clone()).or_insert(Value::Null), key, value, order.map(Vec::as_slice).unwrap_or_default());
        }
    }
}

fn field(target: &mut Value, key: &str, patch: &Value, order: &[Value]) {
    let Some(elements) = patch.as_array() else { return strategic(target, patch) };
    make(target, Value::is_array, Value::Array(Vec::new()));
    let Some(old) = target.as_array_mut() else { return };
    let merged = MERGED.iter().find(|(name, _)| *name == key).map(|(_, keys)| *keys);
    if SETS.contains(&key) {
        let new: Vec<_> = elements.iter().filter(|element| !old.contains(element)).cloned().collect();
        old.extend(new);
    } else if let Some(keys) = merged.filter(|keys| elements.iter().all(|element| merge_key(element, keys).is_some())) {
        list(old, keys, elements);
        sort(old, keys, order);
    } else {
        // A list without keys, or an instruction to replace one that has them.
        let is_instruction = |element: &&Value| element.get("$patch").is_some();
        *target = elements.iter().filter(|element| !is_instruction(element)).cloned().collect();
    }
}

/// Puts `empty` where something of another kind is.
fn make(value: &mut Value, is: fn(&Value) -> bool, empty: Value) {
    if !is(value) {
        *value = empty;
    }
}

/// The key's name and value that tell this element from the others.
fn merge_key<'a>(element: &'a Value, keys: &[&'static str]) -> Option<(&'static str, &'a Value)> {
    keys.iter().find_map(|key| Some((*key, element.get(*key)?)))
}

fn list(target: &mut Vec<Value>, keys: &[&'static str], elements: &[Value]) {
    for element in elements {
        let Some((key, value)) = merge_key(element, keys) else { continue };
        let place = target.iter().position(|old| old.get(key) == Some(value));
        match (text(element, "/$patch"), place) {
            ("delete", Some(place)) => drop(target.remove(place)),
            ("delete", None) => {}
            (_, place) => {
                let mut old = place.map_or(Value::Null, |place| target.get(place).cloned().unwrap_or_default());
                strategic(&mut old, element);
                match place.and_then(|place| target.get_mut(place)) {
                    Some(slot) => *slot = old,
                    None => target.push(old),
                }
            }
        }
    }
}

/// Puts the elements into the order that the patch asks for; those it does not name stay behind.
fn sort(target: &mut [Value], keys: &[&'static str], order: &[Value]) {
    let place = |element: &Value| {
        let found = merge_key(element, keys).and_then(|(key, value)| order.iter().position(|wanted| wanted.get(key) == Some(value)));
        found.unwrap_or(order.len())
    };
    target.sort_by_key(place);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::resource::of_kind;
    use serde_json::json;

    fn patched(form: Form, object: Value, patch: Value) -> Value {
        apply(form, &object, &patch).unwrap()
    }

    #[test]
    fn merge_replaces_lists_and_null_removes() {
        let after = patched(Form::Merge, json!({"a": [1], "b": {"c": 1, "d": 2}}), json!({"a": [2], "b": {"c": null, "e": {"f": null}}}));
        assert_eq!(after, json!({"a": [2], "b": {"d": 2, "e": {}}}));
    }

    #[test]
    fn strategic_merge_knows_lists_by_their_keys() {
        let containers =
            json!([{"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]}, {"name": "b", "args": ["1"]}]);
        let patch = json!({"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}], "containers": [
            {"name": "a", "env": [{"name": "X", "value": "9"}, {"name": "Y", "$patch": "delete"}, {"name": "Z", "value": "3"}]},
            {"name": "b", "args": ["2"]},
        ]});
        let after = patched(Form::Strategic, json!({"containers": containers}), patch);
        let expected = json!({"containers": [
            {"name": "b", "args": ["2"]},
            {"name": "a", "env": [{"name": "X", "value": "9"}, {"name": "Z", "value": "3"}]},
        ]});
        assert_eq!(after, expected);
    }

    #[test]
    fn strategic_merge_follows_its_instructions() {
        let object =
            json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {}}, "finalizers": ["a", "b"], "taints": [{"key": "a"}]});
        let patch = json!({
            "strategy": {"$retainKeys": ["type"], "type": "Recreate"}, "$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"],
            "taints": [{"key": "b"}],
        });
        let expected = json!({"strategy": {"type": "Recreate"}, "finalizers": ["b", "c"], "taints": [{"key": "b"}]});
        assert_eq!(patched(Form::Strategic, object, patch), expected);
        assert_eq!(patched(Form::Strategic, json!({"a": {"b": 1}}), json!({"a": {"$patch": "replace", "c": 2}})), json!({"a": {"c": 2}}));
        let replaced = json!({"env": [{"$patch": "replace"}, {"name": "Z"}]});
        assert_eq!(patched(Form::Strategic, json!({"env": [{"name": "X"}]}), replaced), json!({"env": [{"name": "Z"}]}));
    }

    #[test]
    fn a_json_patch_whose_test_fails_is_422() {
        let patch = json!([{"op": "test", "path": "/a", "value": 2}, {"op": "replace", "path": "/a", "value": 3}]);
        let deployment = of_kind("Deployment").unwrap();
        assert_eq!(apply(Form::Json, &json!({"a": 1}), &patch).unwrap_err().code, 422);
        assert_eq!(apply(Form::Json, &json!({"a": 2}), &patch).unwrap(), json!({"a": 3}));
        assert_eq!(Form::of("application/apply-patch+yaml", deployment).unwrap_err().code, 415);
        assert_eq!(Form::of("application/strategic-merge-patch+json", of_kind("Certificate").unwrap()).unwrap_err().code, 415);
    }
}
