//! What is durable in a simulation. Here it is a table in memory; `store` puts its own database in its place.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::super::Attempt;
use super::super::Change;
use super::super::Definition;
use super::super::Event;
use super::super::Instance;
use super::super::InstanceKey;
use super::super::Limits;
use super::super::News;
use super::super::Operation;
use super::super::Order;
use super::super::Past;
use super::super::Paused;
use super::super::Ranges;
use super::super::Status;
use super::super::Step;
use super::super::Wishes;
use super::Planted;
use crate::objects::Address;

/// Instances, attempts, how far instances have been made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tables {
    pub(crate) instances: BTreeMap<InstanceKey, Instance>,
    pub(crate) attempts: BTreeMap<(InstanceKey, u32), Attempt>,
    pub(crate) made_until: BTreeMap<Address, Timestamp>,
    /// What `catch_up` has passed over.
    pub(crate) dropped: BTreeMap<Address, Ranges>,
    /// What is wished of stretches of time.
    pub(crate) wishes: Wishes,
}

impl Tables {
    /// Takes a change.
    pub(crate) fn put(&mut self, change: &Change) {
        match change {
            Change::Instance(instance) => {
                let key = instance.key.clone();
                self.instances.insert(key, instance.clone());
            }
            Change::Attempt(attempt) => {
                let key = (attempt.instance.clone(), attempt.number);
                self.attempts.insert(key, attempt.clone());
            }
            Change::Cursor { object, made_until } => {
                self.made_until.insert(object.clone(), *made_until);
            }
            Change::Dropped { object, span, .. } => {
                let dropped = self.dropped.entry(object.clone()).or_default();
                dropped.insert(*span);
            }
            Change::Wished { .. } => self.wishes.put(change),
            Change::Operated { .. } => {}
        }
    }
}

/// How long the records of what has finished are kept.
pub(crate) const RETAIN: SignedDuration = SignedDuration::from_hours(20);

/// What a second runner makes of what happens.
#[derive(Debug)]
pub(crate) struct Opinion {
    /// What it has decided.
    pub(crate) step: Step,
    /// When it wants to be woken.
    pub(crate) next_wake: Option<Timestamp>,
}

impl Tables {
    /// Removes the record of an instance, and those of its attempts.
    pub(crate) fn remove(&mut self, key: &InstanceKey) {
        self.instances.remove(key);
        self.attempts.retain(|(instance, _), _| instance != key);
    }
}

/// What keeps the state of a simulation. There is one runner at a time; the newest fence is its.
pub(crate) trait Disk {
    /// One on which nothing has happened but that a definition was applied.
    fn new(planted: Option<Planted>, definition: &Definition, at: Timestamp) -> Self;

    /// The runner is dead, or only believed to be (`alive`): another one takes over, and gets its fence.
    fn take_over(&mut self, alive: bool) -> u64;

    /// The serial by which a runner begins that has just taken over: what was written since the first order that is open is
    /// news to it.
    fn begins_with(&self) -> u64;

    /// A runner begins. Whoever has another one beside it, to be compared, lets that begin, too.
    fn begin(&mut self, _limits: Limits, _now: Timestamp) {}

    /// What that other runner makes of some events and of what was written meanwhile; `None`: there is none.
    fn second_opinion(&mut self, _events: &[Event], _now: Timestamp) -> Option<Opinion> {
        None
    }

    /// Commits under a fence; whether it was taken.
    fn commit(&mut self, fence: u64, changes: &[Change]) -> bool;

    /// Begins to commit. The runner dies before that is done.
    fn begin_commit(&mut self, changes: &[Change]);

    /// What a runner that was superseded still tries to commit; whether it was taken.
    fn commit_superseded(&mut self, fence: u64, changes: &[Change]) -> bool;

    /// What an apply writes.
    fn apply(&mut self, definition: &Definition, instances: &[Instance], at: Timestamp);

    /// What a trigger writes.
    fn trigger(&mut self, instances: &[Instance]);

    /// Writes an order, and answers its number.
    fn order(
        &mut self,
        operation: Operation,
        targets: &[InstanceKey],
        stretches: &BTreeMap<Address, Ranges>,
    ) -> u64;

    /// Holds an object, or lets it go on.
    fn hold(&mut self, object: &Address, held: bool);

    /// What is held.
    fn held(&self) -> BTreeMap<Address, Paused>;

    /// What was written beside the runner since it was last asked for, and the orders that are open.
    fn news(&mut self) -> Vec<News>;

    /// Removes the records of what has finished long ago, with those of its attempts; answers which.
    fn clean(&mut self, now: Timestamp) -> Vec<InstanceKey>;

    /// What a new engine is told.
    fn past(&self) -> Past;

    /// Attempts that are under way, as far as is written.
    fn running(&self) -> Vec<Attempt>;

    /// One instance.
    fn instance(&self, key: &InstanceKey) -> Option<Instance>;

    /// Everything.
    fn tables(&self) -> Tables;
}

/// A disk in memory.
#[derive(Debug)]
pub(crate) struct Memory {
    tables: Tables,
    /// What has finished and has no record any more.
    removed: BTreeMap<Address, Ranges>,
    fence: u64,
    planted: Option<Planted>,
    commits: u64,
    held: BTreeMap<Address, Paused>,
    /// What others have written; an order is `None` when it is done. Numbers are places in it.
    log: Vec<Option<News>>,
    /// So many of these the runner has taken.
    taken: usize,
}

