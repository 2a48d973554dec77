//! What the engine works on: runnable units, their instances, attempts, events and effects.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use super::ranges::Ranges;
use super::wishes::Wish;
use crate::objects::Address;
pub use crate::objects::Dependency;
pub use crate::objects::Require;
use crate::time::Interval;
use crate::time::Timeline;

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
    /// Its intervals, also under earlier schedules; `None`: on demand.
    pub schedule: Option<Timeline>,
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
    /// The pause grows with each retry up to this.
    pub max_retry_delay: SignedDuration,
    /// How it grows.
    pub backoff: Backoff,
    /// Whether up to a quarter is added to each pause, so that what failed together is not tried again together.
    pub retry_jitter: bool,
    /// How long one attempt may take. `None`: for ever.
    pub attempt_timeout: Option<SignedDuration>,
    /// An attempt that nothing was heard of for so long is lost.
    pub report_progress_timeout: SignedDuration,
    /// An instance that has not finished so long after it was due is late. `None`: never.
    pub late_after: Option<SignedDuration>,
    /// Actions to run when it is late.
    pub on_late: Vec<Address>,
    /// Whether it is given up when it is late.
    pub terminate_late: bool,
    /// Since when it is there, if that matters: what was due before is not late, and not made with [`CatchUp::None`].
    pub since: Option<Timestamp>,
    /// What becomes of its waiting instances when something they depend on fails.
    pub failure_mode: FailureMode,
    /// Actions to run when it has failed.
    pub on_fail: Vec<Address>,
    /// Actions to run when it has finished.
    pub on_success: Vec<Address>,
    /// How many of its attempts may run at once.
    pub max_active_instances: u32,
    /// The pool that its attempts take slots of, and how many each.
    pub pool: Option<PoolShare>,
    /// Higher ones start first.
    pub priority: i64,
    /// Which of its instances start first.
    pub instance_order: InstanceOrder,
    /// Which intervals that were missed are made up for.
    pub catch_up: CatchUp,
    /// Whether new instances are made and waiting ones started.
    pub active: bool,
    /// Who has paused it, or its pipeline, and when; then it is not active.
    pub paused: Option<Paused>,
}

impl Unit {
    /// A unit on demand that waits for nothing, with what holds where nothing is said.
    pub fn new(address: Address, kind: UnitKind) -> Self {
        Self {
            address,
            kind,
            pipeline: None,
            schedule: None,
            dependencies: Vec::new(),
            preconditions: Vec::new(),
            precondition_timeout: None,
            precondition_interval: SignedDuration::from_mins(1),
            max_retries: 2,
            retry_delay: SignedDuration::from_secs(30),
            max_retry_delay: SignedDuration::from_mins(10),
            backoff: Backoff::Exponential,
            retry_jitter: false,
            attempt_timeout: None,
            report_progress_timeout: SignedDuration::from_mins(15),
            late_after: None,
            on_late: Vec::new(),
            terminate_late: false,
            since: None,
            failure_mode: FailureMode::None,
            on_fail: Vec::new(),
            on_success: Vec::new(),
            max_active_instances: 5,
            pool: None,
            priority: 0,
            instance_order: InstanceOrder::OldestFirst,
            catch_up: CatchUp::All,
            active: true,
            paused: None,
        }
    }
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

/// How the pause before an attempt grows with each failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// It doubles.
    Exponential,
    /// It stays the same.
    Constant,
}

/// Which of the instances of a unit start first. What is back-filled on request comes after the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceOrder {
    /// The oldest interval.
    OldestFirst,
    /// The newest interval.
    NewestFirst,
}

/// Which intervals that are due and have no instance get one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUp {
    /// Every one.
    All,
    /// The newest.
    Latest,
    /// The newest, unless it was due before the unit was there.
    None,
}

/// A pause by an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// By whom, `user@host`.
    pub who: String,
    /// Since when (UTC).
    pub since: Timestamp,
}

/// What an attempt takes of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolShare {
    /// The pool.
    pub pool: Address,
    /// How many of its slots; one that asks for more than there are takes them all.
    pub slots: u32,
}

