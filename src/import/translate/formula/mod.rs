//! From `#{…}` to HCL. What is translated means the same; what cannot be is an error, and its caller keeps the text.

mod functions;
#[cfg(test)]
mod tests;
mod times;

use crate::import::expression;
use crate::import::expression::Error;
use crate::import::expression::Expr;
use crate::import::expression::ExprKind;
use crate::import::expression::Operator;
use crate::import::expression::Part;
use crate::import::expression::Template;
use crate::import::expression::Value;
use crate::lang::Number;
use crate::lang::ast;
use crate::lang::ast::BinaryOp;

use super::hcl;
use super::shell;

/// An expression of HCL, and what it gives.
#[derive(Clone, Debug)]
pub(super) struct Formula {
    pub(super) expr: ast::Expr,
    pub(super) gives: Gives,
}

/// What an expression gives, as the service sees it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Gives {
    Text,
    Integer,
    Double,
    /// A time: text in RFC 3339 here; with the zone that `inTimeZone` has put it into.
    Time(Option<Box<ast::Expr>>),
    /// A time in UTC as text that does not say so: when a schedule begins.
    Start,
    /// A reference to the object with this id.
    Reference(String),
    /// Several of them.
    List(Box<Self>),
}

impl Formula {
    pub(super) const fn new(expr: ast::Expr, gives: Gives) -> Self {
        Self { expr, gives }
    }

    pub(super) fn text(text: &str) -> Self {
        Self::new(hcl::text(text), Gives::Text)
    }
}

/// What names mean.
pub(super) trait Scope {
    /// What a name stands for: in the object `of`, or in the object whose field is translated, where the name may also be a
    /// parameter. The message says why it stands for nothing, in full sentences.
    fn meaning(&mut self, of: Option<&str>, name: &str) -> Result<Formula, String>;
}

/// Translates the text of a field.
pub(super) fn translate(template: &Template, scope: &mut dyn Scope) -> Result<Formula, Error> {
    if let [Part::Expression(expr)] = template.parts.as_slice() {
        let formula = formula(expr, scope)?;
        return Ok(match formula.gives {
            // A field holds texts: a time is written into it.
            Gives::Time(_) => Formula::new(written(&formula), Gives::Text),
            _ => formula,
        });
    }
    let mut parts = Vec::new();
    for part in &template.parts {
        parts.push(match part {
            Part::Text(text) => Formula::text(text),
            Part::Expression(expr) => formula(expr, scope)?,
        });
    }
    mapped(&parts, &|parts| Ok(concatenated(parts)), &(0..0))
}

/// Whether a text has a number in it that is computed and has a point there, also if it is whole.
pub(super) fn has_points(template: &Template, scope: &mut dyn Scope) -> bool {
    template.parts.iter().any(|part| match part {
        Part::Expression(expr)
            if matches!(expr.kind, ExprKind::Binary(..) | ExprKind::Negated(_)) =>
        {
            formula(expr, scope).is_ok_and(|formula| {
                let one = match &formula.gives {
                    Gives::List(inner) => inner,
                    one => one,
                };
                *one == Gives::Double
            })
        }
        _ => false,
    })
}

