//! A scope for tests: names with values, names that are deferred, and what was reported.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::ast::Expr;
use super::eval::Budget;
use super::eval::Evaluator;
use super::eval::Phase;
use super::functions::Call;
use super::functions::find;
use super::parse::parse_expression;
use super::print;
use super::scope::Files;
use super::scope::Resolution;
use super::scope::Scope;
use super::scope::Step;
use super::types::Type;
use super::value::Reference;
use super::value::Value;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;

#[derive(Default)]
pub(crate) struct TestScope {
    pub(crate) names: BTreeMap<String, Value>,
    pub(crate) deferred: Vec<String>,
    /// What is known of the types of deferred names.
    pub(crate) types: BTreeMap<String, Type>,
    pub(crate) reported: RefCell<Vec<Diagnostic>>,
}

impl Scope for TestScope {
    fn resolve(&self, path: &[Step]) -> Resolution {
        let name = path.first().map_or("", |step| &step.name);
        if self.deferred.iter().any(|deferred| deferred == name) {
            let ty = self.types.get(name).cloned().unwrap_or(Type::Any);
            return Resolution::Deferred { ty, consumed: 1 };
        }
        if let Some(value) = self.names.get(name) {
            return Resolution::Value {
                value: value.clone(),
                consumed: 1,
            };
        }
        self.report(Diagnostic::error(
            "Unknown name",
            format!("There is no `{name}`."),
        ));
        Resolution::Failed
    }

    fn attribute(&self, reference: &Reference, name: &Step) -> Option<Value> {
        Some(Value::string(format!(
            "{}.{}",
            reference.address, name.name
        )))
    }

    fn module(&self, reference: &Reference) -> Option<Value> {
        if &*reference.address == "module.cycle" {
            self.report(Diagnostic::error(
                "Reference cycle",
                "The module was read as a whole.",
            ));
            return None;
        }
        let output = Value::string(format!("{}.out", reference.address));
        let outputs = [("out".into(), output)].into();
        Some(Value::object(outputs))
    }

    /// Every name goes by itself; only large values ask.
    fn name(&self, path: &[Step]) -> Option<Expr> {
        super::named::path(&path.first()?.name)
    }

    fn report(&self, diagnostic: Diagnostic) {
        self.reported.borrow_mut().push(diagnostic);
    }
}

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
    fn is_file(&self, _: &Path) -> bool {
        false
    }
    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }
    fn absolute(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
    fn home(&self) -> Option<PathBuf> {
        None
    }
}

/// Calls `body` with what functions may use: no files, a fixed moment.
pub(crate) fn with_call<T>(body: impl FnOnce(&Call<'_>) -> T) -> T {
    body(&Call {
        files: &NoFiles,
        now: jiff::Timestamp::UNIX_EPOCH,
        random: || [7; 16],
        secrets: None,
    })
}

/// What a function gives for some arguments as HCL, or the message of its error.
pub(crate) fn call(name: &str, arguments: &[Value]) -> Result<String, String> {
    let function = find(name).unwrap();
    with_call(|call| (function.body)(call, arguments))
        .map(|value| print::value(&value))
        .map_err(|error| error.message)
}

/// The expression, which must parse.
pub(crate) fn parsed(text: &str) -> Expr {
    let mut diagnostics = Diagnostics::new();
    let expr = parse_expression(FileId(0), text, &mut diagnostics);
    expr.unwrap_or_else(|| panic!("`{text}` does not parse: {diagnostics:?}"))
}

impl TestScope {
    /// `text` is an object whose attributes become names.
    pub(crate) fn new(text: &str, deferred: &[&str]) -> Self {
        let mut scope = Self {
            deferred: deferred.iter().map(|name| (*name).to_owned()).collect(),
            ..Self::default()
        };
        if let Some(Value::Object(names)) = Self::default().evaluate(text, Phase::Run) {
            scope.names = names
                .iter()
                .map(|(name, value)| (name.to_string(), value.clone()))
                .collect();
        }
        scope
    }

    pub(crate) fn evaluate(&self, text: &str, phase: Phase) -> Option<Value> {
        self.evaluate_expr(&parsed(text), phase)
    }

    pub(crate) fn evaluate_expr(&self, expr: &Expr, phase: Phase) -> Option<Value> {
        let budget = Budget::new(200_000, 1 << 24);
        with_call(|call| Evaluator::new(self, call, &budget, phase).evaluate(expr))
    }

    /// The result as HCL, or the summary and detail of the first error.
    pub(crate) fn shown(&self, text: &str) -> String {
        self.reported.borrow_mut().clear();
        match self.evaluate(text, Phase::Plan { defer_impure: true }) {
            Some(value) => print::value(&value),
            None => self
                .reported
                .borrow()
                .first()
                .map_or_else(String::new, |first| {
                    format!("{}: {}", first.summary, first.detail)
                }),
        }
    }
}

/// A reference, as scopes make them.
pub(crate) fn reference(kind: &str, address: &str) -> Value {
    Value::Ref(Arc::new(Reference::new(kind, address)))
}
