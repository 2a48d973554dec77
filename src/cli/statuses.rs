//! Which instances an operation is about, by how they stand: the same on the command line, in a case and in a plan.

use crate::engine::Status;

/// What waits, is held or runs: `cancel` gives it up.
pub(super) const OPEN: &[Status] = &[
    Status::WaitingOnDependencies,
    Status::WaitingForRunner,
    Status::Running,
    Status::Paused,
];

/// What waits: `pause` holds it.
pub(super) const WAITING: &[Status] = &[Status::WaitingOnDependencies, Status::WaitingForRunner];

/// What is held: `resume` lets it go on.
pub(super) const HELD: &[Status] = &[Status::Paused];

/// What has not finished, however it stands: `mark-finished` counts it as finished.
pub(super) const UNFINISHED: &[Status] = &[
    Status::WaitingOnDependencies,
    Status::WaitingForRunner,
    Status::Running,
    Status::Paused,
    Status::Failed,
    Status::CascadeFailed,
    Status::Canceled,
];

/// What has ended: `rerun` runs it again.
pub(super) const ENDED: &[Status] = &[
    Status::Finished,
    Status::Failed,
    Status::CascadeFailed,
    Status::Canceled,
];

/// What has failed, by itself or with what it depends on: `rerun --failed` runs it again.
pub(super) const FAILED: &[Status] = &[Status::Failed, Status::CascadeFailed];
