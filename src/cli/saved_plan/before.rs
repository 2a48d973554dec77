//! What the state said, as a saved plan keeps it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use crate::cli::errors::Failure;
use crate::cli::planning::Before;
use crate::cli::planning::stored_object;
use crate::diag::FileId;
use crate::engine::Paused;
use crate::lang::stored as stored_value;
use crate::objects::Address;
use crate::objects::Objects;
use crate::plan::clusters::Living;
use crate::plan::saved::Record;
use crate::runtime::read_objects;
use crate::store::Counts;
use crate::store::Head;
use crate::store::StoredEra;
use crate::store::StoredObject;
use crate::time::Interval;

/// [`Before`] as JSON.
#[derive(Serialize, Deserialize)]
struct Kept {
    head: Head,
    objects: BTreeMap<Address, Record>,
    outputs: BTreeMap<String, Json>,
    pauses: BTreeMap<Address, Paused>,
    since: BTreeMap<Address, Timestamp>,
    activations: BTreeMap<Address, Timestamp>,
    cuts: BTreeMap<Address, Timestamp>,
    eras: BTreeMap<Address, Vec<StoredEra>>,
    made_until: BTreeMap<Address, Timestamp>,
    counts: Counts,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    begun: BTreeMap<Address, u64>,
    beyond: BTreeMap<Address, Vec<Interval>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    taken: BTreeMap<Address, Vec<Interval>>,
    #[serde(default)]
    to_come: BTreeMap<Address, Vec<Interval>>,
    durations: BTreeMap<Address, f64>,
    given_up: BTreeMap<Address, u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    alive: Vec<Living>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    orphaned: bool,
}

/// Objects as they are kept.
pub(super) fn records(objects: &Objects) -> BTreeMap<Address, Record> {
    let records = objects.values();
    records
        .map(|object| record(stored_object(object)))
        .collect()
}

/// An object as it is kept, with its address.
pub(super) fn record(stored: StoredObject) -> (Address, Record) {
    let record = Record {
        kind: stored.kind,
        type_name: stored.type_name,
        pipeline: stored.pipeline,
        body: stored.body,
        lifecycle: stored.lifecycle,
    };
    (stored.address, record)
}

/// Objects from how they are kept.
pub(super) fn objects(records: BTreeMap<Address, Record>) -> Result<Objects, Failure> {
    let stored = records.into_iter().map(|(address, record)| StoredObject {
        address,
        kind: record.kind,
        type_name: record.type_name,
        pipeline: record.pipeline,
        body: record.body,
        lifecycle: record.lifecycle,
    });
    Ok(read_objects(stored)?)
}

/// What the state said as JSON.
pub(super) fn to_json(before: Before) -> Result<Json, Failure> {
    let outputs = before.outputs.iter();
    let kept = Kept {
        head: before.head,
        objects: records(&before.objects),
        outputs: outputs
            .map(|(name, value)| (name.to_string(), stored_value::to_json(value)))
            .collect(),
        pauses: before.pauses,
        since: before.since,
        activations: before.activations,
        cuts: before.cuts,
        eras: before.eras,
        made_until: before.made_until,
        counts: before.counts,
        begun: before.begun,
        beyond: before.beyond,
        taken: before.taken,
        to_come: before.to_come,
        durations: before.durations,
        given_up: before.given_up,
        alive: before.alive,
        orphaned: before.orphaned,
    };
    serde_json::to_value(kept)
        .map_err(|error| Failure::message(format!("The plan cannot be saved: {error}")))
}

/// What the state said, from JSON.
pub(super) fn from_json(json: &Json) -> Result<Before, Failure> {
    let kept = Kept::deserialize(json).map_err(|error| Failure::message(error.to_string()))?;
    let outputs = kept.outputs.into_iter().map(|(name, value)| {
        let value = stored_value::from_json(&value, FileId::default())
            .map_err(|error| Failure::message(format!("output `{name}`: {error}")))?;
        Ok((Arc::from(name), value))
    });
    Ok(Before {
        outputs: outputs.collect::<Result<_, Failure>>()?,
        head: kept.head,
        objects: objects(kept.objects)?,
        pauses: kept.pauses,
        since: kept.since,
        activations: kept.activations,
        cuts: kept.cuts,
        eras: kept.eras,
        made_until: kept.made_until,
        counts: kept.counts,
        begun: kept.begun,
        beyond: kept.beyond,
        taken: kept.taken,
        to_come: kept.to_come,
        durations: kept.durations,
        given_up: kept.given_up,
        alive: kept.alive,
        orphaned: kept.orphaned,
    })
}
