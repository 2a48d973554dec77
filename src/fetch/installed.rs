//! The modules that `init` has installed, as all other commands find them: without `git`, and without a network.

use std::path::Path;

use super::lock::LOCK_FILE;
use super::lock::Lock;
use super::lock::Locked;
use super::manifest;
use super::manifest::Entry;
use super::manifest::Manifest;
use super::source::GitSource;
use super::tree::Checkouts;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;

/// What is installed for a root module. It is read when the first git module is called.
#[derive(Debug)]
pub struct Installed<'a> {
    root: &'a Path,
    read: Option<(Lock, Manifest)>,
}

impl<'a> Installed<'a> {
    /// What is installed for the root module in a directory.
    pub fn new(root: &'a Path) -> Self {
        Self { root, read: None }
    }
}

/// The lock file of a root module; an empty one if there is none.
pub(super) fn read_lock(root: &Path, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Lock {
    match std::fs::read_to_string(root.join(LOCK_FILE)) {
        Ok(text) => {
            let file = sources.add(LOCK_FILE, text.as_str());
            Lock::parse(file, &text, diagnostics)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Lock::default(),
        Err(error) => {
            let detail = format!("The lock file `{LOCK_FILE}` cannot be read: {error}.");
            diagnostics.push(Diagnostic::error("Unreadable file", detail));
            Lock::default()
        }
    }
}

impl Checkouts for Installed<'_> {
    fn checkout(
        &mut self,
        source: &GitSource,
        call: &str,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Result<String, Box<Diagnostic>> {
        let (lock, manifest) = self.read.get_or_insert_with(|| {
            (
                read_lock(self.root, sources, diagnostics),
                Manifest::read(self.root),
            )
        });
        let key = source.key();
        let directory = manifest::directory(source);
        let locked = lock.entries.get(&key);
        let entry = manifest.modules.get(&key);
        let (summary, detail) = match (locked, entry) {
            (Some(locked), Some(entry)) if entry.is(locked) => {
                if self.root.join(&directory).is_dir() {
                    return Ok(directory);
                }
                let detail = format!(
                    "The files of the module `{call}` from `{key}` are gone: there is no directory `{directory}`."
                );
                ("Module not installed", detail)
            }
            (Some(locked), Some(entry)) => {
                ("Module not up to date", differs(call, &key, locked, entry))
            }
            (Some(_), None) => (
                "Module not installed",
                format!(
                    "The module `{call}` comes from `{key}`, which has not been fetched for this directory yet."
                ),
            ),
            (None, _) => (
                "Module not installed",
                format!(
                    "The module `{call}` comes from `{key}`, which is not in the lock file `{LOCK_FILE}`: it has not been fetched yet, or its source was changed since."
                ),
            ),
        };
        Err(Box::new(
            Diagnostic::error(summary, detail).help("Run `pipeform init` to fetch it."),
        ))
    }
}

/// How what is installed differs from what is locked.
fn differs(call: &str, key: &str, locked: &Locked, entry: &Entry) -> String {
    if locked.commit == entry.commit {
        return format!(
            "The lock file names another hash for the files of the module `{call}` from `{key}` than those have that are installed."
        );
    }
    format!(
        "The lock file says that the module `{call}` from `{key}` is of the commit `{}`, and `{}` is installed.",
        short(&locked.commit),
        short(&entry.commit)
    )
}

/// The first digits of a commit, enough for people.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}
