//! What stays of an expression until an instance runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::path_of;

use crate::diag::Span;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Ident;
use crate::lang::ast::Later;
use crate::lang::ast::Part;
use crate::lang::infer;
use crate::lang::named;
use crate::lang::scope::Step;
use crate::lang::types::Type;
use crate::lang::value::Value;

/// The parser's limit is 64 levels; parentheses that the printer adds count, too.
const MAX_LEVELS: usize = 48;
const MAX_NODES: usize = 20_000;
/// How many parts may go by their names, those in what they stand for among them.
const MAX_NAMES: usize = 1_000;

/// A deferred value.
pub(super) fn deferred(kind: ExprKind, span: Span) -> Value {
    Value::Deferred(Arc::new(Expr { kind, span }))
}

/// A name that is known when an instance runs.
pub(super) fn later(path: Expr, ty: Type) -> Value {
    let span = path.span;
    let later = Later {
        path,
        ty,
        value: None,
    };
    deferred(ExprKind::Later(Arc::new(later)), span)
}

/// An expression that gives the value, without marks, and whether the value or something in it was sensitive. `name` gives the
/// names of collections that keep theirs.
pub(crate) fn to_expr(
    value: Value,
    span: Span,
    name: &dyn Fn(&Value) -> Option<Expr>,
) -> (Expr, bool) {
    let (value, sensitive) = value.unmark_deep();
    (bare_expr(value, span, name), sensitive)
}

fn bare_expr(value: Value, span: Span, name: &dyn Fn(&Value) -> Option<Expr>) -> Expr {
    if let Value::Deferred(expr) = value {
        return Arc::unwrap_or_clone(expr);
    }
    if let Some(path) = name(&value) {
        let ty = infer::type_of(&value);
        let whole = bare_expr(value, span, &|_| None);
        return named::by_name(path, ty, Arc::new(whole));
    }
    if value.is_known() {
        return Expr {
            kind: ExprKind::Value(value),
            span,
        };
    }
    let tuple = |items: &[Value]| {
        let items = items.iter().map(|item| bare_expr(item.clone(), span, name));
        ExprKind::Tuple(Arc::new(items.collect()))
    };
    let object = |items: &std::collections::BTreeMap<Arc<str>, Value>| {
        let entry = |(key, item): (&Arc<str>, &Value)| {
            let key = Expr {
                kind: ExprKind::Value(Value::String(Arc::clone(key))),
                span,
            };
            (key, bare_expr(item.clone(), span, name))
        };
        ExprKind::Object(Arc::new(items.iter().map(entry).collect()))
    };
    let kind = match &value {
        Value::Tuple(items) => tuple(items),
        Value::List(items) => call("tolist", tuple(items), span),
        Value::Set(items) => call("toset", tuple(items), span),
        Value::Object(items) => object(items),
        Value::Map(items) => call("tomap", object(items), span),
        _ => ExprKind::Value(value),
    };
    Expr { kind, span }
}

fn call(name: &str, argument: ExprKind, span: Span) -> ExprKind {
    ExprKind::Call {
        name: Ident {
            text: Arc::from(name),
            span,
        },
        arguments: Arc::new(vec![Expr {
            kind: argument,
            span,
        }]),
        expand: false,
    }
}

/// Where the content of a collection lies in memory.
pub(super) fn place(value: &Value) -> Option<usize> {
    match value {
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            Some(Arc::as_ptr(items) as usize)
        }
        Value::Map(items) | Value::Object(items) => Some(Arc::as_ptr(items) as usize),
        _ => None,
    }
}

/// Adds the names that the deferred parts of a value refer to, and the roots of references, which are printed as names.
pub(super) fn free_names(value: &Value, names: &mut BTreeSet<Arc<str>>) {
    match value {
        Value::Deferred(expr) => {
            let mut walk = |node: &Expr| {
                match &node.kind {
                    ExprKind::Name(name) => drop(names.insert(Arc::clone(&name.text))),
                    ExprKind::Value(value) => free_names(value, names),
                    _ => {}
                }
                true
            };
            visit(expr, &mut walk);
        }
        Value::Ref(reference) => {
            names.extend(reference.address.split(['.', '[']).next().map(Arc::from));
        }
        Value::Sensitive(value) => free_names(value, names),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            items.iter().for_each(|item| free_names(item, names));
        }
        Value::Map(items) | Value::Object(items) => {
            items.values().for_each(|item| free_names(item, names));
        }
        _ => {}
    }
}

