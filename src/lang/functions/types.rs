//! Conversions to a type. The special forms `try`, `can` and `sensitive` belong to the evaluator, not here.

use super::Accepts;
use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::Purity;
use super::collections::ordered;
use super::collections::take;
use super::collections::unify::unified;
use crate::lang::types::Type;
use crate::lang::types::convert;
use crate::lang::value::Value;

/// The functions of the family.
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "ephemeralasnull",
        parameters: &[Parameter::new("value", Accepts::Any)
            .nullable()
            .structural()],
        variadic: None,
        doc: "The value as it is; null for one that is ephemeral, of which there are none here.",
        purity: Purity::Pure,
        body: ephemeralasnull,
    },
    Function {
        name: "tobool",
        parameters: &[Parameter::new("value", Accepts::Any).nullable()],
        variadic: None,
        doc: "The value as a bool.",
        purity: Purity::Pure,
        body: tobool,
    },
    Function {
        name: "tolist",
        parameters: &[Parameter::new("value", Accepts::Any)
            .nullable()
            .structural()],
        variadic: None,
        doc: "The elements as a list of one type.",
        purity: Purity::Pure,
        body: tolist,
    },
    Function {
        name: "tomap",
        parameters: &[Parameter::new("value", Accepts::Any)
            .nullable()
            .structural()],
        variadic: None,
        doc: "The attributes as a map of one type.",
        purity: Purity::Pure,
        body: tomap,
    },
    Function {
        name: "tonumber",
        parameters: &[Parameter::new("value", Accepts::Any).nullable()],
        variadic: None,
        doc: "The value as a number.",
        purity: Purity::Pure,
        body: tonumber,
    },
    Function {
        name: "toset",
        parameters: &[Parameter::new("value", Accepts::Any)
            .nullable()
            .structural()],
        variadic: None,
        doc: "The elements as a set of one type.",
        purity: Purity::Pure,
        body: toset,
    },
    Function {
        name: "tostring",
        parameters: &[Parameter::new("value", Accepts::Any).nullable()],
        variadic: None,
        doc: "The value as a string.",
        purity: Purity::Pure,
        body: tostring,
    },
];

fn ephemeralasnull(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [value] = take(arguments)?;
    Ok(value.clone())
}

fn tobool(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    primitive(arguments, &Type::Bool, "a bool")
}

fn tonumber(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    primitive(arguments, &Type::Number, "a number")
}

fn tostring(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    primitive(arguments, &Type::String, "a string")
}

fn primitive(arguments: &[Value], ty: &Type, what: &str) -> Result<Value, CallError> {
    let [value] = take(arguments)?;
    if let Value::Null(_) = value {
        return Ok(Value::null_of(ty.clone()));
    }
    convert(value, ty).map_err(|_| cannot(value, what))
}

fn cannot(value: &Value, what: &str) -> CallError {
    CallError::at(
        0,
        format!("{} cannot be converted to {what}", value.describe()),
    )
}

/// The elements as a list. Deferred elements stay; what they are is seen when they are known.
fn tolist(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [value] = take(arguments)?;
    match value {
        Value::Null(None) => Ok(Value::null_of(Type::List(Box::new(Type::Any)))),
        Value::Null(_) | Value::List(_) => Ok(value.clone()),
        Value::Set(_) | Value::Tuple(_) => {
            let elements = unified(ordered(value)?);
            let (elements, of) = elements.ok_or_else(|| cannot(value, "a list of one type"))?;
            Ok(Value::list_of(elements, of))
        }
        _ => Err(cannot(value, "a list")),
    }
}

/// The elements as a set. Which of them are doubles would show what sensitive ones are, so then the set is sensitive.
fn toset(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [value] = take(arguments)?;
    match value {
        Value::Null(None) => Ok(Value::null_of(Type::Set(Box::new(Type::Any)))),
        Value::Null(_) | Value::Set(_) => Ok(value.clone()),
        Value::List(_) | Value::Tuple(_) => {
            let (bare, sensitive) = value.clone().unmark_deep();
            let elements = unified(ordered(&bare)?);
            let (elements, of) = elements.ok_or_else(|| cannot(value, "a set of one type"))?;
            Ok(Value::set_of(elements, of).mark(sensitive))
        }
        _ => Err(cannot(value, "a set")),
    }
}

/// The attributes as a map. Deferred ones stay; what they are is seen when they are known.
fn tomap(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [value] = take(arguments)?;
    match value {
        Value::Null(None) => Ok(Value::null_of(Type::Map(Box::new(Type::Any)))),
        Value::Null(_) | Value::Map(_) => Ok(value.clone()),
        Value::Object(attributes) => {
            let values: Vec<Value> = attributes.values().cloned().collect();
            let (values, of) =
                unified(&values).ok_or_else(|| cannot(value, "a map of one type"))?;
            let entries = attributes.keys().cloned().zip(values).collect();
            Ok(Value::map_of(entries, of))
        }
        _ => Err(cannot(value, "a map")),
    }
}

#[cfg(test)]
mod tests {
    use crate::lang::test_support::TestScope;

    #[test]
    fn values_are_converted() {
        let scope = TestScope::new("{}", &["run"]);
        for (call, expected) in [
            ("tobool(\"true\")", "true"),
            ("tobool(null)", "tobool(null)"),
            ("tonumber(\"1.50\")", "1.5"),
            ("tostring(true)", "\"true\""),
            ("tostring(run.a)", "tostring(run.a)"),
            (
                "tolist([1, \"a\", null])",
                r#"tolist(["1", "a", tostring(null)])"#,
            ),
            ("tolist([[1], [\"a\"]])", r#"tolist([["1"], ["a"]])"#),
            (
                "tolist([{ a = 1 }, { b = 2 }])",
                "tolist([tomap({ a = 1 }), tomap({ b = 2 })])",
            ),
            ("tolist([run.a, 1])", "tolist([run.a, 1])"),
            ("tolist(toset([run.a, 1]))", "tolist(toset([run.a, 1]))"),
            ("toset([1, \"1\", true])", r#"toset(["1", "true"])"#),
            (
                "tomap({ a = 1, b = \"x\" })",
                r#"tomap({ a = "1", b = "x" })"#,
            ),
            ("tomap({ a = run.a })", "tomap({ a = run.a })"),
        ] {
            assert_eq!(scope.shown(call), expected, "{call}");
        }
    }

    #[test]
    fn what_cannot_be_converted_is_an_error() {
        let scope = TestScope::new("{}", &["run"]);
        for call in [
            "tobool(\"True\")",
            "tobool(1)",
            "tonumber(\"x\")",
            "tonumber(true)",
            "tostring([1])",
            "tolist([1, [2]])",
            "tolist([1, true])",
            "tolist({ a = 1 })",
            "toset(\"a\")",
            "tomap({ a = 1, b = [1] })",
            "tomap([1])",
        ] {
            let shown = scope.shown(call);
            assert!(shown.contains("cannot be converted to"), "{call}: {shown}");
        }
    }
}