/// The key of an instance. Ordered by object, then start, then end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstanceKey {
    /// The object.
    pub object: Address,
    /// Its interval; empty (`start == end`) for an on-demand instance: the trigger time.
    pub interval: Interval,
}

/// Why there is an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Origin {
    /// Its schedule made it due.
    Schedule,
    /// An operator triggered it.
    Trigger,
    /// An operator asked for a past interval.
    Backfill,
    /// An operator asked for it once more.
    Rerun,
}

impl Origin {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Schedule, Self::Trigger, Self::Backfill, Self::Rerun];

    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "SCHEDULE",
            Self::Trigger => "TRIGGER",
            Self::Backfill => "BACKFILL",
            Self::Rerun => "RERUN",
        }
    }

    /// The origin of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == name)
    }
}

/// What becomes of an instance when the attempt that is under way has been stopped, because somebody has decided so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Stop {
    /// It is `CANCELED`.
    Cancel,
    /// It counts as `FINISHED`.
    Finish,
    /// It runs once more, with what it depends on.
    Restart,
    /// The same, with the definition that it ran with.
    RestartAsWas,
}

impl Stop {
    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "CANCEL",
            Self::Finish => "FINISH",
            Self::Restart => "RESTART",
            Self::RestartAsWas => "RESTART_AS_WAS",
        }
    }

    /// The one of that name.
    pub fn parse(name: &str) -> Option<Self> {
        const ALL: [Stop; 4] = [
            Stop::Cancel,
            Stop::Finish,
            Stop::Restart,
            Stop::RestartAsWas,
        ];
        ALL.into_iter().find(|stop| stop.as_str() == name)
    }
}

/// Why an instance was given up whose object is not there any more.
pub const REMOVED: &str = "its definition was removed";

/// One run of an object for one interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Which.
    pub key: InstanceKey,
    /// Its status.
    pub status: Status,
    /// Why there is one.
    pub origin: Origin,
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
    /// When that attempt was last heard of.
    pub heard_at: Option<Timestamp>,
    /// What it comes to when that attempt has been stopped.
    pub stop: Option<Stop>,
    /// Whether it was late, and its actions for that have been asked for.
    pub late: bool,
    /// When it came to its final status.
    pub ended_at: Option<Timestamp>,
    /// Why it failed, or what its preconditions last said.
    pub reason: Option<String>,
}

impl Instance {
    /// Whether it was tried and has not ended: an attempt is under way, or another one follows.
    pub fn is_under_way(&self) -> bool {
        self.status == Status::Running
            || self.status == Status::WaitingForRunner && self.definition.is_some()
    }

    /// Whether it could start and was not tried yet, since it was made or began again: what it has to wait for may change.
    pub fn is_untried(&self) -> bool {
        self.status == Status::WaitingForRunner && self.definition.is_none()
    }

    /// Whether it was given up because its definition was removed, and not by an operator: it waits again when that comes back.
    pub fn went_with_its_definition(&self) -> bool {
        self.status == Status::Canceled && self.reason.as_deref() == Some(REMOVED)
    }

    /// An instance that nothing has happened to yet.
    pub fn new(key: InstanceKey) -> Self {
        Self {
            key,
            status: Status::WaitingOnDependencies,
            origin: Origin::Schedule,
            attempts: 0,
            failures: 0,
            definition: None,
            not_before: None,
            checking_since: None,
            started_at: None,
            running_since: None,
            heard_at: None,
            stop: None,
            late: false,
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
    /// How many slots each pool has.
    pub pools: BTreeMap<Address, u32>,
}

impl Definition {
    /// Holds the units that operators have paused, by themselves or with their pipelines.
    pub fn pause(&mut self, pauses: &BTreeMap<Address, Paused>) {
        for unit in self.units.values_mut() {
            let by = pauses
                .get(&unit.address)
                .or_else(|| pauses.get(unit.pipeline.as_ref()?));
            if let Some(by) = by {
                unit.paused = Some(by.clone());
                unit.active = false;
            }
        }
    }
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
