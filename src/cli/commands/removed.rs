//! What has finished, and whose record was removed (`retain`): the state knows it only by its interval.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::cli::errors::Failure;
use crate::engine::Engine;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Status;
use crate::objects::Address;
use crate::store::Store;
use crate::time::Interval;

/// The instances of an object that start in a stretch of time, have finished, and are not among those that are kept.
pub(super) fn removed(
    store: &Store,
    engine: &Engine,
    (object, starts): (&Address, Interval),
    kept: &[Instance],
    now: Timestamp,
) -> Result<Vec<Instance>, Failure> {
    if store.removed_of(object)? == 0 {
        return Ok(Vec::new());
    }
    let kept: BTreeSet<Interval> = kept.iter().map(|kept| kept.key.interval).collect();
    let finished = engine.finished_in(object, starts, now);
    let removed = finished.filter(|interval| !kept.contains(interval));
    let instance = |interval| Instance {
        status: Status::Finished,
        ..Instance::new(InstanceKey {
            object: object.clone(),
            interval,
        })
    };
    Ok(removed.map(instance).collect())
}
