//! Tables of what people ask for, and properties over the whole calendar.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::lang::Phase;
use crate::lang::Value;
use crate::lang::test_support::TestScope;

/// The result as HCL without quotes, or the error.
fn shown(text: &str) -> String {
    let shown = TestScope::default().shown(text);
    shown.trim_matches('"').to_owned()
}

fn check(rows: &[(&str, &str)]) {
    for (text, wanted) in rows {
        assert_eq!(shown(text), *wanted, "{text}");
    }
}

#[test]
fn lengths_are_added() {
    check(&[
        (r#"date_add("2026-01-31", "1 month")"#, "2026-02-28"),
        (r#"date_add("2024-01-31", "1 month")"#, "2024-02-29"),
        (r#"date_add("2024-02-29", "1 year")"#, "2025-02-28"),
        (r#"date_add("2024-02-29", "-4 years")"#, "2020-02-29"),
        (r#"date_add("2026-11-24", "-1 day")"#, "2026-11-23"),
        (r#"date_add("2026-11-24", "2 weeks 1 day")"#, "2026-12-09"),
        (
            r#"date_add("2026-01-31", "1 quarter -1 day")"#,
            "2026-04-29",
        ),
        (r#"date_add("2026-11-24", "-0 days")"#, "2026-11-24"),
        (
            r#"date_add("2026-11-24T23:30:00+01:00", "1 hour")"#,
            "2026-11-25T00:30:00+01:00",
        ),
        (
            r#"date_add("2026-11-24T06:00:00.25Z", "90 seconds")"#,
            "2026-11-24T06:01:30.25Z",
        ),
        // Over the end of summer time: the same time of day in the zone, the same offset without.
        (
            r#"date_add("2026-10-24T06:00:00+02:00", "1 day", "Europe/Berlin")"#,
            "2026-10-25T06:00:00+01:00",
        ),
        (
            r#"date_add("2026-10-24T06:00:00+02:00", "1 day")"#,
            "2026-10-25T06:00:00+02:00",
        ),
        (
            r#"date_add("2026-10-24T06:00:00+02:00", "24 hours", "Europe/Berlin")"#,
            "2026-10-25T05:00:00+01:00",
        ),
        // 02:30 does not exist on the day that summer time begins; it is there twice on the day that it ends.
        (
            r#"date_add("2026-03-28T02:30:00+01:00", "1 day", "Europe/Berlin")"#,
            "2026-03-29T03:30:00+02:00",
        ),
        (
            r#"date_add("2026-10-24T02:30:00+02:00", "1 day", "Europe/Berlin")"#,
            "2026-10-25T02:30:00+02:00",
        ),
    ]);
}

#[test]
fn dates_and_times_are_cut() {
    let at = |unit: &str| format!(r#"date_trunc("2026-11-26T10:20:30.5+01:00", "{unit}")"#);
    for (unit, wanted) in [
        ("second", "2026-11-26T10:20:30+01:00"),
        ("minute", "2026-11-26T10:20:00+01:00"),
        ("hours", "2026-11-26T10:00:00+01:00"),
        ("day", "2026-11-26T00:00:00+01:00"),
        ("week", "2026-11-23T00:00:00+01:00"),
        ("monday", "2026-11-23T00:00:00+01:00"),
        ("sunday", "2026-11-22T00:00:00+01:00"),
        ("thursday", "2026-11-26T00:00:00+01:00"),
        ("month", "2026-11-01T00:00:00+01:00"),
        ("quarter", "2026-10-01T00:00:00+01:00"),
        ("year", "2026-01-01T00:00:00+01:00"),
    ] {
        assert_eq!(shown(&at(unit)), wanted, "{unit}");
    }
    check(&[
        (r#"date_trunc("2026-11-26", "week")"#, "2026-11-23"),
        (r#"date_trunc("2026-11-26", "day")"#, "2026-11-26"),
        // The day of the zone, and its offset at the start.
        (
            r#"date_trunc("2026-11-26T02:00:00Z", "day", "America/New_York")"#,
            "2026-11-25T00:00:00-05:00",
        ),
        (
            r#"date_trunc("2026-11-26T02:00:00Z", "year", "America/New_York")"#,
            "2026-01-01T00:00:00-05:00",
        ),
        (
            r#"date_trunc("2026-07-04T12:00:00-04:00", "month", "America/New_York")"#,
            "2026-07-01T00:00:00-04:00",
        ),
        // The second 02:30 of that night stays in the second hour.
        (
            r#"date_trunc("2026-10-25T02:30:00+01:00", "hour", "Europe/Berlin")"#,
            "2026-10-25T02:00:00+01:00",
        ),
        // A day that begins at one o'clock.
        (
            r#"date_trunc("2018-11-04T12:00:00-02:00", "day", "America/Sao_Paulo")"#,
            "2018-11-04T01:00:00-02:00",
        ),
        (r#"date_last_day("2026-02-05", "month")"#, "2026-02-28"),
        (r#"date_last_day("2024-02-05", "months")"#, "2024-02-29"),
        (r#"date_last_day("2026-11-26", "week")"#, "2026-11-29"),
        (r#"date_last_day("2026-11-26", "sunday")"#, "2026-11-28"),
        (r#"date_last_day("2026-11-26", "quarter")"#, "2026-12-31"),
        (r#"date_last_day("2026-04-30", "quarter")"#, "2026-06-30"),
        (r#"date_last_day("9999-11-26", "year")"#, "9999-12-31"),
        (
            r#"date_last_day("2026-12-01T02:00:00Z", "month", "America/New_York")"#,
            "2026-11-30",
        ),
    ]);
}

#[test]
fn what_lies_between_is_counted() {
    check(&[
        (r#"date_diff("2026-01-01", "2026-03-01", "days")"#, "59"),
        (r#"date_diff("2024-01-01", "2024-03-01", "day")"#, "60"),
        (r#"date_diff("2026-03-01", "2026-01-01", "day")"#, "-59"),
        (r#"date_diff("2026-01-31", "2026-02-28", "month")"#, "0"),
        (r#"date_diff("2026-01-28", "2026-02-28", "month")"#, "1"),
        (r#"date_diff("2020-02-29", "2026-02-28", "year")"#, "5"),
        (r#"date_diff("2026-01-01", "2026-12-31", "quarter")"#, "3"),
        (r#"date_diff("2026-01-01", "2026-01-14", "week")"#, "1"),
        (
            r#"date_diff("2026-11-24T00:00:00Z", "2026-11-25T00:00:00+01:00", "hour")"#,
            "23",
        ),
        (
            r#"date_diff("2026-11-24T00:00:00Z", "2026-11-25T00:00:00+01:00", "day")"#,
            "0",
        ),
        // A day of 25 hours is a day in its zone.
        (
            r#"date_diff("2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", "day", "Europe/Berlin")"#,
            "1",
        ),
        (
            r#"date_diff("2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", "minute")"#,
            "1500",
        ),
        (
            r#"date_diff("2026-11-24", "2026-11-25T03:00:00Z", "day", "America/New_York")"#,
            "0",
        ),
    ]);
}

#[test]
fn parts_and_formats_are_read_and_written() {
    let at = "2026-01-01T03:04:05+01:00";
    for (part, wanted) in [
        ("year", "2026"),
        ("quarter", "1"),
        ("month", "1"),
        ("week", "1"),
        ("week_year", "2026"),
        ("day", "1"),
        ("day_of_year", "1"),
        ("weekday", "4"),
        ("hour", "3"),
        ("minute", "4"),
        ("second", "5"),
    ] {
        assert_eq!(shown(&format!(r#"date_part("{at}", "{part}")"#)), wanted);
    }
    check(&[
        (r#"date_part("2027-01-01", "week")"#, "53"),
        (r#"date_part("2027-01-01", "week_year")"#, "2026"),
        (r#"date_part("2026-11-29", "weekday")"#, "7"),
        (
            r#"date_part("2026-11-26T02:00:00Z", "hour", "America/New_York")"#,
            "21",
        ),
        (
            r#"date_format("2026-11-26", "%Y/%m/%d, %A, week %V")"#,
            "2026/11/26, Thursday, week 48",
        ),
        (
            r#"date_format("2026-11-26T02:00:00Z", "%d.%m. %H:%M %Z", "America/New_York")"#,
            "25.11. 21:00 EST",
        ),
        (r#"date_format("2026-11-26", "100%%")"#, "100%"),
        (r#"date_parse("26.11.2026", "%d.%m.%Y")"#, "2026-11-26"),
        (
            r#"date_parse("26/Nov/2026:10:20:30 -0500", "%d/%b/%Y:%H:%M:%S %z")"#,
            "2026-11-26T10:20:30-05:00",
        ),
        (
            r#"date_parse("26/Nov/2026:10:20:30 -0500", "%d/%b/%Y:%H:%M:%S %z", "UTC")"#,
            "2026-11-26T15:20:30Z",
        ),
        (
            r#"date_parse("2026-07-01 10:20", "%Y-%m-%d %H:%M", "Europe/Berlin")"#,
            "2026-07-01T10:20:00+02:00",
        ),
        (
            r#"date_parse("2026-07-01 10:20", "%Y-%m-%d %H:%M")"#,
            "2026-07-01T10:20:00Z",
        ),
        (r#"date_parse("1790000000", "%s")"#, "2026-09-21T14:13:20Z"),
        (
            r#"date_parse("2026-07-01 10:20 Europe/Berlin", "%Y-%m-%d %H:%M %Q")"#,
            "2026-07-01T10:20:00+02:00",
        ),
    ]);
}

#[test]
fn times_are_put_into_zones() {
    check(&[
        (
            r#"date_in_zone("2026-11-24T00:00:00Z", "America/Los_Angeles")"#,
            "2026-11-23T16:00:00-08:00",
        ),
        (
            r#"date_in_zone("2026-11-24T00:00:00+01:00", "UTC")"#,
            "2026-11-23T23:00:00Z",
        ),
        (
            r#"date_in_zone("2026-11-24T00:00:00Z", "+05:30")"#,
            "2026-11-24T05:30:00+05:30",
        ),
        (
            r#"date_in_zone("2026-11-24", "europe/berlin")"#,
            "2026-11-24T00:00:00+01:00",
        ),
        (
            r#"date_in_zone("2026-11-24T06:00", "Europe/Berlin")"#,
            "2026-11-24T06:00:00+01:00",
        ),
        // Berlin's own time of 1880 was 53 minutes and 28 seconds ahead.
        (
            r#"date_in_zone("1880-01-01T00:00:00Z", "Europe/Berlin")"#,
            "1880-01-01T00:53:00+00:53",
        ),
    ]);
}

#[test]
fn business_days_are_gone() {
    check(&[
        (r#"date_is_business_day("2026-11-27")"#, "true"),
        (r#"date_is_business_day("2026-11-28")"#, "false"),
        (
            r#"date_is_business_day("2026-12-25", ["2026-12-25"])"#,
            "false",
        ),
        (r#"date_is_business_day("2026-12-24", null)"#, "true"),
        (r#"date_add_business_days("2026-11-27", 1)"#, "2026-11-30"),
        (r#"date_add_business_days("2026-11-27", -5)"#, "2026-11-20"),
        (r#"date_add_business_days("2026-11-28", 0)"#, "2026-11-30"),
        (r#"date_add_business_days("2026-11-28", 1)"#, "2026-11-30"),
        (r#"date_add_business_days("2026-11-28", -1)"#, "2026-11-27"),
        (
            r#"date_add_business_days("2026-12-24", 1, toset(["2026-12-25", "2026-12-28"]))"#,
            "2026-12-29",
        ),
        (
            r#"date_add_business_days("2026-12-29", -1, ["2026-12-25", "2026-12-26", "2026-12-28"])"#,
            "2026-12-24",
        ),
        (
            r#"date_add_business_days("2026-11-27T18:00:00+01:00", 1)"#,
            "2026-11-30T18:00:00+01:00",
        ),
    ]);
}

fn refused(rows: &[(&str, &str)]) {
    for (text, reason) in rows {
        let shown = shown(text);
        assert!(shown.contains(reason), "{text}: {shown}");
    }
}

#[test]
fn wrong_dates_and_lengths_say_what_is_meant() {
    refused(&[
        (r#"date_add("soon", "1 day")"#, "neither a date such as"),
        (r#"date_add("2026-02-29", "1 day")"#, "2026 is no leap year"),
        (
            r#"date_add("2026-04-31", "1 day")"#,
            "this month goes from 01 to 30",
        ),
        (
            r#"date_add("2026-13-01", "1 day")"#,
            "months go from 01 to 12",
        ),
        (
            r#"date_add("2026-02-29T00:00:00Z", "1 day")"#,
            "no leap year",
        ),
        (
            r#"date_add("2026-02-28T25:00:00Z", "1 day")"#,
            "no time of the clock",
        ),
        (r#"date_add("2026-02-28T05:00", "1 day")"#, "has no offset"),
        (
            r#"date_add("2026-11-24", "2 hours")"#,
            "a date has no hours",
        ),
        (r#"date_add("2026-11-24", "1 dya")"#, "Did you mean `day`?"),
        (r#"date_add("2026-11-24", "8000 years")"#, "too far away"),
        (r#"date_add("2026-11-24", "-2027 years")"#, "too far away"),
        (
            r#"date_add("2026-11-24", "9223372036854775807 weeks")"#,
            "too far away",
        ),
    ]);
}

#[test]
fn wrong_units_zones_and_formats_say_what_is_meant() {
    refused(&[
        (
            r#"date_trunc("2026-11-24", "fortnight")"#,
            "there is no unit `fortnight`",
        ),
        (
            r#"date_trunc("2026-11-24", "sundy")"#,
            "Did you mean `sunday`?",
        ),
        (r#"date_trunc("2026-11-24", "hour")"#, "a date has no hours"),
        (
            r#"date_last_day("2026-11-24", "day")"#,
            "`day` has no last day",
        ),
        (
            r#"date_in_zone("2026-11-24", "Berlin")"#,
            "Did you mean `Europe/Berlin`?",
        ),
        (
            r#"date_in_zone("2026-11-24", "new york")"#,
            "Did you mean `America/New_York`?",
        ),
        (
            r#"date_in_zone("2026-11-24", "Europe/Berln")"#,
            "Did you mean `Europe/Berlin`?",
        ),
        (r#"date_in_zone("2026-11-24", "+5")"#, "no offset such as"),
        (
            r#"date_in_zone("2026-11-24", "Mars/Olympus")"#,
            "Write the name of the place",
        ),
        (
            r#"date_part("2026-11-24", "dayofyear")"#,
            "Did you mean `day_of_year`?",
        ),
        (r#"date_part("2026-11-24", "hour")"#, "a date has no hours"),
        (
            r#"date_format("2026-11-24", "YYYY-MM-DD")"#,
            "those of `formatdate`",
        ),
        (r#"date_format("2026-11-24", "%H")"#, "does not fit"),
        (r#"date_format("2026-11-24", "%!")"#, "does not fit"),
        (r#"date_parse("24.11.", "%d.%m.")"#, "no date or time"),
        (r#"date_parse("x", "%d")"#, "is not written as"),
        (
            r#"date_diff("2026-11-24", "2026-11-25", "hours")"#,
            "a date has no hours",
        ),
        (
            r#"date_add_business_days("2026-11-24", 1.5)"#,
            "a whole number of days",
        ),
        (
            r#"date_add_business_days("2026-11-24", 1, ["2026-02-30"])"#,
            "this month goes from",
        ),
        (
            r#"date_add("2026-11-24", "1 day", "UTC", "UTC")"#,
            "date_add(time, length, [zone])",
        ),
    ]);
}

#[test]
fn deferred_arguments_stay() {
    let scope = TestScope::new("{}", &["run"]);
    for (text, residual) in [
        (
            r#""s3://x/${date_add(run.date, "-1 day")}/""#,
            r#""s3://x/${date_add(run.date, "-1 day")}/""#,
        ),
        (
            r#"date_trunc(date_add("2026-11-24", "1 day"), run.unit)"#,
            r#"date_trunc("2026-11-25", run.unit)"#,
        ),
    ] {
        assert_eq!(scope.shown(text), residual);
    }
}

const ZONES: [&str; 9] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Monrovia",
    "Asia/Kathmandu",
    "America/St_Johns",
];

const UNITS: [&str; 11] = [
    "second",
    "minute",
    "hour",
    "day",
    "week",
    "sunday",
    "wednesday",
    "month",
    "quarter",
    "year",
    "monday",
];

/// Years that can be written, some far from the edges.
fn date() -> impl Strategy<Value = Date> {
    (0i16..=9999, 1i8..=12, 1i8..=31).prop_map(|(year, month, day)| {
        let first = Date::constant(year, month, 1);
        Date::constant(year, month, day.min(first.days_in_month()))
    })
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        // The years in which clocks change.
        (-3_000_000_000i64..4_000_000_000).boxed(),
        (-62_135_596_800i64..253_370_764_800).boxed(),
    ]
    .prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn evaluated(text: &str) -> Result<Value, String> {
    let scope = TestScope::default();
    let value = scope.evaluate(text, Phase::Run);
    value.ok_or_else(|| format!("{text}: {:?}", scope.reported.borrow()))
}

fn text_of(text: &str) -> Result<String, TestCaseError> {
    match evaluated(text) {
        Ok(Value::String(text)) => Ok(text.to_string()),
        other => Err(TestCaseError::fail(format!("{text}: {other:?}"))),
    }
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

proptest! {
    #[test]
    fn cutting_twice_is_cutting_once(time in time(), unit in prop::sample::select(&UNITS[..]), zone in prop::sample::select(&ZONES[..])) {
        let once = text_of(&format!(r#"date_trunc("{time}", "{unit}", "{zone}")"#))?;
        let twice = text_of(&format!(r#"date_trunc("{once}", "{unit}", "{zone}")"#))?;
        prop_assert_eq!(&once, &twice);
        prop_assert!(instant(&once) <= time, "{} is after {}", once, time);
    }

    #[test]
    fn what_is_cut_is_in_the_same_span(date in date(), unit in prop::sample::select(&UNITS[3..])) {
        let first = evaluated(&format!(r#"date_trunc("{date}", "{unit}")"#));
        let last = if unit == "day" { Ok(Value::string(date.to_string())) } else { evaluated(&format!(r#"date_last_day("{date}", "{unit}")"#)) };
        // The first and the last week go beyond the calendar.
        if let (Ok(Value::String(first)), Ok(Value::String(last))) = (&first, &last) {
            prop_assert!(**first <= *date.to_string() && *date.to_string() <= **last);
            let again = text_of(&format!(r#"date_trunc("{last}", "{unit}")"#))?;
            prop_assert_eq!(&again, &**first);
        } else {
            prop_assert!(date.year() == 0 || date.year() == 9999);
        }
    }

    #[test]
    fn days_come_back(date in date(), days in -100_000i64..100_000) {
        if let Ok(Value::String(there)) = evaluated(&format!(r#"date_add("{date}", "{days} days")"#)) {
            prop_assert_eq!(text_of(&format!(r#"date_add("{there}", "{} days")"#, -days))?, date.to_string());
            prop_assert_eq!(evaluated(&format!(r#"date_diff("{date}", "{there}", "days")"#)), Ok(Value::Number(days.into())));
        }
    }

    #[test]
    fn months_keep_the_day_or_take_the_last(date in date(), months in -2000i64..2000) {
        if let Ok(Value::String(there)) = evaluated(&format!(r#"date_add("{date}", "{months} months")"#)) {
            let there: Date = there.parse().unwrap();
            let number = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
            prop_assert_eq!(number(there), number(date) + months);
            prop_assert_eq!(there.day(), date.day().min(there.days_in_month()));
        }
    }

    #[test]
    fn clock_time_comes_back(time in time(), minutes in -1_000_000i64..1_000_000, zone in prop::sample::select(&ZONES[..])) {
        if let Ok(Value::String(there)) = evaluated(&format!(r#"date_add("{time}", "{minutes} minutes", "{zone}")"#)) {
            let back = text_of(&format!(r#"date_add("{there}", "{} minutes")"#, -minutes))?;
            prop_assert_eq!(instant(&back), time);
        }
    }

    #[test]
    fn a_zone_does_not_change_the_moment(time in time(), zone in prop::sample::select(&ZONES[..])) {
        if let Ok(Value::String(there)) = evaluated(&format!(r#"date_in_zone("{time}", "{zone}")"#)) {
            prop_assert_eq!(instant(&there), time);
            prop_assert!(super::dates::is_rfc3339(&there), "{}", there);
        }
    }

    #[test]
    fn what_is_formatted_is_parsed(time in time(), zone in prop::sample::select(&ZONES[..])) {
        let format = "%d/%b/%Y %H:%M:%S %z";
        if let Ok(Value::String(written)) = evaluated(&format!(r#"date_format("{time}", "{format}", "{zone}")"#)) {
            let read = text_of(&format!(r#"date_parse("{written}", "{format}", "UTC")"#))?;
            prop_assert_eq!(instant(&read), time);
        }
    }

    #[test]
    fn business_days_are_counted_one_by_one(date in date(), days in -60i64..60, holidays in prop::collection::btree_set(-90i64..90, 0..40)) {
        let holidays: BTreeSet<Date> = holidays.iter()
            .filter_map(|days| date.checked_add(jiff::Span::new().days(*days)).ok())
            .filter(|date| date.year() >= 0)
            .collect();
        let list: Vec<String> = holidays.iter().map(|date| format!("\"{date}\"")).collect();
        let result = evaluated(&format!(r#"date_add_business_days("{date}", {days}, [{}])"#, list.join(", ")));
        let works = |date: Date| date.weekday().to_monday_zero_offset() < 5 && !holidays.contains(&date);
        let mut expected = Some(date);
        let mut left = days.abs();
        let step = |date: Date| if days < 0 { date.yesterday().ok() } else { date.tomorrow().ok() };
        if days == 0 && !works(date) {
            left = 1;
        }
        while let (Some(date), true) = (expected, left > 0) {
            expected = step(date);
            left -= i64::from(expected.is_some_and(works));
        }
        match expected.filter(|date| date.year() >= 0) {
            Some(expected) => prop_assert_eq!(result, Ok(Value::string(expected.to_string()))),
            None => prop_assert!(result.is_err()),
        }
    }

    #[test]
    fn no_text_panics(
        function in prop::sample::select(vec!["date_add", "date_trunc", "date_last_day", "date_format", "date_parse", "date_part", "date_in_zone"]),
        time in "[-+0-9TZ:.]{0,30}|\\PC{0,12}|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{0,12})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?",
        second in "\\PC{0,12}|%[-_0^#]?[0-9]{0,4}[.:]{0,3}[a-zA-Z%]( %[a-zA-Z])?|-?[0-9]{1,20} (days|months|years|hours)|[A-Z][a-z]+/[A-Z][a-z]+|hour|week|month",
    ) {
        let quoted = |text: &str| crate::lang::print::value(&Value::string(text));
        let scope = TestScope::default();
        let text = format!("{function}({}, {})", quoted(&time), quoted(&second));
        let value = scope.evaluate(&text, Phase::Run);
        prop_assert!(value.is_some() || !scope.reported.borrow().is_empty());
    }
}

/// Each row of the book's tables: an expression with `t`, or a format, and its value.
#[test]
fn what_the_book_says_of_data_pipeline_is_true() {
    let page = include_str!("../../../../docs/src/calendar.md");
    let scope = TestScope::new(r#"{ t = "2011-05-24T17:10:00Z" }"#, &[]);
    let mut count = 0;
    for row in page.lines() {
        let Some(row) = row
            .strip_prefix("| `")
            .and_then(|row| row.strip_suffix("` |"))
        else {
            continue;
        };
        let (start, value) = row.rsplit_once("` | `").unwrap();
        let (_, expression) = start.rsplit_once(" | `").unwrap();
        let text = if expression.starts_with('%') {
            format!("date_format(t, \"{expression}\")")
        } else {
            expression.to_owned()
        };
        let shown = scope.shown(&text);
        assert_eq!(shown.trim_matches('"'), value, "{text}");
        count += 1;
    }
    assert!(count > 50, "{count}");
}

#[test]
fn the_zones_of_the_tests_are_there() {
    for zone in ZONES {
        assert!(TimeZone::get(zone).is_ok(), "{zone}");
    }
}
