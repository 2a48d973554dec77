//! Tables of what people ask for.

mod mistakes;
mod properties;

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

/// Each row of the book's tables: an expression with `t`, or a format, and its value.
#[test]
fn what_the_book_says_of_data_pipeline_is_true() {
    let page = include_str!("../../../../../docs/src/calendar.md");
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
