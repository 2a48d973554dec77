//! What the tests of the engine share: units in short, a store in memory ([`Stored`]) and a rig that drives an engine ([`Rig`]).

mod rig;
mod stored;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

pub(super) use rig::Applies;
pub(super) use rig::Rig;
use stored::Stored;

use super::Definition;
use super::Dependency;
use super::FailureMode;
use super::InstanceKey;
use super::Limits;
use super::Require;
use super::Unit;
use super::UnitKind;
use crate::objects::Address;
use crate::time::Period;
use crate::time::Schedule;
use crate::time::Timeline;
use crate::time::Window;

/// A moment of 2026 in UTC: `01-05`, `01-05T06`, `01-05T06:30` or `01-05T06:30:15`.
pub(super) fn at(text: &str) -> Timestamp {
    let (date, time) = text.split_once('T').unwrap_or((text, "00"));
    let time = format!("{time}{}", [":00:00", ":00", ""][time.matches(':').count()]);
    format!("2026-{date}T{time}Z").parse().unwrap()
}

/// A schedule in UTC that starts at a moment, without end.
pub(super) fn every(period: &str, start: &str) -> Schedule {
    let start: DateTime = TimeZone::UTC.to_datetime(at(start));
    Schedule::new(start, Period::parse(period).unwrap(), TimeZone::UTC).unwrap()
}

pub(super) fn address(name: &str) -> Address {
    Address::new(name)
}

/// An on-demand activity without anything, whose attempts may be silent for long.
pub(super) fn activity(name: &str) -> Unit {
    Unit {
        report_progress_timeout: jiff::SignedDuration::from_hours(1_000),
        ..Unit::new(address(name), UnitKind::Activity)
    }
}

/// The same as a data node.
pub(super) fn data_node(name: &str) -> Unit {
    Unit {
        kind: UnitKind::DataNode,
        ..activity(name)
    }
}

impl Unit {
    pub(super) fn on(self, schedule: Schedule) -> Self {
        Self {
            schedule: Some(schedule.into()),
            ..self
        }
    }

    pub(super) fn after(mut self, producers: &[&str]) -> Self {
        self.dependencies.extend(
            producers
                .iter()
                .map(|producer| Dependency::aligned(address(producer))),
        );
        self
    }

    /// Waits for the instances of a producer in a window, after it has its schedule.
    pub(super) fn reading(
        mut self,
        producer: &str,
        window: (&str, Option<&str>),
        require: Require,
    ) -> Self {
        let window = Window::new(window.0, window.1).unwrap();
        self.dependencies.push(Dependency {
            past: window.is_past(self.schedule.as_ref().map(Timeline::current)),
            window: Some(window),
            require,
            ..Dependency::aligned(address(producer))
        });
        self
    }

    pub(super) fn guarded(self) -> Self {
        Self {
            preconditions: vec![address("precondition")],
            ..self
        }
    }

    pub(super) fn cascading(self) -> Self {
        Self {
            failure_mode: FailureMode::Cascade,
            ..self
        }
    }
}

pub(super) fn definition(serial: u64, units: impl IntoIterator<Item = Unit>) -> Definition {
    Definition {
        serial,
        units: units
            .into_iter()
            .map(|unit| (unit.address.clone(), unit))
            .collect(),
        ..Definition::default()
    }
}

pub(super) const LIMITS: Limits = Limits {
    parallelism: 100,
    instances_ahead: 1000,
    horizon: None,
    fence: 1,
};

/// `copy 01-05`, or `copy 01-05T06`.
pub(super) fn short(key: &InstanceKey) -> String {
    format!("{} {}", key.object, moment(key.interval.start))
}

fn moment(at: Timestamp) -> String {
    let civil = TimeZone::UTC.to_datetime(at);
    let text = civil.strftime("%m-%dT%H:%M:%S").to_string();
    let text = text.strip_suffix(":00").unwrap_or(&text);
    let text = text.strip_suffix(":00").unwrap_or(text);
    text.strip_suffix("T00").unwrap_or(text).to_owned()
}
