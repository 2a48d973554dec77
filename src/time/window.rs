//! Windows: which stretch of time a reader's interval stands for, when that is not the interval itself.
//!
//! Apart from schedules, because a window belongs to the one who reads: it ends where the reader's interval ends and is
//! counted on the reader's calendar, whatever schedule the data has.

use std::fmt;

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cron::Cron;
use super::interval::Interval;
use super::period::Period;
use super::period::PeriodError;
use super::schedule::Schedule;

/// A stretch of time that ends where the reader's interval ends, or so far before or after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    length: Shift,
    offset: Shift,
}

const MINUTES_A_DAY: i64 = 24 * 60;

/// A way on the calendar and the clock; negative numbers lead back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shift {
    months: i64,
    days: i64,
    minutes: i64,
}

impl Shift {
    /// Reads `28 days` or `-1 month`.
    fn parse(text: &str) -> Result<Self, PeriodError> {
        let text = text.trim();
        let (sign, positive) = match text.strip_prefix('-') {
            Some(positive) => (-1, positive),
            None => (1, text),
        };
        Ok(match Period::parse(positive)? {
            Period::Minutes(minutes) => Self {
                minutes: sign * i64::from(minutes),
                ..Self::default()
            },
            Period::Days(days) => Self {
                days: sign * i64::from(days),
                ..Self::default()
            },
            Period::Months(months) => Self {
                months: sign * i64::from(months),
                ..Self::default()
            },
        })
    }

    fn minus(self, other: Self) -> Self {
        Self {
            months: self.months - other.months,
            days: self.days - other.days,
            minutes: self.minutes - other.minutes,
        }
    }

    /// The shortest and the longest that this way can be on the clock, with a margin: zones move by up to a day, and months
    /// end early.
    fn bounds(self) -> (SignedDuration, SignedDuration) {
        let month = SignedDuration::from_mins(30 * 24 * 60 + 629); // the 4,800th part of 400 years
        let scaled = |unit: SignedDuration, number: i64| {
            let number = i32::try_from(number).unwrap_or(i32::MAX);
            unit.checked_mul(number).unwrap_or(SignedDuration::MAX)
        };
        let middle = scaled(month, self.months)
            .saturating_add(scaled(SignedDuration::from_hours(24), self.days))
            .saturating_add(scaled(SignedDuration::from_mins(1), self.minutes));
        let margin = match (self.months, self.days) {
            (0, 0) => SignedDuration::ZERO,
            (0, _) => SignedDuration::from_hours(26),
            (_, _) => SignedDuration::from_hours(6 * 24),
        };
        (middle.saturating_sub(margin), middle.saturating_add(margin))
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match *self {
            Self { months, .. } if months != 0 => (months, "month"),
            Self { days, .. } if days != 0 => (days, "day"),
            Self { minutes, .. } if minutes % 60 == 0 => (minutes / 60, "hour"),
            Self { minutes, .. } => (minutes, "minute"),
        };
        let plural = if number.abs() == 1 { "" } else { "s" };
        write!(formatter, "{number} {unit}{plural}")
    }
}

impl fmt::Display for Window {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.length)?;
        if self.offset != Shift::default() {
            write!(formatter, ", moved by {}", self.offset)?;
        }
        Ok(())
    }
}

impl Window {
    /// Reads the length and the offset: each a number and a unit, the offset perhaps negative.
    ///
    /// # Errors
    ///
    /// When one of them is no such text, is zero or longer than a hundred years.
    pub fn new(length: &str, offset: Option<&str>) -> Result<Self, PeriodError> {
        let length = Shift::parse(length)?;
        let offset = match offset {
            Some(offset) => Shift::parse(offset)?,
            None => Shift::default(),
        };
        Ok(Self { length, offset })
    }

    /// The stretch of time that is meant for an interval of a reader with this schedule (`None`: on demand; the calendar is
    /// that of UTC). `None` when there is no time in it, as on a day that the zone leaves out.
    ///
    /// Days and months are counted from what the calendar says at the end of the interval, before the clock is moved: a day
    /// before 02:30 is 02:30, whatever daylight saving time does in between.
    pub fn span(&self, interval: Interval, reader: Option<&Schedule>) -> Option<Interval> {
        let end = moved(interval.end, self.offset, reader)?;
        let start = moved(interval.end, self.offset.minus(self.length), reader);
        let start = start.unwrap_or(Timestamp::MIN);
        (start < end).then_some(Interval { start, end })
    }

