//! Attributes that are written as blocks: `assume_role { … }`.
//!
//! Such a block is no object: it has no address, and its attributes are part of the one that it stands in.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::attributes::any;
use super::builder::Builder;
use super::convert;
use super::frames::Frame;
use super::scope::ModuleScope;
use crate::diag::Diagnostic;
use crate::diag::did_you_mean;
use crate::lang::Scope as _;
use crate::lang::Value;
use crate::lang::ast::Block;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::Default;

impl<'m> Builder<'m> {
    /// The value of an attribute that is written as a block; `Null`: there is no such block.
    pub(super) fn block_value(
        &self,
        frame: &Rc<Frame<'m>>,
        schema: &AttributeSchema,
        inner: &'static [AttributeSchema],
    ) -> Option<Value> {
        let scope = ModuleScope::object(self, frame.clone());
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
        let mut blocks = owner.body.blocks.iter();
        let Some(block) = blocks.find(|block| &*block.kind.text == name) else {
            let damaged = self.declaration(frame.id).damaged;
            return (!damaged).then_some(Value::NULL);
        };
        for second in blocks.filter(|block| &*block.kind.text == name) {
            let detail = format!("Only one `{name}` block may stand here.");
            scope.report(
                Diagnostic::error("Duplicate block", detail)
                    .at(second.span)
                    .label(block.span, "first one here"),
            );
        }
        check_content(&scope, block, inner);
        let mut values = BTreeMap::new();
        let mut whole = true;
        for schema in inner {
            match self.inner_value(&scope, block, schema) {
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
        let span = attribute.expr.span;
        let value = convert::convert(schema, &value, Vec::new())
            .map_err(|problem| scope.report(problem.into_diagnostic(schema, span)))
            .ok()?;
        self.storable(schema, value, (scope, span))
    }
}

/// Where an attribute is, else the block that lacks it.
fn place(block: &Block, name: &str) -> crate::diag::Span {
    let mut attributes = block.body.attributes.iter();
    attributes
        .find(|attribute| &*attribute.name.text == name)
        .map_or(block.span, |attribute| attribute.expr.span)
}

/// Reports what does not belong into the block.
fn check_content(scope: &ModuleScope<'_, '_>, block: &Block, inner: &'static [AttributeSchema]) {
    let what = any(&format!("`{}` block", block.kind.text));
    if !block.labels.is_empty() {
        let detail = format!("{what} has no label.");
        scope.report(Diagnostic::error("Wrong number of labels", detail).at(block.span));
    }
    let names = || inner.iter().map(|schema| schema.name);
    for attribute in &block.body.attributes {
        let name = &*attribute.name.text;
        if !names().any(|known| known == name) {
            scope.report(
                Diagnostic::error(
                    "Unsupported attribute",
                    format!("{what} has no attribute `{name}`."),
                )
                .at(attribute.name.span)
                .help_if(did_you_mean(name, names())),
            );
        }
    }
    for nested in &block.body.blocks {
        let detail = format!("{what} has no blocks inside.");
        scope.report(Diagnostic::error("Unsupported block type", detail).at(nested.span));
    }
}
