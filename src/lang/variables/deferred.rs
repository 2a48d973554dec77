//! Conversion of what is not known yet: the expression that stays is wrapped in the function that converts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::ast::BinaryOp;
use super::super::ast::Expr;
use super::super::ast::ExprKind;
use super::super::ast::For;
use super::super::ast::Ident;
use super::super::ast::Later;
use super::super::infer;
use super::super::types::Field;
use super::super::types::Type;
use super::super::value::Value;
use crate::diag::Span;

/// A converted value whose deferred parts convert themselves when they are known. A deferred tuple stays as it is.
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
        Type::Object(fields) => object(expr, fields),
        Type::Any | Type::Tuple(_) | Type::Ref(_) => expr,
    }
}

/// `item == null ? null : { a = tostring(item.a), b = try(item.b, null) == null ? 7 : tonumber(item.b) }`: the
/// attributes of the type, and no others. What is no name is named first: `one([for item in [ … ] : … ])`.
fn object(expr: Arc<Expr>, fields: &BTreeMap<Arc<str>, Field>) -> Arc<Expr> {
    let span = expr.span;
    let of = |kind| Arc::new(Expr { kind, span });
    let ident = |text: &Arc<str>| Ident {
        text: Arc::clone(text),
        span,
    };
    let null = || of(ExprKind::Value(Value::NULL));
    let is_null = |expr| of(ExprKind::Binary(BinaryOp::Equal, expr, null()));
    let named = match &expr.kind {
        ExprKind::Name(_) => true,
        ExprKind::Later(later) => matches!(later.path.kind, ExprKind::Name(_)),
        _ => false,
    };
    let item = if named {
        Arc::clone(&expr)
    } else {
        of(ExprKind::Name(ident(&Arc::from("item"))))
    };
    let attribute = |(name, field): (&Arc<str>, &Field)| {
        let given = of(ExprKind::Get(Arc::clone(&item), ident(name)));
        let value = if field.optional {
            let arguments = [&given, &null()].map(|argument| (**argument).clone());
            let attempt = call_with("try", arguments.to_vec(), span);
            // A collection is gone through, which null cannot be.
            let collection = matches!(field.ty, Type::List(_) | Type::Set(_) | Type::Map(_));
            if matches!(field.default, Value::Null(_)) && !collection {
                converted(attempt, &field.ty)
            } else {
                let default = of(ExprKind::Value(field.default.clone()));
                let given = converted(given, &field.ty);
                of(ExprKind::Conditional(is_null(attempt), default, given))
            }
        } else {
            converted(given, &field.ty)
        };
        let key = of(ExprKind::Value(Value::String(Arc::clone(name))));
        (Arc::unwrap_or_clone(key), Arc::unwrap_or_clone(value))
    };
    let attributes = Arc::new(fields.iter().map(attribute).collect());
    let whole = of(ExprKind::Conditional(
        is_null(Arc::clone(&item)),
        null(),
        of(ExprKind::Object(attributes)),
    ));
    if named {
        return whole;
    }
    let only = of(ExprKind::Tuple(Arc::new(vec![Arc::unwrap_or_clone(expr)])));
    let each = of(ExprKind::For(Arc::new(For {
        key: None,
        value: ident(&Arc::from("item")),
        collection: Arc::unwrap_or_clone(only),
        result_key: None,
        result: Arc::unwrap_or_clone(whole),
        group: false,
        condition: None,
    })));
    call("one", each)
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
    call_with(function, vec![Arc::unwrap_or_clone(argument)], span)
}

fn call_with(function: &str, arguments: Vec<Expr>, span: Span) -> Arc<Expr> {
    Arc::new(Expr {
        kind: ExprKind::Call {
            name: Ident {
                text: Arc::from(function),
                span,
            },
            arguments: Arc::new(arguments),
            expand: false,
        },
        span,
    })
}
