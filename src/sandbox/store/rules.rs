//! What may be written and what becomes of it: names, defaults, versions, generations, the parts that are written apart. It looks at
//! the store alone; rights and patches are settled before.

use super::{Key, State};
use crate::sandbox::defaults;
use crate::sandbox::failure::Failure;
use crate::sandbox::object::{self, entry, items, name, namespace, put, text, uid};
use crate::sandbox::resource::Resource;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// The part of an object that an update writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All but `status`, where that is written apart.
    Main,
    /// `status` alone.
    Status,
    /// All of it: for controllers and seeds.
    Whole,
}

/// Kinds whose objects change their meaning with their annotations too.
const ANNOTATIONS_COUNT: &[&str] = &["Deployment"];

/// Fields of `metadata` that only the server writes.
const SERVERS: &[&str] = &["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink"];

pub(super) fn create(state: &mut State, resource: &'static Resource, mut object: Value, dry: bool) -> Result<Arc<Value>, Failure> {
    if !text(&object, "/metadata/resourceVersion").is_empty() {
        return Err(Failure::bad_request("resourceVersion should not be set on objects to be created"));
    }
    if resource.has_status()
        && let Some(object) = object.as_object_mut()
    {
        object.remove("status");
    }
    defaults::apply(resource.kind, &mut object);
    place(state, resource, object, dry)
}

/// Creates the object with the status that it brings.
pub(super) fn create_whole(state: &mut State, resource: &'static Resource, mut object: Value) -> Result<Arc<Value>, Failure> {
    defaults::apply(resource.kind, &mut object);
    place(state, resource, object, false)
}

fn place(state: &mut State, resource: &'static Resource, mut object: Value, dry: bool) -> Result<Arc<Value>, Failure> {
    let prefix = text(&object, "/metadata/generateName").to_owned();
    if name(&object).is_empty() && !prefix.is_empty() {
        entry(&mut object, "metadata")["name"] = format!("{prefix}{}", suffix()).into();
    }
    let (space, name) = (namespace(&object).to_owned(), name(&object).to_owned());
    check_name(resource, &name)?;
    if resource.namespaced {
        match state.get("Namespace", "", &space) {
            None => return Err(Failure::not_found(super::resource("Namespace")?.about(&space))),
            Some(space_object) if object::is_terminating(&space_object) => {
                let why = format!("unable to create new content in namespace {space} because it is being terminated");
                return Err(Failure::forbidden(resource.about(&name), &why));
            }
            Some(_) => {}
        }
    }
    let key = Key { kind: resource.kind, namespace: space, name };
    if state.objects.contains_key(&key) {
        return Err(Failure::already_exists(resource.about(&key.name)));
    }
    put(&mut object, "/apiVersion", resource.api_version());
    put(&mut object, "/kind", resource.kind);
    let created = text(&object, "/metadata/creationTimestamp").to_owned();
    let metadata = entry(&mut object, "metadata");
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.retain(|key, value| !value.is_null() && !SERVERS.contains(&key.as_str()));
        if !resource.namespaced {
            metadata.remove("namespace");
        }
    }
    metadata["uid"] = new_uid().into();
    // Only a seed brings a past.
    metadata["creationTimestamp"] = if created.is_empty() { object::time(Timestamp::now()) } else { created }.into();
    if object.get("spec").is_some() {
        entry(&mut object, "metadata")["generation"] = 1.into();
    }
    if dry {
        return Ok(Arc::new(object));
    }
    Ok(state.put(key, Some(object)))
}

