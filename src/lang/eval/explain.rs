//! What an error is about: the names in the innermost expression that failed, and what they stand for.

use std::sync::Arc;

use super::Evaluator;
use super::Frames;
use super::fault::Fault;
use super::residual::children;
use crate::diag::Involved;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::print;

/// More names than this are not worth reading.
const MAX_NAMES: usize = 8;

impl Evaluator<'_> {
    /// The fault of an expression, with the values of the names in it, unless a part of it has said so already.
    pub(super) fn explained(&self, mut fault: Fault, expr: &Expr, frames: Frames<'_>) -> Fault {
        let says_itself = matches!(&expr.kind, ExprKind::Name(_) | ExprKind::Get(..));
        if fault.explained || fault.fatal {
            return fault;
        }
        fault.explained = true;
        if says_itself {
            return fault;
        }
        let mut references = Vec::new();
        collect_inside(expr, &mut references, &mut Vec::new());
        let mut values: Vec<Involved> = Vec::new();
        for reference in references {
            let name = print::expression(&reference);
            if values.len() == MAX_NAMES || values.iter().any(|other| other.name == name) {
                continue;
            }
            if let Ok(value) = self.expression(&reference, frames) {
                let value = format!("is {}", value.describe());
                values.push(Involved { name, value });
            }
        }
        for diagnostic in &mut fault.diagnostics {
            if diagnostic.values.is_empty() {
                diagnostic.values = values.clone().into();
            }
        }
        fault
    }
}

/// The references in an expression, apart from the variables of the loops in it, whose values there are many of.
fn collect(expr: &Expr, found: &mut Vec<Expr>, bound: &mut Vec<Arc<str>>) {
    if let Some(root) = root_of(expr) {
        if !bound.contains(root) {
            found.push(expr.clone());
        }
        return;
    }
    collect_inside(expr, found, bound);
}

/// The references in the parts of an expression.
fn collect_inside(expr: &Expr, found: &mut Vec<Expr>, bound: &mut Vec<Arc<str>>) {
    let own = bound.len();
    if let ExprKind::For(node) = &expr.kind {
        collect(&node.collection, found, bound);
        let names = node.key.iter().chain([&node.value]);
        bound.extend(names.map(|name| Arc::clone(&name.text)));
    }
    children(expr, &mut |child| collect(child, found, bound));
    bound.truncate(own);
}

/// The name that a reference begins with; `None` if it is none: `a`, `a.b`, `a["k"].b`.
fn root_of(expr: &Expr) -> Option<&Arc<str>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(&name.text),
        ExprKind::Get(source, _) => root_of(source),
        ExprKind::Index(source, key) if matches!(key.kind, ExprKind::Value(_)) => root_of(source),
        _ => None,
    }
}
