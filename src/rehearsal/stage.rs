//! The stage: it keeps the clock, gives the engine its events, and does what it answers.
//!
//! A turn of the loop costs in proportion to what happens in it, not to what is under way: attempts are never silent here, so
//! that nothing has to be heard of them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::Acted;
use super::Bounds;
use super::Run;
use super::Scene;
use super::Started;
use super::Story;
use super::World;
use crate::engine::Change;
use crate::engine::Definition;
use crate::engine::Effect;
use crate::engine::Engine;
use crate::engine::Event;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Limits;
use crate::engine::Outcome;
use crate::engine::Past;
use crate::engine::Status;
use crate::objects::Address;
use crate::time::Interval;

/// How many events a rehearsal may have: minutes of work. A year of checks by the minute, of forty instances, is less.
const EVENTS: u64 = 20_000_000;

/// How many instances it may have: about a gigabyte of them. A year by the minute, of three objects, is less.
const INSTANCES: usize = 2_000_000;

/// As many as a runner makes ahead.
const INSTANCES_AHEAD: usize = 1_000;

/// Lets the engine go on from a past until the bounds end.
pub fn rehearse(
    mut definition: Definition,
    past: Past,
    bounds: Bounds,
    world: &mut dyn World,
) -> Story {
    let limits = Limits {
        parallelism: bounds.parallelism,
        instances_ahead: INSTANCES_AHEAD,
        horizon: None,
        fence: 1,
    };
    // What ran when the past ended does not run here.
    let running = past.instances.iter();
    let running = running.filter(|instance| instance.status == Status::Running);
    let lost = running.map(|instance| Event::AttemptEnded {
        key: instance.key.clone(),
        number: instance.attempts,
        outcome: Outcome::Lost,
    });
    let lost = lost.collect();
    let mut deeds: Vec<(Timestamp, usize)> = bounds.deeds.into_iter().zip(0..).collect();
    deeds.sort_unstable();
    never_silent(&mut definition);
    let mut stage = Stage {
        units: definition.units.keys().cloned().collect(),
        engine: Engine::new(definition, past, limits),
        now: bounds.from,
        world,
        ends: BTreeSet::new(),
        flights: BTreeMap::new(),
        deeds: deeds.into(),
        turned: None,
        events: 0,
        story: Story::default(),
    };
    stage.play(bounds.to, lost);
    stage.story
}

/// No attempt is taken for lost: what is imagined is not silent.
fn never_silent(definition: &mut Definition) {
    for unit in definition.units.values_mut() {
        unit.report_progress_timeout = SignedDuration::MAX;
    }
}

struct Stage<'w> {
    engine: Engine,
    /// All that may have instances.
    units: BTreeSet<Address>,
    now: Timestamp,
    world: &'w mut dyn World,
    /// When attempts end.
    ends: BTreeSet<(Timestamp, InstanceKey, u32)>,
    /// Attempts under way: when they end, and how.
    flights: BTreeMap<(InstanceKey, u32), (Timestamp, Outcome)>,
    deeds: VecDeque<(Timestamp, usize)>,
    /// When the loop last turned.
    turned: Option<Timestamp>,
    /// How many events there were.
    events: u64,
    story: Story,
}

