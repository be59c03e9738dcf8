//! What a client of Kubernetes may rely on, as a list of checks that go through the `kube` client. They run against a sandbox of
//! their own, or against the cluster that `QUARTERDECK_TEST_KUBECONFIG` names: there they only read, and write into a namespace that
//! they make and delete. What only a sandbox has (users, faults, the audit, budgets that count its pods) comes after.
#![cfg(feature = "sandbox")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr)]

use futures::{AsyncBufReadExt, StreamExt, TryStreamExt};
use http_body_util::BodyExt;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Node, Pod};
use k8s_openapi::api::policy::v1::Eviction;
use kube::api::{DeleteParams, DynamicObject, ListParams, LogParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind, Status};
use kube::runtime::watcher;
use kube::{Api, Client, Config};
use quarterdeck::sandbox::Sandbox;
use quarterdeck::sandbox::fault::Fault;
use quarterdeck::sandbox::store::Deletion;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Long enough for anything that must happen sooner or later, even on a busy machine.
const SOON: Duration = Duration::from_secs(20);

async fn client(kubeconfig: &str, context: Option<&str>) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let mut config = Config::from_custom_kubeconfig(Kubeconfig::from_yaml(kubeconfig).unwrap(), &options).await.unwrap();
    config.default_retry = false;
    Client::try_from(config).unwrap()
}

async fn sandbox() -> (Sandbox, Client) {
    let sandbox = Sandbox::start(0).await.unwrap();
    let client = client(&sandbox.kubeconfig("admin"), None).await;
    (sandbox, client)
}

async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !check().await {
        assert!(begun.elapsed() < SOON, "{what}: not within {SOON:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Sends one request as it is: the code and the body.
async fn ask(client: &Client, method: &str, path: &str, media: &str, body: &str) -> (u16, Value) {
    let request = hyper::Request::builder().method(method).uri(path).header("content-type", media).header("accept", "application/json");
    let request = request.body(kube::client::Body::from(body.as_bytes().to_vec())).unwrap();
    let response = timeout(SOON, client.send(request)).await.expect("an answer in time").unwrap();
    let code = response.status().as_u16();
    let bytes = timeout(SOON, response.into_body().collect()).await.expect("a body in time").unwrap().to_bytes();
    (code, serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned())))
}

const J: &str = "application/json";
const M: &str = "application/merge-patch+json";
const S: &str = "application/strategic-merge-patch+json";
const P: &str = "application/json-patch+json";
const A: &str = "application/apply-patch+yaml";

const MAPS: &str = "/api/v1/namespaces/{ns}/configmaps";
const MAP: &str = "/api/v1/namespaces/{ns}/configmaps/one";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/{ns}/deployments";
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/{ns}/deployments/web";
const SCALE: &str = "/apis/apps/v1/namespaces/{ns}/deployments/web/scale";

/// A request, the code that answers it, and what stands at a pointer of the answer.
type Row = (&'static str, &'static str, &'static str, &'static str, u16, &'static str, &'static str);

