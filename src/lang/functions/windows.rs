//! `window` and `require`: references that say which intervals of a node are meant, and how many of them are needed.

use std::sync::Arc;

use super::Accepts;
use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::Purity;
use super::text;
use crate::lang::length;
use crate::lang::length::Part;
use crate::lang::length::Unit;
use crate::lang::value::REQUIRE_WORDS;
use crate::lang::value::Reference;
use crate::lang::value::Value;
use crate::lang::value::Window;

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[WINDOW, REQUIRE];

const WINDOW: Function = Function {
    name: "window",
    parameters: &[
        Parameter::new("node", Accepts::Any),
        Parameter::string("length"),
    ],
    variadic: Some(Parameter::string("offset").nullable().optional()),
    doc: "Refers to the intervals of a data node or an activity that lie in a window of this length, which ends where the reader's interval ends and may be shifted: `window(data_node.clicks, \"28 days\", \"-1 day\")`. For `input` and `depends_on`.",
    purity: Purity::Pure,
    body: window,
};

const REQUIRE: Function = Function {
    name: "require",
    parameters: &[
        Parameter::new("node", Accepts::Any),
        Parameter::string("which"),
    ],
    variadic: None,
    doc: "Refers to a data node or an activity, also in a `window`, of which `all` intervals, `any` that is finished, or the `latest` is needed, whatever `require` of the activity says of the others: `require(data_node.clicks, \"any\")`. For `input` and `depends_on`.",
    purity: Purity::Pure,
    body: require,
};

fn require(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let reference = node(arguments, "require")?;
    if let Some(require) = &reference.require {
        return Err(CallError::at(
            0,
            format!(
                "of `{}` it is said already that `{require}` is needed",
                reference.address
            ),
        ));
    }
    let which = text(arguments, 1)?;
    if !REQUIRE_WORDS.contains(&which) {
        let hint = crate::diag::did_you_mean(which, REQUIRE_WORDS).unwrap_or_default();
        let reason = format!("`{which}` is not `all`, `any` or `latest`. {hint}");
        return Err(CallError::at(1, reason.trim_end_matches([' ', '.', '?'])));
    }
    Ok(Value::Ref(Arc::new(Reference {
        require: Some(which.into()),
        ..reference.as_ref().clone()
    })))
}

/// The one node that the first argument of a function refers to.
fn node<'a>(arguments: &'a [Value], function: &str) -> Result<&'a Arc<Reference>, CallError> {
    let reference = match arguments.first() {
        Some(Value::Ref(reference)) => reference,
        Some(Value::Object(_) | Value::Map(_) | Value::Tuple(_) | Value::List(_)) => {
            return Err(CallError::at(
                0,
                format!(
                    "a reference to one data node or activity is needed, and this is a collection; for all of them write `[for node in … : {function}(node, …)]`"
                ),
            ));
        }
        other => {
            let what = other.map_or_else(|| "nothing".to_owned(), Value::describe);
            return Err(CallError::at(
                0,
                format!("a reference to a data node or an activity is needed; this is {what}"),
            ));
        }
    };
    if !matches!(&*reference.kind, "data_node" | "activity") {
        return Err(CallError::at(
            0,
            format!(
                "only data nodes and activities have intervals to choose from; `{}` is a {}",
                reference.address, reference.kind
            ),
        ));
    }
    Ok(reference)
}

fn window(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let reference = node(arguments, "window")?;
    if reference.window.is_some() {
        return Err(CallError::at(
            0,
            format!("`{}` has a window already", reference.address),
        ));
    }
    let length = part(arguments, 1)?;
    if length.number < 1 {
        return Err(CallError::at(
            1,
            "the length of a window is positive; a window is moved by its offset, the third argument",
        ));
    }
    let offset = match arguments.get(2) {
        None | Some(Value::Null(_)) => None,
        Some(_) => Some(part(arguments, 2)?),
    };
    Ok(Value::Ref(Arc::new(Reference {
        window: Some(Window {
            length: length.to_string().into(),
            offset: offset
                .filter(|offset| offset.number != 0)
                .map(|offset| offset.to_string().into()),
        }),
        ..reference.as_ref().clone()
    })))
}

