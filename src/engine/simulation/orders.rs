//! The rules about what operators ask for: an order is done once, it does what it says, and what it has decided stands until
//! somebody decides otherwise.
//!
//! What an order lets go on is judged by the definition that there was when it was written, however late the runner is: a
//! runner that had been quick would have done it then.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::super::Change;
use super::super::Definition;
use super::super::Instance;
use super::super::InstanceKey;
use super::super::Operation;
use super::super::Ranges;
use super::super::Status;
use super::super::Stop;
use super::super::UnitKind;
use super::super::testing::short;
use super::oracle::Oracle;
use super::oracle::Site;
use super::oracle::is_open;
use super::rules::Found;
use super::rules::Rule;
use super::rules::must;
use crate::objects::Address;

/// Something that an operator has asked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) operation: Operation,
    pub(super) targets: Vec<InstanceKey>,
    /// For which stretches of time of which objects, and how many instances these may be.
    stretches: BTreeMap<Address, Ranges>,
    more: usize,
    /// What was defined when it was written.
    definition: Rc<Definition>,
}

impl Oracle {
    /// An operator has written an order.
    pub(super) fn asked(
        &mut self,
        id: u64,
        operation: Operation,
        targets: Vec<InstanceKey>,
        (stretches, more): (BTreeMap<Address, Ranges>, usize),
    ) {
        let definition = self.definition.clone();
        self.asked.insert(
            id,
            Asked {
                operation,
                targets,
                stretches,
                more,
                definition,
            },
        );
    }

    /// The orders that some changes carry out.
    pub(super) fn carries_out(&self, changes: &[Change]) -> impl Iterator<Item = &Asked> {
        changes.iter().filter_map(|change| match change {
            Change::Operated { id, .. } => self.asked.get(id),
            _ => None,
        })
    }

    /// What runs again by some changes, or is written after all, because an order is carried out or an attempt has been stopped
    /// for one: instances, and the data nodes that follow them. `None`: nothing does.
    pub(super) fn run_again(&self, changes: &[Change]) -> Option<BTreeSet<InstanceKey>> {
        let again = self.carries_out(changes).filter(|asked| {
            matches!(
                asked.operation,
                Operation::Rerun { .. } | Operation::Backfill
            )
        });
        let again: Vec<&Asked> = again.collect();
        let restarts = changes.iter().filter_map(|change| match change {
            Change::Instance(instance) if instance.status == Status::WaitingOnDependencies => {
                self.restarted.get(&instance.key).cloned()
            }
            _ => None,
        });
        let named = again.iter().flat_map(|asked| asked.targets.clone());
        let all: BTreeSet<InstanceKey> = named.chain(restarts).collect();
        (!again.is_empty() || !all.is_empty()).then_some(all)
    }

    /// The order that each of some changes belongs to, which is noted as carried out after all that it has changed.
    pub(super) fn belong_to(changes: &[Change]) -> Vec<Option<u64>> {
        let mut order = None;
        let of = |change: &Change| {
            if let Change::Operated { id, .. } = change {
                order = Some(*id);
            }
            order
        };
        let mut all: Vec<Option<u64>> = changes.iter().rev().map(of).collect();
        all.reverse();
        all
    }

    /// The definition by which a change was decided: that of the order that it belongs to; what belongs to none was decided by
    /// the newest.
    pub(super) fn decided_by(&self, order: Option<u64>) -> Rc<Definition> {
        let asked = order.and_then(|id| self.asked.get(&id));
        asked
            .map_or(&self.definition, |asked| &asked.definition)
            .clone()
    }

    /// Whether an order gives up an interval that was still to be made.
    pub(super) fn gives_up(&self, order: Option<u64>, key: &InstanceKey) -> bool {
        let asked = order.and_then(|id| self.asked.get(&id));
        asked.is_some_and(|asked| {
            let ranges = asked.stretches.get(&key.object);
            asked.operation == Operation::Cancel
                && ranges.is_some_and(|ranges| ranges.covers(key.interval))
        })
    }

