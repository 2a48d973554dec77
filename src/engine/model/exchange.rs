//! What the engine is told and what it answers: events, orders of operators, changes and effects.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use super::Attempt;
use super::Definition;
use super::Instance;
use super::InstanceKey;
use crate::engine::ranges::Ranges;
use crate::engine::wishes::Wish;
use crate::objects::Address;
use crate::time::Interval;

/// What the engine is told.
#[derive(Clone, Debug)]
pub enum Event {
    /// Time has passed; also the first event after a start.
    Tick,
    /// An attempt has ended.
    AttemptEnded {
        /// Which instance.
        key: InstanceKey,
        /// Which attempt.
        number: u32,
        /// How.
        outcome: Outcome,
    },
    /// An attempt goes on.
    Heartbeat {
        /// Which instance.
        key: InstanceKey,
        /// Which attempt.
        number: u32,
    },
    /// The preconditions of an instance have been checked.
    Checked {
        /// Which instance.
        key: InstanceKey,
        /// What was found.
        result: CheckResult,
    },
    /// The definition has changed. Beside a runner this is news, see [`Engine::take_news`](super::Engine::take_news).
    DefinitionChanged {
        /// The new one.
        definition: Definition,
        /// All instances of the store that have not finished, after what the apply did to them.
        instances: Vec<Instance>,
    },
    /// Run these on-demand units now, as one run.
    Trigger(Vec<Address>),
    /// Do what an operator asks for.
    Operate(Order),
    /// Start nothing more.
    Drain,
}

/// What an operator can ask for, about instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "name")]
pub enum Operation {
    /// Run what has ended once more.
    Rerun {
        /// With the definition that it ran with, and not with the current one.
        as_was: bool,
        /// Also what is under way, or waits for its next attempt: it has read what is run again.
        #[serde(default)]
        restart: bool,
    },
    /// Give up what waits or runs.
    Cancel,
    /// Count what has not finished as finished.
    MarkFinished,
    /// Hold what waits.
    Pause,
    /// Let what is held go on.
    Resume,
    /// Make what is due and was never made.
    Backfill,
}

/// An operation on instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Under which number the state keeps it; `None`: it does not.
    pub id: Option<u64>,
    /// What is asked for.
    pub operation: Operation,
    /// By whom, `user@host`.
    pub who: String,
    /// For which instances, as the state has them; fresh ones where it has none.
    pub targets: Vec<Instance>,
    /// For which stretches of time of which objects, where there are too many instances to list: to back-fill, or to give up
    /// what is still to be back-filled in them.
    pub stretches: BTreeMap<Address, Ranges>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did its work.
    Finished,
    /// It failed.
    Failed(String),
    /// It failed, and no other attempt is to be made.
    ForGood(String),
    /// It was stopped because of its time-out, a cancel or a shutdown, after [`Effect::Kill`].
    Killed,
    /// Its runner died: found at start-up.
    Lost,
}

/// What a check of all preconditions of an instance found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckResult {
    /// All hold.
    True,
    /// One does not hold yet; why, e.g. "/var/log/access.log does not exist".
    False(String),
    /// One cannot be checked: counts as a failed attempt of the check.
    Error(String),
}

/// What to persist, in this order, in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Insert or replace.
    Instance(Instance),
    /// Insert or replace.
    Attempt(Attempt),
    /// How far instances of a unit have been made.
    Cursor {
        /// The unit.
        object: Address,
        /// The end of the newest interval that has an instance.
        made_until: Timestamp,
    },
    /// Intervals of a unit that `catch_up` passes over: they are `SKIPPED` without instances.
    Dropped {
        /// The unit.
        object: Address,
        /// From the start of the first to the end of the last.
        span: Interval,
        /// When (UTC).
        at: Timestamp,
    },
    /// Something is wished of other stretches of time of a unit than before.
    Wished {
        /// The unit.
        object: Address,
        /// What.
        wish: Wish,
        /// Also of these.
        more: Ranges,
        /// And no more of these.
        fewer: Ranges,
    },
    /// An order has been carried out.
    Operated {
        /// Its number.
        id: u64,
        /// How many instances it changed.
        instances: u64,
        /// When (UTC).
        at: Timestamp,
    },
}

/// What to do after the changes are durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start this attempt.
    Start {
        /// Which instance.
        key: InstanceKey,
        /// The number of the attempt.
        number: u32,
        /// The serial whose definition it takes.
        definition: u64,
    },
    /// Stop this attempt and everything it started; report [`Outcome::Killed`] afterwards.
    Kill {
        /// Which instance.
        key: InstanceKey,
        /// The number of the attempt.
        number: u32,
        /// Why, e.g. "the runner was stopped".
        reason: String,
        /// Whether only its time is over, and nobody waits for its end.
        timed_out: bool,
    },
    /// Check the preconditions of this instance.
    Check {
        /// Which instance.
        key: InstanceKey,
    },
    /// Tell that an instance is late.
    Late {
        /// Which instance.
        key: InstanceKey,
        /// Why, e.g. "it had not finished 1h after it was due".
        reason: String,
    },
    /// Tell that an action gives up an instance that is late: the changes do.
    GiveUp {
        /// The action.
        action: Address,
        /// Which instance.
        key: InstanceKey,
    },
    /// Run an action for an instance.
    Act {
        /// The action.
        action: Address,
        /// The instance it serves.
        instance: Box<Instance>,
    },
}

/// The answer of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// To persist first.
    pub changes: Vec<Change>,
    /// To do then.
    pub effects: Vec<Effect>,
}

impl Step {
    /// Adds what comes after it.
    pub fn add(&mut self, next: Self) {
        self.changes.extend(next.changes);
        self.effects.extend(next.effects);
    }
}
