//! Functions over lists, sets, tuples, maps and objects: the table of the family and what its functions share.
//!
//! Those that look only at the structure take elements that are deferred or sensitive, and hand them on. Where the
//! result would depend on a deferred element (how many a set has once it is known), the call is undecidable.

mod mappings;
mod sequences;
mod sets;
pub(super) use crate::lang::unify;

use std::collections::BTreeMap;
use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation as _;

use super::Accepts;
use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::Purity;
use crate::lang::number::Number;
use crate::lang::types::Type;
use crate::lang::value::Value;

/// The functions of the family.
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "alltrue",
        parameters: &[Parameter::new("list", Accepts::Sequence)],
        variadic: None,
        doc: "Whether all elements are true.",
        purity: Purity::Pure,
        body: sequences::alltrue,
    },
    Function {
        name: "anytrue",
        parameters: &[Parameter::new("list", Accepts::Sequence)],
        variadic: None,
        doc: "Whether any element is true.",
        purity: Purity::Pure,
        body: sequences::anytrue,
    },
    Function {
        name: "chunklist",
        parameters: &[
            Parameter::new("list", Accepts::Sequence).structural(),
            Parameter::new("size", Accepts::Number),
        ],
        variadic: None,
        doc: "The elements in lists of a size.",
        purity: Purity::Pure,
        body: sequences::chunklist,
    },
    Function {
        name: "coalesce",
        parameters: &[Parameter::new("values", Accepts::Any)
            .nullable()
            .structural()],
        variadic: Some(
            Parameter::new("values", Accepts::Any)
                .nullable()
                .structural(),
        ),
        doc: "The first value that is neither null nor an empty string.",
        purity: Purity::Pure,
        body: coalesce,
    },
    Function {
        name: "coalescelist",
        parameters: &[Parameter::new("lists", Accepts::Sequence)
            .nullable()
            .structural()],
        variadic: Some(
            Parameter::new("lists", Accepts::Sequence)
                .nullable()
                .structural(),
        ),
        doc: "The first list that is neither null nor empty.",
        purity: Purity::Pure,
        body: sequences::coalescelist,
    },
    Function {
        name: "compact",
        parameters: &[Parameter::new("list", Accepts::Sequence)],
        variadic: None,
        doc: "The strings that are neither null nor empty.",
        purity: Purity::Pure,
        body: sequences::compact,
    },
    Function {
        name: "concat",
        parameters: &[Parameter::new("lists", Accepts::Sequence).structural()],
        variadic: Some(Parameter::new("lists", Accepts::Sequence).structural()),
        doc: "One list after the other.",
        purity: Purity::Pure,
        body: sequences::concat,
    },
    Function {
        name: "contains",
        parameters: &[
            Parameter::new("list", Accepts::Sequence),
            Parameter::new("value", Accepts::Any),
        ],
        variadic: None,
        doc: "Whether a value is among the elements.",
        purity: Purity::Pure,
        body: sequences::contains,
    },
    Function {
        name: "distinct",
        parameters: &[Parameter::new("list", Accepts::Sequence)],
        variadic: None,
        doc: "The elements without doubles, in the order of their first occurrence.",
        purity: Purity::Pure,
        body: sequences::distinct,
    },
    Function {
        name: "element",
        parameters: &[
            Parameter::new("list", Accepts::Sequence).structural(),
            Parameter::new("index", Accepts::Number),
        ],
        variadic: None,
        doc: "The element at a position, which starts over after the last.",
        purity: Purity::Pure,
        body: sequences::element,
    },
    Function {
        name: "flatten",
        parameters: &[Parameter::new("list", Accepts::Sequence).structural()],
        variadic: None,
        doc: "The elements, with lists among them replaced by theirs.",
        purity: Purity::Pure,
        body: sequences::flatten,
    },
    Function {
        name: "index",
        parameters: &[
            Parameter::new("list", Accepts::Sequence),
            Parameter::new("value", Accepts::Any),
        ],
        variadic: None,
        doc: "The position of the first element that is the value.",
        purity: Purity::Pure,
        body: sequences::index,
    },
    Function {
        name: "keys",
        parameters: &[Parameter::new("map", Accepts::Mapping).structural()],
        variadic: None,
        doc: "The keys, sorted.",
        purity: Purity::Pure,
        body: mappings::keys,
    },
    Function {
        name: "length",
        parameters: &[Parameter::new("value", Accepts::Any).structural()],
        variadic: None,
        doc: "The number of elements, or of characters.",
        purity: Purity::Pure,
        body: length,
    },
    Function {
        name: "lookup",
        parameters: &[
            Parameter::new("map", Accepts::Mapping).structural(),
            Parameter::new("key", Accepts::String),
        ],
        variadic: Some(
            Parameter::new("default", Accepts::Any)
                .nullable()
                .structural(),
        ),
        doc: "The element of a key, or a default.",
        purity: Purity::Pure,
        body: mappings::lookup,
    },
    Function {
        name: "matchkeys",
        parameters: &[
            Parameter::new("values", Accepts::Sequence),
            Parameter::new("keys", Accepts::Sequence),
            Parameter::new("searchset", Accepts::Sequence),
        ],
        variadic: None,
        doc: "The values whose keys are in a set.",
        purity: Purity::Pure,
        body: sequences::matchkeys,
    },
    Function {
        name: "merge",
        parameters: &[],
        variadic: Some(
            Parameter::new("maps", Accepts::Mapping)
                .nullable()
                .structural(),
        ),
        doc: "The elements of all maps; later ones replace earlier ones.",
        purity: Purity::Pure,
        body: mappings::merge,
    },
    Function {
        name: "one",
        parameters: &[Parameter::new("list", Accepts::Sequence).structural()],
        variadic: None,
        doc: "The only element, or null if there is none.",
        purity: Purity::Pure,
        body: sequences::one,
    },
    Function {
        name: "range",
        parameters: &[Parameter::new("limits", Accepts::Number)],
        variadic: Some(Parameter::new("limits", Accepts::Number)),
        doc: "The numbers from a start to before an end.",
        purity: Purity::Pure,
        body: sequences::range,
    },
    Function {
        name: "reverse",
        parameters: &[Parameter::new("list", Accepts::Sequence).structural()],
        variadic: None,
        doc: "The elements from the last to the first.",
        purity: Purity::Pure,
        body: sequences::reverse,
    },
    Function {
        name: "setintersection",
        parameters: &[Parameter::new("sets", Accepts::Sequence)],
        variadic: Some(Parameter::new("sets", Accepts::Sequence)),
        doc: "What is in all of the sets.",
        purity: Purity::Pure,
        body: sets::setintersection,
    },
    Function {
        name: "setproduct",
        parameters: &[
            Parameter::new("sets", Accepts::Sequence),
            Parameter::new("sets", Accepts::Sequence),
        ],
        variadic: Some(Parameter::new("sets", Accepts::Sequence)),
        doc: "All combinations of one element of each set.",
        purity: Purity::Pure,
        body: sets::setproduct,
    },
    Function {
        name: "setsubtract",
        parameters: &[
            Parameter::new("from", Accepts::Sequence),
            Parameter::new("subtracted", Accepts::Sequence),
        ],
        variadic: None,
        doc: "What is in the first set and not in the second.",
        purity: Purity::Pure,
        body: sets::setsubtract,
    },
    Function {
        name: "setunion",
        parameters: &[Parameter::new("sets", Accepts::Sequence)],
        variadic: Some(Parameter::new("sets", Accepts::Sequence)),
        doc: "What is in any of the sets.",
        purity: Purity::Pure,
        body: sets::setunion,
    },
    Function {
        name: "slice",
        parameters: &[
            Parameter::new("list", Accepts::Sequence).structural(),
            Parameter::new("start", Accepts::Number),
            Parameter::new("end", Accepts::Number),
        ],
        variadic: None,
        doc: "The elements from a position to before another.",
        purity: Purity::Pure,
        body: sequences::slice,
    },
    Function {
        name: "sort",
        parameters: &[Parameter::new("list", Accepts::Sequence)],
        variadic: None,
        doc: "The strings in the order of their bytes.",
        purity: Purity::Pure,
        body: sequences::sort,
    },
    Function {
        name: "sum",
        parameters: &[Parameter::new("list", Accepts::Sequence)],
        variadic: None,
        doc: "The sum of the numbers.",
        purity: Purity::Pure,
        body: sequences::sum,
    },
    Function {
        name: "transpose",
        parameters: &[Parameter::new("map", Accepts::Mapping)],
        variadic: None,
        doc: "A map of lists of strings turned round.",
        purity: Purity::Pure,
        body: mappings::transpose,
    },
    Function {
        name: "values",
        parameters: &[Parameter::new("map", Accepts::Mapping).structural()],
        variadic: None,
        doc: "The values in the order of the keys.",
        purity: Purity::Pure,
        body: mappings::values,
    },
    Function {
        name: "zipmap",
        parameters: &[
            Parameter::new("keys", Accepts::Strings),
            Parameter::new("values", Accepts::Sequence).structural(),
        ],
        variadic: None,
        doc: "The values under the keys.",
        purity: Purity::Pure,
        body: mappings::zipmap,
    },
];