impl Value {
    /// Calls `with` for all nodes of the deferred parts of the value.
    pub(crate) fn visit_deferred(&self, with: &mut dyn FnMut(&Expr)) {
        match self {
            Self::Deferred(expr) => named::visit_all(expr, &mut |node| {
                with(node);
                true
            }),
            Self::Sensitive(value) => value.visit_deferred(with),
            Self::List(items) | Self::Set(items) | Self::Tuple(items) => {
                items.iter().for_each(|item| item.visit_deferred(with));
            }
            Self::Map(items) | Self::Object(items) => {
                items.values().for_each(|item| item.visit_deferred(with));
            }
            _ => {}
        }
    }

    /// Calls `with` for each name that a run knows and the deferred parts of the value need.
    pub(crate) fn deferred_names(&self, with: &mut dyn FnMut(&[Step])) {
        self.visit_deferred(&mut |node| {
            if let ExprKind::Later(later) = &node.kind
                && later.value.is_none()
                && let Some(path) = path_of(&later.path)
            {
                with(&path);
            }
        });
    }
}

/// Whether a value holds a residual that is too large to store, or too deep to be parsed again.
pub(super) fn is_too_large(value: &Value) -> bool {
    if value.is_known() {
        return false;
    }
    let mut nodes = 0;
    let mut names = named::Names::new();
    named::all_names_of(value, &mut names);
    names.len() > MAX_NAMES || too_large_value(value, &mut nodes)
}

fn too_large_value(value: &Value, nodes: &mut usize) -> bool {
    match value {
        Value::Deferred(expr) => too_large(expr, MAX_LEVELS, nodes),
        Value::Sensitive(value) => too_large_value(value, nodes),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            items.iter().any(|item| too_large_value(item, nodes))
        }
        Value::Map(items) | Value::Object(items) => {
            items.values().any(|item| too_large_value(item, nodes))
        }
        _ => false,
    }
}

fn too_large(expr: &Expr, levels: usize, nodes: &mut usize) -> bool {
    *nodes += 1;
    let Some(inner) = levels.checked_sub(1) else {
        return true;
    };
    if *nodes > MAX_NODES {
        return true;
    }
    let mut large = false;
    children(expr, &mut |child| {
        large = large || too_large(child, inner, nodes);
    });
    large || matches!(&expr.kind, ExprKind::Value(value) if depth(value) > levels)
}

/// How many brackets a known value needs.
fn depth(value: &Value) -> usize {
    match value {
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            2 + items.iter().map(depth).max().unwrap_or(0)
        }
        Value::Map(items) | Value::Object(items) => {
            2 + items.values().map(depth).max().unwrap_or(0)
        }
        _ => 0,
    }
}

/// Calls `with` for an expression and everything in it, outermost first, as long as it returns whether to go deeper.
pub(crate) fn visit(expr: &Expr, with: &mut dyn FnMut(&Expr) -> bool) {
    if with(expr) {
        children(expr, &mut |child| visit(child, with));
    }
}

/// Calls `with` for each expression directly inside another.
pub(crate) fn children(expr: &Expr, with: &mut dyn FnMut(&Expr)) {
    match &expr.kind {
        ExprKind::Value(_) | ExprKind::Name(_) | ExprKind::Each | ExprKind::Unread => {}
        ExprKind::Template(parts) => part_children(parts, with),
        ExprKind::Tuple(items) => items.iter().for_each(with),
        ExprKind::Object(items) => items.iter().for_each(|(key, item)| {
            with(key);
            with(item);
        }),
        ExprKind::Get(source, _) | ExprKind::Unary(_, source) | ExprKind::Parens(source) => {
            with(source);
        }
        ExprKind::Later(later) => with(&later.path),
        ExprKind::Index(left, right) | ExprKind::Binary(_, left, right) => {
            with(left);
            with(right);
        }
        ExprKind::Splat { source, each, .. } => {
            with(source);
            with(each);
        }
        ExprKind::Call { arguments, .. } => arguments.iter().for_each(with),
        ExprKind::Conditional(condition, yes, no) => {
            for part in [condition, yes, no] {
                with(part);
            }
        }
        ExprKind::For(node) => {
            with(&node.collection);
            node.result_key.iter().for_each(&mut *with);
            with(&node.result);
            node.condition.iter().for_each(with);
        }
    }
}

