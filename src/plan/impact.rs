//! What a change means beyond the runs that it starts: what has run already and stays as it ran, who uses what it changes,
//! and what waits of it.
//!
//! Pure, over what the engine works on: an activity depends on a data node, and that on those that write it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;

use super::affected::Affected;
use super::change::Action;
use super::change::Change;
use super::effects::UnitRuns;
use crate::engine::Definition;
use crate::engine::UnitKind;
use crate::objects::Address;

/// What has finished of an activity whose runs write something else from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct History {
    /// Which.
    pub address: Address,
    /// How many of its runs have finished. They stay as they ran unless `--rerun` names them.
    pub finished: u64,
    /// Whether the state does not have it by this address yet, so that no `--rerun` of the same plan can name it.
    #[serde(skip)]
    pub later: bool,
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
    /// Whether it does so only until now: with the plan it no longer waits for what changes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub until_now: bool,
}

/// What waits of an activity whose runs change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Which.
    pub address: Address,
    /// How many of its instances are made and have not begun: they run with the new definition.
    pub count: u64,
    /// How many are between two attempts: they go on with the definition that they have begun with.
    pub between_attempts: u64,
}

/// What waits of what changes and goes on.
pub fn waiting(
    (old, new): (&Definition, &Definition),
    runs: &BTreeMap<Address, UnitRuns>,
    changed: &BTreeSet<Address>,
) -> Vec<Waiting> {
    let goes_on = |address: &&Address| {
        let is_active = new.units.get(*address).is_some_and(|unit| unit.active);
        is_active && old.units.contains_key(*address) && changed.contains(*address)
    };
    let waiting = activities(new).filter(goes_on).filter_map(|address| {
        let runs = runs.get(address)?;
        Some(Waiting {
            address: address.clone(),
            count: runs.waiting.saturating_sub(runs.begun),
            between_attempts: runs.begun,
        })
    });
    waiting
        .filter(|waiting| waiting.count + waiting.between_attempts > 0)
        .collect()
}

/// Notes which of them the state does not have by this address before the changes are applied.
pub fn note_new(histories: &mut [History], changes: &[Change]) {
    let changes = changes.iter();
    let new = changes.filter(|it| it.action == Action::Create || it.moved_from.is_some());
    let new: BTreeSet<&Address> = new.map(|change| &change.address).collect();
    for history in histories {
        history.later = new.contains(&history.address);
    }
}

/// What has finished of what writes something else from now on, and who uses that, before or after.
pub fn impact(
    (old, new): (&Definition, &Definition),
    runs: &BTreeMap<Address, UnitRuns>,
    affected: &Affected,
) -> (Vec<History>, Vec<Consumer>) {
    if affected.data.is_empty() {
        return (Vec::new(), Vec::new());
    }
    (
        history(new, runs, &affected.data),
        consumers((old, new), runs, affected),
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
        later: false,
    });
    finished.filter(|history| history.finished > 0).collect()
}

/// Who uses what changes or goes, directly or through others, and does not change itself, by address.
fn consumers(
    (old, new): (&Definition, &Definition),
    runs: &BTreeMap<Address, UnitRuns>,
    affected: &Affected,
) -> Vec<Consumer> {
    let [before, after] = [old, new].map(|definition| downstream(definition, &affected.data));
    let pipeline = |address: &Address| {
        let unit = new.units.get(address)?;
        unit.pipeline.clone()
    };
    let changed = &affected.behaviour;
    let pipelines: BTreeSet<Address> = changed.iter().filter_map(Address::pipeline).collect();
    activities(new)
        .filter(|address| before.contains(address) || after.contains(address))
        .filter(|address| !changed.contains(*address))
        .map(|address| Consumer {
            address: address.clone(),
            finished: finished(runs, address),
            elsewhere: pipeline(address).is_some_and(|pipeline| !pipelines.contains(&pipeline)),
            until_now: !after.contains(address),
        })
        .collect()
}

/// What uses some units, directly or through others.
fn downstream<'a>(
    definition: &'a Definition,
    producers: &'a BTreeSet<Address>,
) -> BTreeSet<&'a Address> {
    let mut users: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for unit in definition.units.values() {
        for edge in &unit.dependencies {
            users.entry(&edge.producer).or_default().push(&unit.address);
        }
    }
    let mut found: BTreeSet<&Address> = BTreeSet::new();
    let mut open: Vec<&Address> = producers.iter().collect();
    while let Some(address) = open.pop() {
        for user in users.get(address).into_iter().flatten() {
            if found.insert(user) {
                open.push(user);
            }
        }
    }
    found
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Unit;
    use crate::objects::Dependency;

    fn definition(units: &[(&str, bool)]) -> Definition {
        let units = units.iter().map(|(name, active)| {
            let unit = Unit {
                active: *active,
                ..Unit::new(Address::new(*name), UnitKind::Activity)
            };
            (unit.address.clone(), unit)
        });
        Definition {
            units: units.collect(),
            ..Definition::default()
        }
    }

    #[test]
    fn what_waits_runs_with_the_new_definition_if_that_goes_on_unless_it_has_begun() {
        let old = definition(&[("a", true), ("b", true), ("c", true), ("d", true)]);
        let new = definition(&[("a", true), ("b", false), ("c", true), ("e", true)]);
        let names = ["a", "b", "c", "d", "e"];
        let runs = names.map(|name| {
            let runs = UnitRuns {
                waiting: 4,
                begun: 1,
                ..UnitRuns::default()
            };
            (Address::new(name), runs)
        });
        let changed = ["a", "b", "d", "e"].map(Address::new);
        let found = waiting((&old, &new), &runs.into(), &changed.into());
        let expected = Waiting {
            address: Address::new("a"),
            count: 3,
            between_attempts: 1,
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn who_used_what_goes_is_told_as_one_who_uses_what_changes() {
        let reads = |of: &[(&str, &str)]| {
            let mut read = definition(&[("a", true), ("b", true), ("c", true), ("d", true)]);
            for (reader, producer) in of {
                let unit = read.units.get_mut(&Address::new(*reader)).unwrap();
                let edge = Dependency::aligned(Address::new(*producer));
                unit.dependencies.push(edge);
            }
            read
        };
        // What `b` reads is no longer written by `a`, and `d` changes itself.
        let old = reads(&[("b", "a"), ("c", "b"), ("d", "a")]);
        let new = reads(&[("c", "b"), ("d", "a")]);
        let addresses = |names: &[&str]| names.iter().map(|name| Address::new(*name)).collect();
        let affected = Affected {
            behaviour: addresses(&["a", "d"]),
            data: addresses(&["a"]),
            ..Affected::default()
        };
        let told = |old: &Definition, new: &Definition| -> Vec<(String, bool)> {
            let (_, consumers) = impact((old, new), &BTreeMap::new(), &affected);
            let consumers = consumers.into_iter();
            consumers
                .map(|it| (it.address.to_string(), it.until_now))
                .collect()
        };
        let of = |until_now| [("b".to_owned(), until_now), ("c".to_owned(), until_now)];
        assert_eq!(told(&old, &new), of(true));
        assert_eq!(told(&old, &old), of(false));
        assert_eq!(told(&new, &old), of(false));
    }
}
