//! Whether two values mean the same to a run.
//!
//! The comparison is of behaviour, not of text: a default written out equals one left out, order does not matter in sets
//! and in lists of references that only name objects, lengths of time compare by length, residuals by their printed form.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::lang::Number;
use crate::lang::Value;
use crate::lang::named;
use crate::objects::AttributeSchema;
use crate::objects::AttributeType;
use crate::objects::BlockSchema;
use crate::objects::Default;
use crate::time::Cron;
use crate::time::Period;
use crate::time::parse_duration;
use crate::time::parse_holidays;

/// Whether an attribute means the same in both; `None` and `null` mean its default.
pub(super) fn same_attribute(
    schema: Option<&AttributeSchema>,
    old: Option<&Value>,
    new: Option<&Value>,
) -> bool {
    let default = schema.and_then(|schema| default_value(&schema.default));
    let old = set(old).or(default.as_ref());
    let new = set(new).or(default.as_ref());
    match (old, new) {
        (None, None) => true,
        (Some(old), Some(new)) => same(schema.map(|schema| &schema.value), old, new),
        _ => false,
    }
}

/// The value, if it is not `null`.
fn set(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| **value != Value::NULL)
}

fn default_value(default: &Default) -> Option<Value> {
    match default {
        Default::Required | Default::None => None,
        Default::Text(text) => Some(Value::string(*text)),
        Default::Integer(number) => Some(Value::Number(Number::from(*number))),
        Default::Bool(value) => Some(Value::Bool(*value)),
    }
}

fn same(kind: Option<&AttributeType>, old: &Value, new: &Value) -> bool {
    let (old, new) = (unmarked(old), unmarked(new));
    match (kind, old, new) {
        (
            Some(takes @ (AttributeType::Duration | AttributeType::Period)),
            Value::String(old),
            Value::String(new),
        ) => old == new || same_time(*takes, old, new),
        (Some(AttributeType::Cron), Value::String(old), Value::String(new)) => {
            old == new
                || matches!((Cron::parse(old), Cron::parse(new)), (Ok(old), Ok(new)) if old == new)
        }
        (Some(AttributeType::Holidays), Value::String(old), Value::String(new)) => {
            old == new
                || matches!((parse_holidays(old), parse_holidays(new)), (Ok(old), Ok(new)) if old == new)
        }
        (Some(AttributeType::DateTime), Value::String(old), Value::String(new)) => {
            old == new || same_moment(old, new)
        }
        (
            Some(
                AttributeType::Refs(_)
                | AttributeType::DependsOn
                | AttributeType::Weekdays
                | AttributeType::Dates,
            ),
            old,
            new,
        ) => same_unordered(&elements(old), &elements(new)),
        (Some(AttributeType::Block(content) | AttributeType::Blocks(content)), old, new) => {
            same_blocks(content, &|_| true, old, new)
        }
        (Some(AttributeType::NamedRefs(_)), old, new) => {
            if let (Value::Map(_) | Value::Object(_), _) | (_, Value::Map(_) | Value::Object(_)) =
                (old, new)
            {
                return same_value(old, new);
            }
            same_ordered(&elements(old), &elements(new))
        }
        _ => same_value(old, new),
    }
}

/// Whether blocks say the same, by those of their attributes that count.
fn same_blocks(
    content: &BlockSchema,
    counts: &impl Fn(&AttributeSchema) -> bool,
    old: &Value,
    new: &Value,
) -> bool {
    match (old, new) {
        (Value::Tuple(old), Value::Tuple(new)) => {
            old.len() == new.len()
                && old
                    .iter()
                    .zip(new.iter())
                    .all(|(old, new)| same_blocks(content, counts, old, new))
        }
        (Value::Object(old), Value::Object(new)) => content
            .attributes
            .iter()
            .filter(|schema| counts(schema))
            .all(|schema| {
                let sides = (set(old.get(schema.name)), set(new.get(schema.name)));
                match (schema.value.block(), sides) {
                    (Some(inner), (Some(old), Some(new))) => same_blocks(inner, counts, old, new),
                    (_, (old, new)) => same_attribute(Some(schema), old, new),
                }
            }),
        (old, new) => same_value(old, new),
    }
}

