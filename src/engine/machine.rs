//! The state of the engine, and what each event does to it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::faults::Fault;
use super::lateness::is_open;
use super::model::Change;
use super::model::Definition;
use super::model::Effect;
use super::model::Event;
use super::model::Instance;
use super::model::InstanceKey;
use super::model::REMOVED;
use super::model::Status;
use super::model::Step;
use super::model::Stop;
use super::model::Unit;
use super::ranges::Ranges;
use super::timers::Timer;
use super::timers::Timers;
use super::turns::History;
use super::turns::Turns;
use super::wishes::Unwritten;
use super::wishes::Wishes;
use crate::objects::Address;
use crate::time::Interval;

/// Bounds of the engine.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many attempts may run at once, besides those whose work is done elsewhere; 0: none of these either.
    pub parallelism: usize,
    /// How many unfinished instances of one unit are made ahead; the rest follow as these finish.
    pub instances_ahead: usize,
    /// What was due at this moment is due, whatever the clock says; `None`: the clock.
    pub horizon: Option<Timestamp>,
    /// The lease under which attempts start.
    pub fence: u64,
}

/// What happened before this engine was made.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Instances that have not finished.
    pub instances: Vec<Instance>,
    /// Finished (and skipped) intervals of each object.
    pub settled: BTreeMap<Address, Ranges>,
    /// Intervals of each object that `catch_up` has passed over.
    pub dropped: BTreeMap<Address, Ranges>,
    /// What is wished of each object.
    pub wishes: Wishes,
    /// The end of the newest interval of each object that has an instance.
    pub made_until: BTreeMap<Address, Timestamp>,
}

/// Why an attempt was told to stop; [`Instance::stop`] says what somebody has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KillReason {
    Timeout,
    Decision,
    Drain,
}

/// A ready instance of a unit, in the order in which they start.
pub(super) type Ready = (bool, i64, InstanceKey);

/// The state machine. See the module.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(super) definition: Definition,
    pub(super) limits: Limits,
    /// Instances that have not finished: waiting, running, and those that failed or were given up.
    pub(super) live: BTreeMap<InstanceKey, Instance>,
    /// Finished and skipped intervals.
    pub(super) settled: BTreeMap<Address, Ranges>,
    /// Intervals that `catch_up` has passed over.
    pub(super) dropped: BTreeMap<Address, Ranges>,
    /// What is wished of stretches of time.
    pub(super) wishes: Wishes,
    /// What of that is not written yet.
    pub(super) unwritten: Unwritten,
    pub(super) made_until: BTreeMap<Address, Timestamp>,
    /// Units that wait for a unit.
    pub(super) consumers: BTreeMap<Address, Vec<Address>>,
    /// When the next instance of each unit is due.
    pub(super) due: BTreeSet<(Timestamp, Address)>,
    /// Units that have as many unfinished instances as may be made ahead.
    pub(super) full: BTreeSet<Address>,
    /// How many instances of each unit wait or run.
    pub(super) open: BTreeMap<Address, usize>,
    /// Those among them that were asked for, by their intervals.
    pub(super) asked: BTreeMap<Address, BTreeSet<Interval>>,
    /// Ready instances of each unit, in the order in which they start.
    pub(super) ready: BTreeMap<Address, BTreeSet<Ready>>,
    /// Units that have ready instances and, as far as is known, a place for one.
    pub(super) turns: Turns,
    /// The same of those whose work is done elsewhere, which need no place of the runner.
    pub(super) turns_elsewhere: Turns,
    /// Who had a turn when.
    pub(super) history: History,
    /// Units that have ready instances and no room in their pool, by pool.
    pub(super) parked: BTreeMap<Address, Turns>,
    /// Units that have come back from there.
    pub(super) released: BTreeSet<Address>,
    /// Slots of each pool that are taken.
    pub(super) taken: BTreeMap<Address, u32>,
    /// Attempts under way, of each unit.
    pub(super) running: BTreeMap<Address, usize>,
    pub(super) running_total: usize,
    /// Those of them whose work is done elsewhere.
    pub(super) running_elsewhere: usize,
    pub(super) killed: BTreeMap<InstanceKey, KillReason>,
    /// Instances whose preconditions are being checked.
    pub(super) checking: BTreeSet<InstanceKey>,
    /// Those of them whose checks are about what was before: an operator has ended or held them meanwhile.
    pub(super) stale_checks: BTreeSet<InstanceKey>,
    pub(super) timers: Timers,
    pub(super) draining: bool,
    /// Whether it was just made: what the store says may be older than the definition.
    is_new: bool,
    #[cfg(test)]
    pub(super) fault: Option<Fault>,
}

