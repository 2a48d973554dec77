//! The types of expressions that are not evaluated yet, as far as they show.
//!
//! A plan checks with them what a run will do: an attribute that nothing has, an operand of the wrong type. [`Type::Any`]
//! says nothing, so that no mistake is seen where there may be none; what stays open is left to the trial evaluation of
//! the plan. Any value may be null besides.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::BinaryOp;
use super::ast::Expr;
use super::ast::ExprKind;
use super::ast::UnaryOp;
use super::convert;
use super::types::Field;
use super::types::Type;
use super::unify;
use super::value::Value;

/// Functions that give a string, whatever they are given.
const TEXTS: [&str; 46] = [
    "secret",
    "abspath",
    "base64decode",
    "base64encode",
    "base64gzip",
    "base64sha256",
    "base64sha512",
    "basename",
    "bcrypt",
    "chomp",
    "csvencode",
    "dirname",
    "endpoint",
    "file",
    "filebase64",
    "format",
    "formatdate",
    "indent",
    "join",
    "jsonencode",
    "lower",
    "md5",
    "pathexpand",
    "plantimestamp",
    "regexreplace",
    "replace",
    "sha1",
    "sha256",
    "sha512",
    "shellquote",
    "strrev",
    "substr",
    "textdecodebase64",
    "textencodebase64",
    "timeadd",
    "timestamp",
    "title",
    "tostring",
    "trim",
    "trimprefix",
    "trimspace",
    "trimsuffix",
    "upper",
    "urlencode",
    "uuid",
    "yamlencode",
];

/// Functions that give a number.
const NUMBERS: [&str; 13] = [
    "abs", "ceil", "floor", "index", "length", "log", "max", "min", "parseint", "pow", "signum",
    "sum", "tonumber",
];

/// Functions that give a bool.
const BOOLS: [&str; 8] = [
    "alltrue",
    "anytrue",
    "can",
    "contains",
    "endswith",
    "issensitive",
    "startswith",
    "tobool",
];

/// The type of a value whose deferred parts have the types of their expressions.
pub(super) fn type_of(value: &Value) -> Type {
    unify::type_of(value)
}

/// Whether a part of the value is deferred and its type does not show.
pub(super) fn is_open(value: &Value) -> bool {
    match value {
        Value::Deferred(expr) => open(&of(expr, None)),
        Value::Sensitive(inner) => is_open(inner),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => items.iter().any(is_open),
        Value::Map(items) | Value::Object(items) => items.values().any(is_open),
        _ => false,
    }
}

fn open(ty: &Type) -> bool {
    match ty {
        Type::Any => true,
        Type::String | Type::Number | Type::Bool | Type::Ref(_) => false,
        Type::List(of) | Type::Set(of) | Type::Map(of) => open(of),
        Type::Tuple(items) => items.iter().any(open),
        Type::Object(fields) => fields.values().any(|field| open(&field.ty)),
    }
}

/// The type of an expression; that of the element of a splat around it is `each`.
pub(super) fn of(expr: &Expr, each: Option<&Type>) -> Type {
    match &expr.kind {
        ExprKind::Value(value) => type_of(value),
        ExprKind::Template(_) => Type::String,
        ExprKind::Tuple(items) => Type::Tuple(items.iter().map(|item| of(item, each)).collect()),
        ExprKind::Object(items) => object(items, each),
        ExprKind::Later(later) => later.ty.clone(),
        ExprKind::Get(source, name) => attribute(&of(source, each), &name.text),
        ExprKind::Index(source, key) => element(&of(source, each), key),
        ExprKind::Splat {
            source,
            each: inner,
            ..
        } => splat(&of(source, each), inner),
        ExprKind::Each => each.cloned().unwrap_or(Type::Any),
        ExprKind::Call {
            name,
            arguments,
            expand,
        } => call(&name.text, arguments, *expand, each),
        ExprKind::Unary(UnaryOp::Not, _) => Type::Bool,
        ExprKind::Unary(UnaryOp::Negate, _) => Type::Number,
        ExprKind::Binary(operator, ..) => match operator {
            BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Modulo => Type::Number,
            _ => Type::Bool,
        },
        ExprKind::Conditional(_, yes, no) => match (&yes.kind, &no.kind) {
            (ExprKind::Value(Value::Null(_)), _) => of(no, each),
            (_, ExprKind::Value(Value::Null(_))) => of(yes, each),
            _ => either(of(yes, each), &of(no, each)),
        },
        ExprKind::Parens(inner) => of(inner, each),
        ExprKind::Name(_) | ExprKind::For(_) | ExprKind::Unread => Type::Any,
    }
}

/// The type of what has one of two types.
fn either(yes: Type, no: &Type) -> Type {
    if yes == *no { yes } else { Type::Any }
}

fn object(items: &[(Expr, Expr)], each: Option<&Type>) -> Type {
    let entry = |(key, item): &(Expr, Expr)| match &key.kind {
        ExprKind::Value(key) => Some((convert::to_text(key)?, Field::new(of(item, each)))),
        _ => None,
    };
    items
        .iter()
        .map(entry)
        .collect::<Option<_>>()
        .map_or(Type::Any, Type::Object)
}

