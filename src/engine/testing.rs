//! What the tests of the engine share: units in short, a store in memory that refuses illegal changes, and a rig that
//! drives an engine and names instances like `copy 01-05` (or `copy 01-05T06`, off midnight).

use std::collections::BTreeMap;
use std::convert::Infallible;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Change;
use super::CheckResult;
use super::Definition;
use super::Dependency;
use super::Effect;
use super::Engine;
use super::Event;
use super::FailureMode;
use super::Instance;
use super::InstanceKey;
use super::Limits;
use super::News;
use super::Operation;
use super::Order;
use super::Outcome;
use super::Past;
use super::Ranges;
use super::Require;
use super::Status;
use super::Step;
use super::Unit;
use super::UnitKind;
use super::Wait;
use super::Wishes;
use super::Written;
use super::model::Attempt;
use super::transition_of;
use crate::objects::Address;
use crate::time::Interval;
use crate::time::Period;
use crate::time::Schedule;
use crate::time::Timeline;
use crate::time::Window;

/// A moment of 2026 in UTC: `01-05`, `01-05T06`, `01-05T06:30` or `01-05T06:30:15`.
pub(super) fn at(text: &str) -> Timestamp {
    let (date, time) = text.split_once('T').unwrap_or((text, "00"));
    let time = format!("{time}{}", [":00:00", ":00", ""][time.matches(':').count()]);
    format!("2026-{date}T{time}Z").parse().unwrap()
}

/// A schedule in UTC that starts at a moment, without end.
pub(super) fn every(period: &str, start: &str) -> Schedule {
    let start: DateTime = TimeZone::UTC.to_datetime(at(start));
    Schedule::new(start, Period::parse(period).unwrap(), TimeZone::UTC).unwrap()
}

pub(super) fn address(name: &str) -> Address {
    Address::new(name)
}

/// An on-demand activity without anything, whose attempts may be silent for long.
pub(super) fn activity(name: &str) -> Unit {
    Unit {
        report_progress_timeout: jiff::SignedDuration::from_hours(1_000),
        ..Unit::new(address(name), UnitKind::Activity)
    }
}

/// The same as a data node.
pub(super) fn data_node(name: &str) -> Unit {
    Unit {
        kind: UnitKind::DataNode,
        ..activity(name)
    }
}

impl Unit {
    pub(super) fn on(self, schedule: Schedule) -> Self {
        Self {
            schedule: Some(schedule.into()),
            ..self
        }
    }

    pub(super) fn after(mut self, producers: &[&str]) -> Self {
        self.dependencies.extend(
            producers
                .iter()
                .map(|producer| Dependency::aligned(address(producer))),
        );
        self
    }

    /// Waits for the instances of a producer in a window, after it has its schedule.
    pub(super) fn reading(
        mut self,
        producer: &str,
        window: (&str, Option<&str>),
        require: Require,
    ) -> Self {
        let window = Window::new(window.0, window.1).unwrap();
        self.dependencies.push(Dependency {
            past: window.is_past(self.schedule.as_ref().map(Timeline::current)),
            window: Some(window),
            require,
            ..Dependency::aligned(address(producer))
        });
        self
    }

    pub(super) fn guarded(self) -> Self {
        Self {
            preconditions: vec![address("precondition")],
            ..self
        }
    }

    pub(super) fn cascading(self) -> Self {
        Self {
            failure_mode: FailureMode::Cascade,
            ..self
        }
    }
}

pub(super) fn definition(serial: u64, units: impl IntoIterator<Item = Unit>) -> Definition {
    Definition {
        serial,
        units: units
            .into_iter()
            .map(|unit| (unit.address.clone(), unit))
            .collect(),
        ..Definition::default()
    }
}

pub(super) const LIMITS: Limits = Limits {
    parallelism: 100,
    instances_ahead: 1000,
    horizon: None,
    fence: 1,
};

/// What is durable.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    pub(super) instances: BTreeMap<InstanceKey, Instance>,
    pub(super) attempts: BTreeMap<(InstanceKey, u32), Attempt>,
    pub(super) made_until: BTreeMap<Address, Timestamp>,
    pub(super) dropped: BTreeMap<Address, Ranges>,
    pub(super) wishes: Wishes,
}

