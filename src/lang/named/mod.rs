//! Large parts of residuals, which keep the names by which the configuration calls them.
//!
//! What is known is folded into a residual, and the residual of a local, variable or output into that of its reader. Where that
//! would be large, the reader keeps the name instead (`local.table[run.day]`), and what the name stands for is kept beside, once.
//! A name begins with the address of the module it stands in, so that it means one thing wherever a residual lands:
//! `module.eu.local.table`.

mod below;
mod bind;
mod large;
mod spelled_out;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::ast::Expr;
use super::ast::ExprKind;
use super::ast::Later;
use super::ast::Part;
use super::eval::children;
use super::eval::visit;
use super::parse::parse_expression;
use super::print;
use super::types::Type;
use super::value::Value;
use crate::diag::Diagnostics;
use crate::diag::FileId;
pub(crate) use below::below;
pub(super) use bind::with_names;
pub(crate) use large::called;
pub(super) use large::is_large_collection;
pub(crate) use spelled_out::spelled_out;

/// The stack that one part needs at most, and how much more there will be where there is less, in bytes.
pub(super) const RED_ZONE: usize = 1 << 20;
pub(super) const STACK: usize = 16 << 20;

/// What names stand for, by name.
pub(crate) type Names = BTreeMap<String, Arc<Expr>>;

/// A traversal as an expression: `module.eu["a"].local.table`.
pub(crate) fn path(text: &str) -> Option<Expr> {
    parse_expression(FileId::default(), text, &mut Diagnostics::new())
}

/// A part of a residual that goes by its name.
pub(super) fn by_name(path: Expr, ty: Type, value: Arc<Expr>) -> Expr {
    let span = value.span;
    let later = Later {
        path,
        ty,
        value: Some(value),
    };
    Expr {
        kind: ExprKind::Later(Arc::new(later)),
        span,
    }
}

/// The value with each deferred part put through a function. What sets hold stays as it is: it has no names.
fn map_deferred(value: Value, with: &mut dyn FnMut(Arc<Expr>) -> Arc<Expr>) -> Value {
    match value {
        Value::Deferred(expr) => Value::Deferred(with(expr)),
        Value::Sensitive(inner) => map_deferred(Arc::unwrap_or_clone(inner), with).mark(true),
        Value::List(items) if !items.iter().all(Value::is_known) => {
            Value::list(map_items(&items, with))
        }
        Value::Tuple(items) if !items.iter().all(Value::is_known) => {
            Value::tuple(map_items(&items, with))
        }
        Value::Map(items) if items.values().any(Value::has_deferred) => {
            Value::map(map_entries(&items, with))
        }
        Value::Object(items) if items.values().any(Value::has_deferred) => {
            Value::object(map_entries(&items, with))
        }
        value => value,
    }
}

fn map_items(items: &[Value], with: &mut dyn FnMut(Arc<Expr>) -> Arc<Expr>) -> Vec<Value> {
    let items = items.iter().cloned();
    items.map(|item| map_deferred(item, with)).collect()
}

fn map_entries(
    items: &BTreeMap<Arc<str>, Value>,
    with: &mut dyn FnMut(Arc<Expr>) -> Arc<Expr>,
) -> BTreeMap<Arc<str>, Value> {
    let each =
        |(key, item): (&Arc<str>, &Value)| (Arc::clone(key), map_deferred(item.clone(), with));
    items.iter().map(each).collect()
}

/// What the names in a residual stand for, and the names in that, and so on.
pub(crate) fn names(expr: &Expr) -> Names {
    let mut names = Names::new();
    collect(expr, &mut names);
    names
}

/// Adds the names in the deferred parts of a value that may be shown: not of what is sensitive.
pub(crate) fn names_of(value: &Value, names: &mut Names) {
    add_names(value, false, names);
}

/// Adds the names in all deferred parts of a value.
pub(super) fn all_names_of(value: &Value, names: &mut Names) {
    add_names(value, true, names);
}

/// Adds the names in the deferred parts of a value; `sensitive`: also of what is sensitive in it.
fn add_names(value: &Value, sensitive: bool, names: &mut Names) {
    match value {
        Value::Deferred(expr) => collect(expr, names),
        Value::Sensitive(inner) if sensitive => add_names(inner, sensitive, names),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            items
                .iter()
                .for_each(|item| add_names(item, sensitive, names));
        }
        Value::Map(items) | Value::Object(items) => {
            items
                .values()
                .for_each(|item| add_names(item, sensitive, names));
        }
        _ => {}
    }
}

fn collect(expr: &Expr, names: &mut Names) {
    let mut waiting = Vec::new();
    named_parts(expr, &mut waiting);
    while let Some(part) = waiting.pop() {
        if let Some(value) = &part.value
            && let Entry::Vacant(place) = names.entry(print::expression(&part.path))
        {
            place.insert(Arc::clone(value));
            named_parts(value, &mut waiting);
        }
    }
}

/// The named parts in an expression, without those in what they stand for.
fn named_parts(expr: &Expr, found: &mut Vec<Arc<Later>>) {
    match &expr.kind {
        ExprKind::Later(later) if later.value.is_some() => found.push(Arc::clone(later)),
        _ => children(expr, &mut |child| named_parts(child, found)),
    }
}

/// Calls `with` for all nodes of an expression and of what the names in it stand for, each name once.
pub(crate) fn visit_all(expr: &Expr, with: &mut dyn FnMut(&Expr) -> bool) {
    visit(expr, with);
    for value in names(expr).values() {
        visit(value, with);
    }
}

/// Whether two residuals are the same, with what their names stand for.
pub(crate) fn same(left: &Expr, right: &Expr) -> bool {
    if alike(left, right) {
        return true;
    }
    let text = |names: Names| -> BTreeMap<String, String> {
        let each = |(name, value): (String, Arc<Expr>)| (name, print::expression(&value));
        names.into_iter().map(each).collect()
    };
    print::expression(left) == print::expression(right) && text(names(left)) == text(names(right))
}

/// Whether two residuals print the same for sure, and no part of them goes by its name: most are what a run knows, or a text with that
/// in it, and are compared by the thousand.
fn alike(left: &Expr, right: &Expr) -> bool {
    match (bare(left), bare(right)) {
        (ExprKind::Name(left), ExprKind::Name(right)) => left.text == right.text,
        (ExprKind::Get(left, name), ExprKind::Get(right, other)) => {
            name.text == other.text && alike(left, right)
        }
        (ExprKind::Template(left), ExprKind::Template(right)) => {
            let same = |parts: (&Part, &Part)| match parts {
                (Part::Literal(left), Part::Literal(right)) => left == right,
                (Part::Interpolation(left), Part::Interpolation(right)) => alike(left, right),
                _ => false,
            };
            left.len() == right.len() && left.iter().zip(right.iter()).all(same)
        }
        _ => false,
    }
}

/// What is printed of an expression: no parentheses around it, and of what a run knows the name.
fn bare(expr: &Expr) -> &ExprKind {
    match &expr.kind {
        ExprKind::Parens(inner) => bare(inner),
        ExprKind::Later(later) if later.value.is_none() => bare(&later.path),
        kind => kind,
    }
}
