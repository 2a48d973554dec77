//! A plan right after an apply is empty: for generated configurations with all types of objects and all their attributes, and for
//! generated edits of them, which are applied as saved plans. What is saved is what a configuration makes, so that none is refused.

use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use crate::round_trip::generated::few_objects;

/// Runs the program, which must end with this code.
fn pipeform(directory: &Path, code: i32, arguments: &[&str]) -> String {
    let (found, text) = ended(directory, arguments);
    assert_eq!(found, Some(code), "{arguments:?}\n{text}");
    text
}

fn ended(directory: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pipeform"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PIPEFORM_NOW", "2026-11-24T06:00:00Z")
        .env("PIPEFORM_VAR_text", "it's given")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

/// Makes a configuration of a definition, in the place of the last one. Whether it breaks no rule.
fn write(directory: &Path, bytes: &[u8]) -> bool {
    put(directory, "p.json", &few_objects(bytes));
    let (code, _) = ended(directory, &["import", "--force", "p.json"]);
    std::fs::remove_file(directory.join("p.json")).unwrap();
    code == Some(0) && ended(directory, &["plan"]).0 == Some(0)
}

/// Writes a file.
#[expect(clippy::disallowed_methods, reason = "nobody else reads it")]
fn put(directory: &Path, name: &str, text: &str) {
    std::fs::write(directory.join(name), text).unwrap();
}

const ANY_RUNS: &str = "--allow-runs=1000000000";

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, max_shrink_iters: 60, max_global_rejects: 1000, ..ProptestConfig::default() })]

    #[test]
    fn after_any_apply_the_plan_is_empty(
        first in prop::collection::vec(any::<u8>(), 0..1500),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut second = first.clone();
        for (at, byte) in edits {
            if let Some(place) = second.get_mut(at.index(first.len().max(1))) {
                *place = byte;
            }
        }
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path();
        prop_assume!(write(directory, &first));
        pipeform(directory, 0, &["apply", "--auto-approve", ANY_RUNS]);
        pipeform(directory, 0, &["plan", "--detailed-exitcode"]);
        // What is kept is itself something that can be applied.
        let kept = pipeform(directory, 0, &["state", "pull"]);
        put(directory, "kept", &kept);
        pipeform(directory, 0, &["state", "push", "kept"]);
        prop_assume!(write(directory, &second));
        pipeform(directory, 0, &["plan", "--out=saved"]);
        pipeform(directory, 0, &["apply", ANY_RUNS, "saved"]);
        pipeform(directory, 0, &["plan", "--detailed-exitcode"]);
    }
}
