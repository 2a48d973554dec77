//! Schedules: which intervals there are, and when each is due.
//!
//! An interval lies between two ticks in a row (see `ticks`). Minutes and hours are absolute time from the first start.
//! Days, weeks, months and years are calendar time in the schedule's zone, always counted from the anchor, so that months
//! from the 31st do not drift. A time that the clock leaves out moves forward by what is left out, one that comes twice is
//! the first; a day that a zone leaves out whole (Apia, 2011-12-30) has no interval. Cron patterns have the same policy,
//! and one exception: see `cron/ticks`.
//!
//! A calendar changes when intervals are due, or which have instances; where they begin and end it never changes. Methods
//! give intervals that have instances, unless they say otherwise.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use thiserror::Error;

use super::calendar::Calendar;
use super::calendar::Exclusion;
use super::calendar::WhenExcluded;
use super::cron::Cron;
use super::cron::CronTicks;
use super::every::EveryTicks;
use super::interval::Interval;
use super::period::Period;
use super::ticks::Ticks;
use super::zone::day_of;
use super::zone::just_after;
use super::zone::just_before;

/// When an instance is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// At the start of its interval (AWS's scheduleType cron).
    Start,
    /// At its end, when its data is there (AWS's timeseries).
    End,
}

impl Due {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::End => "end",
        }
    }

    /// The one that a word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "start" => Some(Self::Start),
            "end" => Some(Self::End),
            _ => None,
        }
    }
}

/// Why there is no such schedule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScheduleError {
    /// The first start is outside of what can be counted.
    #[error("the start `{0}` is too far away")]
    Start(DateTime),
    /// The end leaves no interval.
    #[error("the end lies at or before the start, so that there is no interval")]
    Empty,
    /// A pattern does not fire between the start and the end of the calendar.
    #[error("the pattern does not fire after the start")]
    Never,
}

/// A schedule: ticks and limits. Two are equal when they have the same intervals and due times for the same reasons: how
/// they are written does not matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    pub(super) ticks: Ticks,
    /// No interval starts at or after this tick.
    until: Option<Timestamp>,
    due: Due,
    cut: Option<Timestamp>,
    pub(super) calendar: Option<(Calendar, WhenExcluded)>,
}

/// An interval of a schedule, and what the calendar makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The interval.
    pub interval: Interval,
    /// When its instance is due; for one that has none, when that would be.
    pub due: Timestamp,
    /// When it would be due without a calendar.
    pub regular_due: Timestamp,
    /// Why the calendar excludes the day of that time.
    pub excluded: Option<Exclusion>,
    /// Whether it has an instance.
    pub has_instance: bool,
}

impl Schedule {
    /// A schedule without end whose first interval starts at a civil time in a zone, due at the end of its intervals.
    pub fn new(anchor: DateTime, every: Period, timezone: TimeZone) -> Result<Self, ScheduleError> {
        let ticks = EveryTicks::new(anchor, every, timezone);
        let ticks = ticks.ok_or(ScheduleError::Start(anchor))?;
        Ok(Self::with_ticks(Ticks::Every(ticks)))
    }

    /// A schedule without end whose intervals lie between the ticks of a pattern in a zone, from the first tick at or after
    /// `from` on, due at the end of its intervals.
    pub fn of_cron(cron: Cron, from: Timestamp, timezone: TimeZone) -> Result<Self, ScheduleError> {
        let ticks = CronTicks::new(cron, from, timezone).ok_or(ScheduleError::Never)?;
        Ok(Self::with_ticks(Ticks::Cron(ticks)))
    }

    fn with_ticks(ticks: Ticks) -> Self {
        Self {
            ticks,
            until: None,
            due: Due::End,
            cut: None,
            calendar: None,
        }
    }

    /// No interval starts at or after `end`.
    pub fn with_end(self, end: Option<Timestamp>) -> Result<Self, ScheduleError> {
        let Some(end) = end else { return Ok(self) };
        if end <= self.ticks.first() {
            return Err(ScheduleError::Empty);
        }
        let until = self.ticks.next(end);
        Ok(self.limited(until))
    }

