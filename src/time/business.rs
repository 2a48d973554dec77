//! What a calendar does to a schedule: intervals without instances, and due times on other days.
//!
//! With `next` and `previous` an interval that would be due on an excluded day is due on another day at the same time of
//! day, but never out of order: not later than the intervals after it, and not earlier than those before it. So of an
//! hourly schedule all that a weekend has piled up is due with the first interval of Monday, or with the last of Friday.
//! The time of day is the one that the schedule means, also where the clock has left it out on the day itself.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::Time;

use super::calendar::Calendar;
use super::calendar::WhenExcluded;
use super::interval::Interval;
use super::schedule::Due;
use super::schedule::Schedule;
use super::zone::day_of;
use super::zone::just_after;
use super::zone::just_before;
use super::zone::start_of_day;

/// How many runs of excluded days in a row are looked at, besides those that are single dates, before all of what follows
/// is taken to be excluded. Weekdays of ticks repeat sooner: those of 29 February, the rarest day, within eleven.
const RUNS: usize = 100;

impl Schedule {
    /// The calendar, if what it excludes has no instances.
    pub(super) fn skips(&self) -> Option<&Calendar> {
        let (calendar, when) = self.calendar.as_ref()?;
        (*when == WhenExcluded::Skip).then_some(calendar)
    }

    /// The calendar, if it moves due times, and where to.
    fn shifts(&self) -> Option<(&Calendar, WhenExcluded)> {
        let (calendar, when) = self.calendar.as_ref()?;
        (*when != WhenExcluded::Skip).then_some((calendar, *when))
    }

    fn day(&self, at: Timestamp) -> Date {
        day_of(self.timezone(), at)
    }

    fn start_of(&self, date: Date) -> Option<Timestamp> {
        start_of_day(self.timezone(), date)
    }

    /// Whether an interval has an instance.
    pub(super) fn has_instance(&self, tile: Interval) -> bool {
        self.skips().is_none_or(|calendar| {
            calendar
                .excludes(self.day(self.regular_due(tile)))
                .is_none()
        })
    }

    /// How many runs of excluded days can lie in a row, if not all days are excluded.
    fn most_runs(&self) -> usize {
        RUNS + self.skips().map_or(0, Calendar::dates)
    }

    /// The first interval with an instance, from one on.
    pub(super) fn kept_from(&self, tile: Interval) -> Option<Interval> {
        let mut tile = tile;
        for _ in 0..self.most_runs() {
            if self.has_instance(tile) {
                return Some(tile);
            }
            let open = self
                .skips()?
                .next_open(self.day(self.regular_due(tile)))
                .and_then(|date| self.start_of(date))?;
            let next = self.first_tile_due_from(open)?;
            tile = if next.start > tile.start {
                next
            } else {
                self.tile_from(tile.end)?
            };
        }
        None
    }

    /// The last interval with an instance, from one backwards.
    pub(super) fn kept_back(&self, tile: Interval) -> Option<Interval> {
        let mut tile = tile;
        for _ in 0..self.most_runs() {
            if self.has_instance(tile) {
                return Some(tile);
            }
            let closed = self
                .skips()?
                .previous_open(self.day(self.regular_due(tile)))
                .and_then(|date| self.start_of(date.tomorrow().ok()?))?;
            let previous = self.last_tile_due_before(closed)?;
            tile = if previous.start < tile.start {
                previous
            } else {
                self.tile_before(tile.start)?
            };
        }
        None
    }

    /// The first interval without an instance, from one on, that starts before a moment.
    fn excluded_from(&self, tile: Interval, end: Timestamp) -> Option<Interval> {
        let calendar = self.skips()?;
        let mut tile = tile;
        while tile.start < end {
            if !self.has_instance(tile) {
                return Some(tile);
            }
            let date = calendar.next_excluded(self.day(self.regular_due(tile)))?;
            let next = self.first_tile_due_from(self.start_of(date)?)?;
            tile = if next.start > tile.start {
                next
            } else {
                self.tile_from(tile.end)?
            };
        }
        None
    }

    /// From an interval with an instance up to the first that has none, or that ends after `end`.
    fn stretch(&self, first: Interval, end: Timestamp) -> Option<Interval> {
        let excluded = self.excluded_from(first, end);
        let bound = excluded.map_or(end, |tile| tile.start);
        let mut last = self.tile_before(bound)?;
        if last.end > bound {
            last = self.tile_before(last.start)?;
        }
        (first.end <= last.end).then_some(Interval {
            start: first.start,
            end: last.end,
        })
    }

