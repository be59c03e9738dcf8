//! What the API server refuses, as a `Status` with the code, reason and words of a real one. It decides nothing.

use super::object::put;
use serde_json::{Value, json};

/// A refusal: becomes the answer's status line and a `Status` object.
#[derive(Clone, Debug)]
pub struct Failure {
    /// HTTP status.
    pub code: u16,
    reason: &'static str,
    message: String,
    details: Value,
}

/// What a failure is about: the plural name, the group and the object's name.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The API group, "" for core.
    pub group: &'a str,
    /// The resource in the plural.
    pub plural: &'a str,
    /// The object, "" for the whole collection.
    pub name: &'a str,
}

impl About<'_> {
    /// `deployments.apps "x"`, as error messages write it.
    fn words(&self) -> String {
        let dot = if self.group.is_empty() { "" } else { "." };
        let name = if self.name.is_empty() { String::new() } else { format!(" \"{}\"", self.name) };
        format!("{}{dot}{}{name}", self.plural, self.group)
    }

    fn details(&self) -> Value {
        let mut details = json!({ "kind": self.plural });
        for (key, value) in [("name", self.name), ("group", self.group)] {
            if !value.is_empty() {
                put(&mut details, &format!("/{key}"), value);
            }
        }
        details
    }
}

impl Failure {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Failure {
        Failure { code, reason, message: message.into(), details: json!({}) }
    }

    fn about(self, about: About<'_>) -> Failure {
        Failure { details: about.details(), ..self }
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Failure {
        Failure::new(400, "BadRequest", message)
    }

    /// 401.
    pub fn unauthorized() -> Failure {
        Failure::new(401, "Unauthorized", "Unauthorized")
    }

    /// 403 with the whole sentence after "is forbidden: ".
    pub fn forbidden(about: About<'_>, why: &str) -> Failure {
        Failure::new(403, "Forbidden", format!("{} is forbidden: {why}", about.words())).about(about)
    }

    /// 404 for an object.
    pub fn not_found(about: About<'_>) -> Failure {
        Failure::new(404, "NotFound", format!("{} not found", about.words())).about(about)
    }

    /// 404 for a path that no resource has.
    pub fn no_such_path() -> Failure {
        Failure::new(404, "NotFound", "the server could not find the requested resource")
    }

    /// 405.
    pub fn method_not_allowed() -> Failure {
        Failure::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    }

    /// 406.
    pub fn not_acceptable() -> Failure {
        Failure::new(406, "NotAcceptable", "only the following media types are accepted: application/json, application/yaml")
    }

    /// 409: it is there already.
    pub fn already_exists(about: About<'_>) -> Failure {
        Failure::new(409, "AlreadyExists", format!("{} already exists", about.words())).about(about)
    }

    /// 409 with the whole sentence after the object's name.
    pub fn conflict(about: About<'_>, why: &str) -> Failure {
        let object = About { name: "", ..about }.words();
        Failure::new(409, "Conflict", format!("Operation cannot be fulfilled on {object} \"{}\": {why}", about.name)).about(about)
    }

    /// 409: the object has moved on since it was read.
    pub fn modified(about: About<'_>) -> Failure {
        Failure::conflict(about, "the object has been modified; please apply your changes to the latest version and try again")
    }

    /// 410: a resourceVersion that the log of changes no longer reaches.
    pub fn expired(asked: u64, oldest: u64) -> Failure {
        Failure::new(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    /// 410 for a continue token.
    pub fn token_expired() -> Failure {
        let message = "The provided continue parameter is too old to display a consistent list result. You must start a new list without \
                       the continue parameter.";
        Failure::new(410, "Expired", message)
    }

    /// 413.
    pub fn too_large() -> Failure {
        Failure::new(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728")
    }

    /// 415.
    pub fn unsupported(message: impl Into<String>) -> Failure {
        Failure::new(415, "UnsupportedMediaType", message)
    }

    /// 422 with one offending field.
    pub fn invalid(kind: &str, about: About<'_>, field: &str, problem: &str) -> Failure {
        let group = if about.group.is_empty() { String::new() } else { format!(".{}", about.group) };
        let mut failure =
            Failure::new(422, "Invalid", format!("{kind}{group} \"{}\" is invalid: {field}: {problem}", about.name)).about(about);
        put(&mut failure.details, "/kind", kind);
        failure.with_cause("FieldValueInvalid", problem, field)
    }

    /// 422 for a patch that does not fit, such as a failed `test`.
    pub fn patch_failed(why: &str) -> Failure {
        let failure = Failure::new(422, "Invalid", "the server rejected our request due to an error in our request");
        failure.with_cause("UnexpectedServerResponse", why, "")
    }

    /// 429 from the server's own limits.
    pub fn throttled() -> Failure {
        let failure = Failure::new(429, "TooManyRequests", "Too many requests, please try again later.");
        failure.retry_after(1)
    }

    /// 429 from a disruption budget.
    pub fn budget(why: &str) -> Failure {
        let failure = Failure::new(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.");
        failure.with_cause("DisruptionBudget", why, "")
    }

    /// 500.
    pub fn internal(message: impl Into<String>) -> Failure {
        let message = message.into();
        Failure::new(500, "InternalError", format!("Internal error occurred: {message}"))
    }

    /// 501.
    pub fn not_implemented(message: impl Into<String>) -> Failure {
        Failure::new(501, "NotImplemented", message)
    }

    /// 503.
    pub fn unavailable(message: impl Into<String>) -> Failure {
        Failure::new(503, "ServiceUnavailable", message)
    }

    /// Adds a `Retry-After`.
    pub fn retry_after(mut self, seconds: u64) -> Failure {
        put(&mut self.details, "/retryAfterSeconds", seconds);
        self
    }

    fn with_cause(mut self, reason: &str, message: &str, field: &str) -> Failure {
        let mut cause = json!({ "reason": reason, "message": message });
        if !field.is_empty() {
            put(&mut cause, "/field", field);
        }
        put(&mut self.details, "/causes", json!([cause]));
        self
    }

    /// Seconds for the `Retry-After` header, if there are any.
    pub fn wait(&self) -> Option<u64> {
        self.details.get("retryAfterSeconds")?.as_u64()
    }

    /// The `Status` object.
    pub fn status(&self) -> Value {
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "details": self.details, "code": self.code,
        })
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.code, self.reason, self.message)
    }
}

impl std::error::Error for Failure {}
