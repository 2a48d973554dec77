//! A seeded simulation of the engine without I/O: random units, failures, late and duplicate reports, crashes around every
//! commit, applies beside the runner and jumps of the clock. What must hold is checked after every step against what is
//! stored, by rules written a second time here. `PIPEFORM_SEEDS=n` tries more seeds; a failing one is printed.

mod oracle;
mod units;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::CheckResult;
use super::Definition;
use super::Effect;
use super::Engine;
use super::Event;
use super::InstanceKey;
use super::Limits;
use super::Operation;
use super::Order;
use super::Outcome;
use super::Status;
use super::testing::Stored;
use super::testing::at;
use crate::objects::Address;

/// Random numbers that follow from a seed (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn pick<T: Clone>(&mut self, among: &[T]) -> Option<T> {
        among.get(self.below(among.len())).cloned()
    }

    fn minutes(&mut self, most: usize) -> SignedDuration {
        SignedDuration::from_mins(i64::try_from(self.below(most)).unwrap())
    }
}

/// What a run came to, so that the simulation can tell that it tries what it says.
#[derive(Debug, Default)]
struct Tally {
    finished: usize,
    failed: usize,
    cascade_failed: usize,
    canceled: usize,
    rerun: usize,
    paused: usize,
    dropped: usize,
    timed_out: usize,
    crashes: usize,
    applies: usize,
    stuck: usize,
}

