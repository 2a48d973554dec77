//! `--in-flight` of `plan` and `apply`: what becomes of instances that are under way while their definition changes or goes.
//!
//! If nothing is said they finish with the definition that they started with. What else is asked for are orders, written in the
//! transaction of the apply: there is no moment in which the change is there and the orders are not.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::errors::Failure;
use super::planning::Planned;
use crate::engine::InstanceKey;
use crate::engine::Operation;
use crate::engine::Status;
use crate::objects::Address;
use crate::plan::in_flight::InFlight;
use crate::store::PlacedOrder;
use crate::store::Record;
use crate::store::Store;

/// Options of commands that plan.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct InFlightArgs {
    /// What becomes of instances that are under way while their definition changes: they `finish` with the old one, are canceled, or
    /// are stopped and start again with the new one
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    in_flight: Choice,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Choice {
    #[default]
    Finish,
    Cancel,
    Restart,
}

impl InFlightArgs {
    /// Says in a plan what becomes of what is under way.
    pub(crate) fn decide(self, planned: &mut Planned) {
        let how = match self.in_flight {
            Choice::Finish => InFlight::Finish,
            Choice::Cancel => InFlight::Cancel,
            Choice::Restart => InFlight::Restart,
        };
        decide(planned, how);
    }
}

/// Says in a plan what becomes of what is under way.
pub(crate) fn decide(planned: &mut Planned, how: InFlight) {
    let stay: BTreeSet<Address> = planned.next_objects().keys().cloned().collect();
    let effects = &mut planned.plan.effects;
    effects.decide_in_flight(how, |address| stay.contains(address));
    planned.in_flight = how;
}

/// The orders that do to what is under way now what a plan says.
pub(crate) fn orders(
    planned: &Planned,
    store: &Store,
    who: &str,
) -> Result<Vec<PlacedOrder>, Failure> {
    if planned.in_flight.is_finish() {
        return Ok(Vec::new());
    }
    let pipelines = planned.plan.effects.pipelines.iter();
    let activities = pipelines.flat_map(|pipeline| &pipeline.activities);
    let concerned: BTreeMap<&Address, bool> = activities
        .filter(|activity| activity.counts.stopped + activity.counts.restarted > 0)
        .map(|activity| (&activity.address, activity.counts.restarted > 0))
        .collect();
    let (mut canceled, mut restarted) = (BTreeSet::new(), BTreeSet::new());
    for instance in store.unfinished_instances()? {
        let object = planned.relocation().address(&instance.key.object);
        let interval = instance.key.interval;
        match concerned.get(&object) {
            Some(restarts) if instance.status == Status::Running => {
                let keys = if *restarts {
                    &mut restarted
                } else {
                    &mut canceled
                };
                keys.insert(InstanceKey { object, interval });
            }
            _ => {}
        }
    }
    let restart = Operation::Rerun {
        as_was: false,
        restart: true,
    };
    let orders = [
        ("cancel", Operation::Cancel, canceled),
        ("rerun", restart, restarted),
    ];
    let orders = orders.into_iter().filter(|(_, _, keys)| !keys.is_empty());
    Ok(orders
        .map(|(name, operation, targets)| PlacedOrder {
            record: Record {
                at: planned.plan.at,
                who: who.to_owned(),
                operation: name.to_owned(),
                what: "what was under way while its definition changed".to_owned(),
                asked: u64::try_from(targets.len()).unwrap_or(u64::MAX),
                changed: None,
            },
            operation,
            targets: targets.into_iter().collect(),
            stretches: BTreeMap::new(),
        })
        .collect())
}
