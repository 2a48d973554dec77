//! The rules, written a second time in the plainest way: over what is stored, by enumeration.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::super::Dependency;
use super::super::Effect;
use super::super::Engine;
use super::super::Event;
use super::super::Instance;
use super::super::InstanceKey;
use super::super::Limits;
use super::super::Origin;
use super::super::Ranges;
use super::super::Require;
use super::super::Status;
use super::super::Step;
use super::super::Unit;
use super::super::testing::Stored;
use super::super::turns::Turns;
use super::Simulation;
use crate::objects::Address;
use crate::time::Interval;
use crate::time::Timeline;

impl Stored {
    fn of(&self, object: &Address) -> impl Iterator<Item = &Instance> {
        let key = |at| InstanceKey {
            object: object.clone(),
            interval: Interval::moment(at),
        };
        self.instances
            .range(key(Timestamp::MIN)..=key(Timestamp::MAX))
            .map(|(_, instance)| instance)
    }

    fn running(&self, object: &Address) -> usize {
        self.of(object)
            .filter(|instance| instance.status == Status::Running)
            .count()
    }
}

impl Simulation {
    /// What must hold after every step.
    pub(super) fn assert_step(&self, step: &Step) {
        let units = &self.definition.units;
        for effect in &step.effects {
            let Effect::Start { key, number, .. } = effect else {
                continue;
            };
            let unit = &units[&key.object];
            assert!(unit.active, "{key:?} started though inactive");
            let running = self.stored.running(&key.object);
            assert!(
                running <= usize::try_from(unit.max_active_instances).unwrap(),
                "{running} of {key:?} run"
            );
            self.assert_pool(unit);
            let stored = &self.stored.instances[key];
            let again = stored.origin == Origin::Rerun && stored.started_at == stored.running_since;
            if *number == 1 || again {
                self.assert_inputs(unit, key);
            }
        }
        let all = self.stored.instances.values();
        let running = all.filter(|instance| instance.status == Status::Running);
        assert!(running.count() <= self.limits.parallelism);
        self.assert_durable();
    }

    /// What starts finds room in its pool. An apply may leave more running than would start now.
    fn assert_pool(&self, unit: &Unit) {
        let Some(share) = &unit.pool else { return };
        let slots = self.definition.pools[&share.pool];
        let taken: u32 = self
            .stored
            .instances
            .values()
            .filter(|instance| instance.status == Status::Running)
            .filter_map(|instance| {
                let unit = self.definition.units.get(&instance.key.object)?;
                unit.pool.as_ref()
            })
            .filter(|other| other.pool == share.pool)
            .map(|other| other.slots.min(slots))
            .sum();
        assert!(taken <= slots, "{taken} slots of {slots} are taken");
    }

    fn assert_inputs(&self, unit: &Unit, key: &InstanceKey) {
        for dependency in &unit.dependencies {
            assert!(
                self.is_ready(unit, dependency, key.interval),
                "{key:?} started before {}",
                dependency.producer
            );
        }
        assert!(
            unit.preconditions.is_empty() || self.held.contains(key),
            "{key:?} started before its preconditions held"
        );
    }

    /// Whether what an interval needs of a producer has finished.
    fn is_ready(&self, unit: &Unit, edge: &Dependency, interval: Interval) -> bool {
        let Some(producer) = self.definition.units.get(&edge.producer) else {
            return true;
        };
        let settled = |instance: &&Instance| instance.status.is_settled();
        let mut done = self.stored.of(&edge.producer).filter(settled);
        let Some(schedule) = &producer.schedule else {
            return edge.window.is_some()
                || !interval.is_moment()
                || self
                    .stored
                    .of(&edge.producer)
                    .filter(|instance| instance.key.interval == interval)
                    .all(|instance| instance.status.is_settled());
        };
        if edge.window.is_none() && interval.is_moment() {
            return done.any(|instance| !instance.key.interval.is_moment());
        }
        let Some(span) = edge.span(interval, unit.schedule.as_ref()) else {
            return true;
        };
        let needed = needed(schedule, span, interval.is_moment().then_some(interval.end));
        let finished: Ranges = done.map(|instance| instance.key.interval).collect();
        // What was passed over is not waited for, unless it was back-filled.
        let dropped = |interval: &Interval| self.is_dropped(&edge.producer, *interval);
        let is_done = |needed: &Interval| finished.covers(*needed) || dropped(needed);
        match edge.require {
            Require::All => needed.iter().all(is_done),
            Require::Any => needed.iter().all(dropped) || finished.intersects(span),
            Require::Latest => needed.last().is_none_or(is_done),
        }
    }

    fn is_dropped(&self, object: &Address, interval: Interval) -> bool {
        let key = InstanceKey {
            object: object.clone(),
            interval,
        };
        let dropped = self.stored.dropped.get(object);
        dropped.is_some_and(|dropped| dropped.covers(interval))
            && !self.stored.instances.contains_key(&key)
    }

    /// What is in memory is what is stored, so that a crash loses nothing.
    fn assert_durable(&self) {
        for instance in self.stored.instances.values() {
            let live = self.engine.instance(&instance.key);
            match live {
                None => assert!(instance.status.is_settled(), "forgotten: {instance:?}"),
                Some(live) => {
                    let mut live = live.clone();
                    live.not_before = instance.not_before;
                    assert_eq!(live, *instance);
                }
            }
        }
    }

