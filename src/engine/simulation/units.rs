//! Random definitions, and what an apply does to them and to the store.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::civil::Weekday;
use jiff::civil::date;
use jiff::tz::TimeZone;

use super::super::CatchUp;
use super::super::Definition;
use super::super::Dependency;
use super::super::FailureMode;
use super::super::Instance;
use super::super::InstanceOrder;
use super::super::PoolShare;
use super::super::REMOVED;
use super::super::Require;
use super::super::Status;
use super::super::Unit;
use super::super::UnitKind;
use super::super::testing::activity;
use super::super::testing::address;
use super::super::testing::definition as definition_of;
use super::disk::Tables;
use super::random::Random;
use crate::objects::Address;
use crate::time::Calendar;
use crate::time::Cron;
use crate::time::Due;
use crate::time::Period;
use crate::time::Schedule;
use crate::time::Timeline;
use crate::time::WhenExcluded;
use crate::time::Window;

/// The days on which simulations begin: an ordinary one, and some before clocks are moved or a day is left out.
pub(super) fn first_day(random: &mut Random) -> Date {
    [
        date(2026, 1, 5),
        date(2026, 1, 5),
        date(2026, 3, 6),
        date(2026, 3, 27),
        date(2026, 10, 23),
        date(2011, 12, 28),
    ][random.below(6)]
}

/// A few units; each depends on some before it.
pub(super) fn definition(random: &mut Random, first_day: Date) -> Definition {
    let count = 2 + random.below(4);
    let mut units: Vec<Unit> = Vec::new();
    for index in 0..count {
        let unit = unit(random, &format!("unit{index}"), &units, first_day);
        units.push(unit);
    }
    let mut definition = definition_of(1, units);
    definition.pools.insert(address("pool"), random.up_to(3));
    definition
}

fn unit(random: &mut Random, name: &str, before: &[Unit], day: Date) -> Unit {
    let mut unit = activity(name);
    if random.percent(35) {
        unit.kind = UnitKind::DataNode;
    }
    unit.schedule = random.percent(80).then(|| schedule(random, day).into());
    unit.pipeline = [None, Some("p"), Some("q")][random.below(3)].map(address);
    for producer in before {
        if random.percent(40) {
            let edge = edge(random, producer, unit.schedule.as_ref());
            unit.dependencies.push(edge);
        }
    }
    if random.percent(30) {
        let name = ["precondition", "another_precondition"][random.below(2)];
        unit.preconditions = vec![address(name)];
        unit.precondition_interval = SignedDuration::from_mins(30);
        unit.precondition_timeout = random.percent(30).then(|| SignedDuration::from_hours(3));
    }
    unit.max_retries = u32::try_from(random.below(3)).unwrap();
    unit.attempt_timeout = random.percent(30).then(|| SignedDuration::from_hours(2));
    if random.percent(40) {
        unit.failure_mode = FailureMode::Cascade;
    }
    if random.percent(30) {
        unit.on_fail = vec![address("on_fail")];
        unit.on_success = vec![address("on_success")];
    }
    unit.retry_jitter = random.percent(30);
    unit.report_progress_timeout =
        SignedDuration::from_mins(if random.percent(20) { 90 } else { 400 });
    if random.percent(25) {
        unit.late_after = Some(random.minutes(12 * 60));
        unit.on_late = vec![address("on_late")];
        if random.percent(30) {
            unit.terminate_late = vec![address("terminate")];
        }
    }
    if random.percent(30) {
        unit.pool = Some(PoolShare {
            pool: address("pool"),
            slots: random.up_to(3),
        });
    }
    unit.priority = i64::try_from(random.below(3)).unwrap();
    if random.percent(20) {
        unit.instance_order = InstanceOrder::NewestFirst;
    }
    unit.max_active_instances = random.up_to(3);
    unit.catch_up = match random.below(8) {
        0 => CatchUp::Latest,
        1 => CatchUp::None,
        _ => CatchUp::All,
    };
    if unit.catch_up == CatchUp::None {
        let since = TimeZone::UTC.to_timestamp(day.at(6, 0, 0, 0));
        unit.since = since.ok();
    }
    unit.active = random.percent(95);
    unit
}

