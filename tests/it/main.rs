//! Integration tests: one binary, so that they link once.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "a test that is wrong about its own files should stop right there"
)]

mod architecture;
mod conformance;
mod consumers;
mod docs;
mod fuzz;
mod library;
mod plan_empty;
mod reference;
mod round_trip;
mod s3;
mod shell;
mod support;
mod transcripts;
mod untrusted;

/// A file that is not listed above would silently not run.
#[test]
fn every_file_is_listed() {
    let root = support::repository().join("tests/it");
    let main = std::fs::read_to_string(root.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(&root).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.strip_suffix(".rs").unwrap_or(&name);
        let line = format!("mod {module};");
        assert!(
            module == "main" || main.lines().any(|l| l == line),
            "tests/it/{name}: add `{line}` to main.rs"
        );
    }
}
