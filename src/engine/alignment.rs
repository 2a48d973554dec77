//! Which instances of a producer an interval needs, and which intervals of a consumer need an instance.
//!
//! Apart from readiness, which decides what follows. Both directions cost in proportion to their answer: finished
//! intervals are passed over a range at a time, and those that wait are found by when they end.

use jiff::Timestamp;

use super::faults::Fault;
use super::machine::Engine;
use super::model::Dependency;
use super::model::FailureMode;
use super::model::Instance;
use super::model::InstanceKey;
use super::model::Require;
use super::model::Status;
use super::model::Unit;
use super::ranges::Ranges;
use crate::objects::Address;
use crate::objects::History;
use crate::objects::Need;
use crate::time::Interval;
use crate::time::Timeline;

/// How an instance stands to one edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing to wait for.
    Settled,
    /// Something has not finished.
    Waiting,
    /// Something was given up, and who waits gives up with it.
    GivenUp(InstanceKey),
}

impl History for Engine {
    fn finished(&self, producer: &Address, need: Need, require: Require) -> Option<Vec<Interval>> {
        let schedule = self.unit(producer)?.schedule.as_ref()?;
        let settled = self.settled.get(producer);
        let (span, due_by) = match need {
            Need::Nothing => return Some(Vec::new()),
            Need::SameRun => return None,
            Need::Newest => {
                let newest = self.newest_finished(producer);
                let newest = newest.and_then(|range| schedule.last_overlapping(range));
                return Some(newest.into_iter().collect());
            }
            Need::In { span, due_by } => (span, due_by),
        };
        let mut found: Vec<Interval> = schedule
            .overlapping(span)
            .take_while(|interval| due_by.is_none_or(|at| schedule.due_at(*interval) <= at))
            .filter(|interval| settled.is_some_and(|settled| settled.covers(*interval)))
            .filter(|interval| !self.is_wanted(producer, *interval))
            .collect();
        if require == Require::Latest {
            found.drain(..found.len().saturating_sub(1));
        }
        Some(found)
    }
}

impl Engine {
    /// What an interval of a unit needs by one of its edges.
    pub(super) fn need(&self, unit: &Unit, edge: &Dependency, interval: Interval) -> Need {
        match self.unit(&edge.producer) {
            None => Need::Nothing,
            Some(producer) => {
                edge.need(interval, unit.schedule.as_ref(), producer.schedule.as_ref())
            }
        }
    }

    /// How an interval of a unit stands to one of its edges.
    pub(super) fn standing(&self, unit: &Unit, edge: &Dependency, interval: Interval) -> Standing {
        let cascades = unit.failure_mode == FailureMode::Cascade;
        let producer = &edge.producer;
        match self.need(unit, edge, interval) {
            Need::Nothing => Standing::Settled,
            Need::Newest => {
                if self.newest_finished(producer).is_none() {
                    Standing::Waiting
                } else {
                    Standing::Settled
                }
            }
            Need::SameRun => {
                let live = self.live_of_run(producer, interval);
                standing_of(live, None, cascades)
            }
            Need::In { span, due_by } => match self.required(edge) {
                Require::All => {
                    let live = self.live_in(producer, span, due_by);
                    let missing = self.missing(producer, span, due_by).next();
                    let missing = missing.filter(|_| !self.has(Fault::StartsBeforeInputs));
                    standing_of(live, missing, cascades)
                }
                Require::Any => self.standing_to_any(producer, (span, due_by), cascades),
                Require::Latest => match self.newest_in(producer, span, due_by) {
                    None => Standing::Settled,
                    Some(newest) => {
                        let live = self.live_in(producer, newest, due_by);
                        let live = live.filter(|instance| instance.key.interval == newest);
                        let missing = self.missing(producer, newest, due_by).next();
                        standing_of(live, missing, cascades)
                    }
                },
            },
        }
    }

    /// How much is needed by an edge. What is on demand has no newest interval: each run that is there may bring the newest.
    fn required(&self, edge: &Dependency) -> Require {
        let producer = self.unit(&edge.producer);
        let on_demand = producer.is_some_and(|producer| producer.schedule.is_none());
        match edge.require {
            Require::Latest if on_demand => Require::All,
            require => require,
        }
    }

    /// One that is finished will do; it is given up when none can be any more.
    fn standing_to_any(
        &self,
        producer: &Address,
        (span, due_by): (Interval, Option<Timestamp>),
        cascades: bool,
    ) -> Standing {
        if self.finished_within(producer, span).next().is_some() {
            return Standing::Settled;
        }
        let mut given_up = None;
        for instance in self.live_in(producer, span, due_by) {
            if !instance.status.is_unsuccessful() {
                return Standing::Waiting;
            }
            given_up = Some(instance.key.clone());
        }
        let unmade = self.missing(producer, span, due_by).any(|interval| {
            !self.live.contains_key(&InstanceKey {
                object: producer.clone(),
                interval,
            })
        });
        match given_up {
            None if !unmade => Standing::Settled,
            Some(key) if !unmade && cascades => Standing::GivenUp(key),
            _ => Standing::Waiting,
        }
    }

    /// What of a stretch of time of an object has finished, and is not to be made all the same because somebody has asked for
    /// it; oldest first.
    pub(super) fn finished_within(
        &self,
        object: &Address,
        span: Interval,
    ) -> impl DoubleEndedIterator<Item = Interval> {
        let settled = self.settled.get(object).into_iter();
        let mut rest: Ranges = settled.flat_map(|settled| settled.within(span)).collect();
        let wanted = self.wanted(object).into_iter();
        let wanted = wanted.flat_map(|wanted| wanted.within(span));
        wanted.for_each(|range| rest.remove(range));
        rest.iter().collect::<Vec<_>>().into_iter()
    }

