//! Random definitions, and what an apply does to them and to the store.

use jiff::SignedDuration;
use jiff::civil::date;
use jiff::tz::TimeZone;

use super::super::CatchUp;
use super::super::Definition;
use super::super::Dependency;
use super::super::FailureMode;
use super::super::InstanceOrder;
use super::super::PoolShare;
use super::super::Require;
use super::super::Status;
use super::super::Unit;
use super::super::UnitKind;
use super::super::testing::activity;
use super::super::testing::address;
use super::super::testing::definition as definition_of;
use super::Random;
use super::Simulation;
use crate::time::Calendar;
use crate::time::Cron;
use crate::time::Due;
use crate::time::Period;
use crate::time::Schedule;
use crate::time::Timeline;
use crate::time::WEEKDAYS;
use crate::time::WhenExcluded;
use crate::time::Window;
use crate::time::parse_weekday;

/// A few units; each depends on some before it.
pub(super) fn definition(random: &mut Random) -> Definition {
    let count = 2 + random.below(5);
    let mut units: Vec<Unit> = Vec::new();
    for index in 0..count {
        let unit = unit(random, &format!("unit{index}"), &units);
        units.push(unit);
    }
    let mut definition = definition_of(1, units);
    let slots = 1 + u32::try_from(random.below(3)).unwrap();
    definition.pools.insert(address("pool"), slots);
    definition
}

