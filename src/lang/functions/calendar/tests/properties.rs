//! Properties over the whole calendar.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::super::dates;
use crate::lang::Phase;
use crate::lang::Value;
use crate::lang::test_support::TestScope;

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
            prop_assert!(dates::is_rfc3339(&there), "{}", there);
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

#[test]
fn the_zones_of_the_tests_are_there() {
    for zone in ZONES {
        assert!(TimeZone::get(zone).is_ok(), "{zone}");
    }
}
