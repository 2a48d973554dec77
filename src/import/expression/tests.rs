use std::collections::BTreeMap;

use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

/// The objects of a definition, as tests write them.
struct Objects {
    own: &'static str,
    fields: BTreeMap<(&'static str, &'static str), Value>,
}

impl Names for Objects {
    fn value(&mut self, of: Option<&str>, name: &str) -> Result<Value, String> {
        let of = of.unwrap_or(self.own);
        self.fields
            .iter()
            .find(|((object, field), _)| *object == of && *field == name)
            .map(|(_, value)| value.clone())
            .ok_or_else(|| format!("`{of}` has no field `{name}`."))
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn objects() -> Objects {
    let start = date(2011, 5, 24).at(17, 10, 0, 0);
    let start = start.to_zoned(TimeZone::UTC).expect("it exists");
    let list = |values: &[&str]| Value::List(values.iter().map(|value| text(value)).collect());
    let reference = |id: &str| Value::Reference(id.to_owned());
    Objects {
        own: "Copy",
        fields: BTreeMap::from([
            (("Copy", "@scheduledStartTime"), Value::Time(start)),
            (("Copy", "name"), text("copy")),
            (("Copy", "myCount"), text("7")),
            (("Copy", "myList"), list(&["a", "b"])),
            (("Copy", "myOther"), list(&["x", "y"])),
            (("Copy", "myLonger"), list(&["1", "2", "3"])),
            (("Copy", "*myPassword"), text("hidden")),
            (("Copy", "startDateTime"), text("2012-12-12T00:00:00")),
            (("Copy", "input"), reference("In")),
            (
                ("Copy", "dependsOn"),
                Value::List(vec![reference("In"), reference("Out")]),
            ),
            (("Copy", "parent"), reference("Default")),
            (("Default", "@id"), text("Default")),
            (("In", "directoryPath"), text("s3://in/")),
            (("In", "database"), reference("Db")),
            (("In", "name"), text("in")),
            (("Out", "name"), text("out")),
            (("Db", "databaseName"), text("sales")),
        ]),
    }
}

fn value(field: &str) -> Result<Value, String> {
    let found = parse(field).and_then(|template| evaluate(&template, &mut objects()));
    found.map_err(|error| error.message)
}

fn shown(field: &str) -> String {
    value(field).map_or_else(|error| format!("error: {error}"), |value| value.to_string())
}

/// The examples of the developer guide's tables of functions, all of 2011-05-24 17:10 UTC, and of its text.
#[test]
fn the_examples_of_the_guide_give_what_it_says() {
    for (expression, expected) in [
        ("day(@scheduledStartTime)", "24"),
        ("dayOfYear(@scheduledStartTime)", "144"),
        ("firstOfMonth(@scheduledStartTime)", "2011-05-01T17:10:00"),
        ("format(@scheduledStartTime,'hh:mm a')", "05:10 PM"),
        (
            "format(@scheduledStartTime,'YYYY-MM-dd-HH-mm-ss')",
            "2011-05-24-17-10-00",
        ),
        ("hour(@scheduledStartTime)", "17"),
        ("makeDate(2011,5,24)", "2011-05-24T00:00:00"),
        ("makeDateTime(2011,5,24,14,21)", "2011-05-24T14:21:00"),
        ("midnight(@scheduledStartTime)", "2011-05-24T00:00:00"),
        ("minusDays(@scheduledStartTime,1)", "2011-05-23T17:10:00"),
        ("minusHours(@scheduledStartTime,1)", "2011-05-24T16:10:00"),
        ("minusMinutes(@scheduledStartTime,1)", "2011-05-24T17:09:00"),
        ("minusMonths(@scheduledStartTime,1)", "2011-04-24T17:10:00"),
        ("minusWeeks(@scheduledStartTime,1)", "2011-05-17T17:10:00"),
        ("minusYears(@scheduledStartTime,1)", "2010-05-24T17:10:00"),
        ("minute(@scheduledStartTime)", "10"),
        ("month(@scheduledStartTime)", "5"),
        ("plusDays(@scheduledStartTime,1)", "2011-05-25T17:10:00"),
        ("plusHours(@scheduledStartTime,1)", "2011-05-24T18:10:00"),
        ("plusMinutes(@scheduledStartTime,1)", "2011-05-24T17:11:00"),
        ("plusMonths(@scheduledStartTime,1)", "2011-06-24T17:10:00"),
        ("plusWeeks(@scheduledStartTime,1)", "2011-05-31T17:10:00"),
        ("plusYears(@scheduledStartTime,1)", "2012-05-24T17:10:00"),
        (
            "plusPeriod(@scheduledStartTime,'1 Day')",
            "2011-05-25T17:10:00",
        ),
        ("sunday(@scheduledStartTime)", "2011-05-22T17:10:00"),
        ("sunday(makeDate(2011,5,22))", "2011-05-22T00:00:00"),
        ("year(@scheduledStartTime)", "2011"),
        ("yesterday(@scheduledStartTime)", "2011-05-23T17:10:00"),
        (
            "inTimeZone(@scheduledStartTime,'America/Los_Angeles')",
            "2011-05-24T10:10:00",
        ),
        (
            "day(inTimeZone(makeDateTime(2011,5,24,3,0),'America/Los_Angeles'))",
            "23",
        ),
        (
            "format(minusMinutes(@scheduledStartTime,30),'YYYY-MM-dd hh:mm:ss')",
            "2011-05-24 04:40:00",
        ),
        (
            "@scheduledStartTime.format('YYYY-MM-dd-hh:mm')",
            "2011-05-24-05:10",
        ),
        ("@scheduledStartTime.minusDays(1).format(\"dd\")", "23"),
        ("1+2", "3"),
        ("1 / 2", "0"),
        ("1.0/2", "0.5"),
        ("2^2", "4.0"),
        ("-2^2", "-4.0"),
        ("2*(3-1)", "4"),
        ("7-2-1", "4"),
        ("'a' + 1", "a1"),
        ("'a' + @scheduledStartTime", "a2011-05-24T17:10:00"),
        ("1 + 2 + 'a' + 1 + 2", "3a12"),
    ] {
        assert_eq!(
            shown(&format!("#{{{expression}}}")),
            expected,
            "{expression}"
        );
    }
}

#[test]
fn names_lead_through_references() {
    for (field, expected) in [
        ("select * from #{name}", "select * from copy"),
        ("#{input.directoryPath}x", "s3://in/x"),
        ("#{input.database.databaseName}", "sales"),
        ("#{input}", "In"),
        ("#{parent.@id}", "Default"),
        ("#{*myPassword}", "hidden"),
        ("#{myCount * 2}", "14"),
        ("#{myCount + 2}", "72"),
        ("#{startDateTime.year()}", "2012"),
        ("#{dependsOn.name}", "[in, out]"),
    ] {
        assert_eq!(shown(field), expected, "{field}");
    }
}

#[test]
fn what_is_no_expression_is_text() {
    for field in [
        "",
        "#",
        "a#b",
        "${INPUT1_STAGING_DIR}/#",
        "}{",
        "# {x}",
        "#",
    ] {
        assert_eq!(shown(field), field);
    }
    assert_eq!(shown("#{name}/#"), "copy/#");
    assert_eq!(shown("#{'}'}#{\"#{\"}"), "}#{");
}

#[test]
fn what_is_done_with_a_list_is_done_with_each() {
    let list = |values: &[&str]| {
        Ok(Value::List(
            values.iter().map(|value| text(value)).collect(),
        ))
    };
    assert_eq!(
        value("#{'this is ' + myList}"),
        list(&["this is a", "this is b"])
    );
    assert_eq!(value("x#{myList}y"), list(&["xay", "xby"]));
    assert_eq!(value("#{myList + myOther}"), list(&["ax", "by"]));
    assert_eq!(value("#{myList}"), list(&["a", "b"]));
    assert_eq!(
        shown("#{myList + myLonger}"),
        "error: These lists have 2 and 3 elements; they must have as many."
    );
}

#[test]
fn patterns_are_those_of_joda_time() {
    for (pattern, expected) in [
        ("YYYY-MM-dd'T'HH:mm:ss", "2011-05-24T17:10:00"),
        ("yy YY y Y yyyyyy", "11 11 2011 2011 002011"),
        ("M MM MMM MMMM", "5 05 May May"),
        ("d dd D DDDD", "24 24 144 0144"),
        ("E EEE EEEE e", "Tue Tue Tuesday 2"),
        ("xxxx-'W'ww", "2011-W21"),
        ("h hh H HH K k", "5 05 17 17 5 17"),
        ("a G C", "PM AD 20"),
        ("m s S SSS", "10 0 0 000"),
        ("z Z ZZ ZZZ", "UTC +0000 +00:00 UTC"),
        ("'it''s' ''", "it's '"),
        ("_./", "_./"),
    ] {
        let time = objects()
            .value(None, "@scheduledStartTime")
            .expect("it is there");
        let Value::Time(time) = time else {
            panic!("a time")
        };
        let found = Pattern::parse(pattern).map(|pattern| pattern.format(&time));
        assert_eq!(found.as_deref(), Ok(expected), "{pattern}");
    }
    let at_midnight = date(2012, 1, 1).at(0, 0, 0, 120_000_000);
    let time = at_midnight.to_zoned(TimeZone::get("America/New_York").expect("it exists"));
    let time = time.expect("it exists");
    let found =
        Pattern::parse("h K k H a S SS SSSSSSSSSSS x w z Z").map(|found| found.format(&time));
    assert_eq!(
        found.as_deref(),
        Ok("12 0 24 0 AM 1 12 12000000000 2011 52 EST -0500")
    );
    assert!(Pattern::parse("T").is_err());
    assert!(Pattern::parse("'x").is_err());
}

#[test]
fn numbers_are_written_as_java_writes_them() {
    for (expression, expected) in [
        ("1.5", "1.5"),
        ("10.0^7", "1.0E7"),
        ("10.0^6", "1000000.0"),
        ("1.0/1000", "0.001"),
        ("1.0/8192", "1.220703125E-4"),
        ("0.0", "0.0"),
    ] {
        assert_eq!(shown(&format!("#{{{expression}}}")), expected);
    }
}

#[test]
fn mistakes_are_named_where_they_are() {
    for (field, at, message) in [
        ("a #{name", 2..4, "This expression has no end."),
        ("#{}", 2..2, "and the expression ends."),
        (
            "#{fromat(@scheduledStartTime, 'YYYY')}",
            2..8,
            "There is no function `fromat`. Did you mean `format`?",
        ),
        (
            "#{format(@scheduledStartTime)}",
            2..8,
            "`format` takes 2 arguments and got 1: `format(time, pattern)`.",
        ),
        (
            "#{day('x')}",
            2..10,
            "`day`: Argument 1 must be a time such as `2011-05-24T17:10:00`, and is a text: `x`.",
        ),
        ("#{nothing}", 2..9, "`Copy` has no field `nothing`."),
        (
            "#{name.x}",
            2..6,
            "This is a text, and only references to objects have fields.",
        ),
        (
            "#{name * 2}",
            2..10,
            "`*` needs numbers, and there is a text.",
        ),
        ("#{1 / 0}", 2..7, "A whole number cannot be divided by 0."),
        (
            "#{9223372036854775807 + 1}",
            2..25,
            "The result does not fit in 64 bits.",
        ),
        (
            "#{name name}",
            7..8,
            "Only an operator or the closing `}` may stand here.",
        ),
        (
            "#{(1}",
            2..3,
            "This bracket is not closed before the expression ends.",
        ),
        (
            "#{makeDate(2011,2,30)}",
            2..21,
            "There is no such time: 2011, 2, 30.",
        ),
        (
            "#{plusYears(@scheduledStartTime, 9999)}",
            2..38,
            "The result is beyond the years that can be written.",
        ),
    ] {
        let found = parse(field).and_then(|template| evaluate(&template, &mut objects()));
        let error = found.expect_err(field);
        assert_eq!(error.at, at, "{field}: {error}");
        assert!(error.message.contains(message), "{field}: {error}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        tokens in prop::collection::vec(prop::sample::select(&["#{", "}", "(", ")", "'", "\"", ".", ",", "+", "-", "^", "/", "*", "@", "name", "format", "day", "myList", "1", "9223372036854775807", "1.5", " ", "\u{e9}", "input"][..]), 0..30),
        noise in ".{0,12}",
    ) {
        let field = tokens.concat() + &noise;
        match parse(&field).and_then(|template| evaluate(&template, &mut objects())) {
            Ok(value) => drop(value.to_string()),
            Err(error) => prop_assert!(field.get(error.at.clone()).is_some(), "{error:?}"),
        }
    }
}

#[test]
fn a_chain_without_end_is_an_error_and_no_overflow() {
    for (first, next) in [("1", "+1"), ("1", "*1"), ("a", ".a")] {
        let chain = |number| format!("#{{{first}{}}}", next.repeat(number));
        assert!(parse(&chain(1000)).is_ok());
        let error = parse(&chain(100_000)).unwrap_err();
        assert_eq!(error.message, "An expression may connect 1000 parts.");
    }
}

#[test]
fn a_text_of_nothing_but_beginnings_is_read_as_fast_as_others() {
    // Read from each beginning to the end, this would take hours.
    let beginnings = "#{".repeat(200_000);
    let (template, errors) = parse_all(&beginnings);
    assert!(!template.has_expressions());
    assert_eq!(errors.len(), 200_000);
    let quoted = "#{format(x,'".repeat(50_000);
    assert!(!parse_all(&quoted).0.has_expressions());
    for (text, expressions) in [
        ("#{'}'}", 1),
        ("#{\"'}\"} '}", 1),
        ("#{a} ' #{'b'} \" #{c}", 3),
        ("#{' #{a}", 1),
        ("#{} #{a}", 1),
    ] {
        let (template, _) = parse_all(text);
        let is_one = |part: &&Part| matches!(part, Part::Expression(_));
        assert_eq!(
            template.parts.iter().filter(is_one).count(),
            expressions,
            "{text}"
        );
    }
}
