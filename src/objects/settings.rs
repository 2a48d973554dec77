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
    Settings::of(objects, object).inherited(name)
}

/// An object with its pipeline: that is looked up once for all attributes.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    object: &'a Object,
    pipeline: Option<&'a Object>,
}

impl<'a> Settings<'a> {
    /// Those of an object.
    pub fn of(objects: &'a Objects, object: &'a Object) -> Self {
        let pipeline = object.pipeline.as_ref();
        Self {
            object,
            pipeline: pipeline.and_then(|pipeline| objects.get(pipeline)),
        }
    }

    /// The object, and its pipeline.
    pub fn both(self) -> impl Iterator<Item = &'a Object> {
        [Some(self.object), self.pipeline].into_iter().flatten()
    }

    /// An attribute of the object, else of its pipeline.
    pub fn inherited(self, name: &str) -> Option<&'a Value> {
        self.object.get(name).or_else(|| {
            let pipeline = self.pipeline?;
            if self.object.kind() == Kind::Precondition {
                return None;
            }
            pipeline.get(name)
        })
    }

    /// A text, with the schema's default.
    pub fn text(self, name: &str) -> Option<&'a str> {
        as_text(self.inherited(name), self.object, name)
    }

    /// A whole number, with the schema's default.
    pub fn integer(self, name: &str) -> Option<i64> {
        as_integer(self.inherited(name), self.object, name)
    }

    /// A bool, with the schema's default.
    pub fn boolean(self, name: &str) -> Option<bool> {
        as_boolean(self.inherited(name), self.object, name)
    }

    /// A length of time, with the schema's default.
    pub fn duration(self, name: &str) -> Option<SignedDuration> {
        parse_duration(self.text(name)?).ok()
    }
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
    as_text(inherited(objects, object, name), object, name)
}

fn as_text<'a>(found: Option<&'a Value>, object: &Object, name: &str) -> Option<&'a str> {
    match found {
        Some(Value::String(text)) => Some(text),
        _ => match object.object_type.attribute(name)?.default {
            Default::Text(text) => Some(text),
            _ => None,
        },
    }
}

/// A whole number, with the schema's default.
pub fn integer(objects: &Objects, object: &Object, name: &str) -> Option<i64> {
    as_integer(inherited(objects, object, name), object, name)
}

fn as_integer(found: Option<&Value>, object: &Object, name: &str) -> Option<i64> {
    match found {
        Some(Value::Number(number)) => number.to_i64(),
        _ => match object.object_type.attribute(name)?.default {
            Default::Integer(number) => Some(number),
            _ => None,
        },
    }
}

/// A bool, with the schema's default.
pub fn boolean(objects: &Objects, object: &Object, name: &str) -> Option<bool> {
    as_boolean(inherited(objects, object, name), object, name)
}

fn as_boolean(found: Option<&Value>, object: &Object, name: &str) -> Option<bool> {
    match found {
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
