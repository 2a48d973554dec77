//! The world of a simulation: a runner that feeds the engine, commits and then does what it is told, as `runtime` does;
//! attempts that take their time; and everything that goes wrong around them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::Change;
use super::super::CheckResult;
use super::super::Definition;
use super::super::Effect;
use super::super::Engine;
use super::super::Event;
use super::super::Instance;
use super::super::InstanceKey;
use super::super::Limits;
use super::super::Operation;
use super::super::Order;
use super::super::Origin;
use super::super::Outcome;
use super::super::Past;
use super::super::Status;
use super::super::Step;
use super::super::Unit;
use super::super::testing::short;
use super::Planted;
use super::disk::Disk;
use super::oracle::Found;
use super::oracle::Oracle;
use super::oracle::Rule;
use super::oracle::Site;
use super::oracle::must;
use super::random::Random;
use super::scenario::Death;
use super::scenario::Move;
use super::scenario::Scenario;
use super::scenario::What;
use super::units;
use crate::objects::Address;
use crate::time::Interval;

/// After so many steps without anything that goes wrong, all is done.
const PATIENCE: u32 = 2_000;

/// How often memory is compared with what an engine would know that was made anew.
const COMPARE_EACH: u32 = 24;

/// What a run came to, so that it can be told that it tries what it says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) steps: usize,
    pub(crate) finished: usize,
    pub(crate) failed: usize,
    pub(crate) cascade_failed: usize,
    pub(crate) canceled: usize,
    pub(crate) timed_out: usize,
    pub(crate) lost: usize,
    pub(crate) crashes: usize,
    pub(crate) applies: usize,
    pub(crate) refused: usize,
    pub(crate) rerun: usize,
    pub(crate) paused: usize,
    pub(crate) dropped: usize,
    pub(crate) stuck: usize,
}

impl Tally {
    /// Adds what another run came to.
    pub(crate) fn add(&mut self, other: Self) {
        self.steps += other.steps;
        self.finished += other.finished;
        self.failed += other.failed;
        self.cascade_failed += other.cascade_failed;
        self.canceled += other.canceled;
        self.timed_out += other.timed_out;
        self.lost += other.lost;
        self.crashes += other.crashes;
        self.applies += other.applies;
        self.refused += other.refused;
        self.rerun += other.rerun;
        self.paused += other.paused;
        self.dropped += other.dropped;
        self.stuck += other.stuck;
    }
}

/// An attempt that really runs: when it ends, and how.
#[derive(Clone, Debug)]
struct Flight {
    ends: Timestamp,
    outcome: Outcome,
}

/// What is told of a run.
pub(super) type Story = Option<Vec<String>>;

pub(super) struct World<D> {
    seed: u64,
    first_day: jiff::civil::Date,
    disk: D,
    engine: Engine,
    limits: Limits,
    /// What the last apply wrote.
    definition: Definition,
    removed: Vec<Unit>,
    now: Timestamp,
    /// The latest moment that the clock has shown.
    latest: Timestamp,
    flights: BTreeMap<(InstanceKey, u32), Flight>,
    checks: BTreeSet<InstanceKey>,
    /// Attempts that are over: for reports that come twice or late.
    over: Vec<(InstanceKey, u32)>,
    oracle: Oracle,
    death: Option<Death>,
    planted: Option<Planted>,
    /// Nothing goes wrong any more.
    calm: bool,
    draining: bool,
    steps: u32,
    pub(super) tally: Tally,
    pub(super) story: Story,
}

impl<D: Disk> World<D> {
    pub(super) fn new(scenario: &Scenario, planted: Option<Planted>, story: Story) -> Self {
        let mut disk = D::new(planted);
        let limits = Limits {
            fence: disk.take_over(false),
            ..scenario.limits
        };
        let mut oracle = Oracle::default();
        oracle.adopt(&scenario.definition);
        let mut engine = Engine::new(scenario.definition.clone(), Past::default(), limits);
        engine.plant(planted.and_then(Planted::in_engine));
        let midnight = scenario.first_day.at(0, 0, 0, 0);
        Self {
            seed: scenario.seed,
            first_day: scenario.first_day,
            disk,
            engine,
            limits,
            definition: scenario.definition.clone(),
            removed: Vec::new(),
            now: TimeZone::UTC.to_timestamp(midnight).unwrap(),
            latest: Timestamp::MIN,
            flights: BTreeMap::new(),
            checks: BTreeSet::new(),
            over: Vec::new(),
            oracle,
            death: None,
            planted,
            calm: false,
            draining: false,
            steps: 0,
            tally: Tally::default(),
            story,
        }
    }

