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
        Value::String(text) => Number::parse(text).or_else(|| number_with_bare_point(text)),
        _ => None,
    }
}

/// Reads a number without digits on one side of its point, as `.5` and `5.`: right in a string, though not in HCL.
fn number_with_bare_point(text: &str) -> Option<Number> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = whole.trim_start_matches(['-', '+']);
    let after_digits = fraction.is_empty() || fraction.starts_with(['e', 'E']);
    match (digits.is_empty(), after_digits) {
        (true, false) => Number::parse(&format!("{whole}0.{fraction}")),
        (false, true) => Number::parse(&format!("{whole}{fraction}")),
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
