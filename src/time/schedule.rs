//! Schedules: which intervals there are, and when each is due.
//!
//! Minutes and hours are absolute time from the first start. Days, weeks, months and years are calendar time in the
//! schedule's zone, always counted from the anchor, so that months from the 31st do not drift. Where an edge falls into a
//! gap or fold of daylight saving time, jiff's compatible disambiguation decides: a time that does not exist moves forward
//! by the gap, one that exists twice is the first. A day that a zone leaves out whole (Apia, 2011-12-30) has no interval.

use jiff::SignedDuration;
use jiff::Span;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use thiserror::Error;

use super::interval::Interval;
use super::period::Period;

/// When an instance is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// At the start of its interval (AWS's scheduleType cron).
    Start,
    /// At its end, when its data is there (AWS's timeseries).
    End,
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
}

/// A schedule: an anchor, a period and limits. Two are equal when they have the same intervals and due times for the same
/// reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    anchor: DateTime,
    first: Timestamp,
    every: Period,
    timezone: TimeZone,
    end: Option<Timestamp>,
    occurrences: Option<u64>,
    due: Due,
    cut: Option<Timestamp>,
}

impl Schedule {
    /// A schedule without end whose first interval starts at a civil time in a zone, due at the end of its intervals.
    pub fn new(anchor: DateTime, every: Period, timezone: TimeZone) -> Result<Self, ScheduleError> {
        let first = timezone
            .to_timestamp(anchor)
            .map_err(|_| ScheduleError::Start(anchor))?;
        Ok(Self {
            anchor,
            first,
            every,
            timezone,
            end: None,
            occurrences: None,
            due: Due::End,
            cut: None,
        })
    }

    /// No interval starts at or after `end`.
    pub fn with_end(mut self, end: Option<Timestamp>) -> Result<Self, ScheduleError> {
        if end.is_some_and(|end| end <= self.first) {
            return Err(ScheduleError::Empty);
        }
        self.end = end;
        Ok(self)
    }

    /// No more intervals than this, counted from the first start.
    pub fn with_occurrences(mut self, occurrences: Option<u64>) -> Result<Self, ScheduleError> {
        if occurrences == Some(0) {
            return Err(ScheduleError::Empty);
        }
        self.occurrences = occurrences;
        Ok(self)
    }

    /// When instances are due.
    #[must_use]
    pub fn with_due(mut self, due: Due) -> Self {
        self.due = due;
        self
    }

    /// Intervals that end at or before `cut` do not exist, and the one that contains it begins there: after a change of
    /// the schedule, so that there is neither hole nor overlap.
    #[must_use]
    pub fn with_cut(mut self, cut: Option<Timestamp>) -> Self {
        self.cut = cut.filter(|cut| *cut > self.first);
        self
    }

    /// The zone of its calendar.
    pub fn timezone(&self) -> &TimeZone {
        &self.timezone
    }

    /// Its period.
    pub fn every(&self) -> Period {
        self.every
    }

    /// Where its intervals begin after a change of the schedule.
    pub fn cut(&self) -> Option<Timestamp> {
        self.cut
    }

    /// The first interval.
    pub fn first_interval(&self) -> Option<Interval> {
        self.next_index(self.lowest())
    }

    /// The last interval; `None` when there is no end, or no interval.
    pub fn last_interval(&self) -> Option<Interval> {
        let limit = self.limit()?;
        self.previous_index(limit)
    }

    /// The interval that contains a moment.
    pub fn interval_at(&self, at: Timestamp) -> Option<Interval> {
        let index = self.index_at(at)?;
        self.interval(index)
            .filter(|interval| interval.contains(at))
    }

    /// The first interval that starts at or after a moment.
    pub fn next_from(&self, at: Timestamp) -> Option<Interval> {
        let lowest = self.lowest();
        let index = match self.index_at(at) {
            None => lowest,
            Some(index) if index < lowest => lowest,
            Some(index) => match self.interval(index) {
                Some(interval) if interval.start >= at => index,
                _ => index.checked_add(1)?,
            },
        };
        self.next_index(index)
    }

    /// The intervals that overlap one, oldest first.
    pub fn overlapping(&self, other: Interval) -> impl Iterator<Item = Interval> {
        let from = self.index_at(other.start).unwrap_or(0).max(self.lowest());
        let mut next = Some(from);
        std::iter::from_fn(move || {
            loop {
                let index = next?;
                if self.limit().is_some_and(|limit| index >= limit)
                    || self.edge(index).is_none_or(|start| {
                        start >= other.end && !(other.is_moment() && start == other.start)
                    })
                {
                    next = None;
                    return None;
                }
                next = index.checked_add(1);
                if let Some(interval) = self.interval(index)
                    && interval.overlaps(other)
                {
                    return Some(interval);
                }
            }
        })
    }

