//! Making instances: lazily, oldest first, a bounded number ahead.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::machine::Engine;
use super::model::CatchUp;
use super::model::Change;
use super::model::Definition;
use super::model::Instance;
use super::model::InstanceKey;
use super::model::InstanceOrder;
use super::model::Origin;
use super::model::Step;
use super::model::Unit;
use super::model::UnitKind;
use crate::objects::Address;
use crate::objects::Need;
use crate::time::Interval;
use crate::time::Timeline;

/// What comes of the intervals of a unit that are due.
enum CaughtUp {
    /// An instance of this one; those before are passed over.
    Make(Interval),
    /// None: those before this moment are passed over.
    Nothing(Timestamp),
}

/// The oldest interval that has no instance yet, after those up to a moment have been made.
fn next_unmade(schedule: &Timeline, made_until: Option<Timestamp>) -> Option<Interval> {
    match made_until {
        Some(until) => schedule.next_from(until),
        None => schedule.first_interval(),
    }
}

impl Definition {
    /// When the oldest interval of each unit that has no instance yet is due (UTC). Units that the definition holds are
    /// left out; those that operators hold are not.
    pub fn dues(&self, made_until: &BTreeMap<Address, Timestamp>) -> BTreeMap<Address, Timestamp> {
        let active = |unit: &&Unit| unit.active || unit.paused.is_some();
        let due = |unit: &Unit| {
            let schedule = unit.schedule.as_ref()?;
            let made_until = made_until.get(&unit.address).copied();
            let due = schedule.due_at(next_unmade(schedule, made_until)?);
            Some((unit.address.clone(), due))
        };
        self.units.values().filter(active).filter_map(due).collect()
    }
}

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
            let Some(first) = self.next_interval(&address) else {
                continue;
            };
            self.pass_over_writers(&address, now, step);
            let interval = match self.caught_up(&address, first, horizon) {
                CaughtUp::Make(interval) => interval,
                CaughtUp::Nothing(until) => {
                    self.drop_before(&address, first.start, until, now, step);
                    self.enqueue_due(&address);
                    continue;
                }
            };
            if interval.start > first.start {
                self.drop_before(&address, first.start, interval.start, now, step);
            }
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
        // Those that start with the newest must know it.
        let bounded = unit.instance_order == InstanceOrder::OldestFirst;
        let open = self.open.get(address).copied().unwrap_or(0);
        if bounded && open >= self.limits.instances_ahead {
            self.full.insert(address.clone());
            return;
        }
        if let Some(interval) = self.next_interval(address) {
            let due = schedule.due_at(interval);
            self.due.insert((due, address.clone()));
        }
    }

    /// Looks anew whether a unit may make its next instance ahead: it has more unfinished ones than before.
    pub(super) fn requeue_due(&mut self, address: &Address) {
        if let Some(due) = self.next_due(address) {
            self.due.remove(&(due, address.clone()));
        }
        self.full.remove(address);
        self.enqueue_due(address);
    }

    /// When the oldest interval of a unit that has no instance yet is due (UTC), whether it may be made or not.
    pub fn next_due(&self, address: &Address) -> Option<Timestamp> {
        let interval = self.next_interval(address)?;
        let schedule = self.unit(address)?.schedule.as_ref()?;
        Some(schedule.due_at(interval))
    }

    /// The oldest interval of a unit that has no instance yet.
    pub(super) fn next_interval(&self, address: &Address) -> Option<Interval> {
        let schedule = self.unit(address)?.schedule.as_ref()?;
        next_unmade(schedule, self.made_until.get(address).copied())
    }

    /// Makes on-demand instances: one run of these units, and of the on-demand data nodes that they wait for or write.
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
            let is_node = |other: &&Address| {
                let other = self.unit(other);
                other.is_some_and(|other| other.kind == UnitKind::DataNode)
            };
            let producers = unit.dependencies.iter().map(|edge| &edge.producer);
            open.extend(producers.filter(is_node).cloned());
            // Whoever reads what is written waits for that, and not for who writes it.
            if unit.kind == UnitKind::Activity {
                let consumers = self.consumers.get(&address).into_iter().flatten();
                open.extend(consumers.filter(is_node).cloned());
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

    /// The instances of a run on demand of these units, as they are to be written: for who asks for it beside a runner, and
    /// leaves everything else to that.
    pub fn triggered(&mut self, addresses: &[Address], now: Timestamp) -> Vec<Instance> {
        let mut step = Step::default();
        self.trigger(addresses, now, &mut step);
        let moment = Interval::moment(now);
        let made = step.changes.into_iter().filter_map(|change| match change {
            Change::Instance(instance) if instance.key.interval == moment => Some(instance),
            _ => None,
        });
        made.collect()
    }

    /// What comes of the intervals that are due, from the first one that has no instance.
    fn caught_up(&self, address: &Address, first: Interval, horizon: Timestamp) -> CaughtUp {
        let Some((unit, schedule)) = self
            .unit(address)
            .and_then(|unit| Some((unit, unit.schedule.as_ref()?)))
        else {
            return CaughtUp::Make(first);
        };
        if unit.kind == UnitKind::DataNode
            && let Some(until) = self.unwritten_until(unit, schedule, first, horizon)
        {
            return CaughtUp::Nothing(until);
        }
        let newest = match unit.catch_up {
            CatchUp::All => None,
            CatchUp::Latest | CatchUp::None => schedule.last_due(horizon),
        };
        let Some(newest) = newest.filter(|newest| newest.start >= first.start) else {
            return CaughtUp::Make(first);
        };
        let before = |since: &Timestamp| schedule.due_at(newest) <= *since;
        if unit.catch_up == CatchUp::None && unit.since.as_ref().is_some_and(before) {
            CaughtUp::Nothing(newest.end)
        } else {
            CaughtUp::Make(newest)
        }
    }

    /// How many instances of an activity are still to be made of what is due by its schedule, as `catch_up` says: those that are
    /// made when it goes on, if it is held.
    pub fn to_catch_up(&self, address: &Address, now: Timestamp) -> u64 {
        let Some((unit, first)) = self.unit(address).zip(self.next_interval(address)) else {
            return 0;
        };
        let always = Interval {
            start: Timestamp::MIN,
            end: Timestamp::MAX,
        };
        let unmade = self.unmade_stretches(address, always, false, now);
        if unit.catch_up == CatchUp::All {
            return self.count_in(address, [&unmade]);
        }
        match self.caught_up(address, first, now) {
            CaughtUp::Make(newest) => u64::from(unmade.covers(newest)),
            CaughtUp::Nothing(_) => 0,
        }
    }

    /// Until when nobody writes the intervals of a data node, from one that is due: its writers were passed over there.
    /// `None` if this one is written.
    fn unwritten_until(
        &self,
        unit: &Unit,
        schedule: &Timeline,
        first: Interval,
        horizon: Timestamp,
    ) -> Option<Timestamp> {
        let mut until = schedule.last_due(horizon)?.end;
        if unit.dependencies.is_empty() {
            return None;
        }
        for edge in &unit.dependencies {
            let writer = self.unit(&edge.producer)?;
            let Need::In { span, .. } = self.need(unit, edge, first) else {
                return None;
            };
            if writer.kind != UnitKind::Activity {
                return None;
            }
            let wanted = self.wanted(&edge.producer);
            if wanted.is_some_and(|wanted| wanted.intersects(span)) {
                return None;
            }
            let settled = self.settled.get(&edge.producer);
            if settled.is_some_and(|settled| settled.intersects(span)) {
                return None;
            }
            let passed = self.dropped.get(&edge.producer)?.around(span)?;
            until = until.min(passed.end);
        }
        // What is only partly in it is written by somebody.
        let rest = Interval {
            start: first.start,
            end: until,
        };
        let last = schedule.last_overlapping(rest)?;
        let until = if last.end <= until {
            last.end
        } else {
            last.start
        };
        (until > first.start).then_some(until)
    }

    /// Passes over what of the writers of a data node would not be made any more, before an interval of that is made. They may be
    /// in the queue behind it, and what is passed over is written by nobody.
    fn pass_over_writers(&mut self, address: &Address, now: Timestamp, step: &mut Step) {
        let node = self.unit(address);
        let Some(node) = node.filter(|unit| unit.kind == UnitKind::DataNode) else {
            return;
        };
        let writers = node.dependencies.iter().map(|edge| &edge.producer);
        let catching_up = writers.filter(|writer| {
            let writer = self.unit(writer);
            writer.is_some_and(|writer| writer.catch_up != CatchUp::All)
        });
        for writer in catching_up.cloned().collect::<Vec<Address>>() {
            self.pass_over_due(&writer, now, step);
        }
    }

    /// Passes over what of a unit would not be made any more if what is due were made now.
    pub(super) fn pass_over_due(&mut self, address: &Address, now: Timestamp, step: &mut Step) {
        if self.unit(address).is_none_or(|unit| !unit.active) {
            return;
        }
        let horizon = self.limits.horizon.unwrap_or(now);
        let before = self.next_due(address);
        while let Some(first) = self.next_interval(address)
            && self.next_due(address).is_some_and(|due| due <= horizon)
        {
            let until = match self.caught_up(address, first, horizon) {
                CaughtUp::Nothing(until) => until,
                CaughtUp::Make(next) if next.start > first.start => next.start,
                CaughtUp::Make(_) => break,
            };
            self.drop_before(address, first.start, until, now, step);
        }
        if let Some(due) = before {
            self.due.remove(&(due, address.clone()));
        }
        self.full.remove(address);
        self.enqueue_due(address);
    }

    /// Passes over the intervals of a unit between two moments.
    fn drop_before(
        &mut self,
        address: &Address,
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
        step: &mut Step,
    ) {
        let span = Interval {
            start: from,
            end: until,
        };
        self.dropped
            .entry(address.clone())
            .or_default()
            .insert(span);
        step.changes.push(Change::Dropped {
            object: address.clone(),
            span,
            at: now,
        });
        self.made_until.insert(address.clone(), until);
        step.changes.push(Change::Cursor {
            object: address.clone(),
            made_until: until,
        });
        // What waited for these goes on.
        self.look_at_waiting_readers(address, now, step);
    }

    fn make(&mut self, key: &InstanceKey, now: Timestamp, step: &mut Step) {
        if self.live.contains_key(key) || self.is_settled(key) {
            return;
        }
        let origin = if self.is_wanted(&key.object, key.interval) {
            Origin::Backfill
        } else {
            Origin::Schedule
        };
        self.insert(key, origin);
        self.look_at_new(key, now, step);
    }

    /// Looks at a new instance; one that has to wait is persisted as it is.
    fn look_at_new(&mut self, key: &InstanceKey, now: Timestamp, step: &mut Step) {
        self.write_wishes(step);
        if !self.look_at(key, now, step)
            && let Some(instance) = self.live.get(key)
        {
            step.changes.push(Change::Instance(instance.clone()));
        }
    }

    pub(super) fn insert(&mut self, key: &InstanceKey, origin: Origin) {
        self.is_made(key);
        let mut instance = Instance::new(key.clone());
        instance.origin = origin;
        self.live.insert(key.clone(), instance);
        self.count_open(key);
        self.watch_lateness(key);
    }

    pub(super) fn is_settled(&self, key: &InstanceKey) -> bool {
        !key.interval.is_moment()
            && self
                .settled
                .get(&key.object)
                .is_some_and(|ranges| ranges.covers(key.interval))
    }
}
