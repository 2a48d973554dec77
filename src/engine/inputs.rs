//! What an instance had of its inputs, and what it does without, as data: for `status`, `trigger` and, later, the API and the
//! console.
//!
//! Apart from what it waits for because that follows from what has not finished. What it had is history, and the engine knows
//! of what has finished only that it has: the rest is read from the records.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::machine::Engine;
use super::model::Dependency;
use super::model::InstanceKey;
use super::model::Require;
use super::model::Status;
use super::model::UnitKind;
use super::operations::widened;
use super::ranges::Ranges;
use crate::objects::Address;
use crate::objects::Need;
use crate::time::Interval;
use crate::time::Why;

/// A stretch of time that the interval or the window of an instance covers, and that it does not wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotWaitedFor {
    /// Whose instances there are none of, or not needed.
    pub object: Address,
    /// The stretch.
    pub interval: Interval,
    /// Why.
    pub why: NotNeeded,
}

/// What an instance that has finished had from one of its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// The input.
    pub object: Address,
    /// Which of its instances.
    pub which: Which,
}

/// Which instances of an input an instance had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of a stretch of time.
    All(Interval),
    /// Those of a stretch of time that had finished when it started.
    Finished(Interval),
    /// The latest that had finished when it started.
    Latest,
}

/// What there are records of that say what an instance had: the engine knows of what has finished only that it has.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// When its last attempt began; of a data node, when it was there. `None`: it has not finished.
    pub began: Option<Timestamp>,
    /// When instances of its inputs have finished ([`Engine::recorded_inputs`]).
    pub finished: BTreeMap<InstanceKey, Timestamp>,
}

impl Records {
    /// Whether an instance had finished when the one that these are about began, or has by now.
    fn was_there(&self, key: &InstanceKey) -> bool {
        let in_time = |at: &Timestamp| self.began.is_none_or(|began| *at <= began);
        self.finished.get(key).is_some_and(in_time)
    }

    /// The intervals of an object that were there.
    fn there(&self, object: &Address) -> impl Iterator<Item = Interval> {
        let keys = self.finished.keys();
        let there = keys.filter(move |key| key.object == *object && self.was_there(key));
        there.map(|key| key.interval)
    }

    /// The intervals of an object that were not.
    fn later(&self, object: &Address) -> impl Iterator<Item = Interval> {
        let keys = self.finished.keys();
        let later = keys.filter(move |key| key.object == *object && !self.was_there(key));
        later.map(|key| key.interval)
    }
}

/// An activity on demand that a run on demand needs and has no instance of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Who needs it, and is part of the run.
    pub reader: Address,
    /// The activity.
    pub producer: Address,
    /// The newest run of it that has not finished, and how it stands.
    pub unfinished: Option<(Interval, Status)>,
}

/// Why a stretch of time is not waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNeeded {
    /// The producer has no instances there.
    None(Why),
    /// Its instances there were not due when who is on demand was triggered.
    NotDueThen,
    /// Only the latest is needed.
    Older,
    /// `catch_up` has passed over its instances there.
    PassedOver,
    /// The producer is on demand, and nobody has triggered a run of it there that could be waited for.
    NoRun,
    /// Its instances there have finished after the one that needed them had begun, or are still to.
    Later,
}

impl Engine {
    /// What an instance does not wait for, although its interval or window covers it. Without records nothing is said of
    /// what is on demand, nor of what came later.
    pub fn not_waited_for(
        &self,
        key: &InstanceKey,
        records: Option<&Records>,
    ) -> Vec<NotWaitedFor> {
        let Some(unit) = self.unit(&key.object) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for edge in &unit.dependencies {
            let passed = match self.need(unit, edge, key.interval) {
                Need::Nothing | Need::Newest => Vec::new(),
                Need::SameRun => self.not_in_run(edge, key.interval, records),
                Need::In { span, due_by } => self.not_in_span(edge, (span, due_by), records),
            };
            found.extend(passed.into_iter().map(|(interval, why)| NotWaitedFor {
                object: edge.producer.clone(),
                interval,
                why,
            }));
        }
        found
    }

    /// Whether an instance of one run on demand did without another one of it, and why.
    fn not_in_run(
        &self,
        edge: &Dependency,
        run: Interval,
        records: Option<&Records>,
    ) -> Vec<(Interval, NotNeeded)> {
        let why = records.and_then(|records| {
            if !self.is_part_of_run(edge, run, records) {
                return Some(NotNeeded::NoRun);
            }
            let key = key_of(&edge.producer, run);
            let later = records.began.is_some() && !records.was_there(&key);
            later.then_some(NotNeeded::Later)
        });
        why.map(|why| (run, why)).into_iter().collect()
    }

