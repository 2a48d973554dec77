//! Functions over lists, sets and tuples.

use std::sync::Arc;

use super::alike;
use super::holds;
use super::items;
use super::ordered;
use super::take;
use super::unify::type_of;
use super::unify::unified;
use super::unify::unify;
use super::whole;
use crate::lang::convert::to_bool;
use crate::lang::convert::to_number;
use crate::lang::convert::to_text;
use crate::lang::functions::Call;
use crate::lang::functions::CallError;
use crate::lang::number::Number;
use crate::lang::types::Type;
use crate::lang::types::convert;
use crate::lang::value::Value;

/// The most numbers `range` makes.
const MAX_RANGE: usize = 1024;

/// Whether all elements are `true`; `null` is not.
pub(super) fn alltrue(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let bools = bools(arguments)?;
    Ok(Value::Bool(bools.iter().all(|truth| *truth)))
}

/// Whether any element is `true`; `null` is not.
pub(super) fn anytrue(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let bools = bools(arguments)?;
    Ok(Value::Bool(bools.iter().any(|truth| *truth)))
}

fn bools(arguments: &[Value]) -> Result<Vec<bool>, CallError> {
    let [list] = take(arguments)?;
    let truth = |item: &Value| match item {
        Value::Null(_) => Ok(false),
        item => to_bool(item).ok_or_else(|| {
            CallError::at(
                0,
                format!("the elements must be bools, and one is {}", item.describe()),
            )
        }),
    };
    items(list).iter().map(truth).collect()
}

/// The elements in lists of `size`; in one list if that is zero.
pub(super) fn chunklist(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [list, size] = take(arguments)?;
    let size = usize::try_from(whole(size, 1)?)
        .map_err(|_| CallError::at(1, "the size must not be negative"))?;
    let (elements, of) = alike(list, 0)?;
    let size = if size == 0 {
        elements.len().max(1)
    } else {
        size
    };
    let chunks = elements
        .chunks(size)
        .map(|chunk| Value::list(chunk.to_vec()));
    Ok(Value::list_of(chunks.collect(), Type::List(Box::new(of))))
}

/// The first list or tuple that has elements.
pub(super) fn coalescelist(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    for (index, argument) in arguments.iter().enumerate() {
        match argument {
            Value::Null(_) => (),
            Value::List(items) | Value::Tuple(items) if items.is_empty() => (),
            Value::List(_) | Value::Tuple(_) => return Ok(argument.clone()),
            _ => {
                return Err(CallError::at(
                    index,
                    "the arguments must be lists or tuples",
                ));
            }
        }
    }
    Err(CallError::new("all arguments are null or empty"))
}

/// The strings that are neither null nor empty.
pub(super) fn compact(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [list] = take(arguments)?;
    let mut kept = Vec::new();
    for item in items(list).iter().filter(|item| **item != Value::NULL) {
        let text = to_text(item).ok_or_else(|| not_text(item))?;
        if !text.is_empty() {
            kept.push(Value::String(text));
        }
    }
    Ok(Value::list_of(kept, Type::String))
}

fn not_text(item: &Value) -> CallError {
    CallError::at(
        0,
        format!(
            "the elements must be strings, and one is {}",
            item.describe()
        ),
    )
}

/// One list after the other: a list if all are lists of types that go together, else a tuple.
pub(super) fn concat(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let mut joined = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        if matches!(argument, Value::Set(_)) {
            return Err(CallError::at(
                index,
                "a set has no order; the arguments must be lists or tuples",
            ));
        }
        joined.extend_from_slice(items(argument));
    }
    let lists = arguments
        .iter()
        .all(|argument| matches!(argument, Value::List(_)));
    let of = unify(&arguments.iter().map(type_of).collect::<Vec<_>>());
    match of {
        Some(Type::List(of)) if lists => {
            let elements = joined.iter().map(|item| convert(item, &of));
            let elements = elements.collect::<Result<_, _>>();
            let elements = elements.map_err(|error| CallError::new(error.to_string()))?;
            Ok(Value::list_of(elements, *of))
        }
        _ => Ok(Value::tuple(joined)),
    }
}

