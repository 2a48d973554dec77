//! How long the runs take that a plan starts, and when they are done: as long as the last ones took.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::Unit as Rounded;
use serde::Serialize;

use super::counting::UnitRuns;
use super::effects::ActivityEffect;
use super::effects::Effects;
use crate::engine::Unit;
use crate::objects::Address;

/// How long runs of an activity take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Past {
    /// The median of the last that finished, in seconds. `None`: none has, or the plan starts none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takes: Option<f64>,
    /// When all are done that the plan starts, if they begin at the moment of the plan and take as long (UTC, to the minute).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done_by: Option<Timestamp>,
    /// How many of its attempts may run at once.
    #[serde(skip)]
    pub at_once: u32,
    /// How many of its runs have finished.
    #[serde(skip)]
    pub finished: u64,
}

impl Past {
    pub(super) fn of(unit: Option<&Unit>, recorded: &UnitRuns) -> Self {
        Self {
            takes: None,
            done_by: None,
            at_once: unit.map_or(1, |unit| unit.max_active_instances),
            finished: recorded.finished,
        }
    }
}

/// How many attempts of an activity its pool has room for. `None`: it is in none.
pub(super) fn room_in_pool(unit: &Unit, pools: &BTreeMap<Address, u32>) -> Option<u32> {
    let share = unit.pool.as_ref()?;
    let slots = *pools.get(&share.pool)?;
    Some((slots / share.slots.clamp(1, slots.max(1))).max(1))
}

impl Effects {
    /// The activities that it back-fills, and that have a past to tell how long that takes.
    pub fn with_past(&self) -> impl Iterator<Item = &Address> {
        let pipelines = self.pipelines.iter();
        let activities = pipelines.flat_map(|pipeline| &pipeline.activities);
        activities
            .filter(|activity| activity.counts.backfill > 0 && activity.past.finished > 0)
            .map(|activity| &activity.address)
    }

    /// Says how long runs take, and when they are done that begin now. `durations`: by activity, in seconds.
    pub fn estimate(&mut self, durations: &BTreeMap<Address, f64>, now: Timestamp) {
        let pipelines = self.pipelines.iter_mut();
        for activity in pipelines.flat_map(|pipeline| &mut pipeline.activities) {
            let takes = durations.get(&activity.address).copied();
            activity.past.takes = takes;
            activity.past.done_by = takes.and_then(|seconds| activity.done_by(seconds, now));
        }
    }
}

impl ActivityEffect {
    /// How long all runs take that it back-fills, in seconds, if each takes so long and as many are under way at once as may be.
    pub fn lasts(&self, seconds: f64) -> f64 {
        let at_once = u64::from(self.past.at_once.max(1));
        #[expect(clippy::cast_precision_loss, reason = "an estimate, said in two units")]
        let rounds = self.counts.backfill.div_ceil(at_once) as f64;
        rounds * seconds
    }

    /// When these are done if they begin now, to the minute.
    fn done_by(&self, seconds: f64, now: Timestamp) -> Option<Timestamp> {
        let lasts = SignedDuration::try_from_secs_f64(self.lasts(seconds)).ok()?;
        now.checked_add(lasts).ok()?.round(Rounded::Minute).ok()
    }
}
