//! Functions over sets. What they take may be lists too: these are made sets first, of elements of one type.

use super::alike;
use super::holds;
use super::items;
use super::unify::unify;
use crate::lang::functions::Call;
use crate::lang::functions::CallError;
use crate::lang::types::Type;
use crate::lang::types::convert;
use crate::lang::value::Value;

/// The most combinations `setproduct` makes.
const MAX_COMBINATIONS: usize = 100_000;

/// What is in all of the sets.
pub(super) fn setintersection(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let (sets, of) = of_one_type(arguments)?;
    let (first, others) = sets.split_first().ok_or_else(no_set)?;
    let kept = first
        .iter()
        .filter(|item| others.iter().all(|other| holds(other, item)));
    Ok(Value::set_of(kept.cloned().collect(), of))
}

/// What is in any of the sets.
pub(super) fn setunion(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let (sets, of) = of_one_type(arguments)?;
    Ok(Value::set_of(sets.concat(), of))
}

/// What is in the first set only.
pub(super) fn setsubtract(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let (sets, of) = of_one_type(arguments)?;
    let (first, others) = sets.split_first().ok_or_else(no_set)?;
    let kept = first
        .iter()
        .filter(|item| !others.iter().any(|other| holds(other, item)));
    Ok(Value::set_of(kept.cloned().collect(), of))
}

fn no_set() -> CallError {
    CallError::new("it takes at least one set")
}

/// The elements of each argument, sorted and without doubles, all of one type, and that type.
fn of_one_type(arguments: &[Value]) -> Result<(Vec<Vec<Value>>, Type), CallError> {
    let wrong = || CallError::new("the elements of all sets must have one type");
    let mut types = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        types.push(alike(argument, index)?.1);
    }
    let of = unify(&types).ok_or_else(wrong)?;
    let set = |argument: &Value| {
        let elements = items(argument).iter().map(|item| convert(item, &of));
        let set = Value::set(elements.collect::<Result<_, _>>().map_err(|_| wrong())?);
        Ok(items(&set).to_vec())
    };
    let sets = arguments.iter().map(set).collect::<Result<_, _>>()?;
    Ok((sets, of))
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
    let mut columns = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        let (column, of) = alike(argument, index)?;
        columns.push(of);
        let extended = rows.iter().flat_map(|row| {
            column
                .iter()
                .map(move |item| row.iter().chain([item]).cloned().collect())
        });
        rows = extended.collect();
    }
    let rows: Vec<Value> = rows.into_iter().map(Value::tuple).collect();
    if arguments
        .iter()
        .any(|argument| matches!(argument, Value::Set(_)))
    {
        Ok(Value::set_of(rows, Type::Tuple(columns)))
    } else {
        Ok(Value::list_of(rows, Type::Tuple(columns)))
    }
}
