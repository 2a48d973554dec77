//! Functions over maps and objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::entries;
use super::items;
use super::take;
use super::unify::type_of;
use crate::lang::convert::to_text;
use crate::lang::functions::Call;
use crate::lang::functions::CallError;
use crate::lang::types::Type;
use crate::lang::types::convert;
use crate::lang::value::Value;

/// The keys, sorted: of a map as a list, of an object as a tuple.
pub(super) fn keys(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [mapping] = take(arguments)?;
    let keys = entries(mapping)
        .keys()
        .map(|key| Value::String(Arc::clone(key)))
        .collect();
    Ok(match mapping {
        Value::Map(_) => Value::list_of(keys, Type::String),
        _ => Value::tuple(keys),
    })
}

/// The values in the order of the keys: of a map as a list, of an object as a tuple.
pub(super) fn values(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [mapping] = take(arguments)?;
    let values = entries(mapping).values().cloned().collect();
    Ok(match type_of(mapping) {
        Type::Map(of) => Value::list_of(values, *of),
        _ => Value::tuple(values),
    })
}

/// The element of a key, or the default. The default of a map is one of its type of elements.
pub(super) fn lookup(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [mapping, key, default @ ..] = arguments else {
        return Err(CallError::new(
            "it takes a map, a key and perhaps a default",
        ));
    };
    let ([] | [_]) = default else {
        return Err(CallError::new("it takes one default at most"));
    };
    let Value::String(key) = key else {
        return Err(CallError::at(1, "the key is not a string"));
    };
    let elements = entries(mapping);
    let default = match (default.first(), type_of(mapping)) {
        (Some(default), Type::Map(of)) => {
            let default = convert(default, &of).ok();
            let message = "the default must have the type of the elements of the map";
            Some(default.ok_or_else(|| CallError::at(2, message))?)
        }
        (default, _) => default.cloned(),
    };
    let missing = || {
        CallError::at(
            1,
            format!("there is no key `{key}`, and no default is given"),
        )
    };
    elements.get(key).cloned().or(default).ok_or_else(missing)
}

/// The elements of all arguments, later ones first. A map if all are maps of one type, else an object.
pub(super) fn merge(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let types: Vec<Type> = arguments.iter().map(type_of).collect();
    for (index, ty) in types.iter().enumerate() {
        if !matches!(ty, Type::Map(_) | Type::Object(_) | Type::Any) {
            let message = format!("it takes maps and objects, and this is a {ty}");
            return Err(CallError::at(index, message));
        }
    }
    let elements = arguments
        .iter()
        .flat_map(|argument| entries(argument).iter());
    let merged: BTreeMap<Arc<str>, Value> = elements
        .map(|(key, item)| (Arc::clone(key), item.clone()))
        .collect();
    match types.split_first() {
        Some((Type::Map(of), others)) if others.iter().all(|ty| *ty == Type::Map(of.clone())) => {
            Ok(Value::map_of(merged, (**of).clone()))
        }
        _ => Ok(Value::object(merged)),
    }
}

/// A map of lists turned round: under each string of the lists, the keys whose lists have it.
pub(super) fn transpose(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [mapping] = take(arguments)?;
    let mut transposed: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    for (key, list) in entries(mapping) {
        let (Value::List(_) | Value::Set(_) | Value::Tuple(_)) = list else {
            return Err(CallError::at(
                0,
                format!("the element `{key}` is not a list of strings"),
            ));
        };
        for item in items(list) {
            let text = to_text(item).ok_or_else(|| {
                let message = format!("the list `{key}` has {}, not only strings", item.describe());
                CallError::at(0, message)
            })?;
            let keys = transposed.entry(text).or_default();
            keys.push(Value::String(Arc::clone(key)));
        }
    }
    let lists = transposed
        .into_iter()
        .map(|(text, keys)| (text, Value::list(keys)));
    Ok(Value::map_of(
        lists.collect(),
        Type::List(Box::new(Type::String)),
    ))
}

/// The values under the keys: a map for a list of values, an object for a tuple.
pub(super) fn zipmap(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [keys, values] = take(arguments)?;
    if matches!(values, Value::Set(_)) {
        return Err(CallError::at(
            1,
            "a set has no order; the values must be a list or tuple",
        ));
    }
    let (names, given) = (items(keys), items(values));
    if names.len() != given.len() {
        let (names, given) = (names.len(), given.len());
        return Err(CallError::new(format!(
            "the number of keys ({names}) is not the number of values ({given})"
        )));
    }
    let mut zipped = BTreeMap::new();
    for (key, value) in names.iter().zip(given) {
        let key = to_text(key).ok_or_else(|| CallError::at(0, "the keys must be strings"))?;
        zipped.insert(key, value.clone());
    }
    match type_of(values) {
        Type::List(of) => Ok(Value::map_of(zipped, *of)),
        _ => Ok(Value::object(zipped)),
    }
}
