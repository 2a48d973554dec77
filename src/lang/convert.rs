//! Conversions between the primitive types, as Terraform makes them on its own.

use std::sync::Arc;

use super::number::Number;
use super::value::Value;

/// The value as a string; `None` if it has no string form.
pub(super) fn to_text(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(Arc::clone(text)),
        Value::Number(number) => Some(Arc::from(number.to_string())),
        Value::Bool(value) => Some(Arc::from(if *value { "true" } else { "false" })),
        _ => None,
    }
}

/// The value as a number; `None` if it is no number and no string that says one.
pub(super) fn to_number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => Number::parse(text),
        _ => None,
    }
}

/// The value as a bool; `None` if it is no bool and no string that says one.
pub(super) fn to_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => match &**text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}
