//! A cron pattern in a time zone: when it fires.
//!
//! The policy where clocks change: **each civil time that matches fires.** One that the clock leaves out fires as much
//! later as the clock is put forward, like a time of a calendar period does. One that comes twice fires the first time; a
//! pattern that repeats ([`Cron::repeats`]) fires both times, because the hours of its second pass are hours like others.
//! Two that fall on the same moment are one tick.
//!
//! Within a stretch of constant offset ticks are counted and found in the pattern's table; from one stretch to the next is
//! a step. So finding the next tick takes a few steps, and counting one for each change of the clock in between, however
//! many ticks there are.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Cron;
use crate::time::zone::Stretch;
use crate::time::zone::civil;
use crate::time::zone::timestamp;

/// The ticks of a pattern in a zone from a moment on.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::time) struct CronTicks {
    pub(super) cron: Cron,
    timezone: TimeZone,
    /// The first tick (UTC seconds).
    first: i64,
}

impl CronTicks {
    /// The ticks at or after a moment; `None` if the calendar ends before there is one.
    pub(in crate::time) fn new(cron: Cron, from: Timestamp, timezone: TimeZone) -> Option<Self> {
        let mut ticks = Self {
            cron,
            timezone,
            first: i64::MIN,
        };
        ticks.first = ticks.next_second(ceiling(from))?;
        Some(ticks)
    }

    pub(in crate::time) fn cron(&self) -> &Cron {
        &self.cron
    }

    pub(in crate::time) fn timezone(&self) -> &TimeZone {
        &self.timezone
    }

    /// The first tick.
    pub(in crate::time) fn first(&self) -> Timestamp {
        timestamp(self.first)
    }

    /// The first tick at or after a moment.
    pub(in crate::time) fn next(&self, at: Timestamp) -> Option<Timestamp> {
        self.next_second(ceiling(at).max(self.first)).map(timestamp)
    }

    /// The last tick at or before a moment.
    pub(in crate::time) fn previous(&self, at: Timestamp) -> Option<Timestamp> {
        self.previous_second(floor(at)).map(timestamp)
    }

    /// How many ticks there are from one moment up to, and without, another.
    pub(in crate::time) fn count(&self, from: Timestamp, to: Timestamp) -> u64 {
        let (from, to) = (ceiling(from).max(self.first), ceiling(to));
        if from >= to {
            return 0;
        }
        let mut count = 0;
        let mut next = Some(Stretch::at(&self.timezone, from));
        while let Some(stretch) = next.filter(|stretch| stretch.start < to) {
            count += self.count_within(stretch, from, to);
            next = stretch.next(&self.timezone);
        }
        u64::try_from(count).unwrap_or(0)
    }