    /// Whether a run on demand has an instance of a producer: of a data node one that an activity of this run writes, if
    /// activities on demand write it.
    fn is_part_of_run(&self, edge: &Dependency, run: Interval, records: &Records) -> bool {
        let is_there = |object: &Address| {
            let key = key_of(object, run);
            self.live.contains_key(&key) || records.finished.contains_key(&key)
        };
        let writers: Vec<&Address> = self.writers_on_demand(&edge.producer).collect();
        if writers.is_empty() {
            is_there(&edge.producer)
        } else {
            writers.into_iter().any(is_there)
        }
    }

    /// The activities on demand that a data node waits for.
    fn writers_on_demand(&self, node: &Address) -> impl Iterator<Item = &Address> {
        let node = self.unit(node);
        let node = node.filter(|unit| unit.kind == UnitKind::DataNode);
        let edges = node.into_iter().flat_map(|node| &node.dependencies);
        edges.map(|edge| &edge.producer).filter(move |producer| {
            let unit = self.unit(producer);
            unit.is_some_and(|unit| unit.schedule.is_none() && unit.kind == UnitKind::Activity)
        })
    }

    /// What of the stretch of time that an edge means is not waited for.
    fn not_in_span(
        &self,
        edge: &Dependency,
        (span, due_by): (Interval, Option<Timestamp>),
        records: Option<&Records>,
    ) -> Vec<(Interval, NotNeeded)> {
        let producer = self.unit(&edge.producer);
        let Some(timeline) = producer.and_then(|producer| producer.schedule.as_ref()) else {
            let without = records.is_some_and(|records| !self.has_run(edge, span, records));
            return without
                .then_some((span, NotNeeded::NoRun))
                .into_iter()
                .collect();
        };
        let mut found = Vec::new();
        let mut add = |start, end, why| {
            if start < end {
                found.push((Interval { start, end }, why));
            }
        };
        let newest = self.newest_in(&edge.producer, span, due_by);
        for gap in timeline.gaps(span) {
            add(
                gap.interval.start,
                gap.interval.end,
                NotNeeded::None(gap.why),
            );
        }
        for passed in self.passed_over_within(&edge.producer, span) {
            add(passed.start, passed.end, NotNeeded::PassedOver);
        }
        if records.is_some_and(|records| records.began.is_some()) && needs_all(edge, due_by) {
            let stretches = self.stretches(edge, span, due_by);
            for later in self.later(edge, &stretches, records).iter() {
                add(later.start, later.end, NotNeeded::Later);
            }
        }
        let first = timeline.overlapping(span).next();
        if let (Require::Latest, Some(first), Some(newest)) = (edge.require, first, newest) {
            add(first.start, newest.start, NotNeeded::Older);
        }
        if due_by.is_some()
            && let Some(last) = timeline.last_overlapping(span)
        {
            let from = newest.or(first).map_or(span.start, |newest| newest.end);
            add(from, last.end, NotNeeded::NotDueThen);
        }
        found
    }

    /// Whether there is a run of what is on demand in a stretch of time that is waited for, or was.
    fn has_run(&self, edge: &Dependency, span: Interval, records: &Records) -> bool {
        let live = self.live_in(&edge.producer, span, None).next();
        let there = self.runs_there(edge, span, records).next();
        there.is_some() || records.began.is_none() && live.is_some()
    }

    /// The runs of what is on demand in a stretch of time that were there.
    fn runs_there(
        &self,
        edge: &Dependency,
        span: Interval,
        records: &Records,
    ) -> impl Iterator<Item = Interval> {
        let there = records.there(&edge.producer);
        let runs = there.filter(move |run| run.is_moment() && run.overlaps(span));
        runs.filter(move |run| self.is_part_of_run(edge, *run, records))
    }

    /// What of stretches of time was not there when the one that needed it began: it finished after that, or has not.
    fn later(&self, edge: &Dependency, stretches: &Ranges, records: Option<&Records>) -> Ranges {
        let mut later = stretches.clone();
        for stretch in stretches.iter() {
            for finished in self.finished_within(&edge.producer, stretch) {
                later.remove(finished);
            }
        }
        let records = records.into_iter();
        let finished = records.flat_map(|records| records.later(&edge.producer));
        let parts = finished.flat_map(|interval| stretches.within(interval));
        parts.for_each(|part| later.insert(part));
        later
    }

