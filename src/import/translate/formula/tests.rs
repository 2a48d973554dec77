//! What is translated gives what the service gives: one expression is evaluated by its rules and, translated, by ours.

use jiff::Zoned;
use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::import::expression::Names;
use crate::import::expression::evaluate;
use crate::import::expression::parse;
use crate::lang::Phase;
use crate::lang::print;
use crate::lang::test_support::TestScope;

/// An instance that starts then, a parameter of each type, and a field that refers to another object.
struct World {
    start: Zoned,
}

impl Names for World {
    fn value(&mut self, of: Option<&str>, name: &str) -> Result<Value, String> {
        let text = |text: &str| Value::Text(text.to_owned());
        Ok(match (of, name) {
            (None, "@scheduledStartTime") => Value::Time(self.start.clone()),
            (None, "myText") => text("a b"),
            (None, "myStart") => text("2012-02-28T23:00:00"),
            (None, "myNumber") => Value::Integer(7),
            (None, "myList") => Value::List(vec![text("x"), text("y")]),
            (None, "myOther") => Value::List(vec![text("1"), text("2")]),
            (None, "input") => Value::Reference("In".to_owned()),
            (Some("In"), "directoryPath") => text("s3://in"),
            _ => return Err(format!("There is no `{name}`.")),
        })
    }
}

impl Scope for World {
    fn meaning(&mut self, of: Option<&str>, name: &str) -> Result<Formula, String> {
        let formula = |path: &str, gives| Ok(Formula::new(hcl::path(path), gives));
        let list = || Gives::List(Box::new(Gives::Text));
        match (of, name) {
            (None, "@scheduledStartTime") => formula("run.scheduled_start", Gives::Time(None)),
            (None, "myText") => formula("var.text", Gives::Text),
            (None, "myStart") => formula("var.start", Gives::Start),
            (None, "myNumber") => formula("var.number", Gives::Integer),
            (None, "myList") => formula("var.list", list()),
            (None, "myOther") => formula("var.other", list()),
            (None, "input") => formula("input", Gives::Reference("In".to_owned())),
            (Some("In"), "directoryPath") => formula("var.directory", Gives::Text),
            _ => Err(format!("There is no `{name}`.")),
        }
    }
}

fn world(start: jiff::civil::DateTime) -> World {
    let start = start.to_zoned(TimeZone::UTC).expect("it exists");
    World { start }
}

/// The names of HCL that the formulas read.
fn names(start: &Zoned) -> TestScope {
    let part = |format: &str| start.strftime(format).to_string();
    TestScope::new(
        &format!(
            r#"{{
                run = {{
                    scheduled_start = "{}", date = "{}", year = "{}", month = "{}", day = "{}", hour = "{}"
                }}
                var = {{
                    text = "a b", start = "2012-02-28T23:00:00", number = 7, list = ["x", "y"], other = ["1", "2"], directory = "s3://in"
                }}
            }}"#,
            part("%Y-%m-%dT%H:%M:%SZ"),
            part("%Y-%m-%d"),
            part("%Y"),
            part("%m"),
            part("%d"),
            part("%H"),
        ),
        &[],
    )
}

fn translated(field: &str) -> Result<String, String> {
    let template = parse(field).map_err(|error| error.message)?;
    let mut world = world(date(2011, 5, 24).at(17, 10, 0, 0));
    translate(&template, &mut world)
        .map(|formula| print::expression(&formula.expr))
        .map_err(|error| error.message)
}

/// What the service's rules and the translation give of a field, as texts.
fn both(field: &str, start: jiff::civil::DateTime) -> Result<(String, String), String> {
    let mut world = world(start);
    let template = parse(field).map_err(|error| error.message)?;
    let theirs = evaluate(&template, &mut world).map_err(|error| error.message)?;
    let formula = translate(&template, &mut world).map_err(|error| error.message)?;
    let scope = names(&world.start);
    let ours = scope.evaluate_expr(&formula.expr, Phase::Run);
    let ours = ours.map_or_else(
        || format!("{:?}", scope.reported.borrow()),
        |value| match value {
            crate::lang::Value::String(text) => text.to_string(),
            other => print::value(&other).replace('"', ""),
        },
    );
    Ok((theirs.to_string(), ours))
}