    /// The newest interval that overlaps one.
    pub fn last_overlapping(&self, other: Interval) -> Option<Interval> {
        let index = match self.index_at(other.end) {
            // The one that contains the end overlaps only if it begins before.
            Some(index) => index.checked_add(1)?,
            None => return None,
        };
        let limit = self.limit().map_or(index, |limit| limit.min(index));
        let mut last = self.previous_index(limit)?;
        if last.start >= other.end && !other.is_moment() {
            last = self.previous_index(self.index_at(last.start)?)?;
        }
        Some(last).filter(|last| last.overlaps(other))
    }

    /// The intervals that overlap one, as one span from the start of the first to the end of the last. `None` when none
    /// does. Intervals lie next to each other, so the span has no hole.
    pub fn covering(&self, other: Interval) -> Option<Interval> {
        let first = self
            .interval_at(other.start)
            .or_else(|| self.next_from(other.start))
            .filter(|first| first.overlaps(other))?;
        let last_moment = if other.is_moment() {
            other.start
        } else {
            other.end.checked_sub(SignedDuration::from_nanos(1)).ok()?
        };
        let last = self
            .interval_at(last_moment)
            .or_else(|| self.last_interval())
            .unwrap_or(first);
        Some(Interval {
            start: first.start,
            end: last.end.max(first.end),
        })
    }

    /// When the instance of an interval is due.
    pub fn due_at(&self, interval: Interval) -> Timestamp {
        match self.due {
            Due::Start => interval.start,
            Due::End => interval.end,
        }
    }

    /// The newest interval that is due.
    pub fn last_due(&self, now: Timestamp) -> Option<Interval> {
        self.previous_index(self.due_limit(now))
    }

    /// The next interval that is not due yet.
    pub fn next_due(&self, now: Timestamp) -> Option<Interval> {
        self.next_index(self.due_limit(now).max(self.lowest()))
    }

    /// How many intervals are due.
    pub fn due_count(&self, now: Timestamp) -> u64 {
        self.count(self.lowest(), self.due_limit(now))
    }

    /// How many of the intervals that start at or after `from` are due.
    pub fn due_count_from(&self, from: Timestamp, now: Timestamp) -> u64 {
        match self.next_from(from) {
            None => 0,
            Some(next) => {
                let index = self.index_at(next.start).unwrap_or(0);
                self.count(index, self.due_limit(now))
            }
        }
    }

    /// The index of the first interval.
    fn lowest(&self) -> u64 {
        self.cut.and_then(|cut| self.index_at(cut)).unwrap_or(0)
    }

    /// One past the index of the last interval, if there is one.
    fn limit(&self) -> Option<u64> {
        let by_end = self.end.map(|end| match self.index_at(end) {
            None => 0,
            Some(index) if self.edge(index) == Some(end) => index,
            Some(index) => index + 1,
        });
        match (by_end, self.occurrences) {
            (Some(end), Some(occurrences)) => Some(end.min(occurrences)),
            (end, occurrences) => end.or(occurrences),
        }
    }

    /// One past the index of the newest interval that is due.
    fn due_limit(&self, now: Timestamp) -> u64 {
        let passed = match (self.index_at(now), self.due) {
            (None, _) => 0,
            // Before the cut, the interval that contains it has not begun.
            (Some(index), Due::Start) if self.cut.is_some_and(|cut| now < cut) => index,
            (Some(index), Due::Start) => index + 1,
            (Some(index), Due::End) => index,
        };
        self.limit().map_or(passed, |limit| passed.min(limit))
    }

    /// How many intervals there are from one index up to another.
    fn count(&self, from: u64, to: u64) -> u64 {
        let all = to.saturating_sub(from);
        if all == 0 || self.every != Period::Days(1) {
            return all;
        }
        let (Some(start), Some(end)) = (self.edge(from), self.edge(to)) else {
            return all;
        };
        all.saturating_sub(self.days_left_out(start, end))
    }

    /// How many whole days the zone leaves out between two moments.
    fn days_left_out(&self, start: Timestamp, end: Timestamp) -> u64 {
        let mut before = self.timezone.to_offset(start);
        let mut days = 0;
        for transition in self.timezone.following(start) {
            if transition.timestamp() > end {
                break;
            }
            let after = transition.offset();
            let gap = i64::from(after.seconds()) - i64::from(before.seconds());
            if gap >= 24 * 3600 {
                days += 1;
            }
            before = after;
        }
        days
    }

