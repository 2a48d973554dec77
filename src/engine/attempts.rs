//! Attempts: starting them in turn, ending them, trying again.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::machine::Engine;
use super::machine::KillReason;
use super::machine::Timer;
use super::model::Attempt;
use super::model::Change;
use super::model::Effect;
use super::model::InstanceKey;
use super::model::Outcome;
use super::model::Status;
use super::model::Step;
use super::model::Unit;
use crate::objects::Address;

impl Engine {
    /// Puts an instance among those that only need a place.
    pub(super) fn make_ready(&mut self, key: &InstanceKey) {
        self.ready
            .entry(key.object.clone())
            .or_default()
            .insert(key.clone());
        self.queue(&key.object);
    }

    /// Takes an instance from there.
    pub(super) fn unready(&mut self, key: &InstanceKey) {
        if let Some(ready) = self.ready.get_mut(&key.object) {
            ready.remove(key);
            if ready.is_empty() {
                self.ready.remove(&key.object);
                self.unqueue(&key.object);
            }
        }
    }

    /// Gives a unit its turn if it has something to start and a place for it.
    fn queue(&mut self, address: &Address) {
        let Some(unit) = self.unit(address).filter(|unit| unit.active) else {
            return;
        };
        let running = self.running.get(address).copied().unwrap_or(0);
        let has_place = running < usize::try_from(unit.max_active_instances).unwrap_or(usize::MAX);
        if has_place
            && self
                .ready
                .get(address)
                .is_some_and(|ready| !ready.is_empty())
        {
            let turn = self.last_turn.get(address).copied().unwrap_or(0);
            self.turns.insert((turn, address.clone()));
        }
    }

    fn unqueue(&mut self, address: &Address) {
        let turn = self.last_turn.get(address).copied().unwrap_or(0);
        self.turns.remove(&(turn, address.clone()));
    }

    /// Starts what is ready while there are places. Units take turns, each with its oldest instance.
    pub(super) fn dispatch(&mut self, now: Timestamp, step: &mut Step) {
        while !self.draining
            && self.running_total < self.limits.parallelism
            && let Some((_, address)) = self.turns.pop_first()
        {
            self.turn += 1;
            self.last_turn.insert(address.clone(), self.turn);
            let key = self.ready.get_mut(&address).and_then(BTreeSet::pop_first);
            if let Some(key) = key {
                self.start(&key, now, step);
            }
            self.queue(&address);
        }
    }

    fn start(&mut self, key: &InstanceKey, now: Timestamp, step: &mut Step) {
        let serial = self.definition.serial;
        let timeout = self.unit(&key.object).and_then(|unit| unit.attempt_timeout);
        let Some(instance) = self.live.get_mut(key) else {
            return;
        };
        instance.attempts += 1;
        instance.status = Status::Running;
        instance.not_before = None;
        instance.running_since = Some(now);
        instance.started_at.get_or_insert(now);
        let definition = *instance.definition.get_or_insert(serial);
        let instance = instance.clone();
        *self.running.entry(key.object.clone()).or_default() += 1;
        self.running_total += 1;
        if let Some(at) = timeout.and_then(|timeout| now.checked_add(timeout).ok()) {
            self.set_timer(key, at, Timer::Timeout);
        }
        step.changes.push(Change::Attempt(Attempt {
            instance: key.clone(),
            number: instance.attempts,
            status: Status::Running,
            started_at: now,
            ended_at: None,
            error: None,
            fence: self.limits.fence,
        }));
        step.effects.push(Effect::Start {
            key: key.clone(),
            number: instance.attempts,
            definition,
        });
        step.changes.push(Change::Instance(instance));
    }

    /// Tells an attempt to stop; what becomes of the instance is decided when it has.
    pub(super) fn kill(&mut self, key: &InstanceKey, reason: KillReason, step: &mut Step) {
        let Some(instance) = self.live.get(key) else {
            return;
        };
        match self.killed.get(key) {
            None => step.effects.push(Effect::Kill {
                key: key.clone(),
                number: instance.attempts,
            }),
            // What an operator gave up is not tried again, whatever else stops it.
            Some(KillReason::Cancel) => return,
            Some(_) => {}
        }
        self.killed.insert(key.clone(), reason);
    }

    /// Gives up an instance.
    pub(super) fn cancel(&mut self, key: &InstanceKey, now: Timestamp, step: &mut Step) {
        let status = self.live.get(key).map(|instance| instance.status);
        match status {
            Some(Status::Running) => self.kill(key, KillReason::Cancel, step),
            Some(status) if !status.is_unsuccessful() => {
                let reason = Some("canceled by an operator".to_owned());
                self.end(key, Status::Canceled, reason, now, step);
            }
            _ => {}
        }
    }