    /// The stretches of time that intervals with an instance fill one after the other, of those that lie wholly in a span; oldest
    /// first. Days are looked at, and not intervals.
    pub(super) fn stretches(&self, span: Interval) -> impl Iterator<Item = Interval> {
        let first = self.next_from(span.start);
        let first = first.and_then(|first| self.stretch(first, span.end));
        std::iter::successors(first, move |last| {
            self.stretch(self.next_from(last.end)?, span.end)
        })
    }

    /// How many of the intervals from one to another, both included, have no instance.
    pub(super) fn count_excluded(&self, first: Interval, last: Interval) -> u64 {
        let Some(calendar) = self.skips() else {
            return 0;
        };
        if first.start > last.start {
            return 0;
        }
        let from = self.regular_due(first);
        let to = just_after(self.regular_due(last));
        let mut count = 0;
        // The regular due time of an interval that is cut can lie between two ticks.
        let cut = self.due() == Due::Start && self.cut() == Some(first.start);
        if cut && !self.has_instance(first) {
            count += 1;
        }
        let from = if cut { just_after(from) } else { from };
        let mut next = calendar.next_excluded(self.day(from));
        while let Some(date) = next {
            let open = calendar.next_open(date);
            let (Some(start), end) = (
                self.start_of(date),
                open.and_then(|open| self.start_of(open)),
            ) else {
                break;
            };
            if start >= to {
                break;
            }
            let end = end.unwrap_or(Timestamp::MAX).min(to);
            count += self.ticks.count(start.max(from), end);
            next = open.and_then(|open| calendar.next_excluded(open));
        }
        count
    }

    /// A due time, on another day if its own is excluded.
    pub(super) fn shifted(&self, at: Timestamp) -> Timestamp {
        let Some((calendar, when)) = self.shifts() else {
            return at;
        };
        let day = self.day(at);
        if calendar.excludes(day).is_none() {
            return at;
        }
        let found = if when == WhenExcluded::Next {
            calendar
                .next_open(day)
                .and_then(|to| self.moved_later(at, day, to))
        } else {
            calendar
                .previous_open(day)
                .and_then(|to| self.moved_earlier(at, day, to))
        };
        found.unwrap_or(at)
    }

    /// The same time on a later day, but not later than what is due after it.
    fn moved_later(&self, at: Timestamp, day: Date, to: Date) -> Option<Timestamp> {
        let mut due = self.on_day(at, to)?;
        let mut date = day;
        loop {
            for border in self.borders(date, to)? {
                let tile = self.first_tile_due_from(border.max(just_after(at)));
                let after = tile.map(|tile| self.regular_due(tile));
                if let Some(after) = after.filter(|after| self.day(*after) == date) {
                    due = due.min(self.on_day(after, to)?);
                }
            }
            if date >= to {
                return Some(due);
            }
            date = date.tomorrow().ok()?;
        }
    }

    /// The same time on an earlier day, but not earlier than what is due before it.
    fn moved_earlier(&self, at: Timestamp, day: Date, to: Date) -> Option<Timestamp> {
        let mut due = self.on_day(at, to)?;
        let mut date = day;
        loop {
            for border in self.borders(date, to)? {
                let tile = self.last_tile_due_before(border.min(at));
                let before = tile.map(|tile| self.regular_due(tile));
                if let Some(before) = before.filter(|before| self.day(*before) == date) {
                    due = due.max(self.on_day(before, to)?);
                }
            }
            if date <= to {
                return Some(due);
            }
            date = date.yesterday().ok()?;
        }
    }

    /// The moments of a day between which the same times on another day come in the same order: its start, its end, where
    /// its clock changes, and where the other day has left out a time.
    fn borders(&self, date: Date, to: Date) -> Option<Vec<Timestamp>> {
        let (start, end) = (self.start_of(date)?, self.start_of(date.tomorrow().ok()?)?);
        let mut borders = vec![start, end];
        let zone = self.timezone();
        let changes = |from: Timestamp, to: Timestamp| {
            // A clock that changes at midnight leaves out the first times of the day.
            zone.following(just_before(from))
                .map(|change| change.timestamp())
                .take_while(move |change| *change < to)
        };
        borders.extend(changes(start, end));
        let other = (self.start_of(to)?, self.start_of(to.tomorrow().ok()?)?);
        for change in changes(other.0, other.1) {
            let time = zone.to_datetime(change).time();
            borders.push(self.time_on_day(time, date)?);
        }
        Some(borders)
    }