/// The arguments, whose number has been checked.
pub(super) fn take<const N: usize>(arguments: &[Value]) -> Result<&[Value; N], CallError> {
    let message = if N == 1 {
        "it takes one argument".to_owned()
    } else {
        format!("it takes {N} arguments")
    };
    arguments.try_into().map_err(|_| CallError::new(message))
}

/// The elements of a list, set or tuple; none of anything else.
fn items(value: &Value) -> &[Value] {
    match value {
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => items,
        _ => &[],
    }
}

/// The elements of a list, set or tuple in their order, which a set with deferred elements does not have yet.
pub(super) fn ordered(value: &Value) -> Result<&[Value], CallError> {
    let items = items(value);
    if matches!(value, Value::Set(_)) && items.len() > 1 && value.has_deferred() {
        return Err(CallError::undecidable());
    }
    Ok(items)
}

/// The elements of a list, set or tuple as elements of one type, and that type.
fn alike(value: &Value, argument: usize) -> Result<(Vec<Value>, Type), CallError> {
    let items = ordered(value)?;
    match unify::type_of(value) {
        Type::List(of) | Type::Set(of) => Ok((items.to_vec(), *of)),
        _ => unify::unified(items)
            .ok_or_else(|| CallError::at(argument, "the elements must have one type")),
    }
}

