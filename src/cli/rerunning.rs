//! `--rerun` of `plan` and `apply`: which instances run again with what is applied, like Terraform's `-replace`.
//!
//! Apart from the command `rerun`, which asks for the same without an apply. The order is written in the transaction of the
//! apply, so that there is no moment in which the change is there and the order is not.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::commands::proposing::refuse_above;
use super::commands::select::Chosen;
use super::commands::select::Selection;
use super::commands::select::select_from;
use super::commands::select::select_intervals;
use super::errors::Failure;
use super::planning::Planned;
use super::statuses::ENDED;
use crate::engine::InstanceKey;
use crate::engine::Operation;
use crate::objects::Address;
use crate::objects::Kind;
use crate::plan::effects::Rerun;
use crate::plan::saved::Again;
use crate::store::Filter;
use crate::store::PlacedOrder;
use crate::store::Record;
use crate::store::Store;
use crate::time::Interval;

/// Options of commands that plan.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct RerunArgs {
    /// Run instances again that have ended, with what is applied: an address, maybe with intervals; may be given several times
    #[arg(long, value_name = "ADDRESS[@FROM..TO]")]
    rerun: Vec<String>,
}

impl RerunArgs {
    /// Adds to a plan what is to run again.
    pub(crate) fn add_to(&self, planned: &mut Planned, store: &Store) -> Result<(), Failure> {
        let selections = Selection::parse_all(&self.rerun)?;
        if selections.is_empty() {
            return Ok(());
        }
        let mut filters = Vec::new();
        for (object, spans) in chosen(planned, &selections)? {
            let spans = spans.unwrap_or_else(|| vec![Interval::ALL]);
            filters.extend(spans.into_iter().map(|span| Filter {
                statuses: ENDED.to_vec(),
                ..Filter::starting_in(object.clone(), span)
            }));
        }
        let mut number = 0;
        for filter in &filters {
            number += store.count_instances(filter)?.values().sum::<u64>();
        }
        refuse_above(number, "--rerun")?;
        let mut keys = BTreeMap::new();
        for filter in &filters {
            let found = store.instances(filter)?.into_iter();
            keys.extend(found.map(|instance| (instance.key, instance.attempts)));
        }
        if keys.is_empty() {
            return Err(Failure::message(format!(
                "--rerun: no instance of {} has ended.\n\n`pipeform history` lists those there are.",
                self.rerun.join(", ")
            )));
        }
        add(planned, keys);
        Ok(())
    }

    /// What is to run again, as it was written.
    pub(crate) fn written(&self) -> &[String] {
        &self.rerun
    }
}

/// The order for the instances of a plan that are to run again. `what`: how that was asked for.
pub(crate) fn order(planned: &Planned, what: &[String], who: &str) -> Option<PlacedOrder> {
    let asked = u64::try_from(planned.again.len()).unwrap_or(u64::MAX);
    (asked > 0).then(|| PlacedOrder {
        record: Record {
            at: planned.plan.at,
            who: who.to_owned(),
            operation: "rerun".to_owned(),
            what: what.join(" "),
            asked,
            changed: None,
        },
        operation: Operation::Rerun {
            as_was: false,
            restart: false,
        },
        targets: planned
            .again
            .iter()
            .map(|again| again.instance.clone())
            .collect(),
        stretches: BTreeMap::new(),
    })
}

/// Adds to a plan instances that are to run again, with how many attempts they have had.
pub(crate) fn add(planned: &mut Planned, keys: BTreeMap<InstanceKey, u32>) {
    planned.plan.effects.run_again(reruns(planned, keys.keys()));
    let again = keys.into_iter();
    planned.again = again
        .map(|(instance, attempts)| Again { instance, attempts })
        .collect();
}

/// The activities that are meant: applied, and there after the plan, under the same address.
fn chosen(planned: &Planned, selections: &[Selection]) -> Result<Chosen, Failure> {
    let prior = planned.prior();
    let known: BTreeSet<Address> = prior.objects.keys().cloned().collect();
    let hint = "--rerun names what has run: `pipeform state list` shows what there is.";
    for selection in selections {
        select_from(
            ("state", hint),
            &known,
            std::slice::from_ref(&selection.address),
        )?;
    }
    let mut chosen = select_intervals(&known, selections, &prior.timetable)?;
    chosen.retain(|address, _| address.kind() == Kind::Activity.as_str());
    for address in chosen.keys() {
        if planned.moves_to(address) {
            return Err(Failure::message(format!(
                "--rerun: `{address}` gets this address by the same plan.\n\nApply the move first, and then run it again."
            )));
        }
        if !planned.next_objects().contains_key(address) {
            return Err(Failure::message(format!(
                "--rerun: the plan removes `{address}`, and nothing of it can run again."
            )));
        }
    }
    Ok(chosen)
}

/// How many of each activity, and from when to when.
fn reruns<'a>(planned: &Planned, keys: impl Iterator<Item = &'a InstanceKey>) -> Vec<Rerun> {
    let mut found: Vec<Rerun> = Vec::new();
    for key in keys {
        match found.last_mut().filter(|last| last.address == key.object) {
            Some(last) => {
                last.count += 1;
                last.newest = key.interval;
            }
            None => found.push(Rerun {
                address: key.object.clone(),
                count: 1,
                oldest: key.interval,
                newest: key.interval,
                timezone: planned.prior().timetable.timezone(&key.object),
            }),
        }
    }
    found
}
