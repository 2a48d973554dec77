//! Formulas of HCL as texts of the service, and that both come to the same.

use jiff::civil::date;
use jiff::tz::TimeZone;

use super::*;
use crate::import::expression;
use crate::import::expression::Value as Theirs;
use crate::lang::Phase;
use crate::lang::test_support::TestScope;
use crate::lang::test_support::parsed;

/// The names of an activity that starts on 2011-05-24 at 17:10.
struct World;

impl Names for World {
    fn meaning(&self, name: &str) -> Result<Piece, String> {
        let time = |name: &str| Ok(Piece::new(service::name(name), Gives::Time(None)));
        let list = Gives::List(Box::new(Gives::Text));
        match name {
            "run.scheduled_start" => time("@scheduledStartTime"),
            "run.date" => Ok(Piece::new(
                service::name("@scheduledStartTime"),
                Gives::Date,
            )),
            "run.month" => format(service::name("@scheduledStartTime"), "MM").map(Piece::text),
            "var.text" => Ok(Piece::text(service::name("myText"))),
            "var.start" => Ok(Piece::text(service::name("myStart"))),
            "var.number" => Ok(Piece::new(service::name("myNumber"), Gives::Number(true))),
            "var.list" => Ok(Piece::new(service::name("myList"), list)),
            "var.other" => Ok(Piece::new(service::name("myOther"), list)),
            _ => Err(format!("there is no `{name}`")),
        }
    }

    fn without_slash(&self, name: &str) -> Result<Piece, String> {
        match name {
            "var.path" => Ok(Piece::text(field(service::name("input"), "directoryPath"))),
            _ => Err(format!("there is no directory `{name}`")),
        }
    }

    fn secret(&self, place: &str) -> Result<Piece, String> {
        Ok(Piece::text(name(format!("*my{}", place.len()))))
    }
}

impl expression::Names for World {
    fn value(&mut self, of: Option<&str>, name: &str) -> Result<Theirs, String> {
        let text = |text: &str| Theirs::Text(text.to_owned());
        Ok(match (of, name) {
            (None, "@scheduledStartTime") => {
                let start = date(2011, 5, 24).at(17, 10, 0, 0);
                Theirs::Time(
                    start
                        .to_zoned(TimeZone::UTC)
                        .map_err(|error| error.to_string())?,
                )
            }
            (None, "myText") => text("a b"),
            (None, "myStart") => text("2012-02-28T23:00:00"),
            (None, "myNumber") => Theirs::Integer(7),
            (None, "myList") => Theirs::List(vec![text("x"), text("y")]),
            (None, "myOther") => Theirs::List(vec![text("1"), text("2")]),
            (None, "input") => Theirs::Reference("In".to_owned()),
            (Some("In"), "directoryPath") => text("s3://in"),
            _ => return Err(format!("There is no `{name}`.")),
        })
    }
}

fn scope() -> TestScope {
    TestScope::new(
        r#"{
            run = { scheduled_start = "2011-05-24T17:10:00Z", date = "2011-05-24", month = "05" }
            var = {
                text = "a b", start = "2012-02-28T23:00:00", number = 7, list = ["x", "y"], other = ["1", "2"], path = "s3://in/"
            }
        }"#,
        &[],
    )
}

fn written(hcl: &str) -> Result<String, String> {
    let value = Value::Deferred(std::sync::Arc::new(parsed(hcl)));
    translate(&value, &World).map(|template| template.to_string())
}

/// What both sides come to, as texts.
fn both(hcl: &str, text: &str) -> (String, String) {
    let template = expression::parse(text).expect("it was written");
    let theirs = expression::evaluate(&template, &mut World);
    let theirs = theirs.map_or_else(|error| error.message, |value| value.to_string());
    let scope = scope();
    let ours = scope.evaluate_expr(&parsed(hcl), Phase::Run);
    let ours = match ours {
        Some(Value::String(text)) => text.to_string(),
        Some(other) => print::value(&other).replace('"', ""),
        None => std::format!("{:?}", scope.reported.borrow()),
    };
    (theirs, ours)
}