    /// A due time's time of day on another day; the due time itself if it is one of that day.
    fn on_day(&self, at: Timestamp, date: Date) -> Option<Timestamp> {
        let day = self.day(at);
        if day == date {
            return Some(at);
        }
        // What the clock has left out on its own day is there on the other one: 02:30, and not the 03:30 that it became.
        let own = self.ticks.left_out(at).filter(|own| own.date() == day);
        let time = own.unwrap_or_else(|| self.timezone().to_datetime(at));
        self.time_on_day(time.time(), date)
    }

    /// A time of day on a day, or as near to it as that day comes.
    fn time_on_day(&self, time: Time, date: Date) -> Option<Timestamp> {
        let start = self.start_of(date)?;
        let end = self.start_of(date.tomorrow().ok()?)?;
        let moved = self.timezone().to_timestamp(date.to_datetime(time)).ok()?;
        Some(moved.clamp(start, just_before(end).max(start)))
    }

    /// The moment that separates what is due from what is not: an interval is due when its regular due time lies before.
    pub(super) fn due_bound(&self, now: Timestamp) -> Timestamp {
        let regular = just_after(now);
        let Some((calendar, when)) = self.shifts() else {
            return regular;
        };
        // Due times are in the order of intervals, so that the border is found by halving. It lies in the excluded days
        // beside today, or now.
        let today = self.day(now);
        let border = if when == WhenExcluded::Next {
            let open = calendar.previous_open(today);
            let from = open.and_then(|open| self.start_of(open.tomorrow().ok()?));
            from.map(|from| (from.min(regular), regular))
        } else {
            let open = calendar.next_open(today);
            let to = open.and_then(|open| self.start_of(open));
            to.map(|to| (regular, to.max(regular)))
        };
        let Some((mut low, mut high)) = border else {
            return regular;
        };
        while low < high {
            let middle = halfway(low, high);
            let due = self
                .first_tile_due_from(middle)
                .map(|tile| self.regular_due(tile))
                .filter(|due| *due < high)
                .is_some_and(|due| self.shifted(due) <= now);
            if due {
                low = just_after(middle);
            } else {
                high = middle;
            }
        }
        low
    }
}

/// The middle of two moments, rounded down.
fn halfway(low: Timestamp, high: Timestamp) -> Timestamp {
    let half = high.duration_since(low) / 2;
    low.checked_add(half).unwrap_or(low)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use jiff::civil::Weekday;
    use proptest::prelude::*;

    use super::*;
    use crate::time::Period;
    use crate::time::parse_timezone;

    proptest! {
        #[test]
        fn stretches_are_what_enumeration_finds(
            every in prop::sample::select(vec!["7 hours", "1 day", "3 days", "1 week"]),
            zone in prop::sample::select(vec!["UTC", "America/New_York"]),
            due in prop::sample::select(vec![Due::Start, Due::End]),
            weekdays in prop::collection::vec(0_i8..7, 0..4),
            dates in prop::collection::vec(1_i8..28, 0..4),
            asked in (0_i64..1500, 1_i64..3000),
        ) {
            let weekdays = weekdays.into_iter().map(|day| Weekday::from_monday_zero_offset(day).unwrap());
            let dates = dates.into_iter().map(|day| Date::constant(2026, 11, day));
            let calendar = Calendar::new(weekdays, dates).unwrap();
            let anchor = "2026-10-01T00:00".parse().unwrap();
            let zone = parse_timezone(zone).unwrap();
            let schedule = Schedule::new(anchor, Period::parse(every).unwrap(), zone).unwrap();
            let schedule = schedule.with_due(due).with_calendar(calendar, WhenExcluded::Skip);
            let begin: Timestamp = "2026-10-01T00:00:00Z".parse().unwrap();
            let later = |from: Timestamp, hours| from.checked_add(SignedDuration::from_hours(hours)).unwrap();
            let start = later(begin, asked.0);
            let span = Interval { start, end: later(start, asked.1) };
            let mut expected: Vec<Interval> = Vec::new();
            let within = |tile: &Interval| tile.start >= span.start && tile.end <= span.end;
            for tile in schedule.overlapping(span).filter(within) {
                match expected.last_mut() {
                    Some(last) if last.end == tile.start => last.end = tile.end,
                    _ => expected.push(tile),
                }
            }
            prop_assert_eq!(schedule.stretches(span).collect::<Vec<_>>(), expected);
        }
    }
}
