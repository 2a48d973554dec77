//! Half-open spans of time.

use jiff::Timestamp;
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
