//! `moved` and `removed` blocks: what became of objects that the state knows.
//!
//! They are statements about addresses, not expressions: nothing is looked up. Whether the addresses are ones that objects
//! can have is for those who know the kinds of objects.

use std::fmt;
use std::sync::Arc;

use super::Content;
use super::Module;
use super::decode;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;
use crate::lang::ast::Block;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::parse::parse_expression;
use crate::lang::print;
use crate::lang::value::Value;

/// A `moved` block.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The address something had.
    pub from: Endpoint,
    /// The address it has now.
    pub to: Endpoint,
}

/// A `removed` block.
#[derive(Clone, Debug, PartialEq)]
pub struct Removed {
    /// What was removed.
    pub from: Endpoint,
    /// Whether it is destroyed, or only forgotten.
    pub destroy: bool,
}

/// An address as a block writes it, relative to the module the block stands in.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Its parts, outermost first.
    pub parts: Vec<EndpointPart>,
    /// Where it stands.
    pub span: Span,
}

/// A kind, a name and perhaps a key: `pipeline.export["orders"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointPart {
    /// The kind, e.g. `module` or `data_node`.
    pub kind: Arc<str>,
    /// The name.
    pub name: Arc<str>,
    /// The key as addresses have it, e.g. `["orders"]` or `[0]`.
    pub key: Option<Arc<str>>,
}

impl fmt::Display for EndpointPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key.as_deref().unwrap_or_default();
        write!(formatter, "{}.{}{key}", self.kind, self.name)
    }
}

impl Module {
    pub(super) fn add_moved(&mut self, block: &Block, diagnostics: &mut Diagnostics) {
        decode::labels(block, &[], diagnostics);
        let mut content = Content::of(block, "a `moved` block");
        let from = content.required("from", diagnostics);
        let to = content.required("to", diagnostics);
        content.finish(&[], diagnostics);
        let mut read = |expr: Option<Expr>| expr.and_then(|expr| endpoint(&expr, diagnostics));
        let (from, to) = (read(from), read(to));
        if let (Some(from), Some(to)) = (from, to) {
            self.moved.push(Moved { from, to });
        }
    }

    pub(super) fn add_removed(&mut self, block: &Block, diagnostics: &mut Diagnostics) {
        decode::labels(block, &[], diagnostics);
        let mut content = Content::of(block, "a `removed` block");
        let from = content.required("from", diagnostics);
        let mut destroy = true;
        for (number, lifecycle) in content.blocks("lifecycle").enumerate() {
            if number > 0 {
                let detail = "There is one `lifecycle` block in a `removed` block.";
                diagnostics.push(Diagnostic::error("Duplicate block", detail).at(lifecycle.span));
            }
            decode::labels(lifecycle, &[], diagnostics);
            let mut inner = Content::of(lifecycle, "the `lifecycle` of a `removed` block");
            destroy = inner.bool("destroy", diagnostics).unwrap_or(true);
            inner.finish(&[], diagnostics);
        }
        content.finish(&["lifecycle"], diagnostics);
        let Some(from) = from.and_then(|expr| endpoint(&expr, diagnostics)) else {
            return;
        };
        if let Some(part) = from.parts.iter().find(|part| part.key.is_some()) {
            let detail = format!(
                "`{part}` is one of several objects, and a `removed` block is about all of a block. To remove one of them, take its key out of `for_each` or `count`."
            );
            diagnostics.push(Diagnostic::error("Key in a removed address", detail).at(from.span));
            return;
        }
        self.removed.push(Removed { from, destroy });
    }
}

/// Reads an address as a `moved` block has it. `None` if it is none, which has been reported.
pub fn read_endpoint(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<Endpoint> {
    let expr = parse_expression(file, text, diagnostics)?;
    endpoint(&expr, diagnostics)
}

/// Reads `module.a.pipeline.p["key"].activity.x`.
fn endpoint(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<Endpoint> {
    let mut names = Vec::new();
    let complete = collect(expr, &mut names).is_some() && names.len().is_multiple_of(2);
    let parts: Option<Vec<EndpointPart>> = names
        .chunks(2)
        .map(|pair| match pair {
            [(kind, None), (name, key)] if complete => Some(EndpointPart {
                kind: Arc::clone(kind),
                name: Arc::clone(name),
                key: key.clone(),
            }),
            _ => None,
        })
        .collect();
    if parts.is_none() || !complete {
        let detail = "This is the address of an object or of a module, e.g. `data_node.orders`, `pipeline.export[\"orders\"].activity.copy` or `module.archive`: kinds and names with constant keys, without quotes, and no other expression.";
        diagnostics.push(Diagnostic::error("Invalid address", detail).at(expr.span));
        return None;
    }
    parts.map(|parts| Endpoint {
        parts,
        span: expr.span,
    })
}

type Named = (Arc<str>, Option<Arc<str>>);

/// The names of a traversal, each with the key behind it.
fn collect(expr: &Expr, names: &mut Vec<Named>) -> Option<()> {
    match &expr.kind {
        ExprKind::Name(name) => names.push((Arc::clone(&name.text), None)),
        ExprKind::Get(source, name) => {
            collect(source, names)?;
            names.push((Arc::clone(&name.text), None));
        }
        ExprKind::Index(source, key) => {
            collect(source, names)?;
            let ExprKind::Value(value @ (Value::String(_) | Value::Number(_))) = &key.kind else {
                return None;
            };
            let (_, place) = names.last_mut()?;
            if place.is_some() {
                return None;
            }
            *place = Some(format!("[{}]", print::value(value)).into());
        }
        _ => return None,
    }
    Some(())
}