    /// Whether the window of every interval of a reader ends where the interval starts, or before: then nothing that it
    /// reads can wait for it. Where that cannot be told, it does not.
    pub fn is_past(&self, reader: Option<&Schedule>) -> bool {
        let back = Shift::default().minus(self.offset);
        if back.months < 0 || back.days < 0 || back.minutes < 0 {
            return false;
        }
        let Some(schedule) = reader else {
            return true; // an interval on demand has no length
        };
        // Days are as the calendar counts them: a day before is a day before, also where it has 23 hours.
        let years = |months: i64, year: i64, month: i64| months / 12 * year + months % 12 * month;
        let shortest = years(back.months, 365, 28) + back.days;
        let Some(every) = schedule.every() else {
            let longest = schedule.cron().map_or(i64::MAX, Cron::longest_minutes);
            return shortest * MINUTES_A_DAY + back.minutes >= longest;
        };
        match every {
            Period::Minutes(every) => shortest * MINUTES_A_DAY + back.minutes >= i64::from(every),
            Period::Days(every) => {
                shortest * MINUTES_A_DAY + back.minutes >= i64::from(every) * MINUTES_A_DAY
            }
            Period::Months(every) if back.months > 0 => back.months >= i64::from(every),
            Period::Months(every) => {
                let longest = years(i64::from(every), 366, 31);
                back.days * MINUTES_A_DAY + back.minutes >= longest * MINUTES_A_DAY
            }
        }
    }

    /// Between which moments the interval of a reader must end, so that its window can reach into `read`: a little wider
    /// than need be.
    pub fn readers(&self, read: Interval) -> Interval {
        let (_, latest_end) = self.offset.bounds();
        let (earliest_start, _) = self.offset.minus(self.length).bounds();
        let start = read.start.checked_sub(latest_end);
        let end = read.end.checked_sub(earliest_start);
        Interval {
            start: start.unwrap_or(Timestamp::MIN),
            end: end.unwrap_or(Timestamp::MAX),
        }
    }
}