impl Memory {
    /// An order with its targets as they are now, as the state reads it.
    fn refreshed(&self, order: &Order) -> Order {
        let target = |target: &Instance| {
            let known = self.tables.instances.get(&target.key);
            known
                .cloned()
                .unwrap_or_else(|| Instance::new(target.key.clone()))
        };
        Order {
            targets: order.targets.iter().map(target).collect(),
            ..order.clone()
        }
    }
}

impl Disk for Memory {
    fn new(planted: Option<Planted>, _definition: &Definition, _at: Timestamp) -> Self {
        Self {
            tables: Tables::default(),
            removed: BTreeMap::new(),
            fence: 0,
            planted,
            commits: 0,
            held: BTreeMap::new(),
            log: Vec::new(),
            taken: 0,
        }
    }

    fn take_over(&mut self, _alive: bool) -> u64 {
        self.fence += 1;
        let open = |item: &Option<News>| matches!(item, Some(News::Asked(_)));
        let first = self.log.iter().position(open);
        self.taken = first.unwrap_or(self.log.len());
        self.fence
    }

    fn begins_with(&self) -> u64 {
        let known = self.log[..self.taken].iter().flatten();
        let mut applies = known.filter_map(|item| match item {
            News::Applied(serial) => Some(*serial),
            _ => None,
        });
        applies.next_back().unwrap_or(1)
    }

    fn commit(&mut self, fence: u64, changes: &[Change]) -> bool {
        if fence != self.fence && self.planted != Some(Planted::IgnoresFences) {
            return false;
        }
        self.commits += 1;
        let lost = self.planted == Some(Planted::LosesCommits) && self.commits.is_multiple_of(8);
        for change in changes.iter().filter(|_| !lost) {
            self.tables.put(change);
            if let Change::Instance(instance) = change
                && let Some(removed) = self.removed.get_mut(&instance.key.object)
            {
                removed.remove(instance.key.interval);
            }
            if let Change::Operated { id, .. } = change {
                self.log[usize::try_from(*id).unwrap()] = None;
            }
        }
        true
    }

    fn begin_commit(&mut self, _changes: &[Change]) {}

    fn commit_superseded(&mut self, fence: u64, changes: &[Change]) -> bool {
        self.commit(fence, changes)
    }

    fn apply(&mut self, definition: &Definition, instances: &[Instance], _at: Timestamp) {
        for instance in instances {
            self.tables.put(&Change::Instance(instance.clone()));
        }
        self.log.push(Some(News::Applied(definition.serial)));
    }

    fn trigger(&mut self, instances: &[Instance]) {
        for instance in instances {
            self.tables.put(&Change::Instance(instance.clone()));
        }
        self.log.push(Some(News::Changed));
    }

    fn order(
        &mut self,
        operation: Operation,
        targets: &[InstanceKey],
        stretches: &BTreeMap<Address, Ranges>,
    ) -> u64 {
        let id = u64::try_from(self.log.len()).unwrap();
        let targets = targets.iter().cloned().map(Instance::new);
        self.log.push(Some(News::Asked(Order {
            id: Some(id),
            operation,
            who: "somebody".to_owned(),
            targets: targets.collect(),
            stretches: stretches.clone(),
        })));
        id
    }

    fn hold(&mut self, object: &Address, held: bool) {
        if held {
            let who = "somebody".to_owned();
            let since = Timestamp::UNIX_EPOCH;
            self.held.insert(object.clone(), Paused { who, since });
        } else {
            self.held.remove(object);
        }
        self.log.push(Some(News::Changed));
    }

    fn held(&self) -> BTreeMap<Address, Paused> {
        self.held.clone()
    }

    fn news(&mut self) -> Vec<News> {
        let news = self.log.iter().enumerate();
        let news = news.filter_map(|(at, item)| match item.as_ref()? {
            News::Asked(order) => Some(News::Asked(self.refreshed(order))),
            other => (at >= self.taken).then(|| other.clone()),
        });
        let news = news.collect();
        self.taken = self.log.len();
        news
    }

    fn clean(&mut self, now: Timestamp) -> Vec<InstanceKey> {
        let before = now.checked_sub(RETAIN).unwrap();
        let instances = self.tables.instances.values();
        let expired = instances.filter(|instance| {
            let ended = instance.ended_at.unwrap_or(instance.key.interval.end);
            instance.status.is_settled() && instance.key.interval.start < before && ended < before
        });
        let expired: Vec<InstanceKey> = expired.map(|instance| instance.key.clone()).collect();
        for key in &expired {
            self.tables.remove(key);
            let removed = self.removed.entry(key.object.clone()).or_default();
            removed.insert(key.interval);
        }
        expired
    }

    fn past(&self) -> Past {
        let mut past = Past {
            settled: self.removed.clone(),
            made_until: self.tables.made_until.clone(),
            dropped: self.tables.dropped.clone(),
            wishes: self.tables.wishes.clone(),
            ..Past::default()
        };
        for instance in self.tables.instances.values() {
            if instance.status.is_settled() {
                let object = instance.key.object.clone();
                let ranges: &mut Ranges = past.settled.entry(object).or_default();
                ranges.insert(instance.key.interval);
            } else {
                past.instances.push(instance.clone());
            }
        }
        past
    }

    fn running(&self) -> Vec<Attempt> {
        let attempts = self.tables.attempts.values();
        let running = attempts.filter(|attempt| attempt.status == Status::Running);
        running.cloned().collect()
    }

    fn instance(&self, key: &InstanceKey) -> Option<Instance> {
        self.tables.instances.get(key).cloned()
    }

    fn tables(&self) -> Tables {
        self.tables.clone()
    }
}
