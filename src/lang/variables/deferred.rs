//! Conversion of what is not known yet: the expression that stays is wrapped in the function that converts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::ast::BinaryOp;
use super::super::ast::Expr;
use super::super::ast::ExprKind;
use super::super::ast::For;
use super::super::ast::Ident;
use super::super::ast::UnaryOp;
use super::super::eval::residual::is_bool;
use super::super::eval::residual::is_string;
use super::super::types::Type;
use super::super::value::Value;

/// Functions that give lists of strings.
const TEXTS: [&str; 5] = ["formatlist", "keys", "sort", "split", "tolist"];

/// A converted value whose deferred parts convert themselves when they are known. A deferred object or tuple stays as it is.
/// Fails with the reason where a value must be known.
pub(super) fn conform(value: Value, ty: &Type) -> Result<Value, String> {
    if value.is_known() {
        return Ok(value);
    }
    let all = |items: &[Value], of: &Type| {
        let items = items.iter().map(|item| conform(item.clone(), of));
        items.collect::<Result<Vec<_>, String>>()
    };
    match (value, ty) {
        (Value::Sensitive(inner), _) => Ok(conform(Arc::unwrap_or_clone(inner), ty)?.mark(true)),
        (Value::Deferred(_), Type::Ref(kind)) => Err(format!(
            "a reference to a {kind} must be known when a plan is made, and this depends on `run`"
        )),
        (Value::Deferred(expr), _) => Ok(Value::Deferred(converted(expr, ty))),
        (Value::List(items), Type::List(of)) => all(&items, of).map(Value::list),
        (Value::Set(items), Type::Set(of)) => Ok(Value::Set(Arc::new(all(&items, of)?.into()))),
        (Value::Tuple(items), Type::Tuple(types)) => {
            let items = items.iter().zip(types);
            let items = items.map(|(item, ty)| conform(item.clone(), ty));
            Ok(Value::tuple(items.collect::<Result<_, _>>()?))
        }
        (Value::Map(items), Type::Map(of)) => {
            let items = items
                .iter()
                .map(|(key, item)| Ok::<_, String>((Arc::clone(key), conform(item.clone(), of)?)));
            Ok(Value::map(items.collect::<Result<_, _>>()?))
        }
        (Value::Object(items), Type::Object(fields)) => {
            let mut entries = BTreeMap::new();
            for (name, item) in items.iter() {
                let ty = fields.get(name).map_or(&Type::Any, |field| &field.ty);
                entries.insert(Arc::clone(name), conform(item.clone(), ty)?);
            }
            Ok(Value::object(entries))
        }
        (value, _) => Ok(value),
    }
}

fn converted(expr: Arc<Expr>, ty: &Type) -> Arc<Expr> {
    let (fits, function) = match ty {
        Type::String => (is_string(&expr) || is_time(&expr), "tostring"),
        Type::Number => (is_number(&expr), "tonumber"),
        Type::Bool => (is_bool(&expr), "tobool"),
        Type::List(of) => return collection("tolist", expr, of),
        Type::Set(of) => return collection("toset", expr, of),
        Type::Map(of) => return collection("tomap", expr, of),
        Type::Any | Type::Tuple(_) | Type::Object(_) | Type::Ref(_) => (true, ""),
    };
    if fits { expr } else { call(function, expr) }
}

/// `tolist([for item in … : tostring(item)])`, or less where the elements are right anyway.
fn collection(function: &'static str, expr: Arc<Expr>, of: &Type) -> Arc<Expr> {
    let span = expr.span;
    let ident = |text: &str| Ident {
        text: Arc::from(text),
        span,
    };
    let name = |text: &str| {
        Arc::new(Expr {
            kind: ExprKind::Name(ident(text)),
            span,
        })
    };
    let texts = matches!(&expr.kind, ExprKind::Call { name, .. } if TEXTS.contains(&&*name.text));
    let item = name("item");
    let element = converted(Arc::clone(&item), of);
    let expr = if element == item || (*of == Type::String && texts) {
        expr
    } else {
        let map = function == "tomap";
        let kind = ExprKind::For(Arc::new(For {
            key: map.then(|| ident("key")),
            value: ident("item"),
            collection: Arc::unwrap_or_clone(expr),
            result_key: map.then(|| Arc::unwrap_or_clone(name("key"))),
            result: Arc::unwrap_or_clone(element),
            group: false,
            condition: None,
        }));
        Arc::new(Expr { kind, span })
    };
    match &expr.kind {
        ExprKind::Call { name, .. } if &*name.text == function => expr,
        _ => call(function, expr),
    }
}

fn call(function: &str, argument: Arc<Expr>) -> Arc<Expr> {
    let span = argument.span;
    Arc::new(Expr {
        kind: ExprKind::Call {
            name: Ident {
                text: Arc::from(function),
                span,
            },
            arguments: Arc::new(vec![Arc::unwrap_or_clone(argument)]),
            expand: false,
        },
        span,
    })
}

/// Whether the expression is one of the texts that a run knows directly, e.g. `run.date`. The attempt is a number.
fn is_time(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Get(source, name) => {
            &*name.text != "attempt"
                && matches!(&source.kind, ExprKind::Name(root) if &*root.text == "run")
        }
        _ => false,
    }
}

/// Whether the expression, if it can be evaluated at all, gives a number.
fn is_number(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Value(Value::Number(_)) | ExprKind::Unary(UnaryOp::Negate, _) => true,
        ExprKind::Binary(operator, ..) => matches!(
            operator,
            BinaryOp::Add
                | BinaryOp::Subtract
                | BinaryOp::Multiply
                | BinaryOp::Divide
                | BinaryOp::Modulo
        ),
        ExprKind::Call { name, .. } => matches!(&*name.text, "tonumber" | "length" | "parseint"),
        ExprKind::Parens(inner) => is_number(inner),
        _ => false,
    }
}
