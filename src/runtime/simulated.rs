//! The simulation of the engine with a second runner beside the first one, which reads only the part of the state that
//! matters, as `run` does. Whatever happens, it decides the same, and is woken in time.
//!
//! What refers to what is kept as objects, so that parts are found as everywhere; what the units are comes from the scenario.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Definitions;
use super::loading::dues_after;
use super::recovery::TakenUp;
use super::recovery::take_up;
use crate::engine::Attempt;
use crate::engine::Change;
use crate::engine::Definition;
use crate::engine::Event;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Limits;
use crate::engine::News;
use crate::engine::Operation;
use crate::engine::Past;
use crate::engine::Paused;
use crate::engine::Ranges;
use crate::engine::simulation::Disk;
use crate::engine::simulation::Opinion;
use crate::engine::simulation::Planted;
use crate::engine::simulation::Tables;
use crate::engine::simulation::explore;
use crate::engine::simulation::knob;
use crate::engine::simulation::story_of_seed;
use crate::objects::Address;
use crate::store::simulated::Database;

/// How many seeds are tried where nothing else is said.
const SEEDS: u64 = 5;

/// Of so many seeds in memory one is tried so, too.
const ONE_IN: u64 = 400;

/// A database, and a runner that reads only what matters.
struct InParts {
    database: Database,
    /// What each apply has defined.
    units: BTreeMap<u64, Definition>,
    runner: Option<TakenUp>,
}

impl Disk for InParts {
    fn new(planted: Option<Planted>, definition: &Definition, at: Timestamp) -> Self {
        Self {
            database: Database::new(planted, definition, at),
            units: [(definition.serial, definition.clone())].into(),
            runner: None,
        }
    }

    fn take_over(&mut self, alive: bool) -> u64 {
        self.runner = None;
        self.database.take_over(alive)
    }

    fn begins_with(&self) -> u64 {
        self.database.begins_with()
    }

    fn begin(&mut self, limits: Limits, now: Timestamp) {
        let mut definitions = Definitions::default();
        definitions.units = Some(self.units.clone());
        let (store, lease) = self.database.runner();
        self.runner = Some(take_up(store, lease, definitions, (limits, now)).unwrap());
    }

    fn second_opinion(&mut self, events: &[Event], now: Timestamp) -> Option<Opinion> {
        let TakenUp {
            engine,
            log,
            definitions,
            ..
        } = self.runner.as_mut()?;
        let store = self.database.store();
        let taken = log.take(store, (engine, definitions), now).unwrap();
        let mut step = taken.step;
        for event in events {
            step.add(engine.step(event.clone(), now));
        }
        self.database.dues = dues_after(engine, &step.changes);
        let next_wake = [engine.next_wake(), log.next_due()];
        Some(Opinion {
            step,
            next_wake: next_wake.into_iter().flatten().min(),
        })
    }

    fn commit(&mut self, fence: u64, changes: &[Change]) -> bool {
        self.database.commit(fence, changes)
    }

    fn begin_commit(&mut self, changes: &[Change]) {
        self.database.begin_commit(changes);
    }

    fn commit_superseded(&mut self, fence: u64, changes: &[Change]) -> bool {
        self.database.commit_superseded(fence, changes)
    }

    fn apply(&mut self, definition: &Definition, instances: &[Instance], at: Timestamp) {
        self.units.insert(definition.serial, definition.clone());
        if let Some(runner) = &mut self.runner {
            runner.definitions.units = Some(self.units.clone());
        }
        self.database.apply(definition, instances, at);
    }

    fn trigger(&mut self, instances: &[Instance]) {
        self.database.trigger(instances);
    }

    fn order(
        &mut self,
        operation: Operation,
        targets: &[InstanceKey],
        stretches: &BTreeMap<Address, Ranges>,
    ) -> u64 {
        self.database.order(operation, targets, stretches)
    }

    fn hold(&mut self, object: &Address, held: bool) {
        self.database.hold(object, held);
    }

    fn held(&self) -> BTreeMap<Address, Paused> {
        self.database.held()
    }

    fn news(&mut self) -> Vec<News> {
        self.database.news()
    }

    fn clean(&mut self, now: Timestamp) -> Vec<InstanceKey> {
        self.database.clean(now)
    }

    fn past(&self) -> Past {
        self.database.past()
    }

    fn running(&self) -> Vec<Attempt> {
        self.database.running()
    }

    fn instance(&self, key: &InstanceKey) -> Option<Instance> {
        self.database.instance(key)
    }

    fn tables(&self) -> Tables {
        self.database.tables()
    }
}

#[test]
fn what_happens_does_not_depend_on_how_much_is_read() {
    let seeds = knob("PIPEFORM_SEEDS").map_or(SEEDS, |seeds| seeds.div_ceil(ONE_IN));
    let (tally, failing) = explore::<InParts>(seeds);
    println!(
        "{seeds} seeds in parts, {} with a finding: {tally:?}",
        failing.len()
    );
    if let Some(first) = failing.first() {
        let story = story_of_seed::<InParts>(*first, None);
        panic!("{} seeds fail: {failing:?}\n\n{story}", failing.len());
    }
    assert!(tally.finished > 0 && tally.crashes > 0, "{tally:?}");
}
