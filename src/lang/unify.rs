//! One type for several values, where one is needed: both results of a conditional, `tolist`, `coalesce`, the set functions.
//!
//! The type of a value is read off it, and types are brought together as Terraform does. What is deferred and a `null` of no
//! type leave it open: they go with any type.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::elements::Elements;
use super::infer;
use super::types::Field;
use super::types::Type;
use super::types::convert;
use super::value::Value;

/// The most different types that are compared with each other.
const MOST_TYPES: usize = 500;
/// With how many of the types before it one is compared, to pass over what is there already.
const NEARBY: usize = 8;

/// The values, converted to the one type that all of them can have, and that type; `None` if there is none.
pub(super) fn unified(values: &[Value]) -> Option<(Vec<Value>, Type)> {
    let ty = common_type(values.iter())?;
    let converted = values.iter().map(|value| convert(value, &ty).ok());
    Some((converted.collect::<Option<_>>()?, ty))
}

/// Whether the deferred parts of the values will need no conversion to the type that all values can have: then a plan
/// can bring them together as a run does. What has no such type is settled, too: it is a mistake in both.
pub(super) fn settled(values: &[Value]) -> bool {
    if values.len() == 1 || values.iter().all(Value::is_known) {
        return true;
    }
    if values.iter().any(infer::is_open) {
        return false;
    }
    common_type(values.iter()).is_none_or(|ty| values.iter().all(|value| fits(value, &ty)))
}

/// Whether no deferred part needs to be converted.
fn fits(value: &Value, ty: &Type) -> bool {
    match (value, ty) {
        (Value::Deferred(expr), _) => infer::of(expr, None) == *ty,
        (Value::Sensitive(inner), _) => fits(inner, ty),
        (
            Value::List(items) | Value::Set(items) | Value::Tuple(items),
            Type::List(of) | Type::Set(of),
        ) => items.iter().all(|item| fits(item, of)),
        (Value::Tuple(items), Type::Tuple(types)) => {
            items.iter().zip(types).all(|(item, ty)| fits(item, ty))
        }
        (Value::Map(items) | Value::Object(items), Type::Map(of)) => {
            items.values().all(|item| fits(item, of))
        }
        (Value::Object(items), Type::Object(fields)) => items
            .iter()
            .all(|(name, item)| fields.get(name).is_some_and(|field| fits(item, &field.ty))),
        _ => value.is_known(),
    }
}

/// The type that all values can be converted to; `None` if there is none.
pub(super) fn common_type<'v>(values: impl Iterator<Item = &'v Value>) -> Option<Type> {
    let mut types: Vec<Type> = Vec::new();
    for value in values {
        let ty = type_of(value);
        if !types.iter().rev().take(NEARBY).any(|known| *known == ty) {
            types.push(ty);
        }
    }
    unify(&types)
}

/// Whether all values have one type as they are. What is open goes with any type.
pub(super) fn same_type<'v>(values: impl Iterator<Item = &'v Value>) -> bool {
    let mut types = values.map(type_of).filter(|ty| *ty != Type::Any);
    let Some(first) = types.next() else {
        return true;
    };
    types.all(|ty| same(&first, &ty))
}

/// Whether two types are one as far as they show.
pub(super) fn same(left: &Type, right: &Type) -> bool {
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

/// The type of a value. Deferred parts have the types of their expressions.
pub(crate) fn type_of(value: &Value) -> Type {
    match value {
        Value::Null(ty) => ty.as_deref().cloned().unwrap_or(Type::Any),
        Value::Deferred(expr) => infer::of(expr, None),
        Value::Bool(_) => Type::Bool,
        Value::Number(_) => Type::Number,
        Value::String(_) => Type::String,
        Value::Ref(reference) => Type::Ref(Arc::clone(&reference.kind)),
        Value::Sensitive(inner) => type_of(inner),
        Value::List(items) => Type::List(Box::new(element(items))),
        Value::Set(items) => Type::Set(Box::new(element(items))),
        Value::Tuple(items) => Type::Tuple(items.iter().map(type_of).collect()),
        Value::Map(items) => {
            let missing = items.missing().cloned().unwrap_or(Type::Any);
            Type::Map(Box::new(first_closed(items.values(), missing)))
        }
        Value::Object(items) => {
            let field =
                |(name, item): (&Arc<str>, &Value)| (Arc::clone(name), Field::new(type_of(item)));
            Type::Object(items.iter().map(field).collect())
        }
    }
}

fn element(items: &Elements) -> Type {
    let missing = items.missing().cloned().unwrap_or(Type::Any);
    first_closed(items.iter(), missing)
}

/// The type of the first value that leaves nothing open: all are of one type.
fn first_closed<'v>(values: impl Iterator<Item = &'v Value>, missing: Type) -> Type {
    let mut open = missing;
    for value in values {
        let ty = type_of(value);
        if ty.is_closed() {
            return ty;
        }
        if open == Type::Any {
            open = ty;
        }
    }
    open
}

