//! What becomes of instances that are under way when a change is applied, and how that changes the effects of a plan.

use serde::Deserialize;
use serde::Serialize;

use super::effects::Effects;
use crate::objects::Address;

/// What becomes of instances that are under way while the definition of their activity changes or goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InFlight {
    /// They go on with the definition that they started with.
    #[default]
    Finish,
    /// They are canceled.
    Cancel,
    /// They are stopped, and start again with the new definition. Those of an activity that goes are canceled.
    Restart,
}

impl InFlight {
    /// Whether they go on, as they do if nobody says otherwise.
    pub fn is_finish(&self) -> bool {
        *self == Self::Finish
    }
}

impl Effects {
    /// Says what becomes of instances that are under way. `stays`: whether an activity is there after the apply.
    pub fn decide_in_flight(&mut self, how: InFlight, stays: impl Fn(&Address) -> bool) {
        if how.is_finish() {
            return;
        }
        self.totals.stopped = 0;
        self.totals.restarted = 0;
        self.totals.in_flight = 0;
        for pipeline in &mut self.pipelines {
            pipeline.totals.in_flight = 0;
            pipeline.totals.stopped = 0;
            for activity in &mut pipeline.activities {
                let counts = &mut activity.counts;
                let number =
                    std::mem::take(&mut counts.in_flight) + std::mem::take(&mut counts.stopped);
                if how == InFlight::Restart && stays(&activity.address) {
                    counts.restarted = number;
                } else {
                    counts.stopped = number;
                }
                for totals in [&mut pipeline.totals, &mut self.totals] {
                    totals.stopped += counts.stopped;
                    totals.restarted += counts.restarted;
                }
            }
        }
        self.decide_clusters();
    }
}
