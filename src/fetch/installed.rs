//! The modules that `init` has installed, as all other commands find them: without `git`, and without a network.

use std::path::Path;

use super::lock::LOCK_FILE;
use super::lock::Lock;
use super::manifest;
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
            (Some(locked), Some(entry))
                if !self.root.join(&directory).is_dir() || entry.commit.is_empty() =>
            {
                (
                    "Module not installed",
                    format!(
                        "The files of the module `{call}` from `{key}` at the commit `{}` are gone.",
                        short(&locked.commit)
                    ),
                )
            }
            (Some(locked), Some(entry)) if entry.is(locked) => return Ok(directory),
            (Some(locked), Some(entry)) => (
                "Module not up to date",
                format!(
                    "The lock file says that the module `{call}` from `{key}` is of the commit `{}`, and `{}` is installed.",
                    short(&locked.commit),
                    short(&entry.commit)
                ),
            ),
            _ => (
                "Module not installed",
                format!(
                    "The module `{call}` comes from `{key}`, which has not been fetched for this directory yet, or its source was changed since."
                ),
            ),
        };
        Err(Box::new(
            Diagnostic::error(summary, detail).help("Run `pipeform init` to fetch it."),
        ))
    }
}

/// The first digits of a commit, enough for people.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}
