//! A store in memory that refuses illegal changes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::Change;
use super::super::Event;
use super::super::Instance;
use super::super::InstanceKey;
use super::super::Outcome;
use super::super::Past;
use super::super::Ranges;
use super::super::Status;
use super::super::Wishes;
use super::super::model::Attempt;
use super::super::transition_of;
use crate::objects::Address;

/// What is durable.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Stored {
    pub(in crate::engine) instances: BTreeMap<InstanceKey, Instance>,
    pub(in crate::engine) attempts: BTreeMap<(InstanceKey, u32), Attempt>,
    pub(in crate::engine) made_until: BTreeMap<Address, Timestamp>,
    pub(in crate::engine) dropped: BTreeMap<Address, Ranges>,
    pub(in crate::engine) wishes: Wishes,
}

impl Stored {
    /// Takes changes, and refuses what must not happen.
    pub(in crate::engine) fn commit(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Instance(instance) => {
                    let from = self.instances.get(&instance.key).map(|known| known.status);
                    // Written twice by one step is no change.
                    let same = self.instances.get(&instance.key) == Some(instance);
                    assert!(
                        same || transition_of(from, instance.status).is_some(),
                        "illegal: {from:?} to {instance:?}"
                    );
                    self.instances
                        .insert(instance.key.clone(), instance.clone());
                }
                Change::Attempt(attempt) => self.put_attempt(attempt),
                Change::Dropped { object, span, .. } => {
                    self.dropped
                        .entry(object.clone())
                        .or_default()
                        .insert(*span);
                }
                Change::Wished { .. } => self.wishes.put(change),
                Change::Operated { .. } => {}
                Change::Cursor { object, made_until } => {
                    let before = self.made_until.insert(object.clone(), *made_until);
                    assert!(before.is_none_or(|before| before < *made_until));
                }
            }
        }
    }

    fn put_attempt(&mut self, attempt: &Attempt) {
        let key = (attempt.instance.clone(), attempt.number);
        let before = self.attempts.get(&key).map(|known| known.status);
        match before {
            None => {
                assert_eq!(attempt.status, Status::Running, "{attempt:?}");
                let under_way = self
                    .attempts_of(&attempt.instance)
                    .any(|other| other.status == Status::Running);
                assert!(!under_way, "two attempts under way: {attempt:?}");
                let latest = self.attempts_of(&attempt.instance).count();
                assert_eq!(usize::try_from(attempt.number).unwrap(), latest + 1);
            }
            Some(before) => {
                assert_eq!(before, Status::Running, "ended twice: {attempt:?}");
                assert!(
                    matches!(
                        attempt.status,
                        Status::Finished | Status::Failed | Status::TimedOut | Status::Canceled
                    ) && attempt.ended_at.is_some()
                );
            }
        }
        self.attempts.insert(key, attempt.clone());
    }

    pub(in crate::engine) fn attempts_of(
        &self,
        key: &InstanceKey,
    ) -> impl Iterator<Item = &Attempt> {
        self.attempts
            .range((key.clone(), 0)..=(key.clone(), u32::MAX))
            .map(|(_, attempt)| attempt)
    }

    /// What a new engine is told.
    pub(in crate::engine) fn past(&self) -> Past {
        let mut past = Past {
            made_until: self.made_until.clone(),
            dropped: self.dropped.clone(),
            wishes: self.wishes.clone(),
            ..Past::default()
        };
        for instance in self.instances.values() {
            if instance.status.is_settled() {
                let ranges: &mut Ranges =
                    past.settled.entry(instance.key.object.clone()).or_default();
                ranges.insert(instance.key.interval);
            } else {
                past.instances.push(instance.clone());
            }
        }
        past
    }

    /// The attempts that a runner that is gone has left.
    pub(in crate::engine) fn lost(&self) -> Vec<Event> {
        self.attempts
            .values()
            .filter(|attempt| attempt.status == Status::Running)
            .map(|attempt| Event::AttemptEnded {
                key: attempt.instance.clone(),
                number: attempt.number,
                outcome: Outcome::Lost,
            })
            .collect()
    }
}
