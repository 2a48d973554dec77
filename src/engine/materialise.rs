//! Making instances: lazily, oldest first, a bounded number ahead.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::machine::Engine;
use super::model::Change;
use super::model::Instance;
use super::model::InstanceKey;
use super::model::Origin;
use super::model::Step;
use super::model::UnitKind;
use crate::objects::Address;
use crate::time::Interval;

impl Engine {
    /// Makes the instances that are due.
    pub(super) fn materialise(&mut self, now: Timestamp, step: &mut Step) {
        if self.draining {
            return;
        }
        let horizon = self.limits.horizon.unwrap_or(now);
        while let Some((due, _)) = self.due.first()
            && *due <= horizon
        {
            let Some((_, address)) = self.due.pop_first() else {
                return;
            };
            let Some(interval) = self.next_interval(&address) else {
                continue;
            };
            self.made_until.insert(address.clone(), interval.end);
            step.changes.push(Change::Cursor {
                object: address.clone(),
                made_until: interval.end,
            });
            let key = InstanceKey {
                object: address.clone(),
                interval,
            };
            self.make(&key, now, step);
            self.enqueue_due(&address);
        }
    }

    /// Puts the next instance of a unit into the queue of what will be due.
    pub(super) fn enqueue_due(&mut self, address: &Address) {
        let Some(unit) = self.unit(address).filter(|unit| unit.active) else {
            return;
        };
        let Some(schedule) = &unit.schedule else {
            return;
        };
        if self.open.get(address).copied().unwrap_or(0) >= self.limits.instances_ahead {
            self.full.insert(address.clone());
            return;
        }
        if let Some(interval) = self.next_interval(address) {
            let due = schedule.due_at(interval);
            self.due.insert((due, address.clone()));
        }
    }

    /// The oldest interval of a unit that has no instance yet.
    pub(super) fn next_interval(&self, address: &Address) -> Option<Interval> {
        let schedule = self.unit(address)?.schedule.as_ref()?;
        match self.made_until.get(address) {
            Some(until) => schedule.next_from(*until),
            None => schedule.first_interval(),
        }
    }

    /// Makes on-demand instances: one run of these units, and of the on-demand data nodes they wait for.
    pub(super) fn trigger(&mut self, addresses: &[Address], now: Timestamp, step: &mut Step) {
        let mut wanted: BTreeSet<Address> = BTreeSet::new();
        let mut open: Vec<Address> = addresses.to_vec();
        while let Some(address) = open.pop() {
            let Some(unit) = self.unit(&address) else {
                continue;
            };
            if unit.schedule.is_some() || wanted.contains(&address) {
                continue;
            }
            for dependency in &unit.dependencies {
                let is_node = self
                    .unit(&dependency.producer)
                    .is_some_and(|producer| producer.kind == UnitKind::DataNode);
                if is_node {
                    open.push(dependency.producer.clone());
                }
            }
            wanted.insert(address);
        }
        let keys: Vec<InstanceKey> = wanted
            .into_iter()
            .map(|object| InstanceKey {
                object,
                interval: Interval::moment(now),
            })
            .filter(|key| !self.live.contains_key(key))
            .collect();
        // All of them exist before any is looked at: they wait for each other.
        for key in &keys {
            self.insert(key, Origin::Trigger);
        }
        for key in keys {
            self.look_at_new(&key, now, step);
        }
    }

    fn make(&mut self, key: &InstanceKey, now: Timestamp, step: &mut Step) {
        if self.live.contains_key(key) || self.is_settled(key) {
            return;
        }
        self.insert(key, Origin::Schedule);
        self.look_at_new(key, now, step);
    }

    /// Looks at a new instance; one that has to wait is persisted as it is.
    fn look_at_new(&mut self, key: &InstanceKey, now: Timestamp, step: &mut Step) {
        if !self.look_at(key, now, step)
            && let Some(instance) = self.live.get(key)
        {
            step.changes.push(Change::Instance(instance.clone()));
        }
    }

    fn insert(&mut self, key: &InstanceKey, origin: Origin) {
        *self.open.entry(key.object.clone()).or_default() += 1;
        let mut instance = Instance::new(key.clone());
        instance.origin = origin;
        self.live.insert(key.clone(), instance);
        self.watch_lateness(key);
    }

    fn is_settled(&self, key: &InstanceKey) -> bool {
        !key.interval.is_moment()
            && self
                .settled
                .get(&key.object)
                .is_some_and(|ranges| ranges.covers(key.interval))
    }
}
