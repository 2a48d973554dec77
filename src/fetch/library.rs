//! The library: the modules of the repository's `modules/` directory, compiled in.
//!
//! They need no `init`, and are the same wherever this binary is. The table names each file, which a test compares with the
//! directory: a dependency or a build script for two modules would be more to keep than these lines.

use std::collections::BTreeSet;

/// The first part of what `path.module` is in a module of the library.
pub const LIBRARY: &str = "pipeform//";

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../modules/", $path)))),*]
    };
}

/// The files with their paths in `modules/`, sorted.
const FILES: &[(&str, &str)] = files![
    "archive-logs/README.md",
    "archive-logs/main.pipe.hcl",
    "archive-logs/outputs.pipe.hcl",
    "archive-logs/variables.pipe.hcl",
    "replicate-tables/README.md",
    "replicate-tables/main.pipe.hcl",
    "replicate-tables/outputs.pipe.hcl",
    "replicate-tables/variables.pipe.hcl",
];

/// The names of the modules.
pub(super) fn modules() -> BTreeSet<&'static str> {
    FILES
        .iter()
        .filter_map(|(path, _)| Some(path.split_once('/')?.0))
        .collect()
}

/// The files below a directory of the library, with their paths from there.
pub(super) fn below(directory: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let directory = directory.trim_matches('/').to_owned();
    FILES.iter().filter_map(move |(path, text)| {
        let rest = match directory.as_str() {
            "" => Some(*path),
            directory => path.strip_prefix(directory)?.strip_prefix('/'),
        };
        Some((rest?, *text))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn collect(root: &Path, directory: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(root, &path, found);
            } else {
                found.push(
                    path.strip_prefix(root)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }

    #[test]
    fn the_table_has_every_file_of_the_directory() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("modules");
        let mut found = Vec::new();
        collect(&root, &root, &mut found);
        found.sort();
        let table: Vec<&str> = FILES.iter().map(|(path, _)| *path).collect();
        assert_eq!(table, found);
    }
}
