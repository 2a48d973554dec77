//! Names below another one: what they begin with when what was configured by itself stands beside something else.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::ast::Expr;
use super::super::ast::ExprKind;
use super::super::ast::Later;
use super::super::eval::children_mut;
use super::super::print;
use super::super::value::Value;
use super::RED_ZONE;
use super::STACK;
use super::map_deferred;
use super::path;

/// Parts that have new names, by the place of what they stand for in memory.
type Renamed = BTreeMap<usize, (Arc<Expr>, Arc<Expr>)>;

/// The value with all its names below another one: for what was configured earlier than what it will stand beside, where the
/// same names may stand for something else.
pub(crate) fn below(value: Value, outer: &str) -> Value {
    let mut known = Renamed::new();
    map_deferred(value, &mut |expr| {
        let mut expr = Arc::unwrap_or_clone(expr);
        push_below(&mut expr, outer, &mut known);
        Arc::new(expr)
    })
}

fn push_below(expr: &mut Expr, outer: &str, known: &mut Renamed) {
    let ExprKind::Later(later) = &mut expr.kind else {
        children_mut(expr, &mut |child| push_below(child, outer, known));
        return;
    };
    let Some(value) = &later.value else {
        return;
    };
    let place = Arc::as_ptr(value) as usize;
    let renamed = if let Some((_, renamed)) = known.get(&place) {
        Arc::clone(renamed)
    } else {
        let mut inner = Expr::clone(value);
        stacker::maybe_grow(RED_ZONE, STACK, || push_below(&mut inner, outer, known));
        let inner = Arc::new(inner);
        known.insert(place, (Arc::clone(value), Arc::clone(&inner)));
        inner
    };
    let name = format!("{outer}.{}", print::expression(&later.path));
    if let Some(path) = path(&name) {
        *later = Arc::new(Later {
            path,
            ty: later.ty.clone(),
            value: Some(renamed),
        });
    }
}