#[test]
fn a_translation_is_what_people_would_write() {
    for (field, expected) in [
        ("plain", r#""plain""#),
        ("s3://#{myText}/x", r#""s3://${var.text}/x""#),
        ("#{myText}", "var.text"),
        ("#{myList}", "var.list"),
        ("${INPUT1_STAGING_DIR}", r#""$${INPUT1_STAGING_DIR}""#),
        ("#{format(@scheduledStartTime, 'YYYY-MM-dd')}", "run.date"),
        (
            "x/#{format(@scheduledStartTime,'YYYY-MM-dd')}/",
            r#""x/${run.date}/""#,
        ),
        (
            "#{format(@scheduledStartTime, 'YYYY-MM-dd-HH-mm-ss')}",
            r#"date_format(run.scheduled_start, "%Y-%m-%d-%H-%M-%S")"#,
        ),
        (
            "#{@scheduledStartTime.format('YYYY/MM')}",
            r#"date_format(run.scheduled_start, "%Y/%m")"#,
        ),
        (
            "#{format(minusDays(@scheduledStartTime, 1), 'YYYYMMdd')}",
            r#"date_format(date_add(run.scheduled_start, "-1 day"), "%Y%m%d")"#,
        ),
        (
            "#{@scheduledStartTime}",
            r#"date_format(run.scheduled_start, "%Y-%m-%dT%H:%M:%S")"#,
        ),
        (
            "#{format(minusHours(@scheduledStartTime, myNumber), 'HH')}",
            r#"date_format(date_add(run.scheduled_start, "${-var.number} hours"), "%H")"#,
        ),
        ("#{'a' + 1}#{2 * 3}", r#""a16""#),
        (
            "#{'this is ' + myList}",
            r#"[for value in var.list : "this is ${value}"]"#,
        ),
        (
            "#{myList + myOther}",
            r#"[for index, value in var.list : "${value}${var.other[index]}"]"#,
        ),
        ("#{input.directoryPath}/x", r#""${var.directory}/x""#),
        ("#{makeDate(2011, 5, 24)}", r#""2011-05-24T00:00:00""#),
        ("#{myNumber / 2}", "(var.number - var.number % 2) / 2"),
        ("#{myNumber / 2.0}", "var.number / 2"),
        (
            "#{format(myStart, 'YYYY')}",
            r#"date_format(var.start, "%Y", "UTC")"#,
        ),
        (
            "#{format(minusDays(myStart, 1), 'YYYY')}",
            r#"date_format(date_add(var.start, "-1 day", "UTC"), "%Y")"#,
        ),
        ("from #{myStart}", r#""from ${var.start}""#),
    ] {
        assert_eq!(translated(field).as_deref(), Ok(expected), "{field}");
    }
}

#[test]
fn computed_numbers_with_a_point_are_seen() {
    for (field, expected) in [
        ("#{myNumber * 2.0}", true),
        ("x#{2^myNumber}", true),
        ("#{myNumber / 2}", false),
        ("#{myNumber} 1.5", false),
    ] {
        let template = parse(field).expect(field);
        let mut world = world(date(2011, 5, 24).at(17, 10, 0, 0));
        assert_eq!(has_points(&template, &mut world), expected, "{field}");
    }
}

#[test]
fn what_has_no_translation_says_so() {
    for (field, expected) in [
        ("#{nothing}", "There is no `nothing`."),
        ("#{myText.x}", "Only references to objects have fields."),
        (
            "#{format(@scheduledStartTime, myText)}",
            "The pattern of `format` is computed",
        ),
        (
            "#{format(@scheduledStartTime, 'z')}",
            "The letter `z` of a pattern writes the name of a time zone",
        ),
    ] {
        let error = translated(field).expect_err(field);
        assert!(error.contains(expected), "{field}: {error}");
    }
}

/// Expressions that give a time.
fn time() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        &[
            "@scheduledStartTime",
            "myStart",
            "makeDate(2012, 2, 29)",
            "makeDateTime(2011, 12, 31, 23, 59)",
        ][..],
    );
    leaf.prop_map(str::to_owned)
        .prop_recursive(3, 8, 1, |inner| {
            prop_oneof![
                (
                    prop::sample::select(&["midnight", "yesterday", "firstOfMonth", "sunday"][..]),
                    inner.clone()
                )
                    .prop_map(|(name, time)| format!("{name}({time})")),
                (
                    prop::sample::select(&["plus", "minus"][..]),
                    prop::sample::select(
                        &["Minutes", "Hours", "Days", "Weeks", "Months", "Years"][..]
                    ),
                    inner.clone(),
                    prop_oneof![
                        (0..40_i32).prop_map(|number| number.to_string()),
                        Just("myNumber".to_owned())
                    ],
                )
                    .prop_map(|(sign, unit, time, count)| format!("{sign}{unit}({time}, {count})")),
                inner
                    .clone()
                    .prop_map(|time| format!("plusPeriod({time}, '1 Day')")),
                inner.prop_map(|time| format!("inTimeZone({time}, 'America/New_York')")),
            ]
        })
}

/// Expressions that give a text or a number.
fn field() -> impl Strategy<Value = String> {
    let letters = "YyxCwEeDMdaKhHkmsS".chars().collect::<Vec<_>>();
    let pattern = prop::collection::vec((prop::sample::select(letters), 1..6_usize), 1..5);
    let pattern = pattern.prop_map(|letters| {
        let pieces = letters
            .iter()
            .map(|(letter, count)| letter.to_string().repeat(*count));
        pieces.collect::<Vec<_>>().join("-")
    });
    let part = prop::sample::select(&["year", "month", "day", "dayOfYear", "hour", "minute"][..]);
    let sign = prop::sample::select(&["+", "-", "*", "/"][..]);
    prop_oneof![
        (time(), pattern).prop_map(|(time, pattern)| format!("#{{format({time}, '{pattern}')}}")),
        time().prop_map(|time| format!("at #{{{time}}}")),
        (part.clone(), time()).prop_map(|(part, time)| format!("#{{{part}({time})}}")),
        (part, time(), sign, 1..9_i64).prop_map(|(part, time, sign, number)| format!(
            "#{{({part}({time}) {sign} {number}) + 'x'}}"
        )),
    ]
}

proptest! {
    #[test]
    fn a_translation_gives_what_the_service_gives(
        field in field(),
        days in 0..20_000_i32,
        minutes in 0..1440_i32,
    ) {
        let start = date(1990, 1, 1)
            .checked_add(jiff::Span::new().days(days))
            .expect("it exists")
            .at(0, 0, 0, 0)
            .checked_add(jiff::Span::new().minutes(minutes))
            .expect("it exists");
        match both(&field, start) {
            Ok((theirs, ours)) => prop_assert_eq!(theirs, ours, "{} at {}", field, start),
            Err(error) => prop_assert!(false, "{}: {}", field, error),
        }
    }
}
