//! Where the logs of attempts are kept: `PIPELINE/OBJECT/START/attempt-N.log`.

use std::path::Path;
use std::path::PathBuf;

use crate::engine::InstanceKey;

/// The log of an attempt.
pub fn log_path(logs: &Path, key: &InstanceKey, attempt: u32) -> PathBuf {
    log_directory(logs, key).join(format!("attempt-{attempt}.log"))
}

/// Where the logs of an instance are kept. It follows from the address, so that it is found when the object is gone.
pub(super) fn log_directory(logs: &Path, key: &InstanceKey) -> PathBuf {
    let pipeline = key.object.outer();
    let pipeline = pipeline.as_ref().map_or("shared", |outer| outer.name());
    let start = key.interval.start.strftime("%Y-%m-%dT%H-%M-%SZ");
    logs.join(safe(pipeline))
        .join(safe(key.object.name()))
        .join(start.to_string())
}

/// A name as part of a path.
pub(super) fn safe(name: &str) -> String {
    name.replace(['/', '"', '\\'], "_")
}
