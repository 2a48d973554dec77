//! An engine that was made from what is stored, compared with the one that got there step by step.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::super::Definition;
use super::super::Engine;
use super::super::Event;
use super::super::Instance;
use super::super::InstanceKey;
use super::super::Limits;
use super::super::Past;
use super::super::Ranges;
use super::super::Status;
use super::super::turns::Turns;
use crate::objects::Address;

/// In what a new engine would differ. Only where an instance was already being checked when an apply gave it more, or less,
/// to wait for, or an operator ran it again, the old one lags behind until that check ends; then nothing is compared.
pub(super) fn difference(
    engine: &Engine,
    definition: &Definition,
    (past, limits): (Past, Limits),
    now: Timestamp,
) -> Option<&'static str> {
    let lags = |instance: &Instance| {
        let key = &instance.key;
        let is_checked = instance.checking_since.is_some() || engine.checking.contains(key);
        if !is_checked || instance.status != Status::WaitingOnDependencies {
            return false;
        }
        let Some(unit) = definition.units.get(&key.object) else {
            return false;
        };
        !unit.active || unit.preconditions.is_empty() || !engine.is_unblocked(unit, key.interval)
    };
    if engine.live.values().any(lags) {
        return None;
    }
    let nothing = Limits {
        parallelism: 0,
        ..limits
    };
    let mut live = engine.clone();
    live.limits = nothing;
    live.step(Event::Tick, now);
    let mut rebuilt = Engine::new(definition.clone(), past, nothing);
    rebuilt.fault = engine.fault;
    rebuilt.step(Event::Tick, now);
    let units = |engine: &Engine| -> BTreeSet<Address> {
        let parked = engine.parked.values().flat_map(Turns::units);
        let turns = [&engine.turns, &engine.turns_elsewhere];
        let turns = turns.into_iter().flat_map(Turns::units);
        turns.chain(parked).cloned().collect()
    };
    let next = |engine: &Engine| {
        let units = definition.units.keys();
        units
            .map(|unit| engine.next_interval(unit))
            .collect::<Vec<_>>()
    };
    let checking = live.checking.difference(&live.stale_checks);
    let checking: BTreeSet<InstanceKey> = checking.cloned().collect();
    let parts = [
        ("what is ready", ready(&live) == ready(&rebuilt)),
        ("whose turn it is", units(&live) == units(&rebuilt)),
        ("what is due next", live.due == rebuilt.due),
        ("what is full", live.full == rebuilt.full),
        ("what has finished", settled(&live) == settled(&rebuilt)),
        ("what is passed over", live.dropped == rebuilt.dropped),
        ("what is wished", live.wishes == rebuilt.wishes),
        ("which intervals are next", next(&live) == next(&rebuilt)),
        ("places", live.running_total == rebuilt.running_total),
        ("checks", checking.is_subset(&rebuilt.checking)),
    ];
    let differs = parts.into_iter().find(|(_, same)| !same);
    differs.map(|(what, _)| what)
}

fn settled(engine: &Engine) -> BTreeMap<Address, Ranges> {
    let mut settled = engine.settled.clone();
    settled.retain(|_, ranges| !ranges.is_empty());
    settled
}

fn ready(engine: &Engine) -> Vec<InstanceKey> {
    let ready = engine.ready.values().flatten();
    ready.map(|(_, _, key)| key.clone()).collect()
}
