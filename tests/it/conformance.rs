//! The functions against the results that Terraform gives: the conformance tables, which are not part of the repository.
//!
//! Rows of functions that this version does not have are counted and passed over. Where the tables are absent the tests
//! say so in a line and pass.

use pipeform::diag::{Diagnostic, Diagnostics, FileId};
use pipeform::lang::functions::{self, Call};
use pipeform::lang::{
    Budget, Evaluator, Files, Number, Phase, Reference, Resolution, Scope, Step, Value,
    parse_expression,
};
use serde_json::Value as Json;
use std::cell::RefCell;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Functions that the evaluator carries out itself.
const SPECIAL: &[&str] = &["can", "issensitive", "nonsensitive", "sensitive", "try"];

/// How expressions begin whose result or error is not yet Terraform's, and why. One that has become right fails the test,
/// until it is taken out of the list.
const OPEN: &[(&str, &str)] = &[
    (
        "sum(tolist([1000000000000000000000",
        "the parser takes a number of hundreds of digits apart",
    ),
    ("log(50, 10)", "the last digit"),
    (
        "merge(tomap({\"a\" = \"b\"}), tostring(null))",
        "a null of another type is no map",
    ),
];

fn rows(table: &str) -> Option<(PathBuf, Vec<Json>)> {
    let directory = std::env::var_os("PIPEFORM_CONFORMANCE").map_or_else(
        || crate::support::repository().join("../shared/conformance"),
        PathBuf::from,
    );
    let path = directory.join(table);
    let Ok(text) = std::fs::read_to_string(&path) else {
        // Written past the capture of the test's output.
        let line = format!(
            "skipped: no conformance table {}; set PIPEFORM_CONFORMANCE\n",
            path.display()
        );
        io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    };
    // Numbers beyond a float are compared as text.
    let beyond = regex::Regex::new(r#""want": (-?\d{300,})"#).unwrap();
    let text = beyond.replace_all(&text, "\"want\": \"$1\"");
    Some((directory, serde_json::from_str(&text).unwrap()))
}

/// What the functions of the rows may use: the fixtures, and no names.
struct World {
    directory: PathBuf,
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

/// The value of an expression, or what was reported.
fn evaluate(text: &str, directory: &Path) -> Result<Value, String> {
    let mut diagnostics = Diagnostics::new();
    let Some(expr) = parse_expression(FileId(0), text, &mut diagnostics) else {
        return Err(format!("{diagnostics:?}"));
    };
    let world = World {
        directory: directory.to_owned(),
        reported: RefCell::default(),
    };
    let call = Call {
        files: &world,
        now: jiff::Timestamp::UNIX_EPOCH,
        random: || [7; 16],
    };
    let budget = Budget::default();
    let value = Evaluator::new(&world, &call, &budget, Phase::Run).evaluate(&expr);
    value.ok_or_else(|| world.reported.borrow().join("; "))
}

/// Whether a value is what the table wants.
fn is(value: &Value, want: &Json) -> bool {
    match (value, want) {
        (Value::Null, Json::Null) => true,
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

fn has(function: &str) -> bool {
    functions::find(function).is_some() || SPECIAL.contains(&function)
}

/// Compares the rows of functions that there are: `problem` says what is wrong with one, if anything.
fn compare(rows: &[Json], least: usize, problem: impl Fn(&str, &Json) -> Option<String>) {
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for row in rows {
        let (function, text) = (
            row["function"].as_str().unwrap(),
            row["expr"].as_str().unwrap(),
        );
        if !has(function) {
            continue;
        }
        compared += 1;
        let open = OPEN.iter().any(|(start, _)| text.starts_with(start));
        match problem(text, row) {
            Some(what) if !open => wrong.push(format!("{text}\n  {what}")),
            None if open => wrong.push(format!("{text}\n  is right: take it out of OPEN")),
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

#[test]
fn functions_give_the_results_of_terraform() {
    let Some((directory, rows)) = rows("functions.json") else {
        return;
    };
    compare(&rows, 300, |text, row| {
        let fixture = directory.join(row["fixture"].as_str().unwrap_or(""));
        let found = evaluate(text, &fixture).map(|value| value.unmark_deep().0);
        let right = found.as_ref().is_ok_and(|value| is(value, &row["want"]));
        (!right).then(|| format!("found {found:?}, wanted {}", row["want"]))
    });
}

#[test]
fn functions_refuse_what_terraform_refuses() {
    let Some((directory, rows)) = rows("functions_errors.json") else {
        return;
    };
    compare(&rows, 30, |text, row| {
        let value = evaluate(text, &directory).ok()?;
        Some(format!(
            "found {value:?}, wanted the error {}",
            row["terraform_message"]
        ))
    });
}
