//! Running: drives the engine with real time, real work and the real store.
//!
//! The driver feeds events to the engine, commits what it answers and only then does it: an attempt is in the store before
//! it starts, and its end is in the store before anything that waits for it starts. What happens is told to an
//! [`Observer`]; nothing here prints.

mod alive;
mod definitions;
mod deliveries;
mod driver;
mod effects;
mod ending;
mod loading;
mod log;
mod logs;
mod notice;
mod options;
mod outcomes;
mod owed;
mod preflight;
mod preparing;
mod processes;
mod recovery;
mod reports;
mod resources;
mod retention;
mod signals;
#[cfg(test)]
mod simulated;
mod telling;
#[cfg(test)]
pub(crate) mod testing;

use thiserror::Error;

pub use crate::exec::preflight::Found;
pub use crate::exec::secrets::Variables;
pub use alive::Alive;
pub use alive::Living;
pub use alive::Why;
pub use alive::alive;
pub use alive::reap;
pub use definitions::Definitions;
pub use definitions::Holds;
pub use definitions::SerialDefinition;
pub use definitions::moments;
pub use definitions::read_moments;
pub use definitions::read_objects;
pub use definitions::read_objects_at;
pub use definitions::since_matters;
pub use driver::Runner;
pub use logs::log_path;
pub use logs::move_logs;
pub use logs::remove_logs;
pub use notice::Notice;
pub use notice::Observer;
pub use options::Options;
pub use options::Summary;
pub use options::Until;
pub use outcomes::Computed;
pub use outcomes::computed;
pub use preflight::Looked;
pub use preflight::preflight;
pub use recovery::part_at;
pub use recovery::past;

use crate::objects::stored::StoredError;
use crate::store::StoreError;

/// Why running stopped.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state holds what this version does not understand.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// A directory for logs could not be made, or the like.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
}