pub(super) fn update(
    state: &mut State,
    resource: &'static Resource,
    (space, name): (&str, &str),
    part: Part,
    dry: bool,
    change: impl FnOnce(&Value) -> Result<Value, Failure>,
) -> Result<Arc<Value>, Failure> {
    let about = resource.about(name);
    let current = state.get(resource.kind, space, name).ok_or_else(|| Failure::not_found(about))?;
    let mut next = change(&current)?;
    let asked = text(&next, "/metadata/resourceVersion");
    if !asked.is_empty() && asked != text(&current, "/metadata/resourceVersion") {
        return Err(Failure::modified(about));
    }
    let asked = uid(&next);
    if !asked.is_empty() && asked != uid(&current) {
        let why = format!("Precondition failed: UID in precondition: {asked}, UID in object meta: {}", uid(&current));
        return Err(Failure::conflict(about, &why));
    }
    if object::name(&next) != name {
        return Err(Failure::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({name})",
            object::name(&next)
        )));
    }
    if part == Part::Status {
        let status = next.get("status").cloned().unwrap_or_else(|| json!({}));
        next = Value::clone(&current);
        put(&mut next, "/status", status);
    } else {
        defaults::apply(resource.kind, &mut next);
    }
    keep(&current, &mut next, part == Part::Main && resource.has_status());
    if next == *current {
        return Ok(current);
    }
    if part == Part::Main {
        check_immutable(resource, &current, &next)?;
    }
    if is_new_generation(resource, &current, &next) {
        entry(&mut next, "metadata")["generation"] = (object::number(&current, "/metadata/generation") + 1).into();
    }
    if dry {
        return Ok(Arc::new(next));
    }
    let key = Key { kind: resource.kind, namespace: space.to_owned(), name: name.to_owned() };
    let released = object::is_terminating(&next)
        && items(&next, "/metadata/finalizers").is_empty()
        && object::number(&next, "/metadata/deletionGracePeriodSeconds") == 0;
    let written = state.put(key.clone(), Some(next));
    // The last finalizer is gone, and with it the object.
    Ok(if released { state.put(key, None) } else { written })
}

/// Carries over what an update may not touch.
fn keep(current: &Value, next: &mut Value, status: bool) {
    for key in ["apiVersion", "kind"] {
        next[key] = current[key].clone();
    }
    let metadata = entry(next, "metadata");
    for key in SERVERS.iter().chain(&["name", "namespace", "resourceVersion"]) {
        match current.pointer("/metadata").and_then(|metadata| metadata.get(*key)) {
            Some(value) => metadata[*key] = value.clone(),
            None => drop(metadata.as_object_mut().map(|metadata| metadata.remove(*key))),
        }
    }
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.retain(|_, value| !value.is_null());
    }
    if status {
        match current.get("status") {
            Some(status) => next["status"] = status.clone(),
            None => drop(next.as_object_mut().map(|next| next.remove("status"))),
        }
    }
}

fn is_new_generation(resource: &Resource, current: &Value, next: &Value) -> bool {
    let annotations = |object: &Value| object.pointer("/metadata/annotations").cloned();
    current.get("spec").is_some()
        && (current.get("spec") != next.get("spec")
            || ANNOTATIONS_COUNT.contains(&resource.kind) && annotations(current) != annotations(next))
}

/// Fields that a real server never lets anybody change, as far as operations run into them.
const IMMUTABLE: &[(&str, &str)] = &[
    ("Deployment", "/spec/selector"),
    ("ReplicaSet", "/spec/selector"),
    ("StatefulSet", "/spec/selector"),
    ("StatefulSet", "/spec/serviceName"),
    ("StatefulSet", "/spec/volumeClaimTemplates"),
    ("Job", "/spec/selector"),
    ("Job", "/spec/template"),
    ("Pod", "/spec/nodeName"),
    ("Pod", "/spec/containers/0/env"),
    ("Service", "/spec/clusterIP"),
];

fn check_immutable(resource: &Resource, current: &Value, next: &Value) -> Result<(), Failure> {
    let mut rows = IMMUTABLE.iter().filter(|(kind, _)| *kind == resource.kind);
    let changed = rows.find(|(_, field)| current.pointer(field).is_some_and(|value| next.pointer(field) != Some(value)));
    changed.map_or(Ok(()), |(_, field)| {
        let field = field.trim_start_matches('/').replace('/', ".");
        Err(Failure::invalid(resource.kind, resource.about(name(current)), &field, "Forbidden: field is immutable"))
    })
}

fn check_name(resource: &Resource, name: &str) -> Result<(), Failure> {
    if name.is_empty() {
        let problem = "Required value: name or generateName is required";
        return Err(Failure::invalid(resource.kind, resource.about(name), "metadata.name", problem));
    }
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    if name.len() <= 253 && edge(name.chars().next()) && edge(name.chars().last()) && name.chars().all(inside) {
        return Ok(());
    }
    let problem = format!(
        "Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
         must start and end with an alphanumeric character"
    );
    Err(Failure::invalid(resource.kind, resource.about(name), "metadata.name", &problem))
}

/// Five characters that make no words, as generated names end.
pub(super) fn suffix() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    (0..5).filter_map(|_| LETTERS.get(fastrand::usize(..LETTERS.len())).map(|&letter| char::from(letter))).collect()
}

/// A random (version 4) UUID.
fn new_uid() -> String {
    let bits = fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| hex.get(range).unwrap_or_default().to_owned());
    parts.join("-")
}
