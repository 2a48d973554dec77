//! Taking actions: each is owed from the commit that called for it until it has ended, is tried again when it fails, and is taken by
//! the next runner if this one does not live to.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::RuntimeError;
use super::definitions::SerialDefinition;
use super::driver::Report;
use super::driver::Runner;
use super::effects::BROKE_OFF;
use super::effects::Promise;
use super::effects::tell_problem;
use super::logs;
use super::notice::Notice;
use super::preparing::Evaluation;
use crate::engine::Effect;
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

/// The actions that a runner owes.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    /// Those that wait for their next try, by its moment.
    waiting: BTreeMap<(Timestamp, String), Delivery>,
    /// Those under way.
    pub(super) under_way: BTreeMap<String, Cancel>,
    /// Of each action that keeps an order the one whose turn it is, by its id, and those that come after it.
    turns: BTreeMap<Address, (String, VecDeque<Delivery>)>,
}

impl Deliveries {
    /// When the next one may be tried.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.waiting.keys().next().map(|(at, _)| *at)
    }

    /// Whether some wait for their next try.
    pub(super) fn will_try(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Stops what is under way; what waits is left to the next runner.
    pub(super) fn stop(&mut self) {
        self.under_way.values().for_each(Cancel::cancel);
        self.waiting.clear();
        self.turns.clear();
    }

    /// A delivery of an action that keeps an order, if it is its turn; else it waits for that.
    fn in_turn(&mut self, delivery: Delivery) -> Option<Delivery> {
        match self.turns.get_mut(&delivery.action) {
            Some((turn, _)) if *turn == delivery.id => Some(delivery),
            Some((_, after)) => {
                after.push_back(delivery);
                None
            }
            None => {
                let turn = (delivery.id.clone(), VecDeque::new());
                self.turns.insert(delivery.action.clone(), turn);
                Some(delivery)
            }
        }
    }

    /// A delivery has ended; gives the one whose turn it is now.
    fn end_turn(&mut self, action: &Address, id: &str) -> Option<Delivery> {
        let (turn, after) = self.turns.get_mut(action)?;
        if turn != id {
            return None;
        }
        let next = after.pop_front();
        match &next {
            Some(next) => turn.clone_from(&next.id),
            None => drop(self.turns.remove(action)),
        }
        next
    }
}

/// The actions that effects ask for, taken out of them.
pub(super) fn called_for(effects: &mut Vec<Effect>, now: Timestamp) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    effects.retain(|effect| {
        let Effect::Act { action, instance } = effect else {
            return true;
        };
        deliveries.push(Delivery {
            id: uuid::Uuid::new_v4().to_string(),
            action: action.clone(),
            instance: (**instance).clone(),
            made_at: now,
            tries: 0,
            not_before: None,
            error: None,
        });
        false
    });
    deliveries
}

