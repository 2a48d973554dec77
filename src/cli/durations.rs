//! How long runs have taken: for a rehearsal, and to say how long what a plan starts will take.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::errors::Failure;
use crate::engine::Status;
use crate::objects::Address;
use crate::store::Filter;
use crate::store::Store;

/// How many finished attempts of an activity say how long it takes.
const REMEMBERED: usize = 20;

/// How long the attempts of each object took: the median of the last that finished.
pub(super) fn durations<'a>(
    store: &Store,
    objects: impl Iterator<Item = &'a Address>,
) -> Result<BTreeMap<Address, SignedDuration>, Failure> {
    let mut durations = BTreeMap::new();
    for object in objects {
        let finished = store.instances(&Filter {
            objects: Some([object.clone()].into()),
            statuses: vec![Status::Finished],
            limit: Some(REMEMBERED),
            ..Filter::default()
        })?;
        let mut took = Vec::new();
        for instance in finished {
            let attempts = store.attempts(&instance.key)?;
            let last = attempts.last();
            took.extend(last.and_then(|last| Some(last.ended_at?.duration_since(last.started_at))));
        }
        took.sort();
        if let Some(median) = took.get(took.len() / 2) {
            durations.insert(object.clone(), *median);
        }
    }
    Ok(durations)
}
