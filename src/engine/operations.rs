//! What operators ask for: running again, giving up, holding, counting as done, making what was never made.
//!
//! An order names instances as the state had them when it was written. What has changed since is looked at again: an
//! instance that an operation has no meaning for any more is left alone, and not counted.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::alignment::Standing;
use super::lateness::is_open;
use super::machine::Engine;
use super::model::Change;
use super::model::Dependency;
use super::model::Instance;
use super::model::InstanceKey;
use super::model::Operation;
use super::model::Order;
use super::model::Origin;
use super::model::Status;
use super::model::Step;
use super::model::Stop;
use super::model::Unit;
use super::model::UnitKind;
use super::ranges::Ranges;
use crate::objects::Address;
use crate::time::Interval;

impl Engine {
    /// Does what an order says, and notes to how many instances.
    pub(super) fn operate(&mut self, order: &Order, now: Timestamp, step: &mut Step) {
        let changed = match order.operation {
            Operation::Rerun { as_was, restart } => {
                // What is run again here may be under way by that.
                let under_way = if restart {
                    self.under_way(&order.targets)
                } else {
                    Vec::new()
                };
                let changed = self.rerun(&order.targets, as_was, now, step);
                self.restart_all((&under_way, &order.who), as_was, now, step);
                changed + count(&under_way)
            }
            Operation::Cancel => {
                let canceled = self.each(
                    order,
                    |engine, key, step| {
                        let reason = format!("canceled by {}", order.who);
                        engine.give_up(key, &reason, now, step)
                    },
                    step,
                );
                canceled + self.want_no_more(order, now, step)
            }
            Operation::MarkFinished => self.each(
                order,
                |engine, key, step| {
                    let reason = format!("marked as finished by {}", order.who);
                    engine.count_as_finished(key, &reason, now, step)
                },
                step,
            ),
            Operation::Pause => self.each(
                order,
                |engine, key, step| engine.hold(key, &order.who, step),
                step,
            ),
            Operation::Resume => self.resume(&order.targets, now, step),
            Operation::Backfill => self.back_fill(order, now, step),
        };
        self.write_wishes(step);
        if let Some(id) = order.id {
            step.changes.push(Change::Operated {
                id,
                instances: changed,
                at: now,
            });
        }
    }

    /// Does something to each target; one that was never made is made for it. What `catch_up` has passed over is not: nobody
    /// waits for it.
    fn each(
        &mut self,
        order: &Order,
        mut change: impl FnMut(&mut Self, &InstanceKey, &mut Step) -> bool,
        step: &mut Step,
    ) -> u64 {
        let mut changed = 0;
        for target in &order.targets {
            let key = &target.key;
            if !self.live.contains_key(key) {
                let wanted = self.is_wanted(&key.object, key.interval);
                if !self.is_unmade(target) || !wanted && self.is_passed_over(key) {
                    continue;
                }
                self.insert(key, target.origin);
                self.write_wishes(step);
            }
            changed += u64::from(change(self, key, step));
        }
        changed
    }

    /// Whether a target has no instance, and could have one.
    fn is_unmade(&self, target: &Instance) -> bool {
        let key = &target.key;
        self.unit(&key.object).is_some()
            && !key.interval.is_moment()
            && !target.status.is_settled()
            && !self.live.contains_key(key)
            && !self.is_settled(key)
    }

    pub(super) fn give_up(
        &mut self,
        key: &InstanceKey,
        reason: &str,
        now: Timestamp,
        step: &mut Step,
    ) -> bool {
        let Some(instance) = self.live.get_mut(key) else {
            return false;
        };
        if instance.went_with_its_definition() {
            // It is not to come back with that either.
            instance.reason = Some(reason.to_owned());
            step.changes.push(Change::Instance(instance.clone()));
            return true;
        }
        let is_over = instance.status.is_unsuccessful() || instance.stop == Some(Stop::Cancel);
        self.cancel(key, reason, now, step);
        !is_over
    }

