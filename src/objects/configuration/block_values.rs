//! Attributes that are written as blocks: `assume_role { … }`, `step { … }`.
//!
//! Such a block is no object: it has no address, and its attributes are part of the one that it stands in. One that may stand
//! but once is an object value, one that may be repeated a tuple of them, in the order in which they are written. They may be
//! made by `dynamic`, and hold further blocks.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::attribute_names::any;
use super::builder::Builder;
use super::builder::KNOWN;
use super::convert;
use super::dynamic::Dynamic;
use super::dynamic::Iteration;
use super::frames::Frame;
use super::scope::ModuleScope;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::lang::Scope as _;
use crate::lang::Value;
use crate::lang::ast::Block;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::BlockSchema;
use crate::objects::schema::Default;

/// The blocks of one name, each with the scope in which it is evaluated.
type Made<'b, 'm> = Vec<(&'m Block, ModuleScope<'b, 'm>)>;

impl<'m> Builder<'m> {
    /// The value of an attribute that is written as a block; `Null`: there is no such block.
    pub(super) fn block_value(
        &self,
        frame: &Rc<Frame<'m>>,
        schema: &'static AttributeSchema,
    ) -> Option<Value> {
        let scope = self.attribute_scope(frame, schema);
        let name = schema.name;
        if let Some(attribute) = self.written(frame, name) {
            let detail = format!("`{name}` is a block: write `{name} {{ … }}`.");
            scope
                .report(Diagnostic::error("Unsupported attribute", detail).at(attribute.name.span));
            return None;
        }
        let Some(owner) = self.declaration(frame.id).block else {
            return Some(Value::NULL);
        };
        let value = self.blocks_in(&scope, &owner.body.blocks, schema)?;
        if value == Value::NULL && self.declaration(frame.id).damaged {
            return None;
        }
        if value.has_deferred() {
            let span = first_of(&owner.body.blocks, name).unwrap_or(owner.span);
            self.check_names_of_run((frame, span), &value, &scope)?;
            self.note_place(frame, name, span);
        }
        if name == "endpoints" {
            self.note_parts(frame, &owner.body.blocks, name);
        }
        Some(value)
    }

    /// Notes where the attributes of a block are written, as `endpoints.s3`: each is right or wrong by itself.
    fn note_parts(&self, frame: &Frame<'m>, blocks: &[Block], name: &str) {
        let written = blocks.iter().filter(|block| &*block.kind.text == name);
        for attribute in written.flat_map(|block| &block.body.attributes) {
            let part = format!("{name}.{}", attribute.name.text);
            self.note_place(frame, part, attribute.expr.span);
        }
    }

    /// The value of the blocks of one name among those of a body.
    fn blocks_in<'b>(
        &'b self,
        scope: &ModuleScope<'b, 'm>,
        blocks: &'m [Block],
        schema: &'static AttributeSchema,
    ) -> Option<Value> {
        let content = schema.value.block()?;
        let made = self.made(scope, blocks, schema.name)?;
        let many = matches!(schema.value, AttributeType::Blocks(_));
        if !many && let [(first, _), rest @ ..] = made.as_slice() {
            for (second, _) in rest {
                let detail = format!("Only one `{}` block may stand here.", schema.name);
                let finding = Diagnostic::error("Duplicate block", detail);
                scope.report(finding.at(second.span).label(first.span, "first one here"));
            }
        }
        let values: Vec<Option<Value>> = made
            .iter()
            .take(if many { usize::MAX } else { 1 })
            .map(|(block, scope)| self.content_value(scope, (block, schema.name), content))
            .collect();
        let mut values = values.into_iter().collect::<Option<Vec<Value>>>()?;
        Some(match values.len() {
            0 => Value::NULL,
            _ if many => Value::tuple(values),
            _ => values.swap_remove(0),
        })
    }

    /// The blocks of one name: those that are written, and those that `dynamic` makes.
    fn made<'b>(
        &'b self,
        scope: &ModuleScope<'b, 'm>,
        blocks: &'m [Block],
        name: &str,
    ) -> Option<Made<'b, 'm>> {
        let mut made = Made::new();
        for block in blocks {
            if is_dynamic(block, name) {
                // What is wrong with it was said when its names were checked.
                let dynamic = Dynamic::read(block, &mut Diagnostics::new())?;
                self.expand_block(scope, &dynamic, &mut made)?;
            } else if &*block.kind.text == name {
                made.push((block, scope.clone()));
            }
        }
        Some(made)
    }

    fn expand_block<'b>(
        &'b self,
        scope: &ModuleScope<'b, 'm>,
        dynamic: &Dynamic<'m>,
        made: &mut Made<'b, 'm>,
    ) -> Option<()> {
        if let Some(element) = self.each_symbol(scope, dynamic.for_each) {
            let iteration = Rc::new(Iteration {
                name: dynamic.iterator.clone(),
                key: element.clone(),
                value: element,
                outer: scope.iteration.clone(),
            });
            made.push((dynamic.content, scope.iterating(iteration)));
            return Some(());
        }
        let value = self.evaluate_in(dynamic.for_each, &scope.known(), KNOWN)?;
        let elements = dynamic
            .elements(&value)
            .map_err(|finding| scope.report(finding))
            .ok()?;
        for (key, value) in elements {
            let iteration = Rc::new(Iteration {
                name: dynamic.iterator.clone(),
                key,
                value,
                outer: scope.iteration.clone(),
            });
            made.push((dynamic.content, scope.iterating(iteration)));
        }
        Some(())
    }

    /// The attributes of a block.
    fn content_value<'b>(
        &'b self,
        scope: &ModuleScope<'b, 'm>,
        (block, name): (&'m Block, &str),
        content: &'static BlockSchema,
    ) -> Option<Value> {
        let mut values = BTreeMap::new();
        let mut whole = true;
        for schema in content.attributes {
            let value = if schema.value.block().is_some() {
                self.blocks_in(scope, &block.body.blocks, schema)
            } else {
                self.inner_value(scope, block, schema)
            };
            match value {
                Some(Value::Null(_)) if schema.default == Default::Required => {
                    let what = any(&format!("`{name}` block"));
                    let detail = format!("{what} needs `{}`: {}", schema.name, schema.doc);
                    let place = place(block, schema.name);
                    let finding = Diagnostic::error("Missing attribute", detail).at(place);
                    scope.report(finding.if_whole(block.whole()));
                    whole = false;
                }
                Some(Value::Null(_)) => {}
                Some(value) => drop(values.insert(Arc::from(schema.name), value)),
                None => whole = false,
            }
        }
        whole.then(|| Value::object(values))
    }

    /// The value of an attribute in the block; `Null`: not set.
    fn inner_value(
        &self,
        scope: &ModuleScope<'_, 'm>,
        block: &Block,
        schema: &AttributeSchema,
    ) -> Option<Value> {
        let mut attributes = block.body.attributes.iter();
        let Some(attribute) = attributes.find(|attribute| &*attribute.name.text == schema.name)
        else {
            return Some(Value::NULL);
        };
        let value = self.evaluate(&attribute.expr, scope)?;
        if scope.symbolic && value.has_deferred() {
            return Some(value);
        }
        let span = attribute.expr.span;
        let value = convert::convert(schema, &value, Vec::new())
            .map_err(|problem| scope.report(problem.into_diagnostic(schema, span)))
            .ok()?;
        self.storable(schema, value, (scope, span))
    }

    /// Reports what does not belong into a block that is an attribute, or into a `dynamic` block that makes such blocks.
    /// Whether it was one.
    pub(super) fn check_block(
        &self,
        frame: &Frame<'m>,
        block: &Block,
        find: impl Fn(&str) -> Option<&'static BlockSchema>,
    ) -> bool {
        let mut findings = Diagnostics::new();
        let known = check_written(block, &find, &mut findings);
        for finding in findings {
            self.report(finding.about(frame.address.to_string()));
        }
        known
    }
}

