//! Operators and conditionals.

use std::sync::Arc;

use super::Evaluator;
use super::Frames;
use super::fault::Fault;
use super::fault::Outcome;
use super::residual;
use super::residual::deferred;
use crate::diag::Span;
use crate::lang::ast::BinaryOp;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::UnaryOp;
use crate::lang::convert;
use crate::lang::infer;
use crate::lang::number::Number;
use crate::lang::types;
use crate::lang::types::Type;
use crate::lang::unify;
use crate::lang::unify::type_of;
use crate::lang::value::Value;

/// An operand without its mark, and its place.
struct Operand {
    value: Value,
    span: Span,
}

impl Operand {
    fn is_deferred(&self) -> bool {
        matches!(self.value, Value::Deferred(_))
    }

    fn number(&self, operator: &str) -> Result<Number, Fault> {
        convert::to_number(&self.value).ok_or_else(|| self.wrong(operator, "a number"))
    }

    fn bool(&self, operator: &str) -> Result<bool, Fault> {
        convert::to_bool(&self.value).ok_or_else(|| self.wrong(operator, "a bool"))
    }

    fn wrong(&self, operator: &str, wanted: &str) -> Fault {
        self.wrong_as(operator, wanted, &self.value.describe())
    }

    fn wrong_as(&self, operator: &str, wanted: &str, what: &str) -> Fault {
        let detail = format!("`{operator}` takes {wanted} here; this is {what}.");
        Fault::at("Invalid operand", detail, self.span)
    }

    /// Refuses a deferred operand that cannot become a number.
    fn may_be_number(&self, operator: &str) -> Result<(), Fault> {
        match infer::type_of(&self.value) {
            Type::Any | Type::Number | Type::String => Ok(()),
            ty => Err(self.wrong_as(operator, "a number", infer::describe(&ty))),
        }
    }

    /// Refuses a deferred operand that cannot become a bool.
    fn may_be_bool(&self, operator: &str) -> Result<(), Fault> {
        match infer::type_of(&self.value) {
            Type::Any | Type::Bool | Type::String => Ok(()),
            ty => Err(self.wrong_as(operator, "a bool", infer::describe(&ty))),
        }
    }
}