fn formula(expr: &Expr, scope: &mut dyn Scope) -> Result<Formula, Error> {
    let failed = |message| Error {
        at: expr.at.clone(),
        message,
    };
    if let Some(constant) = constant(expr).map_err(failed)? {
        return Ok(constant);
    }
    match &expr.kind {
        ExprKind::Integer(number) => Ok(Formula::new(hcl::integer(*number), Gives::Integer)),
        ExprKind::Double(number) => Ok(Formula::text(&Value::Double(*number).to_string())),
        ExprKind::Text(text) => Ok(Formula::text(text)),
        ExprKind::Name(name) => scope.meaning(None, name).map_err(failed),
        ExprKind::Field(of, name) => {
            let of = formula(of, scope)?;
            field(&of.gives, name, scope).map_err(failed)
        }
        ExprKind::Call(function, arguments) => {
            let arguments: Vec<Formula> = arguments
                .iter()
                .map(|argument| formula(argument, scope))
                .collect::<Result<_, _>>()?;
            if arguments
                .iter()
                .any(|argument| shell::is_marked(&argument.expr))
            {
                let message = "A secret is computed with, and a shell reads it as it is.";
                return Err(failed(message.to_owned()));
            }
            let body = |of: &[Formula]| functions::call(function.name, of);
            mapped(&arguments, &body, &expr.at)
        }
        ExprKind::Negated(operand) => {
            let operand = formula(operand, scope)?;
            let body = |of: &[Formula]| match of {
                [operand] => {
                    let gives = number_of(operand)?;
                    Ok(Formula::new(hcl::negated(operand.expr.clone()), gives))
                }
                _ => Err("`-` needs a number.".to_owned()),
            };
            mapped(&[operand], &body, &expr.at)
        }
        ExprKind::Binary(operator, operands) => {
            let [left, right] = &**operands;
            let operands = [formula(left, scope)?, formula(right, scope)?];
            let body = |of: &[Formula]| combined(*operator, of);
            mapped(&operands, &body, &expr.at)
        }
    }
}

/// What reads no names is computed here and now. Doubles stay texts, as the service writes them.
fn constant(expr: &Expr) -> Result<Option<Formula>, String> {
    struct Nothing;
    impl expression::Names for Nothing {
        fn value(&mut self, _: Option<&str>, name: &str) -> Result<Value, String> {
            Err(name.to_owned())
        }
    }
    if matches!(expr.kind, ExprKind::Name(_)) {
        return Ok(None);
    }
    let template = Template {
        parts: vec![Part::Expression(expr.clone())],
    };
    let value = match expression::evaluate(&template, &mut Nothing) {
        Ok(value) => value,
        Err(_) if reads_names(expr) => return Ok(None),
        Err(error) => return Err(error.message),
    };
    Ok(Some(match value {
        // In a zone it would lose the zone's name.
        Value::Time(time) if !time.offset().is_zero() => return Ok(None),
        Value::Integer(number) => Formula::new(hcl::integer(number), Gives::Integer),
        Value::Time(time) => {
            let text = time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
            let text = text.replace("+00:00", "Z");
            Formula::new(hcl::text(&text), Gives::Time(None))
        }
        Value::Double(number) if !number.is_finite() => {
            return Err("What it computes is no number.".to_owned());
        }
        value @ (Value::Text(_) | Value::Double(_)) => Formula::text(&value.to_string()),
        Value::Reference(_) | Value::List(_) => return Ok(None),
    }))
}

fn reads_names(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(_) => true,
        ExprKind::Field(of, _) | ExprKind::Negated(of) => reads_names(of),
        ExprKind::Call(_, arguments) => arguments.iter().any(reads_names),
        ExprKind::Binary(_, operands) => operands.iter().any(reads_names),
        ExprKind::Integer(_) | ExprKind::Double(_) | ExprKind::Text(_) => false,
    }
}

fn field(of: &Gives, name: &str, scope: &mut dyn Scope) -> Result<Formula, String> {
    match of {
        Gives::Reference(id) => scope.meaning(Some(id), name),
        Gives::List(_) => Err(
            "It leads through several references at once; write out which object is meant."
                .to_owned(),
        ),
        _ => Err("Only references to objects have fields.".to_owned()),
    }
}

