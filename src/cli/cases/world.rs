//! The world of a case: work and data as its mocks say, formulas evaluated as the runtime would, and at their moments what its
//! `trigger`, `apply` and `operation` blocks do.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::Ending;
use super::facts::Facts;
use super::mocks::Mocks;
use super::operations;
use super::operations::Operation;
use crate::cli::succession::continued;
use crate::cli::succession::instances_after;
use crate::engine::CheckResult;
use crate::engine::Definition;
use crate::engine::Event;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Operation as Does;
use crate::engine::Order;
use crate::engine::Outcome;
use crate::engine::Paused;
use crate::engine::compile;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Moments;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::rehearsal::Applied;
use crate::rehearsal::Formulas;
use crate::rehearsal::Imagined;
use crate::rehearsal::Scene;
use crate::rehearsal::Started;
use crate::rehearsal::Story;
use crate::rehearsal::World;
use crate::runtime::Holds;

/// What somebody does at a moment.
pub(super) enum Deed {
    /// Makes a run of these on-demand activities.
    Trigger(Vec<Address>),
    /// Applies a configuration that has these objects.
    Apply(Objects),
    /// Operates on instances.
    Operate(Operation),
}

/// The world of a case. See the module.
pub(super) struct CaseWorld<'a> {
    mocks: &'a Mocks,
    facts: &'a Facts,
    /// Evaluates; it knows all definitions that were applied.
    pub(super) formulas: Formulas<'a>,
    deeds: Vec<Deed>,
    serial: u64,
    /// What was applied last.
    applied: Arc<Applied>,
    moments: Moments,
    pauses: BTreeMap<Address, Paused>,
    /// Since when objects are there, as far as that is after the beginning.
    since: BTreeMap<Address, Timestamp>,
}

impl<'a> CaseWorld<'a> {
    /// The world at its beginning. With `back_fill` everything is applied at that moment for the first time.
    pub(super) fn new(
        (objects, back_fill): (Objects, bool),
        now: Timestamp,
        (mocks, facts): (&'a Mocks, &'a Facts),
        mut formulas: Formulas<'a>,
        deeds: Vec<Deed>,
    ) -> Self {
        let pipelines = objects.values().filter(|it| it.kind() == Kind::Pipeline);
        let activations = pipelines.map(|pipeline| (pipeline.address.clone(), now));
        let moments = Moments {
            activations: activations.collect(),
            ..Moments::default()
        };
        let since = objects.keys().filter(|_| back_fill);
        let since = since.map(|address| (address.clone(), now)).collect();
        let timetable = Timetable::new(&objects, &moments, now);
        let applied = Arc::new(Applied { objects, timetable });
        formulas.apply(1, Arc::clone(&applied));
        Self {
            mocks,
            facts,
            formulas,
            deeds,
            serial: 1,
            applied,
            moments,
            pauses: BTreeMap::new(),
            since,
        }
    }

    /// What was applied last.
    pub(super) fn applied(&self) -> &Applied {
        &self.applied
    }

    /// What holds objects.
    pub(super) fn holds(&self) -> Holds<'_> {
        Holds {
            objects: &self.applied.objects,
            pauses: &self.pauses,
        }
    }

    /// What is left of it when the case has ended.
    pub(super) fn ending(self, story: Story) -> Ending {
        Ending {
            story,
            applied: self.applied,
            pauses: self.pauses,
        }
    }

    /// What the engine works on.
    pub(super) fn definition(&self) -> Definition {
        let Applied { objects, timetable } = &*self.applied;
        let mut definition = compile(objects, timetable, self.serial);
        for unit in definition.units.values_mut() {
            unit.since = self.since.get(&unit.address).copied();
        }
        definition.pause(&self.pauses);
        definition
    }

    fn apply(&mut self, scene: Scene<'_>, objects: Objects) -> Event {
        let old = Arc::clone(&self.applied);
        let before = (self.serial, &old.timetable);
        let made_until = scene.engine.made_until();
        let (moments, timetable) =
            continued(before, &objects, &self.moments, made_until, scene.now);
        let unfinished: Vec<Instance> = scene.engine.unfinished().cloned().collect();
        let changed = instances_after(&unfinished, (&old.objects, &objects), scene.now);
        for address in objects.keys() {
            if !old.objects.contains_key(address) {
                self.since.insert(address.clone(), scene.now);
            }
        }
        // What the configuration says about being active counts more than a pause.
        self.pauses.retain(|address, _| {
            let object = objects.get(address);
            object.is_some_and(|object| object.get("active").is_none())
        });
        self.serial += 1;
        self.moments = moments;
        self.applied = Arc::new(Applied { objects, timetable });
        self.formulas.apply(self.serial, Arc::clone(&self.applied));
        self.changed(unfinished, changed)
    }

    fn changed(&self, unfinished: Vec<Instance>, changed: Vec<Instance>) -> Event {
        let all = unfinished.into_iter().chain(changed);
        let all: BTreeMap<InstanceKey, Instance> = all
            .map(|instance| (instance.key.clone(), instance))
            .collect();
        Event::DefinitionChanged {
            definition: self.definition(),
            instances: all.into_values().collect(),
        }
    }

    fn operate(&mut self, scene: Scene<'_>, operation: &Operation) -> Vec<Event> {
        let mut events = Vec::new();
        if operation.whole {
            if operation.does == Does::Pause {
                let paused = Paused {
                    who: operations::OPERATOR.to_owned(),
                    since: scene.now,
                };
                for object in operations::held_objects(operation, &self.applied.objects) {
                    self.pauses.entry(object).or_insert_with(|| paused.clone());
                }
            } else {
                self.pauses.retain(|object, _| !operation.means(object));
            }
            let unfinished = scene.engine.unfinished().cloned().collect();
            events.push(self.changed(unfinished, Vec::new()));
        }
        if !operation.whole || operation.does == Does::Resume {
            events.push(Event::Operate(Order {
                id: None,
                operation: operation.does,
                who: operations::OPERATOR.to_owned(),
                targets: operation.targets(scene, &self.applied, self.facts),
                stretches: BTreeMap::new(),
            }));
        }
        events
    }
}

impl World for CaseWorld<'_> {
    fn attempt(&mut self, scene: Scene<'_>, started: &Started) -> Imagined {
        let evaluated = self.formulas.attempt(scene.engine, started, scene.now);
        let imagined = self.mocks.attempt(&self.applied.timetable, started);
        match evaluated {
            Ok(()) => imagined,
            Err(error) => Imagined {
                takes: jiff::SignedDuration::ZERO,
                outcome: Outcome::Failed(error),
            },
        }
    }

    fn check(&mut self, scene: Scene<'_>, key: &InstanceKey) -> CheckResult {
        match self.formulas.checks(scene.engine, key, scene.now) {
            Ok(()) => self.mocks.check(&self.applied, key, scene.now),
            Err(error) => CheckResult::Error(error),
        }
    }

    fn act(&mut self, scene: Scene<'_>, action: &Address, instance: &Instance) {
        self.formulas
            .action(scene.engine, action, instance, scene.now);
    }

    fn deed(&mut self, scene: Scene<'_>, number: usize) -> Vec<Event> {
        let Some(deed) = self.deeds.get_mut(number) else {
            return Vec::new();
        };
        // Each is done once.
        match std::mem::replace(deed, Deed::Trigger(Vec::new())) {
            Deed::Trigger(addresses) => vec![Event::Trigger(addresses)],
            Deed::Apply(objects) => vec![self.apply(scene, objects)],
            Deed::Operate(operation) => self.operate(scene, &operation),
        }
    }
}