/// Whether a value is among the elements.
pub(super) fn contains(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [list, value] = take(arguments)?;
    Ok(Value::Bool(items(list).contains(value)))
}

/// The elements without those that came before.
pub(super) fn distinct(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [list] = take(arguments)?;
    let (elements, of) = alike(list, 0)?;
    let mut places: Vec<usize> = (0..elements.len()).collect();
    let at = |place: &usize| elements.get(*place).unwrap_or(&Value::NULL);
    // A stable sort: of equal elements, the first stays.
    places.sort_by(|left, right| at(left).compare(at(right)));
    places.dedup_by(|later, first| at(later) == at(first));
    places.sort_unstable();
    let kept = places.iter().map(at).cloned().collect();
    Ok(Value::list_of(kept, of))
}

/// The element at a position, which starts over after the last and counts back from the first.
pub(super) fn element(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [list, index] = take(arguments)?;
    if matches!(list, Value::Set(_)) {
        return Err(CallError::at(
            0,
            "the elements of a set have no positions; it must be a list or tuple",
        ));
    }
    let items = items(list);
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let place = whole(index, 1)?.checked_rem_euclid(length);
    let place = place.and_then(|place| usize::try_from(place).ok());
    place
        .and_then(|place| items.get(place))
        .cloned()
        .ok_or_else(|| CallError::at(0, "an empty list has no elements"))
}

/// The elements, with lists, sets and tuples among them replaced by theirs, as a tuple.
pub(super) fn flatten(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [list] = take(arguments)?;
    let mut flat = Vec::new();
    let sensitive = flatten_into(list, &mut flat)?;
    Ok(Value::tuple(flat).mark(sensitive))
}

/// Whether there was a sensitive list, whose length shows in the result.
fn flatten_into(list: &Value, flat: &mut Vec<Value>) -> Result<bool, CallError> {
    let mut sensitive = false;
    for item in ordered(list)? {
        let (bare, marked) = item.clone().unmark();
        match bare {
            Value::Deferred(_) => return Err(CallError::undecidable()),
            Value::List(_) | Value::Set(_) | Value::Tuple(_) => {
                sensitive |= marked | flatten_into(&bare, flat)?;
            }
            _ => flat.push(item.clone()),
        }
    }
    Ok(sensitive)
}

/// The position of the first element that is the value.
pub(super) fn index(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [list, value] = take(arguments)?;
    if matches!(list, Value::Set(_)) {
        return Err(CallError::at(
            0,
            "the elements of a set have no positions; it must be a list or tuple",
        ));
    }
    let place = items(list).iter().position(|item| item == value);
    let place = place.and_then(|place| i64::try_from(place).ok());
    place
        .map(|place| Value::Number(Number::from(place)))
        .ok_or_else(|| CallError::at(1, format!("{} is not among the elements", value.describe())))
}

/// The values whose key, at the same position in the second list, is in the third.
pub(super) fn matchkeys(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [values, keys, searched] = take(arguments)?;
    let (values, of) = alike(values, 0)?;
    let count = items(keys).len();
    let all = [items(keys), items(searched)].concat();
    let (all, _) = unified(&all)
        .ok_or_else(|| CallError::new("the keys and the keys to look for must have one type"))?;
    if values.len() != count {
        return Err(CallError::new("there must be as many keys as values"));
    }
    let searched = Value::set(all.iter().skip(count).cloned().collect());
    let kept = values
        .into_iter()
        .zip(&all)
        .filter(|(_, key)| holds(items(&searched), key));
    let kept = kept.map(|(value, _)| value).collect();
    Ok(Value::list_of(kept, of))
}

/// The only element, or null if there is none.
pub(super) fn one(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [list] = take(arguments)?;
    match ordered(list)? {
        [] => match type_of(list) {
            Type::List(of) | Type::Set(of) => Ok(Value::null_of(*of)),
            _ => Ok(Value::NULL),
        },
        [item] => Ok(item.clone()),
        more => {
            let count = more.len();
            Err(CallError::at(
                0,
                format!("there must be one element or none, and there are {count}"),
            ))
        }
    }
}

