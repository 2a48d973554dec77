//! What all expressions of a case can speak of, the variables of the root module, and what is found to be wrong with the case.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::as_text;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::did_you_mean;
use crate::lang::Budget;
use crate::lang::Evaluator;
use crate::lang::Phase;
use crate::lang::Reference;
use crate::lang::Resolution;
use crate::lang::Scope;
use crate::lang::Step;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::functions::Call;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Objects;

/// The names that expressions of a case see, and what was found to be wrong.
pub(super) struct Facts {
    variables: Value,
    findings: RefCell<Diagnostics>,
}

/// The name of what is always there.
const VARIABLES: &str = "var";

/// The names there are after a case has run.
const LATER: [&str; 2] = ["runs", "actions"];

impl Facts {
    pub(super) fn new(variables: BTreeMap<Arc<str>, Value>) -> Self {
        Self {
            variables: Value::object(variables),
            findings: RefCell::default(),
        }
    }

    pub(super) fn into_findings(self) -> Diagnostics {
        self.findings.into_inner()
    }

    /// The value of an expression; `None` if there was an error, which was reported.
    pub(super) fn evaluate(&self, expr: &Expr, call: &Call<'_>) -> Option<Value> {
        evaluate(self, expr, call)
    }

    /// The value of an expression as a string.
    pub(super) fn text(&self, expr: &Expr, call: &Call<'_>) -> Option<Arc<str>> {
        let value = self.evaluate(expr, call)?;
        as_text(&value).or_else(|| self.wrong(expr, "a string", &value))
    }

    /// The value of an expression as a string that may be shown.
    pub(super) fn open_text(&self, expr: &Expr, call: &Call<'_>) -> Option<Arc<str>> {
        let value = self.evaluate(expr, call)?;
        if value.has_sensitive() {
            let detail =
                "This is shown where the attempt fails, so that nothing sensitive may be in it.";
            self.report(Diagnostic::error("Sensitive value", detail).at(expr.span));
            return None;
        }
        as_text(&value).or_else(|| self.wrong(expr, "a string", &value))
    }

    pub(super) fn boolean(&self, expr: &Expr, call: &Call<'_>) -> Option<bool> {
        match self.evaluate(expr, call)? {
            Value::Bool(value) => Some(value),
            value => self.wrong(expr, "true or false", &value),
        }
    }

    /// A whole number above zero.
    pub(super) fn count(&self, expr: &Expr, call: &Call<'_>) -> Option<usize> {
        let value = self.evaluate(expr, call)?;
        let count = match &value {
            Value::Number(number) => number.to_index().filter(|count| *count > 0),
            _ => None,
        };
        count.or_else(|| self.wrong(expr, "a whole number above zero", &value))
    }

    /// A list of strings.
    pub(super) fn texts(&self, expr: &Expr, call: &Call<'_>) -> Option<Vec<Arc<str>>> {
        let value = self.evaluate(expr, call)?;
        let texts = match &value {
            Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
                items.iter().map(as_text).collect()
            }
            _ => None,
        };
        texts.or_else(|| self.wrong(expr, "a list of strings", &value))
    }

    /// A list of addresses of on-demand activities, or of pipelines of such.
    pub(super) fn addresses(
        &self,
        expr: &Expr,
        objects: &Objects,
        call: &Call<'_>,
    ) -> Option<Vec<Address>> {
        let mut found = Vec::new();
        for text in self.texts(expr, call)? {
            let inside = |object: &&Address| {
                let rest = object.as_str().strip_prefix(&*text);
                object.kind() == Kind::Activity.as_str()
                    && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            };
            let activities: Vec<Address> = objects.keys().filter(inside).cloned().collect();
            if activities.is_empty() {
                let detail = format!("There is no activity `{text}`, and none in it.");
                let hint = did_you_mean(&text, objects.keys().map(Address::as_str));
                let finding = Diagnostic::error("Unknown activity", detail).at(expr.span);
                self.report(finding.help_if(hint));
                return None;
            }
            found.extend(activities);
        }
        Some(found)
    }

    pub(super) fn wrong<T>(&self, expr: &Expr, wanted: &str, value: &Value) -> Option<T> {
        let detail = format!("This must be {wanted}; it is {}.", value.describe());
        self.report(Diagnostic::error("Wrong type", detail).at(expr.span));
        None
    }
}

/// The value of an expression, with a budget of its own; `None` if there was an error, which was reported.
pub(super) fn evaluate(scope: &dyn Scope, expr: &Expr, call: &Call<'_>) -> Option<Value> {
    Evaluator::new(scope, call, &Budget::default(), Phase::Run).evaluate(expr)
}

impl Scope for Facts {
    fn resolve(&self, path: &[Step]) -> Resolution {
        let Some(root) = path.first() else {
            return Resolution::Failed;
        };
        if &*root.name == VARIABLES {
            return Resolution::Value {
                value: self.variables.clone(),
                consumed: 1,
            };
        }
        let detail = if LATER.contains(&&*root.name) {
            format!(
                "`{}` is known when the case has run: in `assert` blocks.",
                root.name
            )
        } else {
            format!(
                "There is nothing called `{}` in a case. There are `var` and, in `assert` blocks, `runs` and `actions`.",
                root.name
            )
        };
        let hint = did_you_mean(&root.name, [VARIABLES].into_iter().chain(LATER));
        self.report(
            Diagnostic::error("Unknown name", detail)
                .at(root.span)
                .help_if(hint),
        );
        Resolution::Failed
    }

    fn attribute(&self, _reference: &Reference, _name: &Step) -> Option<Value> {
        None
    }

    fn report(&self, diagnostic: Diagnostic) {
        self.findings.borrow_mut().push(diagnostic);
    }
}
