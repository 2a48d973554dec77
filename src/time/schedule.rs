//! Schedules.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::period::Period;

/// When an instance is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// At the start of its interval (AWS's scheduleType cron).
    Start,
    /// At its end, when its data is there (AWS's timeseries).
    End,
}

/// A schedule: an anchor, a period and limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// The civil time, in `timezone`, of the start of interval 0.
    pub anchor: jiff::civil::DateTime,
    /// The length of an interval.
    pub every: Period,
    /// The zone of calendar arithmetic.
    pub timezone: TimeZone,
    /// No interval starts at or after this.
    pub end: Option<Timestamp>,
    /// No more intervals than this, counted from the anchor.
    pub occurrences: Option<u64>,
    /// When instances are due.
    pub due: Due,
    /// After a change of the schedule: intervals that end at or before this do not exist, and the one that contains it
    /// begins here.
    pub cut: Option<Timestamp>,
}
