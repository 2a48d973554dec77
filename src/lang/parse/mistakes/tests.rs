//! What is said about each mistake, in `table.txt`: the text in lines that begin with `| ` (`|! ` if no line break ends it),
//! then for each finding its line, the text it points at, and its detail. `UPDATE_MISTAKES=1` writes what is found; read it.

use std::fmt::Write as _;

use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::lang::parse::parse_body;

const TABLE: &str = include_str!("table.txt");

fn findings(text: &str) -> String {
    let mut diagnostics = Diagnostics::new();
    let _body = parse_body(FileId(0), text, &mut diagnostics);
    let mut written = String::new();
    for found in diagnostics.iter() {
        let span = found.span.unwrap();
        let (start, end) = (span.start as usize, span.end as usize);
        let line = text.get(..start).unwrap().matches('\n').count() + 1;
        let shown = text.get(start..end).unwrap();
        writeln!(written, "{line} `{shown}` {}", found.detail).unwrap();
    }
    written
}

/// The text of an entry, as it is written in the table and as it is meant.
fn source(entry: &str) -> (String, String) {
    let (mut written, mut text) = (String::new(), String::new());
    for line in entry.lines() {
        if let Some(last) = line.strip_prefix("|! ") {
            text.push_str(last);
        } else if let Some(rest) = line.strip_prefix('|') {
            text.push_str(rest.strip_prefix(' ').unwrap_or(rest));
            text.push('\n');
        } else {
            break;
        }
        written.push_str(line);
        written.push('\n');
    }
    (written, text)
}

#[test]
fn each_mistake_is_explained_where_it_is() {
    let mut found = Vec::new();
    for entry in TABLE.split("\n\n") {
        let (written, text) = source(entry);
        found.push(written + &findings(&text));
    }
    assert!(found.len() > 100);
    let found = found.join("\n");
    if std::env::var_os("UPDATE_MISTAKES").is_some() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/lang/parse/mistakes/table.txt"
        );
        let mut file = std::fs::File::create(path).unwrap();
        std::io::Write::write_all(&mut file, found.as_bytes()).unwrap();
    } else {
        assert_eq!(found, TABLE);
    }
}

#[test]
fn carriage_returns_and_nul_are_named() {
    for (text, expected) in [
        (
            "a = 1\rb = 2\n",
            "There is a carriage return without a line feed here.",
        ),
        ("a = x\u{0}\n", "There is a NUL character here"),
        ("a = \u{1}\n", "There is the control character U+0001 here."),
        (
            "a = \u{200b}1\n",
            "There is the invisible character U+200B here.",
        ),
    ] {
        assert!(
            findings(text).contains(expected),
            "{text:?}: {}",
            findings(text)
        );
    }
}
