//! What names stand for in their place, for people who ask for it.

use std::sync::Arc;

use super::super::ast::Expr;
use super::super::ast::ExprKind;
use super::super::eval::children_mut;
use super::super::value::Value;
use super::map_deferred;

/// How many nodes a residual may have in which names are spelled out.
const ROOM: u64 = 10_000;

/// The value with what its names stand for in their place, unless it would be too large: for people who ask for it.
pub(crate) fn spelled_out(value: Value) -> Value {
    map_deferred(value, &mut |expr| {
        let mut whole = Expr::clone(&expr);
        let mut nodes = 0;
        if spell_out(&mut whole, &mut nodes) {
            Arc::new(whole)
        } else {
            expr
        }
    })
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
