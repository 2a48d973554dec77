//! Installing modules: what `init` and `get` do.
//!
//! A repository is fetched into a directory of its own and only then takes its place, so that a killed `init` leaves nothing
//! half. What is there and has the hash of the lock file is taken as it is: no `git` runs, and the network is not touched.

use std::collections::BTreeMap;
use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::content;
use super::content::ContentError;
use super::git::Git;
use super::git::GitError;
use super::git::Wanted;
use super::installed::read_lock;
use super::installed::short;
use super::lock::LOCK_FILE;
use super::lock::Lock;
use super::lock::Locked;
use super::manifest;
use super::manifest::Entry;
use super::manifest::MODULES;
use super::manifest::Manifest;
use super::source::GitSource;
use super::tree::Checkouts;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;

/// How often the lock is tried before another process is said to hold it, and the pause in between: a child process that is just
/// being started may hold it for a moment.
const PATIENCE: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);
/// The beginning of the names of directories that are fetched into.
const FETCHING: &str = ".fetching-";

/// How to install.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Take the newest commit of each reference, not that of the lock file.
    pub upgrade: bool,
    /// Never change the lock file.
    pub read_only: bool,
    /// Whether ssh may ask for a passphrase.
    pub interactive: bool,
}

/// What happens, for those who watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A repository is about to be fetched.
    Downloading {
        /// What, without passwords.
        source: String,
        /// The first call that needs it: `a.b`.
        call: String,
    },
    /// The files of a checkout are not those of the lock file, so that it is fetched again.
    Changed {
        /// The checkout.
        directory: String,
    },
    /// The files of the same commit have another hash from now on.
    Rehashed {
        /// The source.
        source: String,
        /// The commit.
        commit: String,
    },
    /// Another commit is used from now on.
    Moved {
        /// The source.
        source: String,
        /// The commit it was.
        from: String,
        /// The commit it is.
        to: String,
    },
}

/// Why modules could not be installed, other than what is wrong with a module.
#[derive(Debug, Error)]
pub enum InstallError {
    /// Another process is at it.
    #[error("Another `pipeform init` is running in this directory. Wait until it has finished.")]
    Busy,
    /// A file cannot be written.
    #[error("`{path}` cannot be written: {error}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
}

/// Installs the git modules of a root module. While there is one, no other process installs there.
pub struct Installer<'a> {
    root: &'a Path,
    options: Options,
    watch: &'a mut dyn FnMut(Event),
    lock: Lock,
    /// What the lock file will be: what has been asked for.
    used: Lock,
    manifest: Manifest,
    /// What has been asked for, and where it is; `None` if that failed.
    done: BTreeMap<String, Option<String>>,
    /// Held open; the file is locked.
    guard: Option<File>,
}

impl<'a> Installer<'a> {
    /// Prepares to install. Nothing is written before the first git module is asked for.
    pub fn new(
        root: &'a Path,
        options: Options,
        watch: &'a mut dyn FnMut(Event),
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        Self {
            root,
            options,
            watch,
            lock: read_lock(root, sources, diagnostics),
            used: Lock::default(),
            manifest: Manifest::default(),
            done: BTreeMap::new(),
            guard: None,
        }
    }

    /// Removes what is not used any more, and writes the lock file if it changes. To be called only if all went well.
    pub fn finish(mut self) -> Result<(), InstallError> {
        let modules = self.root.join(MODULES);
        if modules.is_dir() {
            self.begin()?;
            self.manifest
                .modules
                .retain(|key, _| self.used.entries.contains_key(key));
            self.write_manifest()?;
            let kept: Vec<&String> = self
                .manifest
                .modules
                .values()
                .map(|entry| &entry.directory)
                .collect();
            for directory in directories(&modules) {
                let path = format!("{MODULES}/{directory}");
                if !kept.contains(&&path) {
                    ignore(std::fs::remove_dir_all(self.root.join(path)));
                }
            }
        }
        let path = self.root.join(LOCK_FILE);
        if self.options.read_only || self.used == self.lock {
            return Ok(());
        }
        let written = if self.used.entries.is_empty() {
            std::fs::remove_file(&path)
        } else {
            manifest::write(self.root, LOCK_FILE, &self.used.text())
        };
        written.map_err(|error| InstallError::Write { path, error })
    }

    /// Makes sure that no other process installs here, and removes what a killed one left.
    fn begin(&mut self) -> Result<(), InstallError> {
        if self.guard.is_some() {
            return Ok(());
        }
        let modules = self.root.join(MODULES);
        let failed = |error| InstallError::Write {
            path: modules.clone(),
            error,
        };
        std::fs::create_dir_all(&modules).map_err(failed)?;
        let guard = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(modules.join(".lock"))
            .map_err(failed)?;
        let mut patience = PATIENCE;
        loop {
            match guard.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if patience > 0 => patience -= 1,
                Err(TryLockError::WouldBlock) => return Err(InstallError::Busy),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            std::thread::sleep(PAUSE);
        }
        self.guard = Some(guard);
        self.manifest = Manifest::read(self.root);
        for name in directories(&modules)
            .into_iter()
            .filter(|name| name.starts_with(FETCHING))
        {
            ignore(std::fs::remove_dir_all(modules.join(name)));
        }
        Ok(())
    }

    fn write_manifest(&self) -> Result<(), InstallError> {
        self.manifest
            .write(self.root)
            .map_err(|error| InstallError::Write {
                path: self.root.join(MODULES),
                error,
            })
    }

