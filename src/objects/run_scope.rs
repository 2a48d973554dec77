//! The names that an expression sees when an instance runs: `run`, and nothing else.
//!
//! Apart from `resolve`, which evaluates whole objects, because this is what one expression is evaluated with.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::object::Object;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::lang::Reference;
use crate::lang::Resolution;
use crate::lang::Scope;
use crate::lang::Step;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Ident;
use crate::lang::ast::Later;
use crate::lang::print;
use crate::lang::types::Type;

/// What cannot be known because it, or what it is made of, is wrong.
pub(super) fn unknown() -> Value {
    let name = Ident {
        text: Arc::from("run"),
        span: Span::default(),
    };
    let path = Expr {
        kind: ExprKind::Name(name),
        span: Span::default(),
    };
    let later = Later {
        path,
        ty: Type::Any,
        value: None,
    };
    Value::Deferred(Arc::new(Expr {
        kind: ExprKind::Later(Arc::new(later)),
        span: Span::default(),
    }))
}

/// Whether a value was made from what is wrong elsewhere. Secrets stay deferred, too, and are no such thing.
pub(super) fn reads_unknown(value: &Value) -> bool {
    let mut found = false;
    value.deferred_names(&mut |path| {
        found |= path.first().is_some_and(|root| &*root.name == "run");
    });
    found
}

/// What `run` would have, were it not wrong. That is found by what reads it, and by nothing else.
pub(super) struct Wrong {
    /// Behind which names it is missing.
    pub(super) behind: &'static [&'static str],
    /// What is wrong with each: the first finding.
    pub(super) findings: BTreeMap<Arc<str>, Diagnostic>,
}

impl Wrong {
    /// What is wrong with what a path reads.
    fn of(&self, path: &[Step]) -> Option<&Diagnostic> {
        let name = path.get(self.behind.len())?;
        let before = path.iter().map(|step| &*step.name);
        before
            .zip(self.behind)
            .all(|(step, name)| step == *name)
            .then(|| self.findings.get(&name.name))?
    }
}

/// Names when an instance runs: `run`, and nothing else.
pub(super) struct RunScope<'a> {
    pub(super) run: &'a Value,
    pub(super) object: &'a Object,
    pub(super) wrong: Option<&'a Wrong>,
    /// The attribute that is evaluated.
    pub(super) attribute: RefCell<Option<Arc<str>>>,
    pub(super) diagnostics: RefCell<Diagnostics>,
}

impl<'a> RunScope<'a> {
    /// For an object, with nothing found yet.
    pub(super) fn new(run: &'a Value, object: &'a Object) -> Self {
        Self {
            run,
            object,
            wrong: None,
            attribute: RefCell::default(),
            diagnostics: RefCell::default(),
        }
    }
}

impl Scope for RunScope<'_> {
    fn resolve(&self, path: &[Step]) -> Resolution {
        if let Some(finding) = self.wrong.and_then(|wrong| wrong.of(path)) {
            return Resolution::Wrong(Box::new(finding.clone()));
        }
        match path.first() {
            Some(step) if step.name.as_ref() == "run" => {
                if let (Value::Object(names), Some(name)) = (self.run, path.get(1))
                    && matches!(name.name.as_ref(), "input" | "output")
                    && !names.contains_key(&name.name)
                {
                    self.report(Diagnostic::error(
                        "Not exactly one data node",
                        format!(
                            "`run.{0}` stands for the only {0}, but this instance has none or several. Use `run.{0}s.NAME`, which is a list.",
                            name.name
                        ),
                    ).at(name.span));
                    return Resolution::Failed;
                }
                Resolution::Value {
                    value: self.run.clone(),
                    consumed: 1,
                }
            }
            Some(step) => {
                let detail = format!("`{}` is not known when an instance runs.", step.name);
                self.report(Diagnostic::error("Unknown name", detail).at(step.span));
                Resolution::Failed
            }
            None => Resolution::Failed,
        }
    }

    fn attribute(&self, _reference: &Reference, _name: &Step) -> Option<Value> {
        None
    }

    fn report_part(&self, residual: &Expr, diagnostic: Diagnostic) {
        if diagnostic.object.is_some() {
            return self.report(diagnostic);
        }
        // What is known is folded into the text, also what must not be shown.
        let attribute = self.attribute.borrow().clone();
        let value = attribute.and_then(|name| self.object.get(&name));
        let shown = value.is_none_or(|value| !value.has_sensitive());
        let span = diagnostic.span.filter(|_| shown);
        self.report(Diagnostic {
            part: span
                .and_then(|span| print::part(residual, span))
                .map(String::into_boxed_str),
            ..diagnostic
        });
    }

    /// What is planned points into the files. Spans of what was stored point into its own text, which nobody wrote: there,
    /// object, attribute and part say where.
    fn report(&self, diagnostic: Diagnostic) {
        if diagnostic.object.is_some() {
            // It was found in another object that this one reads.
            return self.diagnostics.borrow_mut().push(diagnostic);
        }
        let attribute = self.attribute.borrow();
        self.diagnostics.borrow_mut().push(Diagnostic {
            object: Some(self.object.address.to_string()),
            attribute: attribute.as_ref().map(ToString::to_string),
            ..diagnostic
        });
    }
}
