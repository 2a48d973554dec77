//! The rules, written a second time in the plainest way: over the replay of all that was committed, by enumeration.
//!
//! It knows nothing of queues, timers or ranges. What it is told are the changes that were committed, the effects that were
//! asked for, and the definition; from these it decides what must hold after every step.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

use jiff::Timestamp;

use super::super::Attempt;
use super::super::CatchUp;
use super::super::Change;
use super::super::Definition;
use super::super::Instance;
use super::super::InstanceKey;
use super::super::Limits;
use super::super::Status;
use super::super::Unit;
use super::super::UnitKind;
use super::super::testing::short;
use super::super::transition_of;
use super::disk::Tables;
use super::listed::Listed;
use super::orders::Asked;
use super::rules::Found;
use super::rules::Rule;
use super::rules::must;
use crate::objects::Address;
use crate::time::Interval;

/// A check of preconditions that is under way.
#[derive(Clone, Debug)]
pub(super) struct Check {
    /// Of which.
    pub(super) of: Vec<Address>,
    /// How often the instance had begun again by then.
    pub(super) begun: u32,
}

/// What everything is judged by.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    /// The replay of all that was committed.
    pub(super) log: Tables,
    /// What of it has no record any more: that it has finished is known all the same.
    pub(super) removed: BTreeSet<InstanceKey>,
    /// Whether any of that has begun again, or an operator has asked for it.
    pub(super) missed: bool,
    /// Instances whose first attempt has started.
    tried: BTreeSet<InstanceKey>,
    /// Instances whose preconditions were found to hold, and which these were.
    pub(super) held: BTreeMap<InstanceKey, Vec<Address>>,
    /// How often instances have begun again.
    begun: BTreeMap<InstanceKey, u32>,
    /// How often instances have come to their ends, and actions were done for them.
    ended: BTreeMap<(InstanceKey, Status), u32>,
    acted: BTreeMap<(Address, InstanceKey), u32>,
    /// What operators have asked for and nobody has carried out.
    pub(super) asked: BTreeMap<u64, Asked>,
    /// What operators have given up, and what is to run again though it was under way.
    pub(super) canceled: BTreeSet<InstanceKey>,
    pub(super) restarted: BTreeSet<InstanceKey>,
    /// What is defined.
    pub(super) definition: Rc<Definition>,
    /// What may be passed over.
    droppers: BTreeSet<Address>,
    /// Who writes each data node, if activities do.
    writers: BTreeMap<Address, Vec<Address>>,
    /// All that are data nodes, or were: an order that is older than an apply means what was there then.
    pub(super) nodes: BTreeSet<Address>,
    /// The intervals of each unit, one after the other.
    pub(super) listed: BTreeMap<Address, Listed>,
}

/// What the rules are judged with, besides what was committed.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) definition: &'a Definition,
    pub(super) limits: Limits,
    pub(super) now: Timestamp,
    /// When the engine wants to be woken.
    pub(super) next_wake: Option<Timestamp>,
}

impl Oracle {
    /// There is another definition.
    pub(super) fn adopt(&mut self, definition: &Definition) {
        self.definition = Rc::new(definition.clone());
        let listed = |unit: &Unit| {
            let schedule = unit.schedule.as_ref()?;
            let known = self.listed.get(&unit.address);
            let same = known.filter(|known| known.schedule == *schedule).cloned();
            let listed = same.unwrap_or_else(|| Listed::new(schedule));
            Some((unit.address.clone(), listed))
        };
        let drops = |unit: &&Unit| unit.catch_up != CatchUp::All;
        let droppers = definition.units.values().filter(drops);
        self.droppers = droppers.map(|unit| unit.address.clone()).collect();
        let activity = |address: &Address| {
            let unit = definition.units.get(address);
            unit.is_some_and(|unit| unit.kind == UnitKind::Activity)
        };
        let nodes = definition.units.values();
        let nodes = nodes.filter(|unit| unit.kind == UnitKind::DataNode);
        self.nodes
            .extend(nodes.clone().map(|node| node.address.clone()));
        self.writers = nodes
            .map(|node| {
                let writers = node.dependencies.iter();
                let writers: Vec<Address> = writers.map(|edge| edge.producer.clone()).collect();
                (node.address.clone(), writers)
            })
            .filter(|(_, writers)| !writers.is_empty() && writers.iter().all(activity))
            .collect();
        self.listed = definition.units.values().filter_map(listed).collect();
    }

    /// An apply, or a trigger, has written these.
    pub(super) fn applied(&mut self, instances: &[Instance]) -> Found {
        for instance in instances {
            let revived = is_open(instance.status) && self.canceled.contains(&instance.key);
            must(!revived, Rule::InTurn, || {
                format!(
                    "{} was given up by an operator, and comes back with its definition",
                    short(&instance.key)
                )
            })?;
            self.begins_again(instance);
            self.log.put(&Change::Instance(instance.clone()));
        }
        Ok(())
    }

