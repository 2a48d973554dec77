//! What was asked for and is not made yet: intervals to back-fill, as ranges of each object.
//!
//! Apart from making what is due because nobody's clock decides here: a back-fill of a million intervals is one range, of
//! which the oldest are made, so many that a bounded number is unfinished; the rest follow as these end. Until then others
//! wait for them as they do for what is not due yet.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::machine::Engine;
use super::model::CatchUp;
use super::model::Instance;
use super::model::InstanceKey;
use super::model::Order;
use super::model::Origin;
use super::model::Status;
use super::model::Step;
use super::model::Unit;
use super::model::UnitKind;
use super::ranges::Ranges;
use super::wishes::Wish;
use crate::objects::Address;
use crate::objects::Dependency;
use crate::time::Interval;
use crate::time::Timeline;

impl Engine {
    /// Wants stretches of time of objects to be made, and holds back what reads them and was not tried yet.
    pub(super) fn want(
        &mut self,
        stretches: &BTreeMap<Address, Ranges>,
        now: Timestamp,
        step: &mut Step,
    ) {
        let all = self.with_written_nodes(stretches);
        for (object, ranges) in &all {
            for range in ranges.iter() {
                self.wishes.insert(object, Wish::Make, range);
                self.unwritten.insert(object, Wish::Make, range);
            }
        }
        let readers = self.readers_of_stretches(&all);
        let again = readers.into_iter();
        let again = again.filter(|reader| self.follow_rerun(reader, step));
        let again: Vec<InstanceKey> = again.collect();
        self.look_at_with_readers(again, now, step);
    }

    /// Gives up what is to be made in the stretches of time of an order, and what of it was made since the order was written;
    /// to how many intervals that makes a difference. What its schedule would make all the same has an instance then, which
    /// is given up; the rest is passed over again.
    pub(super) fn want_no_more(&mut self, order: &Order, now: Timestamp, step: &mut Step) -> u64 {
        let reason = format!("canceled by {}", order.who);
        let mut changed = 0;
        for (object, ranges) in &order.stretches {
            let live = self.instances_of(object);
            let made = live.filter(|instance| ranges.covers(instance.key.interval));
            for key in made.map(|it| it.key.clone()).collect::<Vec<_>>() {
                changed += u64::from(self.give_up(&key, &reason, now, step));
            }
            let before = self.to_come(object);
            if before == 0 {
                continue;
            }
            self.pass_over_due(object, now, step);
            let due = self.made_by_itself(object, ranges);
            for range in ranges.iter() {
                self.unwish(object, range);
            }
            changed += before.saturating_sub(self.to_come(object));
            self.write_wishes(step);
            for key in due {
                self.insert(&key, Origin::Backfill);
                self.give_up(&key, &reason, now, step);
            }
            self.look_at_waiting_readers(object, now, step);
        }
        changed
    }

    /// What is wanted of an object in ranges, and is not made yet by its schedule.
    fn made_by_itself(&self, object: &Address, ranges: &Ranges) -> Vec<InstanceKey> {
        let made_until = self.made_until.get(object).copied();
        let wanted = self.wanted(object).into_iter();
        let asked = wanted.flat_map(|wanted| ranges.iter().flat_map(|range| wanted.within(range)));
        let mut found = Vec::new();
        for part in asked {
            let from = made_until.map_or(part.start, |until| until.max(part.start));
            let rest = Interval {
                start: from,
                ..part
            };
            found.extend(self.intervals_in(object, rest));
        }
        let key = |interval| InstanceKey {
            object: object.clone(),
            interval,
        };
        let keys = found.into_iter().map(key);
        keys.filter(|key| !self.is_settled(key)).collect()
    }

    /// The intervals of an object that lie wholly in a stretch of time, oldest first.
    pub(super) fn intervals_in(
        &self,
        object: &Address,
        span: Interval,
    ) -> impl Iterator<Item = Interval> {
        let schedule = self.unit(object).and_then(|unit| unit.schedule.as_ref());
        let first = schedule.and_then(|schedule| schedule.next_from(span.start));
        std::iter::successors(first, move |last| schedule?.next_from(last.end))
            .take_while(move |interval| interval.end <= span.end)
    }