/// Whether the change of an attribute is only one of what no run looks at: its own, or that of the blocks that it is.
pub(super) fn only_metadata(
    schema: &AttributeSchema,
    old: Option<&Value>,
    new: Option<&Value>,
) -> bool {
    let within = || match (schema.value.block(), set(old), set(new)) {
        (Some(content), Some(old), Some(new)) => {
            same_blocks(content, &|schema| !schema.metadata, old, new)
        }
        _ => false,
    };
    schema.metadata || within()
}

/// Whether two values are equal by value: numbers by value, sets without order, residuals by their text.
pub fn same_value(old: &Value, new: &Value) -> bool {
    use Value::{Deferred, List, Map, Object, Set, Tuple};
    match (unmarked(old), unmarked(new)) {
        (Deferred(old), Deferred(new)) => Arc::ptr_eq(old, new) || named::same(old, new),
        (Set(old), Set(new) | List(new) | Tuple(new)) | (List(old) | Tuple(old), Set(new)) => {
            same_unordered(old, new)
        }
        (List(old) | Tuple(old), List(new) | Tuple(new)) => same_ordered(old, new),
        (Map(old) | Object(old), Map(new) | Object(new)) => {
            old.len() == new.len()
                && old
                    .iter()
                    .zip(new.iter())
                    .all(|(old, new)| old.0 == new.0 && same_value(old.1, new.1))
        }
        (old, new) => old == new,
    }
}

fn unmarked(value: &Value) -> &Value {
    match value {
        Value::Sensitive(value) => value,
        value => value,
    }
}

/// The elements of a collection; anything else is its own only element.
fn elements(value: &Value) -> Cow<'_, [Value]> {
    match value {
        Value::List(list) | Value::Tuple(list) | Value::Set(list) => Cow::Borrowed(list.as_slice()),
        other => Cow::Owned(vec![other.clone()]),
    }
}

fn same_ordered(old: &[Value], new: &[Value]) -> bool {
    old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same_value(old, new))
}

fn same_unordered(old: &[Value], new: &[Value]) -> bool {
    let within = |some: &[Value], all: &[Value]| {
        some.iter()
            .all(|value| all.iter().any(|other| same_value(value, other)))
    };
    // Sets are kept sorted, so most that are equal are so in order.
    same_ordered(old, new) || (within(old, new) && within(new, old))
}

/// Whether two texts of dates mean the same: `2026-11-01` and `2026-11-01T00:00`, but not with and without an offset.
fn same_moment(old: &str, new: &str) -> bool {
    match (old.parse::<Timestamp>(), new.parse::<Timestamp>()) {
        (Ok(old), Ok(new)) => old == new,
        (Err(_), Err(_)) => match (old.parse::<DateTime>(), new.parse::<DateTime>()) {
            (Ok(old), Ok(new)) => old == new,
            _ => false,
        },
        _ => false,
    }
}

/// Whether two texts of time mean the same: `60 seconds` and `1 minute`, but not `24 hours` and `1 day`.
fn same_time(takes: AttributeType, old: &str, new: &str) -> bool {
    length(takes, old).is_some_and(|old| length(takes, new) == Some(old))
}

/// A length of clock time, or a period of the calendar: the two do not mix.
#[derive(PartialEq)]
enum Length {
    Clock(jiff::SignedDuration),
    Calendar(Period),
}

/// What a text says as the value of an attribute of this type.
fn length(takes: AttributeType, text: &str) -> Option<Length> {
    match takes {
        AttributeType::Period => Period::parse(text).ok().map(Length::Calendar),
        _ => parse_duration(text).ok().map(Length::Clock),
    }
}
