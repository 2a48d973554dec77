//! One object in the shape of its HCL block: for `show` and `state show`, and the header lines of the plan.

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use super::literal;
use super::paint::Look;
use super::paint::Marker;
use super::value::Example;
use super::value::Writer;
use super::value::key_width;
use crate::lang::Value;
use crate::lang::named::Names;
use crate::lang::named::names_of;
use crate::lang::print;
use crate::lang::types::Type;
use crate::lang::types::convert;
use crate::objects::AttributeSchema;
use crate::objects::AttributeType;
use crate::objects::Kind;
use crate::objects::Object;
use crate::plan::LIFECYCLE;

/// An object, with all attributes that are set:
///
/// ```text
/// # pipeline.weblogs.activity.archive
/// activity "copy" "archive" {
///     input  = data_node.server_log
///     output = data_node.archive
/// }
/// ```
pub(crate) fn object(object: &Object, example: Example<'_>, look: Look) -> String {
    let title = look.bold(&format!("# {}", object.address));
    let mut writer = Writer {
        look,
        object: Some(object),
        example,
        text: format!("{title}\n{} {{", header(object, None)),
    };
    let (blocks, set): (Vec<_>, Vec<_>) = object
        .attributes
        .iter()
        .filter(|(_, value)| **value != Value::NULL)
        .partition(|(name, _)| object.object_type.has_block(name));
    let width = key_width(set.iter().map(|(name, _)| *name));
    // Markers stand two columns before the text.
    for (name, value) in set {
        writer.key(name, width, 2, Marker::None);
        let value = readable(object, name, value);
        writer.value(&value, 2, Marker::None);
        writer.example(&value, 2, width);
    }
    let lifecycle = object.lifecycle.as_value();
    let mut names = Names::new();
    for (name, value) in &object.attributes {
        names_of(&masked(object, name, value), &mut names);
    }
    if let Some(lifecycle) = &lifecycle {
        names_of(lifecycle, &mut names);
    }
    writer.names((&names, &names), 2);
    for (name, value) in blocks {
        let value = masked(object, name, value);
        writer.part(name, (Some(&value), Some(&value)), 2);
    }
    if let Some(lifecycle) = lifecycle {
        writer.text.push('\n');
        writer.block(LIFECYCLE, (Some(&lifecycle), Some(&lifecycle)), 2);
    }
    writer.text.push_str("\n}\n");
    writer.text
}

/// What an object is, for machines.
pub(crate) fn named(object: &Object) -> Map<String, Json> {
    let kind = object.kind();
    let mut named = Map::new();
    named.insert("address".to_owned(), json!(object.address));
    named.insert("kind".to_owned(), json!(kind.as_str()));
    if kind.has_type() {
        named.insert("type".to_owned(), json!(object.object_type.name));
    }
    named.insert("pipeline".to_owned(), json!(object.pipeline));
    named
}

/// An object for machines, with all attributes that are set. What only a run knows is text as in HCL's JSON syntax; what is
/// sensitive is hidden.
pub(crate) fn json(object: &Object) -> String {
    let read = |value: &Value| -> Json {
        serde_json::from_str(&literal::json(value)).unwrap_or(Json::Null)
    };
    let set = object
        .attributes
        .iter()
        .filter(|(_, value)| **value != Value::NULL);
    let attributes: Map<String, Json> = set
        .map(|(name, value)| (name.to_string(), read(&masked(object, name, value))))
        .collect();
    let mut shown = named(object);
    shown.insert("attributes".to_owned(), attributes.into());
    if let Some(lifecycle) = object.lifecycle.as_value() {
        shown.insert(LIFECYCLE.to_owned(), read(&lifecycle));
    }
    format!("{:#}\n", Json::Object(shown))
}