/// In this order; `{ns}` is a namespace that is empty at first.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("GET", "/version", J, "", 200, "/major", "\"1\""),
    ("GET", "/readyz", J, "", 200, "", "\"ok\""),
    ("GET", "/api", J, "", 200, "/versions", "[\"v1\"]"),
    ("GET", "/apis/apps", J, "", 200, "/preferredVersion/groupVersion", "\"apps/v1\""),
    ("GET", "/apis/apps/v1", J, "", 200, "/kind", "\"APIResourceList\""),
    ("GET", "/apis/none.example/v1", J, "", 404, "/reason", "\"NotFound\""),
    ("GET", "/api/v1/namespaces/{ns}/none", J, "", 404, "/kind", "\"Status\""),
    // Objects come, change and go.
    ("GET", MAP, J, "", 404, "/message", "\"configmaps \\\"one\\\" not found\""),
    ("POST", MAPS, J, r#"{"metadata":{"name":"one","labels":{"set":"a"}},"data":{"k":"1","l":"2"}}"#, 201, "/data/k", "\"1\""),
    ("POST", MAPS, J, r#"{"metadata":{"name":"one"}}"#, 409, "/reason", "\"AlreadyExists\""),
    ("POST", MAPS, J, r#"{"metadata":{"name":"Not Good"}}"#, 422, "/reason", "\"Invalid\""),
    ("POST", MAPS, J, r#"{"metadata":{"name":"two","namespace":"elsewhere"}}"#, 400, "/reason", "\"BadRequest\""),
    ("POST", MAPS, J, r#"{"#, 400, "/reason", "\"BadRequest\""),
    ("POST", "/api/v1/namespaces/{ns}/configmaps?dryRun=All", J, r#"{"metadata":{"name":"dry"}}"#, 201, "/metadata/name", "\"dry\""),
    ("GET", "/api/v1/namespaces/{ns}/configmaps/dry", J, "", 404, "/details/name", "\"dry\""),
    ("POST", MAPS, J, r#"{"metadata":{"name":"two","labels":{"set":"b"}}}"#, 201, "/metadata/labels/set", "\"b\""),
    ("GET", "/api/v1/namespaces/{ns}/configmaps?labelSelector=set%20in%20(a,c)", J, "", 200, "/items/0/metadata/name", "\"one\""),
    ("GET", "/api/v1/namespaces/{ns}/configmaps?labelSelector=set!%3Da,set", J, "", 200, "/items/0/metadata/name", "\"two\""),
    ("GET", "/api/v1/namespaces/{ns}/configmaps?fieldSelector=metadata.name%3Dtwo", J, "", 200, "/items/0/metadata/name", "\"two\""),
    ("GET", "/api/v1/namespaces/{ns}/configmaps?fieldSelector=data.k%3D1", J, "", 400, "/reason", "\"BadRequest\""),
    // Patches.
    ("PATCH", MAP, M, r#"{"data":{"k":null,"m":"3"}}"#, 200, "/data", r#"{"l":"2","m":"3"}"#),
    ("PATCH", MAP, S, r#"{"data":{"m":"4"}}"#, 200, "/data/m", "\"4\""),
    ("PATCH", MAP, P, r#"[{"op":"test","path":"/data/m","value":"0"},{"op":"remove","path":"/data/m"}]"#, 422, "/reason", "\"Invalid\""),
    ("PATCH", MAP, P, r#"[{"op":"test","path":"/data/m","value":"4"},{"op":"replace","path":"/data/m","value":"5"}]"#, 200, "/data/m", "\"5\""),
    ("PATCH", MAP, M, r#"{"metadata":{"resourceVersion":"1"},"data":{"m":"6"}}"#, 409, "/reason", "\"Conflict\""),
    ("PATCH", MAP, "text/plain", "{}", 415, "/reason", "\"UnsupportedMediaType\""),
    ("PUT", MAP, J, r#"{"metadata":{"name":"one","resourceVersion":"1"}}"#, 409, "/reason", "\"Conflict\""),
    ("PUT", MAP, J, r#"{"metadata":{"name":"one"},"data":{"n":"7"}}"#, 200, "/data", r#"{"n":"7"}"#),
    ("PUT", MAP, J, r#"{"metadata":{"name":"two"}}"#, 400, "/reason", "\"BadRequest\""),
    // Going, with conditions.
    ("DELETE", MAP, J, r#"{"preconditions":{"uid":"not-this-one"}}"#, 409, "/reason", "\"Conflict\""),
    ("DELETE", MAP, J, r#"{"dryRun":["All"]}"#, 200, "/kind", "\"Status\""),
    ("DELETE", MAP, J, "", 200, "/status", "\"Success\""),
    ("DELETE", MAP, J, "", 404, "/reason", "\"NotFound\""),
    ("POST", MAPS, J, r#"{"metadata":{"name":"held","finalizers":["quarterdeck.example/held"]}}"#, 201, "/metadata/name", "\"held\""),
    ("DELETE", "/api/v1/namespaces/{ns}/configmaps/held", J, "", 200, "/metadata/deletionGracePeriodSeconds", "0"),
    ("PATCH", "/api/v1/namespaces/{ns}/configmaps/held", M, r#"{"metadata":{"finalizers":null}}"#, 200, "/metadata/name", "\"held\""),
    ("GET", "/api/v1/namespaces/{ns}/configmaps/held", J, "", 404, "/reason", "\"NotFound\""),
    // Workloads: generations, what a strategic merge knows, the scale. No replicas, so that a real cluster runs nothing.
    ("POST", DEPLOYMENTS, J, r#"{"metadata":{"name":"web"},"spec":{"replicas":0,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"i:1","env":[{"name":"A","value":"1"},{"name":"B","value":"2"}]}]}}}}"#, 201, "/metadata/generation", "1"),
    ("PATCH", DEPLOYMENT, S, r#"{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"9"},{"name":"B","$patch":"delete"}]}]}}}}"#, 200, "/spec/template/spec/containers/0/env", r#"[{"name":"A","value":"9"}]"#),
    ("GET", DEPLOYMENT, J, "", 200, "/metadata/generation", "2"),
    ("GET", DEPLOYMENT, J, "", 200, "/spec/template/spec/containers/0/image", "\"i:1\""),
    ("PATCH", DEPLOYMENT, M, r#"{"spec":{"selector":{"matchLabels":{"app":"other"}}}}"#, 422, "/reason", "\"Invalid\""),
    ("GET", SCALE, J, "", 200, "/apiVersion", "\"autoscaling/v1\""),
    ("PATCH", "/apis/apps/v1/namespaces/{ns}/deployments/web/scale?dryRun=All", M, r#"{"spec":{"replicas":4}}"#, 200, "/spec/replicas", "4"),
    ("PATCH", SCALE, M, r#"{"spec":{"replicas":-1}}"#, 422, "/reason", "\"Invalid\""),
    ("PUT", SCALE, J, r#"{"metadata":{"name":"web","namespace":"{ns}","resourceVersion":"1"},"spec":{"replicas":1}}"#, 409, "/reason", "\"Conflict\""),
    ("GET", SCALE, J, "", 200, "/status/selector", "\"app=web\""),
    // Who am I, and what may I do?
    ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", J, r#"{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"namespace":"{ns}","verb":"list","resource":"pods"}}}"#, 201, "/status/allowed", "true"),
    ("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", J, r#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#, 201, "/kind", "\"SelfSubjectReview\""),
    // Together.
    ("DELETE", "/api/v1/namespaces/{ns}/configmaps?labelSelector=set%3Db", J, "", 200, "/kind", "\"ConfigMapList\""),
    ("GET", "/api/v1/namespaces/{ns}/configmaps/two", J, "", 404, "/reason", "\"NotFound\""),
    ("DELETE", DEPLOYMENT, J, "", 200, "/status", "\"Success\""),
];

/// The cluster under test, with a namespace for this run.
async fn place() -> (Option<Sandbox>, Client, String) {
    let namespace = format!("quarterdeck-check-{}", std::process::id());
    let (own, client) = match std::env::var("QUARTERDECK_TEST_KUBECONFIG") {
        Ok(path) => (None, client(&std::fs::read_to_string(path).expect("the kubeconfig"), None).await),
        Err(_) => {
            let (sandbox, client) = sandbox().await;
            (Some(sandbox), client)
        }
    };
    let body = json!({"metadata": {"name": namespace}}).to_string();
    let (code, said) = ask(&client, "POST", "/api/v1/namespaces", J, &body).await;
    assert!(code == 201 || code == 409, "{code} {said}");
    (own, client, namespace)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_any_cluster_does() {
    let (_own, client, namespace) = place().await;
    let mut told = Vec::new();
    for (method, path, media, body, code, pointer, expected) in ROWS {
        let (path, body) = (path.replace("{ns}", &namespace), body.replace("{ns}", &namespace));
        let (got, answer) = ask(&client, method, &path, media, &body).await;
        let expected: Value = serde_json::from_str(expected).unwrap();
        if got != *code || answer.pointer(pointer) != Some(&expected) {
            told.push(format!("{method} {path} {body}\n  expected {code} and {expected} at {pointer:?}\n  got {got} {answer}"));
        }
    }
    lists_go_page_by_page(&client, &namespace).await;
    watches_tell_what_changes(&client, &namespace).await;
    tables_and_metadata(&client, &namespace).await;
    ask(&client, "DELETE", &format!("/api/v1/namespaces/{namespace}"), J, "").await;
    assert!(told.is_empty(), "{}", told.join("\n"));
}

async fn lists_go_page_by_page(client: &Client, namespace: &str) {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    for number in 0..5 {
        let map = json!({"metadata": {"name": format!("page-{number}"), "labels": {"page": "yes"}}});
        maps.create(&PostParams::default(), &serde_json::from_value(map).unwrap()).await.unwrap();
    }
    let parameters = ListParams::default().labels("page=yes").limit(2);
    let first = maps.list(&parameters).await.unwrap();
    assert_eq!(first.items.len(), 2);
    // What changes between two pages is not in the list, which is of one version.
    maps.delete("page-4", &DeleteParams::default()).await.unwrap();
    let mut names: Vec<_> = first.items.iter().filter_map(|map| map.metadata.name.clone()).collect();
    let mut token = first.metadata.continue_.clone();
    while let Some(next) = token.filter(|token| !token.is_empty()) {
        let page = maps.list(&parameters.clone().continue_token(&next)).await.unwrap();
        assert_eq!(page.metadata.resource_version, first.metadata.resource_version);
        names.extend(page.items.iter().filter_map(|map| map.metadata.name.clone()));
        token = page.metadata.continue_.clone();
    }
    assert_eq!(names, ["page-0", "page-1", "page-2", "page-3", "page-4"]);
    let (code, said) = ask(client, "GET", &format!("/api/v1/namespaces/{namespace}/configmaps?limit=1&continue=nonsense"), J, "").await;
    assert_eq!((code, &said["reason"]), (400, &json!("BadRequest")));
}

/// Opens a watch and gives its lines.
async fn lines(client: &Client, path: &str) -> impl futures::Stream<Item = Value> + Unpin {
    let request = hyper::Request::get(path).body(Vec::new()).unwrap();
    let lines = timeout(SOON, client.request_stream(request)).await.expect("a head in time").unwrap().lines();
    Box::pin(lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()))
}

async fn line(lines: &mut (impl futures::Stream<Item = Value> + Unpin)) -> (String, Value) {
    let mut line = timeout(SOON, lines.next()).await.expect("a line in time").expect("a line");
    (line["type"].as_str().unwrap().to_owned(), line["object"].take())
}

async fn watches_tell_what_changes(client: &Client, namespace: &str) {
    let base = format!("/api/v1/namespaces/{namespace}/configmaps");
    let (_, list) = ask(client, "GET", &base, J, "").await;
    let version = list["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let watched = format!("{base}?watch=true&labelSelector=seen%3Dyes&allowWatchBookmarks=true&timeoutSeconds=3&resourceVersion={version}");
    let mut seen = lines(client, &watched).await;
    let steps = [
        ("POST", base.clone(), J, r#"{"metadata":{"name":"w","labels":{"seen":"yes"}}}"#),
        ("PATCH", format!("{base}/w"), M, r#"{"data":{"a":"1"}}"#),
        ("PATCH", format!("{base}/w"), M, r#"{"metadata":{"labels":{"seen":"no"}}}"#),
        ("PATCH", format!("{base}/w"), M, r#"{"metadata":{"labels":{"seen":"yes"}}}"#),
        ("DELETE", format!("{base}/w"), J, ""),
    ];
    for (method, path, media, body) in steps {
        let (code, said) = ask(client, method, &path, media, body).await;
        assert!(code < 300, "{method} {path}: {said}");
    }
    for expected in ["ADDED", "MODIFIED", "DELETED", "ADDED", "DELETED"] {
        let (kind, object) = line(&mut seen).await;
        assert_eq!((kind.as_str(), &object["metadata"]["name"]), (expected, &json!("w")));
    }
    // Its time over, a watch ends, and a bookmark says up to where it has told everything.
    let mut last = String::new();
    while let Some(line) = timeout(SOON, seen.next()).await.expect("the end in time") {
        last = line["type"].as_str().unwrap().to_owned();
    }
    assert!(last == "BOOKMARK" || last.is_empty(), "{last}");
    let list = ListParams::default();
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let config = watcher::Config::default().timeout(10).page_size(2);
    let count = maps.list(&list).await.unwrap().items.len();
    let events = watcher::watcher(maps, config).take(count + 2).try_collect::<Vec<_>>();
    let events = timeout(SOON, events).await.expect("events in time").unwrap();
    assert!(matches!(events.last(), Some(watcher::Event::InitDone)), "{events:?}");
}

async fn tables_and_metadata(client: &Client, namespace: &str) {
    let path = format!("/api/v1/namespaces/{namespace}/configmaps?limit=1");
    let get = |accept: &'static str| {
        let request = hyper::Request::get(path.as_str()).header("accept", accept).body(Vec::new()).unwrap();
        client.request::<Value>(request)
    };
    let table = get("application/json;as=Table;v=v1;g=meta.k8s.io,application/json").await.unwrap();
    assert_eq!((&table["kind"], &table["columnDefinitions"][1]["name"]), (&json!("Table"), &json!("Data")));
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let partial = get("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").await.unwrap();
    assert_eq!((&partial["kind"], partial["items"][0].get("data")), (&json!("PartialObjectMetadataList"), None));
    let nodes = Api::<Node>::all(client.clone()).list_metadata(&ListParams::default()).await.unwrap();
    assert!(!nodes.items.is_empty());
}

#[tokio::test]
async fn the_stack_is_there() {
    let (_sandbox, client) = sandbox().await;
    let nodes = Api::<Node>::all(client.clone()).list(&ListParams::default()).await.unwrap();
    let zones: Vec<_> =
        nodes.items.iter().map(|node| node.metadata.labels.as_ref().unwrap()["topology.kubernetes.io/zone"].clone()).collect();
    assert_eq!(zones, ["zone-a", "zone-b", "zone-c"]);
    let deployment = Api::<Deployment>::namespaced(client.clone(), "moltbook").get("moltbook-app").await.unwrap();
    assert_eq!(deployment.status.unwrap().ready_replicas, Some(3));
    let certificates = ApiResource::from_gvk(&GroupVersionKind::gvk("cert-manager.io", "v1", "Certificate"));
    let found = Api::<DynamicObject>::namespaced_with(client.clone(), "moltbook", &certificates).get("moltbook-tls").await.unwrap();
    assert_eq!(found.data["status"]["conditions"][0]["status"], "True");
    let pods: Api<Pod> = Api::namespaced(client.clone(), "moltbook");
    let here = pods.list(&ListParams::default().fields("spec.nodeName=node-1,status.phase=Running")).await.unwrap();
    assert_eq!(here.items.len(), 4);
    assert_eq!(pods.logs("redis-0", &LogParams::default()).await.unwrap(), "redis-0/redis: nothing runs here\n");
    let refused = timeout(SOON, pods.portforward("redis-0", &[6379])).await.expect("an answer in time");
    assert!(refused.is_err(), "nothing runs there yet");
    let (code, metrics) = ask(&client, "GET", "/apis/metrics.k8s.io/v1beta1/nodes", J, "").await;
    assert_eq!((code, metrics["items"].as_array().unwrap().len()), (200, 3));
    let (code, said) = ask(&client, "PATCH", "/api/v1/namespaces/moltbook/pods/redis-0?fieldManager=x", A, "{}").await;
    assert_eq!((code, &said["reason"]), (415, &json!("UnsupportedMediaType")));
}

#[tokio::test]
async fn a_budget_refuses_what_it_must() {
    let (sandbox, client) = sandbox().await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), "moltbook");
    let evict = async |name: &str, dry_run: bool| {
        let eviction: Eviction = serde_json::from_value(json!({"metadata": {"name": name, "namespace": "moltbook"}})).unwrap();
        let parameters = PostParams { dry_run, ..PostParams::default() };
        pods.create_subresource::<_, Status>("eviction", name, &parameters, &eviction).await
    };
    eventually("the budget counts", async || {
        let budget = sandbox.api.store.get("PodDisruptionBudget", "moltbook", "redis").unwrap();
        budget["status"]["disruptionsAllowed"] == 1 && budget["status"]["expectedPods"] == 3
    })
    .await;
    evict("redis-1", true).await.unwrap();
    assert!(pods.get_opt("redis-1").await.unwrap().is_some(), "a dry run evicts nobody");
    evict("redis-1", false).await.unwrap();
    eventually("the pod goes", async || pods.get_opt("redis-1").await.unwrap().is_none()).await;
    let Err(kube::Error::Api(status)) = evict("redis-2", false).await else { panic!("the budget should refuse") };
    assert_eq!((status.code, status.message.as_str()), (429, "Cannot evict pod as it would violate the pod's disruption budget."));
    let cause = &status.details.unwrap().causes[0];
    assert_eq!(cause.reason, "DisruptionBudget");
    assert_eq!(cause.message, "The disruption budget redis needs 2 healthy pods and has 2 currently");
    // Two budgets for one pod are a mistake that only an eviction shows.
    let second = json!({"kind": "PodDisruptionBudget", "metadata": {"name": "second", "namespace": "moltbook"},
        "spec": {"minAvailable": 0, "selector": {"matchLabels": {"app": "redis"}}}});
    sandbox.api.store.create(second, false).unwrap();
    let Err(kube::Error::Api(status)) = evict("redis-2", false).await else { panic!("two budgets should be refused") };
    assert_eq!(status.code, 500);
    // A plain deletion asks no budget.
    pods.delete("redis-2", &DeleteParams::default()).await.unwrap();
}

#[tokio::test]
async fn users_have_their_rights_and_the_audit_says_what_they_did() {
    let (sandbox, admin) = sandbox().await;
    let viewer = client(&sandbox.kubeconfig("admin"), Some("viewer")).await;
    let (code, said) = ask(&viewer, "GET", "/api/v1/namespaces/moltbook/secrets", J, "").await;
    let usual = r#"secrets is forbidden: User "viewer" cannot list resource "secrets" in API group "" in the namespace "moltbook""#;
    assert_eq!((code, &said["message"]), (403, &json!(usual)));
    let operator = client(&sandbox.kubeconfig("operator"), None).await;
    let cordon = Api::<Node>::all(operator.clone()).cordon("node-1").await.unwrap();
    assert_eq!(cordon.spec.unwrap().unschedulable, Some(true));
    let (code, _) = ask(&operator, "GET", "/debug/audit", J, "").await;
    assert_eq!(code, 403);
    let stranger = sandbox.kubeconfig("viewer").replace("\"token\": \"", "\"token\": \"not");
    let (code, said) = ask(&client(&stranger, None).await, "GET", "/api/v1/nodes", J, "").await;
    assert_eq!((code, &said["reason"]), (401, &json!("Unauthorized")));
    let (code, entries) = ask(&admin, "GET", "/debug/audit", J, "").await;
    assert_eq!(code, 200);
    let short = |entry: &Value| {
        let word = |key: &str| entry[key].as_str().unwrap().to_owned();
        format!("{} {} {} {} {} {}", word("user"), word("verb"), word("resource"), word("namespace"), word("name"), entry["code"])
    };
    let entries: Vec<_> = entries.as_array().unwrap().iter().map(short).collect();
    for expected in ["viewer list secrets moltbook  403", "operator patch nodes  node-1 200", " list nodes   401"] {
        assert!(entries.iter().any(|entry| entry == expected), "{expected} is not in {entries:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_can_be_made_to_fail() {
    let (sandbox, client) = sandbox().await;
    let faults = &sandbox.api.faults;
    let nodes = async || ask(&client, "GET", "/api/v1/nodes", J, "").await.0;
    for (fault, code) in [(Fault::Unauthorized, 401), (Fault::Forbidden, 403), (Fault::Throttled, 429)] {
        faults.set(Some(fault));
        assert_eq!(nodes().await, code, "{fault:?}");
    }
    faults.set_for(Fault::Forbidden, "pods");
    assert_eq!((nodes().await, ask(&client, "GET", "/api/v1/pods", J, "").await.0), (200, 403));
    faults.set(None);
    let watched = format!("/api/v1/pods?watch=true&resourceVersion={}", sandbox.api.store.version());
    let mut seen = lines(&client, &watched).await;
    faults.set(Some(Fault::Expired));
    let (kind, status) = line(&mut seen).await;
    assert_eq!((kind.as_str(), &status["code"], &status["reason"]), ("ERROR", &json!(410), &json!("Expired")));
    assert_eq!((ask(&client, "GET", &watched, J, "").await.0, nodes().await), (410, 200));
    faults.set(Some(Fault::Slow(Duration::from_millis(300))));
    let begun = Instant::now();
    assert_eq!(nodes().await, 200);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    faults.set(Some(Fault::Down));
    let refused = timeout(SOON, Api::<Node>::all(client.clone()).get("node-1")).await.expect("an end in time");
    assert!(matches!(&refused, Err(error) if !matches!(error, kube::Error::Api(_))), "{refused:?}");
    faults.set(None);
    assert_eq!(nodes().await, 200);
}

#[tokio::test]
async fn a_watch_that_is_too_far_behind_must_list_again() {
    let (sandbox, client) = sandbox().await;
    let old = sandbox.api.store.version();
    for number in 0..9000 {
        let map = json!({"kind": "ConfigMap", "metadata": {"name": "busy", "namespace": "moltbook"}, "data": {"n": number.to_string()}});
        sandbox.api.store.apply(map).unwrap();
    }
    let (code, said) = ask(&client, "GET", &format!("/api/v1/pods?watch=true&resourceVersion={old}"), J, "").await;
    assert_eq!((code, &said["reason"]), (410, &json!("Expired")));
    assert!(said["message"].as_str().unwrap().starts_with(&format!("too old resource version: {old} (")), "{said}");
}

#[tokio::test]
async fn those_inside_and_those_outside_see_the_same() {
    let (sandbox, client) = sandbox().await;
    let store = &sandbox.api.store;
    let pods: Api<Pod> = Api::namespaced(client, "moltbook");
    let mut events = Box::pin(watcher::watcher(pods.clone(), watcher::Config::default().labels("app=postgres")));
    while !matches!(timeout(SOON, events.next()).await.unwrap().unwrap().unwrap(), watcher::Event::InitDone) {}
    store.set_status("Pod", ("moltbook", "postgres-0"), |status| status["phase"] = json!("Failed")).unwrap();
    let watcher::Event::Apply(pod) = timeout(SOON, events.next()).await.unwrap().unwrap().unwrap() else { panic!("a change") };
    assert_eq!(pod.status.unwrap().phase.as_deref(), Some("Failed"));
    store.delete("Pod", ("moltbook", "postgres-0"), &Deletion::now()).unwrap();
    let gone = timeout(SOON, events.next()).await.unwrap().unwrap().unwrap();
    assert!(matches!(gone, watcher::Event::Delete(pod) if pod.metadata.name.as_deref() == Some("postgres-0")));
    let patch = json!({"metadata": {"labels": {"seen": "yes"}}});
    pods.patch("redis-0", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    assert_eq!(store.get("Pod", "moltbook", "redis-0").unwrap()["metadata"]["labels"]["seen"], "yes");
}
