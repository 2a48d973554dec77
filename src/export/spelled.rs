//! Formulas that only bring what a parameter gives into the spelling of this side: the service takes it as it is.

use std::sync::Arc;

use super::formula;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::print;
use crate::objects::AttributeSchema;
use crate::objects::AttributeType;

/// A word, a bool or a period as the service takes it: without `lower`, and without the table of words that it is looked up in.
pub(super) fn as_theirs(schema: &AttributeSchema, value: &Value) -> Option<Value> {
    let Value::Deferred(expr) = value else {
        return None;
    };
    let in_any_case = matches!(
        schema.value,
        AttributeType::Bool
            | AttributeType::Duration
            | AttributeType::OneOf(_)
            | AttributeType::Period
            | AttributeType::Price(_)
    );
    let expr = match &expr.kind {
        ExprKind::Conditional(condition, instead, value) => {
            formula::unless_null(condition, instead, value).ok()?
        }
        _ => expr,
    };
    let inner = match &expr.kind {
        ExprKind::Index(table, word) if is_table(table) => lowered(word),
        _ => lowered(expr),
    };
    let inner = inner.filter(|_| in_any_case)?;
    Some(Value::Deferred(Arc::new(inner.clone())))
}

/// What `lower` is called with.
fn lowered(expr: &Expr) -> Option<&Expr> {
    arguments(expr, "lower")?.first()
}

fn is_table(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Object(_) => true,
        ExprKind::Value(value) => matches!(value, Value::Object(_) | Value::Map(_)),
        _ => false,
    }
}

fn arguments<'e>(expr: &'e Expr, function: &str) -> Option<&'e [Expr]> {
    match &expr.kind {
        ExprKind::Call {
            name, arguments, ..
        } if &*name.text == function => Some(arguments),
        _ => None,
    }
}

/// A list without the `split(",", …)` of its elements: where parts have commas between them the service divides them itself.
pub(super) fn not_divided(value: &Value) -> Option<Value> {
    let Value::Deferred(expr) = value else {
        return None;
    };
    let text = |expr: &Expr| match arguments(expr, "split") {
        Some([separator, text]) if print::expression(separator) == "\",\"" => Some(text.clone()),
        _ => None,
    };
    if let Some(text) = text(expr) {
        return Some(Value::Deferred(Arc::new(text)));
    }
    let ExprKind::Tuple(elements) = &arguments(expr, "flatten")?.first()?.kind else {
        return None;
    };
    let elements = elements.iter();
    let elements = elements.map(|element| text(element).unwrap_or_else(|| element.clone()));
    let kind = ExprKind::Tuple(Arc::new(elements.collect()));
    let span = expr.span;
    Some(Value::Deferred(Arc::new(Expr { kind, span })))
}

/// The list of arguments that the attributes of a block are the first and the other parts of:
/// `split(",", var.step)[0]` and `slice(split(",", var.step), 1, …)`.
pub(super) fn of_parts(attributes: &[Option<&Value>]) -> Option<Value> {
    let [Some(Value::Deferred(first)), Some(Value::Deferred(others))] = attributes else {
        return None;
    };
    let ExprKind::Index(first, _) = &first.kind else {
        return None;
    };
    let others = arguments(others, "slice")?.first()?;
    let text = arguments(first, "split")?.get(1)?;
    let same = print::expression(first) == print::expression(others);
    same.then(|| Value::Deferred(Arc::new(text.clone())))
}
