//! The one table of what the API server serves. Routes, discovery, OpenAPI, rights, printing and patching follow from it; nothing
//! else lists kinds.

mod columns;
mod workload_columns;

use super::failure::About;
use jiff::Timestamp;
use serde_json::Value;

/// One kind of object and how it is reached.
#[derive(Debug)]
pub struct Resource {
    /// The API group, "" for core.
    pub group: &'static str,
    /// The version in that group.
    pub version: &'static str,
    /// What one of them is called.
    pub kind: &'static str,
    /// What paths and rights call them.
    pub plural: &'static str,
    /// Abbreviations for people.
    pub short: &'static [&'static str],
    /// Whether they live in namespaces.
    pub namespaced: bool,
    /// Paths below one object.
    pub sub: &'static [&'static str],
    /// What a table shows beside the name.
    pub columns: &'static [Column],
    /// Where the objects come from, and so what may be done to them.
    pub origin: Origin,
    /// Whether `kubectl get all` shows them.
    pub in_all: bool,
}

/// Where the objects of a resource come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Kept in the store: every verb.
    Stored,
    /// Worked out on reading: get and list.
    Computed,
    /// Asked with a create, answered at once, kept nowhere.
    Review,
}

/// A column of a table.
#[derive(Debug)]
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// Whether only `-o wide` shows it.
    pub wide: bool,
    /// What stands in it.
    pub cell: Cell,
}

/// How a cell comes from an object.
#[derive(Clone, Copy, Debug)]
pub enum Cell {
    /// The text at a pointer, `<none>` without one.
    Text(&'static str),
    /// The number at a pointer, 0 without one.
    Number(&'static str),
    /// Anything else; the time is for ages.
    Of(fn(&Value, Timestamp) -> String),
}

impl Resource {
    /// `v1` or `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// What an error about the object `name` is about.
    pub fn about<'a>(&self, name: &'a str) -> About<'a> {
        About { group: self.group, plural: self.plural, name }
    }

    /// The verbs of discovery.
    pub fn verbs(&self) -> &'static [&'static str] {
        match self.origin {
            Origin::Stored => &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            Origin::Computed => &["get", "list"],
            Origin::Review => &["create"],
        }
    }

    /// Whether `status` is written apart from the rest.
    pub fn has_status(&self) -> bool {
        self.sub.contains(&"status")
    }

    /// Whether the kind came with a CustomResourceDefinition: strategic merge does not know it.
    pub fn is_custom(&self) -> bool {
        self.group.ends_with("cert-manager.io")
    }
}

/// The resource that serves `kind`.
pub fn of_kind(kind: &str) -> Option<&'static Resource> {
    TABLE.iter().find(|resource| resource.kind == kind)
}

/// The resource at a group, version and plural name.
pub fn at(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    TABLE.iter().find(|resource| (resource.group, resource.version, resource.plural) == (group, version, plural))
}

/// Groups with their version, in order of the table, core ("") first.
pub fn groups() -> Vec<(&'static str, &'static str)> {
    let mut groups: Vec<_> = TABLE.iter().map(|resource| (resource.group, resource.version)).collect();
    groups.dedup();
    groups
}

const fn namespaced(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Resource {
    let (origin, in_all) = (Origin::Stored, false);
    Resource { group, version, kind, plural, short: &[], namespaced: true, sub: &[], columns: columns::PLAIN, origin, in_all }
}

const fn cluster(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Resource {
    Resource { namespaced: false, ..namespaced(group, version, kind, plural) }
}

impl Resource {
    const fn short(self, short: &'static [&'static str]) -> Resource {
        Resource { short, ..self }
    }
    const fn sub(self, sub: &'static [&'static str]) -> Resource {
        Resource { sub, ..self }
    }
    const fn shows(self, columns: &'static [Column]) -> Resource {
        Resource { columns, ..self }
    }
    const fn from(self, origin: Origin) -> Resource {
        Resource { origin, ..self }
    }
    const fn in_all(self) -> Resource {
        Resource { in_all: true, ..self }
    }
}

const STATUS: &[&str] = &["status"];
const SCALED: &[&str] = &["status", "scale"];
const POD: &[&str] = &["status", "log", "exec", "attach", "portforward", "eviction", "binding", "proxy"];