impl Runner<'_> {
    /// Takes what runners before this one have left owed.
    pub(super) fn take_owed(&mut self) -> Result<(), RuntimeError> {
        let now = self.clock.now();
        for delivery in self.store.owed()? {
            let Some(delivery) = self.in_turn(delivery, now)? else {
                continue;
            };
            let at = delivery.not_before.unwrap_or(Timestamp::MIN);
            let key = (at, delivery.id.clone());
            self.deliveries.waiting.insert(key, delivery);
        }
        Ok(())
    }

    /// Tries what may be tried by now.
    pub(super) fn deliver_due(&mut self, now: Timestamp) -> Result<(), RuntimeError> {
        while !self.stopping
            && let Some(entry) = self.deliveries.waiting.first_entry()
            && entry.key().0 <= now
        {
            let delivery = entry.remove();
            self.deliver(delivery, now)?;
        }
        Ok(())
    }

    /// Tries an action once. Its failure is told and changes nothing about its instance.
    pub(super) fn deliver(
        &mut self,
        delivery: Delivery,
        now: Timestamp,
    ) -> Result<(), RuntimeError> {
        let Some(delivery) = self.in_turn(delivery, now)? else {
            return Ok(());
        };
        let (instance, action) = (&delivery.instance, delivery.action.clone());
        let definition = self.definition_for(&delivery, now)?;
        let retries = retries(&definition, &delivery);
        let evaluation = self.action_evaluation(definition, &delivery, now);
        let prepared = self.prepare(&evaluation, &Fetched::default());
        let cancel = Cancel::new();
        let key = instance.key.clone();
        self.deliveries
            .under_way
            .insert(delivery.id.clone(), cancel.clone());
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
                    let result = exec::run(work, context).await;
                    tell_problem(&reports, &log);
                    match result {
                        Ok(_) => End::Done,
                        Err(ExecError::Cancelled) => End::Stopped,
                        Err(ExecError::Failed(error)) => End::Failed(error, retries),
                        Err(ExecError::ForGood(error)) => End::Failed(error, 0),
                    }
                }
            };
            promise.keep(acted(end));
        });
        Ok(())
    }

    /// A delivery that may be tried, as far as those of the same action are concerned; else it is tried after them.
    fn in_turn(
        &mut self,
        delivery: Delivery,
        now: Timestamp,
    ) -> Result<Option<Delivery>, RuntimeError> {
        if !keeps_order(&*self.definition_for(&delivery, now)?, &delivery) {
            return Ok(Some(delivery));
        }
        Ok(self.deliveries.in_turn(delivery))
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
        }
    }

    /// Keeps what actions came to, and tells it.
    pub(super) fn acted(&mut self, acted: Vec<Acted>) -> Result<(), RuntimeError> {
        let now = self.clock.now();
        let (mut tries, mut notices, mut next) = (Vec::new(), Vec::new(), Vec::new());
        for Acted { mut delivery, end } in acted {
            self.deliveries.under_way.remove(&delivery.id);
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
                    if !self.stopping {
                        let key = (at, delivery.id.clone());
                        self.deliveries.waiting.insert(key, delivery.clone());
                    }
                    tries.push(Tried::Owed(Box::new(delivery)));
                    continue;
                }
                End::Failed(error, _) if delivery.tries > 1 => {
                    Some(format!("{error} (tried {} times)", delivery.tries))
                }
                End::Failed(error, _) => Some(error),
            };
            let (action, instance) = (delivery.action, delivery.instance.key);
            next.extend(self.deliveries.end_turn(&action, &delivery.id));
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
        for delivery in next {
            if !self.stopping {
                self.deliver(delivery, now)?;
            }
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
    use crate::engine::Instance;
    use crate::engine::InstanceKey;
    use crate::time::Interval;

    fn delivery(id: &str, action: &str) -> Delivery {
        let interval = Interval::moment(Timestamp::UNIX_EPOCH);
        Delivery {
            id: id.to_owned(),
            action: Address::new(action),
            instance: Instance::new(InstanceKey {
                object: Address::new("pipeline.p.activity.a"),
                interval,
            }),
            made_at: Timestamp::UNIX_EPOCH,
            tries: 0,
            not_before: None,
            error: None,
        }
    }

    #[test]
    fn deliveries_of_an_action_that_keeps_an_order_come_one_after_the_other() {
        let mut deliveries = Deliveries::default();
        let (one, other) = (Address::new("action.one"), Address::new("action.other"));
        let comes = |deliveries: &mut Deliveries, id: &str, action: &str| {
            deliveries.in_turn(delivery(id, action)).is_some()
        };
        assert!(comes(&mut deliveries, "a", "action.one"));
        assert!(!comes(&mut deliveries, "b", "action.one"));
        assert!(comes(&mut deliveries, "c", "action.other"));
        assert!(!comes(&mut deliveries, "d", "action.one"));
        // One that failed is tried again first.
        assert!(comes(&mut deliveries, "a", "action.one"));
        assert_eq!(deliveries.end_turn(&other, "c"), None);
        assert_eq!(deliveries.end_turn(&one, "b"), None, "it is not its turn");
        let next = |deliveries: &mut Deliveries, id: &str| {
            deliveries.end_turn(&one, id).map(|next| next.id)
        };
        assert_eq!(next(&mut deliveries, "a").as_deref(), Some("b"));
        assert!(comes(&mut deliveries, "b", "action.one"));
        assert_eq!(next(&mut deliveries, "b").as_deref(), Some("d"));
        assert_eq!(next(&mut deliveries, "d"), None);
        assert!(comes(&mut deliveries, "e", "action.one"));
    }

    #[test]
    fn pauses_grow_and_have_an_end() {
        let seconds: Vec<i64> = (1..=6).map(|tries| pause(tries).as_secs()).collect();
        assert_eq!(seconds, [1, 5, 25, 125, 600, 600]);
        assert_eq!(pause(u32::MAX), LONGEST);
    }
}
