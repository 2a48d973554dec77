//! A time zone as stretches of constant offset, and its days.
//!
//! Between two changes of the clock civil time and UTC differ by a constant, so that counting in one is counting in the
//! other. What this module adds to jiff is that view; which offset holds when is jiff's to say. Seconds are those since
//! 1970: of UTC, or of a calendar without a zone ("civil").

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::AmbiguousOffset;
use jiff::tz::Offset;
use jiff::tz::TimeZone;

/// The first and last second that can be counted.
const MIN: i64 = -377_705_023_201;
const MAX: i64 = 253_402_207_200;

/// The time between two changes of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The first second (UTC).
    pub(super) start: i64,
    /// The first second after (UTC).
    pub(super) end: i64,
    /// Civil time minus UTC, in seconds.
    pub(super) offset: i64,
    /// The same just before its start.
    pub(super) before: i64,
}

impl Stretch {
    /// The stretch that contains a second (UTC).
    pub(super) fn at(timezone: &TimeZone, second: i64) -> Self {
        let at = timestamp(second);
        let offset = i64::from(timezone.to_offset(at).seconds());
        let end = timezone
            .following(at)
            .next()
            .map_or(MAX, |next| next.timestamp().as_second());
        let just_after = at + SignedDuration::from_nanos(1);
        let Some(begin) = timezone.preceding(just_after).next() else {
            return Self {
                start: MIN,
                end,
                offset,
                before: offset,
            };
        };
        let start = begin.timestamp().as_second();
        let before = timezone.to_offset(timestamp(start - 1));
        Self {
            start,
            end,
            offset,
            before: i64::from(before.seconds()),
        }
    }

    /// The stretch after this one. (Changes that change nothing are not told alike in both directions.)
    pub(super) fn next(self, timezone: &TimeZone) -> Option<Self> {
        let next = (self.end < MAX).then(|| Self::at(timezone, self.end))?;
        Some(if next.start == self.end {
            next
        } else {
            Self {
                start: self.end,
                before: self.offset,
                ..next
            }
        })
    }

    /// The stretch before this one.
    pub(super) fn previous(self, timezone: &TimeZone) -> Option<Self> {
        let previous = (self.start > MIN).then(|| Self::at(timezone, self.start - 1))?;
        Some(Self {
            end: self.start,
            ..previous
        })
    }

    /// The civil seconds that the clock left out when it was put forward at the start.
    pub(super) fn gap(self) -> Option<(i64, i64)> {
        (self.offset > self.before).then(|| (self.start + self.before, self.start + self.offset))
    }
}

/// A second (UTC) as a timestamp; those out of reach are the last ones in reach.
pub(super) fn timestamp(second: i64) -> Timestamp {
    Timestamp::from_second(second.clamp(MIN, MAX)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The date and time of a civil second; those out of reach are the last ones in reach.
pub(super) fn civil(second: i64) -> DateTime {
    Offset::UTC.to_datetime(timestamp(second))
}

/// The civil second of a date and time in reach.
pub(super) fn civil_second(civil: DateTime) -> Option<i64> {
    let at = Offset::UTC.to_timestamp(civil).ok()?;
    Some(at.as_second())
}

/// The moment after which nothing lies between it and the next.
pub(super) fn just_after(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_nanos(1))
        .unwrap_or(Timestamp::MAX)
}

/// The moment before which nothing lies between it and the one before.
pub(super) fn just_before(at: Timestamp) -> Timestamp {
    at.checked_sub(SignedDuration::from_nanos(1))
        .unwrap_or(Timestamp::MIN)
}

/// The first moment of a day. A day that the zone leaves out begins where the next one does.
pub(super) fn start_of_day(timezone: &TimeZone, date: Date) -> Option<Timestamp> {
    let midnight = timezone.to_ambiguous_timestamp(date.at(0, 0, 0, 0));
    let in_gap = matches!(midnight.offset(), AmbiguousOffset::Gap { .. });
    let at = midnight.compatible().ok()?;
    Some(if in_gap {
        timestamp(Stretch::at(timezone, at.as_second()).start)
    } else {
        at
    })
}

/// The day that a moment belongs to: days lie next to each other, each from its first moment on, also where the clock is
/// put back over midnight.
pub(super) fn day_of(timezone: &TimeZone, at: Timestamp) -> Date {
    let date = timezone.to_datetime(at).date();
    match date.tomorrow() {
        Ok(next) if start_of_day(timezone, next).is_some_and(|start| start <= at) => next,
        _ => date,
    }
}