/// Calls `with` for each expression directly inside another, to change it.
pub(crate) fn children_mut(expr: &mut Expr, with: &mut dyn FnMut(&mut Expr)) {
    match &mut expr.kind {
        ExprKind::Value(_) | ExprKind::Name(_) | ExprKind::Each | ExprKind::Unread => {}
        ExprKind::Template(parts) => part_children_mut(Arc::make_mut(parts).as_mut_slice(), with),
        ExprKind::Tuple(items) => Arc::make_mut(items).iter_mut().for_each(with),
        ExprKind::Object(items) => Arc::make_mut(items).iter_mut().for_each(|(key, item)| {
            with(key);
            with(item);
        }),
        ExprKind::Get(source, _) | ExprKind::Unary(_, source) | ExprKind::Parens(source) => {
            with(Arc::make_mut(source));
        }
        ExprKind::Later(later) => with(&mut Arc::make_mut(later).path),
        ExprKind::Index(left, right) | ExprKind::Binary(_, left, right) => {
            with(Arc::make_mut(left));
            with(Arc::make_mut(right));
        }
        ExprKind::Splat { source, each, .. } => {
            with(Arc::make_mut(source));
            with(Arc::make_mut(each));
        }
        ExprKind::Call { arguments, .. } => Arc::make_mut(arguments).iter_mut().for_each(with),
        ExprKind::Conditional(condition, yes, no) => {
            for part in [condition, yes, no] {
                with(Arc::make_mut(part));
            }
        }
        ExprKind::For(node) => {
            let node = Arc::make_mut(node);
            with(&mut node.collection);
            node.result_key.iter_mut().for_each(&mut *with);
            with(&mut node.result);
            node.condition.iter_mut().for_each(with);
        }
    }
}

fn part_children_mut(parts: &mut [Part], with: &mut dyn FnMut(&mut Expr)) {
    for part in parts {
        match part {
            Part::Literal(_) => {}
            Part::Interpolation(expr) => with(expr),
            Part::If {
                condition,
                then,
                otherwise,
            } => {
                with(condition);
                part_children_mut(then, with);
                part_children_mut(otherwise, with);
            }
            Part::For {
                collection, body, ..
            } => {
                with(collection);
                part_children_mut(body, with);
            }
        }
    }
}

fn part_children(parts: &[Part], with: &mut dyn FnMut(&Expr)) {
    for part in parts {
        match part {
            Part::Literal(_) => {}
            Part::Interpolation(expr) => with(expr),
            Part::If {
                condition,
                then,
                otherwise,
            } => {
                with(condition);
                part_children(then, with);
                part_children(otherwise, with);
            }
            Part::For {
                collection, body, ..
            } => {
                with(collection);
                part_children(body, with);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::lang::test_support::parsed;

    /// A residual that so many parts go into by their names, one in the other.
    fn named_parts(number: usize) -> Value {
        let name = |at: usize| format!("local.a{at}");
        let part = |at: usize| match at.checked_sub(1) {
            None => (name(at), parsed("n")),
            Some(before) => (name(at), parsed(&format!("{} + 1", name(before)))),
        };
        let parts: BTreeMap<String, Expr> = (0..number).map(part).collect();
        let whole = named::with_names(parsed(&name(number - 1)), &parts);
        Value::Deferred(Arc::new(whole.unwrap()))
    }

    #[test]
    fn names_count_also_in_what_is_sensitive() {
        for number in [MAX_NAMES, MAX_NAMES + 1] {
            let plain = named_parts(number);
            let marked = plain.clone().mark(true);
            let inside = Value::list(vec![marked.clone()]);
            for value in [plain, marked, inside] {
                assert_eq!(is_too_large(&value), number > MAX_NAMES);
            }
        }
    }
}
