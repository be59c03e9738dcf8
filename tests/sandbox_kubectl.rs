//! The real kubectl against the sandbox, where one of at least 1.30 is installed; elsewhere every test here says that it was skipped.
//! What clients may rely on without it is in `sandbox_api`.
#![cfg(feature = "sandbox")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr)]

use quarterdeck::sandbox::{Sandbox, kubeconfig};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Whether there is one, and it is new enough.
fn is_installed() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let Ok(output) = Command::new("kubectl").args(["version", "--client", "--output=json"]).output() else { return false };
        let version: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let minor = version["clientVersion"]["minor"].as_str().unwrap_or_default().trim_end_matches('+').parse::<u32>();
        minor.is_ok_and(|minor| minor >= 30)
    })
}

/// A sandbox on a thread of its own, and the kubectl that talks to it.
struct Place {
    sandbox: Sandbox,
    runtime: tokio::runtime::Runtime,
    dir: tempfile::TempDir,
}

impl Place {
    /// Nothing, with a word on standard error, where kubectl is missing.
    fn new(test: &str) -> Option<Place> {
        if !is_installed() {
            eprintln!("SKIPPED {test}: no kubectl of at least 1.30 is installed");
            return None;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let sandbox = runtime.block_on(Sandbox::start(0)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        kubeconfig::put(&dir.path().join("kubeconfig"), &sandbox.kubeconfig("admin")).unwrap();
        let place = Place { sandbox, runtime, dir };
        Some(place)
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("kubectl");
        command.args(line.split_whitespace()).env("KUBECONFIG", self.dir.path().join("kubeconfig")).env("HOME", self.dir.path());
        command
    }

    /// Runs it and gives what it said, on both outputs, and whether it was content.
    fn run(&self, line: &str, input: &str) -> (bool, String) {
        let mut command = self.command(line);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout) + &text(&output.stderr))
    }

    fn ok(&self, line: &str) -> String {
        let (ok, said) = self.run(line, "");
        assert!(ok, "kubectl {line}\n{said}");
        said
    }

    fn fails(&self, line: &str) -> String {
        let (ok, said) = self.run(line, "");
        assert!(!ok, "kubectl {line} should have failed\n{said}");
        said
    }

