//! A rig that drives an engine and names instances like `copy 01-05` (or `copy 01-05T06`, off midnight).

use std::collections::BTreeMap;
use std::convert::Infallible;

use jiff::Timestamp;

use super::super::Change;
use super::super::CheckResult;
use super::super::Definition;
use super::super::Effect;
use super::super::Engine;
use super::super::Event;
use super::super::Instance;
use super::super::InstanceKey;
use super::super::Limits;
use super::super::News;
use super::super::Operation;
use super::super::Order;
use super::super::Outcome;
use super::super::Past;
use super::super::Ranges;
use super::super::Status;
use super::super::Step;
use super::super::Unit;
use super::super::Wait;
use super::super::Written;
use super::super::model::Attempt;
use super::LIMITS;
use super::Stored;
use super::address;
use super::at;
use super::definition;
use super::moment;
use super::short;
use crate::objects::Address;
use crate::time::Interval;

/// What applies have written.
pub(in crate::engine) struct Applies {
    pub(in crate::engine) definitions: BTreeMap<u64, Definition>,
    pub(in crate::engine) instances: Vec<Instance>,
}

impl Written for Applies {
    type Error = Infallible;

    fn definition(&mut self, serial: u64) -> Result<Definition, Infallible> {
        Ok(self.definitions[&serial].clone())
    }

    fn unfinished(&mut self) -> Result<Vec<Instance>, Infallible> {
        Ok(self.instances.clone())
    }
}

/// An engine, what it has persisted, and what it has asked for.
pub(in crate::engine) struct Rig {
    pub(in crate::engine) engine: Engine,
    pub(in crate::engine) stored: Stored,
    pub(in crate::engine) now: Timestamp,
    effects: Vec<Effect>,
}

impl Rig {
    pub(in crate::engine) fn new(now: &str, units: impl IntoIterator<Item = Unit>) -> Self {
        Self::with(LIMITS, now, units)
    }

    /// Its first tick is done.
    pub(in crate::engine) fn with(
        limits: Limits,
        now: &str,
        units: impl IntoIterator<Item = Unit>,
    ) -> Self {
        let engine = Engine::new(definition(1, units), Past::default(), limits);
        let mut rig = Self {
            engine,
            stored: Stored::default(),
            now: at(now),
            effects: Vec::new(),
        };
        rig.event(Event::Tick);
        rig
    }

    /// With a pool named `pool` of so many slots.
    pub(in crate::engine) fn with_pool(
        slots: u32,
        now: &str,
        units: impl IntoIterator<Item = Unit>,
    ) -> Self {
        let mut definition = definition(1, units);
        definition.pools.insert(address("pool"), slots);
        let mut rig = Self {
            engine: Engine::new(definition, Past::default(), LIMITS),
            stored: Stored::default(),
            now: at(now),
            effects: Vec::new(),
        };
        rig.event(Event::Tick);
        rig
    }

    pub(in crate::engine) fn event(&mut self, event: Event) -> Step {
        let step = self.engine.step(event, self.now);
        self.stored.commit(&step.changes);
        self.effects.extend(step.effects.clone());
        step
    }

    pub(in crate::engine) fn tick(&mut self, now: &str) {
        self.now = at(now);
        self.event(Event::Tick);
    }

    /// Ticks at the next moment that the engine names, and answers which that is.
    pub(in crate::engine) fn wake(&mut self) -> String {
        self.now = self.engine.next_wake().expect("something to wake for");
        self.event(Event::Tick);
        moment(self.now)
    }

    pub(in crate::engine) fn trigger(&mut self, now: &str, names: &[&str]) {
        self.now = at(now);
        let addresses = names.iter().map(|name| address(name)).collect();
        self.event(Event::Trigger(addresses));
    }

    pub(in crate::engine) fn change(&mut self, serial: u64, units: impl IntoIterator<Item = Unit>) {
        self.adopt(definition(serial, units));
    }

    /// Somebody has applied a definition, or held units of it.
    pub(in crate::engine) fn adopt(&mut self, definition: Definition) {
        let serial = definition.serial;
        let instances = self.stored.past().instances;
        let definitions = [(serial, definition)].into();
        self.news(vec![News::Applied(serial)], definitions, instances);
    }

