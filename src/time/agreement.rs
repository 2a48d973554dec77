//! Whether two schedules have the same intervals although they are written differently: `every = "1 day"` and
//! `cron = "0 0 * * *"`.
//!
//! Decided by what they are made of, not by trying: a period that has a pattern of its own is turned into that, and two
//! patterns are equal when they match the same times. What has none (`2 weeks`, `7 hours`, months from the 31st) agrees
//! only with the same period. A `false` may so be wrong, a `true` is not.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::calendar::Calendar;
use super::calendar::WhenExcluded;
use super::cron::Cron;
use super::period::Period;
use super::schedule::Schedule;
use super::ticks::Ticks;
use super::zone::day_of;
use super::zone::start_of_day;

/// How many changes of the clock are looked at: those of ten years. Rules of zones repeat each year.
const CHANGES: usize = 20;

impl Schedule {
    /// Whether from a moment on it has the same intervals as another, due at the same times for the same reasons.
    pub fn agrees_from(&self, other: &Self, from: Timestamp) -> bool {
        let [one, two] = [self, other];
        let begun = |schedule: &Self| schedule.ticks.first() <= from;
        one.timezone() == two.timezone()
            && one.due() == two.due()
            && one.calendar == two.calendar
            && one.until() == two.until()
            && (begun(one) && begun(two) || one.ticks.first() == two.ticks.first())
            && same_ticks(&one.ticks, &two.ticks, from)
    }

    /// A moment after `from` before which it is certain that another one has the same due times, by where the two end and the days that
    /// they leave out; `None`: it always has. It is `from` where that says nothing: between other ticks.
    pub fn alike_until(&self, other: &Self, from: Timestamp) -> Option<Timestamp> {
        let both = [self, other];
        let is_cut_later = |schedule: &Self| schedule.cut().is_some_and(|cut| cut > from);
        if self.ticks != other.ticks
            || self.due() != other.due()
            || both.into_iter().any(is_cut_later)
        {
            return Some(from);
        }
        let calendars = both.map(Self::calendar);
        let skips = |(_, when): &(&Calendar, WhenExcluded)| *when == WhenExcluded::Skip;
        let moves = !calendars.iter().flatten().all(skips);
        // What moves to another day passes over days that are left out, and over no other.
        let reach = |date: Date| {
            let calendars = calendars.iter().flatten().filter(|_| moves);
            let open = calendars.filter_map(|(calendar, _)| calendar.previous_open(date));
            open.min().unwrap_or(date)
        };
        let start = |date| start_of_day(self.timezone(), reach(date)).unwrap_or(from);
        let today = reach(day_of(self.timezone(), from));
        let day = match calendars {
            [Some((one, when)), Some((two, other))] if when == other => one.alike_until(two, today),
            [one, two] => {
                let either = one.into_iter().chain(two);
                let days = either.filter_map(|(calendar, _)| calendar.next_excluded(today));
                days.min()
            }
        };
        let ends = both.into_iter().filter_map(Self::until);
        let end = ends.min().filter(|_| self.until() != other.until());
        let end = end.map(|end| {
            if moves {
                start(day_of(self.timezone(), end))
            } else {
                end
            }
        });
        let first = day.map(start).into_iter().chain(end).min()?;
        Some(first.max(from))
    }
}

fn same_ticks(one: &Ticks, two: &Ticks, from: Timestamp) -> bool {
    if one == two {
        return true;
    }
    if let (Ticks::Every(one), Ticks::Every(two)) = (one, two)
        && one.every() == two.every()
        && is_whole(one.every(), one.anchor(), two.anchor())
    {
        return true;
    }
    let pattern = |ticks: &Ticks| match ticks {
        Ticks::Cron(ticks) => Some(ticks.cron().clone()),
        Ticks::Every(ticks) => pattern(ticks.every(), ticks.anchor(), ticks.timezone(), from),
    };
    let (Some(first), Some(second)) = (pattern(one), pattern(two)) else {
        return false;
    };
    // Where the clock never changes it does not matter whether a pattern repeats.
    let is_fixed = one.timezone().following(from).next().is_none();
    first == second || is_fixed && first.has_times_of(&second)
}