/// Whether a `dynamic` block makes blocks of that name.
fn is_dynamic(block: &Block, name: &str) -> bool {
    let label = block.labels.first();
    &*block.kind.text == "dynamic" && label.is_some_and(|label| &*label.text == name)
}

/// Where the first block of a name is, however it is made.
pub(super) fn first_of(blocks: &[Block], name: &str) -> Option<Span> {
    let mut blocks = blocks.iter();
    let first = blocks.find(|block| &*block.kind.text == name || is_dynamic(block, name))?;
    Some(first.span)
}

/// Where an attribute is, else the block that lacks it.
fn place(block: &Block, name: &str) -> Span {
    let mut attributes = block.body.attributes.iter();
    attributes
        .find(|attribute| &*attribute.name.text == name)
        .map_or(block.span, |attribute| attribute.expr.span)
}

/// Checks a block, or what a `dynamic` block makes; whether it is one of those that are known.
fn check_written(
    block: &Block,
    find: &impl Fn(&str) -> Option<&'static BlockSchema>,
    findings: &mut Diagnostics,
) -> bool {
    let word = &*block.kind.text;
    if word != "dynamic" {
        let Some(content) = find(word) else {
            return false;
        };
        if !block.labels.is_empty() {
            let detail = format!("{} has no label.", any(&format!("`{word}` block")));
            findings.push(Diagnostic::error("Wrong number of labels", detail).at(block.span));
        }
        check_content(block, word, content, findings);
        return true;
    }
    let label = block.labels.first().map_or("", |label| &*label.text);
    let Some(content) = find(label) else {
        return false;
    };
    if let Some(dynamic) = Dynamic::read(block, findings) {
        if let Some(labels) = dynamic.labels {
            let detail = format!("A `{label}` block has no labels here; leave `labels` out.");
            findings.push(Diagnostic::error("Invalid labels", detail).at(labels.span));
        }
        check_content(dynamic.content, label, content, findings);
    }
    true
}