    /// Runs each line and finds each word in what it says.
    fn all(&self, rows: &[(&str, &[&str])]) {
        for (line, words) in rows {
            let said = self.ok(line);
            for word in *words {
                assert!(said.contains(word), "kubectl {line}: no {word:?} in\n{said}");
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Its tasks end before the runtime does.
        let _guard = self.runtime.enter();
    }
}

#[test]
fn get_and_describe() {
    let Some(place) = Place::new("get_and_describe") else { return };
    place.all(&[
        ("wait --for=condition=Ready pod --all --timeout=20s", &["pod/postgres-0 condition met"]),
        ("get pods -o wide", &["NOMINATED NODE", "postgres-0", "1/1", "Running", "node-1", "10.244."]),
        ("get nodes -o wide", &["INTERNAL-IP", "10.0.0.3", "Ready", "worker"]),
        (
            "get all",
            &[
                "pod/redis-0",
                "service/postgres-headless",
                "deployment.apps/moltbook-app",
                "statefulset.apps/redis-sentinel",
                "cronjob.batch/",
            ],
        ),
        (
            "get pdb,pvc,pv,ingress,cert,endpointslices -A",
            &["ALLOWED DISRUPTIONS", "data-postgres-0", "RWO", "api.moltbook.io", "moltbook-tls"],
        ),
        ("get deploy moltbook-app -o yaml", &["kind: Deployment", "replicas: 3", "readyReplicas: 3"]),
        ("get pods --chunk-size=2 --show-labels", &["app=redis-sentinel"]),
        ("get pods -l app=redis -o name", &["pod/redis-0\npod/redis-1\npod/redis-2\n"]),
        ("get sts redis -o jsonpath={.spec.serviceName}", &["redis-headless"]),
        ("describe pod postgres-0", &["Controlled By:  StatefulSet/postgres", "pg_isready", "ClaimName:   data-postgres-0", "Events:"]),
        ("describe node node-1", &["zone-a", "KubeletReady", "redis-sentinel-0", "HolderIdentity:  node-1"]),
        ("describe deploy moltbook-app", &["NewReplicaSet:   moltbook-app-", "3 available"]),
        ("describe pdb postgres", &["Max unavailable:  1", "Allowed disruptions:  1"]),
        ("top pods", &["postgres-0", "200m"]),
        ("logs redis-0", &["nothing runs here"]),
        ("api-resources", &["deploy", "cert-manager.io/v1"]),
        ("version", &["Server Version: v1.32"]),
    ]);
    assert!(place.fails("get pod nobody").contains("Error from server (NotFound): pods \"nobody\" not found"));
    assert!(place.fails("exec redis-0 -- true").contains("nothing runs here"));
}

#[test]
fn get_watches() {
    let Some(place) = Place::new("get_watches") else { return };
    let mut child = place.command("get pods redis-0 -w --output-watch-events").stdout(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    let watching = || place.sandbox.api.audit.entries().iter().any(|entry| entry.verb == "watch" && entry.resource == "pods");
    while !watching() {
        assert!(begun.elapsed() < Duration::from_secs(20), "no watch was opened");
        std::thread::sleep(Duration::from_millis(20));
    }
    place.ok("label pod redis-0 seen=yes");
    place.ok("delete pod redis-0");
    std::thread::sleep(Duration::from_millis(300));
    child.kill().unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    for word in ["EVENT", "ADDED", "MODIFIED", "Terminating", "DELETED"] {
        assert!(said.contains(word), "no {word} in\n{said}");
    }
}

#[test]
fn writing() {
    let Some(place) = Place::new("writing") else { return };
    place.all(&[
        ("label node node-1 seen=yes", &["node/node-1 labeled"]),
        ("scale deploy moltbook-app --replicas=5", &["scaled"]),
        ("get deploy moltbook-app", &["/5"]),
        ("scale deploy moltbook-app --replicas=3 --current-replicas=5", &["scaled"]),
        ("rollout history deploy moltbook-app", &["1 ", "2 "]),
        ("rollout undo deploy moltbook-app --to-revision=1", &["rolled back"]),
        ("rollout restart deploy moltbook-app", &["restarted"]),
        ("get deploy moltbook-app -o jsonpath={.spec.template.metadata.annotations}", &["kubectl.kubernetes.io/restartedAt"]),
        ("rollout pause deploy moltbook-app", &["paused"]),
        ("rollout resume deploy moltbook-app", &["resumed"]),
        ("set env deploy/moltbook-app FLAG=off", &["env updated"]),
        ("set image deploy/moltbook-app moltbook-app=registry.moltbook.io/moltbook-app:1.4.3", &["image updated"]),
        ("auth can-i delete pods", &["yes"]),
        ("auth can-i --list --context viewer", &["*.authorization.k8s.io", "[get list watch]"]),
        ("auth whoami --context operator", &["operator"]),
    ]);
    assert!(place.fails("auth can-i delete pods --context viewer").contains("no"));
    let said = place.fails("delete pod redis-0 --context viewer");
    assert!(said.contains("User \"viewer\" cannot delete resource \"pods\" in API group \"\" in the namespace \"moltbook\""), "{said}");
    let manifest = |value: &str| {
        let container = json!({"name": "web", "image": "i", "env": [{"name": "A", "value": value}]});
        let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}});
        let spec = json!({"selector": {"matchLabels": {"a": "b"}}, "template": template});
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}).to_string()
    };
    for (value, expected) in [("one", "created"), ("two", "configured"), ("two", "unchanged")] {
        let (ok, said) = place.run("apply -f -", &manifest(value));
        assert!(ok && said.contains(expected), "{expected}: {said}");
    }
    place.all(&[
        ("get deploy web -o jsonpath={.spec.template.spec.containers[0].env[0].value}", &["two"]),
        ("create namespace other", &["namespace/other created"]),
        ("create configmap some --from-literal=key=value -n other", &["configmap/some created"]),
        ("create deployment some --image=nginx --replicas=2 -n other", &["deployment.apps/some created"]),
        ("get deploy some -n other -o jsonpath={.spec.replicas}", &["2"]),
        ("create job backup-now --from=cronjob/postgres-backup", &["job.batch/backup-now created"]),
        ("get job backup-now -o jsonpath={.spec.template.spec.containers[0].command[0]}", &["/scripts/backup-postgres.sh"]),
        ("delete namespace other", &["namespace \"other\" deleted"]),
        ("delete deploy web", &["deleted"]),
        ("delete sts redis --cascade=orphan", &["deleted"]),
        ("get pod redis-0", &["Running"]),
    ]);
}

#[test]
fn cordon_and_drain() {
    let Some(place) = Place::new("cordon_and_drain") else { return };
    place.all(&[("cordon node-3", &["node/node-3 cordoned"]), ("get nodes", &["SchedulingDisabled"])]);
    let said = place.fails("drain node-3");
    assert!(said.contains("cannot delete DaemonSet-managed Pods"), "{said}");
    let said = place.ok("drain node-3 --ignore-daemonsets --timeout=30s");
    assert!(said.contains("pod/postgres-2 evicted") && said.contains("node/node-3 drained"), "{said}");
    // Nobody makes the pods anew here, so the budgets are used up.
    let said = place.fails("drain node-2 --ignore-daemonsets --timeout=3s");
    assert!(said.contains("Cannot evict pod as it would violate the pod's disruption budget."), "{said}");
    assert!(place.ok("get pods -o name").contains("pod/postgres-1"));
    place.all(&[("uncordon node-2", &["uncordoned"]), ("delete pod postgres-1 --force --grace-period=0", &["force deleted"])]);
}