/// The elements of a map or object; none of anything else.
fn entries(value: &Value) -> &BTreeMap<Arc<str>, Value> {
    static NONE: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    match value {
        Value::Map(entries) | Value::Object(entries) => entries,
        _ => &NONE,
    }
}

/// Whether a value is among the elements of a set.
fn holds(set: &[Value], value: &Value) -> bool {
    set.binary_search_by(|item| item.compare(value)).is_ok()
}

/// A whole number.
fn whole(value: &Value, argument: usize) -> Result<i64, CallError> {
    let whole = match value {
        Value::Number(number) => number.to_i64(),
        _ => None,
    };
    whole.ok_or_else(|| {
        let message = format!(
            "it must be a whole number of 64 bits, and it is {}",
            value.describe()
        );
        CallError::at(argument, message)
    })
}

/// The first value that is neither null nor an empty string, as one of the type that goes for all arguments.
fn coalesce(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let (values, _) = unify::unified(arguments)
        .ok_or_else(|| CallError::new("all arguments must have one type"))?;
    let empty = |value: &Value| match value {
        Value::Null(_) => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    values
        .into_iter()
        .find(|value| !empty(value))
        .ok_or_else(|| CallError::new("all arguments are null or empty strings"))
}

/// The number of elements of a collection or structure, or of characters as a reader counts them.
fn length(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [value] = take(arguments)?;
    let count = match value {
        Value::String(text) => text.graphemes(true).count(),
        Value::List(_) | Value::Set(_) | Value::Tuple(_) => ordered(value)?.len(),
        Value::Map(entries) | Value::Object(entries) => entries.len(),
        _ => {
            let message = format!(
                "it takes a collection or a string, and this is {}",
                value.describe()
            );
            return Err(CallError::at(0, message));
        }
    };
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    Ok(Value::Number(Number::from(count)))
}

#[cfg(test)]
mod tests;
