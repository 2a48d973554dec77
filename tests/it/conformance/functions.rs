//! The functions against the results and errors of Terraform.

use super::exceptions;
use super::support::{World, compare, is, rows};
use serde_json::Value as Json;

/// The rows, by their text.
fn texts(rows: &[Json]) -> impl Iterator<Item = (&str, &Json)> {
    rows.iter().map(|row| (row["expr"].as_str().unwrap(), row))
}

#[test]
fn functions_give_the_results_of_terraform() {
    let Some((directory, rows)) = rows("functions.json") else {
        return;
    };
    compare(texts(&rows), 700, exceptions::FUNCTIONS, |row| {
        let fixture = directory.join(row["fixture"].as_str().unwrap_or(""));
        let found = World::new(&fixture)
            .evaluate(row["expr"].as_str().unwrap())
            .map(|value| value.unmark_deep().0);
        let right = found.as_ref().is_ok_and(|value| is(value, &row["want"]));
        (!right).then(|| format!("found {found:?}, wanted {}", row["want"]))
    });
}

#[test]
fn functions_refuse_what_terraform_refuses() {
    let Some((directory, rows)) = rows("functions_errors.json") else {
        return;
    };
    compare(texts(&rows), 140, exceptions::ERRORS, |row| {
        let value = World::new(&directory)
            .evaluate(row["expr"].as_str().unwrap())
            .ok()?;
        Some(format!(
            "found {value:?}, wanted the error {}",
            row["terraform_message"]
        ))
    });
}