    fn unwish(&mut self, object: &Address, range: Interval) {
        self.wishes.remove(object, Wish::Make, range);
        self.unwritten.remove(object, Wish::Make, range);
    }

    /// Says what has changed in what is wished: before anything goes on because of it.
    pub(super) fn write_wishes(&mut self, step: &mut Step) {
        step.changes.extend(self.unwritten.take());
    }

    /// What of an object is to be made because somebody has asked for it.
    pub(super) fn wanted(&self, object: &Address) -> Option<&Ranges> {
        self.wishes.of(object, Wish::Make)
    }

    /// How many intervals of an object are to be made because somebody has asked for them.
    pub fn to_come(&self, object: &Address) -> u64 {
        self.count_in(object, self.wanted(object))
    }

    /// How many intervals of an object lie in ranges.
    pub fn count_in<'a>(
        &self,
        object: &Address,
        ranges: impl IntoIterator<Item = &'a Ranges>,
    ) -> u64 {
        let Some(schedule) = self.unit(object).and_then(|unit| unit.schedule.as_ref()) else {
            return 0;
        };
        let ranges = ranges.into_iter().flat_map(Ranges::iter);
        ranges.map(|range| schedule.count_within(range)).sum()
    }

    /// The intervals of an object that start in a stretch of time, are due and have no instance, as ranges: those that are to
    /// be made, and with `dropped` those that `catch_up` has passed over, too. Not what is already asked for.
    pub fn unmade_stretches(
        &self,
        object: &Address,
        starts: Interval,
        dropped: bool,
        now: Timestamp,
    ) -> Ranges {
        let mut unmade = Ranges::default();
        let Some(all) = self.due_in(object, starts, now) else {
            return unmade;
        };
        let passed_over = self.dropped.get(object).filter(|_| dropped);
        let passed_over = passed_over
            .into_iter()
            .flat_map(|ranges| ranges.within(all));
        passed_over.for_each(|range| unmade.insert(range));
        let made_until = self.made_until.get(object).copied();
        unmade.insert(Interval {
            start: made_until.unwrap_or(all.start).max(all.start),
            end: all.end,
        });
        self.without_instances(object, unmade)
    }

    /// From the first to the last interval of an object that starts in a stretch of time and is due.
    pub(super) fn due_in(
        &self,
        object: &Address,
        starts: Interval,
        now: Timestamp,
    ) -> Option<Interval> {
        let schedule = self.unit(object)?.schedule.as_ref()?;
        let newest = schedule.last_due(now)?;
        whole_intervals(schedule, starts, newest.end)
    }

    /// How many intervals of an object start in a stretch of time, are due and have finished, whether there is a record of
    /// them or not.
    pub fn count_finished_in(&self, object: &Address, starts: Interval, now: Timestamp) -> u64 {
        let all = self.due_in(object, starts, now);
        let settled = self.settled.get(object).into_iter().zip(all);
        let finished: Ranges = settled
            .flat_map(|(settled, all)| settled.within(all))
            .collect();
        self.count_in(object, [&finished])
    }

    /// How many instances are made when nobody wants ranges of an object any more: of what is wanted in them, and would be made
    /// by its schedule all the same. With `catch_up` these are hardly any, however many are wanted.
    pub fn made_if_canceled(&self, object: &Address, ranges: &Ranges) -> u64 {
        let catches_up = |unit: &Unit| unit.active && unit.catch_up != CatchUp::All;
        if self.unit(object).is_none_or(catches_up) {
            return 0;
        }
        let made_until = self.made_until.get(object).copied();
        let from = made_until.unwrap_or(Timestamp::MIN);
        let wanted = self.wanted(object).into_iter();
        let parts = wanted.flat_map(|wanted| ranges.iter().flat_map(|range| wanted.within(range)));
        let parts = parts.map(|part| Interval {
            start: part.start.max(from),
            ..part
        });
        let rest: Ranges = parts.collect();
        self.count_in(object, [&rest])
    }

    /// What of ranges has no instance, has not finished, and is not asked for.
    pub(super) fn without_instances(&self, object: &Address, mut ranges: Ranges) -> Ranges {
        let known = [self.settled.get(object), self.wanted(object)];
        let known = known.into_iter().flatten().flat_map(Ranges::iter);
        known.for_each(|range| ranges.remove(range));
        let live = self.instances_of(object);
        live.for_each(|instance| ranges.remove(instance.key.interval));
        ranges
    }

    /// What of an object is asked for of the intervals that start in a stretch of time.
    pub fn wanted_in(&self, object: &Address, starts: Interval) -> Ranges {
        let schedule = self.unit(object).and_then(|unit| unit.schedule.as_ref());
        let newest = self.wanted(object).and_then(Ranges::newest);
        let all = schedule
            .zip(newest)
            .and_then(|(schedule, newest)| whole_intervals(schedule, starts, newest.end));
        let wanted = self.wanted(object).into_iter().zip(all);
        wanted
            .flat_map(|(wanted, all)| wanted.within(all))
            .collect()
    }

    /// The intervals that these are, oldest first.
    pub fn wanted_intervals(&self, object: &Address, starts: Interval) -> Vec<Interval> {
        self.intervals_of(object, &self.wanted_in(object, starts))
    }

    /// The intervals of an object that lie in ranges, oldest first.
    pub fn intervals_of(&self, object: &Address, ranges: &Ranges) -> Vec<Interval> {
        let ranges = ranges.iter();
        ranges
            .flat_map(|range| self.intervals_in(object, range))
            .collect()
    }

    /// The first and the last interval of an object that lie in ranges.
    pub fn ends_of(&self, object: &Address, ranges: &Ranges) -> Option<(Interval, Interval)> {
        let schedule = self.unit(object)?.schedule.as_ref()?;
        let first = schedule.next_from(ranges.iter().next()?.start)?;
        Some((first, schedule.last_overlapping(ranges.newest()?)?))
    }

    /// Whether an interval is to be made because somebody has asked for it.
    pub(super) fn is_wanted(&self, object: &Address, interval: Interval) -> bool {
        let wanted = self.wanted(object);
        wanted.is_some_and(|wanted| wanted.covers(interval))
    }

    /// There is an instance: it is not to be made any more.
    pub(super) fn is_made(&mut self, key: &InstanceKey) {
        let wanted = self.wanted(&key.object);
        if wanted.is_some_and(|wanted| wanted.intersects(key.interval)) {
            self.unwish(&key.object, key.interval);
        }
    }

    /// Makes what is wanted, as far as may be made ahead.
    pub(super) fn make_wanted(&mut self, now: Timestamp, step: &mut Step) {
        if self.draining {
            return;
        }
        let objects: Vec<Address> = self.wished_units().cloned().collect();
        for object in objects {
            let (mut keys, mut misfits) = (Vec::new(), false);
            while let Some(range) = self.oldest_wanted(&object)
                && self.may_make(&object, range)
            {
                let Some(interval) = self.first_in(&object, range) else {
                    // Its schedule was changed.
                    self.unwish(&object, range);
                    misfits = true;
                    continue;
                };
                let key = InstanceKey {
                    object: object.clone(),
                    interval,
                };
                self.is_made(&key);
                if !self.live.contains_key(&key) {
                    self.take_out_of_settled(&key);
                    let instance = Instance {
                        origin: Origin::Backfill,
                        ..Instance::new(key.clone())
                    };
                    self.wait_anew(instance, step);
                    keys.push(key);
                }
            }
            // What reads them was held back when they were asked for; what has gone on since did not need them.
            self.write_wishes(step);
            self.look_at_all(&keys, now, step);
            if misfits {
                self.look_at_waiting_readers(&object, now, step);
            }
        }
    }

    /// Whether something that is wanted can be made now.
    pub(super) fn can_make_wanted(&self) -> bool {
        self.wished_units().any(|object| {
            let oldest = self.oldest_wanted(object);
            oldest.is_some_and(|range| self.may_make(object, range))
        })
    }

    /// Of what something is wished. It is kept of what is gone, which may come back.
    fn wished_units(&self) -> impl Iterator<Item = &Address> {
        let objects = self.wishes.objects();
        objects.filter(|object| self.unit(object).is_some())
    }

    fn oldest_wanted(&self, object: &Address) -> Option<Interval> {
        self.wanted(object)?.iter().next()
    }

    /// Whether one more instance of an object may be made because it is wanted, in this range. What is due by itself does not
    /// count among those that are there: it may wait for these. For the same reason one that is older than all of them may
    /// always be made.
    fn may_make(&self, object: &Address, range: Interval) -> bool {
        let Some(asked) = self.asked.get(object) else {
            return true;
        };
        let oldest = asked.first();
        asked.len() < self.limits.instances_ahead
            || oldest.is_none_or(|oldest| range.start < oldest.start)
    }

    /// The first interval of an object that lies wholly in a range.
    fn first_in(&self, object: &Address, range: Interval) -> Option<Interval> {
        let schedule = self.unit(object)?.schedule.as_ref()?;
        let first = schedule.next_from(range.start)?;
        (first.end <= range.end).then_some(first)
    }

    /// An instance waits or runs.
    pub(super) fn count_open(&mut self, key: &InstanceKey) {
        *self.open.entry(key.object.clone()).or_default() += 1;
        let origin = self.live.get(key).map(|instance| instance.origin);
        if matches!(origin, Some(Origin::Backfill | Origin::Rerun)) {
            let asked = self.asked.entry(key.object.clone()).or_default();
            asked.insert(key.interval);
        }
    }

    /// It does so no more.
    pub(super) fn count_open_no_more(&mut self, key: &InstanceKey) {
        if let Some(open) = self.open.get_mut(&key.object) {
            *open = open.saturating_sub(1);
        }
        if let Some(asked) = self.asked.get_mut(&key.object) {
            asked.remove(&key.interval);
            if asked.is_empty() {
                self.asked.remove(&key.object);
            }
        }
    }

    /// These stretches, and those of the data nodes that are written in them and seemed to be there, or to be passed over.
    fn with_written_nodes(
        &self,
        stretches: &BTreeMap<Address, Ranges>,
    ) -> BTreeMap<Address, Ranges> {
        let mut all = stretches.clone();
        for (object, ranges) in stretches {
            let consumers = self.consumers.get(object).into_iter().flatten();
            let nodes = consumers.filter_map(|consumer| self.unit(consumer));
            for node in nodes.filter(|unit| unit.kind == UnitKind::DataNode) {
                let Some(schedule) = &node.schedule else {
                    continue;
                };
                let edges = node.dependencies.iter();
                for edge in edges.filter(|edge| edge.producer == *object) {
                    for range in ranges.iter() {
                        let Some(read) = written(edge, schedule, range) else {
                            continue;
                        };
                        let kept = [&self.settled, &self.dropped];
                        let kept = kept.into_iter().filter_map(|kept| kept.get(&node.address));
                        for part in kept.flat_map(|kept| kept.within(read)) {
                            all.entry(node.address.clone()).or_default().insert(part);
                        }
                    }
                }
            }
        }
        all
    }

    /// What of activities has finished and depends on stretches of time of objects, or on what depends on these, and so on. What
    /// is on demand is not among them: what it read was the latest then.
    pub fn finished_readers(
        &self,
        stretches: &BTreeMap<Address, Ranges>,
    ) -> BTreeMap<Address, Ranges> {
        let mut open: Vec<(Address, Interval)> = Vec::new();
        for (object, ranges) in stretches {
            open.extend(ranges.iter().map(|range| (object.clone(), range)));
        }
        let mut found: BTreeMap<Address, Ranges> = BTreeMap::new();
        while let Some((object, range)) = open.pop() {
            for (reader, read) in self.finished_or_written(&object, range) {
                let known = found.entry(reader.clone()).or_default();
                if !known.covers(read) {
                    known.insert(read);
                    open.push((reader, read));
                }
            }
        }
        found.retain(|object, _| {
            let unit = self.unit(object);
            unit.is_some_and(|unit| unit.kind == UnitKind::Activity)
        });
        found
    }

    /// What depends on a stretch of time of an object: of an activity what has finished, of a data node all that is written
    /// there.
    fn finished_or_written(&self, object: &Address, range: Interval) -> Vec<(Address, Interval)> {
        let schedule = self.unit(object).and_then(|unit| unit.schedule.as_ref());
        let stretches: Vec<Interval> = schedule
            .into_iter()
            .flat_map(|schedule| schedule.stretches(range))
            .collect();
        let consumers = self.consumers.get(object).into_iter().flatten();
        let mut found = Vec::new();
        for unit in consumers.filter_map(|consumer| self.unit(consumer)) {
            let Some(schedule) = &unit.schedule else {
                continue;
            };
            let edges = unit.dependencies.iter();
            for edge in edges.filter(|edge| edge.producer == *object) {
                let read = stretches.iter();
                for read in read.filter_map(|stretch| written(edge, schedule, *stretch)) {
                    if unit.kind == UnitKind::DataNode {
                        found.push((unit.address.clone(), read));
                        continue;
                    }
                    let settled = self.settled.get(&unit.address).into_iter();
                    let parts = settled.flat_map(|settled| settled.within(read));
                    found.extend(parts.map(|part| (unit.address.clone(), part)));
                }
            }
        }
        found
    }

    /// The unfinished instances that read stretches of time of objects.
    fn readers_of_stretches(&self, stretches: &BTreeMap<Address, Ranges>) -> Vec<InstanceKey> {
        let mut found = BTreeSet::new();
        for (object, ranges) in stretches {
            let consumers = self.consumers.get(object).into_iter().flatten();
            for unit in consumers.filter_map(|consumer| self.unit(consumer)) {
                let edges: Vec<&Dependency> = unit
                    .dependencies
                    .iter()
                    .filter(|edge| edge.producer == *object)
                    .collect();
                let live = self.instances_of(&unit.address);
                let reads = live.filter(|instance| reads(unit, &edges, instance, ranges));
                found.extend(reads.map(|instance| instance.key.clone()));
            }
        }
        found.into_iter().collect()
    }

    /// Looks again at all that waits and depends on an object.
    pub(super) fn look_at_waiting_readers(
        &mut self,
        object: &Address,
        now: Timestamp,
        step: &mut Step,
    ) {
        self.write_wishes(step);
        let consumers = self.consumers.get(object).cloned().unwrap_or_default();
        for unit in consumers {
            let waiting: Vec<InstanceKey> = self
                .instances_of(&unit)
                .filter(|instance| instance.status == Status::WaitingOnDependencies)
                .map(|instance| instance.key.clone())
                .collect();
            for key in waiting {
                self.look_at(&key, now, step);
            }
        }
    }
}