impl Evaluator<'_> {
    pub(super) fn unary(
        &self,
        operator: UnaryOp,
        operand: &Expr,
        span: Span,
        frames: Frames<'_>,
    ) -> Outcome {
        let (value, marked) = self.expression(operand, frames)?.unmark();
        let operand = Operand {
            value,
            span: operand.span,
        };
        match sign_applied(operator, operand, span) {
            Ok(value) => Ok(value.mark(marked)),
            Err(fault) => Err(fault.concealed_if(marked)),
        }
    }

    pub(super) fn binary(
        &self,
        operator: BinaryOp,
        left: &Expr,
        right: &Expr,
        span: Span,
        frames: Frames<'_>,
    ) -> Outcome {
        let sign = sign(operator);
        let (left_value, left_marked) = self.expression(left, frames)?.unmark();
        let left = Operand {
            value: left_value,
            span: left.span,
        };
        if matches!(operator, BinaryOp::And | BinaryOp::Or)
            && !left.is_deferred()
            && left
                .bool(sign)
                .map_err(|fault| fault.concealed_if(left_marked))?
                == (operator == BinaryOp::Or)
        {
            return Ok(Value::Bool(operator == BinaryOp::Or).mark(left_marked));
        }
        let (right_value, right_marked) = self.expression(right, frames)?.unmark();
        let right = Operand {
            value: right_value,
            span: right.span,
        };
        let marked = left_marked || right_marked;
        let value = match operator {
            BinaryOp::Equal | BinaryOp::NotEqual => {
                return self
                    .equality(operator, left, right, span)
                    .map(|value| value.mark(marked));
            }
            BinaryOp::And | BinaryOp::Or => logic(operator, left, right, span),
            _ => arithmetic(operator, left, right, span),
        };
        match value {
            Ok(value) => Ok(value.mark(marked)),
            Err(fault) => Err(fault.concealed_if(marked)),
        }
    }

    fn equality(&self, operator: BinaryOp, left: Operand, right: Operand, span: Span) -> Outcome {
        let (left_value, left_marked) = self.whole(left.value)?.unmark_deep();
        let (right_value, right_marked) = self.whole(right.value)?.unmark_deep();
        let value = if left_value.is_known() && right_value.is_known() {
            self.step(span)?;
            Value::Bool(left_value.equals(&right_value) == (operator == BinaryOp::Equal))
        } else {
            binary_residual(
                operator,
                Operand {
                    value: left_value,
                    ..left
                },
                Operand {
                    value: right_value,
                    ..right
                },
                span,
            )
        };
        Ok(value.mark(left_marked || right_marked))
    }

    pub(super) fn conditional(
        &self,
        condition: &Expr,
        yes: &Expr,
        no: &Expr,
        frames: Frames<'_>,
        span: Span,
    ) -> Outcome {
        let (test, marked) = self.expression(condition, frames)?.unmark();
        if let Value::Deferred(test) = test {
            check_condition(&test, condition.span)?;
            let (yes_value, no_value) =
                match (self.expression(yes, frames), self.expression(no, frames)) {
                    (Ok(yes_value), Ok(no_value)) => {
                        (self.whole(yes_value)?, self.whole(no_value)?)
                    }
                    (Err(mut fault), Err(further)) => {
                        fault.merge(further);
                        return Err(fault);
                    }
                    (Err(fault), _) | (_, Err(fault)) => return Err(fault),
                };
            let settled = unify::settled(&[yes_value.clone(), no_value.clone()]);
            let place = yes.span.to(no.span);
            let as_both = |value: &Value, other: &Value| {
                if !settled {
                    return Ok(value.clone()); // brought to one type when both are known
                }
                alike(value, other).ok_or_else(|| inconsistent(value, other, place))
            };
            let yes_as_both = as_both(&yes_value, &no_value)?;
            let no_as_both = as_both(&no_value, &yes_value)?;
            let (yes_expr, yes_marked) = self.folded(yes_as_both, yes.span);
            let (no_expr, no_marked) = self.folded(no_as_both, no.span);
            let kind = ExprKind::Conditional(test, Arc::new(yes_expr), Arc::new(no_expr));
            return Ok(deferred(kind, span).mark(marked || yes_marked || no_marked));
        }
        let test = as_condition(&test, condition.span);
        let (taken, other) = if test.map_err(|fault| fault.concealed_if(marked))? {
            (yes, no)
        } else {
            (no, yes)
        };
        let value = self.expression(taken, frames)?;
        // Both results have one type. What is wrong with the one that is not taken does not matter.
        let Ok(other) = self.expression(other, frames) else {
            return Ok(value.mark(marked));
        };
        // A module is not read as a whole for the sake of its type.
        if value.opens() || other.opens() {
            return Ok(value.mark(marked));
        }
        if unify::settled(&[value.clone(), other.clone()]) {
            let result = alike(&value, &other)
                .ok_or_else(|| inconsistent(&value, &other, yes.span.to(no.span)))?;
            return Ok(result.mark(marked));
        }
        // Which type that is will be seen when both are known.
        let (value, value_marked) = self.folded(value, taken.span);
        let (other, _) = self.folded(other, span);
        let always = Expr {
            kind: ExprKind::Value(Value::Bool(true)),
            span: condition.span,
        };
        let kind = ExprKind::Conditional(Arc::new(always), Arc::new(value), Arc::new(other));
        Ok(deferred(kind, span).mark(marked || value_marked))
    }
}

fn sign_applied(operator: UnaryOp, operand: Operand, span: Span) -> Outcome {
    if operand.is_deferred() {
        match operator {
            UnaryOp::Not => operand.may_be_bool("!")?,
            UnaryOp::Negate => operand.may_be_number("-")?,
        }
    }
    if let Value::Deferred(rest) = operand.value {
        return Ok(deferred(ExprKind::Unary(operator, rest), span));
    }
    Ok(match operator {
        UnaryOp::Not => Value::Bool(!operand.bool("!")?),
        UnaryOp::Negate => Value::Number(operand.number("-")?.negate()),
    })
}

/// Refuses a deferred condition that cannot become a bool.
pub(super) fn check_condition(test: &Expr, span: Span) -> Result<(), Fault> {
    match infer::of(test, None) {
        Type::Any | Type::Bool | Type::String => Ok(()),
        ty => Err(no_condition(infer::describe(&ty), span)),
    }
}