fn edge(random: &mut Random, producer: &Unit, reader: Option<&Timeline>) -> Dependency {
    let lengths = ["12 hours", "1 day", "3 days", "1 week"];
    let offsets = [None, Some("-1 day"), Some("-1 week"), Some("7 hours")];
    let pick = |random: &mut Random, among: &[&'static str; 4]| among[random.below(4)];
    let window = random.percent(40).then(|| {
        let length = pick(random, &lengths);
        Window::new(length, offsets[random.below(4)]).unwrap()
    });
    Dependency {
        producer: producer.address.clone(),
        past: window.is_some_and(|window| window.is_past(reader.map(Timeline::current))),
        window,
        require: [Require::All, Require::All, Require::Any, Require::Latest][random.below(4)],
    }
}

/// Says again which windows lie in the past of a unit, whose schedule is another one.
fn classify(unit: &mut Unit) {
    for edge in &mut unit.dependencies {
        let window = edge.window;
        edge.past = window
            .is_some_and(|window| window.is_past(unit.schedule.as_ref().map(Timeline::current)));
    }
}

fn schedule(random: &mut Random, day: Date) -> Schedule {
    let zones = [
        "UTC",
        "America/New_York",
        "Europe/Berlin",
        "Pacific/Apia",
        "Australia/Lord_Howe",
    ];
    let zone = match zones[random.below(5)] {
        "UTC" => TimeZone::UTC,
        zone => TimeZone::get(zone).unwrap(),
    };
    let back = i64::try_from(random.below(6)).unwrap();
    let minute = [0, 0, 30][random.below(3)];
    let start = day.checked_sub(back.days()).unwrap();
    let start = start.at(if minute == 30 { 2 } else { 0 }, minute, 0, 0);
    let schedule = if random.percent(15) {
        let patterns = ["30 2 * * *", "0 */6 * * *", "0 0 * * MON-FRI"];
        let cron = Cron::parse(patterns[random.below(3)]).unwrap();
        let from = zone.to_timestamp(start).unwrap();
        Schedule::of_cron(cron, from, zone).unwrap()
    } else {
        let period = [
            Period::Days(1),
            Period::Days(1),
            Period::Minutes(12 * 60),
            Period::Minutes(7 * 60),
            Period::Days(2),
            Period::Days(7),
        ][random.below(6)];
        Schedule::new(start, period, zone).unwrap()
    };
    let due = [Due::End, Due::End, Due::Start][random.below(3)];
    let occurrences = random.percent(20).then(|| random.up_to(4).into());
    let schedule = schedule
        .with_due(due)
        .with_occurrences(occurrences)
        .unwrap();
    if !random.percent(15) {
        return schedule;
    }
    let when = [
        WhenExcluded::Skip,
        WhenExcluded::Next,
        WhenExcluded::Previous,
    ][random.below(3)];
    let weekends = Calendar::new([Weekday::Saturday, Weekday::Sunday], [day]).unwrap();
    schedule.with_calendar(weekends, when)
}

/// What an apply is made with.
pub(super) struct Site<'a> {
    pub(super) definition: &'a mut Definition,
    /// Units that an apply has removed; a later one may bring them back.
    pub(super) removed: &'a mut Vec<Unit>,
    pub(super) tables: &'a Tables,
    pub(super) now: Timestamp,
    pub(super) first_day: Date,
}