#[test]
fn formulas_are_expressions_and_come_to_the_same() {
    for (hcl, expected) in [
        (r#""s3://${var.text}/x""#, "s3://#{myText}/x"),
        ("var.list", "#{myList}"),
        ("run.date", "#{format(@scheduledStartTime, 'YYYY-MM-dd')}"),
        (
            r#""${run.month}/x""#,
            "#{format(@scheduledStartTime, 'MM')}/x",
        ),
        ("run.scheduled_start", "#{@scheduledStartTime}Z"),
        (
            r#"date_format(run.scheduled_start, "%Y-%m-%dT%H:%M:%S")"#,
            "#{@scheduledStartTime}",
        ),
        (
            r#"date_format(date_add(run.date, "-1 month"), "%d/%m of %Y")"#,
            "#{format(minusMonths(@scheduledStartTime, 1), \"dd/MM 'of' YYYY\")}",
        ),
        (
            r#"date_add(run.date, "1 week -1 day")"#,
            "#{format(minusDays(plusWeeks(@scheduledStartTime, 1), 1), 'YYYY-MM-dd')}",
        ),
        (
            r#"date_trunc(run.scheduled_start, "month")"#,
            "#{midnight(firstOfMonth(@scheduledStartTime))}Z",
        ),
        (
            r#"date_format(run.scheduled_start, "%H:%M", "America/New_York")"#,
            "#{format(inTimeZone(@scheduledStartTime, 'America/New_York'), 'HH:mm')}",
        ),
        (
            r#"date_format(date_add(run.scheduled_start, "${-var.number} hours"), "%-d. %B %y")"#,
            "#{format(minusHours(@scheduledStartTime, myNumber), 'd. MMMM YY')}",
        ),
        (
            r#"format("%03d", date_part(run.scheduled_start, "day_of_year"))"#,
            "#{format(@scheduledStartTime, 'DDD')}",
        ),
        (
            r#"format("%s is %d%%", var.text, var.number)"#,
            "#{myText} is #{myNumber}%",
        ),
        (r#"join(", ", [var.text, "c"])"#, "#{myText}, c"),
        (r#"[for part in var.list : "at ${part}!"]"#, "at #{myList}!"),
        (
            r#"[for index, part in var.list : "${part}${var.other[index]}"]"#,
            "#{myList}#{myOther}",
        ),
        (r#"trimsuffix(var.path, "/")"#, "#{input.directoryPath}"),
        (r##""#{x} ${var.text}""##, "#{'#'}{x} #{myText}"),
        (
            r#""'${date_format(run.date, "%d o'clock")}'""#,
            "'#{format(@scheduledStartTime, \"dd 'o''clock'\")}'",
        ),
        ("chomp(\"${var.text}\\n\")", "#{myText}"),
        ("tostring(var.number)", "#{myNumber}"),
        (
            r#"date_part(run.scheduled_start, "quarter")"#,
            "#{(month(@scheduledStartTime) + 2) / 3}",
        ),
    ] {
        check(hcl, expected);
    }
}

#[test]
fn numbers_are_calculated_with_and_come_to_the_same() {
    for (hcl, expected) in [
        ("(var.number - var.number % 2) / 2", "#{myNumber / 2}"),
        (
            "var.number % 4 - -var.number",
            "#{myNumber - myNumber / 4 * 4 - -myNumber}",
        ),
        ("var.number / 2", "#{myNumber / 2.0}"),
        ("14 / (var.number - 3)", "#{14.0 / (myNumber - 3)}"),
        (
            "(var.number + 2) / (var.number - 3)",
            "#{(myNumber + 2) * 1.0 / (myNumber - 3)}",
        ),
        (r#""${var.number * 0.5} ${0.5}""#, "#{myNumber * 0.5} 0.5"),
        (
            r#"date_format(date_add(var.start, "2 days", "UTC"), "%d", "UTC")"#,
            "#{format(plusDays(myStart, 2), 'dd')}",
        ),
        ("2 * (var.number + 1)", "#{2 * (myNumber + 1)}"),
        (r#""${var.number}${var.number}""#, "#{myNumber}#{myNumber}"),
    ] {
        check(hcl, expected);
    }
}

fn check(hcl: &str, expected: &str) {
    let text = written(hcl);
    assert_eq!(text.as_deref(), Ok(expected), "{hcl}");
    let (theirs, ours) = both(hcl, expected);
    assert_eq!(theirs, ours, "{hcl}");
}

#[test]
fn what_the_service_cannot_say_has_a_reason() {
    for (hcl, expected) in [
        ("upper(var.text)", "nothing like `upper`"),
        ("var.number > 2 ? 1 : 2", "depends on a condition"),
        ("var.list[0]", "no single element out of a list"),
        (
            "{ a = { n = 1 } }[var.text].n",
            "no single element out of a list",
        ),
        ("var.text * 2", "what is a text to the service"),
        (
            r#"date_format(run.scheduled_start, "%Z")"#,
            "nothing for `%Z`",
        ),
        (
            r#"date_add(run.scheduled_start, "30 seconds")"#,
            "does not move times by seconds",
        ),
        (
            r#"date_trunc(run.scheduled_start, "hour")"#,
            "start of the hour",
        ),
        (
            r#"date_in_zone(run.scheduled_start, "Asia/Tokyo")"#,
            "does not write offsets",
        ),
        ("var.nothing", "there is no `var.nothing`"),
        (
            "[for part in var.list : part if part != \"x\"]",
            "makes no maps and no choices",
        ),
        (
            r#""%{ if var.text == "a" }x%{ endif }""#,
            "depends on a condition",
        ),
        (r#"trimsuffix(var.text, "/")"#, "there is no directory"),
    ] {
        let why = written(hcl).expect_err(hcl);
        assert!(why.contains(expected), "{hcl}: {why}");
    }
}

#[test]
fn lists_are_written_element_by_element() {
    for (hcl, expected) in [
        (r#"["a", var.text]"#, vec!["a", "#{myText}"]),
        (r#"concat(["a"], var.list)"#, vec!["a", "#{myList}"]),
        (
            r#"flatten(["a", [var.list, "b"]])"#,
            vec!["a", "#{myList}", "b"],
        ),
        (r#"secret("env://A")"#, vec!["#{*my7}"]),
    ] {
        let value = Value::Deferred(std::sync::Arc::new(parsed(hcl)));
        let texts: Result<Vec<String>, String> = translate_list(&value, &World)
            .map(|templates| templates.iter().map(ToString::to_string).collect());
        let expected = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(texts, Ok(expected), "{hcl}");
    }
}

#[test]
fn a_list_with_an_element_that_is_null_is_not_written_without_it() {
    let list = Value::tuple(vec![Value::string("a"), Value::NULL]);
    assert_eq!(
        translate_list(&list, &World).err().as_deref(),
        Some("an element of its list is null")
    );
    assert_eq!(translate_list(&Value::NULL, &World), Ok(Vec::new()));
}
