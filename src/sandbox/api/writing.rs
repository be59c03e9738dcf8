//! Create, replace, patch and delete: what the request says is brought into the store's words.

use super::{Api, listing, whole};
use crate::sandbox::answer::{self, Body};
use crate::sandbox::failure::Failure;
use crate::sandbox::object::{entry, name, namespace, put, text, uid};
use crate::sandbox::patch;
use crate::sandbox::request::{Place, Request};
use crate::sandbox::store::{Deletion, Part, Propagation};
use hyper::Response;
use serde_json::{Value, json};

impl Api {
    pub(super) fn create(&self, request: &Request, place: &Place) -> Result<Response<Body>, Failure> {
        let object = fitting(request.object(place)?, place)?;
        let made = self.store.create(object, request.is_dry())?;
        Ok(answer::object(201, &whole(request, place)?.one(&made)))
    }

    pub(super) fn replace(&self, request: &Request, place: &Place) -> Result<Response<Body>, Failure> {
        let object = fitting(request.object(place)?, place)?;
        self.write(request, place, |_| Ok(object))
    }

    pub(super) fn patch(&self, request: &Request, place: &Place) -> Result<Response<Body>, Failure> {
        let form = patch::Form::of(request.content_type(), place.resource)?;
        let patch = request.json().or_else(|failure| match serde_json::from_slice(&request.body) {
            Ok(patch) => Ok(patch),
            Err(_) => Err(failure),
        })?;
        self.write(request, place, |object| patch::apply(form, object, &patch))
    }

    fn write(
        &self,
        request: &Request,
        place: &Place,
        change: impl FnOnce(&Value) -> Result<Value, Failure>,
    ) -> Result<Response<Body>, Failure> {
        let part = if place.sub == "status" { Part::Status } else { Part::Main };
        let at = (place.namespace.as_str(), place.name.as_str());
        let written = self.store.update(place.resource.kind, at, part, request.is_dry(), change)?;
        Ok(answer::object(200, &whole(request, place)?.one(&written)))
    }

    pub(super) fn delete(&self, request: &Request, place: &Place) -> Result<Response<Body>, Failure> {
        let how = deletion(request, &request.json_if_any()?)?;
        let (object, gone) = self.store.delete(place.resource.kind, (&place.namespace, &place.name), &how)?;
        // A pod is answered as it is; of anything else only that it went.
        if gone && place.resource.kind != "Pod" {
            let resource = place.resource;
            let details = json!({ "name": name(&object), "group": resource.group, "kind": resource.plural, "uid": uid(&object) });
            return Ok(answer::object(200, &success(details)));
        }
        Ok(answer::object(200, &whole(request, place)?.one(&object)))
    }

    pub(super) fn delete_all(&self, request: &Request, place: &Place) -> Result<Response<Body>, Failure> {
        let how = deletion(request, &request.json_if_any()?)?;
        let selector = listing::selector(request, place)?;
        let space = Some(place.namespace.as_str()).filter(|space| !space.is_empty());
        let chosen = self.store.list(place.resource.kind, space).objects.into_iter().filter(|object| selector.matches(object));
        let mut gone = Vec::new();
        for object in chosen {
            match self.store.delete(place.resource.kind, (namespace(&object), name(&object)), &how) {
                Ok((object, _)) => gone.push(object),
                Err(failure) if failure.code == 404 => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(whole(request, place)?.list(gone, json!({ "resourceVersion": self.store.version().to_string() })))
    }
}

/// `Status` of something that was done.
pub(super) fn success(details: Value) -> Value {
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details })
}

/// The body of a write, if it belongs where it was sent.
fn fitting(mut object: Value, place: &Place) -> Result<Value, Failure> {
    let resource = place.resource;
    if !object.is_object() {
        return Err(Failure::bad_request("the body is not an object"));
    }
    let (kind, version) = (text(&object, "/kind"), text(&object, "/apiVersion"));
    if !(kind.is_empty() || kind == resource.kind) || !(version.is_empty() || version == resource.api_version()) {
        let wanted = resource.api_version();
        return Err(Failure::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a {}: the path serves {wanted}",
            resource.kind
        )));
    }
    let space = namespace(&object);
    if !space.is_empty() && space != place.namespace && resource.namespaced {
        return Err(Failure::bad_request("the namespace of the provided object does not match the namespace sent on the request"));
    }
    put(&mut object, "/kind", resource.kind);
    let metadata = entry(&mut object, "metadata");
    if resource.namespaced {
        metadata["namespace"] = place.namespace.as_str().into();
    }
    // Only a seed may bring a past.
    if place.name.is_empty()
        && let Some(metadata) = metadata.as_object_mut()
    {
        metadata.remove("creationTimestamp");
    }
    Ok(object)
}

/// What a deletion asks for, in its body or in its query.
pub(super) fn deletion(request: &Request, options: &Value) -> Result<Deletion, Failure> {
    let given = |pointer: &str| options.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let grace = match request.query("gracePeriodSeconds") {
        "" => options.get("gracePeriodSeconds").and_then(Value::as_i64),
        text => Some(text.parse().map_err(|_| Failure::bad_request("invalid gracePeriodSeconds"))?),
    };
    let propagation = match given("/propagationPolicy").as_deref().unwrap_or(request.query("propagationPolicy")) {
        "Orphan" => Propagation::Orphan,
        "Foreground" => Propagation::Foreground,
        "" if options.get("orphanDependents") == Some(&Value::Bool(true)) => Propagation::Orphan,
        _ => Propagation::Background,
    };
    let dry = request.is_dry() || options.get("dryRun").and_then(Value::as_array).is_some_and(|dry| dry.iter().any(|one| one == "All"));
    Ok(Deletion { uid: given("/preconditions/uid"), version: given("/preconditions/resourceVersion"), grace, propagation, dry })
}