    fn count_as_finished(
        &mut self,
        key: &InstanceKey,
        reason: &str,
        now: Timestamp,
        step: &mut Step,
    ) -> bool {
        let Some(instance) = self.live.get_mut(key) else {
            return false;
        };
        if instance.status == Status::Running {
            self.stop(key, Stop::Finish, reason, step);
        } else {
            instance.stop = Some(Stop::Finish);
            self.end(key, Status::Finished, Some(reason.to_owned()), now, step);
            self.resume_what_gave_up(key, now, step);
        }
        true
    }

    /// What gave up with something that is finished now goes on, and so does what gave up with that; but not what has given up
    /// with something else, too.
    fn resume_what_gave_up(&mut self, finished: &InstanceKey, now: Timestamp, step: &mut Step) {
        let mut readers = self.consumers_of(finished);
        let mut keys = Vec::new();
        while let Some(reader) = readers.pop() {
            if let Some(ended) = self.gave_up_in_vain(&reader).cloned() {
                self.start_over(ended, false, step);
                readers.extend(self.consumers_of(&reader));
                keys.push(reader);
            }
        }
        self.write_wishes(step);
        self.look_at_all(&keys, now, step);
    }

    /// An instance that gave up, and depends on nothing any more that was given up.
    fn gave_up_in_vain(&self, key: &InstanceKey) -> Option<&Instance> {
        let live = self.live.get(key)?;
        let gave_up = live.status == Status::CascadeFailed;
        let unit = self.unit(&key.object).filter(|_| gave_up)?;
        let standing = self.dependencies(unit, key.interval);
        (!matches!(standing, Standing::GivenUp(_))).then_some(live)
    }

    /// Holds an instance that waits.
    fn hold(&mut self, key: &InstanceKey, who: &str, step: &mut Step) -> bool {
        let Some(instance) = self.live.get_mut(key) else {
            return false;
        };
        if !is_open(instance.status) || instance.status == Status::Running {
            return false;
        }
        // Before its status changes: where it stands follows from that.
        self.forget_waiting(key);
        if let Some(instance) = self.live.get_mut(key) {
            instance.status = Status::Paused;
            instance.not_before = None;
            instance.reason = Some(format!("paused by {who}"));
            step.changes.push(Change::Instance(instance.clone()));
        }
        if self.full.remove(&key.object) {
            self.enqueue_due(&key.object);
        }
        true
    }

    fn resume(&mut self, targets: &[Instance], now: Timestamp, step: &mut Step) -> u64 {
        let paused = |target: &&Instance| self.status(&target.key) == Some(Status::Paused);
        let keys: Vec<InstanceKey> = targets
            .iter()
            .filter(paused)
            .map(|target| target.key.clone())
            .collect();
        for key in &keys {
            if let Some(instance) = self.live.get(key).cloned() {
                let instance = Instance {
                    status: Status::WaitingOnDependencies,
                    reason: None,
                    ..instance
                };
                self.wait_anew(instance, step);
            }
        }
        self.look_at_all(&keys, now, step);
        count(&keys)
    }

    fn back_fill(&mut self, order: &Order, now: Timestamp, step: &mut Step) -> u64 {
        let mut keys = Vec::new();
        for target in &order.targets {
            let key = &target.key;
            if self.is_unmade(target) && !self.is_wanted(&key.object, key.interval) {
                let instance = Instance {
                    origin: Origin::Backfill,
                    ..Instance::new(key.clone())
                };
                self.wait_anew(instance, step);
                keys.push(key.clone());
            }
        }
        let mut changed = count(&keys);
        self.look_at_with_readers(keys, now, step);
        let mut wanted: BTreeMap<Address, Ranges> = BTreeMap::new();
        for (object, ranges) in &order.stretches {
            let ranges = self.without_instances(object, ranges.clone());
            let number = self.count_in(object, [&ranges]);
            if number > 0 {
                changed += number;
                wanted.insert(object.clone(), ranges);
            }
        }
        self.want(&wanted, now, step);
        changed
    }