/// Whether two anchors in one zone lie a whole number of periods of days or months apart.
fn is_whole(every: Period, one: DateTime, two: DateTime) -> bool {
    if one.time() != two.time() {
        return false;
    }
    match every {
        // Their lengths are absolute, and their anchors are civil.
        Period::Minutes(_) => false,
        Period::Days(days) => {
            let apart = one.date().duration_until(two.date()).as_hours() / 24;
            apart % i64::from(days) == 0
        }
        Period::Months(months) => {
            let count = |at: DateTime| i64::from(at.year()) * 12 + i64::from(at.month());
            one.day() == two.day() && (count(one) - count(two)) % i64::from(months) == 0
        }
    }
}

/// The pattern that matches the ticks of a period; `None` if there is none.
fn pattern(every: Period, anchor: DateTime, zone: &TimeZone, from: Timestamp) -> Option<Cron> {
    let (second, minute, hour) = (anchor.second(), anchor.minute(), anchor.hour());
    if anchor.subsec_nanosecond() != 0 {
        return None;
    }
    let days = match every {
        Period::Minutes(minutes) => {
            return minutely(i64::from(minutes), anchor, zone, from);
        }
        Period::Days(1) => "* * *".to_owned(),
        Period::Days(7) => format!("* * {}", anchor.weekday().to_sunday_zero_offset()),
        Period::Months(months) if anchor.day() <= 28 && 12 % months == 0 => {
            let step = usize::try_from(months).ok()?;
            let first = (i64::from(anchor.month()) - 1) % i64::from(months) + 1;
            let found: Vec<String> = (first..=12)
                .step_by(step)
                .map(|it| it.to_string())
                .collect();
            format!("{} {} *", anchor.day(), found.join(","))
        }
        Period::Days(_) | Period::Months(_) => return None,
    };
    Cron::parse(&format!("{second} {minute} {hour} {days}")).ok()
}

