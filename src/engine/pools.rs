//! Places: those of the runner, of each activity, and the slots of pools.
//!
//! A unit that is ready but finds its pool full is parked with the pool. When slots are free again those whose turn it is
//! come back; what needs few slots does not overtake what waits for many, so that nothing waits for ever.

use super::faults::Fault;
use super::machine::Engine;
use super::model::InstanceKey;
use super::model::PoolShare;
use super::model::Status;
use super::model::Unit;
use super::turns::Lane;
use crate::objects::Address;

impl Engine {
    /// Gives a unit its turn if it has something to start and a place for it.
    pub(super) fn queue(&mut self, address: &Address) {
        let Some(unit) = self.unit(address).filter(|unit| unit.active) else {
            return;
        };
        let lane = lane(unit);
        let running = self.running.get(address).copied().unwrap_or(0);
        let most = usize::try_from(unit.max_active_instances).unwrap_or(usize::MAX);
        let has_place = running < most || self.has(Fault::ExceedsLimits) && running == most;
        let is_ready = self
            .ready
            .get(address)
            .is_some_and(|ready| !ready.is_empty());
        let elsewhere = unit.works_elsewhere;
        if has_place && is_ready && !self.is_parked(address) {
            let turns = if elsewhere {
                &mut self.turns_elsewhere
            } else {
                &mut self.turns
            };
            turns.insert(address, lane, &self.history);
        }
    }

    /// Takes a unit out of all queues.
    pub(super) fn unqueue(&mut self, address: &Address) {
        self.turns.remove(address);
        self.turns_elsewhere.remove(address);
        self.released.remove(address);
        if let Some(share) = self.share(address)
            && let Some(parked) = self.parked.get_mut(&share.pool)
        {
            parked.remove(address);
            // It may have stood before others that need fewer slots.
            self.release(&share.pool);
        }
    }