impl Stored {
    /// Takes changes, and refuses what must not happen.
    pub(super) fn commit(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Instance(instance) => {
                    let from = self.instances.get(&instance.key).map(|known| known.status);
                    // Written twice by one step is no change.
                    let same = self.instances.get(&instance.key) == Some(instance);
                    assert!(
                        same || transition_of(from, instance.status).is_some(),
                        "illegal: {from:?} to {instance:?}"
                    );
                    self.instances
                        .insert(instance.key.clone(), instance.clone());
                }
                Change::Attempt(attempt) => self.put_attempt(attempt),
                Change::Dropped { object, span, .. } => {
                    self.dropped
                        .entry(object.clone())
                        .or_default()
                        .insert(*span);
                }
                Change::Wished { .. } => self.wishes.put(change),
                Change::Operated { .. } => {}
                Change::Cursor { object, made_until } => {
                    let before = self.made_until.insert(object.clone(), *made_until);
                    assert!(before.is_none_or(|before| before < *made_until));
                }
            }
        }
    }

    fn put_attempt(&mut self, attempt: &Attempt) {
        let key = (attempt.instance.clone(), attempt.number);
        let before = self.attempts.get(&key).map(|known| known.status);
        match before {
            None => {
                assert_eq!(attempt.status, Status::Running, "{attempt:?}");
                let under_way = self
                    .attempts_of(&attempt.instance)
                    .any(|other| other.status == Status::Running);
                assert!(!under_way, "two attempts under way: {attempt:?}");
                let latest = self.attempts_of(&attempt.instance).count();
                assert_eq!(usize::try_from(attempt.number).unwrap(), latest + 1);
            }
            Some(before) => {
                assert_eq!(before, Status::Running, "ended twice: {attempt:?}");
                assert!(
                    matches!(
                        attempt.status,
                        Status::Finished | Status::Failed | Status::TimedOut | Status::Canceled
                    ) && attempt.ended_at.is_some()
                );
            }
        }
        self.attempts.insert(key, attempt.clone());
    }

    pub(super) fn attempts_of(&self, key: &InstanceKey) -> impl Iterator<Item = &Attempt> {
        self.attempts
            .range((key.clone(), 0)..=(key.clone(), u32::MAX))
            .map(|(_, attempt)| attempt)
    }

    /// What a new engine is told.
    pub(super) fn past(&self) -> Past {
        let mut past = Past {
            made_until: self.made_until.clone(),
            dropped: self.dropped.clone(),
            wishes: self.wishes.clone(),
            ..Past::default()
        };
        for instance in self.instances.values() {
            if instance.status.is_settled() {
                let ranges: &mut Ranges =
                    past.settled.entry(instance.key.object.clone()).or_default();
                ranges.insert(instance.key.interval);
            } else {
                past.instances.push(instance.clone());
            }
        }
        past
    }

    /// The attempts that a runner that is gone has left.
    pub(super) fn lost(&self) -> Vec<Event> {
        self.attempts
            .values()
            .filter(|attempt| attempt.status == Status::Running)
            .map(|attempt| Event::AttemptEnded {
                key: attempt.instance.clone(),
                number: attempt.number,
                outcome: Outcome::Lost,
            })
            .collect()
    }
}

/// `copy 01-05`, or `copy 01-05T06`.
pub(super) fn short(key: &InstanceKey) -> String {
    format!("{} {}", key.object, moment(key.interval.start))
}

fn moment(at: Timestamp) -> String {
    let civil = TimeZone::UTC.to_datetime(at);
    let text = civil.strftime("%m-%dT%H:%M:%S").to_string();
    let text = text.strip_suffix(":00").unwrap_or(&text);
    let text = text.strip_suffix(":00").unwrap_or(text);
    text.strip_suffix("T00").unwrap_or(text).to_owned()
}

/// What applies have written.
pub(super) struct Applies {
    pub(super) definitions: BTreeMap<u64, Definition>,
    pub(super) instances: Vec<Instance>,
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
pub(super) struct Rig {
    pub(super) engine: Engine,
    pub(super) stored: Stored,
    pub(super) now: Timestamp,
    effects: Vec<Effect>,
}

impl Rig {
    pub(super) fn new(now: &str, units: impl IntoIterator<Item = Unit>) -> Self {
        Self::with(LIMITS, now, units)
    }

