//! Reviews as kubectl sends them: `kubectl auth` writes protobuf and nothing else. Only their few fields are read here; answers are
//! always JSON, which every client takes.

use serde_json::{Map, Value};

/// A message: its fields by number and name; with a message below, or text without one.
struct Message(&'static [(u64, &'static str, Option<&'static Message>)]);

const RESOURCE: Message = Message(&[
    (1, "namespace", None),
    (2, "verb", None),
    (3, "group", None),
    (4, "version", None),
    (5, "resource", None),
    (6, "subresource", None),
    (7, "name", None),
]);
const PATH: Message = Message(&[(1, "path", None), (2, "verb", None)]);
const ACCESS: Message = Message(&[(1, "resourceAttributes", Some(&RESOURCE)), (2, "nonResourceAttributes", Some(&PATH))]);
const RULES: Message = Message(&[(1, "namespace", None)]);

/// Kinds that may come so.
const REVIEWS: &[(&str, Message)] = &[
    ("SelfSubjectAccessReview", Message(&[(2, "spec", Some(&ACCESS))])),
    ("SelfSubjectRulesReview", Message(&[(2, "spec", Some(&RULES))])),
    ("SelfSubjectReview", Message(&[])),
];

/// What stands before every message of Kubernetes.
const MAGIC: &[u8] = b"k8s\0";

/// The object inside the envelope, if `kind` is one that may come so and the bytes can be understood.
pub fn decode(kind: &str, bytes: &[u8]) -> Option<Value> {
    const ENVELOPE: u64 = 2;
    let (_, message) = REVIEWS.iter().find(|(name, _)| *name == kind)?;
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let mut object = Value::Object(Map::new());
    while let Some((number, content)) = field(&mut rest)? {
        if number == ENVELOPE {
            object = read(message, content?)?;
        }
    }
    Some(object)
}

fn read(message: &Message, mut bytes: &[u8]) -> Option<Value> {
    let mut object = Map::new();
    while let Some((number, content)) = field(&mut bytes)? {
        let known = message.0.iter().find(|(known, ..)| *known == number);
        if let (Some((_, name, below)), Some(content)) = (known, content) {
            let value = match below {
                Some(below) => read(below, content)?,
                None => String::from_utf8(content.to_vec()).ok()?.into(),
            };
            object.insert((*name).to_owned(), value);
        }
    }
    Some(Value::Object(object))
}

/// The next field's number, and its content where it has a length; `Some(None)` at the end, `None` if it makes no sense.
#[expect(clippy::type_complexity, reason = "the end and nonsense are different things, and so are the kinds of content")]
fn field<'a>(bytes: &mut &'a [u8]) -> Option<Option<(u64, Option<&'a [u8]>)>> {
    if bytes.is_empty() {
        return Some(None);
    }
    let tag = varint(bytes)?;
    let length = match tag & 7 {
        0 => return varint(bytes).map(|_| Some((tag >> 3, None))),
        1 => 8,
        2 => usize::try_from(varint(bytes)?).ok()?,
        5 => 4,
        _ => return None,
    };
    let (content, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(Some((tag >> 3, (tag & 7 == 2).then_some(content))))
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_review_is_read_and_nonsense_is_not() {
        let attributes = b"\x12\x06delete\x2a\x04pods";
        let spec = [&[0x0a, attributes.len() as u8][..], attributes].concat();
        let review = [&[0x0a, 0x00, 0x12, spec.len() as u8][..], &spec].concat();
        let envelope = [MAGIC, b"\x0a\x02\x0a\x00", &[0x12, review.len() as u8], &review].concat();
        let expected = json!({"spec": {"resourceAttributes": {"verb": "delete", "resource": "pods"}}});
        assert_eq!(decode("SelfSubjectAccessReview", &envelope), Some(expected));
        assert_eq!(decode("Pod", &envelope), None);
        for end in 1..envelope.len() {
            // Cut anywhere, it never panics.
            let _ = decode("SelfSubjectAccessReview", &envelope[..end]);
        }
        assert_eq!(decode("SelfSubjectReview", b"{}"), None);
    }
}