    /// Where the checkout of a source is, which is there afterwards.
    fn install(&mut self, source: &GitSource, call: &str) -> Result<String, Box<Diagnostic>> {
        self.begin()
            .map_err(|error| problem("Modules not installed", error.to_string()))?;
        let key = source.key();
        let directory = manifest::directory(source);
        let old = self.lock.entries.get(&key).cloned();
        if self.options.read_only && old.is_none() {
            return Err(problem(
                "Lock file would change",
                format!(
                    "The module `{call}` from `{key}` is not in the lock file `{LOCK_FILE}`, which `--lockfile=readonly` forbids to change. Run `pipeform init` without it, and put the lock file into version control."
                ),
            ));
        }
        let locked = old.clone().filter(|_| !self.options.upgrade);
        if let Some(locked) = &locked
            && self.is_installed(&key, &directory, locked)
        {
            self.used.entries.insert(key, locked.clone());
            return Ok(directory);
        }
        (self.watch)(Event::Downloading {
            source: key.clone(),
            call: call.to_owned(),
        });
        let found = self.fetch(source, &directory, locked.as_ref())?;
        if let Some(event) = old.and_then(|old| change(&key, &old, &found)) {
            (self.watch)(event);
        }
        self.used.entries.insert(key, found);
        Ok(directory)
    }

    /// Whether a checkout is there, and nobody has touched it.
    fn is_installed(&mut self, key: &str, directory: &str, locked: &Locked) -> bool {
        let listed = self
            .manifest
            .modules
            .get(key)
            .is_some_and(|entry| entry.is(locked));
        let path = self.root.join(directory);
        if !listed || !path.is_dir() {
            return false;
        }
        let same = content::hash(&path).is_ok_and(|hash| hash == locked.hash);
        if !same {
            (self.watch)(Event::Changed {
                directory: directory.to_owned(),
            });
        }
        same
    }

    /// Fetches a commit, and puts it into its place.
    fn fetch(
        &mut self,
        source: &GitSource,
        directory: &str,
        locked: Option<&Locked>,
    ) -> Result<Locked, Box<Diagnostic>> {
        let unwritable = |error: &dyn std::error::Error| {
            problem(
                "Modules not installed",
                format!("`{MODULES}` cannot be written: {error}."),
            )
        };
        let temporary = tempfile::Builder::new()
            .prefix(FETCHING)
            .tempdir_in(self.root.join(MODULES))
            .map_err(|error| unwritable(&error))?;
        let wanted = locked.map_or(Wanted::Newest, |locked| Wanted::Commit(&locked.commit));
        let commit = Git::new(source, temporary.path(), self.options.interactive)
            .check_out(wanted)
            .map_err(|error| not_fetched(&error))?;
        std::fs::remove_dir_all(temporary.path().join(".git"))
            .map_err(|error| unwritable(&error))?;
        let hash = content::hash(temporary.path()).map_err(|error| unusable(source, &error))?;
        let found = Locked { commit, hash };
        if let Some(locked) = locked.filter(|locked| locked.hash != found.hash) {
            return Err(mismatch(source, locked, &found));
        }
        let key = source.key();
        let place = self.root.join(directory);
        if self.manifest.modules.remove(&key).is_some() {
            self.write_manifest().map_err(|error| unwritable(&error))?;
        }
        if place.exists() {
            std::fs::remove_dir_all(&place).map_err(|error| unwritable(&error))?;
        }
        std::fs::rename(temporary.keep(), &place).map_err(|error| unwritable(&error))?;
        self.manifest
            .modules
            .insert(key, Entry::new(&found, directory.to_owned()));
        self.write_manifest().map_err(|error| unwritable(&error))?;
        Ok(found)
    }
}

impl Checkouts for Installer<'_> {
    fn checkout(
        &mut self,
        source: &GitSource,
        call: &str,
        _sources: &mut Sources,
        _diagnostics: &mut Diagnostics,
    ) -> Result<String, Box<Diagnostic>> {
        let key = source.key();
        if let Some(done) = self.done.get(&key) {
            return done.clone().ok_or_else(|| {
                problem("Module not fetched", format!("`{key}` could not be fetched, as is said for the first module that needs it."))
            });
        }
        let installed = self.install(source, call);
        self.done.insert(key, installed.as_ref().ok().cloned());
        installed
    }
}

/// What is said when another commit or other files are used from now on.
fn change(key: &str, old: &Locked, found: &Locked) -> Option<Event> {
    let source = key.to_owned();
    if old.commit != found.commit {
        return Some(Event::Moved {
            source,
            from: short(&old.commit).to_owned(),
            to: short(&found.commit).to_owned(),
        });
    }
    (old.hash != found.hash).then(|| Event::Rehashed {
        source,
        commit: short(&found.commit).to_owned(),
    })
}

fn problem(summary: &str, detail: String) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(summary, detail))
}

fn not_fetched(error: &GitError) -> Box<Diagnostic> {
    problem("Module not fetched", error.to_string())
}

fn unusable(source: &GitSource, error: &ContentError) -> Box<Diagnostic> {
    problem(
        "Module refused",
        format!("`{}` is not used. {error}", source.key()),
    )
}

fn mismatch(source: &GitSource, old: &Locked, found: &Locked) -> Box<Diagnostic> {
    let detail = format!(
        "The files of the commit `{}` of `{}` do not have the hash that the lock file names.\n\n  lock file: {}\n  fetched:   {}\n\nEither the lock file was edited, or the repository gives out other files for the same commit. Nothing of it was installed. Find out which; if it is the lock file, `pipeform init --upgrade` writes what the repository has now, for you to review.",
        short(&found.commit),
        source.key(),
        old.hash,
        found.hash
    );
    problem("Hash of the module does not match", detail)
}

/// The names of the directories in a directory.
fn directories(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).into_iter().flatten();
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            entry
                .file_type()
                .ok()?
                .is_dir()
                .then(|| entry.file_name().into_string().ok())?
        })
        .collect()
}

fn ignore<T, E>(result: Result<T, E>) {
    drop(result);
}
