//! Whether an instance can go on: its dependencies, then its preconditions, then a place.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::alignment::Standing;
use super::machine::Engine;
use super::model::Change;
use super::model::CheckResult;
use super::model::Effect;
use super::model::Instance;
use super::model::InstanceKey;
use super::model::Status;
use super::model::Step;
use super::model::Unit;
use super::model::UnitKind;
use super::timers::Timer;
use crate::objects::Address;
use crate::time::Interval;

impl Engine {
    /// Looks at a waiting instance and moves it on as far as it can go. Whether it changed (and was persisted).
    pub(super) fn look_at(&mut self, key: &InstanceKey, now: Timestamp, step: &mut Step) -> bool {
        let Some(instance) = self.live.get(key) else {
            return false;
        };
        if instance.status != Status::WaitingOnDependencies || self.checking.contains(key) {
            return false;
        }
        let Some(unit) = self.unit(&key.object) else {
            return false;
        };
        if !unit.active || self.draining {
            return false;
        }
        match self.dependencies(unit, key.interval) {
            Standing::Waiting => {
                self.clear_check(key);
                false
            }
            Standing::GivenUp(dependency) => {
                let reason = self.why_given_up(&dependency);
                self.end(key, Status::CascadeFailed, Some(reason), now, step);
                true
            }
            Standing::Settled if unit.preconditions.is_empty() => {
                self.pass(key, now, step);
                true
            }
            Standing::Settled => self.begin_check(key, now, step),
        }
    }

    /// Why what depends on an instance gives up: that instance is named in the zone of its schedule, as everywhere.
    fn why_given_up(&self, dependency: &InstanceKey) -> String {
        let InstanceKey { object, interval } = dependency;
        let schedule = self.unit(object).and_then(|unit| unit.schedule.as_ref());
        let timezone = schedule.map_or(TimeZone::UTC, |timeline| {
            timeline.schedule_of(*interval).timezone().clone()
        });
        format!("{object} for {} did not succeed", interval.name(&timezone))
    }

    /// An instance that nothing holds back any more: a data node is there, an activity may start.
    fn pass(&mut self, key: &InstanceKey, now: Timestamp, step: &mut Step) {
        self.clear_check(key);
        let is_node = self
            .unit(&key.object)
            .is_some_and(|unit| unit.kind == UnitKind::DataNode);
        if is_node {
            self.end(key, Status::Finished, None, now, step);
            return;
        }
        if let Some(instance) = self.live.get_mut(key) {
            instance.status = Status::WaitingForRunner;
            instance.not_before = None;
            instance.reason = None;
            step.changes.push(Change::Instance(instance.clone()));
        }
        self.make_ready(key);
    }

    /// Asks for a check of the preconditions, unless it is too early for the next one.
    fn begin_check(&mut self, key: &InstanceKey, now: Timestamp, step: &mut Step) -> bool {
        let Some(instance) = self.live.get_mut(key) else {
            return false;
        };
        if let Some(at) = instance.not_before
            && at > now
        {
            self.set_check(key, at);
            return false;
        }
        let first = instance.checking_since.is_none();
        instance.checking_since.get_or_insert(now);
        instance.started_at.get_or_insert(now);
        if first {
            step.changes.push(Change::Instance(instance.clone()));
        }
        self.clear_check(key);
        self.checking.insert(key.clone());
        step.effects.push(Effect::Check { key: key.clone() });
        first
    }

    /// When a waiting instance is looked at next. After a check that could not be made that is a retry.
    pub(super) fn set_check(&mut self, key: &InstanceKey, at: Timestamp) {
        self.clear_check(key);
        let failed = self
            .live
            .get(key)
            .is_some_and(|instance| instance.failures > 0);
        let timer = if failed { Timer::Recheck } else { Timer::Check };
        self.timers.set(key, timer, at);
    }