impl Engine {
    /// An engine that goes on from a past. Preconditions are checked at once, whenever they were checked last.
    pub fn new(definition: Definition, past: Past, limits: Limits) -> Self {
        let mut engine = Self {
            definition,
            limits,
            live: BTreeMap::new(),
            settled: past.settled,
            dropped: past.dropped,
            wishes: past.wishes,
            unwritten: Unwritten::default(),
            made_until: past.made_until,
            consumers: BTreeMap::new(),
            due: BTreeSet::new(),
            full: BTreeSet::new(),
            open: BTreeMap::new(),
            asked: BTreeMap::new(),
            ready: BTreeMap::new(),
            turns: Turns::default(),
            turns_elsewhere: Turns::default(),
            history: History::default(),
            parked: BTreeMap::new(),
            released: BTreeSet::new(),
            taken: BTreeMap::new(),
            running: BTreeMap::new(),
            running_total: 0,
            running_elsewhere: 0,
            killed: BTreeMap::new(),
            checking: BTreeSet::new(),
            stale_checks: BTreeSet::new(),
            timers: Timers::default(),
            draining: false,
            is_new: true,
            #[cfg(test)]
            fault: None,
        };
        for mut instance in past.instances {
            if instance.status == Status::WaitingOnDependencies {
                instance.not_before = None;
            }
            engine.live.insert(instance.key.clone(), instance);
        }
        engine.index();
        engine
    }