    /// Runs instances again that have ended. Data nodes that they write are not there until they have; what depends on
    /// them and was not tried yet waits for them; what gave up with them tries again.
    fn rerun(
        &mut self,
        targets: &[Instance],
        as_was: bool,
        now: Timestamp,
        step: &mut Step,
    ) -> u64 {
        let mut keys: Vec<InstanceKey> = Vec::new();
        for target in targets {
            let ended = match self.live.get(&target.key) {
                Some(live) if live.status.is_unsuccessful() => live.clone(),
                None if target.status.is_settled() => target.clone(),
                // Its record was removed: it begins as a new one does.
                None if self.is_settled(&target.key) => target.clone(),
                _ => continue,
            };
            if self.unit(&target.key.object).is_some() {
                self.start_over(ended, as_was, step);
                keys.push(target.key.clone());
            }
        }
        let changed = count(&keys);
        self.look_at_with_readers(keys, now, step);
        changed
    }

    /// Those of some instances that are under way, and that nobody has decided about.
    fn under_way(&self, targets: &[Instance]) -> Vec<InstanceKey> {
        let keys = targets.iter().map(|target| &target.key);
        let live = keys.filter_map(|key| self.live.get(key));
        live.filter(|live| live.is_under_way() && live.stop.is_none())
            .map(|live| live.key.clone())
            .collect()
    }

    /// Runs again what is under way: its attempt is stopped first. What only waits for its next attempt has none to stop.
    fn restart_all(
        &mut self,
        (keys, who): (&[InstanceKey], &str),
        as_was: bool,
        now: Timestamp,
        step: &mut Step,
    ) {
        let decision = if as_was {
            Stop::RestartAsWas
        } else {
            Stop::Restart
        };
        for key in keys {
            if self.status(key) == Some(Status::Running) {
                let reason = format!("stopped by {who}, to start again");
                self.stop(key, decision, &reason, step);
            } else {
                self.restart(key, as_was, now, step);
            }
        }
    }

    /// An instance that was tried and has not ended begins again.
    pub(super) fn restart(
        &mut self,
        key: &InstanceKey,
        as_was: bool,
        now: Timestamp,
        step: &mut Step,
    ) {
        self.forget_waiting(key);
        if let Some(instance) = self.live.get(key).cloned() {
            self.start_over(instance, as_was, step);
            self.look_at_with_readers(vec![key.clone()], now, step);
        }
    }

    /// Looks at instances that wait anew, and at what depends on them: that waits again, too, if it was not tried yet.
    pub(super) fn look_at_with_readers(
        &mut self,
        mut keys: Vec<InstanceKey>,
        now: Timestamp,
        step: &mut Step,
    ) {
        self.write_wishes(step);
        let mut known: BTreeSet<InstanceKey> = keys.iter().cloned().collect();
        let mut next = 0;
        while let Some(key) = keys.get(next).cloned() {
            next += 1;
            let mut readers = self.consumers_of(&key);
            readers.extend(self.ready_on_demand(&key));
            for reader in readers {
                if !known.contains(&reader) && self.follow_rerun(&reader, step) {
                    known.insert(reader.clone());
                    keys.push(reader);
                }
            }
        }
        self.look_at_all(&keys, now, step);
    }

    /// What is on demand, could start, and reads the latest of something with a schedule, or other runs in a window.
    fn ready_on_demand(&self, key: &InstanceKey) -> Vec<InstanceKey> {
        let consumers = self.consumers.get(&key.object).into_iter().flatten();
        let on_demand = consumers.filter(|consumer| {
            let unit = self.unit(consumer);
            unit.is_some_and(|unit| {
                let mut edges = unit.dependencies.iter();
                let reads = |edge: &Dependency| {
                    edge.producer == key.object
                        && (edge.window.is_some() || !key.interval.is_moment())
                };
                unit.schedule.is_none() && edges.any(reads)
            })
        });
        on_demand
            .flat_map(|consumer| self.instances_of(consumer))
            .filter(|instance| instance.status == Status::WaitingForRunner)
            .map(|instance| instance.key.clone())
            .collect()
    }

