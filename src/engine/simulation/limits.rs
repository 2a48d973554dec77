//! The rule that limits hold, and that no place is free for what is ready.

use std::collections::BTreeMap;

use super::super::Definition;
use super::super::Instance;
use super::super::Status;
use super::super::Unit;
use super::super::testing::short;
use super::oracle::Oracle;
use super::oracle::Site;
use super::rules::Found;
use super::rules::Rule;
use super::rules::must;
use crate::objects::Address;

impl Oracle {
    /// Places are not exceeded, and none is free for what is ready.
    pub(super) fn check_running(&self, site: Site<'_>) -> Found {
        let with = |status| {
            let all = self.log.instances.values();
            all.filter(move |instance| instance.status == status)
        };
        let mut running: BTreeMap<&Address, u32> = BTreeMap::new();
        for instance in with(Status::Running) {
            *running.entry(&instance.key.object).or_default() += 1;
            let leased = self.has_lease(&instance.key, instance.attempts, site.limits.fence);
            must(leased, Rule::OneLease, || {
                format!("{} runs without a lease", short(&instance.key))
            })?;
        }
        let total = usize::try_from(running.values().sum::<u32>()).unwrap();
        must(total <= site.limits.parallelism, Rule::LimitsHold, || {
            format!(
                "{total} attempts run, and at most {} may",
                site.limits.parallelism
            )
        })?;
        if total == site.limits.parallelism {
            return Ok(());
        }
        for instance in with(Status::WaitingForRunner) {
            let Some(unit) = site.definition.units.get(&instance.key.object) else {
                continue;
            };
            let here = running.get(&unit.address).copied().unwrap_or(0);
            let waits = instance.not_before.is_some_and(|at| at > site.now);
            // What needs few slots does not overtake what waits for many.
            let pooled = |share: &super::super::PoolShare| self.pool(&share.pool, site.definition);
            let crowded = unit.pool.as_ref().is_some_and(|share| pooled(share).0 > 0);
            let may = unit.active && here < unit.max_active_instances && !waits && !crowded;
            must(!may, Rule::NothingForgotten, || {
                format!(
                    "{} could start, and does not: {} of {} run",
                    short(&instance.key),
                    here,
                    unit.max_active_instances
                )
            })?;
        }
        Ok(())
    }

    /// What starts finds room in its pool. An apply may leave more running than would start now.
    pub(super) fn check_pool(&self, unit: &Unit, site: Site<'_>) -> Found {
        let Some(share) = &unit.pool else {
            return Ok(());
        };
        let (taken, slots) = self.pool(&share.pool, site.definition);
        must(taken <= slots, Rule::LimitsHold, || {
            format!("{taken} slots of {slots} are taken of {}", share.pool)
        })
    }

    /// How many slots of a pool are taken, and how many there are.
    fn pool(&self, pool: &Address, definition: &Definition) -> (u32, u32) {
        let slots = definition.pools[pool];
        let running = self.log.instances.values();
        let taken = running
            .filter(|instance| instance.status == Status::Running)
            .filter_map(|instance| definition.units.get(&instance.key.object)?.pool.as_ref())
            .filter(|share| share.pool == *pool)
            .map(|share| share.slots.min(slots))
            .sum();
        (taken, slots)
    }

    pub(super) fn running(&self, object: &Address) -> u32 {
        let running = |instance: &&Instance| instance.status == Status::Running;
        u32::try_from(self.of(object).filter(running).count()).unwrap()
    }
}