    /// No more intervals than this, counted from the first start; those that a calendar excludes are counted, too.
    pub fn with_occurrences(self, occurrences: Option<u64>) -> Result<Self, ScheduleError> {
        let Some(occurrences) = occurrences else {
            return Ok(self);
        };
        if occurrences == 0 {
            return Err(ScheduleError::Empty);
        }
        let until = self.ticks.nth(occurrences);
        Ok(self.limited(until))
    }

    fn limited(mut self, until: Option<Timestamp>) -> Self {
        self.until = self.until.into_iter().chain(until).min();
        self
    }

    /// When instances are due.
    #[must_use]
    pub fn with_due(mut self, due: Due) -> Self {
        self.due = due;
        self
    }

    /// What the days that a calendar excludes do to due times, or to instances.
    #[must_use]
    pub fn with_calendar(mut self, calendar: Calendar, when_excluded: WhenExcluded) -> Self {
        self.calendar = (!calendar.is_empty()).then_some((calendar, when_excluded));
        self
    }

    /// Intervals that end at or before `cut` do not exist, and the one that contains it begins there: after a change of
    /// the schedule, so that there is neither hole nor overlap.
    #[must_use]
    pub fn with_cut(mut self, cut: Option<Timestamp>) -> Self {
        self.cut = cut.filter(|cut| *cut > self.ticks.first());
        self
    }

    /// Whether another one is the same but for where a change has cut it.
    pub fn is_same_but_for_cut(&self, other: &Self) -> bool {
        let Self {
            ticks,
            until,
            due,
            cut: _,
            calendar,
        } = self;
        *ticks == other.ticks
            && *until == other.until
            && *due == other.due
            && *calendar == other.calendar
    }

    /// No interval starts at or after this.
    pub(super) fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// The zone of its calendar.
    pub fn timezone(&self) -> &TimeZone {
        self.ticks.timezone()
    }

    /// Its period; `None` if it has a pattern.
    pub fn every(&self) -> Option<Period> {
        match &self.ticks {
            Ticks::Every(ticks) => Some(ticks.every()),
            Ticks::Cron(_) => None,
        }
    }

    /// Its pattern; `None` if it has a period.
    pub fn cron(&self) -> Option<&Cron> {
        match &self.ticks {
            Ticks::Every(_) => None,
            Ticks::Cron(ticks) => Some(ticks.cron()),
        }
    }

    /// When its instances are due.
    pub fn due(&self) -> Due {
        self.due
    }

    /// Its calendar, and what that does.
    pub fn calendar(&self) -> Option<(&Calendar, WhenExcluded)> {
        let (calendar, when) = self.calendar.as_ref()?;
        Some((calendar, *when))
    }

    /// Where its intervals begin after a change of the schedule.
    pub fn cut(&self) -> Option<Timestamp> {
        self.cut
    }

    /// The first interval.
    pub fn first_interval(&self) -> Option<Interval> {
        self.kept_from(self.tile_from(Timestamp::MIN)?)
    }

    /// The last interval; `None` when there is no end, or no interval.
    pub fn last_interval(&self) -> Option<Interval> {
        self.kept_back(self.tile_before(self.until?)?)
    }

    /// The interval that contains a moment.
    pub fn interval_at(&self, at: Timestamp) -> Option<Interval> {
        self.tile_at(at).filter(|tile| self.has_instance(*tile))
    }

    /// The first interval that starts at or after a moment.
    pub fn next_from(&self, at: Timestamp) -> Option<Interval> {
        self.kept_from(self.tile_from(at)?)
    }

    /// The intervals that overlap one, oldest first.
    pub fn overlapping(&self, other: Interval) -> impl Iterator<Item = Interval> {
        let first = self
            .tile_overlapping(other)
            .and_then(|tile| self.kept_from(tile));
        std::iter::successors(first, |last| self.next_from(last.end))
            .take_while(move |tile| tile.overlaps(other))
    }

