//! `metrics.k8s.io`: what nodes and pods use, made up from what they ask for. Steady, so that nothing on a screen flickers.

use super::object::{self, items, name, namespace, text};
use super::resource::Resource;
use super::store::Store;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// The share of what they request that containers use, in per cent.
const SHARE: i64 = 40;

/// All metrics of one kind; `space` is "" for every namespace.
pub fn list(store: &Store, resource: &Resource, space: &str) -> Vec<Arc<Value>> {
    let now = object::time(Timestamp::now());
    let pods = store.list("Pod", Some(space).filter(|space| !space.is_empty())).objects;
    let running = pods.into_iter().filter(|pod| text(pod, "/status/phase") == "Running");
    let about = |of: &Value| json!({ "name": name(of), "namespace": namespace(of), "labels": object::at(of, "/metadata/labels"), "creationTimestamp": now });
    let object = |of: &Value, more: (&str, Value)| {
        let mut metadata = about(of);
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.retain(|_, value| !value.is_null() && value != "");
        }
        let mut object = json!({
            "kind": resource.kind, "apiVersion": resource.api_version(), "metadata": metadata, "timestamp": now, "window": "15s",
        });
        object::put(&mut object, &format!("/{}", more.0), more.1);
        Arc::new(object)
    };
    if resource.namespaced {
        let containers = |pod: &Value| {
            let one = |container: &Value| {
                let (cpu, memory) = used(container);
                json!({ "name": text(container, "/name"), "usage": usage(cpu, memory) })
            };
            items(pod, "/spec/containers").iter().map(one).collect::<Value>()
        };
        return running.map(|pod| object(&pod, ("containers", containers(&pod)))).collect();
    }
    let running: Vec<_> = running.collect();
    let of_node = |node: &Arc<Value>| {
        let here = running.iter().filter(|pod| text(pod, "/spec/nodeName") == name(node));
        let each = here.flat_map(|pod| items(pod, "/spec/containers")).map(used);
        // The system itself takes a little too.
        let (cpu, memory) = each.fold((120, 600 << 20), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        object(node, ("usage", usage(cpu, memory)))
    };
    store.list("Node", None).objects.iter().filter(|node| object::condition(node, "Ready") == Some("True")).map(of_node).collect()
}

fn usage(cpu: i64, memory: i64) -> Value {
    json!({ "cpu": format!("{cpu}m"), "memory": format!("{}Ki", memory / 1024) })
}

/// Thousandths of a core and bytes.
fn used(container: &Value) -> (i64, i64) {
    let request = |what: &str| quantity(text(container, &format!("/resources/requests/{what}")));
    ((request("cpu") * 1000.0) as i64 * SHARE / 100, request("memory") as i64 * SHARE / 100)
}

/// A quantity of Kubernetes as a number: `250m`, `1`, `512Mi`, `2Gi`. What cannot be read is 0.
pub fn quantity(text: &str) -> f64 {
    const UNITS: &[(&str, f64)] = &[
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("m", 0.001),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
    ];
    let (number, unit) = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size))).unwrap_or((text, 1.0));
    number.parse::<f64>().unwrap_or(0.0) * unit
}

#[cfg(test)]
mod tests {
    #[test]
    fn quantities() {
        for (text, number) in [("250m", 0.25), ("2", 2.0), ("1Ki", 1024.0), ("1.5Gi", 1_610_612_736.0), ("", 0.0), ("x", 0.0)] {
            assert!((super::quantity(text) - number).abs() < 1e-9, "{text}");
        }
    }
}