    /// An engine made from what is stored would start the same. Only an instance that was already being checked
    /// when an apply gave it more, or less, to wait for lags behind until the next check.
    pub(super) fn assert_rebuilt_is_equal(&self) {
        let lags = |instance: &Instance| {
            let key = &instance.key;
            if instance.checking_since.is_none() || instance.status != Status::WaitingOnDependencies
            {
                return false;
            }
            let unit = &self.definition.units[&key.object];
            !unit.active
                || unit.preconditions.is_empty()
                || !self.engine.is_unblocked(unit, key.interval)
        };
        if self.engine.live.values().any(lags) {
            return;
        }
        let nothing = Limits {
            parallelism: 0,
            ..self.limits
        };
        let mut live = self.engine.clone();
        live.limits = nothing;
        live.step(Event::Tick, self.now);
        let mut rebuilt = Engine::new(self.definition.clone(), self.stored.past(), nothing);
        rebuilt.step(Event::Tick, self.now);
        let ready = |engine: &Engine| -> Vec<InstanceKey> {
            let ready = engine.ready.values().flatten();
            ready.map(|(_, _, key)| key.clone()).collect()
        };
        assert_eq!(ready(&live), ready(&rebuilt));
        let units = |engine: &Engine| -> BTreeSet<Address> {
            let parked = engine.parked.values().flat_map(Turns::units);
            engine.turns.units().chain(parked).cloned().collect()
        };
        assert_eq!(units(&live), units(&rebuilt));
        assert_eq!(live.due, rebuilt.due);
        assert_eq!(live.full, rebuilt.full);
        let settled = |engine: &Engine| {
            let mut settled = engine.settled.clone();
            settled.retain(|_, ranges| !ranges.is_empty());
            settled
        };
        assert_eq!(settled(&live), settled(&rebuilt));
        assert_eq!(live.dropped, rebuilt.dropped);
        for unit in self.definition.units.keys() {
            assert_eq!(live.next_interval(unit), rebuilt.next_interval(unit));
        }
        assert_eq!(live.running_total, rebuilt.running_total);
        let checking: BTreeSet<InstanceKey> = live
            .checking
            .difference(&live.stale_checks)
            .cloned()
            .collect();
        assert!(checking.is_subset(&rebuilt.checking), "checks at once");
    }

    /// At the end, everything due has finished, or something that did not succeed stands in its way.
    pub(super) fn assert_nothing_forgotten(&self) {
        for instance in self.stored.instances.values() {
            self.assert_not_forgotten(instance);
        }
        for unit in self.definition.units.values().filter(|unit| unit.active) {
            let Some(schedule) = &unit.schedule else {
                continue;
            };
            let finished: Ranges = self
                .stored
                .of(&unit.address)
                .filter(|instance| instance.status.is_settled())
                .map(|instance| instance.key.interval)
                .collect();
            let open = self.stored.of(&unit.address).filter(|instance| {
                matches!(
                    instance.status,
                    Status::WaitingOnDependencies | Status::WaitingForRunner
                )
            });
            let full = open.count() >= self.limits.instances_ahead;
            let mut next = schedule.first_interval();
            while let Some(interval) = next.filter(|next| schedule.due_at(*next) <= self.now) {
                let key = InstanceKey {
                    object: unit.address.clone(),
                    interval,
                };
                let made = self.stored.instances.contains_key(&key)
                    || finished.covers(interval)
                    || self.is_dropped(&unit.address, interval)
                    // Before it was changed or removed and brought back, its intervals were others.
                    || self.was_made_otherwise(&key);
                assert!(made || full, "never made: {key:?}");
                next = schedule.next_from(interval.end);
            }
        }
    }

    fn was_made_otherwise(&self, key: &InstanceKey) -> bool {
        self.stored
            .of(&key.object)
            .any(|instance| instance.key != *key && instance.key.interval.overlaps(key.interval))
    }

    fn assert_not_forgotten(&self, instance: &Instance) {
        let Some(unit) = self.definition.units.get(&instance.key.object) else {
            let waits = matches!(
                instance.status,
                Status::WaitingOnDependencies | Status::WaitingForRunner | Status::Running
            );
            assert!(!waits, "its definition is gone: {instance:?}");
            return;
        };
        match instance.status {
            Status::Running => panic!("still running: {instance:?}"),
            Status::WaitingForRunner => assert!(!unit.active, "never started: {instance:?}"),
            Status::WaitingOnDependencies if unit.active => {
                let stuck = unit.dependencies.iter().any(|dependency| {
                    !self.is_ready(unit, dependency, instance.key.interval)
                        || self.stands_in_the_way(unit, dependency, instance.key.interval)
                });
                assert!(stuck, "forgotten: {instance:?}");
                assert!(!self.engine.waiting_on(&instance.key).is_empty());
            }
            _ => {}
        }
    }

    fn stands_in_the_way(&self, unit: &Unit, edge: &Dependency, interval: Interval) -> bool {
        let Some(span) = edge.span(interval, unit.schedule.as_ref()) else {
            return false;
        };
        self.definition.units.contains_key(&edge.producer)
            && self.stored.of(&edge.producer).any(|instance| {
                !instance.status.is_settled() && instance.key.interval.overlaps(span)
            })
    }
}

/// The intervals of a schedule in a stretch of time, by enumeration from the first.
fn needed(schedule: &Timeline, span: Interval, due_by: Option<Timestamp>) -> Vec<Interval> {
    let next = |last: &Interval| schedule.next_from(last.end);
    std::iter::successors(schedule.first_interval(), next)
        .take_while(|interval| interval.start < span.end)
        .filter(|interval| interval.overlaps(span))
        .filter(|interval| due_by.is_none_or(|due_by| schedule.due_at(*interval) <= due_by))
        .collect()
}