    /// Takes what was written beside the runner, and ticks.
    pub(in crate::engine) fn news(
        &mut self,
        news: Vec<News>,
        mut definitions: BTreeMap<u64, Definition>,
        instances: Vec<Instance>,
    ) {
        let known = &self.engine.definition;
        let of_known = definitions.entry(known.serial);
        of_known.or_insert_with(|| known.clone());
        let mut written = Applies {
            definitions,
            instances,
        };
        let Ok(step) = self.engine.take_news(news, &mut written, self.now);
        self.stored.commit(&step.changes);
        self.effects.extend(step.effects);
        self.event(Event::Tick);
    }

    /// A new engine after a crash, with its first tick and the reports of what was lost done.
    pub(in crate::engine) fn crash(&mut self) {
        self.engine = Engine::new(
            self.engine.definition.clone(),
            self.stored.past(),
            self.engine.limits,
        );
        self.effects.clear();
        for event in self.stored.lost() {
            self.event(event);
        }
        self.event(Event::Tick);
    }

    /// The effects since the last call, in their order: `start copy 01-05 #1`.
    pub(in crate::engine) fn effects(&mut self) -> Vec<String> {
        let effects = std::mem::take(&mut self.effects);
        let name = |effect| match effect {
            Effect::Start { key, number, .. } => format!("start {} #{number}", short(&key)),
            Effect::Kill {
                key,
                number,
                reason,
                ..
            } => format!("kill {} #{number}: {reason}", short(&key)),
            Effect::Check { key } => format!("check {}", short(&key)),
            Effect::Late { key, .. } => format!("late {}", short(&key)),
            Effect::GiveUp { action, key } => format!("{action} gives up {}", short(&key)),
            Effect::Act { action, instance } => {
                format!("{action} for {} {}", short(&instance.key), instance.status)
            }
        };
        effects.into_iter().map(name).collect()
    }

    pub(in crate::engine) fn key(&self, name: &str) -> InstanceKey {
        let found = self.stored.instances.keys().find(|key| short(key) == name);
        found
            .unwrap_or_else(|| panic!("{name} is not among {:?}", self.statuses()))
            .clone()
    }

    pub(in crate::engine) fn instance(&self, name: &str) -> &Instance {
        &self.stored.instances[&self.key(name)]
    }

    pub(in crate::engine) fn status(&self, name: &str) -> Status {
        self.instance(name).status
    }

    /// All instances ever, as `copy 01-05 FINISHED`.
    pub(in crate::engine) fn statuses(&self) -> Vec<String> {
        self.stored
            .instances
            .values()
            .map(|instance| format!("{} {}", short(&instance.key), instance.status))
            .collect()
    }

    /// The attempts of an instance, as `FINISHED` or `FAILED: why`.
    pub(in crate::engine) fn attempts(&self, name: &str) -> Vec<String> {
        let said = |attempt: &Attempt| match &attempt.error {
            Some(error) => format!("{}: {error}", attempt.status),
            None => attempt.status.to_string(),
        };
        self.stored.attempts_of(&self.key(name)).map(said).collect()
    }

    /// Reports the end of the attempt that is under way.
    pub(in crate::engine) fn ended(&mut self, name: &str, outcome: Outcome) -> Step {
        let instance = self.instance(name).clone();
        self.event(Event::AttemptEnded {
            key: instance.key,
            number: instance.attempts,
            outcome,
        })
    }

    /// The attempt that is under way says that it goes on.
    pub(in crate::engine) fn heartbeat(&mut self, name: &str) {
        let instance = self.instance(name).clone();
        self.event(Event::Heartbeat {
            key: instance.key,
            number: instance.attempts,
        });
    }

    pub(in crate::engine) fn finish(&mut self, names: &[&str]) {
        for name in names {
            self.ended(name, Outcome::Finished);
        }
    }

    pub(in crate::engine) fn fail(&mut self, name: &str) {
        self.ended(name, Outcome::Failed("it broke".to_owned()));
    }