    /// Its first tick is done.
    pub(super) fn with(limits: Limits, now: &str, units: impl IntoIterator<Item = Unit>) -> Self {
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
    pub(super) fn with_pool(slots: u32, now: &str, units: impl IntoIterator<Item = Unit>) -> Self {
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

    pub(super) fn event(&mut self, event: Event) -> Step {
        let step = self.engine.step(event, self.now);
        self.stored.commit(&step.changes);
        self.effects.extend(step.effects.clone());
        step
    }

    pub(super) fn tick(&mut self, now: &str) {
        self.now = at(now);
        self.event(Event::Tick);
    }

    /// Ticks at the next moment that the engine names, and answers which that is.
    pub(super) fn wake(&mut self) -> String {
        self.now = self.engine.next_wake().expect("something to wake for");
        self.event(Event::Tick);
        moment(self.now)
    }

    pub(super) fn trigger(&mut self, now: &str, names: &[&str]) {
        self.now = at(now);
        let addresses = names.iter().map(|name| address(name)).collect();
        self.event(Event::Trigger(addresses));
    }

    pub(super) fn change(&mut self, serial: u64, units: impl IntoIterator<Item = Unit>) {
        self.adopt(definition(serial, units));
    }

    /// Somebody has applied a definition, or held units of it.
    pub(super) fn adopt(&mut self, definition: Definition) {
        let serial = definition.serial;
        let instances = self.stored.past().instances;
        let definitions = [(serial, definition)].into();
        self.news(vec![News::Applied(serial)], definitions, instances);
    }

    /// Takes what was written beside the runner, and ticks.
    pub(super) fn news(
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
    pub(super) fn crash(&mut self) {
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
    pub(super) fn effects(&mut self) -> Vec<String> {
        let effects = std::mem::take(&mut self.effects);
        let name = |effect| match effect {
            Effect::Start { key, number, .. } => format!("start {} #{number}", short(&key)),
            Effect::Kill { key, number } => format!("kill {} #{number}", short(&key)),
            Effect::Check { key } => format!("check {}", short(&key)),
            Effect::Late { key, .. } => format!("late {}", short(&key)),
            Effect::Act { action, instance } => {
                format!("{action} for {} {}", short(&instance.key), instance.status)
            }
        };
        effects.into_iter().map(name).collect()
    }

    pub(super) fn key(&self, name: &str) -> InstanceKey {
        let found = self.stored.instances.keys().find(|key| short(key) == name);
        found
            .unwrap_or_else(|| panic!("{name} is not among {:?}", self.statuses()))
            .clone()
    }

    pub(super) fn instance(&self, name: &str) -> &Instance {
        &self.stored.instances[&self.key(name)]
    }

    pub(super) fn status(&self, name: &str) -> Status {
        self.instance(name).status
    }

    /// All instances ever, as `copy 01-05 FINISHED`.
    pub(super) fn statuses(&self) -> Vec<String> {
        self.stored
            .instances
            .values()
            .map(|instance| format!("{} {}", short(&instance.key), instance.status))
            .collect()
    }

    /// The attempts of an instance, as `FINISHED` or `FAILED: why`.
    pub(super) fn attempts(&self, name: &str) -> Vec<String> {
        let said = |attempt: &Attempt| match &attempt.error {
            Some(error) => format!("{}: {error}", attempt.status),
            None => attempt.status.to_string(),
        };
        self.stored.attempts_of(&self.key(name)).map(said).collect()
    }

    /// Reports the end of the attempt that is under way.
    pub(super) fn ended(&mut self, name: &str, outcome: Outcome) -> Step {
        let instance = self.instance(name).clone();
        self.event(Event::AttemptEnded {
            key: instance.key,
            number: instance.attempts,
            outcome,
        })
    }

    /// The attempt that is under way says that it goes on.
    pub(super) fn heartbeat(&mut self, name: &str) {
        let instance = self.instance(name).clone();
        self.event(Event::Heartbeat {
            key: instance.key,
            number: instance.attempts,
        });
    }

    pub(super) fn finish(&mut self, names: &[&str]) {
        for name in names {
            self.ended(name, Outcome::Finished);
        }
    }

    pub(super) fn fail(&mut self, name: &str) {
        self.ended(name, Outcome::Failed("it broke".to_owned()));
    }

    pub(super) fn checked(&mut self, name: &str, result: CheckResult) {
        let key = self.key(name);
        self.event(Event::Checked { key, result });
    }

    pub(super) fn cancel(&mut self, name: &str) {
        self.operate(Operation::Cancel, &[name]);
    }

    /// Does what an operator asks for, to instances that are there.
    pub(super) fn operate(&mut self, operation: Operation, names: &[&str]) -> u64 {
        let targets = names.iter().map(|name| self.instance(name).clone());
        let targets = targets.collect();
        self.order(operation, targets)
    }

    /// The same to intervals that have no instance yet.
    pub(super) fn operate_on_unmade(
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
    pub(super) fn operate_on_wanted(
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

    fn operate_on_intervals(
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
    pub(super) fn operate_on_stretch(
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
    pub(super) fn waits(&self, name: &str) -> Vec<String> {
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
