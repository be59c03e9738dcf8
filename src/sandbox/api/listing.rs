//! Lists, page by page, and the beginning of watches. All pages of one list show the cluster at one version.

use super::{Api, form};
use crate::sandbox::answer::{self, Body, JSON};
use crate::sandbox::failure::Failure;
use crate::sandbox::object::{name, namespace, put};
use crate::sandbox::request::{Place, Request};
use crate::sandbox::selector::Selector;
use crate::sandbox::watching;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// Where the next page begins: what a continue token says.
#[derive(Debug, Deserialize, Serialize)]
struct Bookmark {
    /// The version of the whole list.
    version: u64,
    /// The last object of the page before.
    namespace: String,
    name: String,
}

/// What a request is narrowed to.
pub(super) fn selector(request: &Request, place: &Place) -> Result<Selector, Failure> {
    Selector::parse(place.resource.kind, request.query("labelSelector"), request.query("fieldSelector"))
}

impl Api {
    pub(super) fn list(&self, request: &Request, place: &Place) -> Result<Response<Body>, Failure> {
        let form = form(request, place)?;
        let selector = selector(request, place)?;
        let (kind, space) = (place.resource.kind, Some(place.namespace.as_str()).filter(|space| !space.is_empty()));
        let number = |key: &str| match request.query(key) {
            "" => Ok(0),
            text => text.parse::<u64>().map_err(|_| Failure::bad_request(format!("invalid {key}"))),
        };
        let limit = usize::try_from(number("limit")?).unwrap_or(usize::MAX);
        let asked = number("resourceVersion")?;
        let after = match request.query("continue") {
            "" => None,
            token => Some(Bookmark::parse(token)?),
        };
        let snapshot = match &after {
            Some(after) => self.store.list_at(kind, space, after.version).ok_or_else(Failure::token_expired)?,
            None if asked > 0 && request.query("resourceVersionMatch") == "Exact" => {
                self.store.list_at(kind, space, asked).ok_or_else(|| Failure::expired(asked, self.store.version()))?
            }
            None => self.store.list(kind, space),
        };
        let place_of = |object: &Value| (namespace(object).to_owned(), name(object).to_owned());
        let behind = |object: &Value| after.as_ref().is_none_or(|after| place_of(object) > (after.namespace.clone(), after.name.clone()));
        let found = snapshot.objects.into_iter().filter(|object| behind(object) && selector.matches(object));
        let mut found: Vec<Arc<Value>> = found.collect();
        let mut metadata = json!({ "resourceVersion": snapshot.version.to_string() });
        if limit > 0 && found.len() > limit {
            let remaining = found.len() - limit;
            found.truncate(limit);
            if let Some(last) = found.last() {
                let (namespace, name) = place_of(last);
                put(&mut metadata, "/continue", Bookmark { version: snapshot.version, namespace, name }.token());
                put(&mut metadata, "/remainingItemCount", remaining);
            }
        }
        Ok(form.list(found, metadata))
    }

    pub(super) fn watch(&self, request: &Request, place: &Place) -> Result<Response<Body>, Failure> {
        let form = form(request, place)?;
        let lines = watching::begin(&self.store, &self.faults, request, place, selector(request, place)?, form)?;
        Ok(answer::stream(JSON, lines))
    }
}

impl Bookmark {
    fn parse(token: &str) -> Result<Bookmark, Failure> {
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        serde_json::from_slice(&bytes).map_err(|_| Failure::bad_request("continue key is not valid"))
    }

    fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}
