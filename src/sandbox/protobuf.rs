//! Bodies in protobuf, as `kubectl auth` and `kubectl create` send them and nothing else: an envelope, and in it the object. What the
//! tables do not name is refused, never dropped; answers are always JSON, which every client takes.

mod messages;

use super::failure::Failure;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// What stands before every object of Kubernetes.
const MAGIC: &[u8] = b"k8s\0";

/// A field of a message: its number, its name in JSON, its kind.
type Field = (u64, &'static str, Kind);

/// How a field is written.
#[derive(Clone, Copy)]
enum Kind {
    /// Text; nothing if empty.
    Text,
    /// A list of texts.
    Texts,
    /// Bytes, in JSON as base64.
    Bytes,
    /// A number.
    Number,
    /// Yes; nothing if no.
    Flag,
    /// Text to text.
    TextMap,
    /// Text to one of these kinds of value.
    Map(&'static Kind),
    /// A message; nothing if empty.
    One(&'static [Field]),
    /// A list of messages.
    Many(&'static [Field]),
    /// A message with nothing but a text in it: a quantity.
    Quantity,
    /// Not taken: the server's own.
    Ignored,
}

/// Whether these bytes are such an object.
pub fn is(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// The object of this kind inside the envelope.
pub fn decode(kind: &str, bytes: &[u8]) -> Result<Value, Failure> {
    const ENVELOPE: u64 = 2;
    let refuse = |why: &str| Failure::unsupported(format!("a {kind} in protobuf is not understood here ({why}); send application/json"));
    let fields = messages::of(kind).ok_or_else(|| refuse("no such message"))?;
    let mut rest = bytes.strip_prefix(MAGIC).ok_or_else(|| refuse("no envelope"))?;
    while let Some(field) = next(&mut rest) {
        match field.ok_or_else(|| refuse("cut short"))? {
            (ENVELOPE, Content::Bytes(object)) => return read(fields, object).map_err(|why| refuse(&why)),
            _ => continue,
        }
    }
    Err(refuse("an empty envelope"))
}

/// What stands in a field.
#[derive(Clone, Copy)]
enum Content<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl Content<'_> {
    fn is_nothing(self) -> bool {
        match self {
            Content::Number(number) => number == 0,
            Content::Bytes(bytes) => bytes.is_empty(),
        }
    }
}

fn read(fields: &[Field], mut bytes: &[u8]) -> Result<Value, String> {
    let mut object = Map::new();
    while let Some(field) = next(&mut bytes) {
        let (number, content) = field.ok_or("cut short")?;
        match fields.iter().find(|(known, ..)| *known == number) {
            Some((_, name, kind)) => add(&mut object, name, *kind, content).map_err(|why| format!("{name}: {why}"))?,
            None if content.is_nothing() => {}
            None => return Err(format!("field {number}")),
        }
    }
    Ok(Value::Object(object))
}

fn add(object: &mut Map<String, Value>, name: &str, kind: Kind, content: Content<'_>) -> Result<(), String> {
    let push = |object: &mut Map<String, Value>, value: Value| match object.get_mut(name).and_then(Value::as_array_mut) {
        Some(list) => list.push(value),
        None => drop(object.insert(name.to_owned(), Value::Array(vec![value]))),
    };
    match (kind, content) {
        (Kind::Ignored, _) => {}
        (Kind::Flag, Content::Number(0)) => {}
        (Kind::Flag, Content::Number(_)) => drop(object.insert(name.to_owned(), true.into())),
        (Kind::Number, Content::Number(number)) => drop(object.insert(name.to_owned(), (number as i64).into())),
        (Kind::Texts, Content::Bytes(bytes)) => push(object, text(bytes)?),
        (Kind::Many(fields), Content::Bytes(bytes)) => push(object, read(fields, bytes)?),
        (Kind::TextMap, Content::Bytes(bytes)) => entry(object, name, &Kind::Text, bytes)?,
        (Kind::Map(kind), Content::Bytes(bytes)) => entry(object, name, kind, bytes)?,
        (kind, Content::Bytes(bytes)) => {
            if let Some(value) = single(kind, bytes)? {
                object.insert(name.to_owned(), value);
            }
        }
        (_, Content::Number(_)) => return Err("a number where there should be none".to_owned()),
    }
    Ok(())
}

fn single(kind: Kind, bytes: &[u8]) -> Result<Option<Value>, String> {
    let value = match kind {
        Kind::Text => text(bytes)?,
        Kind::Bytes => STANDARD.encode(bytes).into(),
        Kind::One(fields) => read(fields, bytes)?,
        Kind::Quantity => read(&[(1, "string", Kind::Text)], bytes)?.get("string").cloned().unwrap_or_default(),
        _ => return Err("of another kind".to_owned()),
    };
    Ok(Some(value).filter(|_| !bytes.is_empty()))
}

/// One entry of a map: a message with a key and a value.
fn entry(object: &mut Map<String, Value>, name: &str, kind: &Kind, mut bytes: &[u8]) -> Result<(), String> {
    let (mut key, mut value) = (String::new(), Value::String(String::new()));
    while let Some(field) = next(&mut bytes) {
        match field.ok_or("cut short")? {
            (1, Content::Bytes(bytes)) => key = String::from_utf8_lossy(bytes).into_owned(),
            (2, Content::Bytes(bytes)) => value = single(*kind, bytes)?.unwrap_or(value),
            _ => return Err("not an entry".to_owned()),
        }
    }
    let map = object.entry(name.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    map.as_object_mut().map(|map| map.insert(key, value));
    Ok(())
}

fn text(bytes: &[u8]) -> Result<Value, String> {
    std::str::from_utf8(bytes).map(Value::from).map_err(|_| "not a text".to_owned())
}

/// The next field; `None` at the end, `Some(None)` if what follows makes no sense.
fn next<'a>(bytes: &mut &'a [u8]) -> Option<Option<(u64, Content<'a>)>> {
    (!bytes.is_empty()).then(|| field(bytes))
}

fn field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Content<'a>)> {
    const NUMBER: u64 = 0;
    const BYTES: u64 = 2;
    let tag = varint(bytes)?;
    let content = match tag & 7 {
        NUMBER => Content::Number(varint(bytes)?),
        BYTES => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            let (content, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            Content::Bytes(content)
        }
        _ => return None,
    };
    Some((tag >> 3, content))
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

    fn part(number: u8, content: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, content.len() as u8][..], content].concat()
    }

    fn envelope(object: &[u8]) -> Vec<u8> {
        [MAGIC, &part(1, b"\x0a\x00"), &part(2, object)].concat()
    }

    #[test]
    fn objects_are_read_and_nonsense_is_refused() {
        let attributes = [part(2, b"delete"), part(5, b"pods"), part(7, b"")].concat();
        let review = envelope(&[part(1, b""), part(2, &part(1, &attributes))].concat());
        let expected = json!({"spec": {"resourceAttributes": {"verb": "delete", "resource": "pods"}}});
        assert_eq!(decode("SelfSubjectAccessReview", &review).unwrap(), expected);
        assert_eq!(decode("Endpoints", &review).unwrap_err().code, 415);
        for end in 0..review.len() {
            assert_eq!(decode("SelfSubjectAccessReview", &review[..end]).unwrap_err().code, 415, "cut at {end}");
        }
        let data = [part(1, b"k"), part(2, b"v")].concat();
        let map = [part(1, &part(1, b"one")), part(2, &data)].concat();
        assert_eq!(decode("ConfigMap", &envelope(&map)).unwrap(), json!({"metadata": {"name": "one"}, "data": {"k": "v"}}));
        let unknown = [part(1, &part(1, b"one")), part(15, b"x")].concat();
        assert!(decode("ConfigMap", &envelope(&unknown)).unwrap_err().to_string().contains("field 15"));
    }
}
