//! What the state says, as far as a plan reads it: read at once, so that a plan is made of this, its target and the moment alone,
//! and a saved plan can be made again without the state.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::Applied;
use crate::cli::errors::Failure;
use crate::diag::FileId;
use crate::engine::Definition;
use crate::engine::Paused;
use crate::engine::Ranges;
use crate::engine::Status;
use crate::engine::Wish;
use crate::lang::Value;
use crate::lang::stored as stored_value;
use crate::objects::Address;
use crate::objects::Moments;
use crate::objects::Objects;
use crate::plan::Relocation;
use crate::plan::beside;
use crate::plan::clusters::Living;
use crate::plan::effects::UnitRuns;
use crate::runtime::SerialDefinition;
use crate::runtime::read_moments;
use crate::runtime::read_objects_at;
use crate::runtime::since_matters;
use crate::store::Counts;
use crate::store::Head;
use crate::store::Store;
use crate::store::StoredEra;
use crate::time::Interval;

/// What the state says. Addresses are those it has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Before {
    /// Where it stands.
    pub(crate) head: Head,
    /// The objects.
    pub(crate) objects: Objects,
    /// The outputs.
    pub(crate) outputs: BTreeMap<Arc<str>, Value>,
    /// What operators hold.
    pub(crate) pauses: BTreeMap<Address, Paused>,
    /// Since when each object is there; empty if that does not matter to any, see [`Before::read_for`].
    pub(crate) since: BTreeMap<Address, Timestamp>,
    /// When each pipeline was first activated.
    pub(crate) activations: BTreeMap<Address, Timestamp>,
    /// Where the intervals of changed schedules begin.
    pub(crate) cuts: BTreeMap<Address, Timestamp>,
    /// The schedules that objects had before, oldest first.
    pub(crate) eras: BTreeMap<Address, Vec<StoredEra>>,
    /// Until where the instances of each object have been made.
    pub(crate) made_until: BTreeMap<Address, Timestamp>,
    /// How many instances there are of each object, by status.
    pub(crate) counts: Counts,
    /// How many instances of each object wait that have begun.
    pub(crate) begun: BTreeMap<Address, u64>,
    /// The intervals that have an instance ahead of those before, because operators have asked for one.
    pub(crate) beyond: BTreeMap<Address, Vec<Interval>>,
    /// What has finished of objects that get the addresses of others that are gone, and of these others, as stretches of time; see [`Before::read_for`].
    pub(crate) taken: BTreeMap<Address, Vec<Interval>>,
    /// The stretches of time of each object that somebody has asked for and that are not made yet.
    pub(crate) to_come: BTreeMap<Address, Vec<Interval>>,
    /// How long runs of activities took, in seconds; only of those that a plan back-fills.
    pub(crate) durations: BTreeMap<Address, f64>,
    /// How many instances of objects that are no longer there were given up with their definition; only of those that a plan asks
    /// for, see [`Before::read_for`].
    pub(crate) given_up: BTreeMap<Address, u64>,
    /// The clusters that are, or may be, alive.
    pub(crate) alive: Vec<Living>,
    /// Whether attempts are under way whose runner has ended.
    pub(crate) orphaned: bool,
}

impl Before {
    /// Reads it.
    pub(crate) fn read(store: &Store) -> Result<Self, Failure> {
        let head = store.head()?;
        let objects = read_objects_at(store, head.serial)?;
        // In this order: a runner that ends in between leaves nothing under way.
        let has_runner = store.has_runner();
        let counts = store.counts()?;
        let running = |counts: &BTreeMap<Status, u64>| counts.get(&Status::Running).copied();
        let orphaned = !has_runner && counts.values().filter_map(running).any(|count| count > 0);
        Ok(Self {
            head,
            objects,
            outputs: read_outputs(store)?,
            pauses: store.pauses()?,
            since: BTreeMap::new(),
            activations: store.activations()?,
            cuts: store.cuts()?,
            eras: store.eras()?,
            made_until: store.made_until()?,
            counts,
            begun: store.begun()?,
            beyond: store.made_beyond()?,
            taken: BTreeMap::new(),
            to_come: to_come(store)?,
            durations: BTreeMap::new(),
            given_up: BTreeMap::new(),
            alive: alive(store)?,
            orphaned,
        })
    }

