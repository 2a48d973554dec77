//! Attempts: starting them in turn, hearing of them, ending them, trying again.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::faults::Fault;
use super::machine::Engine;
use super::machine::KillReason;
use super::machine::Ready;
use super::model::Attempt;
use super::model::Backoff;
use super::model::Change;
use super::model::Effect;
use super::model::InstanceKey;
use super::model::InstanceOrder;
use super::model::Origin;
use super::model::Outcome;
use super::model::REMOVED;
use super::model::Status;
use super::model::Step;
use super::model::Stop;
use super::model::Unit;
use super::timers::Timer;

/// What is said of an attempt that ends with its runner.
const DRAINED: &str = "the runner was stopped";

impl Engine {
    /// Puts an instance among those that only need a place.
    pub(super) fn make_ready(&mut self, key: &InstanceKey) {
        let ready = self.ready_key(key);
        self.ready
            .entry(key.object.clone())
            .or_default()
            .insert(ready);
        self.queue(&key.object);
    }

    /// Takes an instance from there.
    pub(super) fn unready(&mut self, key: &InstanceKey) {
        let id = self.ready_key(key);
        if let Some(ready) = self.ready.get_mut(&key.object) {
            ready.remove(&id);
            if ready.is_empty() {
                self.ready.remove(&key.object);
                self.unqueue(&key.object);
            }
        }
    }

    /// What is back-filled comes after the rest; then the order of the unit counts.
    fn ready_key(&self, key: &InstanceKey) -> Ready {
        let newest_first = self
            .unit(&key.object)
            .is_some_and(|unit| unit.instance_order == InstanceOrder::NewestFirst);
        let backfill = self
            .live
            .get(key)
            .is_some_and(|instance| instance.origin == Origin::Backfill);
        let start = key.interval.start.as_microsecond();
        let order = if newest_first { -start } else { start };
        (backfill, order, key.clone())
    }

    /// Starts what is ready while there are places. Units take turns, each with the first of its instances.
    pub(super) fn dispatch(&mut self, now: Timestamp, step: &mut Step) {
        while !self.draining
            && let Some(address) = self.next_turn()
        {
            let first = self.ready.get_mut(&address).and_then(BTreeSet::pop_first);
            if let Some((_, _, key)) = first {
                self.start(&key, now, step);
            }
            self.had_turn(&address);
            self.queue(&address);
        }
    }

