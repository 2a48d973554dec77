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
use super::super::InstanceOrder;
use super::super::Limits;
use super::super::Status;
use super::super::Unit;
use super::super::UnitKind;
use super::super::testing::short;
use super::super::transition_of;
use super::disk::Tables;
use super::listed::Listed;
use super::orders::Asked;
use crate::objects::Address;
use crate::time::Interval;

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// No due instance is forgotten, and what can go on does.
    NothingForgotten,
    /// None runs before its inputs.
    InputsFirst,
    /// Never two attempts with a valid lease.
    OneLease,
    /// A finished interval is finished once.
    FinishedOnce,
    /// Limits hold.
    LimitsHold,
    /// The store equals the replay of its log, and so does what the engine knows.
    StoreIsLog,
    /// What was asked for is done in its turn: once, and before anything starts that was not begun.
    InTurn,
    /// Statuses change as the table of transitions says, and the engine never breaks off.
    Legal,
}

impl Rule {
    /// The rule in words.
    pub(crate) const fn says(self) -> &'static str {
        match self {
            Self::NothingForgotten => "no due instance is forgotten",
            Self::InputsFirst => "none runs before its inputs",
            Self::OneLease => "never two attempts with a valid lease",
            Self::FinishedOnce => "a finished interval is finished once",
            Self::LimitsHold => "limits hold",
            Self::StoreIsLog => "the store equals the replay of its log",
            Self::InTurn => "what was asked for is done in its turn",
            Self::Legal => "statuses change as the table of transitions says",
        }
    }
}

/// A rule that does not hold.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// Which.
    pub(crate) rule: Rule,
    /// What was seen.
    pub(crate) what: String,
}

/// Nothing, or a finding.
pub(super) type Found<T = ()> = Result<T, Finding>;

/// A finding, unless something holds.
pub(super) fn must(holds: bool, rule: Rule, what: impl FnOnce() -> String) -> Found {
    if holds {
        return Ok(());
    }
    Err(Finding { rule, what: what() })
}

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

    /// What starts finds room in its pool. An apply may leave more running than would start now.
    fn check_pool(&self, unit: &Unit, site: Site<'_>) -> Found {
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

    /// What must hold after every step.
    pub(super) fn after_step(&mut self, site: Site<'_>) -> Found {
        self.check_running(site)?;
        for unit in site.definition.units.values().filter(|unit| unit.active) {
            self.check_due(unit, site)?;
        }
        self.check_wanted(site)
    }

    /// Places are not exceeded, and none is free for what is ready.
    fn check_running(&self, site: Site<'_>) -> Found {
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

    /// What is due has an instance; for what will be, the engine wants to be woken.
    fn check_due(&mut self, unit: &Unit, site: Site<'_>) -> Found {
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

    fn running(&self, object: &Address) -> u32 {
        let running = |instance: &&Instance| instance.status == Status::Running;
        u32::try_from(self.of(object).filter(running).count()).unwrap()
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

/// Whether an instance waits or runs.
pub(super) const fn is_open(status: Status) -> bool {
    matches!(
        status,
        Status::WaitingOnDependencies | Status::WaitingForRunner | Status::Running
    )
}
