//! A state as one text, and back: for `state pull` and `state push`.
//!
//! What has finished is in it as ranges and numbers, as the state keeps it, and not run by run: attempts, logs, and the
//! definitions of earlier serials stay behind. What has not finished waits again in the state that it comes to.

mod restore;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use super::Store;
use super::StoreError;
use super::StoredObject;
use super::definitions::unsigned;
use super::eras::StoredEra;
use super::moment;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Origin;
use crate::engine::Paused;
use crate::engine::Ranges;
use crate::engine::Status;
use crate::engine::Wish;
use crate::objects::Address;
use crate::time::Interval;

/// The form of the text. Another number before the point is another form.
pub const SNAPSHOT_FORMAT: &str = "1.0";

/// A state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The form, [`SNAPSHOT_FORMAT`].
    pub format_version: String,
    /// The version of pipeform that wrote it.
    pub pipeform_version: String,
    /// The serial.
    pub serial: u64,
    /// The lineage.
    pub lineage: String,
    /// The applies, oldest first.
    pub applies: Vec<Applied>,
    /// The objects, by address.
    pub objects: Vec<SnapshotObject>,
    /// The outputs.
    pub outputs: BTreeMap<String, Json>,
    /// When each pipeline was first activated.
    pub activations: BTreeMap<Address, Timestamp>,
    /// Where the intervals of changed schedules begin.
    pub cuts: BTreeMap<Address, Timestamp>,
    /// The schedules that objects have had.
    pub eras: BTreeMap<Address, Vec<StoredEra>>,
    /// What operators hold.
    pub pauses: BTreeMap<Address, Pause>,
    /// The end of the newest interval of each object that has an instance.
    pub cursors: BTreeMap<Address, Timestamp>,
    /// The finished and skipped intervals of each object, merged.
    pub settled: BTreeMap<Address, Vec<Interval>>,
    /// The stretches that `catch_up` has passed over.
    pub dropped: BTreeMap<Address, Vec<Interval>>,
    /// The stretches that are to be made because somebody has asked for them, as far as they are not made yet.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub to_come: BTreeMap<Address, Vec<Interval>>,
    /// How many instances of each object have finished, or were skipped.
    pub finished: BTreeMap<Address, BTreeMap<Status, u64>>,
    /// The instances that have not finished.
    pub unfinished: Vec<Unfinished>,
}

/// An object of a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotObject {
    /// Its address.
    pub address: Address,
    /// Its kind.
    pub kind: String,
    /// Its type; empty for kinds without types.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The pipeline it belongs to.
    pub pipeline: Option<Address>,
    /// The serial that it is there since.
    pub since: u64,
    /// Its attributes.
    pub attributes: Json,
    /// What is kept of its `lifecycle` block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Json>,
}

/// One apply: a line of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applied {
    /// The serial that it made.
    pub serial: u64,
    /// When (UTC).
    pub at: Timestamp,
    /// By whom, `user@host`.
    pub who: String,
    /// With which version.
    pub version: String,
    /// How many objects it added.
    pub added: u64,
    /// How many it changed.
    pub changed: u64,
    /// How many it removed.
    pub destroyed: u64,
    /// How many it forgot: they went without being destroyed.
    #[serde(default, skip_serializing_if = "is_none")]
    pub forgotten: u64,
    /// What it was: `apply`, `destroy`, `state mv`, …
    pub operation: String,
    /// The digest of the saved plan that it carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_hash: Option<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_none(number: &u64) -> bool {
    *number == 0
}

/// A pause by an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// By whom, `user@host`.
    pub who: String,
    /// Since when (UTC).
    pub since: Timestamp,
}

/// An instance that has not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unfinished {
    /// The object.
    pub object: Address,
    /// Its interval.
    pub interval: Interval,
    /// Its status.
    pub status: Status,
    /// Why there is one.
    pub origin: Origin,
    /// Attempts made or under way.
    pub attempts: u32,
    /// Attempts that failed or timed out.
    pub failures: u32,
    /// Whether it was late.
    pub late: bool,
    /// When it came to its final status, if it has one (UTC).
    pub ended_at: Option<Timestamp>,
    /// Why it has this status.
    pub reason: Option<String>,
}

impl SnapshotObject {
    /// It as the state keeps it.
    pub fn stored(&self) -> StoredObject {
        StoredObject {
            address: self.address.clone(),
            kind: self.kind.clone(),
            type_name: self.type_name.clone(),
            pipeline: self.pipeline.clone(),
            body: self.attributes.clone(),
            lifecycle: self.lifecycle.clone(),
        }
    }
}

