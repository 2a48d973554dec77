//! The state: what has been applied, and the runs.
//!
//! State is one SQLite database in WAL mode. Every change is one transaction: a crash leaves the old state or the new one.
//! Two locks guard it ([`lock`](self::lock)): the state lock, for an apply, and the runner lease, whose fence refuses the
//! late writes of a runner that was superseded. Only this module and `connect::sqlite` use rusqlite.

mod actions;
mod batch;
mod definitions;
mod deliveries;
mod eras;
mod lock;
mod migrations;
mod moves;
mod operations;
mod overview;
mod parts;
mod resources;
mod retention;
mod runs;
mod settled;
#[cfg(test)]
pub(crate) mod simulated;
mod snapshot;
#[cfg(test)]
mod tests;
mod wishes;

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::OpenFlags;
use rusqlite::Params;
use rusqlite::Row;
use rusqlite::Transaction;
use rusqlite::TransactionBehavior;
use rusqlite::config::DbConfig;
use thiserror::Error;

pub use actions::ActionRun;
pub use definitions::Apply;
pub use definitions::Head;
pub use definitions::Rewrite;
pub use definitions::StoredObject;
pub use definitions::WrittenObject;
pub use deliveries::Delivery;
pub use deliveries::Tried;
pub use eras::StoredEra;
pub use lock::Holder;
pub use lock::RunnerLease;
pub use lock::RunnerPlace;
pub use lock::StateLock;
pub use operations::PlacedOrder;
pub use operations::Position;
pub use operations::Record;
pub use overview::Numbers;
pub use overview::Overview;
pub use resources::ResourceChange;
pub use resources::ResourceRecord;
pub use retention::Expired;
pub use runs::Counts;
pub use runs::Decision;
pub use runs::Filter;
pub use runs::ProcessRecord;
pub use snapshot::Applied;
pub use snapshot::SNAPSHOT_FORMAT;
pub use snapshot::Snapshot;

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many statements stay prepared: more than there are.
const STATEMENTS: usize = 128;

/// How much of the state a writer keeps in memory at most, in KiB: the pages that a large commit changes. With fewer, SQLite
/// writes pages before the commit and reads them again.
const CACHE_KIB: i32 = 32 * 1024;

/// After how many pages of the log its content moves into the database: pages that many commits change move once.
const CHECKPOINT_PAGES: i32 = 8192;

/// Why the state could not be read or written. Nothing was changed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It was written by a newer version.
    #[error(
        "The state `{path}` has format {found}, and this version of pipeform knows formats up to {known}.\n\nIt was written by a newer version; use that one, or a newer one. Nothing was changed."
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that this version knows.
        known: i64,
    },
    /// It is something else.
    #[error("`{0}` is not a state of pipeform. Nothing was changed.")]
    Foreign(PathBuf),
    /// The state has moved on since it was read.
    #[error(
        "The state has changed since it was read: it has serial {found}, and {expected} was expected. Somebody else has applied; plan again."
    )]
    Moved {
        /// The serial that was read.
        expected: u64,
        /// The serial that is there.
        found: u64,
    },
    /// Another runner has taken over.
    #[error(
        "Another runner has taken over this state (lease {newer}, ours was {ours}), so that nothing more is recorded by this one."
    )]
    Fenced {
        /// Our fence.
        ours: u64,
        /// The fence of the other one.
        newer: u64,
    },
    /// Somebody holds a lock.
    #[error("{what} is locked{holder}.\n\n{advice}")]
    Locked {
        /// What is locked.
        what: &'static str,
        /// By whom and since when, if that is known.
        holder: String,
        /// What to do.
        advice: &'static str,
    },
    /// There is no place left.
    #[error(
        "There is no space left to write the state `{path}`. Make room and try again; what was committed before is safe."
    )]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// What is kept does not make sense.
    #[error("The state `{path}` is damaged: {problem}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A file of the state cannot be used.
    #[error("{what} `{path}`: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database refused.
    #[error("The state `{path}` cannot be used: {source}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: rusqlite::Error,
    },
}