fn unit(random: &mut Random, name: &str, before: &[Unit]) -> Unit {
    let mut unit = activity(name);
    if random.percent(35) {
        unit.kind = UnitKind::DataNode;
    }
    unit.schedule = random.percent(80).then(|| schedule(random).into());
    for producer in before {
        if random.percent(40) {
            let edge = edge(random, producer, unit.schedule.as_ref());
            unit.dependencies.push(edge);
        }
    }
    if random.percent(30) {
        unit.preconditions = vec![address("precondition")];
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
        unit.terminate_late = random.percent(30);
    }
    if random.percent(30) {
        unit.pool = Some(PoolShare {
            pool: address("pool"),
            slots: 1 + u32::try_from(random.below(3)).unwrap(),
        });
    }
    unit.catch_up = match random.below(8) {
        0 => CatchUp::Latest,
        1 => CatchUp::None,
        _ => CatchUp::All,
    };
    if unit.catch_up == CatchUp::None {
        unit.since = Some(super::super::testing::at("01-05T06"));
    }
    unit.priority = i64::try_from(random.below(3)).unwrap();
    if random.percent(20) {
        unit.instance_order = InstanceOrder::NewestFirst;
    }
    unit.max_active_instances = 1 + u32::try_from(random.below(3)).unwrap();
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

fn schedule(random: &mut Random) -> Schedule {
    let period = [
        Period::Days(1),
        Period::Days(1),
        Period::Minutes(12 * 60),
        Period::Minutes(7 * 60),
        Period::Days(2),
        Period::Days(7),
    ][random.below(6)];
    // New York leaves an hour out, and Berlin repeats one, on other days: here only their offsets matter.
    let zone = ["UTC", "America/New_York", "Pacific/Apia"][random.below(3)];
    let day = 1 + i8::try_from(random.below(6)).unwrap();
    let start = date(2026, 1, day).at(0, 0, 0, 0);
    let due = if random.percent(30) {
        Due::Start
    } else {
        Due::End
    };
    let zone = if zone == "UTC" {
        TimeZone::UTC
    } else {
        TimeZone::get(zone).unwrap()
    };
    let occurrences = random
        .percent(20)
        .then(|| 1 + u64::try_from(random.below(4)).unwrap());
    let patterns = ["30 2 * * *", "0 */9 * * *", "0 12 * * tue,fri"];
    let schedule = if random.percent(25) {
        let cron = Cron::parse(patterns[random.below(3)]).unwrap();
        let from = zone.to_timestamp(start).unwrap();
        Schedule::of_cron(cron, from, zone)
    } else {
        Schedule::new(start, period, zone)
    };
    let schedule = schedule
        .unwrap()
        .with_due(due)
        .with_occurrences(occurrences)
        .unwrap();
    if random.percent(25) {
        let when = [
            WhenExcluded::Skip,
            WhenExcluded::Next,
            WhenExcluded::Previous,
        ][random.below(3)];
        let with = schedule.clone().with_calendar(calendar(random), when);
        if with.first_interval().is_some() {
            return with;
        }
    }
    schedule
}

/// A weekday, perhaps, and a few days in a row.
fn calendar(random: &mut Random) -> Calendar {
    let weekdays = parse_weekday(WEEKDAYS[random.below(7)]).filter(|_| random.percent(60));
    let first = 1 + random.below(12);
    let dates =
        (first..first + random.below(4)).map(|day| date(2026, 1, i8::try_from(day).unwrap()));
    Calendar::new(weekdays, dates).unwrap()
}

/// One apply: a unit goes, comes back, is new, is changed, gets another schedule, or is switched on or off.
pub(super) fn change(simulation: &mut Simulation) {
    change_units(simulation);
    hold_ready(simulation);
}

/// What is ready but was never tried waits again: it may have more to wait for.
fn hold_ready(simulation: &mut Simulation) {
    for instance in simulation.stored.instances.values_mut() {
        if instance.status == Status::WaitingForRunner && instance.attempts == 0 {
            instance.status = Status::WaitingOnDependencies;
        }
    }
}

fn change_units(simulation: &mut Simulation) {
    simulation.definition.serial += 1;
    let units = &mut simulation.definition.units;
    let random = &mut simulation.random;
    let addresses: Vec<_> = units.keys().cloned().collect();
    let chosen = random.pick(&addresses);
    match random.below(6) {
        0 => {
            if let Some(unit) = chosen.and_then(|address| units.remove(&address)) {
                cancel_removed(simulation, &unit);
                simulation.removed.push(unit);
            }
        }
        1 => {
            if let Some(unit) = simulation.removed.pop() {
                units.insert(unit.address.clone(), unit);
            }
        }
        2 => {
            let before: Vec<Unit> = units.values().cloned().collect();
            let name = format!("unit{}", 10 + simulation.definition.serial);
            let unit = unit(random, &name, &before);
            units.insert(unit.address.clone(), unit);
        }
        3 => {
            if let Some(unit) = chosen.and_then(|address| units.get_mut(&address)) {
                unit.active = !unit.active;
            }
        }
        4 => {
            let Some(address) = chosen else { return };
            let before: Vec<Unit> = units
                .range(..address.clone())
                .map(|(_, unit)| unit.clone())
                .collect();
            let old = units[&address].schedule.clone();
            let mut unit = unit(random, address.as_str(), &before);
            unit.schedule = old;
            classify(&mut unit);
            units.insert(address, unit);
        }
        _ => {
            if let Some(address) = chosen {
                let new = schedule(random);
                reschedule(simulation, &address, new);
            }
        }
    }
}

/// Waiting instances of what is removed are given up in the store.
fn cancel_removed(simulation: &mut Simulation, unit: &Unit) {
    for instance in simulation.stored.instances.values_mut() {
        let waits = matches!(
            instance.status,
            Status::WaitingOnDependencies | Status::WaitingForRunner
        );
        if waits && instance.key.object == unit.address {
            instance.status = Status::Canceled;
            instance.ended_at = Some(simulation.now);
            instance.not_before = None;
        }
    }
}

/// The new schedule begins where the old one ends.
fn reschedule(simulation: &mut Simulation, address: &crate::objects::Address, new: Schedule) {
    let unit = simulation.definition.units.get_mut(address).unwrap();
    let Some(old) = unit.schedule.take() else {
        return;
    };
    let made_until = simulation.stored.made_until.get(address).copied();
    unit.schedule = Some(match old.ends_at(made_until, simulation.now) {
        Some(until) => old.followed_by(new, until),
        None => new.into(),
    });
    classify(unit);
}