/// Does something with formulas. Where one of them is a list, it is done with each of its elements; several lists go in step.
fn mapped(
    of: &[Formula],
    body: &dyn Fn(&[Formula]) -> Result<Formula, String>,
    at: &std::ops::Range<usize>,
) -> Result<Formula, Error> {
    let failed = |message| Error {
        at: at.clone(),
        message,
    };
    let is_list = |formula: &Formula| matches!(formula.gives, Gives::List(_));
    let Some(first) = of.iter().find(|formula| is_list(formula)) else {
        return body(of).map_err(failed);
    };
    let several = of.iter().filter(|formula| is_list(formula)).count() > 1;
    let mut seen = false;
    let elements: Vec<Formula> = of
        .iter()
        .map(|formula| match &formula.gives {
            Gives::List(gives) => {
                let element = if std::mem::replace(&mut seen, true) {
                    hcl::index(formula.expr.clone(), hcl::path("index"))
                } else {
                    hcl::path("value")
                };
                Formula::new(element, (**gives).clone())
            }
            _ => formula.clone(),
        })
        .collect();
    let result = body(&elements).map_err(failed)?;
    let index = several.then_some("index");
    let expr = hcl::each(index, "value", first.expr.clone(), result.expr);
    let gives = match result.gives {
        list @ Gives::List(_) => list,
        gives => Gives::List(Box::new(gives)),
    };
    Ok(Formula::new(expr, gives))
}

/// As it is written into text.
fn written(formula: &Formula) -> ast::Expr {
    match (&formula.gives, &formula.expr.kind) {
        (Gives::Time(_), ast::ExprKind::Value(crate::lang::Value::String(time))) => {
            hcl::text(time.trim_end_matches('Z'))
        }
        (Gives::Time(_), _) => times::format(
            formula,
            &[times::Piece::Strftime("%Y-%m-%dT%H:%M:%S".to_owned())],
        ),
        _ => formula.expr.clone(),
    }
}

fn concatenated(parts: &[Formula]) -> Formula {
    Formula::new(hcl::joined(parts.iter().map(written)), Gives::Text)
}

fn number_of(formula: &Formula) -> Result<Gives, String> {
    match formula.gives {
        Gives::Integer => Ok(Gives::Integer),
        // A text may be a number; HCL converts it.
        Gives::Double | Gives::Text => Ok(Gives::Double),
        _ => Err("It calculates with something that is no number.".to_owned()),
    }
}

/// What is calculated with: a number with a point is a text where it is written, and a number here.
fn as_number(formula: &Formula) -> ast::Expr {
    let number = match &formula.expr.kind {
        ast::ExprKind::Value(crate::lang::Value::String(text)) => Number::parse(text),
        _ => None,
    };
    number.map_or_else(
        || formula.expr.clone(),
        |number| hcl::value(crate::lang::Value::Number(number)),
    )
}

fn combined(operator: Operator, of: &[Formula]) -> Result<Formula, String> {
    let [left, right] = of else {
        return Err("An operator has two operands.".to_owned());
    };
    let is_number = |formula: &Formula| matches!(formula.gives, Gives::Integer | Gives::Double);
    if operator == Operator::Add && !(is_number(left) && is_number(right)) {
        return Ok(concatenated(of));
    }
    let both = [number_of(left)?, number_of(right)?];
    let whole = both == [Gives::Integer, Gives::Integer];
    let gives = if whole { Gives::Integer } else { Gives::Double };
    let (left, right) = (as_number(left), as_number(right));
    let plain = |sign| hcl::binary(sign, left.clone(), right.clone());
    Ok(match operator {
        Operator::Add => Formula::new(plain(BinaryOp::Add), gives),
        Operator::Subtract => Formula::new(plain(BinaryOp::Subtract), gives),
        Operator::Multiply => Formula::new(plain(BinaryOp::Multiply), gives),
        Operator::Divide if whole => {
            // Without the rest; `%` has the sign of what is divided, as there.
            let rest = plain(BinaryOp::Modulo);
            let divided = hcl::binary(BinaryOp::Subtract, left, rest);
            Formula::new(hcl::binary(BinaryOp::Divide, divided, right), gives)
        }
        Operator::Divide => Formula::new(plain(BinaryOp::Divide), gives),
        Operator::Power => Formula::new(hcl::call("pow", vec![left, right]), Gives::Double),
    })
}