    /// The newest stretch of time of an object that has finished, in the same sense.
    pub(super) fn newest_finished(&self, object: &Address) -> Option<Interval> {
        let ranges = self.settled.get(object)?.iter().rev();
        let mut newest = ranges.map(|range| self.finished_within(object, range).next_back());
        newest.find_map(|newest| newest)
    }

    /// The newest interval of a producer that overlaps a stretch of time.
    pub(super) fn newest_in(
        &self,
        producer: &Address,
        span: Interval,
        due_by: Option<Timestamp>,
    ) -> Option<Interval> {
        let schedule = self.unit(producer)?.schedule.as_ref()?;
        let mut newest = schedule.last_overlapping(span)?;
        if let Some(due_by) = due_by
            && schedule.due_at(newest) > due_by
        {
            newest = schedule
                .last_due(due_by)
                .filter(|last| last.overlaps(span))?;
        }
        Some(newest)
    }

    /// The intervals of a producer in a stretch of time that have not finished, oldest first. Those that have are passed
    /// over a range at a time. What somebody has asked for has not, whatever it seemed to be before.
    pub(super) fn missing<'a>(
        &'a self,
        producer: &Address,
        span: Interval,
        due_by: Option<Timestamp>,
    ) -> impl Iterator<Item = Interval> + use<'a> {
        let schedule = self.unit(producer).and_then(|unit| unit.schedule.as_ref());
        let settled = self.settled.get(producer);
        let dropped = self.dropped.get(producer);
        let wanted = self.wanted(producer);
        let mut from = span.start;
        std::iter::from_fn(move || {
            let schedule: &Timeline = schedule?;
            loop {
                if from >= span.end {
                    return None;
                }
                let rest = Interval {
                    start: from,
                    end: span.end,
                };
                let next = schedule.overlapping(rest).next()?;
                if due_by.is_some_and(|due_by| schedule.due_at(next) > due_by) {
                    return None;
                }
                if wanted.is_some_and(|wanted| wanted.covers(next)) {
                    from = next.end;
                    return Some(next);
                }
                let around = |ranges: &Ranges| ranges.around(next);
                let passed = settled
                    .and_then(around)
                    .or_else(|| dropped.and_then(around));
                from = passed.map_or(next.end, |range| range.end);
                // Only as far as nothing in it is asked for.
                let asked = wanted.zip(passed).and_then(|(wanted, passed)| {
                    let rest = Interval {
                        start: next.end,
                        end: passed.end,
                    };
                    wanted.within(rest).next()
                });
                from = asked.map_or(from, |asked| asked.start);
                if passed.is_none() {
                    return Some(next);
                }
            }
        })
    }

    /// The unfinished instances of an object in a stretch of time, oldest first.
    pub(super) fn live_in<'a>(
        &'a self,
        object: &Address,
        span: Interval,
        due_by: Option<Timestamp>,
    ) -> impl Iterator<Item = &'a Instance> + use<'a> {
        let schedule = self.unit(object).and_then(|unit| unit.schedule.as_ref());
        self.live_near(object, span).filter(move |instance| {
            let interval = instance.key.interval;
            let due = schedule.zip(due_by);
            interval.overlaps(span)
                && due.is_none_or(|(schedule, due_by)| schedule.due_at(interval) <= due_by)
        })
    }

    /// The unfinished instances of an object in one run on demand.
    pub(super) fn live_of_run<'a>(
        &'a self,
        object: &Address,
        moment: Interval,
    ) -> impl Iterator<Item = &'a Instance> + use<'a> {
        let near = self.live_near(object, moment);
        near.filter(move |instance| instance.key.interval == moment)
    }

    /// The waiting instances of a consumer that may need an interval of a producer.
    pub(super) fn readers_of(
        &self,
        consumer: &Unit,
        producer: &Address,
        read: Interval,
    ) -> Vec<InstanceKey> {
        let mut found = Vec::new();
        let edges = consumer.dependencies.iter();
        for edge in edges.filter(|edge| edge.producer == *producer) {
            let waiting = |instance: &&Instance| instance.status == Status::WaitingOnDependencies;
            let key = |instance: &Instance| instance.key.clone();
            match edge.readers(read) {
                None if consumer.schedule.is_none() && !read.is_moment() => {
                    // They wait for the first that is finished, and were mostly triggered after its interval.
                    found.extend(
                        self.instances_of(&consumer.address)
                            .filter(waiting)
                            .map(key),
                    );
                }
                None => found.extend(
                    self.live_near(&consumer.address, read)
                        .filter(waiting)
                        .filter(|instance| instance.key.interval.overlaps(read))
                        .map(key),
                ),
                Some(readers) => found.extend(
                    self.live_near(&consumer.address, readers)
                        .filter(waiting)
                        .filter(|instance| {
                            edge.span(instance.key.interval, consumer.schedule.as_ref())
                                .is_some_and(|span| span.overlaps(read))
                        })
                        .map(key),
                ),
            }
        }
        found
    }
}

/// How who waits stands to instances that have not finished, and one that there is none of yet.
fn standing_of<'a>(
    live: impl Iterator<Item = &'a Instance>,
    missing: Option<Interval>,
    cascades: bool,
) -> Standing {
    let mut waiting = missing.is_some();
    for instance in live {
        if cascades && instance.status.is_unsuccessful() {
            return Standing::GivenUp(instance.key.clone());
        }
        waiting = true;
        if !cascades {
            break;
        }
    }
    if waiting {
        Standing::Waiting
    } else {
        Standing::Settled
    }
}
