//! Rehearsals: the engine on a clock of its own, with work that is only imagined.
//!
//! The engine is the one that runs; what it would start takes as long, and ends, as a [`World`] says. Nothing is done and nothing
//! is stored, so that weeks pass in milliseconds. Both `simulate` and `test` are rehearsals. [`Formulas`] evaluates what an
//! attempt would, so that what cannot be evaluated, or is refused by a condition, fails here as it would there.

mod formulas;
mod stage;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;

use crate::engine::Attempt;
use crate::engine::CheckResult;
use crate::engine::Definition;
use crate::engine::Engine;
use crate::engine::Event;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Outcome;
use crate::engine::Past;
use crate::engine::Ranges;
use crate::engine::Wait;
use crate::objects::Address;
use crate::time::Interval;
pub use formulas::Applied;
pub use formulas::Formulas;
pub use formulas::Seen;
pub use formulas::Trouble;
pub use stage::rehearse;

/// What there is around the engine.
pub trait World {
    /// How long an attempt takes, and how it ends.
    fn attempt(&mut self, scene: Scene<'_>, attempt: &Started) -> Imagined;

    /// What a check of all preconditions of an instance finds.
    fn check(&mut self, scene: Scene<'_>, key: &InstanceKey) -> CheckResult;

    /// An action runs for an instance.
    fn act(&mut self, scene: Scene<'_>, action: &Address, instance: &Instance);

    /// What somebody does at one of the moments of the bounds, by its number.
    fn deed(&mut self, scene: Scene<'_>, number: usize) -> Vec<Event>;
}

/// What a world can see.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// What has happened so far.
    pub story: &'a Story,
    /// The clock (UTC).
    pub now: Timestamp,
}

/// An attempt that starts.
#[derive(Clone, Debug)]
pub struct Started {
    /// Of which instance.
    pub key: InstanceKey,
    /// From one.
    pub number: u32,
    /// The serial of the definition that it takes.
    pub definition: u64,
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
    /// When somebody does something (UTC), by number: see [`World::deed`].
    pub deeds: Vec<Timestamp>,
}

/// One instance, as it went.
#[derive(Clone, Debug)]
pub struct Run {
    /// As it stood at the end.
    pub instance: Instance,
    /// When it was due (UTC).
    pub due: Timestamp,
    /// Its attempts, in order.
    pub attempts: Vec<Attempt>,
    /// When it was found to be late (UTC), and why.
    pub late: Option<(Timestamp, String)>,
    /// What it waits for at the end.
    pub waits: Vec<Wait>,
    /// Whether it is due, and was not made yet: a runner makes only so many ahead of those that have not finished.
    pub unmade: bool,
}

/// An action that would have run, or that has given an instance up.
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
    /// All instances that were made or were due. Each by itself, because the nodes of a map are half empty.
    pub runs: BTreeMap<InstanceKey, Box<Run>>,
    /// The actions, in order.
    pub actions: Vec<Acted>,
    /// The moment at which it was given up because too much happened (UTC).
    pub given_up: Option<Timestamp>,
}

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
