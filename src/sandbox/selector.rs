//! Label and field selectors, from a query's text to yes or no.

use super::failure::Failure;
use super::object;
use serde_json::Value;

/// What a list or a watch is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Clone, Debug)]
struct Requirement {
    key: String,
    values: Vec<String>,
    test: Test,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    In,
    NotIn,
    Exists,
    Absent,
}

/// Fields that any kind can be selected by.
const COMMON: &[&str] = &["metadata.name", "metadata.namespace"];

/// Fields of one kind; others are refused, as a real server does.
const FIELDS: &[(&str, &[&str])] = &[
    (
        "Pod",
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
    ),
    ("Node", &["spec.unschedulable"]),
    ("Namespace", &["status.phase"]),
    ("Secret", &["type"]),
    ("Job", &["status.successful"]),
    ("ReplicaSet", &["status.replicas"]),
    (
        "Event",
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
    ),
];

impl Selector {
    /// Reads the two texts of a query; either may be "".
    pub fn parse(kind: &str, labels: &str, fields: &str) -> Result<Selector, Failure> {
        let labels = split(labels).map(requirement).collect::<Result<_, _>>()?;
        let fields = split(fields).map(|text| field(kind, text)).collect::<Result<_, _>>()?;
        Ok(Selector { labels, fields })
    }

    /// Reads a `LabelSelector` object, as workloads and budgets have it. An absent one matches nothing, an empty one everything.
    pub fn of_object(selector: Option<&Value>) -> Option<Selector> {
        let selector = selector.filter(|selector| selector.is_object())?;
        let equal = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut labels: Vec<_> =
            equal.map(|(key, value)| Requirement { key: key.clone(), values: vec![word(value)], test: Test::In }).collect();
        for expression in object::items(selector, "/matchExpressions") {
            let test = match object::text(expression, "/operator") {
                "In" => Test::In,
                "NotIn" => Test::NotIn,
                "Exists" => Test::Exists,
                _ => Test::Absent,
            };
            let values = object::items(expression, "/values").iter().map(word).collect();
            labels.push(Requirement { key: object::text(expression, "/key").to_owned(), values, test });
        }
        Some(Selector { labels, fields: Vec::new() })
    }

    /// Whether the object is meant.
    pub fn matches(&self, object: &Value) -> bool {
        self.labels.iter().all(|requirement| requirement.holds(object::label(object, &requirement.key)))
            && self.fields.iter().all(|(path, equal, value)| (field_of(object, path) == *value) == *equal)
    }
}

impl Requirement {
    fn holds(&self, value: Option<&str>) -> bool {
        let listed = value.is_some_and(|value| self.values.iter().any(|one| one == value));
        match self.test {
            Test::In => listed,
            Test::NotIn => !listed,
            Test::Exists => value.is_some(),
            Test::Absent => value.is_none(),
        }
    }
}

/// Splits at commas outside of parentheses.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    let parts = text.split(move |c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

fn requirement(text: &str) -> Result<Requirement, Failure> {
    let row = |key: &str, values: Vec<String>, test| Requirement { key: key.trim().to_owned(), values, test };
    let set = |text: &str| text.trim().trim_matches(['(', ')']).split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>();
    let one = |value: &str| vec![value.trim().to_owned()];
    let found = if let Some((key, values)) = text.split_once(" notin ") {
        row(key, set(values), Test::NotIn)
    } else if let Some((key, values)) = text.split_once(" in ") {
        row(key, set(values), Test::In)
    } else if let Some((key, value)) = text.split_once("!=") {
        row(key, one(value), Test::NotIn)
    } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        row(key, one(value), Test::In)
    } else if let Some(key) = text.strip_prefix('!') {
        row(key, Vec::new(), Test::Absent)
    } else {
        row(text, Vec::new(), Test::Exists)
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if found.key.is_empty() || !found.key.chars().all(allowed) {
        return Err(Failure::bad_request(format!("unable to parse requirement: invalid label key {:?}", found.key)));
    }
    Ok(found)
}

fn field(kind: &str, text: &str) -> Result<(String, bool, String), Failure> {
    let (path, equal, value) = match text.split_once("!=") {
        Some((path, value)) => (path, false, value),
        None => match text.split_once("==").or_else(|| text.split_once('=')) {
            Some((path, value)) => (path, true, value),
            None => return Err(Failure::bad_request(format!("invalid selector: '{text}'; can't understand '{text}'"))),
        },
    };
    let own = FIELDS.iter().filter(|(of, _)| *of == kind).flat_map(|(_, fields)| fields.iter());
    if !COMMON.iter().chain(own).any(|known| *known == path) {
        return Err(Failure::bad_request(format!("field label not supported: {path}")));
    }
    Ok((path.to_owned(), equal, value.to_owned()))
}

fn field_of(object: &Value, path: &str) -> String {
    let path = if path == "source" { "source.component" } else { path };
    match path.split('.').try_fold(object, |object, key| object.get(key)) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None if path == "spec.unschedulable" => "false".into(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn labels_and_fields_select_as_kubectl_writes_them() {
        let pod = json!({"metadata": {"name": "x", "labels": {"app": "web", "tier": "front"}}, "spec": {"nodeName": "node-1"}});
        let rows = [
            ("app=web", "", true),
            ("app==web,tier!=back", "", true),
            ("app in (api, web),!gone", "", true),
            ("app notin (web)", "", false),
            ("tier", "spec.nodeName=node-1", true),
            ("gone", "", false),
            ("other!=x", "metadata.name!=x", false),
            ("", "spec.nodeName=node-2", false),
            ("", "status.phase=", true),
        ];
        for (labels, fields, expected) in rows {
            assert_eq!(Selector::parse("Pod", labels, fields).unwrap().matches(&pod), expected, "{labels} {fields}");
        }
        for (labels, fields) in [("a b", ""), ("=x", ""), ("", "spec.secret=1"), ("", "x")] {
            assert_eq!(Selector::parse("Pod", labels, fields).unwrap_err().code, 400, "{labels} {fields}");
        }
    }

    #[test]
    fn an_absent_selector_matches_nothing_and_an_empty_one_everything() {
        assert!(Selector::of_object(None).is_none());
        assert!(Selector::of_object(Some(&json!({}))).unwrap().matches(&json!({})));
        let selector = json!({"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "DoesNotExist"}]});
        let selector = Selector::of_object(Some(&selector)).unwrap();
        assert!(selector.matches(&json!({"metadata": {"labels": {"a": "b"}}})));
        assert!(!selector.matches(&json!({"metadata": {"labels": {"a": "b", "c": "d"}}})));
    }
}
