//! What a change means beyond the runs that it starts: what has run already and stays as it ran, and who uses what it changes.
//!
//! Pure, over what the engine works on: an activity depends on a data node, and that on those that write it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;

use super::effects::UnitRuns;
use crate::engine::Definition;
use crate::engine::UnitKind;
use crate::objects::Address;

/// What has finished of an activity whose runs change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct History {
    /// Which.
    pub address: Address,
    /// How many of its runs have finished. They stay as they ran unless `--rerun` names them.
    pub finished: u64,
}

/// An activity that uses what a change is about, and does not change itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Consumer {
    /// Which.
    pub address: Address,
    /// How many of its runs have finished.
    pub finished: u64,
    /// Whether it stands in a pipeline of which nothing changes.
    pub elsewhere: bool,
}

/// What has finished of what changes, and who uses it.
pub fn impact(
    definition: &Definition,
    runs: &BTreeMap<Address, UnitRuns>,
    changed: &BTreeSet<Address>,
) -> (Vec<History>, Vec<Consumer>) {
    (
        history(definition, runs, changed),
        consumers(definition, runs, changed),
    )
}

/// What has finished of what changes.
fn history(
    definition: &Definition,
    runs: &BTreeMap<Address, UnitRuns>,
    changed: &BTreeSet<Address>,
) -> Vec<History> {
    let activities = activities(definition).filter(|address| changed.contains(*address));
    let finished = activities.map(|address| History {
        address: address.clone(),
        finished: finished(runs, address),
    });
    finished.filter(|history| history.finished > 0).collect()
}

/// Who uses what changes or goes, directly or through others, by address.
fn consumers(
    definition: &Definition,
    runs: &BTreeMap<Address, UnitRuns>,
    changed: &BTreeSet<Address>,
) -> Vec<Consumer> {
    let mut users: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for unit in definition.units.values() {
        for edge in &unit.dependencies {
            users.entry(&edge.producer).or_default().push(&unit.address);
        }
    }
    let mut found: BTreeSet<&Address> = BTreeSet::new();
    let mut open: Vec<&Address> = changed.iter().collect();
    while let Some(address) = open.pop() {
        for user in users.get(address).into_iter().flatten() {
            if !changed.contains(*user) && found.insert(user) {
                open.push(user);
            }
        }
    }
    let pipeline = |address: &Address| {
        let unit = definition.units.get(address)?;
        unit.pipeline.clone()
    };
    let pipelines: BTreeSet<Address> = changed.iter().filter_map(Address::pipeline).collect();
    activities(definition)
        .filter(|address| found.contains(address))
        .map(|address| Consumer {
            address: address.clone(),
            finished: finished(runs, address),
            elsewhere: pipeline(address).is_some_and(|pipeline| !pipelines.contains(&pipeline)),
        })
        .collect()
}

fn activities(definition: &Definition) -> impl Iterator<Item = &Address> {
    let units = definition.units.values();
    units
        .filter(|unit| unit.kind == UnitKind::Activity)
        .map(|unit| &unit.address)
}

fn finished(runs: &BTreeMap<Address, UnitRuns>, address: &Address) -> u64 {
    runs.get(address).map_or(0, |runs| runs.finished)
}
