//! Makes expressions of HCL.

use std::sync::Arc;

use crate::diag::Span;
use crate::lang::Number;
use crate::lang::Value;
use crate::lang::ast::BinaryOp;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::For;
use crate::lang::ast::Ident;
use crate::lang::ast::Part;
use crate::lang::ast::UnaryOp;

fn expr(kind: ExprKind) -> Expr {
    let span = Span::default();
    Expr { kind, span }
}

pub(super) fn ident(name: &str) -> Ident {
    Ident {
        text: Arc::from(name),
        span: Span::default(),
    }
}

/// Text as it is.
pub(super) fn text(text: &str) -> Expr {
    expr(ExprKind::Value(Value::string(text)))
}

/// A whole number.
pub(super) fn integer(number: i64) -> Expr {
    expr(ExprKind::Value(Value::Number(Number::from(number))))
}

/// A value.
pub(super) fn value(value: Value) -> Expr {
    expr(ExprKind::Value(value))
}

/// Names with dots between them: `run.scheduled_start`.
pub(super) fn path(path: &str) -> Expr {
    let mut names = path.split('.');
    let root = expr(ExprKind::Name(ident(names.next().unwrap_or(""))));
    names.fold(root, |of, name| {
        expr(ExprKind::Get(Arc::new(of), ident(name)))
    })
}

pub(super) fn index(of: Expr, index: Expr) -> Expr {
    expr(ExprKind::Index(Arc::new(of), Arc::new(index)))
}

/// `of.name`.
pub(super) fn get(of: Expr, name: &str) -> Expr {
    expr(ExprKind::Get(Arc::new(of), ident(name)))
}

/// `condition ? yes : no`.
pub(super) fn conditional(condition: Expr, yes: Expr, no: Expr) -> Expr {
    let kind = ExprKind::Conditional(Arc::new(condition), Arc::new(yes), Arc::new(no));
    expr(kind)
}

/// What may be null, as an empty text then: `read == null ? "" : read`.
pub(super) fn or_empty(read: &Expr) -> Expr {
    or(read, text(""), read.clone())
}

/// `read == null ? instead : value`.
pub(super) fn or(read: &Expr, instead: Expr, value_: Expr) -> Expr {
    let is_null = binary(BinaryOp::Equal, read.clone(), value(Value::NULL));
    conditional(is_null, instead, value_)
}

/// What [`or_empty`] was made of.
pub(super) fn may_be_null(made: &Expr) -> Option<&Expr> {
    match &made.kind {
        ExprKind::Conditional(condition, instead, read) => {
            let is_empty =
                matches!(&instead.kind, ExprKind::Value(Value::String(text)) if text.is_empty());
            let is_null = matches!(&condition.kind, ExprKind::Binary(BinaryOp::Equal, _, null)
                if matches!(null.kind, ExprKind::Value(Value::Null(_))));
            (is_empty && is_null).then_some(&**read)
        }
        _ => None,
    }
}

pub(super) fn not(operand: Expr) -> Expr {
    expr(ExprKind::Unary(UnaryOp::Not, Arc::new(operand)))
}

pub(super) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    expr(ExprKind::Call {
        name: ident(name),
        arguments: Arc::new(arguments),
        expand: false,
    })
}

pub(super) fn tuple(elements: Vec<Expr>) -> Expr {
    expr(ExprKind::Tuple(Arc::new(elements)))
}

pub(super) fn binary(operator: BinaryOp, left: Expr, right: Expr) -> Expr {
    expr(ExprKind::Binary(operator, Arc::new(left), Arc::new(right)))
}

pub(super) fn negated(operand: Expr) -> Expr {
    expr(ExprKind::Unary(UnaryOp::Negate, Arc::new(operand)))
}

/// `[for value in collection : result]`, maybe with the index.
pub(super) fn each(index: Option<&str>, value: &str, collection: Expr, result: Expr) -> Expr {
    expr(ExprKind::For(Arc::new(For {
        key: index.map(ident),
        value: ident(value),
        collection,
        result_key: None,
        result,
        group: false,
        condition: None,
    })))
}

/// Texts one after the other: a template, plain text where nothing is computed, and the text itself where there is only one.
pub(super) fn joined(parts: impl IntoIterator<Item = Expr>) -> Expr {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match part.kind {
            ExprKind::Value(Value::String(text)) => literal(&mut joined, &text),
            ExprKind::Value(Value::Number(number)) => literal(&mut joined, &number.to_string()),
            ExprKind::Template(inner) => {
                for part in inner.iter() {
                    match part {
                        Part::Literal(text) => literal(&mut joined, text),
                        other => joined.push(other.clone()),
                    }
                }
            }
            _ => joined.push(Part::Interpolation(part)),
        }
    }
    match joined.as_slice() {
        [] => text(""),
        [Part::Literal(only)] => text(only),
        [Part::Interpolation(only)] => only.clone(),
        _ => expr(ExprKind::Template(Arc::new(joined))),
    }
}

fn literal(parts: &mut Vec<Part>, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Part::Literal(last)) = parts.last_mut() {
        *last = Arc::from(format!("{last}{text}"));
    } else {
        parts.push(Part::Literal(Arc::from(text)));
    }
}

/// `{ key = value }`.
pub(super) fn object(entries: Vec<(Expr, Expr)>) -> Expr {
    expr(ExprKind::Object(Arc::new(entries)))
}