    /// Makes a move.
    pub(super) fn play(&mut self, part: &Move) -> Found {
        self.death = part.death;
        let mut random = Random(part.salt);
        match part.what {
            What::Next => self.next_thing(&mut random)?,
            What::End => self.end_some(&mut random)?,
            What::Check => self.report_check(&mut random)?,
            What::Heartbeat => self.heartbeats(&mut random)?,
            What::Stale => self.stale_report(&mut random)?,
            What::Sleep => {
                let pause = random.minutes(36 * 60);
                self.tell(|| format!("time goes on for {pause:#}"));
                self.now = self.now.checked_add(pause).unwrap();
            }
            What::ClockBack => {
                let jump = random.minutes(30 * 60);
                self.tell(|| format!("the clock is set back by {jump:#}"));
                self.now = self.now.checked_sub(jump).unwrap();
            }
            What::Operate => self.operate(&mut random)?,
            What::Trigger => self.trigger(&mut random)?,
            What::Apply => self.apply(&mut random)?,
            What::Crash => self.crash("the runner dies")?,
            What::Usurp => self.usurp(&mut random)?,
            What::Stop => self.stop()?,
            What::Tick => {
                self.now = self.now.checked_add(SignedDuration::from_secs(1)).unwrap();
                self.handle("a tick", vec![Event::Tick])?;
            }
        }
        self.death = None;
        Ok(())
    }

    /// The first step of a runner.
    pub(super) fn begin(&mut self) -> Found {
        self.handle("the runner starts", vec![Event::Tick])
    }

    /// Nothing goes wrong any more: everything that still can go on does, and nothing may be forgotten.
    pub(super) fn settle(&mut self) -> Found {
        self.calm = true;
        self.death = None;
        self.crash("from here on nothing goes wrong; the runner starts anew")?;
        let day = SignedDuration::from_hours(24);
        let limit = self.now.checked_add(day).unwrap();
        let mut random = Random(self.seed);
        let last = self.steps + PATIENCE;
        loop {
            must(self.steps < last, Rule::NothingForgotten, || {
                "the runner is kept busy for ever".to_owned()
            })?;
            if !self.checks.is_empty() {
                self.report_check(&mut random)?;
            } else if !self.flights.is_empty() {
                self.end_first()?;
            } else {
                let retries = self.engine.will_start_by_itself();
                let wake = self.engine.next_wake();
                match wake.filter(|wake| retries || *wake <= limit) {
                    Some(wake) => self.now = self.now.max(wake),
                    None => break,
                }
                self.handle("a tick", vec![Event::Tick])?;
            }
        }
        let site = Site {
            definition: &self.definition,
            limits: self.limits,
            now: self.now,
            next_wake: None,
        };
        self.oracle.in_the_end(site)?;
        self.compare_all()?;
        self.count();
        Ok(())
    }

    fn count(&mut self) {
        self.tally.dropped = self.oracle.log.dropped.len();
        for instance in self.oracle.log.instances.values() {
            self.tally.rerun += usize::from(instance.origin == Origin::Rerun);
            match instance.status {
                Status::Paused => self.tally.paused += 1,
                Status::Finished => self.tally.finished += 1,
                Status::Failed => self.tally.failed += 1,
                Status::CascadeFailed => self.tally.cascade_failed += 1,
                Status::Canceled => self.tally.canceled += 1,
                _ => self.tally.stuck += 1,
            }
        }
        for attempt in self.oracle.log.attempts.values() {
            let error = attempt.error.as_deref().unwrap_or_default();
            self.tally.timed_out += usize::from(attempt.status == Status::TimedOut);
            self.tally.lost += usize::from(error.starts_with("nothing was heard"));
        }
    }

