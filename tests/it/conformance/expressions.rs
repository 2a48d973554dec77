//! Expressions and templates of HCL: their values with their types, and which are errors.

use super::exceptions;
use super::support::{World, compare, is, kind, rows};
use serde_json::Value as Json;
use std::path::Path;

/// What is wrong with the result of a row, if anything.
fn problem(row: &Json) -> Option<String> {
    let mut world = World::new(Path::new("."));
    for (name, text) in row["variables_hcl"].as_object().into_iter().flatten() {
        match world.evaluate(text.as_str().unwrap()) {
            Ok(value) => drop(world.names.insert(name.clone(), value)),
            Err(error) => return Some(format!("the variable {name}: {error}")),
        }
    }
    let text = row["expr"].as_str().unwrap();
    let found = match row["kind"].as_str() {
        Some("template") => world.evaluate_template(text),
        _ => world.evaluate(text),
    };
    match (found, row["diag_count"] == 0) {
        (Err(_), false) => None,
        (Err(error), true) => Some(format!("error: {error}")),
        (Ok(value), false) => Some(format!("found {value:?}, wanted an error")),
        (Ok(value), true) => {
            let bare = value.unmark_deep().0;
            let right = is(&bare, &row["want"]) && row["want_kind"] == kind(&bare);
            (!right).then(|| {
                format!(
                    "found {bare:?}, wanted the {} {}",
                    row["want_kind"], row["want"]
                )
            })
        }
    }
}

#[test]
fn expressions_give_the_values_of_hcl() {
    let Some((_, rows)) = rows("hcl_expressions.json") else {
        return;
    };
    let rows = rows.iter().map(|row| (row["expr"].as_str().unwrap(), row));
    compare(rows, 150, exceptions::EXPRESSIONS, problem);
}
