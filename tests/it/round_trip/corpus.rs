//! The definitions of the conformance tables.

use std::path::Path;
use std::path::PathBuf;

use pipeform::diag::FileId;
use pipeform::import::definition;

use crate::conformance::support::directory;

fn definitions(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            definitions(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "json") {
            found.push(path);
        }
    }
}

#[test]
fn definitions_from_the_wild_are_the_same_after_import_and_export() {
    let Some(folder) = directory("adp-corpus") else {
        return;
    };
    let mut paths = Vec::new();
    definitions(&folder, &mut paths);
    paths.sort();
    let mut checked = 0;
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let (whole, found) = definition::read(FileId(0), &text);
        if !found.has_errors() && whole.len() == 1 {
            super::check(&text, &path.display().to_string());
            checked += 1;
        }
    }
    assert!(
        checked > 0,
        "there is no definition in {}",
        folder.display()
    );
}
