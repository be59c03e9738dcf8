//! Who may do what: three users with a token each and one table of rights. Requests and the reviews that ask about rights read the
//! same table.

use super::failure::{About, Failure};
use super::object::text;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// Somebody who may send requests.
#[derive(Debug)]
pub struct User {
    /// Also the name of the kubeconfig's context.
    pub name: &'static str,
    rules: &'static [Rule],
}

#[derive(Debug)]
struct Rule {
    groups: &'static [&'static str],
    /// With subresources as `pods/log`; `*` is everything.
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
}

/// What a request wants, as rights see it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributes<'a> {
    /// get, list, watch, create, update, patch, delete, deletecollection.
    pub verb: &'a str,
    /// The API group, "" for core.
    pub group: &'a str,
    /// The resource in the plural.
    pub resource: &'a str,
    /// The path below the object, or "".
    pub subresource: &'a str,
    /// The namespace, "" for the cluster.
    pub namespace: &'a str,
    /// The object, or "".
    pub name: &'a str,
}

const READ: &[&str] = &["get", "list", "watch"];
const ALL: &[&str] = &["*"];

const fn rule(groups: &'static [&'static str], resources: &'static [&'static str], verbs: &'static [&'static str]) -> Rule {
    Rule { groups, resources, verbs }
}

const VIEW: &[Rule] = &[
    rule(
        &[""],
        &[
            "namespaces",
            "nodes",
            "pods",
            "pods/log",
            "pods/status",
            "services",
            "endpoints",
            "configmaps",
            "serviceaccounts",
            "events",
            "persistentvolumeclaims",
            "persistentvolumes",
            "resourcequotas",
        ],
        READ,
    ),
    rule(
        &[
            "apps",
            "batch",
            "autoscaling",
            "policy",
            "discovery.k8s.io",
            "networking.k8s.io",
            "coordination.k8s.io",
            "storage.k8s.io",
            "cert-manager.io",
            "acme.cert-manager.io",
            "metrics.k8s.io",
        ],
        ALL,
        READ,
    ),
    rule(&["authorization.k8s.io", "authentication.k8s.io"], ALL, &["create"]),
];

/// What the operations need, beyond seeing.
const OPERATE: &[Rule] = &[
    rule(&[""], &["nodes"], &["patch"]),
    rule(&[""], &["pods"], &["delete"]),
    rule(&[""], &["pods/eviction"], &["create"]),
    rule(&[""], &["pods/exec", "pods/attach", "pods/portforward"], &["create", "get"]),
    rule(&[""], &["pods/proxy", "services/proxy"], &["get"]),
    rule(&[""], &["events"], &["create", "patch"]),
    rule(&[""], &["secrets", "configmaps"], &["get", "patch"]),
    rule(&["apps"], &["deployments"], &["patch"]),
    rule(&["apps"], &["deployments/scale"], &["get", "update", "patch"]),
    rule(&["apps"], &["statefulsets"], &["create", "delete"]),
    rule(&["autoscaling"], &["horizontalpodautoscalers"], &["patch"]),
    rule(&["batch"], &["jobs"], &["create"]),
    rule(&["coordination.k8s.io"], &["leases"], &["create", "update"]),
];

/// Everybody, and what they may do.
pub const USERS: [User; 3] =
    [User { name: "admin", rules: &[rule(ALL, ALL, ALL)] }, User { name: "operator", rules: OPERATE }, User { name: "viewer", rules: &[] }];

/// Paths without resources that everybody with a token may read.
const OPEN: &[&str] = &["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version"];