impl Unfinished {
    fn of(instance: Instance) -> Self {
        Self {
            object: instance.key.object,
            interval: instance.key.interval,
            status: instance.status,
            origin: instance.origin,
            attempts: instance.attempts,
            failures: instance.failures,
            late: instance.late,
            ended_at: instance.ended_at,
            reason: instance.reason,
        }
    }

    /// It as it goes on elsewhere: nobody is at work on it there, so that it waits again unless it has ended.
    fn instance(&self) -> Instance {
        let ended = matches!(
            self.status,
            Status::Failed | Status::CascadeFailed | Status::Canceled | Status::TimedOut
        );
        let new = Instance::new(InstanceKey {
            object: self.object.clone(),
            interval: self.interval,
        });
        Instance {
            status: if ended { self.status } else { new.status },
            origin: self.origin,
            attempts: self.attempts,
            failures: self.failures,
            late: self.late,
            ended_at: self.ended_at.filter(|_| ended),
            reason: self.reason.clone().filter(|_| ended),
            ..new
        }
    }
}

impl Store {
    /// The state as of one moment.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.at_one_moment(|store| {
            let head = store.head()?;
            let since = store.there_since_serial()?;
            let objects = store.objects_at(head.serial)?.into_iter();
            let objects = objects.map(|object| SnapshotObject {
                since: since.get(&object.address).copied().unwrap_or(head.serial),
                address: object.address,
                kind: object.kind,
                type_name: object.type_name,
                pipeline: object.pipeline,
                attributes: object.body,
                lifecycle: object.lifecycle,
            });
            let pauses = store.pauses()?.into_iter().map(|(address, paused)| {
                let Paused { who, since } = paused;
                (address, Pause { who, since })
            });
            let mut finished = store.counts()?;
            for counts in finished.values_mut() {
                counts.retain(|status, _| matches!(status, Status::Finished | Status::Skipped));
            }
            finished.retain(|_, counts| !counts.is_empty());
            let unfinished = store.unfinished_instances()?.into_iter();
            let wishes = store.wishes()?;
            let to_come = wishes.objects().filter_map(|object| {
                let ranges = wishes.of(object, Wish::Make)?;
                Some((object.clone(), ranges.iter().collect()))
            });
            Ok(Snapshot {
                format_version: SNAPSHOT_FORMAT.to_owned(),
                pipeform_version: env!("CARGO_PKG_VERSION").to_owned(),
                serial: head.serial,
                lineage: head.lineage,
                applies: store.applies()?,
                objects: objects.collect(),
                outputs: store.outputs()?,
                activations: store.activations()?,
                cuts: store.cuts()?,
                eras: store.eras()?,
                pauses: pauses.collect(),
                cursors: store.made_until()?,
                settled: listed(store.settled()?),
                dropped: listed(store.dropped()?),
                to_come: to_come.collect(),
                finished,
                unfinished: unfinished.map(Unfinished::of).collect(),
            })
        })
    }

    /// The applies, oldest first.
    pub fn applies(&self) -> Result<Vec<Applied>, StoreError> {
        self.rows(
            "SELECT serial, at, who, version, added, changed, destroyed, operation, plan_hash, forgotten
             FROM applies ORDER BY serial",
            [],
            |row| {
                Ok(Applied {
                    serial: unsigned(row.get(0)?),
                    at: moment(row.get(1)?),
                    who: row.get(2)?,
                    version: row.get(3)?,
                    added: unsigned(row.get(4)?),
                    changed: unsigned(row.get(5)?),
                    destroyed: unsigned(row.get(6)?),
                    operation: row.get(7)?,
                    plan_hash: row.get(8)?,
                    forgotten: unsigned(row.get(9)?),
                })
            },
        )
    }

    /// Whether nothing was ever applied, triggered or asked for here.
    pub fn is_new(&self) -> Result<bool, StoreError> {
        self.connection
            .query_row(
                "SELECT serial = 0 AND NOT EXISTS (SELECT 1 FROM instances) FROM meta",
                [],
                |row| row.get(0),
            )
            .map_err(|error| self.error(error))
    }
}

fn listed(ranges: BTreeMap<Address, Ranges>) -> BTreeMap<Address, Vec<Interval>> {
    ranges
        .into_iter()
        .map(|(address, ranges)| (address, ranges.iter().collect()))
        .collect()
}