    pub(in crate::engine) fn checked(&mut self, name: &str, result: CheckResult) {
        let key = self.key(name);
        self.event(Event::Checked { key, result });
    }

    pub(in crate::engine) fn cancel(&mut self, name: &str) {
        self.operate(Operation::Cancel, &[name]);
    }

    /// Does what an operator asks for, to instances that are there.
    pub(in crate::engine) fn operate(&mut self, operation: Operation, names: &[&str]) -> u64 {
        let targets = names.iter().map(|name| self.instance(name).clone());
        let targets = targets.collect();
        self.order(operation, targets)
    }

    /// The same to intervals that have no instance yet.
    pub(in crate::engine) fn operate_on_unmade(
        &mut self,
        operation: Operation,
        object: &str,
        dropped: bool,
    ) -> u64 {
        let all = Interval {
            start: Timestamp::MIN,
            end: Timestamp::MAX,
        };
        let unmade = self.engine.unmade(&address(object), all, dropped, self.now);
        self.operate_on_intervals(operation, object, unmade)
    }

    /// The same to the first intervals that are still to be made because somebody has asked for them.
    pub(in crate::engine) fn operate_on_wanted(
        &mut self,
        operation: Operation,
        object: &str,
        number: usize,
    ) -> u64 {
        let all = Interval {
            start: Timestamp::MIN,
            end: Timestamp::MAX,
        };
        let mut wanted = self.engine.wanted_intervals(&address(object), all);
        wanted.truncate(number);
        self.operate_on_intervals(operation, object, wanted)
    }

    /// The same to intervals, whether they have instances or not.
    pub(in crate::engine) fn operate_on_intervals(
        &mut self,
        operation: Operation,
        object: &str,
        intervals: Vec<Interval>,
    ) -> u64 {
        let target = |interval| {
            Instance::new(InstanceKey {
                object: address(object),
                interval,
            })
        };
        self.order(operation, intervals.into_iter().map(target).collect())
    }

    /// Does what an operator asks for, to a stretch of time.
    pub(in crate::engine) fn operate_on_stretch(
        &mut self,
        operation: Operation,
        object: &str,
        stretch: Interval,
    ) -> u64 {
        let stretches = [(address(object), [stretch].into_iter().collect())];
        self.order_with(operation, Vec::new(), stretches.into())
    }

    fn order(&mut self, operation: Operation, targets: Vec<Instance>) -> u64 {
        self.order_with(operation, targets, BTreeMap::new())
    }

    fn order_with(
        &mut self,
        operation: Operation,
        targets: Vec<Instance>,
        stretches: BTreeMap<Address, Ranges>,
    ) -> u64 {
        let step = self.event(Event::Operate(Order {
            id: Some(1),
            operation,
            who: "maria@laptop".to_owned(),
            targets,
            stretches,
        }));
        let operated = step.changes.iter().find_map(|change| match change {
            Change::Operated { instances, .. } => Some(*instances),
            _ => None,
        });
        operated.unwrap()
    }

    /// What an instance waits for, in short.
    pub(in crate::engine) fn waits(&self, name: &str) -> Vec<String> {
        let said = |wait| match wait {
            Wait::Instance { key, status, .. } => format!("{} {status}", short(&key)),
            Wait::NotDue {
                object,
                interval,
                due,
                held,
            } => {
                let held = if held { ", held" } else { "" };
                format!(
                    "{object} {} due {}{held}",
                    moment(interval.start),
                    moment(due)
                )
            }
            Wait::First { object } => format!("the first of {object}"),
            Wait::Preconditions { reason, next_check } => format!(
                "preconditions: {} ({})",
                reason.unwrap_or_default(),
                next_check.map(moment).unwrap_or_default()
            ),
            Wait::Retry { until, .. } => format!("retry {}", moment(until)),
            Wait::OwnPlace { most } => format!("one of {most} places"),
            Wait::Place => "a place".to_owned(),
            Wait::Pool { pool } => format!("slots of {pool}"),
            Wait::Inactive => "inactive".to_owned(),
        };
        let waits = self.engine.waiting_on(&self.key(name));
        waits.into_iter().map(said).collect()
    }
}