/// The pattern of minutes or hours: they are lengths of time, and patterns go by what the clock shows. So the clock must
/// not change by anything else than whole periods.
fn minutely(minutes: i64, anchor: DateTime, zone: &TimeZone, from: Timestamp) -> Option<Cron> {
    let offset = |at: Timestamp| i64::from(zone.to_offset(at).seconds());
    let first = offset(zone.to_timestamp(anchor).ok()?);
    let moved = |at: Timestamp| (offset(at) - first) % (minutes * 60) == 0;
    let mut changes = zone.following(from).take(CHANGES);
    if !moved(from) || !changes.all(|change| moved(change.timestamp())) {
        return None;
    }
    let (second, minute, hour) = (anchor.second(), anchor.minute(), anchor.hour());
    let list = |first: i64, end: i64, step: i64| {
        let numbers = (first % step..end).step_by(usize::try_from(step).unwrap_or(1));
        let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
        numbers.join(",")
    };
    let text = if minutes < 60 && 60 % minutes == 0 {
        format!("{second} {} * * * *", list(i64::from(minute), 60, minutes))
    } else if minutes % 60 == 0 && 24 % (minutes / 60) == 0 {
        let hours = minutes / 60;
        let is_fixed = hours == 1 || zone.following(from).next().is_none();
        let list = list(i64::from(hour), 24, hours);
        let list = if hours == 1 { "*".to_owned() } else { list };
        is_fixed.then(|| format!("{second} {minute} {list} * * *"))?
    } else {
        return None;
    };
    Cron::parse(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_timezone;

    fn every(period: &str, anchor: &str, zone: &str) -> Schedule {
        let zone = parse_timezone(zone).unwrap();
        Schedule::new(
            anchor.parse().unwrap(),
            Period::parse(period).unwrap(),
            zone,
        )
        .unwrap()
    }

    fn cron(pattern: &str, from: &str, zone: &str) -> Schedule {
        let zone = parse_timezone(zone).unwrap();
        let from: DateTime = from.parse().unwrap();
        let from = zone.to_timestamp(from).unwrap();
        Schedule::of_cron(Cron::parse(pattern).unwrap(), from, zone).unwrap()
    }

    /// Whether two say that they agree; then it is tried for years, too, and around changes of the clock.
    fn agree(one: &Schedule, two: &Schedule) -> bool {
        let from: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let agree = one.agrees_from(two, from);
        assert_eq!(agree, two.agrees_from(one, from));
        if agree {
            let changes = one.timezone().following(from).take(6);
            let changes =
                changes.map(|change| change.timestamp() - jiff::SignedDuration::from_hours(30));
            for start in [from].into_iter().chain(changes) {
                let both = one.slots(start).zip(two.slots(start)).take(200);
                for (one, two) in both {
                    assert_eq!((one.interval, one.due), (two.interval, two.due));
                }
            }
        }
        agree
    }

    #[test]
    fn a_period_agrees_with_the_pattern_of_its_times() {
        let anchor = "2026-02-02T00:00";
        for (period, pattern) in [
            ("1 day", "0 0 * * *"),
            ("1 day", "@daily"),
            ("1 week", "0 0 * * mon"),
            ("1 month", "0 0 2 * *"),
            ("3 months", "0 0 2 2-12/3 *"),
            ("1 year", "0 0 2 feb *"),
            ("1 hour", "0 * * * *"),
            ("15 minutes", "*/15 * * * *"),
            ("15 minutes", "0,15,30,45 * * * *"),
        ] {
            for zone in ["UTC", "Europe/Berlin", "Asia/Kathmandu"] {
                let pattern = cron(pattern, anchor, zone);
                assert!(
                    agree(&every(period, anchor, zone), &pattern),
                    "{period} {zone}"
                );
            }
        }
        let utc = cron("0 */6 * * *", anchor, "UTC");
        assert!(agree(&every("6 hours", anchor, "UTC"), &utc));
        assert!(agree(
            &every("24 hours", anchor, "UTC"),
            &every("1 day", anchor, "UTC")
        ));
    }

    #[test]
    fn what_differs_somewhere_does_not_agree() {
        let anchor = "2026-02-02T00:00";
        for (period, pattern, zone) in [
            ("1 day", "0 1 * * *", "UTC"),
            ("1 day", "0 0 * * 1-5", "UTC"),
            ("1 day", "0 0 * 1-5,7-12 *", "UTC"),
            ("1 week", "0 0 * * tue", "UTC"),
            ("7 minutes", "*/7 * * * *", "UTC"),
            ("7 hours", "0 */7 * * *", "UTC"),
            ("6 hours", "0 */6 * * *", "Europe/Berlin"),
            ("24 hours", "0 0 * * *", "Europe/Berlin"),
            ("1 hour", "0 * * * *", "Australia/Lord_Howe"),
        ] {
            let pattern = cron(pattern, anchor, zone);
            assert!(
                !agree(&every(period, anchor, zone), &pattern),
                "{period} {zone}"
            );
        }
        let berlin = every("1 day", anchor, "Europe/Berlin");
        assert!(!agree(&berlin, &every("1 day", anchor, "UTC")));
        let [one, two] = ["2026-01-31", "2026-02-28"].map(|day| every("1 month", day, "UTC"));
        assert!(!agree(&one, &two));
    }

    #[test]
    fn a_start_that_lies_whole_periods_away_changes_nothing_later() {
        let early = every("2 weeks", "2026-01-05", "Europe/Berlin");
        assert!(agree(
            &early,
            &every("2 weeks", "2026-02-02", "Europe/Berlin")
        ));
        assert!(!agree(
            &early,
            &every("2 weeks", "2026-02-09", "Europe/Berlin")
        ));
        assert!(!agree(
            &early,
            &every("2 weeks", "2026-03-30", "Europe/Berlin")
        ));
    }
}
