//! From a value to the references that an attribute takes: one, several, named ones, and what is waited for.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::convert::Problem;
use crate::lang::Value;
use crate::objects::kind::Kind;
pub(super) fn reference(kind: Kind, value: &Value) -> Result<Value, Problem> {
    let wanted = kind.as_str();
    match value {
        Value::Ref(reference) if reference.kind.as_ref() == wanted => Ok(value.clone()),
        Value::Ref(reference) => Err(Problem::new(format!(
            "a reference to a {wanted} is needed; `{}` is a {}.",
            reference.address, reference.kind
        ))),
        Value::String(text) => Err(Problem::new(format!(
            "a reference to a {wanted} is needed; this is a string."
        ))
        .help(Some(format!(
            "Write the reference without quotes: `{wanted}.{}`.",
            text.rsplit('.').next().unwrap_or_default()
        )))),
        Value::Object(_) | Value::Tuple(_) => Err(Problem::new(format!(
            "a reference to one {wanted} is needed; this is {}. If the block has `for_each` or `count`, say which one: `{wanted}.NAME[KEY]`.",
            value.describe()
        ))),
        other => Err(Problem::new(format!(
            "a reference to a {wanted} is needed; this is {}.",
            other.describe()
        ))),
    }
}

/// One reference stays itself, several become a tuple without doubles.
pub(super) fn one_or_many(mut list: Vec<Value>) -> Value {
    let mut seen: Vec<Value> = Vec::with_capacity(list.len());
    list.retain(|value| {
        let new = !seen.contains(value);
        if new {
            seen.push(value.clone());
        }
        new
    });
    match list.len() {
        0 => Value::NULL,
        1 => list.swap_remove(0),
        _ => Value::tuple(list),
    }
}

pub(super) fn references(kind: Kind, value: &Value) -> Result<Value, Problem> {
    match value {
        Value::List(_) | Value::Tuple(_) | Value::Set(_) => Ok(one_or_many(
            flattened(value)
                .into_iter()
                .map(|value| reference(kind, value))
                .collect::<Result<_, _>>()?,
        )),
        Value::Null(_) => Ok(Value::NULL),
        single => reference(kind, single),
    }
}

/// A map keeps its names; everything else is named by the objects themselves.
pub(super) fn named_references(kind: Kind, value: &Value) -> Result<Value, Problem> {
    match value {
        Value::Map(map) | Value::Object(map) => {
            let mut named: BTreeMap<Arc<str>, Value> = BTreeMap::new();
            for (name, value) in map.iter() {
                named.insert(name.clone(), reference(kind, value)?);
            }
            Ok(Value::object(named))
        }
        other => {
            let found = references(kind, other)?;
            if let Value::Tuple(list) = &found {
                once_each(list)?;
            }
            Ok(found)
        }
    }
}

/// An object that is there twice, in different ways, would have one name for both.
fn once_each(list: &[Value]) -> Result<(), Problem> {
    let mut seen: Vec<&str> = Vec::with_capacity(list.len());
    for value in list {
        let Value::Ref(reference) = value else {
            continue;
        };
        if seen.contains(&&*reference.address) {
            return Err(Problem::new(format!(
                "`{}` is there more than once, with different windows or needs; give each a name: `{{ week = window(…), month = window(…) }}`.",
                reference.address
            )));
        }
        seen.push(&reference.address);
    }
    Ok(())
}

pub(super) fn depends_on(value: &Value) -> Result<Value, Problem> {
    match value {
        Value::Ref(_) => Ok(waits(value)?.swap_remove(0)),
        _ => Ok(one_or_many(waits(value)?)),
    }
}

/// References to what has to be waited for besides those that are there.
pub(super) fn with_waits(value: Value, more: &[Value]) -> Value {
    let mut all = match value {
        Value::Null(_) => Vec::new(),
        Value::Tuple(list) => list.to_vec(),
        single => vec![single],
    };
    all.extend(more.iter().cloned());
    one_or_many(all)
}

/// The activities and pipelines that a `depends_on` refers to.
pub(super) fn waits(value: &Value) -> Result<Vec<Value>, Problem> {
    let one = |value: &Value| match value {
        Value::Ref(reference) if matches!(reference.kind.as_ref(), "activity" | "pipeline") => {
            Ok(value.clone())
        }
        Value::Ref(other) => Err(Problem::new(format!(
            "a list of activities, pipelines or modules is needed; `{}` is a {}.",
            other.address, other.kind
        ))),
        other => Err(Problem::new(format!(
            "a list of activities, pipelines or modules is needed; this holds {}.",
            other.describe()
        ))),
    };
    match value {
        Value::List(_) | Value::Tuple(_) | Value::Set(_) | Value::Map(_) | Value::Object(_) => {
            flattened(value).into_iter().map(one).collect()
        }
        single => Ok(vec![one(single)?]),
    }
}

/// The elements of lists within lists: `[activity.c]` where `c` has `count` or `for_each`.
fn flattened(value: &Value) -> Vec<&Value> {
    match value {
        Value::List(list) | Value::Tuple(list) | Value::Set(list) => {
            list.iter().flat_map(flattened).collect()
        }
        Value::Map(map) | Value::Object(map) => map.values().flat_map(flattened).collect(),
        single => vec![single],
    }
}
