//! What is wrong with dates, lengths, units, zones and formats, and what is said of it.

use super::shown;

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
