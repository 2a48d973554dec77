//! How many runs a plan starts, gives up, holds and lets go on.

use serde::Serialize;

/// Numbers of runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Ended, and run again because that was asked for.
    #[serde(skip_serializing_if = "is_none")]
    pub rerun: u64,
    /// Due now because of the plan.
    pub backfill: u64,
    /// Due now, with or without the plan.
    pub due: u64,
    /// Due, not yet made, and never made because of the plan: their activity goes, or `catch_up` passes over them.
    pub dropped: u64,
    /// Due, not yet made, and never made with or without the plan, because `catch_up` passes over them.
    #[serde(skip_serializing_if = "is_none")]
    pub passed_over: u64,
    /// Waiting, and canceled because their activity goes.
    pub canceled: u64,
    /// Waiting or due, and held because their activity is deactivated.
    pub held: u64,
    /// Under way, and going on with the definition they started with although that changes.
    pub in_flight: u64,
    /// Under way, and canceled: because that was asked for, or since their activity goes and there is no runner that brings them to their
    /// end.
    #[serde(skip_serializing_if = "is_none")]
    pub stopped: u64,
    /// Under way, stopped, and started again with the new definition because that was asked for.
    #[serde(skip_serializing_if = "is_none")]
    pub restarted: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_none(number: &u64) -> bool {
    *number == 0
}

impl Totals {
    pub(super) fn add(&mut self, other: Self) {
        self.backfill += other.backfill;
        self.due += other.due;
        self.dropped += other.dropped;
        self.passed_over += other.passed_over;
        self.canceled += other.canceled;
        self.held += other.held;
        self.in_flight += other.in_flight;
        self.stopped += other.stopped;
    }
}