/// The words before the brace: `activity "copy" "archive"`, `pipeline "weblogs"`, `precondition "exists"` for an object
/// written where it is used. `old_type`: the type label it had, if that changes.
pub(crate) fn header(object: &Object, old_type: Option<&str>) -> String {
    let kind = object.kind();
    let mut words = vec![kind.as_str().to_owned()];
    if let Some(old) = old_type {
        words.extend([quoted(old), "->".to_owned()]);
    }
    if kind.has_type() {
        words.push(quoted(object.object_type.name));
    }
    let names = names(object.address.as_str());
    let own = names.last().copied().unwrap_or_default();
    let in_object = match names.as_slice() {
        [.., owner, _, _, _] => Kind::parse(owner).is_some_and(|kind| kind != Kind::Pipeline),
        _ => false,
    };
    // A nested schedule or calendar has no type either: its address ends with its kind.
    let untyped = !kind.has_type() && !names.ends_with(&[kind.as_str(), own]);
    let nameless =
        untyped || !names.len().is_multiple_of(2) || (in_object && own == object.object_type.name);
    if !nameless && kind.has_name() {
        words.push(quoted(own));
    }
    words.join(" ")
}

/// A string literal.
fn quoted(text: &str) -> String {
    print::value(&Value::string(text))
}

/// An attribute's value as people read it: masked if need be, and a price, which is kept as text, without quotes.
pub(crate) fn readable(object: &Object, name: &str, value: &Value) -> Value {
    let schema = object.object_type.attribute(name);
    let masked = masked(object, name, value);
    match (&masked, schema.map(|schema| schema.value)) {
        (Value::String(_), Some(AttributeType::Price(_))) => {
            convert(&masked, &Type::Number).unwrap_or(masked)
        }
        _ => masked,
    }
}

/// An attribute's value, masked if its schema says so. Where a secret is kept may be seen.
pub(crate) fn masked(object: &Object, name: &str, value: &Value) -> Value {
    match object.object_type.attribute(name) {
        Some(schema) => masked_by(schema, value),
        None => value.clone(),
    }
}

fn masked_by(schema: &AttributeSchema, value: &Value) -> Value {
    match (schema.value.block(), value) {
        _ if schema.sensitive => value.clone().conceal(),
        (Some(_), Value::Tuple(blocks)) => {
            let blocks = blocks.iter().map(|block| masked_by(schema, block));
            Value::tuple(blocks.collect())
        }
        (Some(content), Value::Object(attributes)) => {
            let attributes = attributes.iter().map(|(name, value)| {
                let masked = match content.attribute(name) {
                    Some(inner) => masked_by(inner, value),
                    None => value.clone(),
                };
                (name.clone(), masked)
            });
            Value::object(attributes.collect())
        }
        _ => value.clone(),
    }
}

/// The names of an address without the keys in brackets.
fn names(address: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let (mut start, mut end) = (0, None);
    let (mut quoted, mut escaped) = (false, false);
    for (at, character) in address.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' if !quoted => end = end.or(Some(at)),
            '.' if !quoted => {
                names.extend(address.get(start..end.unwrap_or(at)));
                (start, end) = (at + 1, None);
            }
            _ => {}
        }
    }
    names.extend(address.get(start..end.unwrap_or(address.len())));
    names
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::header;
    use crate::objects::Address;
    use crate::objects::Kind;
    use crate::objects::Lifecycle;
    use crate::objects::Object;
    use crate::objects::registry;

    #[test]
    fn what_is_written_where_it_is_used_has_no_name() {
        for (kind, address, expected) in [
            (Kind::Schedule, "schedule.s", "schedule \"s\""),
            (Kind::Schedule, "pipeline.p.schedule.s[0]", "schedule \"s\""),
            (Kind::Schedule, "pipeline.p.schedule", "schedule"),
            (Kind::Schedule, "pipeline.p.activity.a.schedule", "schedule"),
            (Kind::Calendar, "calendar.c", "calendar \"c\""),
            (
                Kind::Calendar,
                "module.m.calendar.calendar",
                "calendar \"calendar\"",
            ),
            (Kind::Calendar, "schedule.s.calendar", "calendar"),
            (Kind::Calendar, "pipeline.p.schedule.calendar", "calendar"),
            (Kind::Calendar, "pipeline.p.schedule.s.calendar", "calendar"),
            (
                Kind::Calendar,
                "pipeline.p.activity.a.schedule.calendar",
                "calendar",
            ),
        ] {
            let object = Object {
                address: Address::new(address),
                object_type: registry::find(kind, "").unwrap(),
                attributes: BTreeMap::new(),
                written: BTreeMap::new(),
                pipeline: None,
                lifecycle: Lifecycle::default(),
            };
            assert_eq!(header(&object, None), expected, "{address}");
        }
    }
}