impl User {
    fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        VIEW.iter().chain(self.rules)
    }

    /// Whether a rule allows it.
    pub fn may(&self, wanted: &Attributes<'_>) -> bool {
        let resource = match wanted.subresource {
            "" => wanted.resource.to_owned(),
            sub => format!("{}/{sub}", wanted.resource),
        };
        let has = |list: &[&str], word: &str| list.iter().any(|known| *known == "*" || *known == word);
        self.rules().any(|rule| has(rule.groups, wanted.group) && has(rule.resources, &resource) && has(rule.verbs, wanted.verb))
    }

    /// Allows it or says no in the usual words.
    pub fn check(&self, wanted: &Attributes<'_>) -> Result<(), Failure> {
        if self.may(wanted) {
            return Ok(());
        }
        let slash = if wanted.subresource.is_empty() { "" } else { "/" };
        let place = match wanted.namespace {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        let why = format!(
            "User \"{}\" cannot {} resource \"{}{slash}{}\" in API group \"{}\" {place}",
            self.name, wanted.verb, wanted.resource, wanted.subresource, wanted.group
        );
        Err(Failure::forbidden(About { group: wanted.group, plural: wanted.resource, name: wanted.name }, &why))
    }

    /// The `status` of the review that asks this.
    pub fn review(&self, kind: &str, review: &Value) -> Value {
        let at = |key: &str| text(review, &format!("/spec/resourceAttributes/{key}")).to_owned();
        match kind {
            "SelfSubjectAccessReview" if review.pointer("/spec/nonResourceAttributes").is_some() => {
                let path = text(review, "/spec/nonResourceAttributes/path");
                let open = OPEN.iter().any(|open| open.strip_suffix('*').map_or(*open == path, |start| path.starts_with(start)));
                json!({ "allowed": self.name == "admin" || open })
            }
            "SelfSubjectAccessReview" => {
                let (verb, group, resource, sub) = (at("verb"), at("group"), at("resource"), at("subresource"));
                let allowed =
                    self.may(&Attributes { verb: &verb, group: &group, resource: &resource, subresource: &sub, ..Attributes::default() });
                let reason = if allowed { format!("RBAC: allowed for the user {:?}", self.name) } else { String::new() };
                json!({ "allowed": allowed, "reason": reason })
            }
            "SelfSubjectRulesReview" => {
                let row = |rule: &Rule| json!({ "apiGroups": rule.groups, "resources": rule.resources, "verbs": rule.verbs });
                let open = json!({ "nonResourceURLs": OPEN, "verbs": ["get"] });
                json!({ "resourceRules": self.rules().map(row).collect::<Vec<_>>(), "nonResourceRules": [open], "incomplete": false })
            }
            _ => json!({ "userInfo": { "username": self.name, "uid": self.name, "groups": ["system:authenticated"] } }),
        }
    }
}

/// The tokens of one start.
#[derive(Debug)]
pub struct Tokens([(&'static User, SecretString); 3]);

impl Tokens {
    /// New ones, which nobody can guess.
    pub fn random() -> Result<Tokens, String> {
        static OF: [User; 3] = USERS;
        let [admin, operator, viewer] = &OF;
        Ok(Tokens([(admin, token()?), (operator, token()?), (viewer, token()?)]))
    }

    /// Whose token an `Authorization` header brings.
    pub fn user(&self, header: Option<&str>) -> Option<&'static User> {
        let token = header?.strip_prefix("Bearer ")?;
        self.0.iter().find(|(_, known)| known.expose_secret() == token).map(|(user, _)| *user)
    }

    /// Users with their tokens, for a kubeconfig.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(user, token)| (user.name, token.expose_secret()))
    }
}

fn token() -> Result<SecretString, String> {
    let mut bytes = [0_u8; 24];
    let provider = rustls::crypto::ring::default_provider();
    provider.secure_random.fill(&mut bytes).map_err(|_| "the system has no randomness".to_owned())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_gives_each_user_what_the_operations_need() {
        let [admin, operator, viewer] = &USERS;
        let rows = [
            ("get", "", "secrets", "", [true, true, false]),
            ("list", "", "pods", "", [true, true, true]),
            ("patch", "", "nodes", "", [true, true, false]),
            ("create", "", "pods", "eviction", [true, true, false]),
            ("create", "", "pods", "", [true, false, false]),
            ("patch", "apps", "deployments", "scale", [true, true, false]),
            ("list", "apps", "deployments", "", [true, true, true]),
            ("create", "authorization.k8s.io", "selfsubjectaccessreviews", "", [true, true, true]),
        ];
        for (verb, group, resource, subresource, expected) in rows {
            let wanted = Attributes { verb, group, resource, subresource, ..Attributes::default() };
            assert_eq!([admin, operator, viewer].map(|user| user.may(&wanted)), expected, "{wanted:?}");
        }
        let wanted = Attributes { verb: "delete", resource: "pods", namespace: "a", name: "x", ..Attributes::default() };
        let said = viewer.check(&wanted).unwrap_err().to_string();
        let usual = r#"pods "x" is forbidden: User "viewer" cannot delete resource "pods" in API group "" in the namespace "a""#;
        assert!(said.ends_with(usual), "{said}");
    }
}
