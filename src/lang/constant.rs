//! Expressions that must be constant: defaults, value files, settings.

use std::collections::BTreeMap;

use super::ast::Expr;
use super::ast::ExprKind;
use super::ast::UnaryOp;
use super::convert;
use super::value::Value;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;

/// The value of an expression without names, functions and operators; `None` of any other.
pub fn constant_value(expr: &Expr) -> Option<Value> {
    constant(expr, "", &mut Diagnostics::new())
}

/// The value of an expression without names, functions and operators. `where_` says what it is in the message, e.g. "The
/// default of a variable". `None` if it was not constant, which has been reported.
pub(super) fn constant(expr: &Expr, what: &str, diagnostics: &mut Diagnostics) -> Option<Value> {
    match &expr.kind {
        ExprKind::Value(value) => Some(value.clone()),
        ExprKind::Parens(inner) => constant(inner, what, diagnostics),
        ExprKind::Unary(UnaryOp::Negate, operand) => match constant(operand, what, diagnostics)? {
            Value::Number(number) => Some(Value::Number(number.negate())),
            _ => refuse(expr, what, diagnostics),
        },
        ExprKind::Tuple(items) => {
            let items: Vec<Option<Value>> = items
                .iter()
                .map(|item| constant(item, what, diagnostics))
                .collect();
            Some(Value::tuple(items.into_iter().collect::<Option<_>>()?))
        }
        ExprKind::Object(items) => {
            let mut entries = BTreeMap::new();
            let mut complete = true;
            for (key, item) in items.iter() {
                let key = constant(key, what, diagnostics).and_then(|key| convert::to_text(&key));
                let item = constant(item, what, diagnostics);
                match (key, item) {
                    (Some(key), Some(item)) => drop(entries.insert(key, item)),
                    _ => complete = false,
                }
            }
            complete.then(|| Value::object(entries))
        }
        ExprKind::Unread => None,
        _ => refuse(expr, what, diagnostics),
    }
}

fn refuse(expr: &Expr, what: &str, diagnostics: &mut Diagnostics) -> Option<Value> {
    let detail = format!("{what} is a constant: it may not use names, functions or operators.");
    diagnostics.push(Diagnostic::error("Not a constant", detail).at(expr.span));
    None
}