    /// The records of these are removed.
    pub(super) fn removed(&mut self, keys: Vec<InstanceKey>) {
        for key in &keys {
            // When it is run again its attempts are counted anew.
            self.log.attempts.retain(|(instance, _), _| instance != key);
        }
        self.removed.extend(keys);
    }

    /// What there are records of.
    pub(super) fn kept(&self) -> Tables {
        let mut kept = self.log.clone();
        for key in &self.removed {
            kept.remove(key);
        }
        kept
    }

    /// Takes what was committed.
    pub(super) fn committed(&mut self, changes: &[Change], site: Site<'_>) -> Found {
        let again = self.run_again(changes);
        let mut granted = Vec::new();
        for (change, order) in changes.iter().zip(Self::belong_to(changes)) {
            let definition = self.decided_by(order);
            let mut goes_on = None;
            match change {
                Change::Instance(instance) => {
                    self.check_instance(instance, again.as_ref())?;
                    self.check_decided(instance, again.as_ref(), site)?;
                    goes_on = Some(instance).filter(|instance| self.goes_on(instance));
                }
                Change::Attempt(attempt) => self.check_attempt(attempt, site)?,
                Change::Operated { id, instances, .. } => self.carried_out(*id, *instances)?,
                Change::Wished {
                    object,
                    more,
                    fewer,
                    ..
                } => {
                    granted.extend(self.wished(object, (more, fewer), order));
                }
                Change::Dropped { object, .. } => {
                    // What nobody writes is passed over with those who would have written it.
                    let unwritten = self.writers.get(object).is_some_and(|writers| {
                        let gone = |writer| self.log.dropped.contains_key(writer);
                        writers.iter().all(gone)
                    });
                    let may = self.droppers.contains(object) || unwritten;
                    must(may, Rule::NothingForgotten, || {
                        format!(
                            "what is due of {object} is passed over, though all is to be caught up"
                        )
                    })?;
                }
                Change::Cursor { object, made_until } => {
                    let before = self.log.made_until.get(object);
                    let on = before.is_none_or(|before| before < made_until);
                    must(on, Rule::FinishedOnce, || {
                        format!("intervals of {object} are made anew")
                    })?;
                }
            }
            if let Change::Instance(instance) = change {
                self.missed |= self.removed.remove(&instance.key);
                self.begins_again(instance);
                let before = self.log.instances.get(&instance.key);
                if before.is_none_or(|before| before.status != instance.status) {
                    let end = (instance.key.clone(), instance.status);
                    *self.ended.entry(end).or_default() += 1;
                }
            }
            self.log.put(change);
            if let Some(instance) = goes_on {
                self.check_inputs(&instance.key, &definition)?;
            }
        }
        granted.iter().try_for_each(|key| self.check_granted(key))
    }

    /// Whether an instance waits for nothing more, by this change: it could start, or is a data node that is there.
    fn goes_on(&self, instance: &Instance) -> bool {
        let before = self.log.instances.get(&instance.key);
        let waited = before.is_none_or(|before| before.status == Status::WaitingOnDependencies);
        // What somebody counts as finished is not what has come to be there.
        let is_there = instance.status == Status::Finished && instance.reason.is_none();
        waited && (instance.status == Status::WaitingForRunner || is_there)
    }

    /// What had ended and waits again needs its inputs anew. What runs as it was needs them when it waits for nothing more, and
    /// is then not held back by what is applied or run again before it starts.
    fn begins_again(&mut self, instance: &Instance) {
        let key = &instance.key;
        let before = self.log.instances.get(key).map(|before| before.status);
        let ended = before.is_some_and(|before| before.is_settled() || before.is_unsuccessful());
        let was_under_way = matches!(before, Some(Status::Running | Status::WaitingForRunner));
        let restarts = was_under_way
            && instance.status == Status::WaitingOnDependencies
            && instance.started_at.is_none();
        if ended && is_open(instance.status) || restarts {
            self.tried.remove(key);
            if instance.definition.is_some() {
                self.tried.insert(key.clone());
            }
            self.held.remove(key);
            *self.begun.entry(key.clone()).or_default() += 1;
        }
    }

    fn check_instance(&self, instance: &Instance, again: Option<&BTreeSet<InstanceKey>>) -> Found {
        let before = self.log.instances.get(&instance.key);
        if before == Some(instance) {
            return Ok(());
        }
        let from = before.map(|before| before.status);
        let rule = match from {
            Some(from) if from.is_settled() => Rule::FinishedOnce,
            _ => Rule::Legal,
        };
        // A data node follows who writes it.
        let key = &instance.key;
        let node = self.nodes.contains(&key.object) && again.is_some();
        let wanted = self.is_wanted(&key.object, key.interval);
        let asked = again.is_some_and(|again| again.contains(key)) || node || wanted;
        let by_itself = rule == Rule::FinishedOnce && !asked;
        let legal = !by_itself && transition_of(from, instance.status).is_some();
        must(legal, rule, || {
            let from = from.map_or("nothing", Status::as_str);
            format!(
                "{} becomes {}, and was {from}",
                short(&instance.key),
                instance.status
            )
        })
    }