/// The end of an interval, moved on the calendar first and on the clock then.
fn moved(edge: Timestamp, shift: Shift, reader: Option<&Schedule>) -> Option<Timestamp> {
    let on_calendar = if (shift.months, shift.days) == (0, 0) {
        edge
    } else {
        let civil = match reader {
            Some(schedule) => schedule.calendar_from(edge, shift.months, shift.days)?,
            None => super::ticks::calendar_from(
                TimeZone::UTC.to_datetime(edge),
                shift.months,
                shift.days,
            )?,
        };
        reader
            .map_or(&TimeZone::UTC, Schedule::timezone)
            .to_timestamp(civil)
            .ok()?
    };
    let minutes = SignedDuration::from_secs(shift.minutes.checked_mul(60)?);
    on_calendar.checked_add(minutes).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::time::parse_timezone;

    fn schedule(every: &str, start: &str, zone: &str) -> Schedule {
        Schedule::new(
            start.parse().unwrap(),
            Period::parse(every).unwrap(),
            parse_timezone(zone).unwrap(),
        )
        .unwrap()
    }

    /// The window of the interval that contains a moment, in the reader's zone.
    fn shown(window: (&str, Option<&str>), reader: &Schedule, at: &str) -> String {
        let zone = reader.timezone();
        let at = at.parse::<jiff::civil::DateTime>().unwrap();
        let interval = reader.interval_at(zone.to_timestamp(at).unwrap()).unwrap();
        let window = Window::new(window.0, window.1).unwrap();
        let text = |at: Timestamp| {
            at.to_zoned(zone.clone())
                .strftime("%m-%dT%H:%M")
                .to_string()
        };
        window
            .span(interval, Some(reader))
            .map_or_else(String::new, |span| {
                format!("{} {}", text(span.start), text(span.end))
            })
    }

    #[test]
    fn a_window_ends_where_the_interval_ends() {
        let daily = schedule("1 day", "2026-01-01", "Europe/Berlin");
        let hourly = schedule("1 hour", "2026-01-01", "Europe/Berlin");
        let weekly = schedule("1 week", "2026-01-07", "UTC");
        for (window, reader, at, wanted) in [
            (
                ("28 days", None),
                &daily,
                "2026-03-31",
                "03-04T00:00 04-01T00:00",
            ),
            (
                ("28 days", Some("-1 day")),
                &daily,
                "2026-03-31",
                "03-03T00:00 03-31T00:00",
            ),
            (
                ("1 day", Some("1 day")),
                &daily,
                "2026-03-31",
                "04-01T00:00 04-02T00:00",
            ),
            (
                ("1 month", None),
                &daily,
                "2026-03-30",
                "02-28T00:00 03-31T00:00",
            ),
            (
                ("24 hours", None),
                &daily,
                "2026-03-29",
                "03-28T23:00 03-30T00:00",
            ),
            (
                ("1 day", Some("-90 minutes")),
                &daily,
                "2026-03-29",
                "03-28T22:30 03-29T22:30",
            ),
            (
                ("2 hours", None),
                &hourly,
                "2026-03-29T03:00",
                "03-29T01:00 03-29T04:00",
            ),
            (
                ("1 day", None),
                &hourly,
                "2026-03-29T03:00",
                "03-28T04:00 03-29T04:00",
            ),
            (
                ("1 week", Some("-1 week")),
                &weekly,
                "2026-01-14",
                "01-07T00:00 01-14T00:00",
            ),
        ] {
            assert_eq!(shown(window, reader, at), wanted, "{window:?} {at}");
        }
    }

    #[test]
    fn an_edge_counts_as_what_the_calendar_says() {
        let month_ends = schedule("1 month", "2026-01-31", "UTC");
        let at_night = schedule("1 day", "2026-03-01T02:30", "Europe/Berlin");
        let apia = schedule("1 day", "2011-12-01", "Pacific/Apia");
        for (window, reader, at, wanted) in [
            (
                ("1 month", None),
                &month_ends,
                "2026-02-10",
                "01-31T00:00 02-28T00:00",
            ),
            (
                ("2 months", Some("-1 month")),
                &month_ends,
                "2026-04-10",
                "01-31T00:00 03-31T00:00",
            ),
            // The day that ends at 02:30 on 29 March ends at 03:30 on the clock.
            (
                ("1 day", None),
                &at_night,
                "2026-03-28T02:30",
                "03-28T02:30 03-29T03:30",
            ),
            (
                ("1 day", Some("-1 day")),
                &at_night,
                "2026-03-28T02:30",
                "03-27T02:30 03-28T02:30",
            ),
            (
                ("1 day", None),
                &at_night,
                "2026-03-29T12:00",
                "03-29T03:30 03-30T02:30",
            ),
            (
                ("1 day", None),
                &apia,
                "2011-12-29T12:00",
                "12-29T00:00 12-31T00:00",
            ),
            (
                ("2 days", None),
                &apia,
                "2011-12-31T12:00",
                "12-31T00:00 01-01T00:00",
            ),
            (("1 day", Some("-1 day")), &apia, "2011-12-31T12:00", ""),
        ] {
            assert_eq!(shown(window, reader, at), wanted, "{window:?} {at}");
        }
    }

    #[test]
    fn a_window_in_the_past_is_told_by_calendar_units() {
        for (offset, every, wanted) in [
            (None, "1 day", false),
            (Some("-1 day"), "1 day", true),
            (Some("-23 hours"), "1 day", false),
            (Some("-24 hours"), "1 day", true),
            (Some("1 day"), "1 day", false),
            (Some("-1 day"), "1 week", false),
            (Some("-1 week"), "1 week", true),
            (Some("-1 day"), "1 hour", true),
            (Some("-1 month"), "1 month", true),
            (Some("-30 days"), "1 month", false),
            (Some("-31 days"), "1 month", true),
            (Some("-365 days"), "1 year", false),
            (Some("-1 month"), "30 days", false),
            (Some("-1 month"), "4 weeks", true),
        ] {
            let window = Window::new("1 day", offset).unwrap();
            let reader = schedule(every, "2026-01-01", "Europe/Berlin");
            assert_eq!(window.is_past(Some(&reader)), wanted, "{offset:?} {every}");
        }
        let nightly = |text: &str| {
            let from = "2026-01-01T00:00:00Z".parse().unwrap();
            let zone = parse_timezone("Europe/Berlin").unwrap();
            Schedule::of_cron(Cron::parse(text).unwrap(), from, zone).unwrap()
        };
        for (offset, pattern, wanted) in [
            ("-1 day", "30 2 * * *", true),
            ("-23 hours", "30 2 * * *", false),
            ("-1 day", "30 2 * * 1-5", false),
            ("-3 days", "30 2 * * 1-5", true),
            ("-1 month", "0 0 1 * *", false),
            ("-31 days", "0 0 1 * *", true),
            ("-20 minutes", "*/20 * * * *", true),
            ("-19 minutes", "*/20 * * * *", false),
        ] {
            let window = Window::new("1 day", Some(offset)).unwrap();
            assert_eq!(
                window.is_past(Some(&nightly(pattern))),
                wanted,
                "{offset} {pattern}"
            );
        }
        assert!(Window::new("1 day", None).unwrap().is_past(None));
        assert!(!Window::new("1 day", Some("1 hour")).unwrap().is_past(None));
    }

    #[test]
    fn windows_are_shown() {
        for (length, offset, shown) in [
            ("28 days", None, "28 days"),
            ("1 week", Some("-1 day"), "7 days, moved by -1 day"),
            (
                "1 year",
                Some("90 minutes"),
                "12 months, moved by 90 minutes",
            ),
            ("1 hour", Some("-2 hours"), "1 hour, moved by -2 hours"),
        ] {
            assert_eq!(Window::new(length, offset).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for (length, offset) in [
            ("day", None),
            ("1 day", Some("-")),
            ("1000 years", None),
            ("1 day", Some("-0 days")),
        ] {
            assert!(Window::new(length, offset).is_err(), "{length} {offset:?}");
        }
    }

    fn lengths() -> impl Strategy<Value = String> {
        let units =
            prop::sample::select(vec!["minutes", "hours", "days", "weeks", "months", "years"]);
        (1_u32..40, units).prop_map(|(number, unit)| format!("{number} {unit}"))
    }

    proptest! {
        #[test]
        fn whose_window_reaches_an_interval_ends_among_its_readers(
            length in lengths(),
            offset in prop::option::of((any::<bool>(), lengths())),
            every in prop::sample::select(vec!["30 minutes", "1 day", "5 days", "1 month", "1 year"]),
            zone in prop::sample::select(vec!["UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]),
            (year, month, day) in (2009_i16..2030, 1_i8..13, 1_i8..32),
            read in (-5000_i64..5000, 1_i64..5000),
            index in 0_u32..300,
        ) {
            let offset = offset.map(|(minus, text)| if minus { format!("-{text}") } else { text });
            let window = Window::new(&length, offset.as_deref()).unwrap();
            let anchor = date(year, month, 1).last_of_month().day().min(day);
            let start = date(year, month, anchor).at(2, 30, 0, 0);
            let reader = Schedule::new(start, Period::parse(every).unwrap(), parse_timezone(zone).unwrap()).unwrap();
            let mut interval = reader.first_interval().unwrap();
            for _ in 0..index {
                interval = reader.next_from(interval.end).unwrap();
            }
            let Some(span) = window.span(interval, Some(&reader)) else { return Ok(()) };
            // Something near the window.
            let start = span.start.checked_add(SignedDuration::from_hours(read.0)).unwrap();
            let read = Interval { start, end: start.checked_add(SignedDuration::from_hours(read.1)).unwrap() };
            let readers = window.readers(read);
            if span.overlaps(read) {
                prop_assert!(readers.start < interval.end && interval.end < readers.end, "{interval:?} {span:?} {readers:?}");
            }
            if window.is_past(Some(&reader)) {
                let late = span.end.duration_since(interval.start);
                prop_assert!(late <= SignedDuration::from_hours(24), "{interval:?} {span:?}");
            }
        }
    }
}
