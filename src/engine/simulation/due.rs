//! The rule that nothing is forgotten: what is due, by the list of all intervals.

use jiff::Timestamp;

use super::super::Instance;
use super::super::InstanceKey;
use super::super::InstanceOrder;
use super::super::Status;
use super::super::Unit;
use super::super::testing::short;
use super::oracle::Oracle;
use super::oracle::Site;
use super::oracle::is_open;
use super::rules::Found;
use super::rules::Rule;
use super::rules::must;
use crate::objects::Address;
use crate::time::Interval;

impl Oracle {
    /// What is due has an instance; for what will be, the engine wants to be woken.
    pub(super) fn check_due(&mut self, unit: &Unit, site: Site<'_>) -> Found {
        let Some((name, due)) = self.first_unmade(unit, site) else {
            return Ok(());
        };
        // What comes free by the very step is made by the next one, at once.
        let at = due.max(site.now);
        let wakes = site.next_wake.is_some_and(|wake| wake <= at);
        must(wakes, Rule::NothingForgotten, || {
            format!("{name} is due at {due} and has no instance, and nothing wakes the runner")
        })
    }

    /// The first interval of a unit that has no instance, and when it is due; `None` if there may be no more instances.
    fn first_unmade(&mut self, unit: &Unit, site: Site<'_>) -> Option<(String, Timestamp)> {
        let mut listed = self.listed.remove(&unit.address)?;
        let was_made = |interval| self.was_made(unit, interval);
        let unmade = listed.first_unmade(site.now, was_made);
        // They are made in their order, so that one that is due is not kept waiting by one before it that is not.
        let due = unmade.filter(|(_, due)| *due > site.now);
        let overtaken = due.and_then(|_| listed.overtaken(site.now, was_made));
        let unmade = overtaken.map(|interval| (interval, site.now)).or(unmade);
        self.listed.insert(unit.address.clone(), listed);
        let (interval, due) = unmade?;
        let object = unit.address.clone();
        // Those that start with the newest must know it.
        let full = unit.instance_order == InstanceOrder::OldestFirst
            && self.open(&unit.address) >= site.limits.instances_ahead;
        (!full).then(|| (short(&InstanceKey { object, interval }), due))
    }

    fn open(&self, object: &Address) -> usize {
        let open = |instance: &&Instance| is_open(instance.status);
        self.of(object).filter(open).count()
    }

    /// Whether there is an instance of an interval, or was one of another that lies there: before its schedule was changed,
    /// or it was removed and came back.
    fn was_made(&self, unit: &Unit, interval: Interval) -> bool {
        let key = InstanceKey {
            object: unit.address.clone(),
            interval,
        };
        self.log.instances.contains_key(&key)
            || self.is_dropped(&unit.address, interval)
            || self
                .of(&unit.address)
                .any(|instance| instance.key.interval.overlaps(interval))
    }

    /// When nothing can happen any more, everything due has an instance, which has finished, or something that did not
    /// succeed stands in its way.
    pub(super) fn in_the_end(&mut self, site: Site<'_>) -> Found {
        let definition = site.definition;
        must(self.asked.is_empty(), Rule::InTurn, || {
            "what was asked for is never done".to_owned()
        })?;
        for unit in definition.units.values().filter(|unit| unit.active) {
            if let Some((name, due)) = self.first_unmade(unit, site) {
                must(due > site.now, Rule::NothingForgotten, || {
                    format!("{name} was due at {due}, and has no instance")
                })?;
            }
        }
        let open: Vec<Instance> = self
            .log
            .instances
            .values()
            .filter(|instance| is_open(instance.status))
            .cloned()
            .collect();
        for instance in &open {
            let held_back = match definition.units.get(&instance.key.object) {
                None => false,
                Some(unit) if !unit.active => instance.status != Status::Running,
                Some(unit) => {
                    instance.status == Status::WaitingOnDependencies
                        && unit.dependencies.iter().any(|edge| {
                            !self.is_ready(unit, edge, instance.key.interval, definition)
                        })
                }
            };
            must(held_back, Rule::NothingForgotten, || {
                format!("{} is {} for ever", short(&instance.key), instance.status)
            })?;
        }
        Ok(())
    }
}
