//! Rehearsals: the engine on a clock of its own, with work that is only imagined.
//!
//! The engine is the one that runs; what it would start takes as long, and ends, as a [`World`] says. Nothing is done and nothing
//! is stored, so that weeks pass in milliseconds. Both `simulate` and `test` are rehearsals.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;

use jiff::SignedDuration;
use jiff::Timestamp;

use crate::engine::Attempt;
use crate::engine::Change;
use crate::engine::CheckResult;
use crate::engine::Definition;
use crate::engine::Effect;
use crate::engine::Engine;
use crate::engine::Event;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Limits;
use crate::engine::Outcome;
use crate::engine::Past;
use crate::engine::Ranges;
use crate::engine::Status;
use crate::engine::Wait;
use crate::objects::Address;
use crate::time::Interval;

/// What there is around the engine.
pub trait World {
    /// How long an attempt takes, and how it ends.
    fn attempt(&mut self, key: &InstanceKey, number: u32, at: Timestamp) -> Imagined;

    /// What a check of all preconditions of an instance finds at a moment.
    fn check(&mut self, key: &InstanceKey, at: Timestamp) -> CheckResult;
}

/// An attempt that is only imagined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imagined {
    /// How long it takes.
    pub takes: SignedDuration,
    /// How it ends.
    pub outcome: Outcome,
}

/// From when to when, and with how many hands.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Where the clock starts (UTC).
    pub from: Timestamp,
    /// Where it stops (UTC).
    pub to: Timestamp,
    /// How many attempts may run at once.
    pub parallelism: usize,
    /// On-demand runs: when (UTC), and of what.
    pub triggers: Vec<(Timestamp, Vec<Address>)>,
}

/// One instance, as it went.
#[derive(Clone, Debug)]
pub struct Run {
    /// As it stood at the end.
    pub instance: Instance,
    /// When it was due (UTC).
    pub due: Timestamp,
    /// Its attempts, by number.
    pub attempts: BTreeMap<u32, Attempt>,
    /// When it was found to be late (UTC), and why.
    pub late: Option<(Timestamp, String)>,
    /// What it waits for at the end.
    pub waits: Vec<Wait>,
}

/// An action that would have run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acted {
    /// Which.
    pub action: Address,
    /// The instance it served.
    pub key: InstanceKey,
    /// When (UTC).
    pub at: Timestamp,
}

/// What happened.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// All instances that were made.
    pub runs: BTreeMap<InstanceKey, Run>,
    /// The actions, in order.
    pub actions: Vec<Acted>,
    /// The moment at which it was given up because too much happened (UTC).
    pub given_up: Option<Timestamp>,
}

/// How many turns of the loop a rehearsal may take: enough for a year of checks by the minute.
const TURNS: usize = 2_000_000;

/// A past in which all that was due before a moment has finished.
pub fn finished_until(definition: &Definition, at: Timestamp) -> Past {
    let before = at.checked_sub(SignedDuration::from_nanos(1));
    let before = before.unwrap_or(at);
    let mut past = Past::default();
    for unit in definition.units.values() {
        let Some(schedule) = &unit.schedule else {
            continue;
        };
        let (Some(first), Some(until)) =
            (schedule.first_interval(), schedule.ends_at(None, before))
        else {
            continue;
        };
        past.made_until.insert(unit.address.clone(), until);
        let mut settled = Ranges::default();
        settled.insert(Interval {
            start: first.start,
            end: until,
        });
        past.settled.insert(unit.address.clone(), settled);
    }
    past
}

/// Lets the engine go on from a past until the bounds end.
pub fn rehearse(
    definition: Definition,
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
    let mut triggers = bounds.triggers;
    triggers.sort();
    let mut stage = Stage {
        engine: Engine::new(definition, past, limits),
        now: bounds.from,
        world,
        ends: BTreeSet::new(),
        flights: BTreeMap::new(),
        triggers: triggers.into(),
        turned: None,
        story: Story::default(),
    };
    stage.play(bounds.to, lost);
    stage.story
}

/// As many as a runner makes ahead.
const INSTANCES_AHEAD: usize = 1_000;

struct Stage<'w> {
    engine: Engine,
    now: Timestamp,
    world: &'w mut dyn World,
    /// When attempts end.
    ends: BTreeSet<(Timestamp, InstanceKey, u32)>,
    /// Attempts under way: when they end, and how.
    flights: BTreeMap<(InstanceKey, u32), (Timestamp, Outcome)>,
    triggers: VecDeque<(Timestamp, Vec<Address>)>,
    /// When the loop last turned.
    turned: Option<Timestamp>,
    story: Story,
}

