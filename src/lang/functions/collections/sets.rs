//! Functions over sets. What they take may be lists too: these are made sets first, of elements of one type.

use std::sync::Arc;

use super::holds;
use super::items;
use super::unify::unified;
use crate::lang::functions::Call;
use crate::lang::functions::CallError;
use crate::lang::value::Value;

/// The most combinations `setproduct` makes.
const MAX_COMBINATIONS: usize = 100_000;

/// What is in all of the sets.
pub(super) fn setintersection(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let sets = of_one_type(arguments)?;
    let (first, others) = sets.split_first().ok_or_else(no_set)?;
    let kept = first
        .iter()
        .filter(|item| others.iter().all(|other| holds(other, item)));
    Ok(Value::set(kept.cloned().collect()))
}

/// What is in any of the sets.
pub(super) fn setunion(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    Ok(Value::set(of_one_type(arguments)?.concat()))
}

/// What is in the first set only.
pub(super) fn setsubtract(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let sets = of_one_type(arguments)?;
    let (first, others) = sets.split_first().ok_or_else(no_set)?;
    let kept = first
        .iter()
        .filter(|item| !others.iter().any(|other| holds(other, item)));
    Ok(Value::set(kept.cloned().collect()))
}

fn no_set() -> CallError {
    CallError::new("it takes at least one set")
}

/// The elements of each argument, sorted and without doubles, all of one type.
fn of_one_type(arguments: &[Value]) -> Result<Vec<Vec<Value>>, CallError> {
    let all: Vec<Value> = arguments.iter().flat_map(items).cloned().collect();
    let mut all = unified(&all)
        .ok_or_else(|| CallError::new("the elements of all sets must have one type"))?
        .into_iter();
    let set = |argument: &Value| {
        let elements = all.by_ref().take(items(argument).len());
        let set = Value::set(elements.collect());
        items(&set).to_vec()
    };
    Ok(arguments.iter().map(set).collect())
}

/// All combinations of one element of each argument: a set if one of them is a set, else a list.
pub(super) fn setproduct(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let mut count = 1_usize;
    for argument in arguments {
        count = count.saturating_mul(items(argument).len());
    }
    if count > MAX_COMBINATIONS {
        let message = format!("there are more than {MAX_COMBINATIONS} combinations");
        return Err(CallError::new(message));
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    if count == 0 {
        rows.clear();
    }
    for (index, argument) in arguments.iter().enumerate() {
        let column = unified(items(argument))
            .ok_or_else(|| CallError::at(index, "the elements must have one type"))?;
        let extended = rows.iter().flat_map(|row| {
            column
                .iter()
                .map(move |item| row.iter().chain([item]).cloned().collect())
        });
        rows = extended.collect();
    }
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|row| Value::Tuple(Arc::new(row)))
        .collect();
    if arguments
        .iter()
        .any(|argument| matches!(argument, Value::Set(_)))
    {
        Ok(Value::set(rows))
    } else {
        Ok(Value::List(Arc::new(rows)))
    }
}