    /// The tick with that many before it.
    pub(in crate::time) fn nth(&self, number: u64) -> Option<Timestamp> {
        let mut left = i64::try_from(number).ok()?;
        let mut stretch = Stretch::at(&self.timezone, self.first);
        loop {
            let count = self.count_within(stretch, self.first, stretch.end);
            if left < count {
                break;
            }
            left -= count;
            stretch = stretch.next(&self.timezone)?;
        }
        // The first second that has more ticks up to it than are left.
        let (mut low, mut high) = (self.first.max(stretch.start), stretch.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.count_within(stretch, self.first, middle + 1) > left {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(timestamp(low))
    }

    /// The civil time that fires at a tick, which the clock may have left out; `None` for what is no tick.
    pub(in crate::time) fn civil(&self, tick: Timestamp) -> Option<DateTime> {
        let stretch = Stretch::at(&self.timezone, tick.as_second());
        let shown = tick.as_second() + stretch.offset;
        if self.cron.matches(shown) {
            return Some(civil(shown));
        }
        self.late(tick, stretch).map(civil)
    }

    /// The same for a tick that the clock has left out, if none before it in the stretch is as the clock shows it.
    pub(in crate::time) fn left_out(&self, tick: Timestamp, stretch: Stretch) -> Option<DateTime> {
        let late = self.late(tick, stretch)?;
        let (low, _) = self.regular(stretch);
        let shown = tick.as_second() + stretch.offset;
        let next = self.cron.next(low);
        next.is_none_or(|next| next > shown).then(|| civil(late))
    }

    /// The civil second that the clock left out at the start of a stretch and that fires at a moment.
    fn late(&self, tick: Timestamp, stretch: Stretch) -> Option<i64> {
        let (start, end) = stretch.gap()?;
        let late = tick.as_second() + stretch.before;
        ((start..end).contains(&late) && self.cron.matches(late)).then_some(late)
    }

    fn next_second(&self, from: i64) -> Option<i64> {
        let mut at = from;
        let mut stretch = Stretch::at(&self.timezone, at);
        loop {
            let (low, high) = self.regular(stretch);
            let regular = self
                .cron
                .next(low.max(at + stretch.offset))
                .filter(|civil| *civil < high)
                .map(|civil| civil - stretch.offset);
            let late = stretch.gap().and_then(|(start, end)| {
                let civil = self.cron.next(start.max(at + stretch.before))?;
                (civil < end).then_some(civil - stretch.before)
            });
            if let Some(found) = regular.into_iter().chain(late).min() {
                return Some(found);
            }
            at = stretch.end;
            stretch = stretch.next(&self.timezone)?;
        }
    }

    fn previous_second(&self, from: i64) -> Option<i64> {
        let mut at = from;
        let mut stretch = Stretch::at(&self.timezone, at);
        while at >= self.first {
            let (low, high) = self.regular(stretch);
            let regular = self
                .cron
                .previous((at + stretch.offset).min(high - 1))
                .filter(|civil| *civil >= low)
                .map(|civil| civil - stretch.offset);
            let late = stretch.gap().and_then(|(start, end)| {
                let civil = self.cron.previous((at + stretch.before).min(end - 1))?;
                (civil >= start).then_some(civil - stretch.before)
            });
            if let Some(found) = regular.into_iter().chain(late).max() {
                return (found >= self.first).then_some(found);
            }
            at = stretch.start - 1;
            stretch = stretch.previous(&self.timezone)?;
        }
        None
    }

    /// The civil seconds of a stretch in which the pattern fires when it matches.
    fn regular(&self, stretch: Stretch) -> (i64, i64) {
        let offset = if self.cron.repeats() {
            stretch.offset
        } else {
            stretch.offset.max(stretch.before)
        };
        (stretch.start + offset, stretch.end + stretch.offset)
    }

    /// How many ticks a stretch has from one second (UTC) up to, and without, another.
    fn count_within(&self, stretch: Stretch, from: i64, to: i64) -> i64 {
        let (low, high) = self.regular(stretch);
        let low = low.max(from + stretch.offset);
        let high = high.min(to.saturating_add(stretch.offset));
        let regular = if low < high {
            self.cron.count_before(high) - self.cron.count_before(low)
        } else {
            0
        };
        regular + self.count_late(stretch, from, to)
    }

    /// How many of the ticks that the clock left out at the start of a stretch fall on moments of their own.
    fn count_late(&self, stretch: Stretch, from: i64, to: i64) -> i64 {
        let Some((start, end)) = stretch.gap() else {
            return 0;
        };
        let low = start.max(from + stretch.before);
        let high = end.min(to.saturating_add(stretch.before));
        if low >= high {
            return 0;
        }
        let shift = end - start;
        if self.cron.is_daily() && self.cron.0.clock.is_hourly() && shift % 3600 == 0 {
            return 0;
        }
        let mut count = 0;
        let mut next = self.cron.next(low);
        while let Some(civil) = next.filter(|civil| *civil < high) {
            if !self.cron.matches(civil + shift) {
                count += 1;
            }
            next = self.cron.next(civil + 1);
        }
        count
    }
}

fn floor(at: Timestamp) -> i64 {
    let second = at.as_second();
    if at.subsec_nanosecond() < 0 {
        second - 1
    } else {
        second
    }
}

fn ceiling(at: Timestamp) -> i64 {
    let second = at.as_second();
    if at.subsec_nanosecond() > 0 {
        second + 1
    } else {
        second
    }
}
