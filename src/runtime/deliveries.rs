//! Taking actions: each is owed from the commit that called for it until it has ended, is tried again when it fails, and is taken by
//! the next runner if this one does not live to.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::RuntimeError;
use super::definitions::SerialDefinition;
use super::driver::Runner;
use super::effects::BROKE_OFF;
use super::effects::COMMAND;
use super::effects::Promise;
use super::effects::tell_problem;
use super::logs;
use super::notice::Notice;
use super::preparing::Evaluation;
use super::reports::Report;
use crate::engine::Effect;
use crate::engine::Instance;
use crate::exec;
use crate::exec::Cancel;
use crate::exec::ExecError;
use crate::exec::assemble::ActionCall;
use crate::exec::secrets::Fetched;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::resolve::Try;
use crate::objects::settings;
use crate::store::ActionRun;
use crate::store::Delivery;
use crate::store::Tried;

/// The pause before the first retry; each further one is [`GROWTH`] times as long.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(1);
const GROWTH: i32 = 5;

/// The longest pause.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);

/// How an action ended once.
#[derive(Debug)]
pub(super) struct Acted {
    /// What was tried.
    pub(super) delivery: Delivery,
    /// What it came to.
    pub(super) end: End,
}

/// What an action came to.
#[derive(Debug)]
pub(super) enum End {
    /// It was taken.
    Done,
    /// It failed; it may be tried again so often in all.
    Failed(String, u32),
    /// The runner has stopped it: that is no try.
    Stopped,
}

/// The actions that effects ask for, taken out of them.
pub(super) fn called_for(effects: &mut Vec<Effect>, now: Timestamp) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    effects.retain(|effect| {
        let Effect::Act { action, instance } = effect else {
            return true;
        };
        deliveries.push(call(action.clone(), (**instance).clone(), now));
        false
    });
    deliveries
}

/// An action that is called for now.
pub(super) fn call(action: Address, instance: Instance, now: Timestamp) -> Delivery {
    Delivery {
        id: uuid::Uuid::new_v4().to_string(),
        action,
        instance,
        made_at: now,
        tries: 0,
        not_before: None,
        error: None,
    }
}

