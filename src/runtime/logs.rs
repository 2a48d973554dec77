//! Where the logs of attempts are kept: `PIPELINE/OBJECT/START/attempt-N.log`.

use std::path::Path;
use std::path::PathBuf;

use super::definitions::SerialDefinition;
use crate::engine::InstanceKey;
use crate::objects::Address;

/// The log of an attempt.
pub fn log_path(
    logs: &Path,
    key: &InstanceKey,
    attempt: u32,
    definition: &SerialDefinition,
) -> PathBuf {
    log_directory(logs, key, definition).join(format!("attempt-{attempt}.log"))
}

/// Where the logs of an instance are kept.
pub(super) fn log_directory(
    logs: &Path,
    key: &InstanceKey,
    definition: &SerialDefinition,
) -> PathBuf {
    let pipeline = definition
        .objects
        .get(&key.object)
        .and_then(|object| object.pipeline.as_ref())
        .map_or("shared", Address::name);
    let start = key.interval.start.strftime("%Y-%m-%dT%H-%M-%SZ");
    logs.join(safe(pipeline))
        .join(safe(key.object.name()))
        .join(start.to_string())
}

/// A name as part of a path.
pub(super) fn safe(name: &str) -> String {
    name.replace(['/', '"', '\\'], "_")
}
