//! Disruption budgets: how many pods may go, and whether this one may. The arithmetic is the disruption controller's; the refusals
//! are those of a real eviction.

use super::failure::Failure;
use super::object::{self, items, name, namespace, number, text};
use super::selector::Selector;
use super::store::Store;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Lists a kind in the namespace at hand.
type Lister<'a> = &'a dyn Fn(&str) -> Vec<Arc<Value>>;

/// Seconds after which an eviction that came too early may be tried again.
const TOO_EARLY: u64 = 10;

/// Whether the pod may be evicted now.
pub fn check(pod: &Value, list: Lister<'_>) -> Result<(), Failure> {
    if object::is_finished(pod) || text(pod, "/status/phase") == "Pending" || object::is_terminating(pod) {
        return Ok(());
    }
    let budgets: Vec<_> = list("PodDisruptionBudget").into_iter().filter(|budget| guards(budget, pod)).collect();
    let budget = match budgets.as_slice() {
        [] => return Ok(()),
        [budget] => budget,
        _ => {
            return Err(Failure::internal(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            ));
        }
    };
    let (wanted, healthy, allowed) = figures(budget, list);
    let always = text(budget, "/spec/unhealthyPodEvictionPolicy") == "AlwaysAllow";
    if !object::is_ready(pod) && (always || (wanted > 0 && healthy >= wanted)) {
        return Ok(());
    }
    if number(budget, "/status/observedGeneration") < number(budget, "/metadata/generation") {
        let why = format!("The disruption budget {} is still being processed by the server.", name(budget));
        return Err(Failure::budget(&why).retry_after(TOO_EARLY));
    }
    if allowed > 0 {
        return Ok(());
    }
    Err(Failure::budget(&format!("The disruption budget {} needs {wanted} healthy pods and has {healthy} currently", name(budget))))
}

fn guards(budget: &Value, pod: &Value) -> bool {
    Selector::of_object(budget.pointer("/spec/selector")).is_some_and(|selector| selector.matches(pod))
}

/// Healthy pods that must be, that are, and how many may go.
fn figures(budget: &Value, list: Lister<'_>) -> (i64, i64, i64) {
    let pods: Vec<_> = list("Pod").into_iter().filter(|pod| guards(budget, pod)).collect();
    let healthy = pods.iter().filter(|pod| object::is_ready(pod)).count() as i64;
    let expected = expected(&pods, list);
    let wanted = match (budget.pointer("/spec/minAvailable"), budget.pointer("/spec/maxUnavailable")) {
        (Some(least), _) => share(least, expected),
        (None, Some(most)) => (expected - share(most, expected)).max(0),
        (None, None) => 0,
    };
    (wanted, healthy, (healthy - wanted).max(0))
}

/// How many pods there should be: what their controllers want, and one for each pod without any.
fn expected(pods: &[Arc<Value>], list: Lister<'_>) -> i64 {
    let mut seen = Vec::new();
    let mut sum = 0;
    for pod in pods {
        let Some(owner) = object::controller(pod).cloned() else {
            sum += 1;
            continue;
        };
        let owned = list(text(&owner, "/kind")).into_iter().find(|object| object::uid(object) == text(&owner, "/uid"));
        // A ReplicaSet speaks for its Deployment.
        let above = owned.as_ref().and_then(|object| object::controller(object)).cloned();
        let above =
            above.and_then(|above| list(text(&above, "/kind")).into_iter().find(|object| object::uid(object) == text(&above, "/uid")));
        let Some(root) = above.or(owned) else { continue };
        if !seen.iter().any(|uid| uid == object::uid(&root)) {
            seen.push(object::uid(&root).to_owned());
            sum += number(&root, "/spec/replicas");
        }
    }
    sum
}

/// A number, or a share of `all` in per cent, rounded up.
fn share(of: &Value, all: i64) -> i64 {
    let percent = of.as_str().and_then(|text| text.strip_suffix('%')?.parse::<i64>().ok());
    percent.map_or_else(|| of.as_i64().unwrap_or_default(), |percent| (percent * all + 99) / 100)
}

/// Keeps every budget's status true, until the store is gone.
pub async fn keep(store: Arc<Store>) {
    let mut changed = store.changed();
    loop {
        changed.borrow_and_update();
        for budget in store.list("PodDisruptionBudget", None).objects {
            let space = namespace(&budget).to_owned();
            let status = status(&budget, &|kind| store.list(kind, Some(&space)).objects);
            if let Err(failure) = store.set_status("PodDisruptionBudget", (&space, name(&budget)), |old| *old = status) {
                tracing::warn!("the budget {}: {failure}", name(&budget));
            }
        }
        // Many changes come together; one look is enough for them.
        tokio::time::sleep(Duration::from_millis(20)).await;
        if changed.changed().await.is_err() {
            return;
        }
    }
}

fn status(budget: &Value, list: Lister<'_>) -> Value {
    let pods: Vec<_> = list("Pod").into_iter().filter(|pod| guards(budget, pod)).collect();
    let (wanted, healthy, allowed) = figures(budget, list);
    let (is, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let generation = number(budget, "/metadata/generation");
    let old = items(budget, "/status/conditions").first().filter(|old| text(old, "/status") == is);
    let since = old.map_or_else(|| object::time(Timestamp::now()), |old| text(old, "/lastTransitionTime").to_owned());
    json!({
        "observedGeneration": generation, "expectedPods": expected(&pods, list), "currentHealthy": healthy, "desiredHealthy": wanted,
        "disruptionsAllowed": allowed,
        "conditions": [{
            "type": "DisruptionAllowed", "status": is, "reason": reason, "message": "", "observedGeneration": generation,
            "lastTransitionTime": since,
        }],
    })
}
