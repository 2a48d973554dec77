//! Endpoints: where data is read from and written to, and the formats it has there.
//!
//! A connector knows files, records and tables; it knows no activity, no schedule and no state. Everything it
//! needs is handed over as plain values, everything it says is a [`ConnectError`] with the place in it.

pub mod aws;
pub mod beside;
mod cancel;
pub mod files;
pub mod formats;
pub mod manifest;
pub mod place;
pub mod s3;
pub mod sqlite;

pub use cancel::Cancel;

use std::io;
use std::path::Path;
use std::path::PathBuf;

/// What went wrong at an endpoint.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The operating system refused a file operation.
    #[error("cannot {action} `{}`: {source}{}", path.display(), hint(source))]
    Io {
        /// What was tried, as a verb: read, write, create.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record is not what the format or the columns say.
    #[error("{place}: {reason}")]
    Record {
        /// File and line, or table and row.
        place: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The database refused a statement.
    #[error("{place}: {reason}")]
    Sql {
        /// Database, or statement and line of a script.
        place: String,
        /// What the database said.
        reason: String,
    },
    /// A setting cannot work.
    #[error("{0}")]
    Setting(String),
    /// S3 refused, or was not reached.
    #[error(transparent)]
    S3(#[from] s3::S3Error),
    /// The work was cancelled while it ran.
    #[error("cancelled")]
    Cancelled,
}

impl ConnectError {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        // What went through a reader or a writer of ours says its place already.
        match source.downcast::<Self>() {
            Ok(inner) => inner,
            Err(source) => Self::Io {
                action,
                path: path.to_owned(),
                source,
            },
        }
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull => "; free space on this file system, then rerun",
        io::ErrorKind::PermissionDenied => {
            "; check the owner and the mode of the file and its directory"
        }
        _ => "",
    }
}