    /// Tells the past of objects that the next definition has and the engine did not know.
    pub fn acquaint<'a>(&mut self, objects: impl IntoIterator<Item = &'a Address>, past: Past) {
        for object in objects {
            self.settled.remove(object);
            self.dropped.remove(object);
            self.wishes.forget(object);
            self.made_until.remove(object);
        }
        self.settled.extend(past.settled);
        self.dropped.extend(past.dropped);
        self.wishes.extend(past.wishes);
        self.made_until.extend(past.made_until);
    }

    /// A unit of the definition.
    pub fn unit(&self, address: &Address) -> Option<&Unit> {
        self.definition.units.get(address)
    }

    /// An instance that has not finished.
    pub fn instance(&self, key: &InstanceKey) -> Option<&Instance> {
        self.live.get(key)
    }

    /// The instances of an object that have not finished, oldest first.
    pub fn instances_of(&self, object: &Address) -> impl Iterator<Item = &Instance> {
        let key = |at| InstanceKey {
            object: object.clone(),
            interval: Interval::moment(at),
        };
        self.live
            .range(key(Timestamp::MIN)..=key(Timestamp::MAX))
            .map(|(_, instance)| instance)
    }

    /// All instances that have not finished.
    pub fn unfinished(&self) -> impl Iterator<Item = &Instance> {
        self.live.values()
    }

    /// The end of the newest interval of each unit that has an instance.
    pub fn made_until(&self) -> &BTreeMap<Address, Timestamp> {
        &self.made_until
    }

    /// The oldest serial that an unfinished instance keeps to.
    pub fn oldest_definition(&self) -> Option<u64> {
        self.live
            .values()
            .filter_map(|instance| instance.definition)
            .min()
    }

    /// Takes an event. `now` must not lie before the `now` of earlier steps; if it does, nothing worse happens than that
    /// time seems to stand still.
    pub fn step(&mut self, event: Event, now: Timestamp) -> Step {
        let mut step = Step::default();
        match event {
            Event::Tick => {}
            Event::AttemptEnded {
                key,
                number,
                outcome,
            } => self.attempt_ended(&key, number, &outcome, now, &mut step),
            Event::Heartbeat { key, number } => self.heard(&key, number, now, &mut step),
            Event::Checked { key, result } => self.checked(&key, result, now, &mut step),
            Event::DefinitionChanged {
                definition,
                instances,
            } => {
                let before = std::mem::replace(&mut self.definition, definition);
                for instance in instances {
                    self.take_over(instance);
                }
                self.adopt(&before, now, &mut step);
            }
            Event::Trigger(addresses) => self.trigger(&addresses, now, &mut step),
            Event::Operate(order) => self.operate(&order, now, &mut step),
            Event::Drain => self.drain(&mut step),
        }
        if !self.draining && std::mem::take(&mut self.is_new) {
            self.look_around(now, &mut step);
        }
        self.fire_timers(now, &mut step);
        self.materialise(now, &mut step);
        self.make_wanted(now, &mut step);
        // What is made late is not started before that is seen.
        self.fire_timers(now, &mut step);
        self.dispatch(now, &mut step);
        self.write_wishes(&mut step);
        step
    }

    /// When something can happen by the passing of time alone.
    pub fn next_wake(&self) -> Option<Timestamp> {
        if self.draining {
            return None;
        }
        let due = match self.limits.horizon {
            None => self.due.first().map(|(due, _)| *due),
            Some(_) => None,
        };
        let wanted = self.can_make_wanted().then_some(Timestamp::MIN);
        [due, wanted, self.timers.next()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether nothing runs and no precondition is being checked.
    pub fn is_idle(&self) -> bool {
        self.running_total == 0 && self.checking.is_empty()
    }

    /// Whether something will start by the passing of time, without new data: a retry, or what is still to be made.
    pub fn will_start_by_itself(&self) -> bool {
        let retries = self.timers.count(Timer::Retry) + self.timers.count(Timer::Recheck);
        !self.draining && (retries > 0 || self.can_make_wanted())
    }

    /// Whether preconditions will be checked again.
    pub fn waits_for_data(&self) -> bool {
        self.timers.count(Timer::Check) + self.timers.count(Timer::Recheck) > 0
    }

    /// Builds everything that follows from the definition and the live instances.
    pub(super) fn index(&mut self) {
        self.consumers.clear();
        self.due.clear();
        self.full.clear();
        self.open.clear();
        self.asked.clear();
        self.ready.clear();
        self.turns.clear();
        self.turns_elsewhere.clear();
        self.parked.clear();
        self.released.clear();
        self.taken.clear();
        self.timers = Timers::default();
        self.running.clear();
        self.running_total = 0;
        self.running_elsewhere = 0;
        for unit in self.definition.units.values() {
            for dependency in &unit.dependencies {
                let producer = dependency.producer.clone();
                let consumers = self.consumers.entry(producer).or_default();
                if consumers.last() != Some(&unit.address) {
                    consumers.push(unit.address.clone());
                }
            }
        }
        let addresses: Vec<Address> = self.definition.units.keys().cloned().collect();
        for key in self.running_first() {
            self.index_instance(&key);
        }
        for address in addresses {
            self.enqueue_due(&address);
        }
    }

    pub(super) fn status(&self, key: &InstanceKey) -> Option<Status> {
        self.live.get(key).map(|instance| instance.status)
    }

    fn index_instance(&mut self, key: &InstanceKey) {
        let Some(instance) = self.live.get(key) else {
            return;
        };
        let (status, not_before) = (instance.status, instance.not_before);
        if is_open(status) {
            self.count_open(key);
        }
        match status {
            Status::WaitingForRunner => match not_before {
                Some(at) => self.timers.set(key, Timer::Retry, at),
                None => self.make_ready(key),
            },
            Status::Running => {
                self.take_place(&key.object);
                self.watch_attempt(key);
            }
            Status::WaitingOnDependencies if !self.checking.contains(key) => {
                // Without a time it is looked at in the next step.
                self.set_check(key, not_before.unwrap_or(Timestamp::MIN));
            }
            _ => {}
        }
        self.watch_lateness(key);
    }

    /// Goes on with its definition, which was another one before. Waiting instances of objects that are gone are given up;
    /// those that have not been tried yet wait for what they wait for now.
    pub(super) fn adopt(&mut self, before: &Definition, now: Timestamp, step: &mut Step) {
        self.give_up_stray(now, step);
        self.index();
        let waiting: Vec<InstanceKey> = self.waiting().cloned().collect();
        for key in waiting {
            let [old, new] = [before, &self.definition].map(|it| it.units.get(&key.object));
            let same_checks = old
                .zip(new)
                .is_none_or(|(old, new)| old.preconditions == new.preconditions);
            self.wait_again(&key, same_checks, step);
        }
    }

    /// The first thing that a new engine does: others may have written since the runner before it looked.
    fn look_around(&mut self, now: Timestamp, step: &mut Step) {
        self.give_up_stray(now, step);
        let waiting: Vec<InstanceKey> = self.waiting().cloned().collect();
        for key in waiting {
            self.wait_again(&key, true, step);
        }
    }

    /// The instances that wait or are held.
    fn waiting(&self) -> impl Iterator<Item = &InstanceKey> {
        let waits = |instance: &&Instance| {
            matches!(
                instance.status,
                Status::WaitingOnDependencies | Status::WaitingForRunner | Status::Paused
            )
        };
        let waiting = self.live.values().filter(waits);
        waiting.map(|instance| &instance.key)
    }

    /// Gives up waiting instances of objects that are gone: those that the apply itself did not know, as they were made while
    /// somebody read its plan.
    fn give_up_stray(&mut self, now: Timestamp, step: &mut Step) {
        let gone = |key: &&InstanceKey| self.unit(&key.object).is_none();
        let stray: Vec<InstanceKey> = self.waiting().filter(gone).cloned().collect();
        for key in stray {
            let reason = Some(REMOVED.to_owned());
            self.end(&key, Status::Canceled, reason, now, step);
        }
    }

    /// Takes an instance as the store has it, unless it runs: that is for who runs it to say. A check under way is about
    /// what was before if it does not wait any more, or waits anew since it was given up.
    pub(super) fn take_over(&mut self, mut instance: Instance) {
        if self.status(&instance.key) == Some(Status::Running) {
            return;
        }
        let is_checked = instance.checking_since.is_some();
        if instance.status != Status::WaitingOnDependencies || !is_checked {
            self.outdate_check(&instance.key);
        }
        // A runner that begins checks at once, also if there are news for it.
        if self.is_new && instance.status == Status::WaitingOnDependencies {
            instance.not_before = None;
        }
        self.live.insert(instance.key.clone(), instance);
    }

    /// Sends an instance that could start back to waiting if the new definition has more to wait for. A check of other
    /// preconditions says nothing any more.
    fn wait_again(&mut self, key: &InstanceKey, same_checks: bool, step: &mut Step) {
        if !same_checks {
            self.outdate_check(key);
        }
        let untried = self.live.get(key).is_some_and(Instance::is_untried);
        let unit = self.unit(&key.object).filter(|_| untried);
        let blocked = |unit| !same_checks || !self.is_unblocked(unit, key.interval);
        if !unit.is_some_and(blocked) {
            return;
        }
        self.unready(key);
        if let Some(instance) = self.live.get_mut(key) {
            instance.status = Status::WaitingOnDependencies;
            step.changes.push(Change::Instance(instance.clone()));
        }
        self.set_check(key, Timestamp::MIN);
    }

    /// Starts nothing more, and stops what runs.
    fn drain(&mut self, step: &mut Step) {
        self.draining = true;
        let running: Vec<InstanceKey> = self
            .live
            .values()
            .filter(|instance| instance.status == Status::Running)
            .map(|instance| instance.key.clone())
            .collect();
        for key in running {
            self.kill(&key, KillReason::Drain, step);
        }
    }

    fn fire_timers(&mut self, now: Timestamp, step: &mut Step) {
        while !self.draining
            && let Some((key, timer)) = self.timers.take_due(now)
        {
            match timer {
                Timer::Retry => {
                    if let Some(instance) = self.live.get_mut(&key) {
                        instance.not_before = None;
                    }
                    self.make_ready(&key);
                }
                Timer::Check | Timer::Recheck => {
                    self.look_at(&key, now, step);
                }
                Timer::Timeout => self.kill(&key, KillReason::Timeout, step),
                Timer::Silence => self.lost_sight(&key, now, step),
                Timer::Late => self.late(&key, now, step),
            }
        }
    }

    /// Brings an instance to its end, and tells those that wait for it.
    pub(super) fn end(
        &mut self,
        key: &InstanceKey,
        status: Status,
        reason: Option<String>,
        now: Timestamp,
        step: &mut Step,
    ) {
        self.forget_waiting(key);
        let Some(instance) = self.live.get_mut(key) else {
            return;
        };
        // What somebody counts as finished has not been done: nothing is said about that.
        let by_hand = instance.stop.take() == Some(Stop::Finish) && reason.is_some();
        instance.status = status;
        instance.reason = reason;
        instance.not_before = None;
        instance.ended_at = Some(now);
        let instance = instance.clone();
        step.changes.push(Change::Instance(instance.clone()));
        let actions = self.unit(&key.object).map(|unit| match status {
            Status::Finished if !by_hand => unit.on_success.clone(),
            Status::Failed => unit.on_fail.clone(),
            _ => Vec::new(),
        });
        for action in actions.into_iter().flatten() {
            step.effects.push(Effect::Act {
                action,
                instance: Box::new(instance.clone()),
            });
        }
        if status.is_settled() {
            self.live.remove(key);
            self.settled
                .entry(key.object.clone())
                .or_default()
                .insert(key.interval);
        }
        if self.full.remove(&key.object) && !self.has(Fault::ForgetsWhatIsDue) {
            self.enqueue_due(&key.object);
        }
        self.tell_consumers(key, now, step);
    }

    /// What a check under way finds is about something that is over.
    fn outdate_check(&mut self, key: &InstanceKey) {
        if self.checking.contains(key) {
            self.stale_checks.insert(key.clone());
        }
    }

    /// Takes an instance out of everything that only waiting or running ones are in.
    pub(super) fn forget_waiting(&mut self, key: &InstanceKey) {
        if self.status(key).is_some_and(is_open) {
            self.count_open_no_more(key);
        }
        self.outdate_check(key);
        self.killed.remove(key);
        self.unready(key);
        for timer in Timer::OF_STATUS.into_iter().chain([Timer::Late]) {
            self.timers.clear(key, timer);
        }
    }

    /// Looks again at the instances that wait for one that has come to its end.
    fn tell_consumers(&mut self, key: &InstanceKey, now: Timestamp, step: &mut Step) {
        let consumers = self.consumers.get(&key.object).cloned().unwrap_or_default();
        for consumer in consumers {
            let keys = self
                .unit(&consumer)
                .map(|unit| self.readers_of(unit, &key.object, key.interval));
            for key in keys.into_iter().flatten() {
                self.look_at(&key, now, step);
            }
        }
    }
}
