//! A test file as it is written: its blocks, without what they come to.

use std::sync::Arc;

use super::mocks;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;
use crate::lang::ast::Block;
use crate::lang::ast::Expr;
use crate::lang::ast::Ident;
use crate::lang::module::Condition;
use crate::lang::module::decode::Content;
use crate::lang::module::decode::labels;
use crate::lang::parse_body;

/// What a test file says, as it is written.
pub(super) struct Written {
    pub(super) variables: Option<Block>,
    pub(super) cases: Vec<Case>,
}

/// A `case` block.
pub(super) struct Case {
    pub(super) name: Arc<str>,
    pub(super) span: Span,
    pub(super) from: Option<Expr>,
    pub(super) to: Option<Expr>,
    pub(super) parallelism: Option<Expr>,
    pub(super) back_fill: Option<Expr>,
    pub(super) expect_failures: Option<Expr>,
    pub(super) variables: Option<Block>,
    pub(super) mocks: Vec<mocks::Written>,
    pub(super) triggers: Vec<Trigger>,
    pub(super) applies: Vec<Apply>,
    pub(super) operations: Vec<Operation>,
    pub(super) assertions: Vec<Condition>,
}

/// A `trigger` block: an on-demand run.
pub(super) struct Trigger {
    pub(super) at: Expr,
    pub(super) addresses: Expr,
}

/// An `apply` block: from its moment on the configuration is another one.
pub(super) struct Apply {
    pub(super) at: Expr,
    pub(super) source: Option<Expr>,
    pub(super) variables: Option<Block>,
    pub(super) span: Span,
}

/// An `operation` block: what an operator does.
pub(super) struct Operation {
    pub(super) command: Ident,
    pub(super) at: Expr,
    pub(super) addresses: Expr,
    pub(super) failed: Option<Expr>,
    pub(super) with_consumers: Option<Expr>,
    pub(super) as_was: Option<Expr>,
}

impl Written {
    pub(super) fn read(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Self {
        let body = parse_body(file, text, diagnostics);
        let whole = Block {
            kind: Ident {
                text: "file".into(),
                span: body.span,
            },
            labels: Vec::new(),
            span: body.span,
            body,
        };
        let content = Content::of(&whole, "a test file");
        let variables = only_block(&content, "variables", diagnostics);
        let cases: Vec<Case> = content
            .blocks("case")
            .filter_map(|block| Case::decode(block, diagnostics))
            .collect();
        content.finish(&["variables", "case"], diagnostics);
        for (number, case) in cases.iter().enumerate() {
            if cases
                .iter()
                .take(number)
                .any(|other| other.name == case.name)
            {
                let detail = format!(
                    "There is a case \"{}\" above. Give this one another name.",
                    case.name
                );
                diagnostics.push(Diagnostic::error("Duplicate case", detail).at(case.span));
            }
        }
        Self { variables, cases }
    }
}

/// The only block of a kind.
fn only_block(
    content: &Content<'_>,
    kind: &'static str,
    diagnostics: &mut Diagnostics,
) -> Option<Block> {
    let mut blocks = content.blocks(kind);
    let first = blocks.next()?;
    labels(first, &[], diagnostics);
    for further in blocks {
        let detail = format!("There is one `{kind}` block already. Put everything into that.");
        diagnostics.push(Diagnostic::error("Duplicate block", detail).at(further.span));
    }
    Some(first.clone())
}

impl Case {
    fn decode(block: &Block, diagnostics: &mut Diagnostics) -> Option<Self> {
        let name = labels(block, &["name"], diagnostics)?.first()?.text.clone();
        let mut content = Content::of(block, "a `case` block");
        let from = content.required("from", diagnostics);
        let to = content.required("to", diagnostics);
        let mut optional = |name| content.take(name).map(|attribute| attribute.expr.clone());
        let (parallelism, back_fill) = (optional("parallelism"), optional("back_fill"));
        let case = Self {
            name,
            span: block.span,
            from,
            to,
            parallelism,
            back_fill,
            expect_failures: optional("expect_failures"),
            variables: only_block(&content, "variables", diagnostics),
            mocks: content
                .blocks("mock")
                .filter_map(|block| mocks::Written::decode(block, diagnostics))
                .collect(),
            triggers: content
                .blocks("trigger")
                .filter_map(|block| Trigger::decode(block, diagnostics))
                .collect(),
            applies: content
                .blocks("apply")
                .filter_map(|block| Apply::decode(block, diagnostics))
                .collect(),
            operations: content
                .blocks("operation")
                .filter_map(|block| Operation::decode(block, diagnostics))
                .collect(),
            assertions: content
                .blocks("assert")
                .filter_map(|block| Condition::decode(block, "an `assert` block", diagnostics))
                .collect(),
        };
        let blocks = [
            "variables",
            "mock",
            "trigger",
            "apply",
            "operation",
            "assert",
        ];
        content.finish(&blocks, diagnostics);
        Some(case)
    }
}

impl Trigger {
    fn decode(block: &Block, diagnostics: &mut Diagnostics) -> Option<Self> {
        labels(block, &[], diagnostics);
        let mut content = Content::of(block, "a `trigger` block");
        let at = content.required("at", diagnostics);
        let addresses = content.required("addresses", diagnostics);
        content.finish(&[], diagnostics);
        Some(Self {
            at: at?,
            addresses: addresses?,
        })
    }
}

impl Apply {
    fn decode(block: &Block, diagnostics: &mut Diagnostics) -> Option<Self> {
        labels(block, &[], diagnostics);
        let mut content = Content::of(block, "an `apply` block");
        let at = content.required("at", diagnostics);
        let source = content.take("source").map(|it| it.expr.clone());
        let variables = only_block(&content, "variables", diagnostics);
        content.finish(&["variables"], diagnostics);
        if source.is_none() && variables.is_none() {
            let detail = "An `apply` block says what changes: the values of variables, in a `variables` block, or where the configuration is, as `source`.";
            diagnostics.push(Diagnostic::error("Nothing to apply", detail).at(block.span));
        }
        Some(Self {
            at: at?,
            source,
            variables,
            span: block.span,
        })
    }
}

impl Operation {
    fn decode(block: &Block, diagnostics: &mut Diagnostics) -> Option<Self> {
        let command = labels(block, &["command"], diagnostics)?.first()?.clone();
        let mut content = Content::of(block, "an `operation` block");
        let at = content.required("at", diagnostics);
        let addresses = content.required("addresses", diagnostics);
        let mut optional = |name| content.take(name).map(|attribute| attribute.expr.clone());
        let (failed, with_consumers) = (optional("failed"), optional("with_consumers"));
        let as_was = optional("as_was");
        content.finish(&[], diagnostics);
        Some(Self {
            command,
            at: at?,
            addresses: addresses?,
            failed,
            with_consumers,
            as_was,
        })
    }
}
