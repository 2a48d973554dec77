//! Conditions with what is said when they do not hold: `validation`, `precondition`, `postcondition` and `assert` blocks.
//!
//! They are alike wherever they stand; what a failure means is for those to say who evaluate them.

use super::decode;
use super::decode::Content;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::lang::ast::Block;
use crate::lang::ast::Expr;
use crate::lang::references::references;

/// A condition and its message.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Must be true.
    pub condition: Expr,
    /// What is said if it is not.
    pub error_message: Expr,
}

impl Condition {
    /// Decodes a block; `what` is the block in messages: "a `validation` block". One that refers to nothing is reported: it
    /// would check nothing.
    pub fn decode(
        block: &Block,
        what: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        decode::labels(block, &[], diagnostics);
        let mut content = Content::of(block, what);
        let condition = content.required("condition", diagnostics);
        let error_message = content.required("error_message", diagnostics);
        content.finish(&[], diagnostics);
        let (condition, error_message) = (condition?, error_message?);
        if references(&condition).is_empty() {
            let detail = "The condition refers to nothing, so that it is always the same and checks nothing. Let it refer to what is to be checked.";
            diagnostics.push(Diagnostic::error("Invalid condition", detail).at(condition.span));
            return None;
        }
        Some(Self {
            condition,
            error_message,
        })
    }

    /// Reports a condition that does not refer to the variable whose values it is there for.
    pub(super) fn check_subject(&self, variable: &str, diagnostics: &mut Diagnostics) {
        let refers = references(&self.condition).iter().any(|path| {
            matches!(path.as_slice(), [root, name, ..] if &*root.name == "var" && &*name.name == variable)
                || matches!(path.as_slice(), [root] if &*root.name == "var")
        });
        if !refers {
            let detail = format!(
                "The condition says nothing about the value of this variable: let it refer to `var.{variable}`."
            );
            diagnostics
                .push(Diagnostic::error("Invalid condition", detail).at(self.condition.span));
        }
    }
}
