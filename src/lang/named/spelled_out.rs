//! What names stand for in their place, for people who ask for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::ast::Expr;
use super::super::ast::ExprKind;
use super::super::eval::children_mut;
use super::super::value::Value;

/// How many nodes a residual may have in which names are spelled out.
const ROOM: u64 = 10_000;

/// The value with what its names stand for in their place, unless it would be too large: for people who ask for it.
pub(crate) fn spelled_out(value: Value) -> Value {
    match value {
        Value::Deferred(expr) => {
            let mut whole = Arc::unwrap_or_clone(Arc::clone(&expr));
            let mut nodes = 0;
            if spell_out(&mut whole, &mut nodes) {
                return Value::Deferred(Arc::new(whole));
            }
            Value::Deferred(expr)
        }
        Value::Sensitive(inner) => spelled_out(Arc::unwrap_or_clone(inner)).mark(true),
        Value::List(items) if !items.iter().all(Value::is_known) => {
            Value::list(items.iter().cloned().map(spelled_out).collect())
        }
        Value::Tuple(items) if !items.iter().all(Value::is_known) => {
            Value::tuple(items.iter().cloned().map(spelled_out).collect())
        }
        Value::Map(items) if items.values().any(Value::has_deferred) => {
            Value::map(spelled_out_entries(&items))
        }
        Value::Object(items) if items.values().any(Value::has_deferred) => {
            Value::object(spelled_out_entries(&items))
        }
        value => value,
    }
}

fn spelled_out_entries(items: &BTreeMap<Arc<str>, Value>) -> BTreeMap<Arc<str>, Value> {
    let each = |(key, item): (&Arc<str>, &Value)| (Arc::clone(key), spelled_out(item.clone()));
    items.iter().map(each).collect()
}

/// Whether what the names stand for found room.
fn spell_out(expr: &mut Expr, nodes: &mut u64) -> bool {
    *nodes += 1;
    if *nodes > ROOM {
        return false;
    }
    if let ExprKind::Later(later) = &expr.kind
        && let Some(value) = &later.value
    {
        *expr = Expr::clone(value);
        return spell_out(expr, nodes);
    }
    let mut fits = true;
    children_mut(expr, &mut |child| fits = fits && spell_out(child, nodes));
    fits
}