    /// The intervals that overlap one and have no instance because a calendar excludes them, oldest first.
    pub fn excluded(&self, other: Interval) -> impl Iterator<Item = Interval> {
        let skips = self.skips().is_some();
        let first = self.tile_overlapping(other).filter(|_| skips);
        std::iter::successors(first, |last| self.tile_from(last.end))
            .take_while(move |tile| tile.overlaps(other))
            .filter(|tile| !self.has_instance(*tile))
    }

    /// The newest interval that overlaps one.
    pub fn last_overlapping(&self, other: Interval) -> Option<Interval> {
        let last = if other.is_moment() {
            self.tile_at(other.start)
        } else {
            self.tile_before(other.end)
        };
        self.kept_back(last?).filter(|last| last.overlaps(other))
    }

    /// From the start of the first interval, with an instance or without, to the end of the last; `None` for no end. `None`
    /// when there is no interval.
    pub(super) fn whole(&self) -> Option<(Timestamp, Option<Timestamp>)> {
        let first = self.tile_from(Timestamp::MIN)?;
        let last = self.until.and_then(|until| self.tile_before(until));
        Some((first.start, last.map(|last| last.end)))
    }

    /// When the instance of an interval is due.
    pub fn due_at(&self, interval: Interval) -> Timestamp {
        self.shifted(self.regular_due(interval))
    }

    /// The newest interval that is due.
    pub fn last_due(&self, now: Timestamp) -> Option<Interval> {
        self.kept_back(self.last_tile_due_before(self.due_bound(now))?)
    }

    /// The end of the newest interval that is due, or would be if it was not excluded: what came before is decided.
    pub fn decided_until(&self, now: Timestamp) -> Option<Timestamp> {
        let tile = self.last_tile_due_before(self.due_bound(now))?;
        Some(tile.end)
    }

    /// The next interval that is not due yet.
    pub fn next_due(&self, now: Timestamp) -> Option<Interval> {
        self.kept_from(self.first_tile_due_from(self.due_bound(now))?)
    }

    /// How many intervals are due.
    pub fn due_count(&self, now: Timestamp) -> u64 {
        self.due_count_from(Timestamp::MIN, now)
    }

    /// How many of the intervals that start at or after `from` are due.
    pub fn due_count_from(&self, from: Timestamp, now: Timestamp) -> u64 {
        let (Some(first), Some(last)) = (
            self.tile_from(from),
            self.last_tile_due_before(self.due_bound(now)),
        ) else {
            return 0;
        };
        self.count_tiles(first, last)
            .saturating_sub(self.count_excluded(first, last))
    }

    /// How many intervals lie wholly in a stretch of time.
    pub fn count_within(&self, span: Interval) -> u64 {
        let last = self.tile_before(span.end).and_then(|last| {
            if last.end <= span.end {
                Some(last)
            } else {
                self.tile_before(last.start)
            }
        });
        match self.tile_from(span.start).zip(last) {
            Some((first, last)) => self
                .count_tiles(first, last)
                .saturating_sub(self.count_excluded(first, last)),
            None => 0,
        }
    }

    /// How many of the intervals that start at or after `from` would be due, and have no instance because a calendar excludes
    /// them.
    pub fn excluded_count_from(&self, from: Timestamp, now: Timestamp) -> u64 {
        let last = self.last_tile_due_before(self.due_bound(now));
        match self.tile_from(from).zip(last) {
            Some((first, last)) => self.count_excluded(first, last),
            None => 0,
        }
    }

    /// All intervals from the one that contains a moment on, with what the calendar makes of them.
    pub fn slots(&self, from: Timestamp) -> impl Iterator<Item = Slot> {
        let first = self.tile_at(from).or_else(|| self.tile_from(from));
        std::iter::successors(first, |last| self.tile_from(last.end)).map(|tile| self.slot(tile))
    }

