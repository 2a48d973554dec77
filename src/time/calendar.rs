//! Calendars: days on which nothing is due, and what becomes of the intervals that would be due on them.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::civil::Weekday;
use thiserror::Error;

/// Days that are left out: weekdays, and single dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar(Arc<Closed>);

#[derive(Debug, PartialEq, Eq)]
struct Closed {
    /// Bit 0: Monday.
    weekdays: u8,
    dates: BTreeSet<Date>,
}

/// Why there is no such calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CalendarError {
    /// All seven weekdays are left out.
    #[error("all seven days of the week are excluded, so that nothing would ever be due")]
    NoDay,
}

/// What becomes of an interval that would be due on an excluded day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenExcluded {
    /// It has no instance.
    Skip,
    /// It is due on the next day that is not excluded.
    Next,
    /// It is due on the last day before that is not excluded.
    Previous,
}

impl WhenExcluded {
    /// The words for it.
    pub const WORDS: &[&str] = &["skip", "next", "previous"];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Next => "next",
            Self::Previous => "previous",
        }
    }

    /// The one that a word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "skip" => Some(Self::Skip),
            "next" => Some(Self::Next),
            "previous" => Some(Self::Previous),
            _ => None,
        }
    }
}

/// Why a day is excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// All days with this name are.
    Weekday(Weekday),
    /// It is one of the dates.
    Date(Date),
}

/// The English names of weekdays, from Monday on, as calendars have them.
pub const WEEKDAYS: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// The weekday of that name.
pub fn parse_weekday(name: &str) -> Option<Weekday> {
    let index = WEEKDAYS.iter().position(|known| *known == name)?;
    Weekday::from_monday_zero_offset(i8::try_from(index).ok()?).ok()
}

impl Calendar {
    /// A calendar that leaves out these weekdays and dates.
    pub fn new(
        weekdays: impl IntoIterator<Item = Weekday>,
        dates: impl IntoIterator<Item = Date>,
    ) -> Result<Self, CalendarError> {
        let weekdays = weekdays
            .into_iter()
            .fold(0, |bits, weekday| bits | bit(weekday));
        if weekdays == 0b111_1111 {
            return Err(CalendarError::NoDay);
        }
        let dates = dates.into_iter().collect();
        Ok(Self(Arc::new(Closed { weekdays, dates })))
    }

    /// Whether it leaves out no day at all.
    pub fn is_empty(&self) -> bool {
        self.0.weekdays == 0 && self.0.dates.is_empty()
    }

    /// How many single dates it leaves out.
    pub(super) fn dates(&self) -> usize {
        self.0.dates.len()
    }

    /// Why a day is left out; `None`: it is not.
    pub fn excludes(&self, date: Date) -> Option<Exclusion> {
        if self.0.weekdays & bit(date.weekday()) != 0 {
            Some(Exclusion::Weekday(date.weekday()))
        } else {
            let listed = self.0.dates.contains(&date);
            listed.then_some(Exclusion::Date(date))
        }
    }

    /// The first day after a date that is not left out.
    pub(super) fn next_open(&self, date: Date) -> Option<Date> {
        let mut day = date.tomorrow().ok()?;
        while self.excludes(day).is_some() {
            day = day.tomorrow().ok()?;
        }
        Some(day)
    }

    /// The last day before a date that is not left out.
    pub(super) fn previous_open(&self, date: Date) -> Option<Date> {
        let mut day = date.yesterday().ok()?;
        while self.excludes(day).is_some() {
            day = day.yesterday().ok()?;
        }
        Some(day)
    }

    /// The first day at or after a date that is left out.
    pub(super) fn next_excluded(&self, date: Date) -> Option<Date> {
        let listed = self.0.dates.range(date..).next().copied();
        let mut weekday = (self.0.weekdays != 0).then_some(date);
        while let Some(day) = weekday.filter(|day| self.0.weekdays & bit(day.weekday()) == 0) {
            weekday = day.tomorrow().ok();
        }
        weekday.into_iter().chain(listed).min()
    }

    /// A day, from a date on, before which it leaves out the same days as another; `None`: it always does.
    pub(super) fn alike_until(&self, other: &Self, date: Date) -> Option<Date> {
        let both = [self, other];
        let differs = |date: &Date| {
            let [one, two] = both.map(|calendar| calendar.excludes(*date).is_some());
            one != two
        };
        let listed = both.into_iter().filter_map(|calendar| {
            let mut dates = calendar.0.dates.range(date..).copied();
            dates.find(differs)
        });
        let other_weekdays = self.0.weekdays != other.0.weekdays;
        let first = other_weekdays.then_some(date);
        let mut week = std::iter::successors(first, |day| day.tomorrow().ok()).take(8);
        // Where single dates make up for all that week, the next one may differ.
        let weekday = week.by_ref().take(7).find(differs).or_else(|| week.next());
        listed.chain(weekday).min()
    }
}

fn bit(weekday: Weekday) -> u8 {
    1 << weekday.to_monday_zero_offset()
}

#[cfg(test)]
mod tests {
    use jiff::Span;
    use jiff::civil::Weekday;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::Calendar;
    use super::CalendarError;
    use super::Exclusion;
    use super::WEEKDAYS;
    use super::parse_weekday;

    #[test]
    fn weekdays_have_names() {
        let days: Vec<_> = WEEKDAYS
            .iter()
            .filter_map(|name| parse_weekday(name))
            .collect();
        assert_eq!(days.len(), 7);
        assert_eq!((days[0], days[6]), (Weekday::Monday, Weekday::Sunday));
        assert_eq!(parse_weekday("Sunday"), None);
        assert_eq!(Calendar::new(days, []), Err(CalendarError::NoDay));
    }

    proptest! {
        #[test]
        fn days_are_found_as_by_looking_at_each(
            weekdays in prop::collection::vec(0_usize..6, 0..6),
            offsets in prop::collection::vec(0_i64..60, 0..40),
            asked in 0_i64..60,
        ) {
            let day = |offset: i64| date(2026, 11, 1).checked_add(Span::new().days(offset)).unwrap();
            let weekdays: Vec<_> = weekdays.into_iter().map(|index| parse_weekday(WEEKDAYS[index]).unwrap()).collect();
            let calendar = Calendar::new(weekdays.clone(), offsets.iter().map(|offset| day(*offset))).unwrap();
            let closed = |offset: i64| weekdays.contains(&day(offset).weekday()) || offsets.contains(&offset);
            prop_assert_eq!(calendar.excludes(day(asked)).is_some(), closed(asked));
            if let Some(Exclusion::Weekday(weekday)) = calendar.excludes(day(asked)) {
                prop_assert!(weekdays.contains(&weekday));
            }
            let next = (asked + 1..200).find(|offset| !closed(*offset)).unwrap();
            prop_assert_eq!(calendar.next_open(day(asked)), Some(day(next)));
            let previous = (-60..asked).rev().find(|offset| !closed(*offset)).unwrap();
            prop_assert_eq!(calendar.previous_open(day(asked)), Some(day(previous)));
            let excluded = (asked..asked + 80).find(|offset| closed(*offset));
            prop_assert_eq!(calendar.next_excluded(day(asked)), excluded.map(day));
        }
    }
}