    fn start(&mut self, key: &InstanceKey, now: Timestamp, step: &mut Step) {
        let serial = self.definition.serial;
        let Some(instance) = self.live.get_mut(key) else {
            return;
        };
        instance.attempts += 1;
        instance.status = Status::Running;
        instance.not_before = None;
        instance.running_since = Some(now);
        instance.heard_at = None;
        instance.started_at.get_or_insert(now);
        let definition = *instance.definition.get_or_insert(serial);
        let instance = instance.clone();
        self.take_place(&key.object);
        self.watch_attempt(key);
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

    /// Sets the timers of an attempt that is under way.
    pub(super) fn watch_attempt(&mut self, key: &InstanceKey) {
        let Some((instance, unit)) = self.live.get(key).zip(self.unit(&key.object)) else {
            return;
        };
        let Some(since) = instance.running_since else {
            return;
        };
        let heard = instance.heard_at.unwrap_or(since);
        let silence = heard.checked_add(unit.report_progress_timeout).ok();
        let timeout = unit
            .attempt_timeout
            .and_then(|timeout| since.checked_add(timeout).ok());
        if let Some(at) = silence {
            self.timers.set(key, Timer::Silence, at);
        }
        if let Some(at) = timeout.filter(|_| !self.killed.contains_key(key)) {
            self.timers.set(key, Timer::Timeout, at);
        }
    }

    /// An attempt says that it goes on. One that was superseded is not listened to.
    pub(super) fn heard(
        &mut self,
        key: &InstanceKey,
        number: u32,
        now: Timestamp,
        step: &mut Step,
    ) {
        let Some(instance) = self.live.get_mut(key) else {
            return;
        };
        if instance.status != Status::Running || instance.attempts != number {
            return;
        }
        instance.heard_at = Some(now);
        step.changes.push(Change::Instance(instance.clone()));
        self.watch_attempt(key);
    }

    /// Nothing was heard of an attempt for too long: it is taken for failed. What it still reports is refused.
    pub(super) fn lost_sight(&mut self, key: &InstanceKey, now: Timestamp, step: &mut Step) {
        let timeout = self
            .unit(&key.object)
            .map_or(SignedDuration::ZERO, |unit| unit.report_progress_timeout);
        let Some(number) = self.live.get(key).map(|instance| instance.attempts) else {
            return;
        };
        let error = format!("nothing was heard of it for {timeout:#}");
        step.effects.push(Effect::Kill {
            key: key.clone(),
            number,
            reason: error.clone(),
            timed_out: false,
        });
        self.attempt_ended(key, number, &Outcome::Failed(error), now, step);
    }

    /// Tells an attempt to stop; what becomes of the instance is decided when it has. One whose time is over is told again when it is to
    /// stop for another reason, since somebody waits for its end then.
    pub(super) fn kill(&mut self, key: &InstanceKey, reason: KillReason, step: &mut Step) {
        let Some(instance) = self.live.get(key) else {
            return;
        };
        // What somebody has decided stands, whatever else stops it.
        if self.killed.get(key) == Some(&KillReason::Decision) {
            return;
        }
        let why = match reason {
            KillReason::Timeout => self.out_of_time(key),
            KillReason::Decision => instance.reason.clone().unwrap_or_default(),
            KillReason::Drain => DRAINED.to_owned(),
        };
        step.effects.push(Effect::Kill {
            key: key.clone(),
            number: instance.attempts,
            reason: why,
            timed_out: reason == KillReason::Timeout,
        });
        self.killed.insert(key.clone(), reason);
        // It is not told again.
        self.timers.clear(key, Timer::Timeout);
    }

    /// Stops the attempt of a running instance, and keeps what it comes to.
    pub(super) fn stop(
        &mut self,
        key: &InstanceKey,
        decision: Stop,
        reason: &str,
        step: &mut Step,
    ) {
        let Some(instance) = self.live.get_mut(key) else {
            return;
        };
        instance.stop = Some(decision);
        instance.reason = Some(reason.to_owned());
        step.changes.push(Change::Instance(instance.clone()));
        self.kill(key, KillReason::Decision, step);
    }

    /// Gives up an instance.
    pub(super) fn cancel(
        &mut self,
        key: &InstanceKey,
        reason: &str,
        now: Timestamp,
        step: &mut Step,
    ) {
        let status = self.live.get(key).map(|instance| instance.status);
        match status {
            Some(Status::Running) => self.stop(key, Stop::Cancel, reason, step),
            Some(status) if !status.is_unsuccessful() => {
                self.end(key, Status::Canceled, Some(reason.to_owned()), now, step);
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
        let takes_late = self.has(Fault::TakesLateReports);
        let Some(instance) = self.live.get_mut(key) else {
            return;
        };
        let superseded = instance.attempts != number && !takes_late;
        if instance.status != Status::Running || superseded {
            return;
        }
        let started_at = instance.running_since.take().unwrap_or(now);
        instance.heard_at = None;
        let decision = instance.stop.map(|stop| (stop, instance.reason.clone()));
        for timer in Timer::OF_STATUS {
            self.timers.clear(key, timer);
        }
        let killed = self.killed.remove(key);
        self.free_place(&key.object);
        let (status, error) = match &decision {
            Some((_, reason)) if *outcome != Outcome::Finished => {
                (Status::Canceled, reason.clone())
            }
            _ => self.verdict(key, outcome, killed),
        };
        step.changes.push(Change::Attempt(Attempt {
            instance: key.clone(),
            number,
            status,
            started_at,
            ended_at: Some(now),
            error: error.clone(),
            fence: self.limits.fence,
        }));
        let runner_ended = status == Status::Canceled || *outcome == Outcome::Lost;
        let is_there = self.unit(&key.object).is_some();
        match decision {
            // It has read what is run again, also if it has finished meanwhile.
            Some((Stop::Restart, _)) if is_there => self.restart(key, false, now, step),
            Some((Stop::RestartAsWas, _)) if is_there => self.restart(key, true, now, step),
            _ if status == Status::Finished => self.end(key, Status::Finished, None, now, step),
            Some((Stop::Cancel, reason)) => self.end(key, Status::Canceled, reason, now, step),
            Some((Stop::Finish, reason)) => self.end(key, Status::Finished, reason, now, step),
            // The attempt ended with its runner: it is made again, and does not count as a failure.
            None if runner_ended && is_there => self.again(key, error, None, step),
            None | Some(_) if runner_ended => {
                let reason = Some(REMOVED.to_owned());
                self.end(key, Status::Canceled, reason, now, step);
            }
            None | Some(_)
                if matches!(outcome, Outcome::ForGood(_)) && status == Status::Failed =>
            {
                self.end(key, Status::Failed, error, now, step);
            }
            None | Some(_) => self.failed(key, error, now, step),
        }
    }

    /// The status and error of an attempt that has ended by itself, with its runner, or by its time-out.
    fn verdict(
        &self,
        key: &InstanceKey,
        outcome: &Outcome,
        killed: Option<KillReason>,
    ) -> (Status, Option<String>) {
        match (outcome, killed) {
            (Outcome::Finished, _) => (Status::Finished, None),
            (Outcome::Lost, _) => (
                Status::Failed,
                Some("the runner ended before the attempt did".to_owned()),
            ),
            (
                Outcome::Killed | Outcome::Failed(_) | Outcome::ForGood(_),
                Some(KillReason::Timeout),
            ) => (Status::TimedOut, Some(self.out_of_time(key))),
            (Outcome::Killed, _)
            | (Outcome::Failed(_) | Outcome::ForGood(_), Some(KillReason::Drain)) => {
                (Status::Canceled, Some(DRAINED.to_owned()))
            }
            (Outcome::Failed(error) | Outcome::ForGood(error), _) => {
                (Status::Failed, Some(error.clone()))
            }
        }
    }

    /// What is said of an attempt whose time was over.
    fn out_of_time(&self, key: &InstanceKey) -> String {
        let timeout = self
            .unit(&key.object)
            .and_then(|unit| unit.attempt_timeout)
            .unwrap_or_default();
        format!("stopped after its `attempt_timeout` of {timeout:#}")
    }

    fn failed(
        &mut self,
        key: &InstanceKey,
        error: Option<String>,
        now: Timestamp,
        step: &mut Step,
    ) {
        let Some(instance) = self.live.get_mut(key) else {
            return;
        };
        instance.failures += 1;
        let failures = instance.failures;
        let retry = self
            .unit(&key.object)
            .filter(|unit| failures <= unit.max_retries)
            .map(|unit| pause(unit, key, failures));
        match retry {
            Some(pause) => {
                let at = now.checked_add(pause).unwrap_or(now);
                self.again(key, error, Some(at), step);
            }
            None => self.end(key, Status::Failed, error, now, step),
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
            Some(at) => self.timers.set(key, Timer::Retry, at),
            None => self.make_ready(key),
        }
    }
}

/// The pause before the attempt after so many failures.
fn pause(unit: &Unit, key: &InstanceKey, failures: u32) -> SignedDuration {
    let doublings = match unit.backoff {
        Backoff::Exponential => failures.saturating_sub(1).min(30),
        Backoff::Constant => 0,
    };
    let longest = unit.max_retry_delay.max(unit.retry_delay);
    let pause = unit
        .retry_delay
        .checked_mul(1_i32 << doublings)
        .map_or(longest, |pause| pause.min(longest));
    if !unit.retry_jitter {
        return pause;
    }
    // In whole milliseconds, so that it is kept as it is; the same for the same attempt, so that the engine stays pure.
    let quarter = u64::try_from(pause.as_millis() / 4).unwrap_or(0);
    let extra = scatter(key, failures) % (quarter + 1);
    let extra = SignedDuration::from_millis(i64::try_from(extra).unwrap_or(0));
    pause.checked_add(extra).unwrap_or(pause)
}

/// A number that follows from an attempt and differs from those of all others (FNV-1a, mixed once more).
fn scatter(key: &InstanceKey, failures: u32) -> u64 {
    let start = key.interval.start.as_microsecond();
    let bytes = key
        .object
        .as_str()
        .bytes()
        .chain(start.to_le_bytes())
        .chain(failures.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 29)
}