impl Runner<'_> {
    /// Takes what runners before this one have left owed.
    pub(super) fn take_owed(&mut self) -> Result<(), RuntimeError> {
        let now = self.clock.now();
        for delivery in self.store.owed()? {
            self.owe(delivery, now)?;
        }
        Ok(())
    }

    /// Takes one on: where its action keeps an order, after those that came before.
    pub(super) fn owe(&mut self, delivery: Delivery, now: Timestamp) -> Result<(), RuntimeError> {
        if keeps_order(&*self.definition_for(&delivery, now)?, &delivery) {
            self.deliveries.add_in_turn(delivery);
        } else {
            self.deliveries.add(delivery);
        }
        Ok(())
    }

    /// The definition that an action is of.
    fn definition_for(
        &mut self,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<Arc<SerialDefinition>, RuntimeError> {
        let serial = delivery.instance.definition.unwrap_or(self.log_serial());
        self.definition_of(&delivery.instance.key, serial, now)
    }

    /// Tries what may be tried by now and has a place.
    pub(super) fn deliver_due(&mut self, now: Timestamp) -> Result<(), RuntimeError> {
        while let Some(delivery) = self.deliveries.next_ready(now) {
            self.deliver(delivery, now)?;
        }
        Ok(())
    }

    /// Tries an action once. Its failure is told and changes nothing about its instance.
    fn deliver(&mut self, delivery: Delivery, now: Timestamp) -> Result<(), RuntimeError> {
        let (instance, action) = (&delivery.instance, delivery.action.clone());
        let definition = self.definition_for(&delivery, now)?;
        let retries = retries(&definition, &delivery);
        let evaluation = self.action_evaluation(definition, &delivery, now);
        let prepared = self.prepare(&evaluation, &Fetched::default());
        let cancel = Cancel::new();
        let key = instance.key.clone();
        self.deliveries.begin(&delivery, cancel.clone());
        let resumption = self.resumption(&cancel);
        let id = format!("{}:{action}", self.attempt_id(&key, 0));
        let context = self.context(&evaluation.log, cancel, id);
        let acted = move |end| {
            Report::Acted(Box::new(Acted {
                delivery: delivery.clone(),
                end,
            }))
        };
        let promise = Promise::new(&self.reports, acted(End::Failed(BROKE_OFF.to_owned(), 0)));
        let reports = self.reports.clone();
        self.tasks.spawn(async move {
            let end = match resumption.finish(evaluation, prepared).await {
                None => End::Stopped,
                Some(Err(failed)) => {
                    End::Failed(failed.error, if failed.passing { retries } else { 0 })
                }
                Some(Ok((work, log))) => {
                    let context = exec::Context { log, ..context };
                    let log = context.log.clone();
                    let cancel = context.cancel.clone();
                    let result = within(COMMAND, exec::run(work, context), &cancel).await;
                    tell_problem(&reports, &log);
                    match (result, cancel.reason()) {
                        (Ok(_), _) => End::Done,
                        (Err(ExecError::Cancelled), Some(over)) => {
                            End::Failed(over.to_owned(), retries)
                        }
                        (Err(ExecError::Cancelled), None) => End::Stopped,
                        (Err(ExecError::Failed(error)), _) => End::Failed(error, retries),
                        (Err(ExecError::ForGood(error)), _) => End::Failed(error, 0),
                    }
                }
            };
            promise.keep(acted(end));
        });
        Ok(())
    }

    fn action_evaluation(
        &self,
        definition: Arc<SerialDefinition>,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Evaluation<exec::Work> {
        let instance = &delivery.instance;
        let key = instance.key.clone();
        let of = Try {
            attempt: instance.attempts.max(1),
            actual_start: instance.started_at.unwrap_or(now),
        };
        let call = ActionCall {
            action: delivery.action.clone(),
            delivery: delivery.id.clone(),
            status: instance.status.as_str(),
            error: instance.reason.clone(),
            at: now,
        };
        let log = logs::log_directory(&self.options.logs, &key)
            .join(format!("{}.log", logs::safe(delivery.action.as_str())));
        Evaluation {
            definition,
            now,
            log,
            assemble: Box::new(move |assembler| assembler.action(&call, &key, of)),
            archive: None,
        }
    }

    /// Keeps what actions came to, and tells it.
    pub(super) fn acted(&mut self, acted: Vec<Acted>) -> Result<(), RuntimeError> {
        let now = self.clock.now();
        let (mut tries, mut notices) = (Vec::new(), Vec::new());
        for Acted { mut delivery, end } in acted {
            self.deliveries.end(&delivery.id);
            delivery.tries += 1;
            let error = match end {
                End::Stopped => continue, // it is still owed
                End::Done => None,
                End::Failed(error, retries) if delivery.tries <= retries => {
                    let pause = pause(delivery.tries);
                    let tries_in_all = retries + 1;
                    let number = delivery.tries;
                    let told =
                        format!("{error} (try {number} of {tries_in_all}; again in {pause:#})");
                    notices.push((
                        delivery.action.clone(),
                        delivery.instance.key.clone(),
                        Some(told),
                    ));
                    let at = now.checked_add(pause).unwrap_or(now);
                    delivery.error = Some(error);
                    delivery.not_before = Some(at);
                    self.deliveries.add(delivery.clone());
                    tries.push(Tried::Owed(Box::new(delivery)));
                    continue;
                }
                End::Failed(error, _) if delivery.tries > 1 => {
                    Some(format!("{error} (tried {} times)", delivery.tries))
                }
                End::Failed(error, _) => Some(error),
            };
            let (action, instance) = (delivery.action, delivery.instance.key);
            self.deliveries.end_turn(&action, &delivery.id);
            notices.push((action.clone(), instance.clone(), error.clone()));
            let run = ActionRun {
                action,
                instance,
                ended_at: now,
                error,
                owed: false,
            };
            tries.push(Tried::Ended {
                id: delivery.id,
                run,
            });
        }
        if !tries.is_empty() {
            self.store.record_tries(&self.lease, &tries)?;
        }
        for (action, key, error) in notices {
            self.observer.notice(&Notice::Acted { action, key, error });
        }
        Ok(())
    }
}

/// Whether what an action tells is taken in its order: by a topic whose name ends so.
fn keeps_order(definition: &SerialDefinition, delivery: &Delivery) -> bool {
    let topic = definition.objects.get(&delivery.action);
    let topic = topic.and_then(|action| action.get("topic"));
    matches!(topic, Some(Value::String(topic)) if topic.ends_with(".fifo"))
}

/// Waits for work, and stops it after some time.
async fn within<T>(limit: Duration, work: impl Future<Output = T>, cancel: &Cancel) -> T {
    let mut work = Box::pin(work);
    tokio::select! {
        ended = &mut work => ended,
        () = tokio::time::sleep(limit) => {
            let minutes = limit.as_secs() / 60;
            let over = format!("it took longer than {minutes} minutes, and was stopped");
            cancel.cancel_because(&over);
            work.await
        }
    }
}

/// How often an action may be tried again.
fn retries(definition: &SerialDefinition, delivery: &Delivery) -> u32 {
    let objects = &definition.objects;
    let said = objects
        .get(&delivery.action)
        .and_then(|action| settings::integer(objects, action, "retries"));
    said.and_then(|retries| u32::try_from(retries).ok())
        .unwrap_or(0)
}

/// The pause after so many tries.
fn pause(tries: u32) -> SignedDuration {
    let factor = GROWTH.checked_pow(tries.saturating_sub(1));
    factor
        .and_then(|factor| FIRST_PAUSE.checked_mul(factor))
        .map_or(LONGEST, |pause| pause.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_takes_too_long_is_stopped() {
        let cancel = Cancel::new();
        let soon = async { 7 };
        assert_eq!(within(Duration::from_mins(1), soon, &cancel).await, 7);
        assert!(!cancel.is_cancelled());
        let until_stopped = cancel.cancelled();
        within(Duration::from_millis(1), until_stopped, &cancel).await;
        let reason = "it took longer than 0 minutes, and was stopped";
        assert_eq!(cancel.reason(), Some(reason));
    }

    #[test]
    fn pauses_grow_and_have_an_end() {
        let seconds: Vec<i64> = (1..=6).map(|tries| pause(tries).as_secs()).collect();
        assert_eq!(seconds, [1, 5, 25, 125, 600, 600]);
        assert_eq!(pause(u32::MAX), LONGEST);
    }
}
