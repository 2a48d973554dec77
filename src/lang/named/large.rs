//! What is large, and goes by its name because of that.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::ast::Expr;
use super::super::ast::ExprKind;
use super::super::ast::Ident;
use super::super::eval::children;
use super::super::infer;
use super::super::print;
use super::super::value::Value;
use super::by_name;

/// A residual of more nodes than this is large, and so is a collection of more elements.
pub(super) const LARGE: u64 = 128;

/// The value of a local, variable or output as its readers get it: what is large in it goes by its name, which `path` gives.
/// The elements of sets have none.
pub(crate) fn called(value: Value, path: impl FnOnce() -> Option<Expr>) -> Value {
    if !has_large(&value) {
        return value;
    }
    match path() {
        Some(path) => rename(value, &path),
        None => value,
    }
}

/// Whether a collection is too large to be folded into a residual.
pub(in crate::lang) fn is_large_collection(value: &Value) -> bool {
    value.weight() > large()
}

fn has_large(value: &Value) -> bool {
    match value {
        Value::Deferred(expr) => is_large(expr),
        Value::Sensitive(inner) => has_large(inner),
        Value::List(items) | Value::Tuple(items) => items.iter().any(has_large),
        Value::Map(items) | Value::Object(items) => items.values().any(has_large),
        _ => false,
    }
}

/// Whether a residual is too large to stand in another one.
fn is_large(expr: &Expr) -> bool {
    let mut nodes = 0;
    count(expr, &mut nodes);
    nodes > large()
}

/// The limit; tests of small expressions lower it.
fn large() -> u64 {
    #[cfg(test)]
    return super::tests::LIMIT.get();
    #[cfg(not(test))]
    LARGE
}

/// Counts the nodes of an expression, as far as is needed to see that it is large.
fn count(expr: &Expr, nodes: &mut u64) {
    *nodes += match &expr.kind {
        ExprKind::Value(value) => value.weight(),
        _ => 1,
    };
    if *nodes <= large() && !matches!(expr.kind, ExprKind::Later(_)) {
        children(expr, &mut |child| count(child, nodes));
    }
}

fn rename(value: Value, path: &Expr) -> Value {
    let span = path.span;
    let element = |key: Value| Expr {
        kind: ExprKind::Index(
            Arc::new(path.clone()),
            Arc::new(Expr {
                kind: ExprKind::Value(key),
                span,
            }),
        ),
        span,
    };
    let all = |items: &[Value]| -> Vec<Value> {
        let each = |(index, item): (usize, &Value)| {
            let path = element(Value::Number(
                i64::try_from(index).unwrap_or(i64::MAX).into(),
            ));
            rename(item.clone(), &path)
        };
        items.iter().enumerate().map(each).collect()
    };
    let entries = |items: &BTreeMap<Arc<str>, Value>| -> BTreeMap<Arc<str>, Value> {
        let each = |(key, item): (&Arc<str>, &Value)| {
            let path = if print::is_plain_key(key) {
                let text = Arc::clone(key);
                let kind = ExprKind::Get(Arc::new(path.clone()), Ident { text, span });
                Expr { kind, span }
            } else {
                element(Value::String(Arc::clone(key)))
            };
            (Arc::clone(key), rename(item.clone(), &path))
        };
        items.iter().map(each).collect()
    };
    match value {
        Value::Deferred(expr) if is_large(&expr) => {
            let ty = infer::of(&expr, None);
            Value::Deferred(Arc::new(by_name(path.clone(), ty, expr)))
        }
        Value::Sensitive(inner) => rename(Arc::unwrap_or_clone(inner), path).mark(true),
        Value::List(items) if !items.iter().all(Value::is_known) => Value::list(all(&items)),
        Value::Tuple(items) if !items.iter().all(Value::is_known) => Value::tuple(all(&items)),
        Value::Map(items) if items.values().any(Value::has_deferred) => Value::map(entries(&items)),
        Value::Object(items) if items.values().any(Value::has_deferred) => {
            Value::object(entries(&items))
        }
        value => value,
    }
}
