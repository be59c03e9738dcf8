//! Requests for resources, answered: which verb, on which part of which object. Rules are the store's, rights are settled before.

mod listing;
mod subresource;
mod writing;

use super::access::{Tokens, User};
use super::answer::{self, Body, Form};
use super::audit::Audit;
use super::discovery;
use super::failure::Failure;
use super::fault::Faults;
use super::kubelet::Kubelet;
use super::metrics;
use super::object::put;
use super::request::{Place, Request, Shape, Target};
use super::resource::Origin;
use super::store::Store;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Response};
use serde_json::{Value, json};
use std::sync::Arc;

/// The API server without its sockets.
pub struct Api {
    /// The cluster.
    pub store: Arc<Store>,
    /// What was asked.
    pub audit: Audit,
    /// What is wrong.
    pub faults: Faults,
    /// Who may ask.
    pub tokens: Tokens,
    /// What runs containers.
    pub kubelet: Arc<dyn Kubelet>,
}

/// Paths that need no token.
const HEALTH: &[&str] = &["/readyz", "/livez", "/healthz"];

impl Api {
    /// The user whom a request comes from, or 401.
    pub fn authenticate(&self, authorization: Option<&str>, path: &str) -> Result<Option<&'static User>, Failure> {
        match self.tokens.user(authorization) {
            None if HEALTH.contains(&path) => Ok(None),
            None => Err(Failure::unauthorized()),
            user => Ok(user),
        }
    }

    /// Answers one request.
    pub async fn answer(&self, user: Option<&User>, request: Request, upgrade: Option<OnUpgrade>) -> Result<Response<Body>, Failure> {
        let Target::Resource(place) = &request.target else { return self.answer_other(user, &request) };
        let place = place.clone();
        user.ok_or_else(Failure::unauthorized)?.check(&request.attributes())?;
        match place.resource.origin {
            Origin::Review => review(user, &request, &place),
            Origin::Computed => self.computed(&request, &place),
            Origin::Stored if !place.sub.is_empty() => self.answer_below(request, place, upgrade).await,
            Origin::Stored => match (&request.method, place.name.is_empty()) {
                (&Method::GET, true) if request.asks("watch") => self.watch(&request, &place),
                (&Method::GET, true) => self.list(&request, &place),
                (&Method::GET, false) => {
                    let form = form(&request, &place)?;
                    Ok(answer::object(200, &form.one(&self.get(&place)?)))
                }
                (&Method::POST, true) => self.create(&request, &place),
                (&Method::PUT, false) => self.replace(&request, &place),
                (&Method::PATCH, false) => self.patch(&request, &place),
                (&Method::DELETE, false) => self.delete(&request, &place),
                (&Method::DELETE, true) => self.delete_all(&request, &place),
                _ => Err(Failure::method_not_allowed()),
            },
        }
    }

    /// The object at a place, or 404.
    fn get(&self, place: &Place) -> Result<Arc<Value>, Failure> {
        let found = self.store.get(place.resource.kind, &place.namespace, &place.name);
        found.ok_or_else(|| Failure::not_found(place.resource.about(&place.name)))
    }

    fn answer_other(&self, user: Option<&User>, request: &Request) -> Result<Response<Body>, Failure> {
        if HEALTH.contains(&request.path.as_str()) {
            return Ok(answer::whole(200, "text/plain", "ok"));
        }
        if request.path == "/debug/audit" {
            return match user {
                Some(user) if user.name == "admin" => Ok(answer::object(200, &self.audit.entries())),
                _ => {
                    let about = super::failure::About { group: "", plural: "audit", name: "" };
                    Err(Failure::forbidden(about, "only admin may read it"))
                }
            };
        }
        // What is not there is not there, whatever the method.
        let found = discovery::answer(request)?;
        if request.method == Method::GET { Ok(found) } else { Err(Failure::method_not_allowed()) }
    }

    fn computed(&self, request: &Request, place: &Place) -> Result<Response<Body>, Failure> {
        if request.method != Method::GET {
            return Err(Failure::method_not_allowed());
        }
        let form = form(request, place)?;
        let selector = listing::selector(request, place)?;
        let all = metrics::list(&self.store, place.resource, &place.namespace);
        if place.name.is_empty() {
            let found = all.into_iter().filter(|object| selector.matches(object)).collect();
            return Ok(form.list(found, json!({ "resourceVersion": self.store.version().to_string() })));
        }
        let found = all.into_iter().find(|object| super::object::name(object) == place.name);
        let found = found.ok_or_else(|| Failure::not_found(place.resource.about(&place.name)))?;
        Ok(answer::object(200, &form.one(&found)))
    }
}

fn review(user: Option<&User>, request: &Request, place: &Place) -> Result<Response<Body>, Failure> {
    if request.method != Method::POST || !place.name.is_empty() {
        return Err(Failure::method_not_allowed());
    }
    let mut review = request.object(place)?;
    if !review.is_object() {
        return Err(Failure::bad_request("the body is not an object"));
    }
    let user = user.ok_or_else(Failure::unauthorized)?;
    let status = user.review(place.resource.kind, &review);
    put(&mut review, "/status", status);
    put(&mut review, "/kind", place.resource.kind);
    put(&mut review, "/apiVersion", place.resource.api_version());
    let form = form(request, place)?;
    Ok(answer::object(201, &form.one(&Arc::new(review))))
}

/// How the answer to this request is written.
fn form(request: &Request, place: &Place) -> Result<Form, Failure> {
    let shape = request.shape()?;
    Ok(Form { shape, resource: place.resource, with_object: request.query("includeObject") == "Object" })
}

/// The same where a table makes no sense.
fn whole(request: &Request, place: &Place) -> Result<Form, Failure> {
    let form = form(request, place)?;
    Ok(Form { shape: if form.shape == Shape::Table { Shape::Whole } else { form.shape }, ..form })
}