    /// What the rerun of something means for an instance that depends on it; whether it waits again because of it.
    pub(super) fn follow_rerun(&mut self, key: &InstanceKey, step: &mut Step) -> bool {
        let Some(unit) = self.unit(&key.object) else {
            return false;
        };
        let is_node = unit.kind == UnitKind::DataNode;
        // What is on demand is made with who writes it.
        let was_made = |key: &InstanceKey| {
            key.interval.is_moment() || self.is_settled(key) || self.is_passed_over(key)
        };
        match self.live.get(key) {
            None if is_node && was_made(key) => {
                self.start_over(Instance::new(key.clone()), false, step);
                true
            }
            Some(live) if live.status == Status::CascadeFailed => {
                let ended = live.clone();
                self.start_over(ended, false, step);
                true
            }
            _ => self.hold_back(key, step),
        }
    }

    /// Sends an instance back to waiting that could start and was not tried yet; whether it was such a one.
    fn hold_back(&mut self, key: &InstanceKey, step: &mut Step) -> bool {
        if !self.live.get(key).is_some_and(Instance::is_untried) {
            return false;
        }
        self.unready(key);
        if let Some(live) = self.live.get_mut(key) {
            live.status = Status::WaitingOnDependencies;
            step.changes.push(Change::Instance(live.clone()));
        }
        true
    }

    /// Whether `catch_up` has passed over an interval, or over those who would have written it.
    fn is_passed_over(&self, key: &InstanceKey) -> bool {
        let dropped = self.dropped.get(&key.object);
        dropped.is_some_and(|dropped| dropped.covers(key.interval))
    }

    /// An instance that has ended begins again; the numbers of its attempts go on.
    fn start_over(&mut self, ended: Instance, as_was: bool, step: &mut Step) {
        if !self.live.contains_key(&ended.key) {
            self.take_out_of_settled(&ended.key);
        }
        let instance = Instance {
            origin: Origin::Rerun,
            attempts: ended.attempts,
            definition: ended.definition.filter(|_| as_was),
            late: ended.late,
            ..Instance::new(ended.key)
        };
        self.wait_anew(instance, step);
    }

    pub(super) fn take_out_of_settled(&mut self, key: &InstanceKey) {
        if let Some(settled) = self.settled.get_mut(&key.object) {
            settled.remove(key.interval);
        }
    }

    /// Takes an instance among those that wait.
    pub(super) fn wait_anew(&mut self, instance: Instance, step: &mut Step) {
        let key = instance.key.clone();
        self.is_made(&key);
        step.changes.push(Change::Instance(instance.clone()));
        self.live.insert(key.clone(), instance);
        self.count_open(&key);
        // Without this it would be looked at only when something that it depends on ends.
        self.set_check(&key, Timestamp::MIN);
        self.watch_lateness(&key);
        self.requeue_due(&key.object);
    }

    pub(super) fn look_at_all(&mut self, keys: &[InstanceKey], now: Timestamp, step: &mut Step) {
        for key in keys {
            self.look_at(key, now, step);
        }
    }

    /// The instances that depend on one, whether they are there or not. What is on demand and reads what has a schedule is
    /// not among them: what it read was the latest then.
    pub fn consumers_of(&self, key: &InstanceKey) -> Vec<InstanceKey> {
        let mut found = BTreeSet::new();
        let consumers = self.consumers.get(&key.object).into_iter().flatten();
        for unit in consumers.filter_map(|consumer| self.unit(consumer)) {
            let edges = unit.dependencies.iter();
            for edge in edges.filter(|edge| edge.producer == key.object) {
                let Some(schedule) = &unit.schedule else {
                    if key.interval.is_moment() && edge.window.is_none() {
                        found.insert(of(unit, key.interval));
                    }
                    continue;
                };
                let near = edge.readers(key.interval).unwrap_or(key.interval);
                let reads = |interval: &Interval| {
                    let span = edge.span(*interval, Some(schedule));
                    span.is_some_and(|span| span.overlaps(key.interval))
                };
                let readers = schedule.overlapping(widened(near)).filter(reads);
                found.extend(readers.map(|interval| of(unit, interval)));
            }
        }
        found.into_iter().collect()
    }