/// The numbers from a start to before an end.
pub(super) fn range(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let numbers: Vec<Number> = arguments.iter().filter_map(to_number).collect();
    let zero = Number::from(0);
    let one = |start: &Number, end: &Number| Number::from(if end < start { -1 } else { 1 });
    let (start, end, step) = match numbers.as_slice() {
        [end] => (zero.clone(), end, one(&zero, end)),
        [start, end] => (start.clone(), end, one(start, end)),
        [start, end, step] => (start.clone(), end, step.clone()),
        _ => return Err(CallError::new("it takes one, two or three numbers")),
    };
    let down = step < zero;
    if down && *end > start {
        return Err(CallError::at(
            1,
            "the end must be less than the start when the step is negative",
        ));
    }
    if !down && *end < start {
        return Err(CallError::at(
            1,
            "the end must be greater than the start when the step is positive",
        ));
    }
    let mut made = Vec::new();
    let mut next = start;
    while if down { next > *end } else { next < *end } {
        if made.len() == MAX_RANGE {
            return Err(CallError::new(format!(
                "there are more than {MAX_RANGE} numbers; bring start and end closer or take a larger step"
            )));
        }
        let after = next
            .add(&step)
            .map_err(|error| CallError::new(error.to_string()))?;
        made.push(Value::Number(std::mem::replace(&mut next, after)));
    }
    Ok(Value::list_of(made, Type::Number))
}

/// The elements from the last to the first.
pub(super) fn reverse(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [list] = take(arguments)?;
    let reversed = ordered(list)?.iter().rev().cloned().collect();
    match type_of(list) {
        Type::List(of) | Type::Set(of) => Ok(Value::list_of(reversed, *of)),
        _ => Ok(Value::tuple(reversed)),
    }
}

/// The elements from a position to before another.
pub(super) fn slice(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [list, start, end] = take(arguments)?;
    if matches!(list, Value::Set(_)) {
        return Err(CallError::at(
            0,
            "the elements of a set have no positions; it must be a list or tuple",
        ));
    }
    let position = |value: &Value, argument: usize| {
        usize::try_from(whole(value, argument)?)
            .map_err(|_| CallError::at(argument, "a position must not be less than zero"))
    };
    let (start, end) = (position(start, 1)?, position(end, 2)?);
    if end > items(list).len() {
        return Err(CallError::at(
            2,
            "the end must not be greater than the number of elements",
        ));
    }
    let part = items(list).get(start..end);
    let part =
        part.ok_or_else(|| CallError::at(1, "the start must not be greater than the end"))?;
    let part = part.to_vec();
    match type_of(list) {
        Type::List(of) => Ok(Value::list_of(part, *of)),
        _ => Ok(Value::tuple(part)),
    }
}

/// The strings in the order of their bytes.
pub(super) fn sort(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [list] = take(arguments)?;
    let text = |item: &Value| to_text(item).ok_or_else(|| not_text(item));
    let mut strings: Vec<Arc<str>> = items(list).iter().map(text).collect::<Result<_, _>>()?;
    strings.sort();
    let sorted = strings.into_iter().map(Value::String).collect();
    Ok(Value::list_of(sorted, Type::String))
}

/// The sum of at least one number.
pub(super) fn sum(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [list] = take(arguments)?;
    if items(list).is_empty() {
        return Err(CallError::at(0, "an empty list has no sum"));
    }
    let mut total = Number::from(0);
    for item in items(list) {
        let number = to_number(item).ok_or_else(|| {
            CallError::at(
                0,
                format!(
                    "the elements must be numbers, and one is {}",
                    item.describe()
                ),
            )
        })?;
        total = total
            .add(&number)
            .map_err(|error| CallError::new(error.to_string()))?;
    }
    Ok(Value::Number(total))
}
