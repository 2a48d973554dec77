//! Reading the content of a block: each attribute is taken once; what is left over is unknown.

use std::sync::Arc;

use super::constant;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::lang::ast::Attribute;
use crate::lang::ast::Block;
use crate::lang::ast::Expr;
use crate::lang::ast::Ident;
use crate::lang::convert;
use crate::lang::value::Value;

/// The content of a block that is being read.
pub(crate) struct Content<'b> {
    block: &'b Block,
    /// The block in messages: "a `variable` block".
    what: &'static str,
    known: Vec<&'static str>,
}

impl<'b> Content<'b> {
    pub(crate) fn of(block: &'b Block, what: &'static str) -> Self {
        Self {
            block,
            what,
            known: Vec::new(),
        }
    }

    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'b Attribute> {
        self.known.push(name);
        self.block
            .body
            .attributes
            .iter()
            .find(|attribute| &*attribute.name.text == name)
    }

    /// An attribute that must be there.
    pub(crate) fn required(
        &mut self,
        name: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Expr> {
        let attribute = self.take(name);
        if attribute.is_none() {
            let detail = format!("{} needs the attribute `{name}`.", capitalised(self.what));
            diagnostics.push(
                Diagnostic::error("Missing attribute", detail)
                    .at(self.block.span)
                    .if_whole(self.block.whole()),
            );
        }
        attribute.map(|attribute| attribute.expr.clone())
    }

    /// A constant string and its place.
    pub(super) fn string(
        &mut self,
        name: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<(Arc<str>, Span)> {
        self.constant((name, "a string"), convert::to_text, diagnostics)
    }

    /// A constant bool.
    pub(super) fn bool(
        &mut self,
        name: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<bool> {
        let found = self.constant((name, "true or false"), convert::to_bool, diagnostics);
        found.map(|(value, _)| value)
    }

    /// A constant whole number, not negative.
    pub(super) fn whole_number(
        &mut self,
        name: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<u64> {
        let whole = |value: &Value| match value {
            Value::Number(number) => u64::try_from(number.to_i64()?).ok(),
            _ => None,
        };
        let found = self.constant((name, "a whole number"), whole, diagnostics);
        found.map(|(value, _)| value)
    }

    /// A constant of some kind, and its place.
    fn constant<T>(
        &mut self,
        (name, kind): (&'static str, &str),
        read: impl FnOnce(&Value) -> Option<T>,
        diagnostics: &mut Diagnostics,
    ) -> Option<(T, Span)> {
        let attribute = self.take(name)?;
        let place = attribute.expr.span;
        let value = constant(&attribute.expr, &format!("`{name}`"), diagnostics)?;
        let content = read(&value);
        if content.is_none() {
            let detail = format!("`{name}` is {kind}; this is {}.", value.describe());
            diagnostics.push(Diagnostic::error("Wrong type", detail).at(place));
        }
        Some((content?, place))
    }

    pub(crate) fn blocks(&self, kind: &'static str) -> impl Iterator<Item = &'b Block> {
        self.block
            .body
            .blocks
            .iter()
            .filter(move |block| &*block.kind.text == kind)
    }

    /// The attributes that have not been taken.
    pub(super) fn rest(&self) -> impl Iterator<Item = &'b Attribute> {
        self.block
            .body
            .attributes
            .iter()
            .filter(|attribute| !self.known.contains(&&*attribute.name.text))
    }

    /// Reports what has not been taken. `blocks` are the kinds of nested blocks that may stand here.
    pub(crate) fn finish(mut self, blocks: &[&str], diagnostics: &mut Diagnostics) {
        for attribute in &self.block.body.attributes {
            if self.known.contains(&&*attribute.name.text) {
                continue;
            }
            let detail = format!(
                "{} has no attribute `{}`.",
                capitalised(self.what),
                attribute.name.text
            );
            let hint = did_you_mean(&attribute.name.text, self.known.iter().copied());
            diagnostics.push(
                Diagnostic::error("Unsupported attribute", detail)
                    .at(attribute.name.span)
                    .help_if(hint),
            );
        }
        self.refuse_blocks(blocks, diagnostics);
    }

    pub(super) fn refuse_blocks(&mut self, allowed: &[&str], diagnostics: &mut Diagnostics) {
        for block in &self.block.body.blocks {
            if allowed.contains(&&*block.kind.text) {
                continue;
            }
            let detail = format!(
                "{} has no nested block `{}`.",
                capitalised(self.what),
                block.kind.text
            );
            let mut hint = did_you_mean(&block.kind.text, allowed.iter().copied());
            if self.known.contains(&&*block.kind.text) {
                hint = Some(format!(
                    "`{0}` is an attribute: write `{0} = …`.",
                    block.kind.text
                ));
            }
            diagnostics.push(
                Diagnostic::error("Unsupported block", detail)
                    .at(block.span)
                    .help_if(hint),
            );
        }
    }
}

/// The labels of a block, if there are as many as `names`.
pub(crate) fn labels<'b>(
    block: &'b Block,
    names: &[&str],
    diagnostics: &mut Diagnostics,
) -> Option<&'b [Ident]> {
    if block.labels.len() == names.len() {
        return Some(&block.labels);
    }
    let header: Vec<String> = names.iter().map(|name| format!(" \"{name}\"")).collect();
    let given = match block.labels.len() {
        0 => "no label".to_owned(),
        1 => "one label".to_owned(),
        count => format!("{count} labels"),
    };
    let detail = format!(
        "This block is written `{}{} {{ … }}`; here it has {given}.",
        block.kind.text,
        header.concat()
    );
    diagnostics.push(Diagnostic::error("Wrong number of labels", detail).at(block.span));
    None
}

/// Whether a text can stand as a name in expressions.
pub(super) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|char| char.is_alphanumeric() || char == '_' || char == '-')
}

fn capitalised(what: &str) -> String {
    let mut chars = what.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