    fn check_attempt(&mut self, attempt: &Attempt, site: Site<'_>) -> Found {
        let key = &attempt.instance;
        let said = || format!("attempt {} of {}", attempt.number, short(key));
        let known = self.log.attempts.get(&(key.clone(), attempt.number));
        if let Some(known) = known {
            must(known.status == Status::Running, Rule::FinishedOnce, || {
                format!("{} ends twice", said())
            })?;
            let ends = attempt.status != Status::Running && attempt.ended_at.is_some();
            return must(ends, Rule::Legal, || format!("{} starts twice", said()));
        }
        let others = self
            .log
            .attempts
            .range((key.clone(), 0)..=(key.clone(), u32::MAX));
        let running = others
            .clone()
            .find(|(_, other)| other.status == Status::Running);
        must(running.is_none(), Rule::OneLease, || {
            let (_, other) = running.unwrap();
            format!(
                "{} starts while attempt {} is under way",
                said(),
                other.number
            )
        })?;
        must(attempt.fence == site.limits.fence, Rule::OneLease, || {
            format!("{} has the lease of another runner", said())
        })?;
        let last = u32::try_from(others.count()).unwrap();
        let legal = attempt.status == Status::Running && attempt.number == last + 1;
        must(legal, Rule::Legal, || {
            format!("{} is not the next one", said())
        })?;
        must(self.asked.is_empty(), Rule::InTurn, || {
            format!("{} starts before what was asked for is done", said())
        })?;
        // A retry goes on with what there was, also if the runner has died before the first attempt really began.
        if self.tried.insert(key.clone()) {
            self.check_inputs(key, site.definition)?;
        }
        Ok(())
    }

    /// Whether an attempt may act: its lease is written down and valid.
    pub(super) fn has_lease(&self, key: &InstanceKey, number: u32, fence: u64) -> bool {
        let attempt = self.log.attempts.get(&(key.clone(), number));
        attempt.is_some_and(|attempt| attempt.status == Status::Running && attempt.fence == fence)
    }

    /// The preconditions of an instance were found to hold. What was found before it began again says nothing.
    pub(super) fn held(&mut self, key: &InstanceKey, check: Check) {
        if check.begun == self.times_begun(key) {
            self.held.insert(key.clone(), check.of);
        }
    }

    /// How often an instance has begun again.
    pub(super) fn times_begun(&self, key: &InstanceKey) -> u32 {
        self.begun.get(key).copied().unwrap_or(0)
    }

    /// An attempt starts.
    pub(super) fn starts(&mut self, key: &InstanceKey, number: u32, site: Site<'_>) -> Found {
        let name = short(key);
        let leased = self.has_lease(key, number, site.limits.fence);
        must(leased, Rule::OneLease, || {
            format!("attempt {number} of {name} starts without a lease")
        })?;
        let Some(unit) = site.definition.units.get(&key.object) else {
            return must(false, Rule::Legal, || {
                format!("{name} starts without a definition")
            });
        };
        must(unit.active, Rule::LimitsHold, || {
            format!("{name} starts though it is not active")
        })?;
        let running = self.running(&key.object);
        must(
            running <= unit.max_active_instances,
            Rule::LimitsHold,
            || {
                format!(
                    "{running} attempts of {} run, and at most {} may",
                    key.object, unit.max_active_instances
                )
            },
        )?;
        self.check_pool(unit, site)
    }

    /// An action is to be done for an instance: once for each time that it has come to such an end, and once for being late.
    pub(super) fn acts(&mut self, action: &Address, key: &InstanceKey) -> Found {
        let ended = |status| self.ended.get(&(key.clone(), status)).copied().unwrap_or(0);
        let most = match action.as_str() {
            "on_success" => ended(Status::Finished),
            "on_fail" => ended(Status::Failed),
            _ => 1,
        };
        let acted = self.acted.entry((action.clone(), key.clone())).or_default();
        *acted += 1;
        must(*acted <= most, Rule::FinishedOnce, || {
            format!("{action} is done {acted} times for {}", short(key))
        })
    }

    /// What must hold after every step.
    pub(super) fn after_step(&mut self, site: Site<'_>) -> Found {
        self.check_running(site)?;
        for unit in site.definition.units.values().filter(|unit| unit.active) {
            self.check_due(unit, site)?;
        }
        self.check_wanted(site)
    }

    pub(super) fn of(&self, object: &Address) -> impl Iterator<Item = &Instance> {
        let key = |at| InstanceKey {
            object: object.clone(),
            interval: Interval::moment(at),
        };
        self.log
            .instances
            .range(key(Timestamp::MIN)..=key(Timestamp::MAX))
            .map(|(_, instance)| instance)
    }
}

/// Whether an instance waits or runs.
pub(super) const fn is_open(status: Status) -> bool {
    matches!(
        status,
        Status::WaitingOnDependencies | Status::WaitingForRunner | Status::Running
    )
}