/// The type of `source.name`.
pub(super) fn attribute(source: &Type, name: &str) -> Type {
    match source {
        Type::Map(of) => (**of).clone(),
        Type::Object(fields) => fields.get(name).map_or(Type::Any, |field| field.ty.clone()),
        _ => Type::Any,
    }
}

fn element(source: &Type, key: &Expr) -> Type {
    let key = match &key.kind {
        ExprKind::Value(key) => Some(key),
        _ => None,
    };
    match source {
        Type::List(of) => (**of).clone(),
        Type::Tuple(items) => {
            let index = key
                .and_then(convert::to_number)
                .and_then(|number| number.to_index());
            index
                .and_then(|index| items.get(index))
                .cloned()
                .unwrap_or(Type::Any)
        }
        source => key
            .and_then(convert::to_text)
            .map_or(Type::Any, |name| attribute(source, &name)),
    }
}

/// The type of the element in a splat over a value of this type. What is no sequence is its own only element.
pub(super) fn element_of_splat(source: &Type) -> Type {
    match source {
        Type::List(_) | Type::Set(_) | Type::Tuple(_) => entries(source).1,
        single => single.clone(),
    }
}

fn splat(source: &Type, each: &Expr) -> Type {
    match source {
        Type::List(item) | Type::Set(item) => Type::List(Box::new(of(each, Some(item)))),
        Type::Tuple(items) => Type::Tuple(items.iter().map(|item| of(each, Some(item))).collect()),
        _ => Type::Any,
    }
}

/// The types of the keys and elements that a `for` goes through.
pub(super) fn entries(source: &Type) -> (Type, Type) {
    let alike = |mut types: Vec<Type>| match types.pop() {
        Some(last) if types.iter().all(|ty| *ty == last) => last,
        _ => Type::Any,
    };
    match source {
        Type::List(of) => (Type::Number, (**of).clone()),
        Type::Set(of) => ((**of).clone(), (**of).clone()),
        Type::Tuple(items) => (Type::Number, alike(items.clone())),
        Type::Map(of) => (Type::String, (**of).clone()),
        Type::Object(fields) => {
            let types = fields.values().map(|field| field.ty.clone()).collect();
            (Type::String, alike(types))
        }
        _ => (Type::Any, Type::Any),
    }
}

fn call(name: &str, arguments: &[Expr], expand: bool, each: Option<&Type>) -> Type {
    if TEXTS.contains(&name) {
        return Type::String;
    }
    if NUMBERS.contains(&name) {
        return Type::Number;
    }
    if BOOLS.contains(&name) {
        return Type::Bool;
    }
    let (Some(first), false) = (arguments.first(), expand) else {
        return Type::Any;
    };
    let first = || of(first, each);
    match name {
        "sensitive" | "nonsensitive" => first(),
        "split" | "sort" | "formatlist" => Type::List(Box::new(Type::String)),
        "tolist" => collected(&first()).map_or(Type::Any, |of| Type::List(Box::new(of))),
        "toset" => collected(&first()).map_or(Type::Any, |of| Type::Set(Box::new(of))),
        "tomap" => match first() {
            Type::Map(of) => Type::Map(of),
            Type::Object(fields) => {
                let types: Vec<Type> = fields.into_values().map(|field| field.ty).collect();
                together(&types).map_or(Type::Any, |of| Type::Map(Box::new(of)))
            }
            _ => Type::Any,
        },
        _ => Type::Any,
    }
}

/// The type of the elements when they are made to have one.
fn collected(source: &Type) -> Option<Type> {
    match source {
        Type::List(of) | Type::Set(of) => Some((**of).clone()),
        Type::Tuple(items) => together(items),
        _ => None,
    }
}

fn together(types: &[Type]) -> Option<Type> {
    if types.iter().any(open) {
        return None;
    }
    unify::unify(types)
}

/// Whether it is a collection, structure or reference: nothing that has a text.
pub(super) fn is_structure(ty: &Type) -> bool {
    !matches!(ty, Type::Any | Type::String | Type::Number | Type::Bool)
}

/// The type as a message calls it: "a string", "a list".
pub(super) fn describe(ty: &Type) -> &'static str {
    match ty {
        Type::Any => "a value",
        Type::String => "a string",
        Type::Number => "a number",
        Type::Bool => "a bool",
        Type::List(_) => "a list",
        Type::Set(_) => "a set",
        Type::Map(_) => "a map",
        Type::Tuple(_) => "a tuple",
        Type::Object(_) => "an object",
        Type::Ref(_) => "a reference",
    }
}

/// An object type of attributes that are all there.
pub fn object_of(fields: impl IntoIterator<Item = (Arc<str>, Type)>) -> Type {
    let fields: BTreeMap<Arc<str>, Field> = fields
        .into_iter()
        .map(|(name, ty)| (name, Field::new(ty)))
        .collect();
    Type::Object(fields)
}