    fn clear_check(&mut self, key: &InstanceKey) {
        self.timers.clear(key, Timer::Check);
        self.timers.clear(key, Timer::Recheck);
    }

    /// Takes what a check has found.
    pub(super) fn checked(
        &mut self,
        key: &InstanceKey,
        result: CheckResult,
        now: Timestamp,
        step: &mut Step,
    ) {
        if !self.checking.remove(key) {
            return;
        }
        if self.stale_checks.remove(key) {
            self.look_at(key, now, step);
            return;
        }
        let Some(unit) = self.unit(&key.object) else {
            return;
        };
        let interval = unit.precondition_interval;
        let (retries, retry_delay) = (unit.check_retries, unit.check_retry_delay);
        let timeout = unit.precondition_timeout;
        let unblocked = self.is_unblocked(unit, key.interval);
        let Some(instance) = self.live.get_mut(key) else {
            return;
        };
        let (reason, pause) = match result {
            CheckResult::True => {
                instance.failures = 0;
                // An apply may have given it more to wait for while it was checked.
                if unblocked {
                    self.pass(key, now, step);
                } else {
                    self.look_at(key, now, step);
                }
                return;
            }
            CheckResult::False(reason) => {
                instance.failures = 0;
                (reason, interval)
            }
            CheckResult::Error(error) => {
                instance.failures += 1;
                if instance.failures > retries {
                    let reason = format!("its preconditions cannot be checked: {error}");
                    self.end(key, Status::Failed, Some(reason), now, step);
                    return;
                }
                let tries = retries.saturating_add(1);
                let reason = format!(
                    "a check that could not be made, try {} of {tries}: {error}",
                    instance.failures
                );
                (reason, retry_delay)
            }
        };
        let give_up = timeout
            .zip(instance.checking_since)
            .and_then(|(timeout, since)| since.checked_add(timeout).ok());
        if let (Some(give_up), Some(timeout)) = (give_up, timeout)
            && give_up <= now
        {
            let reason = format!("its preconditions did not hold within {timeout:#}: {reason}");
            self.end(key, Status::Failed, Some(reason), now, step);
            return;
        }
        // The last check is at the end of that time.
        let next = now.checked_add(pause).unwrap_or(now);
        let at = give_up.map_or(next, |give_up| next.min(give_up));
        instance.reason = Some(reason);
        instance.not_before = Some(at);
        step.changes.push(Change::Instance(instance.clone()));
        self.set_check(key, at);
    }

    /// Whether everything that an interval of a unit depends on has finished.
    pub(super) fn is_unblocked(&self, unit: &Unit, interval: Interval) -> bool {
        self.dependencies(unit, interval) == Standing::Settled
    }

    pub(super) fn dependencies(&self, unit: &Unit, interval: Interval) -> Standing {
        let mut all = Standing::Settled;
        for edge in &unit.dependencies {
            match self.standing(unit, edge, interval) {
                Standing::Settled => {}
                Standing::Waiting => all = Standing::Waiting,
                given_up @ Standing::GivenUp(_) => return given_up,
            }
        }
        all
    }

    /// The unfinished instances of an object that may overlap an interval, oldest first: few more than those that do.
    pub(super) fn live_near<'a>(
        &'a self,
        object: &Address,
        interval: Interval,
    ) -> impl Iterator<Item = &'a Instance> + use<'a> {
        let key = |start, end| InstanceKey {
            object: object.clone(),
            interval: Interval { start, end },
        };
        // Intervals of one object overlap only around a change of its schedule, so that the one that starts before is
        // the last of those that can reach into this one.
        let from = self
            .live
            .range(key(Timestamp::MIN, Timestamp::MIN)..key(interval.start, Timestamp::MIN))
            .next_back()
            .map_or_else(
                || key(interval.start, Timestamp::MIN),
                |(key, _)| key.clone(),
            );
        let to = key(interval.end, Timestamp::MAX);
        self.live.range(from..=to).map(|(_, instance)| instance)
    }
}