    /// An order was carried out.
    pub(super) fn carried_out(&mut self, id: u64, instances: u64) -> Found {
        let Some(asked) = self.asked.remove(&id) else {
            return must(false, Rule::InTurn, || {
                format!(
                    "order {id} is carried out, and nobody has asked for it, or it was done already"
                )
            });
        };
        let most = asked.targets.len() + asked.more;
        let within = usize::try_from(instances).is_ok_and(|instances| instances <= most);
        must(within, Rule::InTurn, || {
            format!("order {id} is for {most} instances, and is done to {instances}")
        })?;
        let again = matches!(asked.operation, Operation::Rerun { .. });
        let mut targets = asked.targets.iter();
        self.missed |= again && targets.any(|key| self.removed.contains(key));
        for key in &asked.targets {
            self.check_done(&asked, key)?;
        }
        if asked.operation == Operation::Cancel {
            for key in self.made_in(&asked.stretches) {
                self.check_done(&asked, &key)?;
            }
        }
        Ok(())
    }

    /// The instances that there are in stretches of time.
    fn made_in(&self, stretches: &BTreeMap<Address, Ranges>) -> Vec<InstanceKey> {
        let all = self.log.instances.keys();
        let covered = all.filter(|key| {
            let ranges = stretches.get(&key.object);
            ranges.is_some_and(|ranges| ranges.covers(key.interval))
        });
        covered.cloned().collect()
    }

    /// An order has done to a target what it says, and its decision is kept.
    fn check_done(&mut self, asked: &Asked, key: &InstanceKey) -> Found {
        let kept = self.log.instances.get(key);
        let Some(instance) = kept.filter(|_| !self.removed.contains(key)) else {
            return Ok(());
        };
        let (status, stop) = (instance.status, instance.stop);
        let runs = status == Status::Running;
        let unit = asked.definition.units.get(&key.object);
        let works = unit.is_some_and(|unit| unit.kind == UnitKind::Activity);
        let done = match asked.operation {
            Operation::Cancel if runs => stop == Some(Stop::Cancel),
            Operation::Cancel => !is_open(status) && status != Status::Paused,
            Operation::MarkFinished if runs => stop == Some(Stop::Finish),
            Operation::MarkFinished => status.is_settled(),
            Operation::Pause => runs || !is_open(status),
            Operation::Resume => status != Status::Paused,
            Operation::Rerun { restart: true, .. } if runs => stop.is_some(),
            Operation::Rerun { .. } => !works || is_open(status) || is_kept(status),
            Operation::Backfill => true,
        };
        must(done, Rule::InTurn, || {
            format!(
                "{:?} of {} is done, and it is {status}",
                asked.operation,
                short(key)
            )
        })?;
        match asked.operation {
            Operation::Cancel if runs || status == Status::Canceled => {
                self.restarted.remove(key);
                self.canceled.insert(key.clone());
            }
            Operation::MarkFinished => {
                self.restarted.remove(key);
                self.canceled.remove(key);
            }
            Operation::Rerun { .. } if matches!(stop, Some(Stop::Restart | Stop::RestartAsWas)) => {
                self.restarted.insert(key.clone());
            }
            _ => {}
        }
        Ok(())
    }

    /// What an operator has decided about an instance stands: what is given up does not go on, and what runs again with what
    /// it reads does not end with what it had read.
    pub(super) fn check_decided(
        &mut self,
        instance: &Instance,
        again: Option<&BTreeSet<InstanceKey>>,
        site: Site<'_>,
    ) -> Found {
        let key = &instance.key;
        let status = instance.status;
        if self.canceled.contains(key) {
            let goes_on = is_open(status) && status != Status::Running || status == Status::Paused;
            // A data node follows who writes it.
            let again =
                again.is_some_and(|again| again.contains(key) || self.nodes.contains(&key.object));
            must(!goes_on || again, Rule::InTurn, || {
                format!(
                    "{} was given up by an operator, and is {status} all the same",
                    short(key)
                )
            })?;
            if goes_on || status.is_settled() {
                self.canceled.remove(key);
            }
        }
        if self.restarted.contains(key) && status != Status::Running {
            let is_there = site.definition.units.contains_key(&key.object);
            let anew = status == Status::WaitingOnDependencies && instance.started_at.is_none();
            must(anew || !is_there, Rule::InTurn, || {
                format!(
                    "{} was to run again with what it reads, and is {status}",
                    short(key)
                )
            })?;
            self.restarted.remove(key);
        }
        Ok(())
    }
}

/// Whether an instance that is to run again is held, and stays so, or has given up again with what it depends on.
const fn is_kept(status: Status) -> bool {
    matches!(status, Status::Paused | Status::CascadeFailed)
}
