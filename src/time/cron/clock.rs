//! Times of day of a cron pattern: a product of hours, minutes and seconds, so that counting is arithmetic.

/// The times of day that match, as bits: bit `n` is hour, minute or second `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) hours: u64,
    pub(super) minutes: u64,
    pub(super) seconds: u64,
}

impl Clock {
    /// How many times of day match.
    pub(super) fn per_day(self) -> i64 {
        ones(self.hours) * self.per_hour()
    }

    fn per_hour(self) -> i64 {
        ones(self.minutes) * ones(self.seconds)
    }

    /// Whether every hour matches.
    pub(super) fn is_hourly(self) -> bool {
        ones(self.hours) == 24
    }

    /// Whether every minute of an hour matches.
    pub(super) fn is_minutely(self) -> bool {
        ones(self.minutes) == 60
    }

    /// How many matching times of day lie before a second of the day.
    pub(super) fn count_before(self, second: i64) -> i64 {
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let mut count = ones(below(self.hours, hour)) * self.per_hour();
        if self.hours >> hour & 1 == 1 {
            count += ones(below(self.minutes, minute)) * ones(self.seconds);
            if self.minutes >> minute & 1 == 1 {
                count += ones(below(self.seconds, second));
            }
        }
        count
    }

    /// The matching second of the day with that many before it.
    pub(super) fn nth(self, number: i64) -> Option<i64> {
        let per_minute = ones(self.seconds);
        let hour = nth_bit(self.hours, number / self.per_hour())?;
        let minute = nth_bit(self.minutes, number / per_minute % ones(self.minutes))?;
        let second = nth_bit(self.seconds, number % per_minute)?;
        Some(hour * 3600 + minute * 60 + second)
    }
}

/// How many bits are set.
pub(super) fn ones(bits: u64) -> i64 {
    i64::from(bits.count_ones())
}

/// The bits below a position.
pub(super) fn below(bits: u64, position: i64) -> u64 {
    if position >= 64 {
        bits
    } else {
        bits & ((1 << position) - 1)
    }
}

/// The position of the set bit with that many set ones below it.
pub(super) fn nth_bit(bits: u64, number: i64) -> Option<i64> {
    let mut rest = bits;
    for _ in 0..number {
        rest &= rest.checked_sub(1)?;
    }
    (rest != 0).then(|| i64::from(rest.trailing_zeros()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Clock;

    proptest! {
        #[test]
        fn counting_and_finding_are_inverse(
            hours in 1_u64..1 << 24,
            minutes in 1_u64..1 << 60,
            seconds in 1_u64..1 << 60,
            asked in 0_i64..86_400,
        ) {
            let clock = Clock { hours, minutes, seconds };
            let before = clock.count_before(asked);
            let matches = hours >> (asked / 3600) & minutes >> (asked / 60 % 60) & seconds >> (asked % 60) & 1 == 1;
            prop_assert_eq!(clock.count_before(asked + 1) - before, i64::from(matches));
            prop_assert_eq!(clock.count_before(86_400), clock.per_day());
            let found = clock.nth(before);
            prop_assert_eq!(found.is_none(), before == clock.per_day());
            if let Some(found) = found {
                prop_assert!(found >= asked && (found == asked) == matches);
                prop_assert_eq!(clock.count_before(found), before);
            }
        }
    }
}