/// Reports what does not belong into a block of this name.
fn check_content(
    block: &Block,
    name: &str,
    content: &'static BlockSchema,
    findings: &mut Diagnostics,
) {
    let what = any(&format!("`{name}` block"));
    let names = |blocks: bool| -> Vec<&'static str> {
        let attributes = content.attributes.iter();
        attributes
            .filter(|schema| schema.value.block().is_some() == blocks)
            .map(|schema| schema.name)
            .collect()
    };
    let (blocks, names) = (names(true), names(false));
    for attribute in &block.body.attributes {
        let name = &*attribute.name.text;
        let finding = if blocks.contains(&name) {
            let detail = format!("`{name}` is a block: write `{name} {{ … }}`.");
            Diagnostic::error("Unsupported attribute", detail)
        } else if names.contains(&name) {
            continue;
        } else {
            let detail = format!("{what} has no attribute `{name}`.");
            Diagnostic::error("Unsupported attribute", detail)
                .help_if(did_you_mean(name, names.iter().copied()))
        };
        findings.push(finding.at(attribute.name.span));
    }
    for inner in &block.body.blocks {
        if check_written(inner, &|word| content.block(word), findings) {
            continue;
        }
        let word = &*inner.kind.text;
        let finding = if blocks.is_empty() {
            let detail = format!("{what} has no blocks inside.");
            Diagnostic::error("Unsupported block type", detail)
        } else {
            let detail = format!("{what} has no `{word}` blocks inside.");
            let help = if names.contains(&word) {
                Some(format!("`{word}` is an attribute: write `{word} = …`."))
            } else {
                did_you_mean(word, blocks.iter().copied())
            };
            Diagnostic::error("Unsupported block type", detail).help_if(help)
        };
        findings.push(finding.at(inner.kind.span));
    }
}