    /// The unit whose turn it is, of those for which the runner has a place.
    fn pop_turn(&mut self) -> Option<Address> {
        if self.limits.parallelism == 0 {
            return None; // it is only looked
        }
        let (here, elsewhere) = (self.turns.rank(), self.turns_elsewhere.rank());
        let elsewhere_first = match (here, elsewhere) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(here), Some(elsewhere)) => elsewhere <= here,
        };
        if elsewhere_first || self.has_no_place() {
            return self.turns_elsewhere.pop();
        }
        self.turns.pop()
    }

    /// The next unit that may start something.
    pub(super) fn next_turn(&mut self) -> Option<Address> {
        loop {
            let address = self.pop_turn()?;
            let Some(share) = self.share(&address) else {
                return Some(address);
            };
            let came_back = self.released.remove(&address);
            let first = came_back
                || self
                    .parked
                    .get(&share.pool)
                    .is_none_or(|parked| parked.first().is_none());
            if first && share.slots <= self.free_slots(&share.pool) {
                return Some(address);
            }
            if let Some(lane) = self.unit(&address).map(lane) {
                let parked = self.parked.entry(share.pool).or_default();
                parked.insert(&address, lane, &self.history);
            }
        }
    }

    /// A unit has started something.
    pub(super) fn had_turn(&mut self, address: &Address) {
        if let Some(lane) = self.unit(address).map(lane) {
            let turn = self.history.had_turn(address, &lane);
            let queues = [&mut self.turns, &mut self.turns_elsewhere];
            for queue in self.parked.values_mut().chain(queues) {
                queue.put_back(&lane, turn);
            }
        }
    }

    /// An attempt of a unit takes its places.
    pub(super) fn take_place(&mut self, address: &Address) {
        *self.running.entry(address.clone()).or_default() += 1;
        self.running_total += 1;
        self.running_elsewhere += usize::from(self.works_elsewhere(address));
        if let Some(share) = self.share(address) {
            *self.taken.entry(share.pool).or_default() += share.slots;
        }
    }

    /// An attempt of a unit gives its places back.
    pub(super) fn free_place(&mut self, address: &Address) {
        if let Some(running) = self.running.get_mut(address) {
            *running = running.saturating_sub(1);
        }
        self.running_total = self.running_total.saturating_sub(1);
        let elsewhere = usize::from(self.works_elsewhere(address));
        self.running_elsewhere = self.running_elsewhere.saturating_sub(elsewhere);
        if let Some(share) = self.share(address) {
            if let Some(taken) = self.taken.get_mut(&share.pool) {
                *taken = taken.saturating_sub(share.slots);
            }
            self.release(&share.pool);
        }
        self.queue(address);
    }

    /// Brings parked units back, as many as there are slots for.
    fn release(&mut self, pool: &Address) {
        let mut free = self.free_slots(pool);
        while let Some(address) = self
            .parked
            .get(pool)
            .and_then(|parked| parked.first())
            .cloned()
        {
            let slots = self.share(&address).map_or(0, |share| share.slots);
            let Some(rest) = free.checked_sub(slots) else {
                return;
            };
            free = rest;
            if let Some(parked) = self.parked.get_mut(pool) {
                parked.remove(&address);
            }
            self.released.insert(address.clone());
            self.queue(&address);
        }
    }

    fn is_parked(&self, address: &Address) -> bool {
        self.share(address)
            .and_then(|share| self.parked.get(&share.pool))
            .is_some_and(|parked| parked.holds(address))
    }

    /// What an attempt of a unit takes of its pool: never more than the pool has.
    fn share(&self, address: &Address) -> Option<PoolShare> {
        let share = self.unit(address)?.pool.as_ref()?;
        let slots = self.definition.pools.get(&share.pool)?;
        Some(PoolShare {
            pool: share.pool.clone(),
            slots: share.slots.min(*slots),
        })
    }

    fn free_slots(&self, pool: &Address) -> u32 {
        let slots = self.definition.pools.get(pool).copied().unwrap_or(0);
        slots.saturating_sub(self.taken.get(pool).copied().unwrap_or(0))
    }

    /// The pool that a ready instance of a unit waits for, if its pool is full.
    pub(super) fn full_pool(&self, unit: &Unit) -> Option<Address> {
        let share = self.share(&unit.address)?;
        let full = share.slots > self.free_slots(&share.pool) || self.is_parked(&unit.address);
        full.then_some(share.pool)
    }

    /// Whether as many attempts of a unit are under way as may be.
    pub(super) fn is_full(&self, unit: &Unit) -> bool {
        let running = self.running.get(&unit.address).copied().unwrap_or(0);
        running >= usize::try_from(unit.max_active_instances).unwrap_or(usize::MAX)
    }

    /// Whether as many attempts are under way as may be, of those that take a place of the runner.
    fn has_no_place(&self) -> bool {
        let here = self.running_total.saturating_sub(self.running_elsewhere);
        here >= self.limits.parallelism
    }

    /// Whether a unit waits for a place of the runner.
    pub(super) fn lacks_place(&self, unit: &Unit) -> bool {
        let needs_one = !unit.works_elsewhere || self.limits.parallelism == 0;
        needs_one && self.has_no_place()
    }

    fn works_elsewhere(&self, address: &Address) -> bool {
        self.unit(address).is_some_and(|unit| unit.works_elsewhere)
    }

    /// The instances that run, first: whether there is a place for what is ready depends on them.
    pub(super) fn running_first(&self) -> Vec<InstanceKey> {
        let (mut first, others): (Vec<InstanceKey>, Vec<InstanceKey>) = self
            .live
            .values()
            .map(|instance| instance.key.clone())
            .partition(|key| self.status(key) == Some(Status::Running));
        first.extend(others);
        first
    }
}

/// The lane of a unit: its priority, and its pipeline.
fn lane(unit: &Unit) -> Lane {
    let group = unit.pipeline.as_ref().unwrap_or(&unit.address);
    Lane::new(unit.priority, group.clone())
}