/// Everything that is served. Rows of one group stand together.
pub static TABLE: &[Resource] = {
    use {columns as c, workload_columns as w};
    &[
        cluster("", "v1", "Namespace", "namespaces").short(&["ns"]).sub(&["status", "finalize"]).shows(c::NAMESPACE),
        cluster("", "v1", "Node", "nodes").short(&["no"]).sub(&["status", "proxy"]).shows(c::NODE),
        namespaced("", "v1", "Pod", "pods").short(&["po"]).sub(POD).shows(w::POD).in_all(),
        namespaced("", "v1", "Service", "services").short(&["svc"]).sub(&["status", "proxy"]).shows(c::SERVICE).in_all(),
        namespaced("", "v1", "Endpoints", "endpoints").short(&["ep"]).shows(c::ENDPOINTS),
        namespaced("", "v1", "ConfigMap", "configmaps").short(&["cm"]).shows(c::CONFIG_MAP),
        namespaced("", "v1", "Secret", "secrets").shows(c::SECRET),
        namespaced("", "v1", "ServiceAccount", "serviceaccounts").short(&["sa"]),
        namespaced("", "v1", "Event", "events").short(&["ev"]).shows(c::EVENT),
        namespaced("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims").short(&["pvc"]).sub(STATUS).shows(c::CLAIM),
        cluster("", "v1", "PersistentVolume", "persistentvolumes").short(&["pv"]).sub(STATUS).shows(c::VOLUME),
        namespaced("", "v1", "ResourceQuota", "resourcequotas").short(&["quota"]).sub(STATUS).shows(c::QUOTA),
        namespaced("apps", "v1", "Deployment", "deployments").short(&["deploy"]).sub(SCALED).shows(w::DEPLOYMENT).in_all(),
        namespaced("apps", "v1", "ReplicaSet", "replicasets").short(&["rs"]).sub(SCALED).shows(w::REPLICA_SET).in_all(),
        namespaced("apps", "v1", "StatefulSet", "statefulsets").short(&["sts"]).sub(SCALED).shows(w::STATEFUL_SET).in_all(),
        namespaced("apps", "v1", "DaemonSet", "daemonsets").short(&["ds"]).sub(STATUS).shows(w::DAEMON_SET).in_all(),
        namespaced("apps", "v1", "ControllerRevision", "controllerrevisions").shows(w::REVISION),
        namespaced("batch", "v1", "Job", "jobs").sub(STATUS).shows(w::JOB).in_all(),
        namespaced("batch", "v1", "CronJob", "cronjobs").short(&["cj"]).sub(STATUS).shows(w::CRON_JOB).in_all(),
        namespaced("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
            .short(&["hpa"])
            .sub(STATUS)
            .shows(w::AUTOSCALER)
            .in_all(),
        namespaced("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets").short(&["pdb"]).sub(STATUS).shows(w::BUDGET),
        namespaced("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices").shows(c::SLICE),
        namespaced("networking.k8s.io", "v1", "Ingress", "ingresses").short(&["ing"]).sub(STATUS).shows(c::INGRESS),
        cluster("networking.k8s.io", "v1", "IngressClass", "ingressclasses").shows(c::INGRESS_CLASS),
        namespaced("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies").short(&["netpol"]),
        namespaced("coordination.k8s.io", "v1", "Lease", "leases").shows(c::LEASE),
        cluster("storage.k8s.io", "v1", "StorageClass", "storageclasses").short(&["sc"]).shows(c::STORAGE_CLASS),
        namespaced("cert-manager.io", "v1", "Certificate", "certificates").short(&["cert", "certs"]).sub(STATUS).shows(c::CERTIFICATE),
        namespaced("cert-manager.io", "v1", "CertificateRequest", "certificaterequests")
            .short(&["cr", "crs"])
            .sub(STATUS)
            .shows(c::REQUEST),
        namespaced("cert-manager.io", "v1", "Issuer", "issuers").sub(STATUS).shows(c::ISSUER),
        cluster("cert-manager.io", "v1", "ClusterIssuer", "clusterissuers").sub(STATUS).shows(c::ISSUER),
        namespaced("acme.cert-manager.io", "v1", "Order", "orders").sub(STATUS).shows(c::ACME),
        namespaced("acme.cert-manager.io", "v1", "Challenge", "challenges").sub(STATUS).shows(c::ACME),
        cluster("metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes").shows(c::METRICS).from(Origin::Computed),
        namespaced("metrics.k8s.io", "v1beta1", "PodMetrics", "pods").shows(c::METRICS).from(Origin::Computed),
        cluster("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews").from(Origin::Review),
        cluster("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews").from(Origin::Review),
        cluster("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews").from(Origin::Review),
    ]
};
