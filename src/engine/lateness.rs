//! Lateness: an instance that has not finished so long after it was due is late, once.
//!
//! Only what its schedule made due can be late. What was due before its activity was there, what is back-filled and what
//! runs again is so by the wish of somebody who knows; what is held by an operator is looked at when it goes on.

use jiff::Timestamp;

use super::machine::Engine;
use super::model::Change;
use super::model::Effect;
use super::model::Instance;
use super::model::InstanceKey;
use super::model::Origin;
use super::model::Status;
use super::model::Step;
use super::timers::Timer;

impl Engine {
    /// Sets the timer for the moment at which an instance that waits or runs will be late.
    pub(super) fn watch_lateness(&mut self, key: &InstanceKey) {
        let deadline = self
            .live
            .get(key)
            .and_then(|instance| self.deadline(instance));
        if let Some(deadline) = deadline {
            self.timers.set(key, Timer::Late, deadline);
        }
    }

    fn deadline(&self, instance: &Instance) -> Option<Timestamp> {
        let unit = self.unit(&instance.key.object)?;
        let due = unit.schedule.as_ref()?.due_at(instance.key.interval);
        let watched = instance.origin == Origin::Schedule
            && !instance.late
            && unit.active
            && is_open(instance.status)
            && unit.since.is_none_or(|since| due >= since);
        let deadline = due.checked_add(unit.late_after?).ok()?;
        watched.then_some(deadline)
    }

    /// An instance is late: its actions run, and it is given up if it is to be.
    pub(super) fn late(&mut self, key: &InstanceKey, now: Timestamp, step: &mut Step) {
        let Some(unit) = self.unit(&key.object) else {
            return;
        };
        let (actions, terminate) = (unit.on_late.clone(), unit.terminate_late.clone());
        let after = unit.late_after.unwrap_or_default();
        let reason = format!("it had not finished {after:#} after it was due");
        let Some(instance) = self.live.get_mut(key) else {
            return;
        };
        instance.late = true;
        let instance = instance.clone();
        step.changes.push(Change::Instance(instance.clone()));
        step.effects.push(Effect::Late {
            key: key.clone(),
            reason: reason.clone(),
        });
        for action in actions {
            step.effects.push(Effect::Act {
                action,
                instance: Box::new(Instance {
                    reason: Some(reason.clone()),
                    ..instance.clone()
                }),
            });
        }
        // What somebody has decided about the attempt under way stands.
        if !terminate.is_empty() && instance.stop.is_none() {
            for action in terminate {
                let key = key.clone();
                step.effects.push(Effect::GiveUp { action, key });
            }
            self.cancel(key, &format!("late: {reason}"), now, step);
        }
    }
}

/// Whether an instance waits or runs.
pub(super) const fn is_open(status: Status) -> bool {
    matches!(
        status,
        Status::WaitingOnDependencies | Status::WaitingForRunner | Status::Running
    )
}