impl Site<'_> {
    /// One apply: a unit goes, comes back, is new, is changed, gets another schedule, or is switched on or off. Answers what
    /// was done, and which instances the apply writes.
    pub(super) fn change(&mut self, random: &mut Random) -> (String, Vec<Instance>) {
        self.definition.serial += 1;
        let addresses: Vec<Address> = self.definition.units.keys().cloned().collect();
        let chosen = random.pick(&addresses);
        let mut written = Vec::new();
        let done = match (random.below(6), chosen) {
            (0, Some(address)) => self.remove(&address, &mut written),
            (1, _) => self.bring_back(&mut written),
            (2, _) => {
                let before: Vec<Unit> = self.definition.units.values().cloned().collect();
                let name = format!("unit{}", 90 + self.definition.serial);
                let unit = unit(random, &name, &before, self.first_day);
                let done = format!("{} is new", super::story::described(&unit));
                self.definition.units.insert(unit.address.clone(), unit);
                done
            }
            (3, Some(address)) => self.switch(&address),
            (4, Some(address)) => self.replace(&address, random),
            (_, Some(address)) => self.reschedule(&address, random),
            (_, None) => "nothing changes".to_owned(),
        };
        self.hold_ready(&mut written);
        (done, written)
    }

    fn switch(&mut self, address: &Address) -> String {
        let unit = self.definition.units.get_mut(address).unwrap();
        unit.active = !unit.active;
        let state = if unit.active { "active" } else { "inactive" };
        format!("{address} is {state}")
    }

    /// What is ready but was never tried waits again: it may have more to wait for.
    fn hold_ready(&self, written: &mut Vec<Instance>) {
        for instance in self.tables.instances.values() {
            let stays = self.definition.units.contains_key(&instance.key.object);
            if instance.is_untried() && stays {
                written.push(Instance {
                    status: Status::WaitingOnDependencies,
                    ..instance.clone()
                });
            }
        }
    }

    /// Waiting instances of what is removed are given up.
    fn remove(&mut self, address: &Address, written: &mut Vec<Instance>) -> String {
        let unit = self.definition.units.remove(address).unwrap();
        self.removed.push(unit);
        for instance in self.tables.instances.values() {
            let waits = matches!(
                instance.status,
                Status::WaitingOnDependencies | Status::WaitingForRunner | Status::Paused
            );
            if waits && instance.key.object == *address {
                written.push(Instance {
                    status: Status::Canceled,
                    ended_at: Some(self.now),
                    not_before: None,
                    reason: Some(REMOVED.to_owned()),
                    ..instance.clone()
                });
            }
        }
        format!("{address} is removed")
    }

    /// What was given up because its definition was removed waits again when it comes back.
    fn bring_back(&mut self, written: &mut Vec<Instance>) -> String {
        let Some(unit) = self.removed.pop() else {
            return "nothing changes".to_owned();
        };
        for instance in self.tables.instances.values() {
            if instance.went_with_its_definition() && instance.key.object == unit.address {
                written.push(Instance {
                    attempts: instance.attempts,
                    origin: instance.origin,
                    late: instance.late,
                    ..Instance::new(instance.key.clone())
                });
            }
        }
        let done = format!("{} comes back", unit.address);
        self.definition.units.insert(unit.address.clone(), unit);
        done
    }

    /// Everything but the schedule is another, and the kind, which is part of an address.
    fn replace(&mut self, address: &Address, random: &mut Random) -> String {
        let units = &mut self.definition.units;
        let before: Vec<Unit> = units
            .range(..address.clone())
            .map(|(_, unit)| unit.clone())
            .collect();
        let old = units[address].clone();
        let mut new = (0..64).map(|_| unit(random, address.as_str(), &before, self.first_day));
        let Some(mut new) = new.find(|new| new.kind == old.kind) else {
            return "nothing changes".to_owned();
        };
        new.schedule = old.schedule;
        classify(&mut new);
        units.insert(address.clone(), new);
        format!("{address} is changed")
    }

    /// The new schedule begins where the old one ends.
    fn reschedule(&mut self, address: &Address, random: &mut Random) -> String {
        let new = schedule(random, self.first_day);
        let unit = self.definition.units.get_mut(address).unwrap();
        let Some(old) = unit.schedule.take() else {
            return "nothing changes".to_owned();
        };
        let made_until = self.tables.made_until.get(address).copied();
        unit.schedule = Some(match old.ends_at(made_until, self.now) {
            Some(until) => old.followed_by(new, until),
            None => new.into(),
        });
        classify(unit);
        let schedule = unit.schedule.as_ref().map(super::story::schedule);
        format!(
            "{address} gets another schedule, {}",
            schedule.unwrap_or_default()
        )
    }
}
