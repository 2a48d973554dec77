//! The two locks of a state.
//!
//! Both are locks of the operating system on files beside the state, so that they vanish with the process that holds them.
//! Who holds one is written into the file, for messages. The runner lease also raises the fence of the state: what a runner
//! with an older fence still tries to write is refused. A runner that finds nothing to do writes nothing, not even the fence.

use std::fmt;
use std::fs::File;
use std::fs::TryLockError;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use super::Store;
use super::StoreError;
use super::create_directory;
use super::create_private;

/// The file of the state lock.
const STATE: &str = "state.lock";

/// The file of the runner lease.
const RUNNER: &str = "runner.lock";

/// Between two tries to get a lock.
const POLL: Duration = Duration::from_millis(100);

/// Who holds a lock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Holder {
    /// `user@host`.
    pub who: String,
    /// What they do, e.g. `apply`.
    pub operation: String,
    /// Their process.
    pub process: u32,
    /// Since when, UTC.
    pub since: Timestamp,
}

impl Holder {
    /// This process.
    pub fn this_process(who: String, operation: &str, since: Timestamp) -> Self {
        Self {
            who,
            operation: operation.to_owned(),
            process: std::process::id(),
            since,
        }
    }
}

/// `maria@laptop (apply, process 4711) since 2026-11-23T10:00:00Z`
impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            who,
            operation,
            process,
            since,
        } = self;
        write!(
            formatter,
            "{who} ({operation}, process {process}) since {since}"
        )
    }
}

/// The right to change the definition. Ends when it is dropped.
#[derive(Debug)]
pub struct StateLock {
    _file: Option<File>,
}

impl StateLock {
    /// None: an apply without it is one transaction all the same, and refused when another one was first.
    pub fn not_taken() -> Self {
        Self { _file: None }
    }
}

/// The place of the only runner. Ends when it is dropped.
#[derive(Debug)]
pub struct RunnerPlace {
    _file: File,
}

/// The right to run. Ends when it is dropped.
#[derive(Debug)]
pub struct RunnerLease {
    _place: RunnerPlace,
    fence: u64,
}

impl RunnerLease {
    /// What tells this lease from earlier ones: larger than theirs.
    pub fn fence(&self) -> u64 {
        self.fence
    }
}

impl Store {
    /// Takes the state lock of the state at `path`, waiting for at most `patience`.
    pub fn lock_state(
        path: &Path,
        holder: &Holder,
        patience: Duration,
    ) -> Result<StateLock, StoreError> {
        let file = lock(
            &path.with_file_name(STATE),
            holder,
            patience,
            "The state",
            "Wait until that is done, or wait for it with --lock-timeout=30s. If that process has died, its lock is gone with it.",
        )?;
        Ok(StateLock { _file: Some(file) })
    }

    /// Who holds the state lock of the state at `path`: `None` if nobody does, `Some(None)` if it is held by somebody who is
    /// not known.
    pub fn state_holder(path: &Path) -> Result<Option<Option<Holder>>, StoreError> {
        let path = path.with_file_name(STATE);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(StoreError::Io {
                    what: "The lock cannot be read:",
                    path,
                    source,
                });
            }
        };
        if matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
            return Ok(Some(holder(&mut file)));
        }
        Ok(None)
    }

    /// Who runs the state at `path`; `None`: nobody does, or somebody who only carries out an order.
    pub fn runner(path: &Path) -> Option<Holder> {
        let mut file = File::open(path.with_file_name(RUNNER)).ok()?;
        // Those who look do not keep each other out, and a runner has patience with them.
        if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
            return None;
        }
        holder(&mut file).filter(|holder| holder.operation == "run")
    }

    /// Whether somebody runs this state.
    pub fn has_runner(&self) -> bool {
        Self::runner(&self.path).is_some()
    }

    /// Takes the runner lease and raises the fence.
    pub fn lock_runner(&mut self, holder: &Holder) -> Result<RunnerLease, StoreError> {
        let place = self.take_place(holder)?;
        self.raise_fence(place)
    }

    /// Takes the place of the runner: nobody else runs, and nothing can be written yet.
    pub fn take_place(&self, holder: &Holder) -> Result<RunnerPlace, StoreError> {
        Self::place(&self.path, holder)
    }

    /// The same, of the state at `path`.
    pub fn place(path: &Path, holder: &Holder) -> Result<RunnerPlace, StoreError> {
        let file = lock(
            &path.with_file_name(RUNNER),
            holder,
            POLL,
            "The runner lease of this state",
            "There is one runner for a state. What is due will be run by that one.",
        )?;
        Ok(RunnerPlace { _file: file })
    }

    /// Makes a place the runner lease: from now on what earlier runners still try to write is refused.
    pub fn raise_fence(&mut self, place: RunnerPlace) -> Result<RunnerLease, StoreError> {
        let fence: i64 = self
            .connection
            .query_row(
                "UPDATE meta SET fence = fence + 1 RETURNING fence",
                [],
                |row| row.get(0),
            )
            .map_err(|error| self.error(error))?;
        Ok(RunnerLease {
            _place: place,
            fence: u64::try_from(fence).unwrap_or(0),
        })
    }
}

fn lock(
    path: &Path,
    holder: &Holder,
    patience: Duration,
    what: &'static str,
    advice: &'static str,
) -> Result<File, StoreError> {
    if let Some(directory) = path.parent() {
        create_directory(directory)?;
    }
    let mut file = create_private(path)?;
    let io = |source| StoreError::Io {
        what: "The lock cannot be used:",
        path: path.to_path_buf(),
        source,
    };
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if waited < patience => {
                std::thread::sleep(POLL);
                waited += POLL;
            }
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked {
                    what,
                    holder: describe(&mut file),
                    advice,
                });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
    }
    let text = serde_json::to_string(holder).unwrap_or_default();
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(text.as_bytes()))
        .map_err(io)?;
    Ok(file)
}

/// ` by maria@laptop (apply, process 4711) since 2026-11-23T10:00:00Z`; empty if the file does not say.
fn describe(file: &mut File) -> String {
    holder(file).map_or_else(String::new, |holder| format!(" by {holder}"))
}

/// Who has written into the file of a lock last.
fn holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