impl Stage<'_> {
    fn play(&mut self, to: Timestamp, lost: VecDeque<Event>) {
        self.give(lost);
        self.give(VecDeque::from([Event::Tick]));
        for _ in 0..TURNS {
            let Some(next) = self.next().filter(|next| *next <= to) else {
                self.close();
                return;
            };
            self.now = self.now.max(next);
            let events = self.arrivals();
            let idle = events.is_empty() && next <= self.turned.unwrap_or(Timestamp::MIN);
            if idle {
                // What stays due without anything happening is looked at again a moment later.
                self.now = self.later();
            }
            self.turned = Some(self.now);
            self.give(events);
            self.beat();
        }
        self.story.given_up = Some(self.now);
        self.close();
    }

    fn later(&self) -> Timestamp {
        let moment = SignedDuration::from_millis(1);
        self.now.checked_add(moment).unwrap_or(Timestamp::MAX)
    }

    fn next(&self) -> Option<Timestamp> {
        let end = self.ends.first().map(|(at, _, _)| *at);
        let trigger = self.triggers.front().map(|(at, _)| *at);
        [self.engine.next_wake(), end, trigger]
            .into_iter()
            .flatten()
            .min()
    }

    /// What is reported at this moment: attempts that end, triggers.
    fn arrivals(&mut self) -> VecDeque<Event> {
        let mut events = VecDeque::new();
        while let Some((at, key, number)) = self.ends.first().cloned()
            && at <= self.now
        {
            self.ends.pop_first();
            if let Some((_, outcome)) = self.flights.remove(&(key.clone(), number)) {
                events.push_back(Event::AttemptEnded {
                    key,
                    number,
                    outcome,
                });
            }
        }
        while self.triggers.front().is_some_and(|(at, _)| *at <= self.now) {
            let trigger = self.triggers.pop_front();
            events.extend(trigger.map(|(_, addresses)| Event::Trigger(addresses)));
        }
        events
    }

    /// Attempts under way say that they go on, and time passes.
    fn beat(&mut self) {
        let alive = self.flights.keys().map(|(key, number)| Event::Heartbeat {
            key: key.clone(),
            number: *number,
        });
        let mut events: VecDeque<Event> = alive.collect();
        events.push_back(Event::Tick);
        self.give(events);
    }

    /// Gives events to the engine, and does what it answers.
    fn give(&mut self, mut events: VecDeque<Event>) {
        while let Some(event) = events.pop_front() {
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
                self.run(&key).instance = instance;
            }
            Change::Attempt(attempt) => {
                let key = attempt.instance.clone();
                self.run(&key).attempts.insert(attempt.number, attempt);
            }
            Change::Cursor { .. } | Change::Dropped { .. } | Change::Operated { .. } => {}
        }
    }

    fn run(&mut self, key: &InstanceKey) -> &mut Run {
        let schedule = |engine: &Engine| {
            let schedule = engine.unit(&key.object)?.schedule.as_ref()?;
            Some(schedule.due_at(key.interval))
        };
        let engine = &self.engine;
        self.story.runs.entry(key.clone()).or_insert_with(|| Run {
            instance: Instance::new(key.clone()),
            due: schedule(engine).unwrap_or(key.interval.start),
            attempts: BTreeMap::new(),
            late: None,
            waits: Vec::new(),
        })
    }

    fn perform(&mut self, effect: Effect, events: &mut VecDeque<Event>) {
        match effect {
            Effect::Start { key, number, .. } => {
                let imagined = self.world.attempt(&key, number, self.now);
                let end = self
                    .now
                    .checked_add(imagined.takes)
                    .unwrap_or(Timestamp::MAX);
                self.ends.insert((end, key.clone(), number));
                self.flights.insert((key, number), (end, imagined.outcome));
            }
            Effect::Kill { key, number } => {
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
                let result = self.world.check(&key, self.now);
                events.push_back(Event::Checked { key, result });
            }
            Effect::Late { key, reason } => {
                let at = self.now;
                self.run(&key).late.get_or_insert((at, reason));
            }
            Effect::Act { action, instance } => self.story.actions.push(Acted {
                action,
                key: instance.key,
                at: self.now,
            }),
        }
    }

    /// Says of what has not come to its end what it waits for.
    fn close(&mut self) {
        for run in self.story.runs.values_mut() {
            if run.instance.ended_at.is_none() {
                run.waits = self.engine.waiting_on(&run.instance.key);
            }
        }
    }
}
