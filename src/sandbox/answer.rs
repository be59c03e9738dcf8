//! Answers and the forms in which objects go out: whole, as tables, as metadata. It asks the table of resources for columns and
//! decides nothing.

use super::failure::Failure;
use super::object::{entry, put, text};
use super::request::Shape;
use super::resource::{Cell, Resource};
use futures::Stream;
use futures::stream::StreamExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::Response;
use hyper::body::{Bytes, Frame};
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;

/// The body of an answer.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The media type of nearly everything.
pub const JSON: &str = "application/json";

/// A whole answer.
pub fn whole(code: u16, media: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    respond(code, media, Full::new(body.into()).boxed_unsync())
}

/// An object as the answer.
pub fn object(code: u16, value: &impl Serialize) -> Response<Body> {
    // Maps with text keys and numbers always can be written.
    whole(code, JSON, serde_json::to_vec(value).unwrap_or_default())
}

/// An answer that goes on until `parts` end.
pub fn stream(media: &'static str, parts: impl Stream<Item = Bytes> + Send + 'static) -> Response<Body> {
    respond(200, media, StreamBody::new(parts.map(|part| Ok(Frame::data(part)))).boxed_unsync())
}

/// The answer to a request that was refused.
pub fn failure(failure: &Failure) -> Response<Body> {
    let mut response = object(failure.code, &failure.status());
    if let Some(seconds) = failure.wait() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn respond(code: u16, media: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = hyper::StatusCode::from_u16(code).unwrap_or_default();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// How the objects of one answer are written.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Whole, a table or metadata.
    pub shape: Shape,
    /// The row of the table of resources.
    pub resource: &'static Resource,
    /// For tables: the whole object stands beside its row, not only its metadata.
    pub with_object: bool,
}

/// A list as it is written, without copying what is in it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List {
    kind: String,
    api_version: String,
    metadata: Value,
    items: Vec<Arc<Value>>,
}

impl Form {
    /// One object.
    pub fn one(&self, object: &Arc<Value>) -> Arc<Value> {
        match self.shape {
            Shape::Whole => Arc::clone(object),
            Shape::Metadata => Arc::new(metadata(object)),
            Shape::Table => {
                Arc::new(self.table(&[Arc::clone(object)], json!({ "resourceVersion": text(object, "/metadata/resourceVersion") })))
            }
        }
    }

    /// A collection; `metadata` is the list's own.
    pub fn list(&self, objects: Vec<Arc<Value>>, metadata: Value) -> Response<Body> {
        let (kind, api_version, items) = match self.shape {
            Shape::Table => return object(200, &self.table(&objects, metadata)),
            Shape::Metadata => {
                let items = objects.iter().map(|object| Arc::new(self::metadata(object))).collect();
                ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned(), items)
            }
            Shape::Whole => (format!("{}List", self.resource.kind), self.resource.api_version(), objects),
        };
        object(200, &List { kind, api_version, metadata, items })
    }

    /// What a bookmark of a watch carries.
    pub fn bookmark(&self, version: u64, initial_end: bool) -> Value {
        let mut metadata = json!({ "resourceVersion": version.to_string() });
        if initial_end {
            put(&mut metadata, "/annotations", json!({ "k8s.io/initial-events-end": "true" }));
        }
        match self.shape {
            Shape::Table => self.table(&[], metadata),
            Shape::Metadata => json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata }),
            Shape::Whole => {
                put(&mut metadata, "/creationTimestamp", Value::Null);
                json!({ "kind": self.resource.kind, "apiVersion": self.resource.api_version(), "metadata": metadata })
            }
        }
    }

    fn table(&self, objects: &[Arc<Value>], metadata: Value) -> Value {
        let now = Timestamp::now();
        let name = json!({ "name": "Name", "type": "string", "format": "name", "description": "", "priority": 0 });
        let definitions = self.resource.columns.iter().map(|column| {
            let kind = if matches!(column.cell, Cell::Number(_)) { "integer" } else { "string" };
            json!({ "name": column.name, "type": kind, "format": "", "description": "", "priority": i32::from(column.wide) })
        });
        let row = |object: &Arc<Value>| {
            let cells = self.resource.columns.iter().map(|column| cell(column.cell, object, now));
            let cells: Vec<_> = std::iter::once(Value::from(text(object, "/metadata/name"))).chain(cells).collect();
            let object = if self.with_object { Value::clone(object) } else { self::metadata(object) };
            json!({ "cells": cells, "object": object })
        };
        json!({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            "columnDefinitions": std::iter::once(name).chain(definitions).collect::<Vec<_>>(),
            "rows": objects.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

fn cell(cell: Cell, object: &Value, now: Timestamp) -> Value {
    match cell {
        Cell::Text(pointer) => match text(object, pointer) {
            "" => "<none>".into(),
            found => found.into(),
        },
        Cell::Number(pointer) => object.pointer(pointer).filter(|value| value.is_number()).cloned().unwrap_or_else(|| 0.into()),
        Cell::Of(write) => write(object, now).into(),
    }
}

fn metadata(object: &Value) -> Value {
    let mut partial = json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1" });
    entry(&mut partial, "metadata").clone_from(&object["metadata"]);
    partial
}
