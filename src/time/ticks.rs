//! Where the intervals of a schedule begin and end: moments in a row, each later than the one before.

use jiff::Span;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::cron::CronTicks;
use super::every::EveryTicks;
use super::zone::Stretch;
use super::zone::civil;
use super::zone::civil_second;

/// The moments at which intervals begin and end, from the first on.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ticks {
    /// Those of a period.
    Every(EveryTicks),
    /// Those of a cron pattern.
    Cron(CronTicks),
}

impl Ticks {
    pub(super) fn timezone(&self) -> &TimeZone {
        match self {
            Self::Every(ticks) => ticks.timezone(),
            Self::Cron(ticks) => ticks.timezone(),
        }
    }

    /// The first tick.
    pub(super) fn first(&self) -> Timestamp {
        match self {
            Self::Every(ticks) => ticks.first(),
            Self::Cron(ticks) => ticks.first(),
        }
    }

    /// The first tick at or after a moment; `None` at the end of the calendar.
    pub(super) fn next(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(ticks) => ticks.next(at),
            Self::Cron(ticks) => ticks.next(at),
        }
    }

    /// The last tick at or before a moment; `None` before the first.
    pub(super) fn previous(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(ticks) => ticks.previous(at),
            Self::Cron(ticks) => ticks.previous(at),
        }
    }

    /// How many ticks there are from one moment up to, and without, another.
    pub(super) fn count(&self, from: Timestamp, to: Timestamp) -> u64 {
        match self {
            Self::Every(ticks) => ticks.count(from, to),
            Self::Cron(ticks) => ticks.count(from, to),
        }
    }

    /// The tick with that many before it; `None` past the end of the calendar.
    pub(super) fn nth(&self, number: u64) -> Option<Timestamp> {
        match self {
            Self::Every(ticks) => ticks.nth(number),
            Self::Cron(ticks) => ticks.nth(number),
        }
    }

    /// The civil time of a tick that the clock has left out, so that the tick is later than it. `None` for all others: those
    /// that the clock shows as they are, and those before which, since the clock was put forward, there is one of them.
    /// So the times of a day's ticks, these or else those of the clock, are in their order.
    pub(super) fn left_out(&self, tick: Timestamp) -> Option<DateTime> {
        let stretch = Stretch::at(self.timezone(), tick.as_second());
        let (start, end) = stretch.gap()?;
        let own = match self {
            Self::Every(ticks) => ticks.calendar_from(tick, 0, 0)?,
            Self::Cron(ticks) => ticks.left_out(tick, stretch)?,
        };
        let within = (start..end).contains(&civil_second(own)?);
        // A gap that begins on the day before has times that are no times of this day.
        (within && civil(start).date() == own.date()).then_some(own)
    }

    /// What the calendar says so many months and days after a tick (before it, if negative), counted from what it would
    /// have said there if the clock had not been moved. Other moments count as what the clock says.
    pub(super) fn calendar_from(
        &self,
        tick: Timestamp,
        months: i64,
        days: i64,
    ) -> Option<DateTime> {
        let found = match self {
            Self::Every(ticks) => ticks.calendar_from(tick, months, days),
            Self::Cron(ticks) => ticks
                .civil(tick)
                .and_then(|civil| calendar_from(civil, months, days)),
        };
        found.or_else(|| calendar_from(self.timezone().to_datetime(tick), months, days))
    }
}

/// What the calendar says so many months, then days after a civil time; a month that is too short ends on its last day.
pub(super) fn calendar_from(from: DateTime, months: i64, days: i64) -> Option<DateTime> {
    let months = Span::new().try_months(months).ok()?;
    let days = Span::new().try_days(days).ok()?;
    from.checked_add(months).ok()?.checked_add(days).ok()
}
