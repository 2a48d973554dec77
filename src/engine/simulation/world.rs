//! The world of a simulation: its clock, attempts that take their time, and what happens next. The runner and those who
//! write beside it have files of their own.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::CheckResult;
use super::super::Definition;
use super::super::Engine;
use super::super::Event;
use super::super::InstanceKey;
use super::super::Limits;
use super::super::Origin;
use super::super::Outcome;
use super::super::Past;
use super::super::Status;
use super::super::Step;
use super::super::Unit;
use super::super::testing::short;
use super::Planted;
use super::disk::Disk;
use super::oracle::Check;
use super::oracle::Oracle;
use super::oracle::Site;
use super::random::Random;
use super::rules::Found;
use super::rules::Rule;
use super::rules::must;
use super::scenario::Death;
use super::scenario::Move;
use super::scenario::Scenario;
use super::scenario::What;

/// After so many steps without anything that goes wrong, all is done.
const PATIENCE: u32 = 2_000;

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
    pub(crate) orders: usize,
    pub(crate) stretches: usize,
    pub(crate) holds: usize,
    pub(crate) removed: usize,
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
        self.orders += other.orders;
        self.stretches += other.stretches;
        self.holds += other.holds;
        self.removed += other.removed;
    }
}

/// An attempt that really runs: when it ends, and how.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) ends: Timestamp,
    pub(super) outcome: Outcome,
}

/// What is told of a run.
pub(super) type Story = Option<Vec<String>>;

pub(super) struct World<D> {
    seed: u64,
    pub(super) first_day: Date,
    pub(super) disk: D,
    pub(super) engine: Engine,
    pub(super) limits: Limits,
    /// What the last apply wrote.
    pub(super) applied: Definition,
    /// What each apply wrote, by serial.
    pub(super) serials: BTreeMap<u64, Definition>,
    /// What the last apply wrote, and what operators hold of it.
    pub(super) definition: Definition,
    pub(super) removed: Vec<Unit>,
    pub(super) now: Timestamp,
    /// The latest moment that the clock has shown.
    pub(super) latest: Timestamp,
    pub(super) flights: BTreeMap<(InstanceKey, u32), Flight>,
    pub(super) checks: BTreeMap<InstanceKey, Check>,
    /// Attempts that are over: for reports that come twice or late.
    pub(super) over: Vec<(InstanceKey, u32)>,
    pub(super) oracle: Oracle,
    pub(super) death: Option<Death>,
    pub(super) planted: Option<Planted>,
    /// Nothing goes wrong any more.
    calm: bool,
    /// Whether records are removed when it is time for that.
    pub(super) cleans: bool,
    pub(super) draining: bool,
    pub(super) steps: u32,
    pub(super) tally: Tally,
    pub(super) story: Story,
}

impl<D: Disk> World<D> {
    pub(super) fn new(scenario: &Scenario, planted: Option<Planted>, story: Story) -> Self {
        let midnight = scenario.first_day.at(0, 0, 0, 0);
        let now = TimeZone::UTC.to_timestamp(midnight).unwrap();
        let mut disk = D::new(planted, &scenario.definition, now);
        let limits = Limits {
            fence: disk.take_over(false),
            ..scenario.limits
        };
        let mut oracle = Oracle::default();
        oracle.adopt(&scenario.definition);
        let mut engine = Engine::new(scenario.definition.clone(), Past::default(), limits);
        engine.plant(planted.and_then(Planted::in_engine));
        disk.begin(limits, now);
        let definition = scenario.definition.clone();
        Self {
            seed: scenario.seed,
            first_day: scenario.first_day,
            disk,
            engine,
            limits,
            applied: definition.clone(),
            serials: [(definition.serial, definition.clone())].into(),
            definition,
            removed: Vec::new(),
            now,
            latest: Timestamp::MIN,
            flights: BTreeMap::new(),
            checks: BTreeMap::new(),
            over: Vec::new(),
            oracle,
            death: None,
            planted,
            calm: false,
            cleans: true,
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
            What::Operate | What::Trigger | What::Apply | What::Hold | What::Flurry => {
                self.write(part.what, &mut random)?;
            }
            What::Crash => self.crash("the runner dies")?,
            What::Usurp => self.usurp(&mut random)?,
            What::Stop => self.stop()?,
            What::Clean => self.clean(),
            What::Tick => {
                self.now = self.now.checked_add(SignedDuration::from_secs(1)).unwrap();
                self.handle("a tick", &[Event::Tick])?;
            }
        }
        self.death = None;
        Ok(())
    }

    /// The first step of a runner.
    pub(super) fn begin(&mut self) -> Found {
        self.handle("the runner starts", &[Event::Tick])
    }

    /// Nothing goes wrong any more: everything that still can go on does, and nothing may be forgotten.
    pub(super) fn settle(&mut self) -> Found {
        self.calm = true;
        self.death = None;
        if self.seed.is_multiple_of(2) {
            self.let_go();
        }
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
                self.handle("a tick", &[Event::Tick])?;
            }
        }
        let site = site(&self.definition, self.limits, self.now);
        self.oracle.in_the_end(site)?;
        self.compare_all()?;
        self.count();
        Ok(())
    }

    /// The runner removes the records of what has finished long ago. Nobody notices.
    fn clean(&mut self) {
        if self.cleans {
            self.tell(|| "what has finished long ago is removed".to_owned());
            let removed = self.disk.clean(self.now);
            self.tally.removed += removed.len();
            self.oracle.removed(removed);
        }
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
            self.handle("a tick", &[Event::Tick])
        }
    }

    /// The attempt that ends first does.
    pub(super) fn end_first(&mut self) -> Found {
        let first = self.flights.iter().min_by_key(|(_, flight)| flight.ends);
        let Some(key) = first.map(|(key, _)| key.clone()) else {
            return Ok(());
        };
        let event = self.land(&key);
        self.handle("an attempt ends", &[event])
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
        self.handle("attempts end", &events)
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
        self.handle("attempts say that they go on", &events)
    }

    fn report_check(&mut self, random: &mut Random) -> Found {
        let Some((key, check)) = self.checks.pop_first() else {
            return Ok(());
        };
        let result = match random.below(10) {
            0..=2 if !self.calm => CheckResult::False("not yet".to_owned()),
            3..=4 if !self.calm => CheckResult::Error("unreachable".to_owned()),
            _ => {
                self.oracle.held(&key, check);
                CheckResult::True
            }
        };
        self.handle(
            "preconditions were checked",
            &[Event::Checked { key, result }],
        )
    }

    /// A report that comes twice, late, or about something that was never asked for: nothing may change.
    fn stale_report(&mut self, random: &mut Random) -> Found {
        self.handle("a tick", &[Event::Tick])?;
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
                Some(key) if !self.checks.contains_key(&key) => {
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

    /// Chance for one attempt, whatever else happens.
    pub(super) fn fate(&self, key: &InstanceKey, number: u32) -> Random {
        let bytes = key.object.as_str().bytes();
        let name = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let start = key.interval.start.as_second().cast_unsigned();
        let mut mixed = Random(self.seed ^ name ^ start.rotate_left(20) ^ u64::from(number));
        Random(mixed.next())
    }

    pub(super) fn take_off(&self, key: &InstanceKey, number: u32) -> Flight {
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
}

/// What the rules are judged with.
pub(super) const fn site(definition: &Definition, limits: Limits, now: Timestamp) -> Site<'_> {
    Site {
        definition,
        limits,
        now,
        next_wake: None,
    }
}
