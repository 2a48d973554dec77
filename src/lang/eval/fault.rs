//! Why an evaluation gave no value.

use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::lang::value::Value;

pub(super) type Outcome = Result<Value, Fault>;

/// The errors of an expression, not yet reported, so that `try` and `can` may drop them.
#[derive(Debug)]
pub(super) struct Fault {
    /// Empty if the scope has reported the error.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Not for `try` and `can` to catch.
    pub(super) fatal: bool,
    /// Whether the diagnostics say what the names in their expression stand for.
    pub(super) explained: bool,
}

impl Fault {
    pub(super) fn new(diagnostic: Diagnostic) -> Self {
        Self {
            diagnostics: vec![diagnostic],
            fatal: false,
            explained: false,
        }
    }

    /// An error with its place.
    pub(super) fn at(summary: &str, detail: impl Into<String>, span: Span) -> Self {
        Self::new(Diagnostic::error(summary, detail).at(span))
    }

    /// Adds a hint if there is one.
    pub(super) fn help_if(mut self, help: Option<String>) -> Self {
        if let Some(first) = self.diagnostics.first_mut() {
            first.help.extend(help);
        }
        self
    }

    /// The fault of an operation on values of which one is sensitive: it says that something is wrong and where, and nothing of
    /// what the values are.
    pub(super) fn concealed_if(mut self, sensitive: bool) -> Self {
        if !sensitive || self.fatal {
            return self;
        }
        for diagnostic in &mut self.diagnostics {
            "A sensitive value does not fit here. What is wrong with it would show it, so it is not told."
                .clone_into(&mut diagnostic.detail);
            diagnostic.help =
                vec!["`nonsensitive(…)` around it in `pipeform console` tells.".to_owned()];
            diagnostic.labels.clear();
            diagnostic.values = Box::default();
            diagnostic.presumption = None;
        }
        self
    }

    /// An error that the scope has reported.
    pub(super) fn reported() -> Self {
        Self {
            diagnostics: Vec::new(),
            fatal: true,
            explained: true,
        }
    }

    /// The end of the budget.
    pub(super) fn exhausted(what: &str, span: Span) -> Self {
        let detail = format!(
            "Evaluating this configuration {what}. Look for nested `for` expressions, or for values that grow from one local to the next."
        );
        let diagnostic = Diagnostic::error("Evaluation too large", detail).at(span);
        Self {
            diagnostics: vec![diagnostic],
            fatal: true,
            explained: true,
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.diagnostics.extend(other.diagnostics);
        self.fatal |= other.fatal;
        self.explained &= other.explained;
    }
}