    /// All intervals that end at or before a moment, the newest first, with what the calendar makes of them.
    pub fn slots_before(&self, at: Timestamp) -> impl Iterator<Item = Slot> {
        let first = self.tile_before(at).and_then(|tile| {
            if tile.end <= at {
                Some(tile)
            } else {
                self.tile_before(tile.start)
            }
        });
        std::iter::successors(first, |last| self.tile_before(last.start))
            .map(|tile| self.slot(tile))
    }

    fn slot(&self, tile: Interval) -> Slot {
        let regular_due = self.regular_due(tile);
        let excluded = self
            .calendar
            .as_ref()
            .and_then(|(calendar, _)| calendar.excludes(day_of(self.timezone(), regular_due)));
        Slot {
            interval: tile,
            due: self.shifted(regular_due),
            regular_due,
            excluded,
            has_instance: self.has_instance(tile),
        }
    }

    /// When an interval is due without a calendar.
    pub(super) fn regular_due(&self, tile: Interval) -> Timestamp {
        match self.due {
            Due::Start => tile.start,
            Due::End => tile.end,
        }
    }

    /// The interval, with an instance or without, that contains a moment.
    fn tile_at(&self, at: Timestamp) -> Option<Interval> {
        self.tile(self.ticks.previous(at)?)
            .filter(|tile| tile.contains(at))
    }

    /// The first interval, with an instance or without, that starts at or after a moment.
    pub(super) fn tile_from(&self, at: Timestamp) -> Option<Interval> {
        match self.cut {
            Some(cut) if at <= cut => self.tile(self.ticks.previous(cut)?),
            _ => self.tile(self.ticks.next(at)?),
        }
    }

    /// The last interval, with an instance or without, that starts before a moment.
    pub(super) fn tile_before(&self, bound: Timestamp) -> Option<Interval> {
        let bound = self.until.map_or(bound, |until| until.min(bound));
        self.tile(self.ticks.previous(just_before(bound))?)
            .filter(|tile| tile.start < bound)
    }

    /// The first interval, with an instance or without, that overlaps another.
    fn tile_overlapping(&self, other: Interval) -> Option<Interval> {
        self.tile_at(other.start)
            .or_else(|| self.tile_from(other.start))
            .filter(|tile| tile.overlaps(other))
    }

    /// The interval that starts at a tick, or at the cut that it contains.
    pub(super) fn tile(&self, tick: Timestamp) -> Option<Interval> {
        if self.until.is_some_and(|until| tick >= until) {
            return None;
        }
        let end = self.ticks.next(just_after(tick))?;
        let start = self.cut.map_or(tick, |cut| cut.max(tick));
        (start < end).then_some(Interval { start, end })
    }

    /// The last interval whose regular due time lies before a moment.
    pub(super) fn last_tile_due_before(&self, bound: Timestamp) -> Option<Interval> {
        match self.due {
            Due::Start => self.tile_before(bound),
            Due::End => self.tile_before(self.ticks.previous(just_before(bound))?),
        }
    }

    /// The first interval whose regular due time is a moment or later.
    pub(super) fn first_tile_due_from(&self, bound: Timestamp) -> Option<Interval> {
        match self.due {
            Due::Start => self.tile_from(bound),
            Due::End => {
                let end = self.ticks.next(bound)?;
                match self.ticks.previous(just_before(end)) {
                    Some(start) => self.tile_from(start),
                    None => self.tile_from(Timestamp::MIN),
                }
            }
        }
    }

    /// How many intervals there are from one to another, both included.
    fn count_tiles(&self, first: Interval, last: Interval) -> u64 {
        if first.start > last.start {
            return 0;
        }
        let tick = self.ticks.previous(first.start).unwrap_or(first.start);
        self.ticks.count(tick, last.end)
    }

    /// What the calendar says so many months and days after an edge (before it, if negative). An edge counts as what the
    /// calendar says there, also where the clock was moved: months from the 31st come back to the 31st.
    pub(super) fn calendar_from(
        &self,
        edge: Timestamp,
        months: i64,
        days: i64,
    ) -> Option<DateTime> {
        self.ticks.calendar_from(edge, months, days)
    }
}
