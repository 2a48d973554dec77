//! What the engine works on: runnable units, their instances, attempts, events and effects.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::objects::Address;
pub use crate::objects::Dependency;
pub use crate::objects::Require;
use crate::time::Interval;
use crate::time::Schedule;

/// The status of an instance or attempt. Names are AWS Data Pipeline's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Waits for producers or preconditions.
    WaitingOnDependencies,
    /// Ready; waits for a free place, or for its next attempt.
    WaitingForRunner,
    /// An attempt is under way.
    Running,
    /// Done.
    Finished,
    /// No attempts left.
    Failed,
    /// Given up because something it depends on failed (`failure_and_rerun_mode = "cascade"`).
    CascadeFailed,
    /// Given up on request, or because its definition was removed.
    Canceled,
    /// An attempt that exceeded `attempt_timeout`. Instances whose last attempt timed out are `FAILED`.
    TimedOut,
    /// Passed over on purpose.
    Skipped,
    /// Held by an operator.
    Paused,
}

impl Status {
    /// All statuses.
    pub const ALL: [Self; 10] = [
        Self::WaitingOnDependencies,
        Self::WaitingForRunner,
        Self::Running,
        Self::Finished,
        Self::Failed,
        Self::CascadeFailed,
        Self::Canceled,
        Self::TimedOut,
        Self::Skipped,
        Self::Paused,
    ];

    /// The name, in AWS Data Pipeline's spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WaitingOnDependencies => "WAITING_ON_DEPENDENCIES",
            Self::WaitingForRunner => "WAITING_FOR_RUNNER",
            Self::Running => "RUNNING",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::CascadeFailed => "CASCADE_FAILED",
            Self::Canceled => "CANCELED",
            Self::TimedOut => "TIMEDOUT",
            Self::Skipped => "SKIPPED",
            Self::Paused => "PAUSED",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether consumers may go on: there is nothing to wait for.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Finished | Self::Skipped)
    }

    /// Whether it ended without having done its work.
    pub const fn is_unsuccessful(self) -> bool {
        matches!(self, Self::Failed | Self::CascadeFailed | Self::Canceled)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One runnable object, compiled from the definition for the engine.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its address.
    pub address: Address,
    /// Activity or data node.
    pub kind: UnitKind,
    /// The pipeline it belongs to; `None` for a data node at the top level.
    pub pipeline: Option<Address>,
    /// Its intervals; `None`: on demand.
    pub schedule: Option<Schedule>,
    /// What it waits for.
    pub dependencies: Vec<Dependency>,
    /// Addresses of the preconditions that must hold after its dependencies have finished.
    pub preconditions: Vec<Address>,
    /// How long to check preconditions, from the first check; then the instance fails. `None`: for ever.
    pub precondition_timeout: Option<SignedDuration>,
    /// Time between two checks of a precondition.
    pub precondition_interval: SignedDuration,
    /// Attempts after the first.
    pub max_retries: u32,
    /// Pause before the first retry.
    pub retry_delay: SignedDuration,
    /// The pause doubles with each retry up to this.
    pub retry_delay_max: SignedDuration,
    /// How long one attempt may take. `None`: for ever.
    pub attempt_timeout: Option<SignedDuration>,
    /// What becomes of its waiting instances when something they depend on fails.
    pub failure_mode: FailureMode,
    /// Actions to run when it has failed.
    pub on_fail: Vec<Address>,
    /// Actions to run when it has finished.
    pub on_success: Vec<Address>,
    /// How many of its attempts may run at once.
    pub max_active_instances: u32,
    /// Whether new instances are made and waiting ones started.
    pub active: bool,
}

/// The kinds of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitKind {
    /// Does work: has attempts.
    Activity,
    /// Is ready when its producers have finished and its preconditions hold: has no attempts.
    DataNode,
}

/// What becomes of an instance when something it waits for fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureMode {
    /// It goes on waiting.
    None,
    /// It becomes `CASCADE_FAILED`.
    Cascade,
}

/// The key of an instance. Ordered by object, then start, then end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstanceKey {
    /// The object.
    pub object: Address,
    /// Its interval; empty (`start == end`) for an on-demand instance: the trigger time.
    pub interval: Interval,
}

/// One run of an object for one interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Which.
    pub key: InstanceKey,
    /// Its status.
    pub status: Status,
    /// Attempts made or under way; the number of the latest.
    pub attempts: u32,
    /// Attempts that failed or timed out. Those that ended because their runner did are not counted.
    pub failures: u32,
    /// The state's serial whose definition it took when its first attempt started; retries keep it.
    pub definition: Option<u64>,
    /// Not before this: the next attempt, or the next check of preconditions.
    pub not_before: Option<Timestamp>,
    /// When its preconditions were first checked.
    pub checking_since: Option<Timestamp>,
    /// When its first attempt started (a data node: when it was first looked at).
    pub started_at: Option<Timestamp>,
    /// When the attempt that is under way started.
    pub running_since: Option<Timestamp>,
    /// When it came to its final status.
    pub ended_at: Option<Timestamp>,
    /// Why it failed, or what its preconditions last said.
    pub reason: Option<String>,
}

impl Instance {
    /// An instance that nothing has happened to yet.
    pub fn new(key: InstanceKey) -> Self {
        Self {
            key,
            status: Status::WaitingOnDependencies,
            attempts: 0,
            failures: 0,
            definition: None,
            not_before: None,
            checking_since: None,
            started_at: None,
            running_since: None,
            ended_at: None,
            reason: None,
        }
    }
}

/// One try of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The instance.
    pub instance: InstanceKey,
    /// From one.
    pub number: u32,
    /// `RUNNING`, `FINISHED`, `FAILED`, `TIMED_OUT` or `CANCELED`.
    pub status: Status,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
    /// The lease under which it was started; a report under another is refused.
    pub fence: u64,
}

/// All units of the state as of one serial.
#[derive(Clone, Debug, Default)]
pub struct Definition {
    /// The state's serial.
    pub serial: u64,
    /// By address.
    pub units: BTreeMap<Address, Unit>,
}

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
    /// The preconditions of an instance have been checked.
    Checked {
        /// Which instance.
        key: InstanceKey,
        /// What was found.
        result: CheckResult,
    },
    /// The definition has changed (an apply beside the runner).
    DefinitionChanged {
        /// The new one.
        definition: Definition,
        /// All instances of the store that have not finished, after what the apply did to them.
        instances: Vec<Instance>,
    },
    /// Run these on-demand units now, as one run.
    Trigger(Vec<Address>),
    /// Give up these instances.
    Cancel(Vec<InstanceKey>),
    /// Start nothing more.
    Drain,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did its work.
    Finished,
    /// It failed.
    Failed(String),
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
    },
    /// Check the preconditions of this instance.
    Check {
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
