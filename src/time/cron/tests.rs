//! Tables and properties of patterns and their ticks.

use std::collections::BTreeSet;

use jiff::Span;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::date;
use jiff::tz::AmbiguousOffset;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::Cron;
use super::CronError;
use super::CronTicks;
use crate::time::testing::any_zone;
use crate::time::zone::civil_second;

/// The days of a year that match.
fn days(pattern: &str, year: i16) -> Vec<String> {
    let cron = Cron::parse(pattern).unwrap();
    date(year, 1, 1)
        .series(Span::new().days(1))
        .take_while(|day| day.year() == year)
        .filter(|day| cron.0.days.matches(*day))
        .map(|day| day.strftime("%m-%d").to_string())
        .collect()
}

/// The times of a day that match.
fn times(pattern: &str) -> Vec<String> {
    let clock = Cron::parse(pattern).unwrap().0.clock;
    (0..clock.per_day())
        .map(|number| {
            let second = clock.nth(number).unwrap();
            let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
            format!("{hour:02}:{minute:02}:{second:02}")
        })
        .collect()
}

#[test]
fn fields_are_lists_ranges_steps_and_names() {
    assert_eq!(times("30 2 * * *"), ["02:30:00"]);
    assert_eq!(times("15 30 2 * * *"), ["02:30:15"]);
    assert_eq!(
        times("0,30 8-9 * * *"),
        ["08:00:00", "08:30:00", "09:00:00", "09:30:00"]
    );
    assert_eq!(
        times("5-50/20 23 * * *"),
        ["23:05:00", "23:25:00", "23:45:00"]
    );
    assert_eq!(times("*/20 */12 * * *").len(), 6);
    assert_eq!(times("* * * * * *").len(), 86_400);
    for (pattern, year, wanted) in [
        ("0 0 L FEB *", 2026, &["02-28"][..]),
        ("0 0 L FEB *", 2028, &["02-29"]),
        ("0 0 29 feb *", 2028, &["02-29"]),
        ("0 0 29 feb *", 2026, &[]),
        (
            "0 0 15W 8,11 *",
            2026,
            &["08-14", "11-16"], // a Saturday and a Sunday
        ),
        ("0 0 1W 8 *", 2026, &["08-03"]),
        ("0 0 LW 5 *", 2026, &["05-29"]),
        ("0 0 * 11 FRI#2", 2026, &["11-13"]),
        ("0 0 * 11 5L", 2026, &["11-27"]),
        ("0 0 * 11 5#L", 2026, &["11-27"]),
        ("0 0 * 11 sat-sun#1", 2026, &["11-01", "11-07"]),
        ("0 0 13 * +FRI", 2026, &["02-13", "03-13", "11-13"]),
        (
            "0 0 30 11 mon",
            2026,
            &["11-02", "11-09", "11-16", "11-23", "11-30"],
        ),
        ("0 0 */10 2 *", 2026, &["02-01", "02-11", "02-21"]),
        ("0 0 ? 1 0", 2026, &["01-04", "01-11", "01-18", "01-25"]),
        ("0 0 ? 1 7", 2026, &["01-04", "01-11", "01-18", "01-25"]),
        ("@yearly", 2026, &["01-01"]),
    ] {
        assert_eq!(days(pattern, year), wanted, "{pattern} in {year}");
    }
    assert_eq!(days("0 0 * * MON-FRI", 2026).len(), 261);
}

