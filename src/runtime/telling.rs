//! What the observer is told of what was decided.
//!
//! Apart from `driver`, because it changes nothing: without an observer a run is the same.

use super::Notice;
use super::Runner;
use crate::engine::Attempt;
use crate::engine::Change;
use crate::engine::Effect;
use crate::engine::Status;
use crate::engine::UnitKind;

impl Runner<'_> {
    /// Tells of what was committed, causes first.
    pub(super) fn tell_all(&mut self, changes: &[Change], effects: &[Effect]) {
        for effect in effects {
            if let Effect::Late { key, reason } = effect {
                self.observer.notice(&Notice::Late {
                    key: key.clone(),
                    reason: reason.clone(),
                });
            }
        }
        for change in changes {
            self.tell(change);
        }
    }

    /// Tells of an attempt that was stopped, and not by the end of this runner.
    fn tell_attempt(&mut self, attempt: &Attempt) {
        if attempt.status == Status::Canceled && attempt.ended_at.is_some() && !self.stopping {
            self.observer.notice(&Notice::Stopped {
                key: attempt.instance.clone(),
                attempt: attempt.number,
                reason: attempt.error.clone().unwrap_or_default(),
            });
        }
    }

    /// Tells the observer what a change means.
    fn tell(&mut self, change: &Change) {
        let instance = match change {
            Change::Instance(instance) => instance,
            Change::Attempt(attempt) => return self.tell_attempt(attempt),
            _ => return,
        };
        let is_activity = self
            .engine
            .unit(&instance.key.object)
            .is_none_or(|unit| unit.kind == UnitKind::Activity);
        if let (Some(at), Status::WaitingForRunner | Status::WaitingOnDependencies) =
            (instance.not_before, instance.status)
            && is_activity
            && instance.attempts > 0
            && self
                .retrying
                .insert(instance.key.clone(), instance.attempts)
                != Some(instance.attempts)
        {
            self.observer.notice(&Notice::Retrying {
                key: instance.key.clone(),
                attempt: instance.attempts,
                error: instance.reason.clone().unwrap_or_default(),
                at,
            });
        }
        let Some(ended_at) = instance.ended_at else {
            return;
        };
        self.retrying.remove(&instance.key);
        let moved = self.moved.remove(&instance.key);
        let failed = matches!(
            instance.status,
            Status::Failed | Status::CascadeFailed | Status::Canceled
        );
        match instance.status {
            Status::Finished if is_activity => self.summary.finished += 1,
            Status::Failed => self.summary.failed += 1,
            Status::CascadeFailed if is_activity => self.summary.cascade_failed += 1,
            _ => {}
        }
        if is_activity || failed {
            self.observer.notice(&Notice::Ended {
                key: instance.key.clone(),
                status: instance.status,
                attempts: instance.attempts,
                reason: instance.reason.clone(),
                started_at: instance.started_at,
                ended_at,
                moved,
            });
        }
    }
}