    /// What an instance that has finished had, by the definition and by what there are records of: stretches of time
    /// without a gap.
    pub fn used(&self, key: &InstanceKey, records: Option<&Records>) -> Vec<Used> {
        let Some(unit) = self.unit(&key.object) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for edge in &unit.dependencies {
            let mut add = |which| {
                let object = edge.producer.clone();
                found.push(Used { object, which });
            };
            match self.need(unit, edge, key.interval) {
                Need::Nothing => {}
                Need::SameRun => {
                    if records.is_some() && self.not_in_run(edge, key.interval, records).is_empty()
                    {
                        add(Which::All(key.interval));
                    }
                }
                Need::Newest => add(Which::Latest),
                Need::In { span, due_by } => {
                    let mut stretches = self.stretches(edge, span, due_by);
                    for later in self.later(edge, &stretches, records).iter() {
                        stretches.remove(later);
                    }
                    let which = if needs_all(edge, due_by) {
                        Which::All
                    } else {
                        Which::Finished
                    };
                    stretches.iter().map(which).for_each(&mut add);
                    let runs = records.map(|records| self.runs_there(edge, span, records));
                    let runs = runs.into_iter().flatten();
                    runs.map(Which::All).for_each(add);
                }
            }
        }
        found
    }

    /// Of whom, and from when to when, the instances matter that have finished, to know what an instance had ([`Records`]).
    pub fn recorded_inputs(&self, key: &InstanceKey) -> Vec<(Address, Interval)> {
        let Some(unit) = self.unit(&key.object) else {
            return Vec::new();
        };
        let has_finished = !self.live.contains_key(key);
        let mut found = Vec::new();
        for edge in &unit.dependencies {
            let producer = edge.producer.clone();
            let schedule = self.unit(&producer).and_then(|unit| unit.schedule.as_ref());
            match self.need(unit, edge, key.interval) {
                Need::SameRun => {
                    let run = widened(key.interval);
                    let writers = self.writers_on_demand(&producer);
                    found.extend(writers.map(|writer| (writer.clone(), run)));
                    found.push((producer, run));
                }
                Need::In { span, .. } if schedule.is_none() => {
                    let writers = self.writers_on_demand(&producer);
                    found.extend(writers.map(|writer| (writer.clone(), span)));
                    found.push((producer, span));
                }
                Need::In { span, due_by } if has_finished => {
                    let stretches = self.stretches(edge, span, due_by);
                    found.extend(stretches.iter().map(|stretch| (producer.clone(), stretch)));
                }
                Need::Nothing | Need::Newest | Need::In { .. } => {}
            }
        }
        found
    }

    /// What a run of these activities needs of others on demand that are not part of it: it does not wait for them.
    pub fn left_out(&self, run: &[Address]) -> Vec<LeftOut> {
        let mut found = Vec::new();
        for unit in run.iter().filter_map(|address| self.unit(address)) {
            for edge in unit
                .dependencies
                .iter()
                .filter(|edge| edge.window.is_none())
            {
                let Some(producer) = self.unit(&edge.producer) else {
                    continue;
                };
                let needed: Vec<&Address> = match producer.kind {
                    _ if producer.schedule.is_some() => Vec::new(),
                    UnitKind::Activity => vec![&producer.address],
                    UnitKind::DataNode => self.writers_on_demand(&producer.address).collect(),
                };
                if needed.iter().any(|needed| run.contains(needed)) {
                    continue;
                }
                found.extend(needed.into_iter().map(|needed| {
                    let newest = self.instances_of(needed).last();
                    LeftOut {
                        reader: unit.address.clone(),
                        producer: needed.clone(),
                        unfinished: newest.map(|newest| (newest.key.interval, newest.status)),
                    }
                }));
            }
        }
        found
    }

    /// The intervals of a producer that touch each other, together.
    fn stretches(&self, edge: &Dependency, span: Interval, due_by: Option<Timestamp>) -> Ranges {
        let producer = self.unit(&edge.producer);
        let Some(timeline) = producer.and_then(|producer| producer.schedule.as_ref()) else {
            return Ranges::default();
        };
        let due = |at: &Interval| due_by.is_none_or(|by| timeline.due_at(*at) <= by);
        let mut stretches: Ranges = timeline.overlapping(span).take_while(due).collect();
        for passed in self.passed_over_within(&edge.producer, span) {
            stretches.remove(passed);
        }
        stretches
    }
}

fn key_of(object: &Address, interval: Interval) -> InstanceKey {
    InstanceKey {
        object: object.clone(),
        interval,
    }
}

/// Whether all is needed that an edge means: it had finished when who needed it began.
fn needs_all(edge: &Dependency, due_by: Option<Timestamp>) -> bool {
    edge.require == Require::All && due_by.is_none()
}