    /// Takes the end of an attempt. A report about an attempt that is not under way changes nothing.
    pub(super) fn attempt_ended(
        &mut self,
        key: &InstanceKey,
        number: u32,
        outcome: &Outcome,
        now: Timestamp,
        step: &mut Step,
    ) {
        let Some(instance) = self.live.get_mut(key) else {
            return;
        };
        if instance.status != Status::Running || instance.attempts != number {
            return;
        }
        let started_at = instance.running_since.take().unwrap_or(now);
        self.clear_timer(key);
        let killed = self.killed.remove(key);
        self.free_place(&key.object);
        let (status, error) = self.verdict(key, outcome, killed);
        step.changes.push(Change::Attempt(Attempt {
            instance: key.clone(),
            number,
            status,
            started_at,
            ended_at: Some(now),
            error: error.clone(),
            fence: self.limits.fence,
        }));
        match (status, outcome, killed) {
            (Status::Finished, _, _) => self.end(key, Status::Finished, None, now, step),
            (Status::Canceled, _, Some(KillReason::Cancel)) => {
                let reason = Some("canceled by an operator".to_owned());
                self.end(key, Status::Canceled, reason, now, step);
            }
            // The attempt ended with its runner: it is made again, and does not count as a failure.
            (Status::Canceled, _, _) | (_, Outcome::Lost, _)
                if self.unit(&key.object).is_some() =>
            {
                self.again(key, error, None, step);
            }
            (Status::Canceled, _, _) | (_, Outcome::Lost, _) => {
                let reason = Some("its definition was removed".to_owned());
                self.end(key, Status::Canceled, reason, now, step);
            }
            _ => self.failed(key, error, now, step),
        }
    }

    /// The status and error of an attempt that has ended.
    fn verdict(
        &self,
        key: &InstanceKey,
        outcome: &Outcome,
        killed: Option<KillReason>,
    ) -> (Status, Option<String>) {
        match (outcome, killed) {
            (Outcome::Finished, _) => (Status::Finished, None),
            (_, Some(KillReason::Cancel)) => {
                (Status::Canceled, Some("canceled by an operator".to_owned()))
            }
            (Outcome::Lost, _) => (
                Status::Failed,
                Some("the runner ended before the attempt did".to_owned()),
            ),
            (Outcome::Killed | Outcome::Failed(_), Some(KillReason::Timeout)) => {
                let timeout = self
                    .unit(&key.object)
                    .and_then(|unit| unit.attempt_timeout)
                    .unwrap_or_default();
                (
                    Status::TimedOut,
                    Some(format!(
                        "stopped after its `attempt_timeout` of {timeout:#}"
                    )),
                )
            }
            (Outcome::Killed, _) | (Outcome::Failed(_), Some(KillReason::Drain)) => {
                (Status::Canceled, Some("the runner was stopped".to_owned()))
            }
            (Outcome::Failed(error), None) => (Status::Failed, Some(error.clone())),
        }
    }

    fn failed(
        &mut self,
        key: &InstanceKey,
        error: Option<String>,
        now: Timestamp,
        step: &mut Step,
    ) {
        let retry = self
            .unit(&key.object)
            .map(|unit| (unit.max_retries, unit.retry_delay, unit.retry_delay_max));
        let Some(instance) = self.live.get_mut(key) else {
            return;
        };
        instance.failures += 1;
        let failures = instance.failures;
        match retry {
            Some((max_retries, delay, longest)) if failures <= max_retries => {
                let pause = backoff(delay, longest, failures);
                let at = now.checked_add(pause).unwrap_or(now);
                self.again(key, error, Some(at), step);
            }
            _ => self.end(key, Status::Failed, error, now, step),
        }
    }

    /// Waits for the next attempt.
    fn again(
        &mut self,
        key: &InstanceKey,
        reason: Option<String>,
        at: Option<Timestamp>,
        step: &mut Step,
    ) {
        let Some(instance) = self.live.get_mut(key) else {
            return;
        };
        instance.status = Status::WaitingForRunner;
        instance.reason = reason;
        instance.not_before = at;
        step.changes.push(Change::Instance(instance.clone()));
        match at {
            Some(at) => self.set_timer(key, at, Timer::Retry),
            None => self.make_ready(key),
        }
    }

    fn free_place(&mut self, address: &Address) {
        if let Some(running) = self.running.get_mut(address) {
            *running = running.saturating_sub(1);
        }
        self.running_total = self.running_total.saturating_sub(1);
        self.queue(address);
    }

    /// Why a ready instance of a unit has no place, if it has none.
    pub(super) fn is_full(&self, unit: &Unit) -> bool {
        let running = self.running.get(&unit.address).copied().unwrap_or(0);
        running >= usize::try_from(unit.max_active_instances).unwrap_or(usize::MAX)
            || self.running_total >= self.limits.parallelism
    }
}

/// The pause before the attempt after so many failures: it doubles each time, up to the longest.
fn backoff(delay: SignedDuration, longest: SignedDuration, failures: u32) -> SignedDuration {
    let doublings = failures.saturating_sub(1).min(30);
    delay
        .checked_mul(1_i32 << doublings)
        .map_or(longest, |pause| pause.min(longest.max(delay)))
}
