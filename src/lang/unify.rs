//! One type for several values, where one is needed: both results of a conditional, `tolist`, `coalesce`, the set functions.
//!
//! Values carry no types, so a type is read off each value and the types are brought together as Terraform does. `null`,
//! deferred values and the elements of empty collections leave it open: they go with any type.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::types::Field;
use super::types::Type;
use super::types::convert;
use super::value::Value;

/// The values, converted to the one type that all of them can have; `None` if there is none.
pub(super) fn unified(values: &[Value]) -> Option<Vec<Value>> {
    let ty = common(values.iter().map(type_of))?;
    let converted = values.iter().map(|value| convert(value, &ty).ok());
    converted.collect()
}

/// The type that all values can be converted to; `None` if there is none.
pub(super) fn common_type<'v>(values: impl Iterator<Item = &'v Value>) -> Option<Type> {
    common(values.map(type_of))
}

/// Whether all values have one type as they are.
pub(super) fn same_type<'v>(values: impl Iterator<Item = &'v Value>) -> bool {
    let types: Vec<Type> = values.map(type_of).filter(|ty| *ty != Type::Any).collect();
    types
        .iter()
        .zip(types.iter().skip(1))
        .all(|(left, right)| same(left, right))
}

fn same(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::Any, _) | (_, Type::Any) => true,
        (Type::List(left), Type::List(right))
        | (Type::Set(left), Type::Set(right))
        | (Type::Map(left), Type::Map(right)) => same(left, right),
        (Type::Tuple(left), Type::Tuple(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same(left, right))
        }
        (Type::Object(left), Type::Object(right)) => {
            left.keys().eq(right.keys())
                && left
                    .values()
                    .zip(right.values())
                    .all(|(left, right)| same(&left.ty, &right.ty))
        }
        _ => left == right,
    }
}

fn common(types: impl Iterator<Item = Type>) -> Option<Type> {
    let types: Vec<Type> = types.collect();
    unify(&types)
}

/// The type of a value, as far as it shows.
fn type_of(value: &Value) -> Type {
    let element = |items: &[Value]| {
        let of = common(items.iter().map(type_of)).unwrap_or(Type::Any);
        Box::new(of)
    };
    match value {
        Value::Null | Value::Deferred(_) => Type::Any,
        Value::Bool(_) => Type::Bool,
        Value::Number(_) => Type::Number,
        Value::String(_) => Type::String,
        Value::Ref(reference) => Type::Ref(Arc::clone(&reference.kind)),
        Value::Sensitive(inner) => type_of(inner),
        Value::List(items) => Type::List(element(items)),
        Value::Set(items) => Type::Set(element(items)),
        Value::Tuple(items) => Type::Tuple(items.iter().map(type_of).collect()),
        Value::Map(items) => {
            let of = common(items.values().map(type_of)).unwrap_or(Type::Any);
            Type::Map(Box::new(of))
        }
        Value::Object(items) => {
            let field =
                |(name, item): (&Arc<str>, &Value)| (Arc::clone(name), field(type_of(item)));
            Type::Object(items.iter().map(field).collect())
        }
    }
}

fn field(ty: Type) -> Field {
    Field {
        ty,
        optional: false,
        default: Value::Null,
    }
}

/// Brings types together. Types of one kind go together by their parts; a string takes numbers and bools.
fn unify(types: &[Type]) -> Option<Type> {
    let known: Vec<&Type> = types.iter().filter(|ty| **ty != Type::Any).collect();
    let Some(first) = known.first() else {
        return Some(Type::Any);
    };
    if known.iter().all(|ty| ty == first) {
        return Some((*first).clone());
    }
    let all = |accepts: fn(&Type) -> bool| known.iter().all(|ty| accepts(ty));
    let any = |accepts: fn(&Type) -> bool| known.iter().any(|ty| accepts(ty));
    if all(|ty| matches!(ty, Type::Bool | Type::Number | Type::String)) {
        return any(|ty| *ty == Type::String).then_some(Type::String);
    }
    if all(|ty| matches!(ty, Type::Ref(_))) {
        return Some(Type::Any);
    }
    if all(|ty| matches!(ty, Type::Tuple(_)))
        && let Some(tuple) = unify_tuples(&known)
    {
        return Some(tuple);
    }
    if all(|ty| matches!(ty, Type::Object(_)))
        && let Some(object) = unify_objects(&known)
    {
        return Some(object);
    }
    let parts = || unify(&parts(&known)).map(Box::new);
    if all(|ty| matches!(ty, Type::Map(_) | Type::Object(_))) {
        return parts().map(Type::Map);
    }
    if all(|ty| matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_))) {
        let sets = any(|ty| matches!(ty, Type::Set(_))) && !any(|ty| matches!(ty, Type::List(_)));
        return parts().map(if sets { Type::Set } else { Type::List });
    }
    None
}

/// Tuples of one length stay tuples.
fn unify_tuples(types: &[&Type]) -> Option<Type> {
    let tuples: Vec<&Vec<Type>> = types
        .iter()
        .filter_map(|ty| match ty {
            Type::Tuple(items) => Some(items),
            _ => None,
        })
        .collect();
    let length = tuples.first()?.len();
    if tuples.iter().any(|items| items.len() != length) {
        return None;
    }
    let column = |index: usize| {
        let items = tuples.iter().filter_map(|items| items.get(index).cloned());
        unify(&items.collect::<Vec<_>>())
    };
    (0..length)
        .map(column)
        .collect::<Option<_>>()
        .map(Type::Tuple)
}

/// Objects of the same attributes stay objects.
fn unify_objects(types: &[&Type]) -> Option<Type> {
    let objects: Vec<&BTreeMap<Arc<str>, Field>> = types
        .iter()
        .filter_map(|ty| match ty {
            Type::Object(fields) => Some(fields),
            _ => None,
        })
        .collect();
    let first = *objects.first()?;
    if objects.iter().any(|fields| !fields.keys().eq(first.keys())) {
        return None;
    }
    let attribute = |name: &Arc<str>| {
        let types = objects
            .iter()
            .filter_map(|fields| fields.get(name).map(|field| field.ty.clone()));
        let ty = unify(&types.collect::<Vec<_>>())?;
        Some((Arc::clone(name), field(ty)))
    };
    first
        .keys()
        .map(attribute)
        .collect::<Option<_>>()
        .map(Type::Object)
}

/// The types of what is inside collections and structures.
fn parts(types: &[&Type]) -> Vec<Type> {
    let mut parts = Vec::new();
    for ty in types {
        match ty {
            Type::List(of) | Type::Set(of) | Type::Map(of) => parts.push((**of).clone()),
            Type::Tuple(items) => parts.extend(items.iter().cloned()),
            Type::Object(fields) => parts.extend(fields.values().map(|field| field.ty.clone())),
            _ => (),
        }
    }
    parts
}