    /// The interval of an index; `None` for one that does not exist.
    fn interval(&self, index: u64) -> Option<Interval> {
        if self.limit().is_some_and(|limit| index >= limit) {
            return None;
        }
        let mut interval = Interval {
            start: self.edge(index)?,
            end: self.edge(index.checked_add(1)?)?,
        };
        if let Some(cut) = self.cut {
            if interval.end <= cut {
                return None;
            }
            interval.start = interval.start.max(cut);
        }
        (interval.start < interval.end).then_some(interval)
    }

    /// The first interval at or after an index.
    fn next_index(&self, index: u64) -> Option<Interval> {
        // At most one day in a row is left out by a zone.
        self.interval(index)
            .or_else(|| self.interval(index.checked_add(1)?))
    }

    /// The last interval before an index.
    fn previous_index(&self, index: u64) -> Option<Interval> {
        let index = index.checked_sub(1)?;
        self.interval(index)
            .or_else(|| self.interval(index.checked_sub(1)?))
    }

    /// The index of the interval that contains a moment or, past the limits, would; `None` before the first start.
    fn index_at(&self, at: Timestamp) -> Option<u64> {
        if at < self.first {
            return None;
        }
        let mut index = self.estimate(at)?;
        while index > 0 && self.edge(index).is_none_or(|edge| edge > at) {
            index -= 1;
        }
        while self.edge(index + 1).is_some_and(|edge| edge <= at) {
            index += 1;
        }
        Some(index)
    }

    /// An index that is off by one or two at most.
    fn estimate(&self, at: Timestamp) -> Option<u64> {
        let index = match self.every {
            Period::Minutes(minutes) => {
                at.duration_since(self.first).as_secs() / (60 * i64::from(minutes))
            }
            Period::Days(days) => {
                let civil = self.timezone.to_datetime(at);
                let passed = civil.date().duration_since(self.anchor.date()).as_hours() / 24;
                passed / i64::from(days)
            }
            Period::Months(months) => {
                let civil = self.timezone.to_datetime(at);
                let passed = (i64::from(civil.year()) - i64::from(self.anchor.year())) * 12
                    + i64::from(civil.month())
                    - i64::from(self.anchor.month());
                passed / i64::from(months)
            }
        };
        u64::try_from(index.max(0)).ok()
    }

    /// The start of the interval of an index, without limits.
    fn edge(&self, index: u64) -> Option<Timestamp> {
        let times = |number: u32| i64::try_from(index).ok()?.checked_mul(i64::from(number));
        match self.every {
            Period::Minutes(minutes) => self
                .first
                .checked_add(SignedDuration::from_secs(times(minutes)?.checked_mul(60)?))
                .ok(),
            Period::Days(days) => self.civil_edge(Span::new().try_days(times(days)?).ok()?),
            Period::Months(months) => self.civil_edge(Span::new().try_months(times(months)?).ok()?),
        }
    }

    fn civil_edge(&self, span: Span) -> Option<Timestamp> {
        let civil = self.anchor.checked_add(span).ok()?;
        self.timezone.to_timestamp(civil).ok()
    }

    /// The index of an edge. Where a zone leaves out a day, two have the same; the first ends the interval before.
    fn index_of(&self, edge: Timestamp) -> Option<u64> {
        let index = self
            .index_at(edge)
            .filter(|index| self.edge(*index) == Some(edge))?;
        let before = index.checked_sub(1);
        Some(
            before
                .filter(|before| self.edge(*before) == Some(edge))
                .unwrap_or(index),
        )
    }

    /// What the calendar says so many months and days after an edge (before it, if negative). An edge counts as what the
    /// calendar says there, also where the clock was moved: months from the 31st come back to the 31st.
    pub(super) fn calendar_from(
        &self,
        edge: Timestamp,
        months: i64,
        days: i64,
    ) -> Option<DateTime> {
        let index = self
            .index_of(edge)
            .and_then(|index| i64::try_from(index).ok());
        let times = |number: u32| index?.checked_mul(i64::from(number));
        match self.every {
            Period::Months(every) if index.is_some() => {
                calendar_from(self.anchor, times(every)?.checked_add(months)?, days)
            }
            Period::Days(every) if index.is_some() => {
                let civil = calendar_from(self.anchor, 0, times(every)?)?;
                calendar_from(civil, months, days)
            }
            _ => calendar_from(self.timezone.to_datetime(edge), months, days),
        }
    }
}

/// What the calendar says so many months, then days after a civil time; a month that is too short ends on its last day.
pub(super) fn calendar_from(from: DateTime, months: i64, days: i64) -> Option<DateTime> {
    let months = Span::new().try_months(months).ok()?;
    let days = Span::new().try_days(days).ok()?;
    from.checked_add(months).ok()?.checked_add(days).ok()
}
