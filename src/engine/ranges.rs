//! Sets of time as merged ranges: ten million finished intervals in a row are one range.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::time::Interval;

/// A set of moments, kept as disjoint ranges that do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    /// Ends by start.
    ranges: BTreeMap<Timestamp, Timestamp>,
}

impl Ranges {
    /// Adds an interval. The empty interval of an on-demand instance adds nothing.
    pub fn insert(&mut self, interval: Interval) {
        if interval.start >= interval.end {
            return;
        }
        let mut start = interval.start;
        let mut end = interval.end;
        if let Some((before, until)) = self.ranges.range(..=start).next_back()
            && *until >= start
        {
            start = *before;
            end = end.max(*until);
        }
        while let Some((inner, until)) = self
            .ranges
            .range(start..=end)
            .next()
            .map(|(inner, until)| (*inner, *until))
        {
            self.ranges.remove(&inner);
            end = end.max(until);
        }
        self.ranges.insert(start, end);
    }

    /// Takes an interval out.
    pub fn remove(&mut self, interval: Interval) {
        if interval.start >= interval.end {
            return;
        }
        let before_its_end = self.ranges.range(..interval.end).rev();
        let reaching_in: Vec<(Timestamp, Timestamp)> = before_its_end
            .take_while(|(_, end)| **end > interval.start)
            .map(|(start, end)| (*start, *end))
            .collect();
        for (start, end) in reaching_in {
            self.ranges.remove(&start);
            if start < interval.start {
                self.ranges.insert(start, interval.start);
            }
            if end > interval.end {
                self.ranges.insert(interval.end, end);
            }
        }
    }

    /// All ranges, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Interval> {
        let ranges = self.ranges.iter();
        ranges.map(|(start, end)| Interval {
            start: *start,
            end: *end,
        })
    }

    /// Whether every moment of an interval is in the set.
    pub fn covers(&self, interval: Interval) -> bool {
        self.around(interval).is_some()
    }

    /// The range that holds every moment of an interval, if one does.
    pub fn around(&self, interval: Interval) -> Option<Interval> {
        let (start, end) = self.ranges.range(..=interval.start).next_back()?;
        (*end >= interval.end).then_some(Interval {
            start: *start,
            end: *end,
        })
    }

    /// What of the set lies within an interval, oldest first.
    pub fn within(&self, interval: Interval) -> impl Iterator<Item = Interval> {
        let before = self.ranges.range(..interval.start).next_back();
        let inside = self
            .ranges
            .range(interval.start..interval.end.max(interval.start));
        let parts = before
            .into_iter()
            .chain(inside)
            .map(move |(start, end)| Interval {
                start: interval.start.max(*start),
                end: interval.end.min(*end),
            });
        parts.filter(|part| part.start < part.end)
    }

    /// Whether any moment of an interval is in the set.
    pub fn intersects(&self, interval: Interval) -> bool {
        interval.start < interval.end
            && self
                .ranges
                .range(..interval.end)
                .next_back()
                .is_some_and(|(_, end)| *end > interval.start)
    }

    /// The newest range.
    pub fn newest(&self) -> Option<Interval> {
        let (start, end) = self.ranges.last_key_value()?;
        Some(Interval {
            start: *start,
            end: *end,
        })
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

impl FromIterator<Interval> for Ranges {
    fn from_iter<T: IntoIterator<Item = Interval>>(intervals: T) -> Self {
        let mut ranges = Self::default();
        for interval in intervals {
            ranges.insert(interval);
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::Ranges;
    use crate::time::Interval;

    fn interval(start: i64, end: i64) -> Interval {
        Interval {
            start: Timestamp::from_second(start).unwrap(),
            end: Timestamp::from_second(end).unwrap(),
        }
    }

    #[test]
    fn neighbours_become_one_range() {
        let ranges: Ranges = [(0, 10), (20, 30), (10, 20)]
            .map(|(start, end)| interval(start, end))
            .into_iter()
            .collect();
        assert_eq!(ranges.ranges.len(), 1);
        assert!(ranges.covers(interval(0, 30)));
        assert!(!ranges.covers(interval(0, 31)));
    }

    proptest! {
        #[test]
        fn what_is_taken_out_is_not_in_the_set(
            parts in prop::collection::vec((0_i64..60, 1_i64..12), 0..20),
            out in (0_i64..60, 1_i64..12),
        ) {
            let mut ranges: Ranges = parts.iter().map(|(start, length)| interval(*start, start + length)).collect();
            ranges.remove(interval(out.0, out.0 + out.1));
            let out = out.0..out.0 + out.1;
            for second in 0..80 {
                let wanted = !out.contains(&second)
                    && parts.iter().any(|(start, length)| (*start..start + length).contains(&second));
                prop_assert_eq!(ranges.covers(interval(second, second + 1)), wanted, "{}", second);
            }
        }

        #[test]
        fn ranges_are_a_set_of_moments(
            parts in prop::collection::vec((0_i64..60, 1_i64..12), 0..20),
            asked in (0_i64..60, 1_i64..12),
        ) {
            let ranges: Ranges = parts.iter().map(|(start, length)| interval(*start, start + length)).collect();
            let inside = |second: i64| parts.iter().any(|(start, length)| (*start..start + length).contains(&second));
            let wanted = (asked.0..asked.0 + asked.1).all(inside);
            prop_assert_eq!(ranges.covers(interval(asked.0, asked.0 + asked.1)), wanted);
            let some = (asked.0..asked.0 + asked.1).any(inside);
            prop_assert_eq!(ranges.intersects(interval(asked.0, asked.0 + asked.1)), some);
            if let Some(range) = ranges.around(interval(asked.0, asked.0 + asked.1)) {
                prop_assert!((range.start.as_second()..range.end.as_second()).all(inside));
                prop_assert!(!inside(range.start.as_second() - 1) && !inside(range.end.as_second()));
            }
            let within: Vec<Interval> = ranges.within(interval(asked.0, asked.0 + asked.1)).collect();
            for second in 0..80 {
                let part = within.iter().any(|part| (part.start.as_second()..part.end.as_second()).contains(&second));
                let asked_for = (asked.0..asked.0 + asked.1).contains(&second);
                prop_assert_eq!(part, asked_for && inside(second));
            }
            let newest = (0..80).rev().find(|second| inside(*second)).map(|second| second + 1);
            prop_assert_eq!(ranges.newest().map(|range| range.end.as_second()), newest);
        }
    }
}