struct Simulation {
    random: Random,
    engine: Engine,
    limits: Limits,
    /// What the last apply wrote.
    definition: Definition,
    /// Units that an apply has removed; a later one may bring them back.
    removed: Vec<super::Unit>,
    stored: Stored,
    now: Timestamp,
    /// Attempts that really run: when they end, and how.
    flights: BTreeMap<(InstanceKey, u32), (Timestamp, Outcome)>,
    checks: BTreeSet<InstanceKey>,
    /// Instances whose preconditions were found to hold.
    held: BTreeSet<InstanceKey>,
    /// Attempts that are over: for reports that come twice or late.
    over: Vec<(InstanceKey, u32)>,
    acted: BTreeSet<(Address, InstanceKey)>,
    calm: bool,
    tally: Tally,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let definition = units::definition(&mut random);
        let limits = Limits {
            parallelism: 1 + random.below(4),
            instances_ahead: 1 + random.below(6),
            horizon: None,
            fence: 1,
        };
        let past = super::Past::default();
        Self {
            engine: Engine::new(definition.clone(), past, limits),
            random,
            limits,
            definition,
            removed: Vec::new(),
            stored: Stored::default(),
            now: at("01-05"),
            flights: BTreeMap::new(),
            checks: BTreeSet::new(),
            held: BTreeSet::new(),
            over: Vec::new(),
            acted: BTreeSet::new(),
            calm: false,
            tally: Tally::default(),
        }
    }

    /// Random events, then calm: everything that still can go on does, and nothing may be forgotten.
    fn run(mut self) -> Tally {
        self.event(Event::Tick);
        for _ in 0..50 {
            self.anything();
        }
        self.calm = true;
        self.crash();
        self.settle();
        self.assert_nothing_forgotten();
        for instance in self.stored.instances.values() {
            self.tally.rerun += usize::from(instance.origin == super::Origin::Rerun);
            match instance.status {
                Status::Paused => self.tally.paused += 1,
                Status::Finished => self.tally.finished += 1,
                Status::Failed => self.tally.failed += 1,
                Status::CascadeFailed => self.tally.cascade_failed += 1,
                Status::Canceled => self.tally.canceled += 1,
                _ => self.tally.stuck += 1,
            }
        }
        self.tally.dropped = self.stored.dropped.len();
        let attempts = self.stored.attempts.values();
        let timed_out = |attempt: &&super::Attempt| attempt.status == Status::TimedOut;
        self.tally.timed_out = attempts.filter(timed_out).count();
        self.tally
    }

    fn anything(&mut self) {
        match self.random.below(100) {
            0..=39 => self.next_thing(),
            40..=54 => self.report_flight(),
            55..=62 => self.report_check(),
            63..=65 => self.heartbeat(),
            66..=71 => self.foreign_report(),
            72..=79 => {
                let pause = self.random.minutes(36 * 60);
                self.later(pause);
            }
            80..=83 => self.operate(),
            84..=88 => self.trigger(),
            89..=93 => self.apply(),
            94..=96 => self.crash(),
            _ => {
                self.later(SignedDuration::from_secs(1));
                self.event(Event::Tick);
            }
        }
    }

    fn later(&mut self, pause: SignedDuration) {
        self.now = self.now.checked_add(pause).unwrap();
    }

    /// Time goes on to whatever happens next.
    fn next_thing(&mut self) {
        let ends = self.flights.values().map(|(end, _)| *end).min();
        let next = [self.engine.next_wake(), ends].into_iter().flatten().min();
        if let Some(next) = next {
            self.now = self.now.max(next);
        }
        if ends.is_some_and(|end| end <= self.now) {
            self.report_flight();
        } else {
            self.event(Event::Tick);
        }
    }

    /// The attempt that ends first does.
    fn report_flight(&mut self) {
        let first = self.flights.iter().min_by_key(|(_, (end, _))| *end);
        let Some((flight, (end, outcome))) =
            first.map(|(flight, fate)| (flight.clone(), fate.clone()))
        else {
            return;
        };
        self.now = self.now.max(end);
        self.flights.remove(&flight);
        self.over.push(flight.clone());
        self.event(Event::AttemptEnded {
            key: flight.0,
            number: flight.1,
            outcome,
        });
    }

    /// An attempt says that it goes on: one that is under way, or one that was superseded.
    fn heartbeat(&mut self) {
        let flights: Vec<(InstanceKey, u32)> = self.flights.keys().cloned().collect();
        let Some((key, number)) = self.random.pick(&flights) else {
            return;
        };
        self.event(Event::Heartbeat { key, number });
    }

    fn report_check(&mut self) {
        let Some(key) = self.checks.pop_first() else {
            return;
        };
        let result = match self.random.below(10) {
            0..=2 if !self.calm => CheckResult::False("not yet".to_owned()),
            3..=4 if !self.calm => CheckResult::Error("unreachable".to_owned()),
            _ => {
                self.held.insert(key.clone());
                CheckResult::True
            }
        };
        self.event(Event::Checked { key, result });
    }

    /// A report that comes twice, late, or about something that was never asked for: nothing may change.
    fn foreign_report(&mut self) {
        while self.engine.next_wake().is_some_and(|wake| wake <= self.now) {
            self.event(Event::Tick);
        }
        let outcome = self.fate();
        let event = match self.random.pick(&self.over) {
            Some((key, number)) if self.random.percent(70) => Event::AttemptEnded {
                key,
                number,
                outcome,
            },
            _ => {
                let keys: Vec<InstanceKey> = self.stored.instances.keys().cloned().collect();
                let Some(key) = self.random.pick(&keys) else {
                    return;
                };
                if self.checks.contains(&key) {
                    return;
                }
                Event::Checked {
                    key,
                    result: CheckResult::True,
                }
            }
        };
        let before = format!("{:?}", self.engine);
        let step = self.engine.step(event, self.now);
        assert_eq!(step, super::Step::default());
        assert_eq!(before, format!("{:?}", self.engine));
    }

    fn operate(&mut self) {
        let keys: Vec<InstanceKey> = self.stored.instances.keys().cloned().collect();
        if let Some(key) = self.random.pick(&keys) {
            let operation = [
                Operation::Cancel,
                Operation::Cancel,
                Operation::Rerun { as_was: false },
                Operation::Rerun { as_was: true },
                Operation::MarkFinished,
                Operation::Pause,
                Operation::Resume,
            ][self.random.below(7)];
            let targets = vec![self.stored.instances[&key].clone()];
            self.event(Event::Operate(Order {
                id: None,
                operation,
                who: "somebody".to_owned(),
                targets,
            }));
        }
    }

    fn trigger(&mut self) {
        self.later(SignedDuration::from_millis(1));
        let addresses: Vec<Address> = self.definition.units.keys().cloned().collect();
        let first = self.random.pick(&addresses);
        let second = self.random.pick(&addresses);
        self.event(Event::Trigger(first.into_iter().chain(second).collect()));
    }

    /// Writes another definition beside the engine, as `apply` does, and lets the engine know unless it dies first.
    fn apply(&mut self) {
        self.tally.applies += 1;
        units::change(self);
        if self.random.percent(20) {
            self.crash();
            return;
        }
        let event = Event::DefinitionChanged {
            definition: self.definition.clone(),
            instances: self.stored.past().instances,
        };
        self.event(event);
    }

    /// Takes a step, and perhaps dies before or after what it asks for is durable, or before it is done.
    fn event(&mut self, event: Event) {
        let death = if self.calm || !self.random.percent(4) {
            3
        } else {
            self.random.below(3)
        };
        let step = self.engine.step(event, self.now);
        if death == 0 {
            return self.crash();
        }
        self.commit(&step);
        if death == 1 {
            return self.crash();
        }
        for effect in step.effects {
            self.perform(effect);
        }
        if death == 2 {
            return self.crash();
        }
        if self.random.percent(10) {
            self.assert_rebuilt_is_equal();
        }
    }

    fn commit(&mut self, step: &super::Step) {
        self.stored.commit(&step.changes);
        for change in &step.changes {
            if let super::Change::Instance(instance) = change
                && instance.origin == super::Origin::Rerun
                && instance.status == Status::WaitingOnDependencies
            {
                // It begins again.
                self.held.remove(&instance.key);
                self.acted
                    .retain(|(action, key)| *key != instance.key || action.as_str() == "on_late");
            }
        }
        self.assert_step(step);
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Start { key, number, .. } => {
                // In the end nothing takes so long that time-outs feed on new work for ever.
                let most = if self.calm { 2 } else { 300 };
                let duration = self.random.minutes(most);
                let end = self.now.checked_add(duration).unwrap();
                let fate = self.fate();
                self.flights.insert((key, number), (end, fate));
            }
            Effect::Kill { key, number } => {
                // Nothing to do for one that was lost and is not reported yet.
                let Some((end, outcome)) = self.flights.get_mut(&(key, number)) else {
                    return;
                };
                // Some attempts come to their own end all the same.
                if self.random.percent(80) {
                    (*end, *outcome) = (self.now, Outcome::Killed);
                }
            }
            Effect::Check { key } => {
                assert!(self.checks.insert(key), "checked twice at once");
            }
            Effect::Late { .. } => {}
            Effect::Act { action, instance } => {
                let first = self.acted.insert((action, instance.key.clone()));
                assert!(first, "acted twice for {instance:?}");
            }
        }
    }

    fn fate(&mut self) -> Outcome {
        if !self.calm && self.random.percent(25) {
            Outcome::Failed("it broke".to_owned())
        } else {
            Outcome::Finished
        }
    }

    /// The runner dies; the next one goes on from what is stored.
    fn crash(&mut self) {
        self.tally.crashes += 1;
        self.over
            .extend(std::mem::take(&mut self.flights).into_keys());
        self.checks.clear();
        self.engine = Engine::new(self.definition.clone(), self.stored.past(), self.limits);
        for event in self.stored.lost() {
            self.survive(event);
        }
        self.survive(Event::Tick);
    }

    /// A step without a crash.
    fn survive(&mut self, event: Event) {
        let step = self.engine.step(event, self.now);
        self.commit(&step);
        for effect in step.effects {
            self.perform(effect);
        }
    }

    /// Lets everything happen that can, up to the present moment and a day of retries.
    fn settle(&mut self) {
        let limit = self
            .now
            .checked_add(SignedDuration::from_hours(24))
            .unwrap();
        loop {
            if !self.checks.is_empty() {
                self.report_check();
            } else if !self.flights.is_empty() {
                self.report_flight();
            } else {
                let retries = self.engine.will_start_by_itself();
                let wake = self.engine.next_wake();
                match wake.filter(|wake| retries || *wake <= limit) {
                    Some(wake) => self.now = self.now.max(wake),
                    None => return,
                }
                self.event(Event::Tick);
            }
        }
    }
}

