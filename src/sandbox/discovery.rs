//! What the server says about itself: groups, resources, its version, and as much of OpenAPI as kubectl insists on. All of it follows
//! from the table of resources.

use super::answer::{self, Body};
use super::failure::Failure;
use super::object::put;
use super::request::Request;
use super::resource::{self, Resource, TABLE};
use hyper::Response;
use serde_json::{Value, json};

/// The version of Kubernetes whose behaviour this follows.
pub const VERSION: &str = "v1.32.0";

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Answers a path of discovery.
pub fn answer(request: &Request) -> Result<Response<Body>, Failure> {
    let parts: Vec<&str> = request.path.split('/').skip(1).collect();
    let json = |value: Value| Ok(answer::object(200, &value));
    let aggregated = request.accepts("as=APIGroupDiscoveryList") && request.accepts("v=v2;");
    match parts.as_slice() {
        ["api"] if aggregated => aggregate(true),
        ["apis"] if aggregated => aggregate(false),
        ["api"] => json(json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] })),
        ["apis"] => {
            let groups: Vec<_> = resource::groups().into_iter().filter(|(group, _)| !group.is_empty()).map(group).collect();
            json(json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups }))
        }
        ["api", version] => resources("", version).map_or_else(|| Err(Failure::no_such_path()), json),
        ["apis", name] => match resource::groups().into_iter().find(|(known, _)| known == name) {
            Some(found) => {
                let mut group = group(found);
                put(&mut group, "/kind", "APIGroup");
                put(&mut group, "/apiVersion", "v1");
                json(group)
            }
            None => Err(Failure::no_such_path()),
        },
        ["apis", group, version] => resources(group, version).map_or_else(|| Err(Failure::no_such_path()), json),
        ["version"] => json(json!({
            "major": "1", "minor": "32", "gitVersion": VERSION, "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
            "goVersion": "", "compiler": "", "platform": "linux/amd64",
        })),
        ["openapi", "v3"] => json(json!({ "paths": resource::groups().into_iter().map(openapi_path).collect::<serde_json::Map<_, _>>() })),
        ["openapi", "v3", "api", version] => json(openapi("", version)),
        ["openapi", "v3", "apis", group, version] => json(openapi(group, version)),
        _ => Err(Failure::no_such_path()),
    }
}

fn of<'a>(group: &'a str, version: &'a str) -> impl Iterator<Item = &'static Resource> + 'a {
    TABLE.iter().filter(move |resource| resource.group == group && resource.version == version)
}

fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

fn group((group, version): (&str, &str)) -> Value {
    let version = json!({ "groupVersion": group_version(group, version), "version": version });
    json!({ "name": group, "versions": [version], "preferredVersion": version })
}

/// What a subresource speaks, and how.
fn subresource(resource: &Resource, name: &str) -> (&'static str, &'static str, &'static str, &'static [&'static str]) {
    match name {
        "scale" => ("autoscaling", "v1", "Scale", &["get", "patch", "update"]),
        "eviction" => ("policy", "v1", "Eviction", &["create"]),
        "binding" => ("", "v1", "Binding", &["create"]),
        "exec" => ("", "v1", "PodExecOptions", &["create", "get"]),
        "attach" => ("", "v1", "PodAttachOptions", &["create", "get"]),
        "portforward" => ("", "v1", "PodPortForwardOptions", &["create", "get"]),
        "proxy" => ("", "v1", "PodProxyOptions", &["create", "delete", "get", "patch", "update"]),
        "log" => ("", "v1", "Pod", &["get"]),
        "finalize" => ("", "v1", "Namespace", &["update"]),
        _ => (resource.group, resource.version, resource.kind, &["get", "patch", "update"]),
    }
}

fn resources(group: &str, version: &str) -> Option<Value> {
    let mut rows = Vec::new();
    for resource in of(group, version) {
        let mut row = json!({
            "name": resource.plural, "singularName": resource.kind.to_lowercase(), "namespaced": resource.namespaced, "kind": resource.kind,
            "verbs": resource.verbs(), "shortNames": resource.short,
        });
        if resource.in_all {
            put(&mut row, "/categories", json!(["all"]));
        }
        rows.push(row);
        for name in resource.sub {
            let (group, version, kind, verbs) = subresource(resource, name);
            rows.push(json!({
                "name": format!("{}/{name}", resource.plural), "singularName": "", "namespaced": resource.namespaced,
                "group": group, "version": version, "kind": kind, "verbs": verbs,
            }));
        }
    }
    let list = json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version(group, version), "resources": rows });
    (!rows.is_empty()).then_some(list)
}

fn aggregate(core: bool) -> Result<Response<Body>, Failure> {
    let kind = |group: &str, version: &str, kind: &str| json!({ "group": group, "version": version, "kind": kind });
    let row = |resource: &'static Resource| {
        let below = resource.sub.iter().map(|name| {
            let (group, version, of, verbs) = subresource(resource, name);
            json!({ "subresource": name, "responseKind": kind(group, version, of), "verbs": verbs })
        });
        let mut row = json!({
            "resource": resource.plural, "responseKind": kind(resource.group, resource.version, resource.kind),
            "scope": if resource.namespaced { "Namespaced" } else { "Cluster" }, "singularResource": resource.kind.to_lowercase(),
            "verbs": resource.verbs(), "shortNames": resource.short, "subresources": below.collect::<Vec<_>>(),
        });
        if resource.in_all {
            put(&mut row, "/categories", json!(["all"]));
        }
        row
    };
    let items = resource::groups().into_iter().filter(|(group, _)| group.is_empty() == core).map(|(group, version)| {
        let resources: Vec<_> = of(group, version).map(row).collect();
        let metadata = if core { json!({}) } else { json!({ "name": group }) };
        json!({ "metadata": metadata, "versions": [{ "version": version, "resources": resources, "freshness": "Current" }] })
    });
    let list = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items.collect::<Vec<_>>(),
    });
    Ok(answer::whole(200, AGGREGATED, list.to_string()))
}

fn openapi_path((group, version): (&str, &str)) -> (String, Value) {
    let path = if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
    let url = format!("/openapi/v3/{path}?hash={}", env!("CARGO_PKG_VERSION"));
    (path, json!({ "serverRelativeURL": url }))
}

/// Says of every kind that the server checks fields itself, which is all that kubectl wants to know before it writes. It does not
/// describe the fields: a client that needs them uses those it was built with.
fn openapi(group: &str, version: &str) -> Value {
    let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    let path = |resource: &'static Resource| {
        let space = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
        let kind = json!({ "group": group, "version": version, "kind": resource.kind });
        let parameter = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "string" } });
        let patch = json!({
            "parameters": [parameter("dryRun"), parameter("fieldValidation")], "x-kubernetes-group-version-kind": kind,
            "responses": { "200": { "description": "OK" } },
        });
        (format!("{root}{space}/{}/{{name}}", resource.plural), json!({ "patch": patch }))
    };
    json!({
        "openapi": "3.0.0", "info": { "title": "Kubernetes", "version": VERSION },
        "paths": of(group, version).map(path).collect::<serde_json::Map<_, _>>(), "components": { "schemas": {} },
    })
}
