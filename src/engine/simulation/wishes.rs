//! The rules about what is wished of stretches of time: it is made in the end, and nothing of it is lost.

use super::super::Instance;
use super::super::InstanceKey;
use super::super::Origin;
use super::super::Ranges;
use super::super::Wish;
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
    /// What somebody has asked for is made, unless enough of it is unfinished; or the runner wants to be woken.
    pub(super) fn check_wanted(&mut self, site: Site<'_>) -> Found {
        let objects: Vec<Address> = self.log.wishes.objects().cloned().collect();
        for object in objects {
            let Some(first) = self.first_wanted(&object) else {
                continue;
            };
            let asked = |instance: &&Instance| {
                matches!(instance.origin, Origin::Backfill | Origin::Rerun)
                    && is_open(instance.status)
            };
            let asked: Vec<&Instance> = self.of(&object).filter(asked).collect();
            // What is newer may wait for it.
            let older = |asked: &&Instance| asked.key.interval.start <= first.start;
            let full = asked.len() >= site.limits.instances_ahead && asked.iter().any(older);
            let wakes = site.next_wake.is_some_and(|wake| wake <= site.now);
            must(full || wakes, Rule::NothingForgotten, || {
                format!("what was asked for of {object} is not made, and nothing wakes the runner")
            })?;
        }
        Ok(())
    }

    /// The first interval that is to be made because somebody has asked for it.
    fn first_wanted(&mut self, object: &Address) -> Option<Interval> {
        let wanted = self.log.wishes.of(object, Wish::Make)?;
        let listed = self.listed.get_mut(object)?;
        let mut within = wanted.iter().flat_map(|range| listed.in_span(range, None));
        within.find(|interval| wanted.covers(*interval))
    }

    /// More is wanted of an object, and something no more: answers what of that is to have an instance now. The rest an
    /// order gives up: it is not made by itself either.
    pub(super) fn wished(
        &mut self,
        object: &Address,
        (more, fewer): (&Ranges, &Ranges),
        order: Option<u64>,
    ) -> Vec<InstanceKey> {
        let asked = |key: &InstanceKey| key.object == *object && more.covers(key.interval);
        self.canceled.retain(|key| !asked(key));
        let gone = self.granted(object, fewer).into_iter();
        let (given_up, granted): (Vec<InstanceKey>, Vec<InstanceKey>) =
            gone.partition(|key| self.gives_up(order, key));
        let given_up = given_up.into_iter();
        self.canceled
            .extend(given_up.filter(|key| !self.nodes.contains(&key.object)));
        granted
    }

    /// What is not wanted any more, now that it is wanted no more in some ranges.
    fn granted(&mut self, object: &Address, fewer: &Ranges) -> Vec<InstanceKey> {
        let (Some(before), Some(listed)) = (
            self.log.wishes.of(object, Wish::Make),
            self.listed.get_mut(object),
        ) else {
            return Vec::new();
        };
        let intervals = fewer.iter().flat_map(|range| listed.in_span(range, None));
        let gone = |interval: &Interval| before.covers(*interval) && fewer.covers(*interval);
        let key = |interval| InstanceKey {
            object: object.clone(),
            interval,
        };
        intervals.filter(gone).map(key).collect()
    }

    /// What is not wanted any more has an instance, unless somebody has given it up.
    pub(super) fn check_granted(&self, key: &InstanceKey) -> Found {
        let mut made = self.of(&key.object);
        let made = made.any(|instance| instance.key.interval.overlaps(key.interval));
        must(made, Rule::NothingForgotten, || {
            format!("{} was asked for and is not made", short(key))
        })
    }

    /// Whether an interval is to be made because somebody has asked for it.
    pub(super) fn is_wanted(&self, object: &Address, interval: Interval) -> bool {
        let wanted = self.log.wishes.of(object, Wish::Make);
        wanted.is_some_and(|wanted| wanted.covers(interval))
    }
}