#[test]
fn the_rules_hold_whatever_happens() {
    #[expect(clippy::disallowed_methods, reason = "a knob of this test")]
    let seeds = std::env::var("PIPEFORM_SEEDS");
    let seeds = seeds.ok().and_then(|seeds| seeds.parse().ok());
    let mut tally = Tally::default();
    let mut failing = Vec::new();
    for seed in 0..seeds.unwrap_or(2_000_u64) {
        let run = std::panic::catch_unwind(|| Simulation::new(seed).run());
        let Ok(run) = run else {
            failing.push(seed);
            continue;
        };
        tally.finished += run.finished;
        tally.failed += run.failed;
        tally.cascade_failed += run.cascade_failed;
        tally.canceled += run.canceled;
        tally.rerun += run.rerun;
        tally.paused += run.paused;
        tally.dropped += run.dropped;
        tally.timed_out += run.timed_out;
        tally.crashes += run.crashes;
        tally.applies += run.applies;
        tally.stuck += run.stuck;
    }
    println!("{tally:?}");
    assert!(
        failing.is_empty(),
        "{} seeds fail, first {:?}",
        failing.len(),
        failing.iter().take(10).collect::<Vec<_>>()
    );
    assert!(tally.finished > tally.stuck, "{tally:?}");
    for happened in [
        tally.failed,
        tally.cascade_failed,
        tally.canceled,
        tally.rerun,
        tally.paused,
        tally.dropped,
        tally.timed_out,
        tally.crashes,
        tally.applies,
    ] {
        assert!(happened > 100, "hardly tried: {tally:?}");
    }
}