fn no_condition(what: &str, span: Span) -> Fault {
    let detail = format!("A condition is true or false; this is {what}.");
    Fault::at("Invalid condition", detail, span)
}

/// A known value as a condition.
pub(super) fn as_condition(value: &Value, span: Span) -> Result<bool, Fault> {
    convert::to_bool(value).ok_or_else(|| no_condition(&value.describe(), span))
}

/// A result of a conditional as one of the type that both results have; `None` if there is none.
fn alike(value: &Value, other: &Value) -> Option<Value> {
    if let Value::Sensitive(value) = value {
        return Some(alike(value, other)?.mark(true));
    }
    match (value, other) {
        (Value::Deferred(_), _) | (_, Value::Null(None)) => Some(value.clone()),
        (value, Value::Sensitive(other)) => alike(value, other),
        _ => {
            let (own, of_other) = (type_of(value), type_of(other));
            if own == of_other {
                return Some(value.clone());
            }
            types::convert(value, &unify::unify(&[own, of_other])?).ok()
        }
    }
}

fn inconsistent(value: &Value, other: &Value, span: Span) -> Fault {
    let detail = format!(
        "Both results of a conditional have one type, and these cannot be brought to one: {} and {}.",
        value.describe(),
        other.describe()
    );
    Fault::at("Inconsistent conditional result types", detail, span)
}

fn binary_residual(operator: BinaryOp, left: Operand, right: Operand, span: Span) -> Value {
    let (left, left_marked) = residual::to_expr(left.value, left.span, &|_| None);
    let (right, right_marked) = residual::to_expr(right.value, right.span, &|_| None);
    let kind = ExprKind::Binary(operator, Arc::new(left), Arc::new(right));
    deferred(kind, span).mark(left_marked || right_marked)
}

/// `&&` and `||` whose left side is not known to decide.
fn logic(operator: BinaryOp, left: Operand, right: Operand, span: Span) -> Outcome {
    let sign = sign(operator);
    for operand in [&left, &right] {
        if operand.is_deferred() {
            operand.may_be_bool(sign)?;
        }
    }
    if !right.is_deferred() {
        let right_bool = right.bool(sign)?;
        if !left.is_deferred() {
            return Ok(Value::Bool(right_bool));
        }
    } else if !left.is_deferred() && infer::type_of(&right.value) == Type::Bool {
        return Ok(right.value);
    }
    Ok(binary_residual(operator, left, right, span))
}

fn arithmetic(operator: BinaryOp, left: Operand, right: Operand, span: Span) -> Outcome {
    let sign = sign(operator);
    let known = |operand: &Operand| {
        (!operand.is_deferred())
            .then(|| operand.number(sign))
            .transpose()
    };
    for operand in [&left, &right] {
        if operand.is_deferred() {
            operand.may_be_number(sign)?;
        }
    }
    let (Some(left_number), Some(right_number)) = (known(&left)?, known(&right)?) else {
        return Ok(binary_residual(operator, left, right, span));
    };
    let number = match operator {
        BinaryOp::Less => return Ok(Value::Bool(left_number < right_number)),
        BinaryOp::LessEqual => return Ok(Value::Bool(left_number <= right_number)),
        BinaryOp::Greater => return Ok(Value::Bool(left_number > right_number)),
        BinaryOp::GreaterEqual => return Ok(Value::Bool(left_number >= right_number)),
        BinaryOp::Subtract => left_number.subtract(&right_number),
        BinaryOp::Multiply => left_number.multiply(&right_number),
        BinaryOp::Divide => left_number.divide(&right_number),
        BinaryOp::Modulo => left_number.modulo(&right_number),
        _ => left_number.add(&right_number),
    };
    number.map(Value::Number).map_err(|error| {
        let detail = format!("`{sign}` cannot be calculated: {error}.");
        Fault::at("Invalid arithmetic", detail, span)
    })
}

/// The operator as it is written.
pub(crate) fn sign(operator: BinaryOp) -> &'static str {
    match operator {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Modulo => "%",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::And => "&&",
        BinaryOp::Or => "||",
    }
}
