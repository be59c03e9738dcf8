//! What lies below an object: status, scale, eviction, binding, and the streams that the kubelet answers.

use super::writing::{deletion, success};
use super::{Api, form};
use crate::sandbox::answer::{self, Body};
use crate::sandbox::budget;
use crate::sandbox::failure::Failure;
use crate::sandbox::kubelet;
use crate::sandbox::object::{name, number, put, text};
use crate::sandbox::patch;
use crate::sandbox::request::{Place, Request};
use crate::sandbox::resource;
use crate::sandbox::store::Part;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Response};
use serde_json::{Value, json};
use std::sync::Arc;

impl Api {
    pub(super) async fn answer_below(&self, request: Request, place: Place, upgrade: Option<OnUpgrade>) -> Result<Response<Body>, Failure> {
        let word = place.sub.split('/').next().unwrap_or_default();
        match (word, &request.method) {
            ("status", &Method::GET) => Ok(answer::object(200, &form(&request, &place)?.one(&self.get(&place)?))),
            ("status", &Method::PUT) => self.replace(&request, &place),
            ("status", &Method::PATCH) => self.patch(&request, &place),
            ("scale", &Method::GET) => Ok(answer::object(200, &scale(&*self.get(&place)?))),
            ("scale", &Method::PUT | &Method::PATCH) => self.set_scale(&request, &place),
            ("eviction", &Method::POST) => self.evict(&request, &place),
            ("binding", &Method::POST) => self.bind(&request, &place),
            ("finalize", &Method::PUT) => Ok(answer::object(200, &self.get(&place)?)),
            ("log", &Method::GET) => kubelet::log(&*self.kubelet, self.get(&place)?, &request).await,
            ("exec" | "attach" | "portforward", &Method::GET | &Method::POST) | ("proxy", _) => {
                let object = self.get(&place)?;
                self.kubelet.connect(object, request, upgrade).await
            }
            _ => Err(Failure::method_not_allowed()),
        }
    }

    fn set_scale(&self, request: &Request, place: &Place) -> Result<Response<Body>, Failure> {
        let body = request.json().or_else(|failure| serde_json::from_slice(&request.body).map_err(|_| failure))?;
        let at = (place.namespace.as_str(), place.name.as_str());
        let patching = (request.method == Method::PATCH).then(|| patch::Form::of(request.content_type(), place.resource)).transpose()?;
        let written = self.store.update(place.resource.kind, at, Part::Main, request.is_dry(), |object| {
            let next = match patching {
                Some(form) => patch::apply(form, &scale(object), &body)?,
                None => body.clone(),
            };
            let replicas = number(&next, "/spec/replicas");
            if replicas < 0 {
                let problem = format!("Invalid value: {replicas}: must be greater than or equal to 0");
                return Err(Failure::invalid("Scale", place.resource.about(&place.name), "spec.replicas", &problem));
            }
            let mut object = object.clone();
            put(&mut object, "/spec/replicas", replicas);
            let version = text(&next, "/metadata/resourceVersion");
            if !version.is_empty() {
                put(&mut object, "/metadata/resourceVersion", version);
            }
            Ok(object)
        })?;
        Ok(answer::object(200, &scale(&written)))
    }

    fn evict(&self, request: &Request, place: &Place) -> Result<Response<Body>, Failure> {
        let eviction = request.json()?;
        if !["", &place.name].contains(&name(&eviction)) {
            return Err(Failure::bad_request("name in URL does not match name in Eviction object"));
        }
        let mut how = deletion(request, eviction.get("deleteOptions").unwrap_or(&Value::Null))?;
        how.dry |= request.is_dry();
        self.store.delete_if("Pod", (&place.namespace, &place.name), &how, |pod, list| budget::check(pod, list))?;
        let mut done = success(json!({}));
        put(&mut done, "/code", 201);
        Ok(answer::object(201, &done))
    }

    fn bind(&self, request: &Request, place: &Place) -> Result<Response<Body>, Failure> {
        let node = text(&request.json()?, "/target/name").to_owned();
        let at = (place.namespace.as_str(), place.name.as_str());
        self.store.update("Pod", at, Part::Whole, request.is_dry(), |pod| bound(pod, &node))?;
        let mut done = success(json!({}));
        put(&mut done, "/code", 201);
        Ok(answer::object(201, &done))
    }
}

/// The pod on its node, unless it has one: what a scheduler asks for.
pub fn bound(pod: &Value, node: &str) -> Result<Value, Failure> {
    let old = text(pod, "/spec/nodeName");
    if !old.is_empty() {
        let about = resource::of_kind("Pod").map(|pods| pods.about(name(pod)));
        let why = format!("pod {} is already assigned to node \"{old}\"", name(pod));
        return Err(about.map_or_else(|| Failure::bad_request(why.clone()), |about| Failure::conflict(about, &why)));
    }
    let mut pod = pod.clone();
    put(&mut pod, "/spec/nodeName", node);
    Ok(pod)
}

/// The `Scale` of a workload.
fn scale(object: &Value) -> Arc<Value> {
    let labels = object.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let selector: Vec<_> =
        labels.into_iter().flatten().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    let metadata = object.get("metadata").cloned().unwrap_or_default();
    let kept = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"];
    let kept: serde_json::Map<_, _> = kept.iter().filter_map(|key| Some(((*key).to_owned(), metadata.get(*key)?.clone()))).collect();
    Arc::new(json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": kept,
        "spec": { "replicas": number(object, "/spec/replicas") },
        "status": { "replicas": number(object, "/status/replicas"), "selector": selector.join(",") },
    }))
}
