//! How objects go: preconditions, grace, finalizers, what becomes of those they own, namespaces with all that is in them.

use super::{Key, State};
use crate::sandbox::failure::Failure;
use crate::sandbox::object::{self, entry, items, namespace, text, uid};
use crate::sandbox::resource::Resource;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::sync::Arc;

/// What a deletion asks for.
#[derive(Clone, Debug, Default)]
pub struct Deletion {
    /// Only the object with this uid.
    pub uid: Option<String>,
    /// Only the object at this version.
    pub version: Option<String>,
    /// Seconds until a pod is killed; its own wish if absent.
    pub grace: Option<i64>,
    /// What becomes of what it owns.
    pub propagation: Propagation,
    /// Only say what would be.
    pub dry: bool,
}

/// What becomes of the objects that a deleted one owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// They are collected later, by whoever collects garbage.
    #[default]
    Background,
    /// They are collected first. Here the same as in the background.
    Foreground,
    /// They stay, without an owner.
    Orphan,
}

impl Deletion {
    /// At once, without grace: what a kubelet says when the containers have ended.
    pub fn now() -> Deletion {
        Deletion { grace: Some(0), ..Deletion::default() }
    }
}

pub(super) fn delete(
    state: &mut State,
    resource: &'static Resource,
    (space, name): (&str, &str),
    how: &Deletion,
) -> Result<(Arc<Value>, bool), Failure> {
    let about = resource.about(name);
    let current = state.get(resource.kind, space, name).ok_or_else(|| Failure::not_found(about))?;
    let conditions = [("UID", &how.uid, uid(&current)), ("ResourceVersion", &how.version, text(&current, "/metadata/resourceVersion"))];
    for (word, asked, is) in conditions {
        if let Some(asked) = asked.as_ref().filter(|asked| *asked != is) {
            let why = format!("Precondition failed: {word} in precondition: {asked}, {word} in object meta: {is}");
            return Err(Failure::conflict(about, &why));
        }
    }
    let grace = grace(&current, how);
    let at_once = grace == 0 && items(&current, "/metadata/finalizers").is_empty();
    if how.dry {
        return Ok((current, at_once));
    }
    if how.propagation == Propagation::Orphan {
        orphan(state, uid(&current));
    }
    let key = Key { kind: resource.kind, namespace: space.to_owned(), name: name.to_owned() };
    if resource.kind == "Namespace" {
        empty(state, name);
    }
    if at_once {
        return Ok((state.put(key, None), true));
    }
    let remaining = current.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64);
    if object::is_terminating(&current) && remaining.is_none_or(|remaining| remaining <= grace) {
        return Ok((current, false));
    }
    let mut next = Value::clone(&current);
    let until = Timestamp::now().checked_add(SignedDuration::from_secs(grace)).unwrap_or_else(|_| Timestamp::now());
    let metadata = entry(&mut next, "metadata");
    metadata["deletionTimestamp"] = object::time(until).into();
    metadata["deletionGracePeriodSeconds"] = grace.into();
    Ok((state.put(key, Some(next)), false))
}

/// Only a pod that a node runs gets time to end.
fn grace(object: &Value, how: &Deletion) -> i64 {
    if text(object, "/kind") != "Pod" || text(object, "/spec/nodeName").is_empty() || object::is_finished(object) {
        return 0;
    }
    let own = object.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(30);
    how.grace.unwrap_or(own).max(0)
}

fn orphan(state: &mut State, owner: &str) {
    let owned: Vec<_> = state.objects.iter().filter(|(_, object)| object::is_owned_by(object, owner)).collect();
    let owned: Vec<_> = owned.into_iter().map(|(key, object)| (key.clone(), Value::clone(object))).collect();
    for (key, mut object) in owned {
        let metadata = entry(&mut object, "metadata");
        if let Some(owners) = metadata["ownerReferences"].as_array_mut() {
            owners.retain(|reference| text(reference, "/uid") != owner);
        }
        if metadata["ownerReferences"].as_array().is_some_and(Vec::is_empty) {
            metadata.as_object_mut().map(|metadata| metadata.remove("ownerReferences"));
        }
        state.put(key, Some(object));
    }
}

fn empty(state: &mut State, space: &str) {
    let inside: Vec<_> = state.objects.iter().filter(|(_, object)| namespace(object) == space).map(|(key, _)| key.clone()).collect();
    for key in inside {
        state.put(key, None);
    }
}
