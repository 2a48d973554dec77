//! Conversion of what is not known yet: the expression that stays is wrapped in the function that converts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::ast::Expr;
use super::super::ast::ExprKind;
use super::super::ast::For;
use super::super::ast::Ident;
use super::super::ast::Later;
use super::super::infer;
use super::super::types::Type;
use super::super::value::Value;

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
    if infer::of(&expr, None) == *ty {
        return expr;
    }
    match ty {
        Type::String => call("tostring", expr),
        Type::Number => call("tonumber", expr),
        Type::Bool => call("tobool", expr),
        Type::List(of) => collection("tolist", expr, of),
        Type::Set(of) => collection("toset", expr, of),
        Type::Map(of) => collection("tomap", expr, of),
        Type::Any | Type::Tuple(_) | Type::Object(_) | Type::Ref(_) => expr,
    }
}

/// `tolist([for item in … : tostring(item)])`, or less where the elements are right anyway.
fn collection(function: &'static str, expr: Arc<Expr>, of: &Type) -> Arc<Expr> {
    let span = expr.span;
    let ident = |text: &str| Ident {
        text: Arc::from(text),
        span,
    };
    let name = |text: &str, ty: Type| {
        let kind = ExprKind::Name(ident(text));
        let path = Expr { kind, span };
        let later = Later {
            path,
            ty,
            value: None,
        };
        Arc::new(Expr {
            kind: ExprKind::Later(Arc::new(later)),
            span,
        })
    };
    let item = name("item", infer::entries(&infer::of(&expr, None)).1);
    let element = converted(Arc::clone(&item), of);
    let expr = if element == item {
        expr
    } else {
        let map = function == "tomap";
        let key = name("key", Type::String);
        let kind = ExprKind::For(Arc::new(For {
            key: map.then(|| ident("key")),
            value: ident("item"),
            collection: Arc::unwrap_or_clone(expr),
            result_key: map.then(|| Arc::unwrap_or_clone(key)),
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
