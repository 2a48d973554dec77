//! What the runners share: reading a table, the world its rows are evaluated in, and comparing values.

use pipeform::diag::{Diagnostic, Diagnostics, FileId};
use pipeform::lang::functions::Call;
use pipeform::lang::{
    Budget, Evaluator, Files, Number, Phase, Reference, Resolution, Scope, Step, Value, ast::Expr,
    parse_expression, parse_template,
};
use serde_json::Value as Json;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Where a table or a directory of them is; `None` if they are absent, which is said.
pub(crate) fn directory(name: &str) -> Option<PathBuf> {
    let directory = std::env::var_os("PIPEFORM_CONFORMANCE").map_or_else(
        || crate::support::repository().join("../shared/conformance"),
        PathBuf::from,
    );
    let path = directory.join(name);
    if path.exists() {
        return Some(path);
    }
    // Written past the capture of the test's output.
    let line = format!(
        "skipped: no conformance table {}; set PIPEFORM_CONFORMANCE\n",
        path.display()
    );
    io::stderr().write_all(line.as_bytes()).unwrap();
    None
}

/// The rows of a table, with its directory.
pub(super) fn rows(table: &str) -> Option<(PathBuf, Vec<Json>)> {
    let path = directory(table)?;
    let text = std::fs::read_to_string(&path).unwrap();
    let directory = path.parent().unwrap().to_owned();
    // Numbers beyond a float are compared as text.
    let beyond = regex::Regex::new(r#""want": (-?\d{300,})"#).unwrap();
    let text = beyond.replace_all(&text, "\"want\": \"$1\"");
    Some((directory, serde_json::from_str(&text).unwrap()))
}

/// What the rows may use: files, and names.
pub(super) struct World {
    directory: PathBuf,
    /// What names stand for.
    pub(super) names: BTreeMap<String, Value>,
    reported: RefCell<Vec<String>>,
}

impl Scope for World {
    fn resolve(&self, path: &[Step]) -> Resolution {
        let names: Vec<&str> = path.iter().map(|step| step.name.as_ref()).collect();
        if names.first() == Some(&"path") {
            return Resolution::Value {
                value: Value::string("."),
                consumed: 2,
            };
        }
        if let Some(value) = names.first().and_then(|name| self.names.get(*name)) {
            return Resolution::Value {
                value: value.clone(),
                consumed: 1,
            };
        }
        self.reported
            .borrow_mut()
            .push(format!("there is no {}", names.join(".")));
        Resolution::Failed
    }

    fn attribute(&self, _: &Reference, _: &Step) -> Option<Value> {
        None
    }

    fn report(&self, diagnostic: Diagnostic) {
        self.reported.borrow_mut().push(diagnostic.detail);
    }
}

impl Files for World {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(self.directory.join(path))
    }
    fn is_file(&self, path: &Path) -> bool {
        self.directory.join(path).is_file()
    }
    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let root = self.directory.join(directory);
        let mut found = Vec::new();
        let mut open = vec![root.clone()];
        while let Some(next) = open.pop() {
            for entry in std::fs::read_dir(next)? {
                let path = entry?.path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    found.push(path.strip_prefix(&root).unwrap().to_owned());
                }
            }
        }
        found.sort();
        Ok(found)
    }
    fn absolute(&self, path: &Path) -> PathBuf {
        self.directory.join(path)
    }
    fn home(&self) -> Option<PathBuf> {
        None
    }
}

impl World {
    /// A world with the files of a directory.
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            names: BTreeMap::new(),
            reported: RefCell::default(),
        }
    }

    /// The value of an expression, or what was reported.
    pub(super) fn evaluate(&self, text: &str) -> Result<Value, String> {
        self.parsed(|diagnostics| parse_expression(FileId(0), text, diagnostics))
    }

    /// The value of the text of a template, or what was reported.
    pub(super) fn evaluate_template(&self, text: &str) -> Result<Value, String> {
        self.parsed(|diagnostics| parse_template(FileId(0), text, diagnostics))
    }

    fn parsed(
        &self,
        parse: impl FnOnce(&mut Diagnostics) -> Option<Expr>,
    ) -> Result<Value, String> {
        let mut diagnostics = Diagnostics::new();
        let Some(expr) = parse(&mut diagnostics) else {
            return Err(format!("{diagnostics:?}"));
        };
        self.value(&expr)
    }

    /// The value of an expression that has been read, or what was reported.
    pub(super) fn value(&self, expr: &Expr) -> Result<Value, String> {
        let call = Call {
            files: self,
            now: jiff::Timestamp::UNIX_EPOCH,
            random: || [7; 16],
            secrets: None,
        };
        let budget = Budget::default();
        let value = Evaluator::new(self, &call, &budget, Phase::Run).evaluate(expr);
        value.ok_or_else(|| self.reported.borrow().join("; "))
    }
}

/// Compares rows by their text: `problem` says what is wrong with one, if anything. `open` are the beginnings of those that are
/// known not to be right, each with the reason.
pub(super) fn compare<'r>(
    rows: impl Iterator<Item = (&'r str, &'r Json)>,
    least: usize,
    open: &[(&str, &str)],
    problem: impl Fn(&Json) -> Option<String>,
) {
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for (text, row) in rows {
        compared += 1;
        let open = open.iter().any(|(start, _)| text.starts_with(start));
        match problem(row) {
            Some(what) if !open => wrong.push(format!("{text}\n  {what}")),
            None if open => {
                wrong.push(format!("{text}\n  is right: take it out of the exceptions"));
            }
            _ => {}
        }
    }
    assert!(compared > least, "only {compared} rows are compared");
    assert!(
        wrong.is_empty(),
        "{} of {compared}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Whether a value is what the table wants.
pub(super) fn is(value: &Value, want: &Json) -> bool {
    match (value, want) {
        (Value::Null(_), Json::Null) => true,
        (Value::Bool(value), Json::Bool(want)) => value == want,
        (Value::Number(value), Json::Number(want)) => {
            Number::parse(&want.to_string()).is_some_and(|number| number == *value)
                || value.to_string().parse::<f64>().ok() == want.as_f64()
        }
        (Value::Number(value), Json::String(want)) => {
            Number::parse(want).is_some_and(|number| number == *value)
        }
        (Value::String(value), Json::String(want)) => value.as_ref() == want,
        (Value::List(values) | Value::Set(values) | Value::Tuple(values), Json::Array(want)) => {
            values.len() == want.len()
                && values.iter().zip(want).all(|(value, want)| is(value, want))
        }
        (Value::Map(values) | Value::Object(values), Json::Object(want)) => {
            values.len() == want.len()
                && values
                    .iter()
                    .all(|(key, value)| want.get(key.as_ref()).is_some_and(|want| is(value, want)))
        }
        _ => false,
    }
}

/// The name that the tables have for what a value is.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Number(_) => "num",
        Value::String(_) => "str",
        value => value.type_name(),
    }
}
