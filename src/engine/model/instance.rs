//! What happens: instances of units, and their attempts.

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use super::Status;
use crate::objects::Address;
use crate::time::Interval;

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
    /// Attempts that failed or timed out; before the first, checks of its preconditions in a row that could not be made. Those that
    /// ended because their runner did are not counted.
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