    /// Reads what depends on what there would be by a plan: since when objects are there, if that matters to any of either
    /// side, how many instances would come back with objects that are not in the state, and what has finished at addresses that
    /// others get.
    pub(crate) fn read_for(
        &mut self,
        store: &Store,
        relocation: &Relocation,
        new: &Objects,
    ) -> Result<(), Failure> {
        if since_matters(&self.objects) || since_matters(new) {
            self.since = store.there_since()?;
            self.since
                .retain(|address, _| self.objects.contains_key(address));
        }
        self.read_taken(store, relocation)?;
        let there = |address: &Address| self.objects.contains_key(address);
        if new.keys().eq(self.objects.keys()) || new.keys().all(there) {
            return Ok(());
        }
        for instance in store.unfinished_instances()? {
            let address = &instance.key.object;
            let comes = new.contains_key(&relocation.address(address)) && !there(address);
            if comes && instance.went_with_its_definition() {
                *self.given_up.entry(address.clone()).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Whether all that it says besides the objects and outputs is the same.
    pub(crate) fn agrees_on_runs(&self, other: &Self) -> bool {
        self.head == other.head
            && self.pauses == other.pauses
            && self.since == other.since
            && self.activations == other.activations
            && self.cuts == other.cuts
            && self.eras == other.eras
            && self.made_until == other.made_until
            && self.counts == other.counts
            && self.begun == other.begun
            && self.beyond == other.beyond
            && self.taken == other.taken
            && self.to_come == other.to_come
            && self.given_up == other.given_up
            && self.alive == other.alive
            && self.orphaned == other.orphaned
    }

    /// Reads what has finished of objects that are gone and whose addresses others get, and of these: it does not run again.
    fn read_taken(&mut self, store: &Store, relocation: &Relocation) -> Result<(), Failure> {
        let taken = relocation.taken();
        if taken.is_empty() {
            return Ok(());
        }
        let settled = store.settled()?;
        let unfinished = store.unfinished_instances()?;
        for (old, new) in relocation.pairs().filter(|(_, new)| taken.contains(*new)) {
            let Some(former) = settled.get(new) else {
                continue;
            };
            let own = settled.get(old).into_iter().flat_map(Ranges::iter);
            let mut finished: Ranges = former.iter().chain(own).collect();
            let open = unfinished.iter().map(|instance| &instance.key);
            for key in open.filter(|key| key.object == *old) {
                finished.remove(key.interval);
            }
            self.taken.insert(old.clone(), finished.iter().collect());
        }
        Ok(())
    }

    /// The intervals that have an instance ahead of those before, at the addresses that follow. From now on, those of two definitions
    /// are among them that lie in what has finished at addresses that others get: none is made.
    pub(super) fn beyond(
        &mut self,
        relocation: &Relocation,
        definitions: [&Definition; 2],
    ) -> BTreeMap<Address, Vec<Interval>> {
        for (old, finished) in std::mem::take(&mut self.taken) {
            let new = relocation.address(&old);
            let cursor = self.made_until.get(&old).copied();
            let cursor = cursor.unwrap_or(Timestamp::MIN);
            let units = definitions.map(|definition| definition.units.get(&new));
            let schedules = units.into_iter().flatten();
            let beyond = self.beyond.entry(old).or_default();
            for schedule in schedules.filter_map(|unit| unit.schedule.as_ref()) {
                for range in finished.iter().filter(|range| range.end > cursor) {
                    let rest = Interval {
                        start: range.start.max(cursor),
                        end: range.end,
                    };
                    let whole = |one: &Interval| one.start >= rest.start && one.end <= rest.end;
                    beyond.extend(schedule.overlapping(rest).filter(whole));
                }
            }
            beyond.sort_unstable();
            beyond.dedup();
        }
        relocation.keys(self.beyond.clone())
    }

    /// What the state knows of schedules besides their objects.
    pub(super) fn moments(&self) -> Result<Moments, Failure> {
        Ok(read_moments(
            self.activations.clone(),
            self.cuts.clone(),
            &self.eras,
        )?)
    }

    /// The definitions, under the addresses that the objects have after the moves, and what the engine works on. `moments` has these
    /// addresses, too. `applied`: what was made of the objects, if none moves.
    pub(super) fn definition(
        &mut self,
        relocation: &Relocation,
        applied: Option<Applied>,
        moments: &Moments,
        now: Timestamp,
    ) -> (SerialDefinition, Definition) {
        let objects = relocation.former(std::mem::take(&mut self.objects));
        let serial = self.head.serial;
        let applied = applied.unwrap_or_else(|| Applied::of(&objects, moments, serial, now));
        let definition = SerialDefinition {
            serial,
            timetable: applied.timetable,
            pauses: relocation.keys(std::mem::take(&mut self.pauses)),
            since: relocation.keys(std::mem::take(&mut self.since)),
            objects,
        };
        let units = definition.complete(applied.units, &definition.pauses);
        (definition, units)
    }

    /// The outputs, with the addresses that follow.
    pub(super) fn outputs(&self, relocation: &Relocation) -> BTreeMap<Arc<str>, Value> {
        let outputs = self.outputs.iter();
        outputs
            .map(|(name, value)| (name.clone(), relocation.value(value.clone())))
            .collect()
    }

    /// The clusters that are, or may be, alive, at the addresses that follow.
    pub(super) fn alive(&mut self, relocation: &Relocation) -> Vec<Living> {
        let alive = std::mem::take(&mut self.alive).into_iter();
        alive.map(|one| one.relocated(relocation)).collect()
    }

    /// What is recorded of the runs of each unit of two definitions, at the addresses that follow.
    pub(super) fn runs(
        self,
        relocation: &Relocation,
        (old, new): (&Definition, &Definition),
    ) -> BTreeMap<Address, UnitRuns> {
        let counts = relocation.keys(self.counts);
        let begun = relocation.keys(self.begun);
        let made_until = relocation.keys(self.made_until);
        let beyond = relocation.keys(self.beyond);
        let to_come = relocation.keys(self.to_come);
        let given_up = relocation.keys(self.given_up);
        let count = |address: &Address, statuses: &[Status]| {
            let counts = counts.get(address);
            let numbers = statuses.iter().filter_map(|status| counts?.get(status));
            numbers.sum()
        };
        let waits: &[Status] = &[Status::WaitingOnDependencies, Status::WaitingForRunner];
        let waiting = |address: &Address| {
            if old.units.contains_key(address) {
                count(address, waits)
            } else {
                given_up.get(address).copied().unwrap_or(0)
            }
        };
        beside(&old.units, &new.units)
            .map(|(address, _, _)| address)
            .filter(|address| {
                counts.contains_key(address)
                    || made_until.contains_key(address)
                    || beyond.contains_key(address)
            })
            .map(|address| {
                let runs = UnitRuns {
                    cursor: made_until.get(address).copied(),
                    beyond: beyond.get(address).cloned().unwrap_or_default(),
                    to_come: to_come.get(address).cloned().unwrap_or_default(),
                    waiting: waiting(address),
                    begun: begun.get(address).copied().unwrap_or(0),
                    running: count(address, &[Status::Running]),
                    orphaned: self.orphaned,
                    finished: count(address, &[Status::Finished]),
                };
                (address.clone(), runs)
            })
            .collect()
    }
}

/// What somebody has asked for and is not made yet.
fn to_come(store: &Store) -> Result<BTreeMap<Address, Vec<Interval>>, Failure> {
    let wishes = store.wishes()?;
    let asked = wishes.objects().filter_map(|object| {
        let ranges = wishes.of(object, Wish::Make)?;
        Some((object.clone(), ranges.iter().collect()))
    });
    Ok(asked.collect())
}

/// The clusters that are, or may be, alive, as the state says it.
fn alive(store: &Store) -> Result<Vec<Living>, Failure> {
    let records = store.open_resources()?;
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let unfinished = store.unfinished_instances()?;
    let living = records.into_iter().map(|record| {
        let interval = record.key.interval;
        let instances = unfinished.iter();
        let instances = instances.filter(|instance| instance.key.interval == interval);
        Living {
            instances: instances
                .map(|instance| (instance.key.object.clone(), instance.status))
                .collect(),
            key: record.key,
            id: record.id,
            name: record.name,
            state: record.state,
            users: record.users,
        }
    });
    Ok(living.collect())
}

/// The outputs of the state.
pub(crate) fn read_outputs(store: &Store) -> Result<BTreeMap<Arc<str>, Value>, Failure> {
    outputs_from(store.outputs()?)
}

/// Outputs from what the state keeps of them.
pub(crate) fn outputs_from(
    kept: BTreeMap<String, Json>,
) -> Result<BTreeMap<Arc<str>, Value>, Failure> {
    kept.into_iter()
        .map(|(name, value)| {
            let value = stored_value::from_json(&value, FileId::default()).map_err(|error| {
                Failure::message(format!("The output `{name}` of the state: {error}"))
            })?;
            Ok((Arc::from(name), value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Unit;
    use crate::engine::UnitKind;
    use crate::plan::testing::at;
    use crate::plan::testing::schedule;
    use crate::time::Period;
    use crate::time::Timeline;

    fn days(first: u32, end: u32) -> Interval {
        Interval {
            start: at(&format!("2026-11-{first:02}T00:00:00Z")),
            end: at(&format!("2026-11-{end:02}T00:00:00Z")),
        }
    }

    /// What has an instance or is not made after a move to where these days have finished, of a schedule with such a period.
    fn beyond(period: u32, finished: Interval, made_until: Option<Timestamp>) -> Vec<Interval> {
        let [old, new] = ["pipeline.p.activity.old", "pipeline.p.activity.new"].map(Address::new);
        let every = schedule("2026-11-02T00:00", Period::Days(period));
        let unit = Unit {
            schedule: Some(Timeline::from(every)),
            ..Unit::new(new.clone(), UnitKind::Activity)
        };
        let definition = Definition {
            units: BTreeMap::from([(new.clone(), unit)]),
            ..Definition::default()
        };
        let mut before = Before {
            taken: BTreeMap::from([(old.clone(), vec![finished])]),
            made_until: made_until
                .map(|until| (old.clone(), until))
                .into_iter()
                .collect(),
            ..Before::default()
        };
        let relocation = Relocation::of(BTreeMap::from([(old, new.clone())]));
        let mut beyond = before.beyond(&relocation, [&Definition::default(), &definition]);
        beyond.remove(&new).unwrap_or_default()
    }

    #[test]
    fn what_has_finished_where_an_object_moves_to_is_not_made_by_whatever_schedule() {
        let weeks = [days(2, 9), days(9, 16)];
        assert_eq!(beyond(7, days(1, 20), None), weeks);
        assert_eq!(
            beyond(7, days(1, 20), Some(days(9, 16).start)),
            [days(9, 16)]
        );
        assert!(beyond(7, days(3, 9), None).is_empty());
        assert_eq!(beyond(1, days(2, 4), None), [days(2, 3), days(3, 4)]);
    }
}