/// A state, opened.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens a state for reading. Where there is none, an empty one is answered and nothing is created.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        if !exists(path)? {
            return Self::empty(path);
        }
        let connection = open_to_read(path).map_err(|error| database(path, error))?;
        let store = Self {
            connection,
            path: path.to_path_buf(),
        };
        store.configure_reading()?;
        migrations::check(&store.connection, &store.path)?;
        if migrations::is_empty(&store.connection, &store.path)? {
            // The first apply was killed before it wrote anything.
            return Self::empty(path);
        }
        migrations::show(&store.connection, &store.path)?;
        store
            .connection
            .pragma_update(None, "query_only", true)
            .map_err(|error| store.error(error))?;
        Ok(store)
    }

    /// A state that nothing was ever applied to.
    fn empty(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open_in_memory().map_err(|error| database(path, error))?;
        Self::prepared(connection, path)
    }

    /// Opens a state for writing, creating it where there is none.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(directory) = path.parent() {
            create_directory(directory)?;
        }
        create_private(path)?;
        let connection = Connection::open(path).map_err(|error| database(path, error))?;
        Self::prepared(connection, path)
    }

    fn prepared(connection: Connection, path: &Path) -> Result<Self, StoreError> {
        let mut store = Self {
            connection,
            path: path.to_path_buf(),
        };
        store.configure_reading()?;
        migrations::check(&store.connection, &store.path)?;
        store.configure_writing()?;
        migrations::migrate(&mut store.connection, &store.path)?;
        Ok(store)
    }

    /// The file that it is in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn configure_reading(&self) -> Result<(), StoreError> {
        self.connection
            .set_prepared_statement_cache_capacity(STATEMENTS);
        // A statement is planned once, not again for each value that is put into it.
        let planned_once = DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
        self.connection
            .busy_timeout(BUSY_TIMEOUT)
            .and_then(|()| self.connection.pragma_update(None, "foreign_keys", true))
            .and_then(|()| self.connection.set_db_config(planned_once, true).map(drop))
            .map_err(|error| self.error(error))
    }

    /// Commits are on the disk before anything is done because of them.
    fn configure_writing(&self) -> Result<(), StoreError> {
        self.connection
            .pragma_update(None, "journal_mode", "WAL")
            // What a statement would need to be undone, a page or a few, is kept for each: in a file otherwise.
            .and_then(|()| self.connection.pragma_update(None, "temp_store", "MEMORY"))
            .and_then(|()| {
                self.connection
                    .pragma_update(None, "cache_size", -CACHE_KIB)
            })
            .and_then(|()| {
                self.connection
                    .pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)
            })
            .map_err(|error| self.error(error))?;
        self.flush_commits(true)
    }

    /// Whether commits wait until they are on the disk. One that does not is safe from the end of the process, and lost
    /// with the next ones that do not when the machine loses its power.
    fn flush_commits(&self, flush: bool) -> Result<(), StoreError> {
        self.connection
            .pragma_update(None, "synchronous", if flush { "FULL" } else { "NORMAL" })
            .map_err(|error| self.error(error))
    }

    /// Reads several things as of one moment, whatever others write meanwhile.
    pub fn at_one_moment<T, E: From<StoreError>>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self
            .connection
            .unchecked_transaction()
            .map_err(|error| self.error(error))?;
        let result = read(self)?;
        transaction.commit().map_err(|error| self.error(error))?;
        Ok(result)
    }

    /// Writes in one transaction, beside which nobody else writes. What is refused in it leaves all as it was.
    fn in_transaction<T>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let failed = |error| database(&self.path, error);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let written = write(&transaction).map_err(failed)??;
        transaction.commit().map_err(failed)?;
        Ok(written)
    }

    /// What a query finds, each row as it is read.
    fn rows<T, C: FromIterator<T>>(
        &self,
        query: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<C, StoreError> {
        self.connection
            .prepare_cached(query)
            .and_then(|mut statement| statement.query_map(values, read)?.collect())
            .map_err(|error| self.error(error))
    }

    fn error(&self, error: rusqlite::Error) -> StoreError {
        database(&self.path, error)
    }

    fn damaged(&self, problem: impl Into<String>) -> StoreError {
        StoreError::Damaged {
            path: self.path.clone(),
            problem: problem.into(),
        }
    }
}

/// Whether there is a state. One that cannot be looked at is an error, not an empty state.
pub fn exists(path: &Path) -> Result<bool, StoreError> {
    path.try_exists().map_err(|source| StoreError::Io {
        what: "The state cannot be read:",
        path: path.to_path_buf(),
        source,
    })
}

/// Opens a database that is only read. In WAL mode even that takes two files beside it: a connection that could write
/// removes them when it is closed. Where nothing can be written there is no writer either, and the file stands still.
fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    let writable = rustix::fs::access(directory, rustix::fs::Access::WRITE_OK).is_ok()
        && rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok();
    if writable {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        return Connection::open_with_flags(path, flags);
    }
    let escaped = percent_encoding::utf8_percent_encode(
        &path.to_string_lossy(),
        percent_encoding::NON_ALPHANUMERIC,
    )
    .to_string();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)
}

/// What the database said, as far as a user can do something about it.
fn database(path: &Path, error: rusqlite::Error) -> StoreError {
    let path = path.to_path_buf();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full { path },
        Some(ErrorCode::NotADatabase) => StoreError::Foreign(path),
        _ => StoreError::Database {
            path,
            source: error,
        },
    }
}

/// Creates a directory that only its owner can enter.
fn create_directory(directory: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt as _;
    if directory.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|source| StoreError::Io {
            what: "The directory of the state cannot be created:",
            path: directory.to_path_buf(),
            source,
        })
}

/// Creates an empty file that only its owner can read, if there is none.
fn create_private(path: &Path) -> Result<std::fs::File, StoreError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| StoreError::Io {
            what: "The file cannot be opened for writing:",
            path: path.to_path_buf(),
            source,
        })
}

/// A moment as the database keeps it.
fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A moment from the database.
fn moment(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}
