//! What an observer of a run is told.

use std::sync::Arc;

use jiff::Timestamp;

use super::SerialDefinition;
use crate::engine::InstanceKey;
use crate::engine::Status;
use crate::exec::Moved;
use crate::objects::Address;

/// Something that happened in a run, after it was committed.
#[derive(Clone, Debug)]
pub enum Notice {
    /// An attempt has started.
    Started {
        /// The instance.
        key: InstanceKey,
        /// The number of the attempt.
        attempt: u32,
    },
    /// An attempt has moved data.
    Progress {
        /// The instance.
        key: InstanceKey,
        /// What it has moved so far.
        moved: Moved,
    },
    /// What an attempt does now, where it moves no data itself.
    Says {
        /// The instance.
        key: InstanceKey,
        /// What it does: "step 1 of 2 `report` is RUNNING".
        text: Arc<str>,
    },
    /// An attempt has failed and will be made again.
    Retrying {
        /// The instance.
        key: InstanceKey,
        /// The number of the attempt that failed.
        attempt: u32,
        /// Why.
        error: String,
        /// When the next one may start.
        at: Timestamp,
    },
    /// An attempt was stopped: somebody has decided so.
    Stopped {
        /// The instance.
        key: InstanceKey,
        /// The number of the attempt.
        attempt: u32,
        /// Why.
        reason: String,
    },
    /// An activity's instance has come to its end.
    Ended {
        /// The instance.
        key: InstanceKey,
        /// Its final status.
        status: Status,
        /// How often it was tried.
        attempts: u32,
        /// Why, if it did not finish.
        reason: Option<String>,
        /// When its last attempt started, if it had one.
        started_at: Option<Timestamp>,
        /// When it ended.
        ended_at: Timestamp,
        /// What its last attempt has moved, if it has finished and was to move data.
        moved: Option<Moved>,
    },
    /// A precondition does not hold yet.
    NotYet {
        /// The instance.
        key: InstanceKey,
        /// What is missing.
        reason: String,
    },
    /// An instance is late.
    Late {
        /// The instance.
        key: InstanceKey,
        /// Why.
        reason: String,
    },
    /// An action has been done.
    Acted {
        /// The action.
        action: Address,
        /// The instance it served.
        key: InstanceKey,
        /// Why it failed, if it did.
        error: Option<String>,
    },
    /// Something the operator should know.
    Warning(String),
}

/// Is told what happens, on the thread of the driver: it must not block.
pub trait Observer {
    /// Something happened.
    fn notice(&mut self, notice: &Notice);

    /// What will be told of is in this definition.
    fn defined(&mut self, _definition: &Arc<SerialDefinition>) {}
}
