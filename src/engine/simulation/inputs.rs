//! The rule that none runs before its inputs: what an interval needs, by enumeration.

use jiff::Timestamp;

use super::super::Definition;
use super::super::Dependency;
use super::super::Instance;
use super::super::InstanceKey;
use super::super::Ranges;
use super::super::Require;
use super::super::Unit;
use super::super::UnitKind;
use super::super::testing::short;
use super::listed::Listed;
use super::oracle::Oracle;
use super::rules::Found;
use super::rules::Rule;
use super::rules::must;
use crate::objects::Address;
use crate::time::Interval;
use crate::time::Timeline;

impl Oracle {
    /// Everything that an instance needs by a definition is there. What runs as it was needs it when it waits for nothing more:
    /// later it does not wait for what is applied, or run again itself.
    pub(super) fn check_inputs(&mut self, key: &InstanceKey, definition: &Definition) -> Found {
        let Some(unit) = definition.units.get(&key.object) else {
            return Ok(());
        };
        for edge in &unit.dependencies {
            let ready = self.is_ready(unit, edge, key.interval, definition);
            must(ready, Rule::InputsFirst, || {
                format!(
                    "{} starts before what it needs of {} has finished",
                    short(key),
                    edge.producer
                )
            })?;
        }
        let held = unit.preconditions.is_empty() || self.held.get(key) == Some(&unit.preconditions);
        must(held, Rule::InputsFirst, || {
            format!("{} starts before its preconditions held", short(key))
        })
    }

    /// A run on demand has the data nodes on demand that its activities write: who reads them waits for these.
    pub(super) fn brings_what_is_written(&self, run: &[Address], made: &[Instance]) -> Found {
        let nodes = self.definition.units.values();
        let nodes = nodes.filter(|unit| unit.kind == UnitKind::DataNode && unit.schedule.is_none());
        for node in nodes {
            let mut writers = node.dependencies.iter().map(|edge| &edge.producer);
            let is_written = writers.any(|writer| run.contains(writer));
            let is_there = made.iter().any(|made| made.key.object == node.address);
            must(is_there || !is_written, Rule::InputsFirst, || {
                format!(
                    "{} is written by a run that does not bring it",
                    node.address
                )
            })?;
        }
        Ok(())
    }

    /// Whether an interval was passed over and has no instance all the same.
    pub(super) fn is_dropped(&self, object: &Address, interval: Interval) -> bool {
        let dropped = self.log.dropped.get(object);
        let key = InstanceKey {
            object: object.clone(),
            interval,
        };
        dropped.is_some_and(|dropped| dropped.covers(interval))
            && !self.log.instances.contains_key(&key)
    }

    /// Whether what an interval needs of a producer has finished.
    pub(super) fn is_ready(
        &mut self,
        unit: &Unit,
        edge: &Dependency,
        interval: Interval,
        definition: &Definition,
    ) -> bool {
        let Some(producer) = definition.units.get(&edge.producer) else {
            return true;
        };
        let settled = |instance: &&Instance| instance.status.is_settled();
        if edge.window.is_none() && interval.is_moment() {
            let mut of = self.of(&edge.producer);
            return if producer.schedule.is_none() {
                let mut run = of.filter(|instance| instance.key.interval == interval);
                run.all(|instance| instance.status.is_settled())
            } else {
                of.any(|instance| {
                    let interval = instance.key.interval;
                    settled(&instance)
                        && !interval.is_moment()
                        && !self.is_wanted(&edge.producer, interval)
                })
            };
        }
        let Some(span) = edge.span(interval, unit.schedule.as_ref()) else {
            return true;
        };
        let due_by = interval.is_moment().then_some(interval.end);
        let needed = match &producer.schedule {
            None => Vec::new(),
            Some(schedule) => self.intervals(&edge.producer, schedule, (span, due_by)),
        };
        let wanted = |needed: &Interval| self.is_wanted(&edge.producer, *needed);
        let done = self.of(&edge.producer).filter(settled);
        let done = done.map(|instance| instance.key.interval);
        let finished: Ranges = done.filter(|interval| !wanted(interval)).collect();
        // Instances of earlier definitions are waited for like those of this one, as far as they are there.
        let schedule = producer.schedule.as_ref();
        let unfinished = self.of(&edge.producer).any(|instance| {
            let interval = instance.key.interval;
            let then =
                due_by.is_none_or(|due_by| schedule.is_none_or(|it| it.due_at(interval) <= due_by));
            !instance.status.is_settled() && interval.overlaps(span) && then
        });
        // What was passed over is not waited for, unless it was made on request.
        let dropped =
            |needed: &Interval| self.is_dropped(&edge.producer, *needed) && !wanted(needed);
        let is_done = |needed: &Interval| finished.covers(*needed) || dropped(needed);
        match edge.require {
            Require::All => needed.iter().all(is_done) && !unfinished,
            Require::Any => finished.intersects(span) || needed.iter().all(dropped) && !unfinished,
            // What is on demand has no newest one.
            Require::Latest if producer.schedule.is_none() => !unfinished,
            Require::Latest => needed.last().is_none_or(is_done),
        }
    }

    /// The intervals of a unit in a stretch of time, by the schedule that it has or by one that it had.
    fn intervals(
        &mut self,
        unit: &Address,
        schedule: &Timeline,
        (span, due_by): (Interval, Option<Timestamp>),
    ) -> Vec<Interval> {
        match self.listed.get_mut(unit) {
            Some(listed) if listed.schedule == *schedule => listed.in_span(span, due_by),
            _ => Listed::new(schedule).in_span(span, due_by),
        }
    }
}
