//! `dynamic` blocks: what they are made of, and what stands for the element while one of their blocks is evaluated.

use std::rc::Rc;
use std::sync::Arc;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::lang::Number;
use crate::lang::Value;
use crate::lang::ast::Attribute;
use crate::lang::ast::Block;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;

/// What a `dynamic` block takes.
const ATTRIBUTES: [&str; 3] = ["for_each", "iterator", "labels"];

/// A `dynamic` block.
#[derive(Debug)]
pub(super) struct Dynamic<'m> {
    /// The kind of block that it makes.
    pub(super) word: &'m str,
    /// One block for each element.
    pub(super) for_each: &'m Expr,
    /// The name of the element in the block.
    pub(super) iterator: Arc<str>,
    /// The labels of the block.
    pub(super) labels: Option<&'m Expr>,
    /// What stands in the block.
    pub(super) content: &'m Block,
    /// Its header.
    pub(super) span: Span,
}

/// The element that a block was made for, and those of the blocks around it.
#[derive(Debug)]
pub(super) struct Iteration {
    /// What it is called.
    pub(super) name: Arc<str>,
    /// Its key.
    pub(super) key: Value,
    /// Its value.
    pub(super) value: Value,
    /// That of the block around.
    pub(super) outer: Option<Rc<Self>>,
}

impl Iteration {
    /// What an iterator of this name stands for: its key and its value.
    pub(super) fn find(&self, name: &str) -> Option<Value> {
        if &*self.name != name {
            return self.outer.as_ref()?.find(name);
        }
        let entry = |name: &str, value: &Value| (Arc::from(name), value.clone());
        let entries = [entry("key", &self.key), entry("value", &self.value)];
        Some(Value::Object(Arc::new(entries.into_iter().collect())))
    }
}

impl<'m> Dynamic<'m> {
    /// Reads a block with one label. `None` if it makes nothing, which was reported.
    pub(super) fn read(block: &'m Block, diagnostics: &mut Diagnostics) -> Option<Self> {
        let word = block.labels.first()?.text.as_ref();
        for attribute in &block.body.attributes {
            let name = attribute.name.text.as_ref();
            if !ATTRIBUTES.contains(&name) {
                let detail = format!(
                    "A `dynamic` block has no attribute `{name}`. What is to be in the blocks that it makes stands in `content {{ … }}`."
                );
                diagnostics.push(
                    Diagnostic::error("Unsupported attribute", detail)
                        .at(attribute.name.span)
                        .help_if(did_you_mean(name, ATTRIBUTES)),
                );
            }
        }
        let find = |name: &str| {
            let attributes = block.body.attributes.iter();
            let mut named = attributes.filter(|attribute| &*attribute.name.text == name);
            named.next()
        };
        let iterator = match find("iterator") {
            None => Some(Arc::from(word)),
            Some(attribute) => iterator(attribute, diagnostics),
        };
        let for_each = find("for_each").map(|attribute| &attribute.expr);
        if for_each.is_none() {
            diagnostics.push(
                Diagnostic::error(
                    "Missing attribute",
                    "A `dynamic` block needs `for_each`: it makes a block for each element.",
                )
                .at(block.span)
                .if_whole(block.whole()),
            );
        }
        let content = content(block, diagnostics);
        Some(Self {
            word,
            for_each: for_each?,
            iterator: iterator?,
            labels: find("labels").map(|attribute| &attribute.expr),
            content: content?,
            span: block.span,
        })
    }

    /// The keys and values that blocks are made for.
    pub(super) fn elements(&self, value: &Value) -> Result<Vec<(Value, Value)>, Diagnostic> {
        let refuse = |detail: &str| {
            Err(Diagnostic::error("Invalid for_each", detail).at(self.for_each.span))
        };
        match value {
            Value::Map(map) | Value::Object(map) => Ok(map
                .iter()
                .map(|(key, value)| (Value::String(key.clone()), value.clone()))
                .collect()),
            Value::Set(set) if set.len() > 1 && !value.is_known() => refuse(
                "`for_each` is a set with elements that depend on `run`. Which of them are the same, and their order, is known only when an instance runs, but the blocks must be known when a plan is made. A list makes a block for each element, in its order.",
            ),
            Value::Set(set) => Ok(set
                .iter()
                .map(|value| (value.clone(), value.clone()))
                .collect()),
            Value::List(list) | Value::Tuple(list) => Ok(list
                .iter()
                .enumerate()
                .map(|(index, value)| {
                    let index = i64::try_from(index).unwrap_or(i64::MAX);
                    (Value::Number(Number::from(index)), value.clone())
                })
                .collect()),
            Value::Deferred(_) => refuse(
                "`for_each` depends on `run`, which is known only when an instance runs, but the blocks must be known when a plan is made.",
            ),
            Value::Sensitive(_) => refuse(
                "`for_each` is sensitive, but how many blocks there are is shown to everybody.",
            ),
            other => refuse(&format!(
                "The `for_each` of a `dynamic` block takes a list, a set or a map; this is {}.",
                other.describe()
            )),
        }
    }
}

/// The name that `iterator` gives to the element.
fn iterator(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Option<Arc<str>> {
    if let ExprKind::Name(name) = &attribute.expr.kind {
        return Some(name.text.clone());
    }
    let detail =
        "`iterator` is the name of the element, written without quotes: `iterator = item`.";
    diagnostics.push(Diagnostic::error("Invalid iterator", detail).at(attribute.expr.span));
    None
}

/// The only block in it.
fn content<'m>(block: &'m Block, diagnostics: &mut Diagnostics) -> Option<&'m Block> {
    let mut found: Option<&Block> = None;
    for inner in &block.body.blocks {
        let word = inner.kind.text.as_ref();
        let diagnostic = if word != "content" {
            let detail = format!(
                "A `dynamic` block has one block inside, `content`. Write the `{word}` block in that."
            );
            Diagnostic::error("Unsupported block type", detail)
        } else if let Some(first) = found {
            let detail = "A `dynamic` block has one `content` block.";
            Diagnostic::error("Duplicate block", detail).label(first.span, "first one here")
        } else if !inner.labels.is_empty() {
            let detail =
                "`content` has no labels; those of the block that is made are `labels = [ … ]`.";
            Diagnostic::error("Wrong number of labels", detail)
        } else {
            found = Some(inner);
            continue;
        };
        diagnostics.push(diagnostic.at(inner.span));
    }
    if found.is_none() {
        let detail =
            "A `dynamic` block needs a `content` block: what stands in the blocks that it makes.";
        diagnostics.push(
            Diagnostic::error("Missing block", detail)
                .at(block.span)
                .if_whole(block.whole()),
        );
    }
    found
}
