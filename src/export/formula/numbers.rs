//! Arithmetic: the service divides whole numbers without the rest, and knows no `%`.

use super::Gives;
use super::Piece;
use super::Scope;
use super::no_condition;
use super::service;
use crate::import::expression::Expr as Service;
use crate::import::expression::Operator;
use crate::lang::ast::BinaryOp;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::print;

/// Whether a number is whole.
pub(super) fn is_whole(piece: &Piece) -> Result<bool, String> {
    match piece.gives {
        Gives::Number(whole) => Ok(whole),
        _ => Err("it calculates with what is a text to the service".to_owned()),
    }
}

impl Scope<'_> {
    pub(super) fn binary(
        &self,
        operator: BinaryOp,
        left: &Expr,
        right: &Expr,
    ) -> Result<Piece, String> {
        if operator == BinaryOp::Divide {
            return self.divided(left, right);
        }
        let sign = match operator {
            BinaryOp::Add => Operator::Add,
            BinaryOp::Subtract => Operator::Subtract,
            BinaryOp::Multiply => Operator::Multiply,
            BinaryOp::Modulo => return self.rest(left, right),
            _ => return Err(no_condition()),
        };
        let (left, right) = (self.piece(left)?, self.piece(right)?);
        let whole = is_whole(&left)? & is_whole(&right)?;
        let result = service::binary(sign, left.expr, right.expr);
        Ok(Piece::new(result, Gives::Number(whole)))
    }

    /// `(a - a % b) / b` is the division of whole numbers; any other may give a number with a point, which it does there only if one
    /// of the two has one.
    fn divided(&self, left: &Expr, right: &Expr) -> Result<Piece, String> {
        if let Some(number) = divided_whole(left, right) {
            return self.quotient(number, right);
        }
        let (mut left, mut right) = (self.piece(left)?, self.piece(right)?);
        if is_whole(&left)? & is_whole(&right)? {
            (left.expr, right.expr) = with_point(left.expr, right.expr);
        }
        let result = service::binary(Operator::Divide, left.expr, right.expr);
        Ok(Piece::new(result, Gives::Number(false)))
    }

    /// A division without the rest.
    pub(super) fn quotient(&self, left: &Expr, right: &Expr) -> Result<Piece, String> {
        let (left, right) = (self.piece(left)?, self.piece(right)?);
        if !(is_whole(&left)? && is_whole(&right)?) {
            return Err(not_whole());
        }
        let result = service::binary(Operator::Divide, left.expr, right.expr);
        Ok(Piece::new(result, Gives::Number(true)))
    }

    /// `a % b` is `a - a / b * b`.
    fn rest(&self, left: &Expr, right: &Expr) -> Result<Piece, String> {
        let quotient = self.quotient(left, right)?;
        let (left, right) = (self.piece(left)?, self.piece(right)?);
        let multiple = service::binary(Operator::Multiply, quotient.expr, right.expr);
        let rest = service::binary(Operator::Subtract, left.expr, multiple);
        Ok(Piece::new(rest, Gives::Number(true)))
    }
}

/// What `(a - a % b)` divided by `b` divides without the rest.
fn divided_whole<'e>(left: &'e Expr, right: &Expr) -> Option<&'e Expr> {
    let is = |one: &Expr, other: &Expr| print::expression(one) == print::expression(other);
    let ExprKind::Binary(BinaryOp::Subtract, number, rest) = &bare(left).kind else {
        return None;
    };
    let ExprKind::Binary(BinaryOp::Modulo, again, divisor) = &bare(rest).kind else {
        return None;
    };
    (is(number, again) && is(divisor, right)).then_some(number)
}

/// Two whole numbers of which one has a point, so that they are divided with the rest.
fn with_point(left: Service, right: Service) -> (Service, Service) {
    if let Some(right) = service::pointed(&right) {
        return (left, right);
    }
    let one = service::integer(1);
    let pointed = service::pointed(&left).unwrap_or_else(|| {
        let one = service::pointed(&one).unwrap_or(one);
        service::binary(Operator::Multiply, left, one)
    });
    (pointed, right)
}

fn not_whole() -> String {
    "the service divides whole numbers without the rest".to_owned()
}

/// An expression without parentheses around it.
pub(super) fn bare(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Parens(inner) => bare(inner),
        _ => expr,
    }
}
