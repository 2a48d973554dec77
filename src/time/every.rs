//! The ticks of a period: an anchor, and a number of minutes, days or months again and again.

use jiff::SignedDuration;
use jiff::Span;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::period::Period;
use super::ticks::calendar_from;
use super::zone::just_after;
use super::zone::just_before;

/// The change of the clock that leaves out a day.
const WHOLE_DAY: i64 = 24 * 3600;

/// The ticks of a period from its anchor on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EveryTicks {
    anchor: DateTime,
    first: Timestamp,
    every: Period,
    timezone: TimeZone,
}

impl EveryTicks {
    /// The ticks from a civil time in a zone on; `None` if that is out of reach.
    pub(super) fn new(anchor: DateTime, every: Period, timezone: TimeZone) -> Option<Self> {
        let first = timezone.to_timestamp(anchor).ok()?;
        Some(Self {
            anchor,
            first,
            every,
            timezone,
        })
    }

    /// The civil time that they are counted from.
    pub(super) fn anchor(&self) -> DateTime {
        self.anchor
    }

    pub(super) fn every(&self) -> Period {
        self.every
    }

    pub(super) fn timezone(&self) -> &TimeZone {
        &self.timezone
    }

    /// The first tick.
    pub(super) fn first(&self) -> Timestamp {
        self.first
    }

    /// The first tick at or after a moment.
    pub(super) fn next(&self, at: Timestamp) -> Option<Timestamp> {
        let Some(index) = self.index_at(at) else {
            return Some(self.first);
        };
        self.edge(index)
            .filter(|edge| *edge == at)
            .or_else(|| self.edge(index.checked_add(1)?))
    }

    /// The last tick at or before a moment.
    pub(super) fn previous(&self, at: Timestamp) -> Option<Timestamp> {
        self.edge(self.index_at(at)?)
    }

    /// How many ticks there are from one moment up to, and without, another.
    pub(super) fn count(&self, from: Timestamp, to: Timestamp) -> u64 {
        let all = self
            .edges_before(to)
            .saturating_sub(self.edges_before(from));
        all.saturating_sub(self.doubles(from, to))
    }

    /// The tick with that many before it.
    pub(super) fn nth(&self, number: u64) -> Option<Timestamp> {
        let mut index = number;
        loop {
            let edge = self.edge(index)?;
            let doubles = self.doubles(self.first, just_after(edge));
            if index >= number + doubles {
                return Some(edge);
            }
            index = number + doubles;
        }
    }

    /// How many edges lie before a moment; those that fall on the same moment are all counted.
    fn edges_before(&self, at: Timestamp) -> u64 {
        self.index_at(just_before(at)).map_or(0, |index| index + 1)
    }

    /// How many edges from one moment up to another fall on the moment of the one before: days that a zone leaves out.
    fn doubles(&self, from: Timestamp, to: Timestamp) -> u64 {
        if self.every != Period::Days(1) || self.timezone.to_fixed_offset().is_ok() || from >= to {
            return 0;
        }
        let day = SignedDuration::from_secs(WHOLE_DAY);
        let start = from.checked_sub(day).unwrap_or(Timestamp::MIN);
        let mut before = self.timezone.to_offset(start);
        let mut found = 0;
        for transition in self.timezone.following(start) {
            if transition.timestamp() >= to {
                break;
            }
            let after = transition.offset();
            if i64::from(after.seconds()) - i64::from(before.seconds()) >= WHOLE_DAY {
                let double = transition
                    .timestamp()
                    .checked_add(day)
                    .ok()
                    .and_then(|end| self.index_at(just_before(end)))
                    .filter(|index| *index > 0 && self.edge(*index) == self.edge(index - 1))
                    .and_then(|index| self.edge(index));
                if double.is_some_and(|double| from <= double && double < to) {
                    found += 1;
                }
            }
            before = after;
        }
        found
    }

    /// The index of the last edge at or before a moment; `None` before the first.
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
        let civil = || self.timezone.to_datetime(at);
        let index = match self.every {
            Period::Minutes(minutes) => {
                at.duration_since(self.first).as_secs() / (60 * i64::from(minutes))
            }
            Period::Days(days) => {
                let passed = civil().date().duration_since(self.anchor.date());
                passed.as_hours() / 24 / i64::from(days)
            }
            Period::Months(months) => {
                let civil = civil();
                let years = i64::from(civil.year()) - i64::from(self.anchor.year());
                let passed = years * 12 + i64::from(civil.month()) - i64::from(self.anchor.month());
                passed / i64::from(months)
            }
        };
        u64::try_from(index.max(0)).ok()
    }

    /// The moment that the anchor and that many periods make.
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

    /// The civil time of a tick on the calendar, whatever the clock says there, with months and days added to it; `None`
    /// for what is no tick, and where time is absolute.
    pub(super) fn calendar_from(
        &self,
        tick: Timestamp,
        months: i64,
        days: i64,
    ) -> Option<DateTime> {
        let index = self.index_at(tick)?;
        if self.edge(index) != Some(tick) {
            return None;
        }
        // Where a zone leaves out a day, two edges fall together; the first ends the interval before.
        let double = index > 0 && self.edge(index - 1) == Some(tick);
        let index = i64::try_from(index).ok()? - i64::from(double);
        match self.every {
            Period::Minutes(_) => None,
            Period::Days(every) => {
                let civil = calendar_from(self.anchor, 0, index.checked_mul(every.into())?)?;
                calendar_from(civil, months, days)
            }
            Period::Months(every) => {
                let months = index.checked_mul(every.into())?.checked_add(months)?;
                calendar_from(self.anchor, months, days)
            }
        }
    }
}
