//! Makes expressions of AWS Data Pipeline.

use crate::import::expression::Expr;
use crate::import::expression::ExprKind;
use crate::import::expression::FUNCTIONS;
use crate::import::expression::Operator;
use crate::lang::Number;

const fn expr(kind: ExprKind) -> Expr {
    Expr { kind, at: 0..0 }
}

pub(in crate::export) fn text(text: impl Into<String>) -> Expr {
    expr(ExprKind::Text(text.into()))
}

pub(super) const fn integer(number: i64) -> Expr {
    expr(ExprKind::Integer(number))
}

/// A number with a point, as a number if the service's numbers hold it exactly, else as text.
pub(super) fn decimal(number: &Number) -> Expr {
    let exact = number.to_string();
    let double = exact.parse().map(ExprKind::Double).map(expr);
    match double {
        Ok(double) if double.to_string() == exact => double,
        _ => text(exact),
    }
}

/// A whole number that is written out, with a point: `2.0`.
pub(super) fn pointed(whole: &Expr) -> Option<Expr> {
    match whole.kind {
        ExprKind::Integer(number) => {
            let number = i32::try_from(number).ok()?;
            Some(expr(ExprKind::Double(f64::from(number))))
        }
        _ => None,
    }
}

pub(in crate::export) fn name(name: impl Into<String>) -> Expr {
    expr(ExprKind::Name(name.into()))
}

pub(in crate::export) fn field(of: Expr, name: impl Into<String>) -> Expr {
    expr(ExprKind::Field(Box::new(of), name.into()))
}

pub(super) fn negated(of: Expr) -> Expr {
    expr(ExprKind::Negated(Box::new(of)))
}

pub(super) fn binary(operator: Operator, left: Expr, right: Expr) -> Expr {
    expr(ExprKind::Binary(operator, Box::new([left, right])))
}

/// A call of a function that the service has; the message says that it has none of that name.
pub(super) fn call(name: &str, arguments: Vec<Expr>) -> Result<Expr, String> {
    let mut functions = FUNCTIONS.iter();
    let function = functions.find(|function| function.name == name);
    let function = function.ok_or_else(|| format!("the service has no function `{name}`"))?;
    Ok(expr(ExprKind::Call(function, arguments)))
}

/// A time, written with a pattern.
pub(in crate::export) fn format(time: Expr, pattern: &str) -> Result<Expr, String> {
    call("format", vec![time, text(pattern)])
}
