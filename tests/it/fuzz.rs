//! The corpus of the fuzz targets, as ordinary tests: what fuzzing has found stays right.

#[path = "../fuzz/checks.rs"]
mod checks;

use crate::support;

/// Runs a check on each text of a corpus: a file with one JSON string a line.
fn corpus(target: &str, check: fn(&str)) {
    let file = format!("tests/fuzz/corpus/{target}.jsonl");
    let lines = std::fs::read_to_string(support::repository().join(&file)).unwrap();
    let texts = lines
        .lines()
        .map(|line| serde_json::from_str::<String>(line).unwrap());
    let count = texts.inspect(|text| check(text)).count();
    assert!(count >= 20, "{file} has {count} texts");
}

#[test]
fn the_corpus_of_the_parser_is_read() {
    corpus("parser", checks::parser);
}

#[test]
fn the_corpus_of_the_evaluator_is_evaluated() {
    corpus("evaluator", checks::evaluator);
}

#[test]
fn the_corpus_of_residuals_gives_in_two_phases_what_it_gives_in_one() {
    corpus("residual", checks::residual);
}

#[test]
fn the_corpus_of_the_formatter_keeps_its_meaning() {
    corpus("formatter", checks::formatter);
}
