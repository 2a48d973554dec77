//! What is defined: runnable units, as the engine reads them.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::objects::Address;
use crate::objects::Dependency;
use crate::time::Timeline;

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
    /// How often preconditions that could not be checked are tried again, in a row; then the instance fails.
    pub check_retries: u32,
    /// The pause before that.
    pub check_retry_delay: SignedDuration,
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
    /// The resource it runs on. Nothing here acts on that; who runs it keeps the resource while it may be needed.
    pub runs_on: Option<Address>,
    /// Whether its attempts only watch work that is done elsewhere, on a cluster: they take no place of the runner.
    pub works_elsewhere: bool,
    /// How long one attempt may take. `None`: for ever.
    pub attempt_timeout: Option<SignedDuration>,
    /// An attempt that nothing was heard of for so long is lost.
    pub report_progress_timeout: SignedDuration,
    /// An instance that has not finished so long after it was due is late. `None`: never.
    pub late_after: Option<SignedDuration>,
    /// Actions to run when it is late.
    pub on_late: Vec<Address>,
    /// Actions that give it up when it is late.
    pub terminate_late: Vec<Address>,
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
            check_retries: 2,
            check_retry_delay: SignedDuration::from_secs(30),
            max_retries: 2,
            retry_delay: SignedDuration::from_secs(30),
            max_retry_delay: SignedDuration::from_mins(10),
            backoff: Backoff::Exponential,
            retry_jitter: false,
            runs_on: None,
            works_elsewhere: false,
            attempt_timeout: None,
            report_progress_timeout: SignedDuration::from_mins(15),
            late_after: None,
            on_late: Vec::new(),
            terminate_late: Vec::new(),
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