/// Whether a value of one type can, by its type, be converted to the other.
fn converts(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (_, Type::Any)
        | (Type::Any, _)
        | (Type::Number | Type::Bool, Type::String)
        | (Type::String, Type::Number | Type::Bool) => true,
        (Type::List(from) | Type::Set(from), Type::List(to) | Type::Set(to))
        | (Type::Map(from), Type::Map(to)) => converts(from, to),
        (Type::Tuple(items), Type::List(to) | Type::Set(to)) => {
            items.iter().all(|item| converts(item, to))
        }
        (Type::Tuple(from), Type::Tuple(to)) => {
            from.len() == to.len() && from.iter().zip(to).all(|(from, to)| converts(from, to))
        }
        (Type::Object(fields), Type::Map(to)) => {
            fields.values().all(|field| converts(&field.ty, to))
        }
        (Type::Map(from), Type::Object(fields)) => {
            fields.values().all(|field| converts(from, &field.ty))
        }
        (Type::Object(from), Type::Object(to)) => to.iter().all(|(name, to)| {
            from.get(name)
                .map_or(to.optional, |from| converts(&from.ty, &to.ty))
        }),
        _ => from == to,
    }
}

/// Brings types together: those of one kind by their parts, others to the most general of them. `None` if they do not go together.
pub(super) fn unify(types: &[Type]) -> Option<Type> {
    let mut known: Vec<&Type> = Vec::new();
    for ty in types.iter().filter(|ty| **ty != Type::Any) {
        if !known.iter().rev().take(NEARBY).any(|other| *other == ty) {
            known.push(ty);
        }
    }
    let Some(first) = known.first() else {
        return Some(Type::Any);
    };
    if known.len() == 1 {
        return Some((*first).clone());
    }
    let all = |accepts: fn(&Type) -> bool| known.iter().all(|ty| accepts(ty));
    let any = |accepts: fn(&Type) -> bool| known.iter().any(|ty| accepts(ty));
    let parts = || unify(&parts(&known)).map(Box::new);
    if all(|ty| matches!(ty, Type::Map(_))) {
        return parts().map(Type::Map);
    }
    if all(|ty| matches!(ty, Type::List(_))) {
        return parts().map(Type::List);
    }
    if all(|ty| matches!(ty, Type::Set(_))) {
        return parts().map(Type::Set);
    }
    if all(|ty| matches!(ty, Type::Object(_))) {
        return unify_objects(&known);
    }
    if all(|ty| matches!(ty, Type::Tuple(_))) {
        return unify_tuples(&known);
    }
    if all(|ty| matches!(ty, Type::Map(_) | Type::Object(_)))
        && let Some(of) = of_collections(&known)
    {
        return Some(Type::Map(of));
    }
    if all(|ty| matches!(ty, Type::List(_) | Type::Tuple(_)))
        && let Some(of) = of_collections(&known)
    {
        return Some(Type::List(of));
    }
    if all(|ty| matches!(ty, Type::Ref(_))) {
        return Some(Type::Any);
    }
    if any(|ty| matches!(ty, Type::Object(_))) && any(|ty| matches!(ty, Type::Tuple(_))) {
        return None;
    }
    preferred(&known)
}

/// The type of elements of collections and structures, when first the structures and then all go together.
fn of_collections(known: &[&Type]) -> Option<Box<Type>> {
    let structures: Vec<&Type> = known
        .iter()
        .copied()
        .filter(|ty| matches!(ty, Type::Object(_) | Type::Tuple(_)))
        .collect();
    let of_structures = unify(&parts(&structures))?;
    let mut elements: Vec<Type> = known
        .iter()
        .filter_map(|ty| match ty {
            Type::List(of) | Type::Map(of) => Some((**of).clone()),
            _ => None,
        })
        .collect();
    elements.push(of_structures);
    unify(&elements).map(Box::new)
}

/// The first type, in the order of preference, that all can be converted to.
fn preferred(known: &[&Type]) -> Option<Type> {
    if known.len() > MOST_TYPES {
        return None;
    }
    // How many others are to be preferred to each.
    let before = |ty: &Type| {
        let preferred = known.iter().filter(|other| precedes(other, ty));
        preferred.count()
    };
    let mut order: Vec<(usize, &Type)> = known.iter().map(|ty| (before(ty), *ty)).collect();
    order.sort_by_key(|(before, _)| *before);
    let wanted = order
        .into_iter()
        .find(|(_, wanted)| known.iter().all(|ty| converts(ty, wanted)));
    wanted.map(|(_, wanted)| wanted.clone())
}

/// Whether a type is more general than the other.
fn precedes(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::String, Type::Bool | Type::Number)
        | (Type::List(_), Type::Set(_) | Type::Tuple(_))
        | (Type::Tuple(_), Type::Set(_))
        | (Type::Map(_), Type::Object(_)) => true,
        (Type::List(left), Type::List(right))
        | (Type::Set(left), Type::Set(right))
        | (Type::Map(left), Type::Map(right)) => precedes(left, right),
        _ => false,
    }
}

/// Tuples of one length stay tuples; others become a list.
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
        return unify(&parts(types)).map(|of| Type::List(Box::new(of)));
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

/// Objects of the same attributes stay objects; others become a map.
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
        return unify(&parts(types)).map(|of| Type::Map(Box::new(of)));
    }
    let attribute = |name: &Arc<str>| {
        let types = objects
            .iter()
            .filter_map(|fields| fields.get(name).map(|field| field.ty.clone()));
        let ty = unify(&types.collect::<Vec<_>>())?;
        Some((Arc::clone(name), Field::new(ty)))
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
