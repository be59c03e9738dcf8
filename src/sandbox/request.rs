//! A request as the API server understands it: the path taken apart by the table of resources, the query, the wanted form of the
//! answer. It judges nothing.

use super::access::Attributes;
use super::failure::Failure;
use super::protobuf;
use super::resource::{self, Resource};
use hyper::Method;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde_json::Value;

/// One request with its body.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// What the path means.
    pub target: Target,
    /// The body, as it came.
    pub body: Bytes,
    accept: String,
    content_type: String,
    query: Vec<(String, String)>,
}

/// What a path means.
#[derive(Clone, Debug)]
pub enum Target {
    /// A collection, an object or what is below an object.
    Resource(Place),
    /// Anything else: discovery, health, debugging.
    Other,
}

/// Where in the table of resources a path leads.
#[derive(Clone, Debug)]
pub struct Place {
    /// The row.
    pub resource: &'static Resource,
    /// The namespace, "" for the cluster or for all of them.
    pub namespace: String,
    /// The object, "" for the collection.
    pub name: String,
    /// The path below the object, or "".
    pub sub: String,
}

/// The form in which a client wants to see objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As they are.
    Whole,
    /// As rows for people.
    Table,
    /// Only what is in `metadata`.
    Metadata,
}

impl Request {
    /// Takes the parts of a request apart.
    pub fn new(parts: &Parts, body: Bytes) -> Request {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let path = parts.uri.path().trim_end_matches('/').to_owned();
        let (accept, content_type) = (header("accept"), header("content-type"));
        Request { method: parts.method.clone(), target: target(&path), path, body, accept, content_type, query }
    }

    /// The first value of a key of the query, or "".
    pub fn query(&self, key: &str) -> &str {
        self.query.iter().find(|(known, _)| known == key).map_or("", |(_, value)| value)
    }

    /// All values of a key of the query.
    pub fn queries<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Whether a key of the query says yes.
    pub fn asks(&self, key: &str) -> bool {
        matches!(self.query(key), "true" | "1")
    }

    /// Whether nothing may be written.
    pub fn is_dry(&self) -> bool {
        self.queries("dryRun").any(|value| value == "All")
    }

    /// `Content-Type`.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Whether the client names this in `Accept`.
    pub fn accepts(&self, word: &str) -> bool {
        self.accept.contains(word)
    }

    /// The first form in `Accept` that is served here.
    pub fn shape(&self) -> Result<Shape, Failure> {
        if self.accept.is_empty() {
            return Ok(Shape::Whole);
        }
        let of = |range: &str| {
            let parts: Vec<_> = range.split(';').map(str::trim).collect();
            let (media, parameters) = parts.split_first()?;
            if !matches!(*media, "application/json" | "*/*" | "application/*") {
                return None;
            }
            match parameters.iter().find_map(|parameter| parameter.strip_prefix("as=")) {
                None => Some(Shape::Whole),
                Some("Table") if parameters.contains(&"v=v1") => Some(Shape::Table),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Some(Shape::Metadata),
                Some(_) => None,
            }
        };
        self.accept.split(',').find_map(of).ok_or_else(Failure::not_acceptable)
    }

    /// The body as an object that belongs at `place`, in whichever form it came.
    pub fn object(&self, place: &Place) -> Result<Value, Failure> {
        if protobuf::is(&self.body) { protobuf::decode(place.resource.kind, &self.body) } else { self.json() }
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value, Failure> {
        if self.content_type.contains("protobuf") || self.content_type.contains("cbor") {
            return Err(Failure::unsupported(
                "the body of the request was in an unknown format - accepted media types include: application/json",
            ));
        }
        let wrong = |error: String| Failure::bad_request(format!("error parsing the body: {error}"));
        if self.content_type.contains("yaml") {
            let text = std::str::from_utf8(&self.body).map_err(|error| wrong(error.to_string()))?;
            return serde_saphyr::from_str(text).map_err(|error| wrong(error.to_string()));
        }
        serde_json::from_slice(&self.body).map_err(|error| wrong(error.to_string()))
    }

    /// The same, with nothing where there is no body.
    pub fn json_if_any(&self) -> Result<Value, Failure> {
        if self.body.is_empty() { Ok(Value::Null) } else { self.json() }
    }

    /// What it wants, as rights and the audit see it.
    pub fn attributes(&self) -> Attributes<'_> {
        let Target::Resource(place) = &self.target else { return Attributes { verb: method_word(&self.method), ..Attributes::default() } };
        let verb = match (&self.method, place.name.is_empty()) {
            (&Method::GET | &Method::HEAD, true) if self.asks("watch") => "watch",
            (&Method::GET | &Method::HEAD, true) => "list",
            (&Method::DELETE, true) => "deletecollection",
            (&Method::PUT, _) => "update",
            (&Method::POST, _) => "create",
            (method, _) => method_word(method),
        };
        let Place { resource, namespace, name, sub } = place;
        // The path below a proxied object is none of the rights' business.
        let subresource = sub.split('/').next().unwrap_or_default();
        Attributes { verb, group: resource.group, resource: resource.plural, subresource, namespace, name }
    }
}

fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::POST => "post",
        Method::PUT => "put",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "get",
    }
}

fn target(path: &str) -> Target {
    place(path).map_or(Target::Other, Target::Resource)
}

fn place(path: &str) -> Option<Place> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", version, rest),
        ["apis", group, version, rest @ ..] => (*group, version, rest),
        _ => return None,
    };
    let (namespace, rest) = match rest {
        ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => ("", rest),
        ["namespaces", namespace, rest @ ..] => (*namespace, rest),
        rest => ("", rest),
    };
    let (plural, rest) = rest.split_first()?;
    let resource = resource::at(group, version, plural)?;
    let (name, sub) = rest.split_first().map_or(("", String::new()), |(name, sub)| (*name, sub.join("/")));
    let known = sub.is_empty() || resource.sub.contains(&sub.split('/').next().unwrap_or_default());
    let scoped = resource.namespaced || namespace.is_empty();
    let reachable = name.is_empty() || resource.namespaced != namespace.is_empty();
    (known && scoped && reachable).then(|| Place { resource, namespace: namespace.to_owned(), name: name.to_owned(), sub })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_places() {
        let rows = [
            ("/api/v1/pods", Some("Pod||||")),
            ("/api/v1/namespaces/a/pods", Some("Pod|a|||")),
            ("/api/v1/namespaces/a/pods/x/log", Some("Pod|a|x|log|")),
            ("/api/v1/namespaces", Some("Namespace||||")),
            ("/api/v1/namespaces/a", Some("Namespace||a||")),
            ("/api/v1/namespaces/a/status", Some("Namespace||a|status|")),
            ("/apis/apps/v1/namespaces/a/deployments/d/scale", Some("Deployment|a|d|scale|")),
            ("/apis/metrics.k8s.io/v1beta1/nodes/n", Some("NodeMetrics||n||")),
            ("/api/v1/namespaces/a/services/s/proxy/health/x", Some("Service|a|s|proxy/health/x|")),
            ("/api/v1/pods/x", None),
            ("/api/v1/namespaces/a/nodes", None),
            ("/api/v1/namespaces/a/pods/x/scale", None),
            ("/apis/apps/v2/deployments", None),
            ("/api/v1", None),
            ("/version", None),
        ];
        for (path, expected) in rows {
            let found = place(path).map(|place| format!("{}|{}|{}|{}|", place.resource.kind, place.namespace, place.name, place.sub));
            assert_eq!(found.as_deref(), expected, "{path}");
        }
    }
}
