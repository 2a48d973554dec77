//! What is in the way of the files of a plan in a directory: a file where a directory is needed, or a directory where a file is.
//!
//! What this activity has written before goes first. What others have put there is an error before anything is written.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use super::lists::Before;
use super::plan::Plan;
use super::plan::setting;
use crate::connect::ConnectError;
use crate::connect::beside;

/// What is in the way, and what is needed.
#[derive(Default)]
pub(super) struct Obstacles {
    /// Files of attempts before that are in the way.
    pub(super) files: Vec<String>,
    /// Directories where files are to be.
    directories: BTreeSet<String>,
    /// Directories that the files of the plan lie in.
    pub(super) needed: BTreeSet<String>,
}

/// The directories that a file lies in, the nearest first. A name that ends in a slash is a directory itself.
fn above(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(name.rsplit_once('/'), |(above, _)| above.rsplit_once('/'))
        .map(|(above, _)| above)
}

impl Obstacles {
    /// Looks for what is in the way below a root.
    pub(super) fn find(root: &Path, plan: &Plan, before: &Before) -> Result<Self, ConnectError> {
        let mut found = Self::default();
        for item in plan.items()? {
            let item = item?;
            for directory in above(&item.name) {
                if !found.needed.insert(directory.to_owned()) {
                    break; // then those above are known, too
                }
            }
        }
        for own in before.own.read()? {
            let (name, _) = own?;
            if plan.names.has(&name) {
                continue;
            }
            let directory = above(&name).find(|directory| plan.names.has(directory));
            if directory.is_some() || found.needed.contains(&name) {
                found.directories.extend(directory.map(str::to_owned));
                found.files.push(name);
            }
        }
        found.refuse_those_of_others(root, before)?;
        Ok(found)
    }

    fn refuse_those_of_others(&self, root: &Path, before: &Before) -> Result<(), ConnectError> {
        for directory in &self.needed {
            let path = root.join(directory);
            let is_file = std::fs::metadata(&path).is_ok_and(|found| !found.is_dir());
            if is_file && !before.names.has(directory) {
                return Err(setting(format!(
                    "`{}` is a file that this activity has not written, and the copy needs a directory of that name; remove the file, or give the output another path",
                    path.display()
                )));
            }
        }
        for directory in &self.directories {
            if let Some(name) = of_others(root, directory, before) {
                return Err(setting(format!(
                    "the copy writes a file `{}`, and there is a directory of that name with `{name}`, which this activity has not written; remove the directory, or give the output another path",
                    root.join(directory).display()
                )));
            }
        }
        Ok(())
    }

    /// Removes directories whose files are gone.
    pub(super) fn remove_directories(&self, root: &Path) -> Result<(), ConnectError> {
        for directory in &self.directories {
            let path = root.join(directory);
            remove_empty(&path).map_err(|error| ConnectError::io("remove", &path, error))?;
        }
        Ok(())
    }
}

/// A file below a directory that is in no list of this activity.
fn of_others(root: &Path, directory: &str, before: &Before) -> Option<String> {
    let entries = std::fs::read_dir(root.join(directory)).ok()?;
    entries.flatten().find_map(|entry| {
        let file = entry.file_name();
        let file = file.to_string_lossy();
        let name = format!("{directory}/{file}");
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            return of_others(root, &name, before);
        }
        let ours = beside::is_temporary(&file) || before.names.has(&name);
        (!ours).then_some(name)
    })
}

/// Removes a directory that has no files, with those in it. A file in the place of one stays.
fn remove_empty(directory: &Path) -> io::Result<()> {
    if !std::fs::symlink_metadata(directory).is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    beside::remove_all_leftovers(directory);
    for entry in std::fs::read_dir(directory)? {
        remove_empty(&entry?.path())?;
    }
    std::fs::remove_dir(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_lies_in_all_directories_above_it() {
        let all = |name| above(name).collect::<Vec<_>>();
        assert_eq!(all("a/b/c"), ["a/b", "a"]);
        assert_eq!(all("a/"), ["a"]);
        assert_eq!(all("a"), [""; 0]);
    }
}