    pub(super) fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(format!("{}  {}", self.now.strftime("%m-%d %H:%M"), line()));
        }
    }

    /// Time goes on to whatever happens next.
    fn next_thing(&mut self, random: &mut Random) -> Found {
        let ends = self.flights.values().map(|flight| flight.ends).min();
        let next = [self.engine.next_wake(), ends].into_iter().flatten().min();
        if let Some(next) = next {
            self.now = self.now.max(next);
        }
        if ends.is_some_and(|end| end <= self.now) {
            self.end_some(random)
        } else {
            self.handle("a tick", vec![Event::Tick])
        }
    }

    /// The attempt that ends first does.
    fn end_first(&mut self) -> Found {
        let first = self.flights.iter().min_by_key(|(_, flight)| flight.ends);
        let Some(key) = first.map(|(key, _)| key.clone()) else {
            return Ok(());
        };
        let event = self.land(&key);
        self.handle("an attempt ends", vec![event])
    }

    /// One or more attempts end, in any order; what they report may come twice, and shares a commit.
    fn end_some(&mut self, random: &mut Random) -> Found {
        let mut events = Vec::new();
        for _ in 0..random.up_to(2) {
            let mut flights: Vec<(Timestamp, (InstanceKey, u32))> = self
                .flights
                .iter()
                .map(|(key, flight)| (flight.ends, key.clone()))
                .collect();
            flights.sort();
            flights.truncate(2);
            let Some((_, key)) = random.pick(&flights) else {
                break;
            };
            let event = self.land(&key);
            if random.percent(15) {
                events.push(event.clone());
            }
            events.push(event);
        }
        if events.is_empty() {
            return Ok(());
        }
        self.handle("attempts end", events)
    }

    /// An attempt ends now.
    fn land(&mut self, key: &(InstanceKey, u32)) -> Event {
        let flight = self.flights.remove(key).unwrap();
        self.now = self.now.max(flight.ends);
        self.over.push(key.clone());
        Event::AttemptEnded {
            key: key.0.clone(),
            number: key.1,
            outcome: flight.outcome,
        }
    }

    /// Some attempts say that they go on.
    fn heartbeats(&mut self, random: &mut Random) -> Found {
        let mut events = Vec::new();
        for (key, number) in self.flights.keys().cloned() {
            if random.percent(70) {
                events.push(Event::Heartbeat { key, number });
            }
        }
        if events.is_empty() {
            return Ok(());
        }
        self.handle("attempts say that they go on", events)
    }

    fn report_check(&mut self, random: &mut Random) -> Found {
        let Some(key) = self.checks.pop_first() else {
            return Ok(());
        };
        let result = match random.below(10) {
            0..=2 if !self.calm => CheckResult::False("not yet".to_owned()),
            3..=4 if !self.calm => CheckResult::Error("unreachable".to_owned()),
            _ => {
                self.oracle.held(&key);
                CheckResult::True
            }
        };
        self.handle(
            "preconditions were checked",
            vec![Event::Checked { key, result }],
        )
    }

    /// A report that comes twice, late, or about something that was never asked for: nothing may change.
    fn stale_report(&mut self, random: &mut Random) -> Found {
        self.handle("a tick", vec![Event::Tick])?;
        if self.engine.next_wake().is_some_and(|wake| wake <= self.now) {
            return Ok(());
        }
        let keys: Vec<InstanceKey> = self.oracle.log.instances.keys().cloned().collect();
        // Those are the worst whose instance is being tried again.
        let log = &self.oracle.log.instances;
        let again = |over: &&(InstanceKey, u32)| {
            let instance = log.get(&over.0);
            instance.is_some_and(|instance| instance.status == Status::Running)
        };
        let mut over: Vec<(InstanceKey, u32)> = self.over.iter().filter(again).cloned().collect();
        if over.is_empty() {
            over.clone_from(&self.over);
        }
        let (event, said) = match random.pick(&over) {
            Some((key, number)) if random.percent(70) => {
                // Not the end of one that is still under way as far as the engine knows.
                if self.oracle.has_lease(&key, number, self.limits.fence) {
                    return Ok(());
                }
                let said = format!("late report of attempt {number} of {}", short(&key));
                let outcome = [Outcome::Finished, Outcome::Failed("late".to_owned())];
                let outcome = outcome[random.below(2)].clone();
                let event = Event::AttemptEnded {
                    key,
                    number,
                    outcome,
                };
                (event, said)
            }
            _ => match random.pick(&keys) {
                Some(key) if !self.checks.contains(&key) => {
                    let said = format!("report of a check of {} that nobody made", short(&key));
                    let result = CheckResult::True;
                    (Event::Checked { key, result }, said)
                }
                _ => return Ok(()),
            },
        };
        let before = random.percent(10).then(|| format!("{:?}", self.engine));
        let mut taken = self.engine.clone();
        let step = taken.step(event, self.now);
        if step == Step::default() {
            let same = before.is_none_or(|before| before == format!("{taken:?}"));
            return must(same, Rule::OneLease, || {
                format!("the {said} is not ignored")
            });
        }
        must(false, Rule::OneLease, || format!("the {said} is taken"))
    }

    /// An operator asks for something, for one instance or two, or for what was passed over.
    fn operate(&mut self, random: &mut Random) -> Found {
        let operation = [
            Operation::Cancel,
            Operation::Cancel,
            Operation::Rerun {
                as_was: false,
                restart: false,
            },
            Operation::Rerun {
                as_was: true,
                restart: false,
            },
            Operation::MarkFinished,
            Operation::Pause,
            Operation::Resume,
            Operation::Backfill,
        ][random.below(8)];
        let targets = if operation == Operation::Backfill {
            self.unmade(random)
        } else {
            let all: Vec<Instance> = self.oracle.log.instances.values().cloned().collect();
            (0..2).filter_map(|_| random.pick(&all)).collect()
        };
        let names: Vec<String> = targets.iter().map(|target| short(&target.key)).collect();
        if names.is_empty() {
            return Ok(());
        }
        let said = format!(
            "an operator asks for {operation:?} of {}",
            names.join(" and ")
        );
        self.oracle.rerun = matches!(operation, Operation::Rerun { .. } | Operation::Backfill);
        let order = Order {
            id: None,
            operation,
            who: "somebody".to_owned(),
            targets,
        };
        let done = self.handle(&said, vec![Event::Operate(order)]);
        self.oracle.rerun = false;
        done
    }

    /// Some intervals of a unit that are due, or were passed over, and have no instance.
    fn unmade(&self, random: &mut Random) -> Vec<Instance> {
        let addresses: Vec<Address> = self.definition.units.keys().cloned().collect();
        let Some(object) = random.pick(&addresses) else {
            return Vec::new();
        };
        let all = Interval {
            start: Timestamp::MIN,
            end: Timestamp::MAX,
        };
        let unmade = self.engine.unmade(&object, all, true, self.now);
        let instance = |interval| {
            let object = object.clone();
            Instance::new(InstanceKey { object, interval })
        };
        unmade.into_iter().take(4).map(instance).collect()
    }

    fn trigger(&mut self, random: &mut Random) -> Found {
        let moment = SignedDuration::from_millis(1);
        self.now = self.now.checked_add(moment).unwrap();
        let addresses: Vec<Address> = self.definition.units.keys().cloned().collect();
        let chosen: BTreeSet<Address> = (0..2).filter_map(|_| random.pick(&addresses)).collect();
        let chosen: Vec<Address> = chosen.into_iter().collect();
        let names: Vec<&str> = chosen.iter().map(Address::as_str).collect();
        let said = format!("an operator triggers {}", names.join(" and "));
        self.handle(&said, vec![Event::Trigger(chosen)])
    }

    /// Writes another definition beside the engine, as `apply` does, and lets the engine know unless it dies first.
    fn apply(&mut self, random: &mut Random) -> Found {
        self.tally.applies += 1;
        let mut site = units::Site {
            definition: &mut self.definition,
            removed: &mut self.removed,
            tables: &self.oracle.log,
            now: self.now,
            first_day: self.first_day,
        };
        let (done, written) = site.change(random);
        self.tell(|| format!("somebody applies: {done}"));
        self.disk.apply(&written);
        self.oracle.applied(&written);
        self.oracle.adopt(&self.definition);
        if random.percent(20) {
            return self.crash("the runner dies before it knows");
        }
        let event = Event::DefinitionChanged {
            definition: self.definition.clone(),
            instances: self.disk.past().instances,
        };
        self.handle("the runner finds it", vec![event, Event::Tick])
    }

    /// Gives events to the engine, commits what it answers, then does it; or dies in between.
    fn handle(&mut self, said: &str, events: Vec<Event>) -> Found {
        self.tell(|| said.to_owned());
        let mut step = Step::default();
        for event in events {
            let one = self.engine.step(event, self.now);
            step.changes.extend(one.changes);
            step.effects.extend(one.effects);
        }
        self.steps += 1;
        self.tally.steps += 1;
        match self.death.take() {
            None => {
                self.commit(&step.changes)?;
                self.perform(step.effects)?;
            }
            Some(Death::BeforeCommit) => return self.crash("the runner dies before it commits"),
            Some(Death::InCommit) => {
                self.disk.begin_commit(&step.changes);
                return self.crash("the runner dies while it commits");
            }
            Some(Death::AfterCommit) => {
                self.commit(&step.changes)?;
                return self.crash("the runner dies after it has committed");
            }
            Some(Death::AfterEffects) => {
                self.commit(&step.changes)?;
                self.perform(step.effects)?;
                return self.crash("the runner dies");
            }
        }
        if self.draining {
            return Ok(());
        }
        let site = Site {
            definition: &self.definition,
            limits: self.limits,
            now: self.now,
            next_wake: self.engine.next_wake(),
        };
        self.oracle.after_step(site)?;
        // What has begun is not undone by a clock that is set back; a new engine would wait once more.
        self.latest = self.latest.max(self.now);
        if self.steps.is_multiple_of(COMPARE_EACH) && self.now == self.latest {
            self.compare_rebuilt()?;
        }
        Ok(())
    }

    fn commit(&mut self, changes: &[Change]) -> Found {
        if changes.is_empty() {
            return Ok(());
        }
        for change in changes {
            if let Some(line) = super::story::change(change) {
                self.tell(|| line);
            }
        }
        let taken = self.disk.commit(self.limits.fence, changes);
        must(taken, Rule::OneLease, || {
            "the store refuses the only runner there is".to_owned()
        })?;
        self.oracle.committed(changes, self.limits.fence)?;
        for change in changes {
            let Change::Instance(instance) = change else {
                continue;
            };
            let key = &instance.key;
            let written = self.disk.instance(key);
            let logged = self.oracle.log.instances.get(key);
            must(written.as_ref() == logged, Rule::StoreIsLog, || {
                let status = written.map_or("nothing", |written| written.status.as_str());
                let logged = logged.map_or("nothing", |logged| logged.status.as_str());
                format!(
                    "the store has {status} for {}, and {logged} was committed",
                    short(key)
                )
            })?;
            self.compare(key)?;
        }
        Ok(())
    }

    fn perform(&mut self, effects: Vec<Effect>) -> Found {
        for effect in effects {
            match effect {
                Effect::Start { key, number, .. } => {
                    let site = Site {
                        definition: &self.definition,
                        limits: self.limits,
                        now: self.now,
                        next_wake: None,
                    };
                    self.oracle.starts(&key, number, site)?;
                    let flight = self.take_off(&key, number);
                    self.flights.insert((key, number), flight);
                }
                Effect::Kill { key, number } => {
                    let stays = self.fate(&key, number).percent(20);
                    // Nothing to do for one that was lost and is not reported yet; some come to their own end all the same.
                    if let Some(flight) = self.flights.get_mut(&(key, number))
                        && (!stays || self.draining)
                    {
                        (flight.ends, flight.outcome) = (self.now, Outcome::Killed);
                    }
                }
                Effect::Check { key } => {
                    let name = short(&key);
                    must(self.checks.insert(key), Rule::Legal, || {
                        format!("the preconditions of {name} are checked twice at once")
                    })?;
                }
                Effect::Late { .. } => {}
                Effect::Act { action, instance } => self.oracle.acts(&action, &instance.key)?,
            }
        }
        Ok(())
    }

    /// Chance for one attempt, whatever else happens.
    fn fate(&self, key: &InstanceKey, number: u32) -> Random {
        let bytes = key.object.as_str().bytes();
        let name = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let start = key.interval.start.as_second().cast_unsigned();
        let mut mixed = Random(self.seed ^ name ^ start.rotate_left(20) ^ u64::from(number));
        Random(mixed.next())
    }

    fn take_off(&self, key: &InstanceKey, number: u32) -> Flight {
        let mut fate = self.fate(key, number);
        // In the end nothing takes so long that time-outs feed on new work for ever.
        let most = if self.calm { 2 } else { 300 };
        let ends = self.now.checked_add(fate.minutes(most)).unwrap();
        let fails = !self.calm && fate.percent(25);
        let outcome = if fails {
            Outcome::Failed("it broke".to_owned())
        } else {
            Outcome::Finished
        };
        Flight { ends, outcome }
    }

    /// The runner ends cleanly, and what it stopped is tried again by the next one.
    fn stop(&mut self) -> Found {
        self.draining = true;
        self.handle("the runner is asked to stop", vec![Event::Drain])?;
        while self.draining && !self.flights.is_empty() {
            self.end_first()?;
        }
        if self.draining {
            self.crash("it has stopped, and the next one starts")?;
        }
        Ok(())
    }

    /// The runner is gone, and all it started with it; the next one goes on from what is stored.
    fn crash(&mut self, said: &str) -> Found {
        self.tell(|| format!("{said}; the next one goes on"));
        self.tally.crashes += 1;
        self.take_over(false)
    }

    /// Another runner takes over from what is stored.
    fn take_over(&mut self, alive: bool) -> Found {
        let flights = std::mem::take(&mut self.flights);
        self.over.extend(flights.into_keys());
        self.checks.clear();
        self.draining = false;
        self.limits.fence = self.disk.take_over(alive);
        let mut past = self.disk.past();
        if self.planted == Some(Planted::ForgetsWhatHasFinished) {
            past.settled.clear();
            past.made_until.clear();
        }
        self.engine = Engine::new(self.definition.clone(), past, self.limits);
        self.engine.plant(self.planted.and_then(Planted::in_engine));
        let running = self.disk.running().into_iter();
        let lost = running.map(|attempt| Event::AttemptEnded {
            key: attempt.instance,
            number: attempt.number,
            outcome: Outcome::Lost,
        });
        let lost: Vec<Event> = lost.collect();
        if !lost.is_empty() {
            self.handle("what was under way is lost", lost)?;
        }
        self.handle("its first tick", vec![Event::Tick])
    }

    /// Another runner takes over though this one only sleeps. It wakes up, and must not get anything written.
    fn usurp(&mut self, random: &mut Random) -> Found {
        let mut old = self.engine.clone();
        let fence = self.limits.fence;
        let flights: Vec<(InstanceKey, u32)> = self.flights.keys().cloned().collect();
        self.tell(|| "the runner sleeps, and another one takes over".to_owned());
        let crashes = self.tally.crashes;
        self.take_over(true)?;
        if self.tally.crashes > crashes {
            return Ok(());
        }
        let event = match random.pick(&flights) {
            Some((key, number)) => Event::AttemptEnded {
                key,
                number,
                outcome: Outcome::Finished,
            },
            None => Event::Trigger(self.definition.units.keys().cloned().collect()),
        };
        let later = SignedDuration::from_millis(1);
        let step = old.step(event, self.now.checked_add(later).unwrap());
        if step.changes.is_empty() {
            return Ok(());
        }
        self.tally.refused += 1;
        self.tell(|| "the one that slept wakes up and wants to commit".to_owned());
        let taken = self.disk.commit_superseded(fence, &step.changes);
        must(!taken, Rule::OneLease, || {
            "the store takes what a runner commits that was superseded".to_owned()
        })
    }

    /// What the engine knows of an instance is what is written.
    fn compare(&self, key: &InstanceKey) -> Found {
        let logged = &self.oracle.log.instances[key];
        let same = match self.engine.instance(key) {
            None => logged.status.is_settled(),
            Some(live) => {
                let mut live = live.clone();
                live.not_before = logged.not_before;
                live == *logged
            }
        };
        must(same, Rule::StoreIsLog, || {
            format!(
                "the engine has forgotten what it committed of {}",
                short(key)
            )
        })
    }

    /// The store is the replay of its log, and the engine knows the same.
    fn compare_all(&self) -> Found {
        let tables = self.disk.tables();
        must(tables == self.oracle.log, Rule::StoreIsLog, || {
            let differ = |(key, instance)| self.oracle.log.instances.get(key) != Some(instance);
            let instance = tables.instances.iter().find(|entry| differ(*entry));
            let which = instance.map_or("something".to_owned(), |(key, _)| short(key));
            format!("the store has another {which} than was committed")
        })?;
        let mut keys = self.oracle.log.instances.keys();
        keys.try_for_each(|key| self.compare(key))
    }

    /// An engine made from what is stored would go on the same way.
    fn compare_rebuilt(&self) -> Found {
        let rebuilt = super::rebuilt::difference(
            &self.engine,
            &self.definition,
            (self.disk.past(), self.limits),
            self.now,
        );
        must(rebuilt.is_none(), Rule::StoreIsLog, || {
            format!(
                "an engine that is made anew from the store differs in {}",
                rebuilt.unwrap_or_default()
            )
        })
    }
}