    /// The intervals of an object in `[from, to)`, by their starts, that are due and have no instance, oldest first:
    /// those that are to be made, and with `dropped` those that `catch_up` has passed over, too.
    pub fn unmade(
        &self,
        object: &Address,
        span: Interval,
        dropped: bool,
        now: Timestamp,
    ) -> Vec<Interval> {
        let Some(schedule) = self.unit(object).and_then(|unit| unit.schedule.as_ref()) else {
            return Vec::new();
        };
        let made_until = self.made_until.get(object).copied();
        let passed_over = self.dropped.get(object);
        // Before that there is an instance of each, or nothing was passed over.
        let oldest = passed_over.and_then(|ranges| ranges.iter().next());
        let oldest = oldest.filter(|_| dropped).map(|range| range.start);
        let from = made_until.map(|until| oldest.unwrap_or(until).min(until));
        let first = schedule.next_from(span.start.max(from.unwrap_or(span.start)));
        std::iter::successors(first, |last| schedule.next_from(last.end))
            .take_while(|interval| interval.start < span.end && schedule.due_at(*interval) <= now)
            .filter(|interval| {
                let key = InstanceKey {
                    object: object.clone(),
                    interval: *interval,
                };
                let to_come = made_until.is_none_or(|until| interval.start >= until);
                let is_dropped = passed_over.is_some_and(|ranges| ranges.covers(*interval));
                (to_come || dropped && is_dropped)
                    && !self.live.contains_key(&key)
                    && !self.is_settled(&key)
                    && !self.is_wanted(object, *interval)
            })
            .collect()
    }
}

impl Engine {
    /// The instances of data nodes that have failed by themselves, if they are meant, or something that is and has not finished
    /// depends on them.
    pub fn failed_nodes(&self, is_meant: impl Fn(&InstanceKey) -> bool) -> Vec<Instance> {
        let failed = self.unfinished().filter(|instance| {
            let unit = self.unit(&instance.key.object);
            let is_node = unit.is_some_and(|unit| unit.kind == UnitKind::DataNode);
            is_node && instance.status == Status::Failed
        });
        let holds_up = |key: &InstanceKey| {
            let readers = self.consumers_of(key);
            let mut readers = readers.iter();
            readers.any(|reader| self.live.contains_key(reader) && is_meant(reader))
        };
        let meant = failed.filter(|instance| is_meant(&instance.key) || holds_up(&instance.key));
        meant.cloned().collect()
    }

    /// Whether an interval has finished, whether there is a record of it or not.
    pub fn has_finished(&self, key: &InstanceKey) -> bool {
        self.is_settled(key) && !self.live.contains_key(key)
    }

    /// The intervals of an object that start in a stretch of time, are due and have finished, oldest first, whether there is
    /// a record of them or not.
    pub fn finished_in(
        &self,
        object: &Address,
        starts: Interval,
        now: Timestamp,
    ) -> impl Iterator<Item = Interval> {
        let settled = self.settled.get(object).into_iter();
        let parts = settled.zip(self.due_in(object, starts, now));
        let parts = parts.flat_map(|(settled, all)| settled.within(all));
        parts.flat_map(move |part| self.intervals_in(object, part))
    }
}

fn of(unit: &Unit, interval: Interval) -> InstanceKey {
    InstanceKey {
        object: unit.address.clone(),
        interval,
    }
}

/// A little more on both sides: what ends where a stretch of time begins is in it, too.
pub(super) fn widened(span: Interval) -> Interval {
    let moment = SignedDuration::from_micros(1);
    Interval {
        start: span.start.checked_sub(moment).unwrap_or(span.start),
        end: span.end.checked_add(moment).unwrap_or(span.end),
    }
}

fn count(keys: &[InstanceKey]) -> u64 {
    u64::try_from(keys.len()).unwrap_or(u64::MAX)
}