/// From the first to the last interval that starts in a stretch of time and ends by a moment; `None` if none does.
fn whole_intervals(schedule: &Timeline, starts: Interval, until: Timestamp) -> Option<Interval> {
    let first = schedule.next_from(starts.start)?;
    let bounded = Interval {
        start: first.start,
        end: starts.end.min(until),
    };
    if bounded.start >= bounded.end {
        return None;
    }
    let last = schedule.last_overlapping(bounded)?;
    Some(Interval {
        end: last.end.min(until),
        ..bounded
    })
}

/// Whether an instance reads anything of ranges. What is on demand reads what was there then.
fn reads(unit: &Unit, edges: &[&Dependency], instance: &Instance, ranges: &Ranges) -> bool {
    if unit.schedule.is_none() {
        return true;
    }
    let interval = instance.key.interval;
    let mut spans = edges
        .iter()
        .map(|edge| edge.span(interval, unit.schedule.as_ref()));
    spans.any(|span| span.is_some_and(|span| ranges.intersects(span)))
}

/// The intervals of a data node that read a stretch of time, from the start of the first to the end of the last.
fn written(edge: &Dependency, schedule: &Timeline, range: Interval) -> Option<Interval> {
    let near = super::operations::widened(edge.readers(range).unwrap_or(range));
    let reads = |interval: &Interval| {
        let span = edge.span(*interval, Some(schedule));
        span.is_some_and(|span| span.overlaps(range))
    };
    let first = schedule.overlapping(near).find(reads)?;
    let mut last = schedule.last_overlapping(near)?;
    while !reads(&last) {
        let before = Interval {
            start: near.start,
            end: last.start,
        };
        last = schedule.last_overlapping(before)?;
    }
    Some(Interval {
        start: first.start,
        end: last.end,
    })
}