/// A length of one part, of the units that a schedule may have.
fn part(arguments: &[Value], index: usize) -> Result<Part, CallError> {
    let text = text(arguments, index)?;
    let parts = length::parse(text).map_err(|error| CallError::at(index, error.to_string()))?;
    match parts.as_slice() {
        [
            Part {
                unit: Unit::Second | Unit::Quarter,
                ..
            },
        ] => Err(CallError::at(
            index,
            format!(
                "`{text}` is not a length that intervals can have: the units are minutes, hours, days, weeks, months and years"
            ),
        )),
        [part] => Ok(*part),
        _ => Err(CallError::at(
            index,
            format!("one number and one unit are needed, such as \"28 days\"; this is `{text}`"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use crate::lang::Value;
    use crate::lang::print;
    use crate::lang::stored;
    use crate::lang::test_support::TestScope;
    use crate::lang::test_support::reference;

    fn scope() -> TestScope {
        let mut scope = TestScope::default();
        for kind in ["data_node", "activity", "schedule"] {
            let x = reference(kind, &format!("{kind}.x"));
            let objects = BTreeMap::from([(Arc::from("x"), x)]);
            scope.names.insert(kind.to_owned(), Value::object(objects));
        }
        scope
    }

    #[test]
    fn a_window_prints_as_it_is_written() {
        for (text, printed) in [
            (
                "window(data_node.x, \"28 days\")",
                "window(data_node.x, \"28 days\")",
            ),
            (
                "window(data_node.x, \"7days\", \"-1 days\")",
                "window(data_node.x, \"7 days\", \"-1 day\")",
            ),
            (
                "window(activity.x, \"1 month\", null)",
                "window(activity.x, \"1 month\")",
            ),
            (
                "window(data_node.x, \"1 month\", \"0 days\")",
                "window(data_node.x, \"1 month\")",
            ),
        ] {
            assert_eq!(scope().shown(text), printed, "{text}");
        }
    }

    #[test]
    fn a_need_stands_around_the_window() {
        for (text, printed) in [
            (
                "require(data_node.x, \"any\")",
                "require(data_node.x, \"any\")",
            ),
            (
                "require(window(data_node.x, \"7days\"), \"latest\")",
                "require(window(data_node.x, \"7 days\"), \"latest\")",
            ),
            (
                "window(require(activity.x, \"all\"), \"1 day\", \"-1 day\")",
                "require(window(activity.x, \"1 day\", \"-1 day\"), \"all\")",
            ),
        ] {
            assert_eq!(scope().shown(text), printed, "{text}");
        }
        let different = "require(data_node.x, \"any\") == data_node.x";
        assert_eq!(scope().shown(different), "false");
    }

    #[test]
    fn a_window_survives_being_stored() {
        for text in [
            "require(data_node.x, \"any\")",
            "require(window(data_node.x, \"28 days\"), \"latest\")",
            "window(data_node.x, \"28 days\")",
            "[window(activity.x, \"28 days\", \"-1 day\"), data_node.x]",
        ] {
            let scope = scope();
            let value = scope.evaluate(text, crate::lang::Phase::Run).unwrap();
            let json = stored::to_json(&value);
            let read = stored::from_json(&json, crate::diag::FileId(0)).unwrap();
            assert_eq!(read, value);
            assert_eq!(print::value(&read), text);
        }
    }

    #[test]
    fn what_is_no_window_says_why() {
        for (text, reason) in [
            ("window(\"x\", \"1 day\")", "this is the string \"x\""),
            ("window([data_node.x], \"1 day\")", "this is a collection"),
            (
                "window(schedule.x, \"1 day\")",
                "`schedule.x` is a schedule",
            ),
            (
                "window(window(data_node.x, \"1 day\"), \"1 day\")",
                "has a window already",
            ),
            (
                "require(require(data_node.x, \"any\"), \"all\")",
                "that `any` is needed",
            ),
            ("require(\"x\", \"any\")", "this is the string \"x\""),
            (
                "require([data_node.x], \"any\")",
                "`[for node in … : require(node, …)]`",
            ),
            (
                "require(data_node.x, \"lates\")",
                "`lates` is not `all`, `any` or `latest`. Did you mean `latest`",
            ),
            ("require(schedule.x, \"any\")", "`schedule.x` is a schedule"),
            ("window(data_node.x, \"-1 day\")", "is positive"),
            ("window(data_node.x, \"0 days\")", "is positive"),
            (
                "window(data_node.x, \"1 day 2 hours\")",
                "one number and one unit",
            ),
            ("window(data_node.x, \"90 seconds\")", "the units are"),
            ("window(data_node.x, \"1 dya\")", "Did you mean `day`"),
            (
                "window(data_node.x, \"1 day\", \"1 day\", \"1 day\")",
                "window(node, length, [offset])",
            ),
        ] {
            let shown = scope().shown(text);
            assert!(shown.contains(reason), "{text}: {shown}");
        }
    }
}
