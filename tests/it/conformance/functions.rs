//! The functions against the results and errors of Terraform. Rows of functions that this version does not have are passed over.

use super::exceptions;
use super::support::{evaluate, is, rows};
use pipeform::lang::functions;
use serde_json::Value as Json;

/// Functions that the evaluator carries out itself.
const SPECIAL: &[&str] = &["can", "issensitive", "nonsensitive", "sensitive", "try"];

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
        let open = exceptions::FUNCTIONS
            .iter()
            .any(|(start, _)| text.starts_with(start));
        match problem(text, row) {
            Some(what) if !open => wrong.push(format!("{text}\n  {what}")),
            None if open => {
                wrong.push(format!("{text}\n  is right: take it out of the exceptions"))
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