impl Stage<'_> {
    fn play(&mut self, to: Timestamp, lost: VecDeque<Event>) {
        self.give(lost);
        self.give(VecDeque::from([Event::Tick]));
        while let Some(next) = self.next().filter(|next| *next <= to) {
            if self.events > EVENTS || self.story.runs.len() > INSTANCES {
                self.story.given_up = Some(self.now);
                break;
            }
            self.now = self.now.max(next);
            let mut events = self.arrivals();
            let idle = events.is_empty() && next <= self.turned.unwrap_or(Timestamp::MIN);
            if idle {
                // What stays due without anything happening is looked at again a moment later.
                self.now = self.later();
            }
            self.turned = Some(self.now);
            events.push_back(Event::Tick);
            self.give(events);
        }
        self.close(to);
    }

    fn later(&self) -> Timestamp {
        let moment = SignedDuration::from_millis(1);
        self.now.checked_add(moment).unwrap_or(Timestamp::MAX)
    }

    fn next(&self) -> Option<Timestamp> {
        let end = self.ends.first().map(|(at, _, _)| *at);
        let deed = self.deeds.front().map(|(at, _)| *at);
        [self.engine.next_wake(), end, deed]
            .into_iter()
            .flatten()
            .min()
    }

    /// What is reported at this moment: attempts that end, then what somebody does.
    fn arrivals(&mut self) -> VecDeque<Event> {
        let mut events = VecDeque::new();
        while let Some((at, _, _)) = self.ends.first()
            && *at <= self.now
            && let Some((_, key, number)) = self.ends.pop_first()
        {
            if let Some((_, outcome)) = self.flights.remove(&(key.clone(), number)) {
                events.push_back(Event::AttemptEnded {
                    key,
                    number,
                    outcome,
                });
            }
        }
        if !events.is_empty() {
            // Somebody who looks at this moment sees them.
            return events;
        }
        if let Some((_, number)) = self.deeds.pop_front_if(|(at, _)| *at <= self.now) {
            let scene = Scene {
                engine: &self.engine,
                story: &self.story,
                now: self.now,
            };
            events.extend(self.world.deed(scene, number));
        }
        events
    }

    /// Gives events to the engine, and does what it answers.
    fn give(&mut self, mut events: VecDeque<Event>) {
        while let Some(mut event) = events.pop_front() {
            self.events += 1;
            if let Event::DefinitionChanged {
                definition,
                instances,
            } = &mut event
            {
                never_silent(definition);
                self.units.extend(definition.units.keys().cloned());
                // What the apply did to them is not among what the engine answers.
                let engine = &self.engine;
                let changed = instances.iter();
                let changed = changed.filter(|it| engine.instance(&it.key) != Some(it));
                let changed: Vec<Instance> = changed.cloned().collect();
                for instance in changed {
                    self.note(Change::Instance(instance));
                }
            }
            let step = self.engine.step(event, self.now);
            for change in step.changes {
                self.note(change);
            }
            for effect in step.effects {
                self.perform(effect, &mut events);
            }
        }
    }

    fn note(&mut self, change: Change) {
        match change {
            Change::Instance(instance) => {
                let key = instance.key.clone();
                let run = self.run(&key);
                run.instance = instance;
            }
            Change::Attempt(attempt) => {
                let key = attempt.instance.clone();
                let attempts = &mut self.run(&key).attempts;
                let mut known = attempts.iter_mut();
                if let Some(known) = known.rfind(|it| it.number == attempt.number) {
                    *known = attempt;
                } else {
                    if attempts.is_empty() {
                        // Most have one, and there may be very many of them.
                        attempts.reserve_exact(1);
                    }
                    attempts.push(attempt);
                }
            }
            Change::Cursor { .. }
            | Change::Dropped { .. }
            | Change::Wished { .. }
            | Change::Operated { .. } => {}
        }
    }

    fn run(&mut self, key: &InstanceKey) -> &mut Run {
        let engine = &self.engine;
        let fresh = || Box::new(fresh(engine, Instance::new(key.clone())));
        self.story.runs.entry(key.clone()).or_insert_with(fresh)
    }

    fn perform(&mut self, effect: Effect, events: &mut VecDeque<Event>) {
        let scene = Scene {
            engine: &self.engine,
            story: &self.story,
            now: self.now,
        };
        match effect {
            Effect::Start {
                key,
                number,
                definition,
            } => {
                let started = Started {
                    key,
                    number,
                    definition,
                };
                let imagined = self.world.attempt(scene, &started);
                let end = self
                    .now
                    .checked_add(imagined.takes)
                    .unwrap_or(Timestamp::MAX);
                let key = started.key;
                self.ends.insert((end, key.clone(), number));
                self.flights.insert((key, number), (end, imagined.outcome));
            }
            Effect::Kill { key, number, .. } => {
                if let Some((end, _)) = self.flights.remove(&(key.clone(), number)) {
                    self.ends.remove(&(end, key.clone(), number));
                    events.push_back(Event::AttemptEnded {
                        key,
                        number,
                        outcome: Outcome::Killed,
                    });
                }
            }
            Effect::Check { key } => {
                let result = self.world.check(scene, &key);
                events.push_back(Event::Checked { key, result });
            }
            Effect::Late { key, reason } => {
                let at = self.now;
                self.run(&key).late.get_or_insert((at, reason));
            }
            Effect::GiveUp { action, key } => {
                let at = self.now;
                self.story.actions.push(Acted { action, key, at });
            }
            Effect::Act { action, instance } => {
                self.world.act(scene, &action, &instance);
                self.story.actions.push(Acted {
                    action,
                    key: instance.key,
                    at: self.now,
                });
            }
        }
    }

    /// Adds what is due and was not made, and what has waited from the beginning, and says of all that has not come to its end
    /// what it waits for.
    fn close(&mut self, to: Timestamp) {
        self.note_what_waited();
        for run in self.story.runs.values_mut() {
            if run.instance.ended_at.is_none() {
                run.waits = self.engine.waiting_on(&run.instance.key);
            }
        }
        let until = self.story.given_up.unwrap_or(to);
        for object in &self.units {
            if !self.engine.unit(object).is_some_and(|unit| unit.active) {
                continue;
            }
            let made_until = self.engine.made_until().get(object).copied();
            let rest = Interval {
                start: made_until.unwrap_or(Timestamp::MIN),
                end: Timestamp::MAX,
            };
            for interval in self.engine.unmade(object, rest, false, until) {
                if self.story.runs.len() > INSTANCES {
                    self.story.given_up.get_or_insert(self.now);
                    return;
                }
                let object = object.clone();
                let instance = Instance::new(InstanceKey { object, interval });
                let run = Run {
                    unmade: true,
                    ..fresh(&self.engine, instance)
                };
                let key = run.instance.key.clone();
                self.story.runs.entry(key).or_insert_with(|| Box::new(run));
            }
        }
    }

    /// Adds what was waiting when the clock started, and of which nothing has happened since.
    fn note_what_waited(&mut self) {
        let known = &self.story.runs;
        let waits = |instance: &&Instance| {
            instance.ended_at.is_none() && !known.contains_key(&instance.key)
        };
        let waiting = self.engine.unfinished().filter(waits);
        let waiting: Vec<Instance> = waiting.cloned().collect();
        for instance in waiting {
            let key = instance.key.clone();
            let run = fresh(&self.engine, instance);
            self.story.runs.insert(key, Box::new(run));
        }
    }
}

/// An instance of which nothing is known yet but its key.
fn fresh(engine: &Engine, instance: Instance) -> Run {
    let key = &instance.key;
    let schedule = engine.unit(&key.object);
    let schedule = schedule.and_then(|unit| unit.schedule.as_ref());
    Run {
        due: schedule.map_or(key.interval.start, |schedule| schedule.due_at(key.interval)),
        instance,
        attempts: Vec::new(),
        late: None,
        waits: Vec::new(),
        unmade: false,
    }
}