#[test]
fn what_is_no_pattern_is_refused_with_the_field() {
    for (text, wanted) in [
        ("", "`` has 0 fields"),
        ("0 2 * *", "`0 2 * *` has 4 fields"),
        ("0 0 2 * * * 2027", "has 7 fields"),
        (
            "60 2 * * *",
            "the minute `60` is not right: number out of bounds",
        ),
        ("0 24 * * *", "the hour `24` is not right"),
        ("0 0 0 * *", "the day of the month `0` is not right"),
        ("0 0 32 * *", "the day of the month `32` is not right"),
        ("0 0 * 13 *", "the month `13` is not right"),
        ("0 0 * * 8", "the day of the week `8` is not right"),
        ("0 0 * * MON#6", "the day of the week `MON#6` is not right"),
        (
            "0 0 * * MO",
            "the day of the week `MO` is not right: it has a character that has no meaning there",
        ),
        ("61 0 0 * * *", "the second `61` is not right"),
        ("*/0 0 * * *", "the minute `*/0` is not right"),
        (
            "*/90 * * * *",
            "the minute `*/90` is not right: it has 60 values, and the step of 90",
        ),
        ("0 0 1-7/8,1/32 * *", "the day of the month `1-7/8,1/32`"),
        (
            "0 22-2 * * *",
            "the hour `22-2` is not right: range out of bounds",
        ),
        (
            "0 1,,2 * * *",
            "the hour `1,,2` is not right: between two commas",
        ),
        ("0 , * * *", "the hour `,` is not right"),
        ("0 0 30 2 *", "`0 0 30 2 *` never fires"),
        ("0 0 31 2,4,6,9,11 *", "never fires"),
        (
            "0 0 * * L",
            "the day of the week `L` is not right: `L` stands behind a day",
        ),
        ("@reboot", "`@reboot` is no cron pattern"),
        ("ж * * * *", "the minute `ж` is not right"),
    ] {
        let error = Cron::parse(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
    assert!(matches!(
        Cron::parse("0 0 30 feb *"),
        Err(CronError::Never(_))
    ));
}

#[test]
fn patterns_are_equal_when_they_match_the_same_times() {
    let read = |text: &str| Cron::parse(text).unwrap();
    for (one, other) in [
        ("0 0 * * 0", "0 0 * * 7"),
        ("0 0 * * 1-5", "0  0 * * MON-fri"),
        ("0 0 1 1 *", "@yearly"),
        ("0 * * * *", "0 0-23 * * *"),
        ("*/30 * * * *", "0,30 * * * *"),
        ("0 30 2 * * *", "30 2 * * *"),
        ("0 0 29 2 *", "0 0 L 2 +*"),
    ] {
        let same = read(one) == read(other);
        assert_eq!(same, other != "0 0 L 2 +*", "{one} and {other}");
    }
    assert_ne!(read("0 2 * * *"), read("0 3 * * *"));
    assert_ne!(read("*/30 2 * * *"), read("0,30 2 * * *"));
}

fn ticks(pattern: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let zone = TimeZone::get(zone).unwrap();
    let from = from.parse().unwrap();
    let ticks = CronTicks::new(Cron::parse(pattern).unwrap(), from, zone.clone()).unwrap();
    let later = |at: &Timestamp| ticks.next(crate::time::zone::just_after(*at));
    std::iter::successors(Some(ticks.first()), later)
        .take(count)
        .map(|at| {
            at.to_zoned(zone.clone())
                .strftime("%dT%H:%M%:z")
                .to_string()
        })
        .collect()
}

#[test]
fn a_time_that_does_not_exist_moves_and_one_that_comes_twice_is_the_first() {
    let spring = "2026-03-28T12:00:00Z";
    let autumn = "2026-10-24T12:00:00Z";
    assert_eq!(
        ticks("30 2 * * *", "Europe/Berlin", spring, 2),
        ["29T03:30+02:00", "30T02:30+02:00"]
    );
    assert_eq!(
        ticks("30 2 * * *", "Europe/Berlin", autumn, 2),
        ["25T02:30+02:00", "26T02:30+01:00"]
    );
    assert_eq!(
        ticks("0 2,3 * * *", "Europe/Berlin", spring, 3),
        ["29T03:00+02:00", "30T02:00+02:00", "30T03:00+02:00"],
        "what falls together is one tick"
    );
    assert_eq!(
        ticks(
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-04T00:00:00Z",
            2
        ),
        ["05T01:45+11:00", "06T01:45+10:30"]
    );
    assert_eq!(
        ticks(
            "15 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-03T00:00:00Z",
            2
        ),
        ["04T02:45+11:00", "05T02:15+11:00"]
    );
    assert_eq!(
        ticks("30 0 * * *", "Africa/Cairo", "2024-04-25T12:00:00Z", 2),
        ["26T01:30+03:00", "27T00:30+03:00"]
    );
    assert_eq!(
        ticks("0 12 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3),
        ["29T12:00-10:00", "31T12:00+14:00", "01T12:00+14:00"]
    );
}

#[test]
fn what_repeats_fires_in_both_passes() {
    assert_eq!(
        ticks("0 * * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", 4),
        [
            "25T01:00+02:00",
            "25T02:00+02:00",
            "25T02:00+01:00",
            "25T03:00+01:00"
        ]
    );
    assert_eq!(
        ticks("*/30 2 * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", 5),
        [
            "25T02:00+02:00",
            "25T02:30+02:00",
            "25T02:00+01:00",
            "25T02:30+01:00",
            "26T02:00+01:00"
        ]
    );
    assert_eq!(
        ticks("0 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3),
        ["29T01:00+01:00", "29T03:00+02:00", "29T04:00+02:00"]
    );
    assert_eq!(
        ticks("0 */2 * * *", "Europe/Berlin", "2026-03-28T23:00:00Z", 3),
        ["29T00:00+01:00", "29T03:00+02:00", "29T04:00+02:00"],
        "two hours, then one: none is lost"
    );
    assert_eq!(
        ticks(
            "0 * * * *",
            "Australia/Lord_Howe",
            "2026-10-03T14:30:00Z",
            3
        ),
        ["04T01:00+10:30", "04T02:30+11:00", "04T03:00+11:00"]
    );
}

#[test]
fn rare_days_are_found() {
    assert_eq!(
        ticks("0 0 29 2 *", "Europe/Berlin", "2096-03-01T00:00:00Z", 1),
        ["29T00:00+01:00"]
    );
    let cron = Cron::parse("0 0 29 2 +MON").unwrap();
    let from = "2024-03-01T00:00:00Z".parse().unwrap();
    let rare = CronTicks::new(cron, from, TimeZone::get("America/New_York").unwrap()).unwrap();
    assert_eq!(rare.first().to_string(), "2044-02-29T05:00:00Z");
    assert_eq!(rare.nth(2).unwrap().to_string(), "2112-02-29T05:00:00Z");
}

/// Ticks as the policy says, by looking at every civil time of some days.
fn by_hand(cron: &Cron, zone: &TimeZone, from: Date, days: i32) -> BTreeSet<Timestamp> {
    let mut found = BTreeSet::new();
    let start = civil_second(from.at(0, 0, 0, 0)).unwrap();
    let mut next = cron.next(start);
    while let Some(second) = next.filter(|second| *second < start + i64::from(days) * 86_400) {
        let civil = crate::time::zone::civil(second);
        let at = zone.to_ambiguous_timestamp(civil);
        if cron.repeats() && matches!(at.offset(), AmbiguousOffset::Fold { .. }) {
            found.insert(at.later().unwrap());
        }
        found.insert(at.compatible().unwrap());
        next = cron.next(second + 1);
    }
    found
}

fn patterns() -> impl Strategy<Value = String> {
    let minute = prop::sample::select(vec!["0", "30", "*/20", "7,37", "*", "45-50", "59"]);
    let hour = prop::sample::select(vec!["*", "0", "2", "*/5", "0,23", "1-3", "0-23", "1"]);
    let day = prop::sample::select(vec!["*", "*", "*", "1", "L", "15W", "*/3", "31", "30"]);
    let month = prop::sample::select(vec!["*", "*", "*", "3,10", "12", "2"]);
    let weekday = prop::sample::select(vec!["*", "*", "*", "1-5", "SUN", "5#2", "+MON", "6L"]);
    (minute, hour, day, month, weekday)
        .prop_map(|(minute, hour, day, month, weekday)| {
            format!("{minute} {hour} {day} {month} {weekday}")
        })
        .prop_filter("never fires", |text| Cron::parse(text).is_ok())
}

proptest! {
    #[test]
    fn ticks_are_those_of_the_policy(
        pattern in patterns(),
        (zone, around) in any_zone(),
        asked in 0_i64..40 * 86_400,
    ) {
        let cron = Cron::parse(&pattern).unwrap();
        let days = 40;
        let from = zone.to_datetime(around).date().checked_sub(Span::new().days(20)).unwrap();
        let all = by_hand(&cron, &zone, from, days);
        let begin = zone.to_timestamp(from.at(0, 0, 0, 0)).unwrap();
        let begin = begin.max(all.first().copied().unwrap_or(begin));
        let all: Vec<Timestamp> = all.into_iter().collect();
        let Some(ticks) = CronTicks::new(cron, begin, zone.clone()) else { return Ok(()) };
        let second = jiff::SignedDuration::from_secs(1);
        let mut at = begin;
        for wanted in &all {
            prop_assert_eq!(ticks.next(at), Some(*wanted), "{} in {:?}", pattern, zone.iana_name());
            prop_assert_eq!(ticks.previous(*wanted + second / 2), Some(*wanted));
            at = *wanted + second;
        }
        let asked = begin + jiff::SignedDuration::from_secs(asked);
        if let Some(last) = all.last().filter(|last| **last > asked) {
            let before = all.iter().filter(|tick| **tick < asked).count();
            prop_assert_eq!(ticks.count(begin, asked), before as u64);
            prop_assert_eq!(ticks.nth(before as u64), all.get(before).copied());
            prop_assert_eq!(ticks.previous(asked), all.iter().rfind(|tick| **tick <= asked).copied());
            prop_assert_eq!(ticks.count(asked, *last), (all.len() - before - 1) as u64);
        }
    }

    #[test]
    fn far_ticks_are_counted_as_they_are_found(
        pattern in patterns(),
        (zone, around) in any_zone(),
        number in 0_u64..3_000,
    ) {
        let Some(ticks) = CronTicks::new(Cron::parse(&pattern).unwrap(), around, zone) else { return Ok(()) };
        let Some(found) = ticks.nth(number) else { return Ok(()) };
        prop_assert_eq!(ticks.count(ticks.first(), found), number);
        prop_assert_eq!(ticks.next(found), Some(found));
        prop_assert_eq!(ticks.previous(found), Some(found));
    }

    #[test]
    fn no_text_is_too_much(text in "[-0-9*/,#LW?+@A-Za-zж ]{0,40}") {
        drop(Cron::parse(&text));
    }
}

#[test]
fn descriptions_say_what_a_pattern_means() {
    for (pattern, wanted) in [
        ("30 2 * * *", "at 02:30"),
        ("*/15 * * * *", "at every 15 minutes"),
        ("*/25 * * * *", "at minute 0, 25, and 50 past every hour"),
        ("0 */7 * * *", "at minute 0, of hour 0, 7, 14, and 21"),
        ("0 0 L * *", "at 00:00, on the last day of the month"),
        (
            "0 0 LW * *",
            "at 00:00, on the last day from Monday to Friday of the month",
        ),
        ("0 0 * * friL", "at 00:00, on the last Friday of the month"),
        ("@daily", "at 00:00"),
    ] {
        assert_eq!(
            Cron::parse(pattern).unwrap().describe(),
            wanted,
            "{pattern}"
        );
    }
}

#[test]
fn a_bare_l_is_no_day_of_the_week() {
    let error = Cron::parse("0 0 * * L").unwrap_err().to_string();
    assert!(
        error.contains("the day of the week `L` is not right"),
        "{error}"
    );
    assert!(error.contains("friL"), "{error}");
}
