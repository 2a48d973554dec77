//! Days of a cron pattern.
//!
//! Which days of a month match depends on nothing but its number, its length and the weekday it begins with. There are
//! 28 such months, so the days are a table; and the calendar repeats every 400 years, so counting and finding days takes
//! the same few steps for any distance.

use jiff::civil::Date;

use super::clock::below;
use super::clock::nth_bit;
use super::clock::ones;

/// Years until the calendar repeats: 146,097 days, which is a whole number of weeks.
const CYCLE: i64 = 400;

/// Which days match.
#[derive(Clone, Debug)]
pub(super) struct Days {
    /// Bit `n`: month `n`, from 1.
    months: u64,
    /// By length of the month minus 28, and weekday of its first (0: Sunday): bit `n` is day `n`, from 1.
    table: [[u64; 7]; 4],
    /// How many days match in the years of a cycle before each of them; the last: in all.
    before: Vec<i64>,
}

impl PartialEq for Days {
    fn eq(&self, other: &Self) -> bool {
        self.months == other.months && self.table == other.table
    }
}

impl Days {
    /// The days that the table has. A month of a length that none of `months` can have counts for nothing.
    pub(super) fn new(months: u64, mut table: [[u64; 7]; 4]) -> Self {
        let has = |length: usize| {
            (1..=12).any(|month| {
                let lengths: &[usize] = match month {
                    2 => &[28, 29],
                    4 | 6 | 9 | 11 => &[30],
                    _ => &[31],
                };
                months >> month & 1 == 1 && lengths.contains(&length)
            })
        };
        for (index, row) in table.iter_mut().enumerate() {
            if !has(28 + index) {
                *row = [0; 7];
            }
        }
        let mut days = Self {
            months,
            table,
            before: Vec::new(),
        };
        let mut total = 0;
        let mut before = vec![0];
        for year in 0..CYCLE {
            total += days
                .months_of(year)
                .map(|(_, bits)| ones(bits))
                .sum::<i64>();
            before.push(total);
        }
        days.before = before;
        days
    }

    /// How many days match in 400 years.
    fn per_cycle(&self) -> i64 {
        self.before.last().copied().unwrap_or(0)
    }

    /// Whether no day ever matches.
    pub(super) fn is_empty(&self) -> bool {
        self.per_cycle() == 0
    }

    /// Whether every day matches.
    pub(super) fn is_all(&self) -> bool {
        self.per_cycle() == 146_097
    }

    /// The most days from one that matches to the next.
    pub(super) fn longest(&self) -> i64 {
        let (mut longest, mut passed) = (0, 0);
        let mut last: Option<i64> = None;
        // And so far into the next cycle as two 29 February on one weekday can be apart.
        for year in 0..CYCLE + 41 {
            for (month, bits) in self.months_of(year) {
                for day in (1..=31).filter(|day| bits >> day & 1 == 1) {
                    longest = longest.max(last.map_or(0, |last| passed + day - last));
                    last = Some(passed + day);
                }
                passed += length(year, month);
            }
        }
        longest
    }

    /// The months of a year from January on with their matching days; those that do not match have none.
    fn months_of(&self, year: i64) -> impl Iterator<Item = (i8, u64)> {
        let past = year.rem_euclid(CYCLE) + CYCLE - 1; // of the year before, from a year that begins a cycle
        // 1 January of the year 0 is a Saturday.
        let leaps = past / 4 - past / 100 + past / 400 - (CYCLE - 1) / 4 + (CYCLE - 1) / 100;
        let mut weekday = (6 + year.rem_euclid(CYCLE) + leaps).rem_euclid(7);
        (1..=12_i8).map(move |month| {
            let length = length(year, month);
            let row = self.table.get(usize::try_from(length - 28).unwrap_or(0));
            let bits = row.and_then(|row| row.get(usize::try_from(weekday).unwrap_or(0)));
            weekday = (weekday + length) % 7;
            let matches = self.months >> month & 1 == 1;
            (month, bits.copied().filter(|_| matches).unwrap_or(0))
        })
    }

    /// How many matching days lie before a date, from the year 0 on; negative before that.
    pub(super) fn count_before(&self, date: Date) -> i64 {
        let year = i64::from(date.year());
        let within = usize::try_from(year.rem_euclid(CYCLE)).unwrap_or(0);
        let mut count = year.div_euclid(CYCLE) * self.per_cycle() + self.before[within];
        for (month, bits) in self.months_of(year) {
            if month == date.month() {
                return count + ones(below(bits, i64::from(date.day())));
            }
            count += ones(bits);
        }
        count
    }

    /// Whether a date matches.
    pub(super) fn matches(&self, date: Date) -> bool {
        self.months_of(i64::from(date.year()))
            .find(|(month, _)| *month == date.month())
            .is_some_and(|(_, bits)| bits >> date.day() & 1 == 1)
    }

    /// The matching day with that many before it; `None` out of the calendar's reach.
    pub(super) fn nth(&self, number: i64) -> Option<Date> {
        if self.is_empty() {
            return None;
        }
        let cycle = number.div_euclid(self.per_cycle());
        let mut left = number.rem_euclid(self.per_cycle());
        let within = self.before.partition_point(|before| *before <= left) - 1;
        left -= self.before[within];
        let year = cycle.checked_mul(CYCLE)? + i64::try_from(within).ok()?;
        for (month, bits) in self.months_of(year) {
            if left < ones(bits) {
                let day = i8::try_from(nth_bit(bits, left)?).ok()?;
                return Date::new(i16::try_from(year).ok()?, month, day).ok();
            }
            left -= ones(bits);
        }
        None
    }
}

/// The days of a month.
fn length(year: i64, month: i8) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Span;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::Days;

    /// Tuesdays, written by hand.
    fn tuesdays() -> Days {
        let mut table = [[0_u64; 7]; 4];
        for (length, row) in table.iter_mut().enumerate() {
            for (first, bits) in row.iter_mut().enumerate() {
                for day in 1..=28 + length {
                    if (first + day - 1) % 7 == 2 {
                        *bits |= 1 << day;
                    }
                }
            }
        }
        Days::new(0b1_1111_1111_1110, table)
    }

    proptest! {
        #[test]
        fn weekdays_are_those_of_the_calendar(days in -4_000_000_i64..2_900_000) {
            let date = date(1970, 1, 1).checked_add(Span::new().days(days)).unwrap();
            let tuesdays = tuesdays();
            let is = date.weekday() == jiff::civil::Weekday::Tuesday;
            prop_assert_eq!(tuesdays.matches(date), is, "{}", date);
            let before = tuesdays.count_before(date);
            prop_assert_eq!(tuesdays.count_before(date.tomorrow().unwrap()) - before, i64::from(is));
            let found = tuesdays.nth(before).unwrap();
            prop_assert!(found >= date && found.since(date).unwrap().get_days() < 7);
        }
    }

    #[test]
    fn four_hundred_years_have_as_many_of_each_weekday() {
        let tuesdays = tuesdays();
        assert_eq!(tuesdays.per_cycle() * 7, 146_097);
        assert!(!tuesdays.is_all() && !tuesdays.is_empty());
    }
}
