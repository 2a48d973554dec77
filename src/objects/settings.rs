//! Attributes with their defaults: the object's own, else its pipeline's, else the schema's.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::address::Address;
use super::kind::Kind;
use super::object::Object;
use super::schema::Default;
use crate::lang::Value;
use crate::time::parse_duration;

/// Objects by address: those of a configuration, or those of the state as of one serial.
pub type Objects = BTreeMap<Address, Object>;

/// An attribute of an object, else of its pipeline.
pub fn inherited<'a>(objects: &'a Objects, object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        let pipeline = objects.get(object.pipeline.as_ref()?)?;
        if object.kind() == Kind::Precondition {
            return None;
        }
        pipeline.get(name)
    })
}

/// The provider with which an object reaches AWS: its own, else its pipeline's. `None`: the environment says all.
pub fn provider<'a>(objects: &'a Objects, object: &'a Object) -> Option<&'a Object> {
    let own = object.reference("provider");
    let provider = own.or_else(|| {
        let pipeline = objects.get(object.pipeline.as_ref()?)?;
        pipeline.reference("provider")
    });
    objects.get(&provider?)
}

/// A text, with the schema's default.
pub fn text<'a>(objects: &'a Objects, object: &'a Object, name: &str) -> Option<&'a str> {
    match inherited(objects, object, name) {
        Some(Value::String(text)) => Some(text),
        _ => match object.object_type.attribute(name)?.default {
            Default::Text(text) => Some(text),
            _ => None,
        },
    }
}

/// A whole number, with the schema's default.
pub fn integer(objects: &Objects, object: &Object, name: &str) -> Option<i64> {
    match inherited(objects, object, name) {
        Some(Value::Number(number)) => number.to_i64(),
        _ => match object.object_type.attribute(name)?.default {
            Default::Integer(number) => Some(number),
            _ => None,
        },
    }
}

/// A bool, with the schema's default.
pub fn boolean(objects: &Objects, object: &Object, name: &str) -> Option<bool> {
    match inherited(objects, object, name) {
        Some(Value::Bool(value)) => Some(*value),
        _ => match object.object_type.attribute(name)?.default {
            Default::Bool(value) => Some(value),
            _ => None,
        },
    }
}

/// A length of time, with the schema's default.
pub fn duration(objects: &Objects, object: &Object, name: &str) -> Option<SignedDuration> {
    parse_duration(text(objects, object, name)?).ok()
}
