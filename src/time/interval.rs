//! Half-open spans of time.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::Serialize;

/// One half-open span `[start, end)`. `start == end` for an on-demand instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// The first moment inside.
    pub start: Timestamp,
    /// The first moment after.
    pub end: Timestamp,
}

impl Interval {
    /// All of time.
    pub const ALL: Self = Self {
        start: Timestamp::MIN,
        end: Timestamp::MAX,
    };

    /// The empty interval of an on-demand instance: the moment it was asked for.
    pub fn moment(at: Timestamp) -> Self {
        Self { start: at, end: at }
    }

    /// Whether it is the interval of an on-demand instance.
    pub fn is_moment(self) -> bool {
        self.start == self.end
    }

    /// Whether a moment lies inside.
    pub fn contains(self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether the two have a moment in common. A moment overlaps the interval that contains it, and itself.
    pub fn overlaps(self, other: Self) -> bool {
        if self == other {
            return true;
        }
        if self.is_moment() {
            return other.contains(self.start);
        }
        if other.is_moment() {
            return self.contains(other.start);
        }
        self.start < other.end && other.start < self.end
    }

    /// Its name in a time zone, by its start, so that no other of its object reads the same: a date where that says it all, and
    /// of what was triggered the moment as exactly as it is kept.
    pub fn name(self, timezone: &TimeZone) -> String {
        let start = self.start.to_zoned(timezone.clone());
        let end = self.end.to_zoned(timezone.clone());
        let midnight = |zoned: &jiff::Zoned| zoned.time() == jiff::civil::Time::midnight();
        if !self.is_moment() && midnight(&start) && midnight(&end) {
            start.strftime("%Y-%m-%d").to_string()
        } else {
            // As many digits in all, so that names are in the order of time.
            let micros = self.start.as_microsecond() % 1_000_000;
            let seconds = match (micros, micros % 1_000) {
                (0, _) => "%S",
                (_, 0) => "%S%.3f",
                _ => "%S%.6f",
            };
            moment_text(self.start, timezone, seconds)
        }
    }
}

/// A moment with its seconds in a format, unless it has none, and with the zone's offset.
pub fn moment_text(at: Timestamp, timezone: &TimeZone, seconds: &str) -> String {
    let zoned = at.to_zoned(timezone.clone());
    let is_minute = zoned.second() == 0 && zoned.subsec_nanosecond() == 0;
    let seconds = if is_minute {
        String::new()
    } else {
        format!(":{seconds}")
    };
    let zone = if zoned.offset().is_zero() { "Z" } else { "%:z" };
    zoned
        .strftime(&format!("%Y-%m-%dT%H:%M{seconds}{zone}"))
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::Interval;

    fn interval(start: i64, end: i64) -> Interval {
        Interval {
            start: jiff::Timestamp::from_second(start).unwrap(),
            end: jiff::Timestamp::from_second(end).unwrap(),
        }
    }

    #[test]
    fn neighbours_do_not_overlap() {
        for (one, other, wanted) in [
            ((0, 10), (10, 20), false),
            ((0, 10), (9, 20), true),
            ((0, 10), (3, 4), true),
            ((5, 5), (5, 5), true),
            ((5, 5), (0, 5), false),
            ((5, 5), (5, 6), true),
        ] {
            let (one, other) = (interval(one.0, one.1), interval(other.0, other.1));
            assert_eq!(one.overlaps(other), wanted, "{one:?} {other:?}");
            assert_eq!(other.overlaps(one), wanted, "{other:?} {one:?}");
        }
    }
}
