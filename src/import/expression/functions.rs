//! The functions: all of the developer guide, and `inTimeZone` and `plusPeriod`, which only older pages and definitions show.

use jiff::Span;
use jiff::ToSpan as _;
use jiff::Zoned;
use jiff::civil::DateTime;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::pattern::Pattern;
use super::value::Number;
use super::value::Value;

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// The names of its parameters.
    pub parameters: &'static [&'static str],
    /// Computes it of as many values as it has parameters, none of them a list. The message says what is wrong with them.
    pub(super) body: fn(&[Value]) -> Result<Value, String>,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

const fn function(
    name: &'static str,
    parameters: &'static [&'static str],
    body: fn(&[Value]) -> Result<Value, String>,
) -> Function {
    Function {
        name,
        parameters,
        body,
    }
}

/// All functions.
pub static FUNCTIONS: &[Function] = &[
    function("day", &["time"], |of| part(of, |time| time.day().into())),
    function("dayOfYear", &["time"], |of| {
        part(of, |time| time.day_of_year().into())
    }),
    function("firstOfMonth", &["time"], |of| {
        moved(of, Zoned::first_of_month)
    }),
    function("format", &["time", "pattern"], |of| {
        let pattern = Pattern::parse(&text(of, 1)?)?;
        Ok(Value::Text(pattern.format(&time(of)?)))
    }),
    function("hour", &["time"], |of| part(of, |time| time.hour().into())),
    function("inTimeZone", &["time", "zone"], |of| {
        let name = text(of, 1)?;
        let zone = TimeZone::get(&name).map_err(|_| format!("There is no time zone `{name}`."))?;
        Ok(Value::Time(time(of)?.with_time_zone(zone)))
    }),
    function("makeDate", &["year", "month", "day"], made),
    function(
        "makeDateTime",
        &["year", "month", "day", "hour", "minute"],
        made,
    ),
    function("midnight", &["time"], |of| moved(of, Zoned::start_of_day)),
    function("minusDays", &["time", "days"], |of| {
        plus(of, -1, Span::try_days)
    }),
    function("minusHours", &["time", "hours"], |of| {
        plus(of, -1, Span::try_hours)
    }),
    function("minusMinutes", &["time", "minutes"], |of| {
        plus(of, -1, Span::try_minutes)
    }),
    function("minusMonths", &["time", "months"], |of| {
        plus(of, -1, Span::try_months)
    }),
    function("minusWeeks", &["time", "weeks"], |of| {
        plus(of, -1, Span::try_weeks)
    }),
    function("minusYears", &["time", "years"], |of| {
        plus(of, -1, Span::try_years)
    }),
    function("minute", &["time"], |of| {
        part(of, |time| time.minute().into())
    }),
    function("month", &["time"], |of| {
        part(of, |time| time.month().into())
    }),
    function("plusDays", &["time", "days"], |of| {
        plus(of, 1, Span::try_days)
    }),
    function("plusHours", &["time", "hours"], |of| {
        plus(of, 1, Span::try_hours)
    }),
    function("plusMinutes", &["time", "minutes"], |of| {
        plus(of, 1, Span::try_minutes)
    }),
    function("plusMonths", &["time", "months"], |of| {
        plus(of, 1, Span::try_months)
    }),
    function("plusPeriod", &["time", "period"], |of| {
        let period = argument(of, 1)
            .period()
            .ok_or_else(|| wanted(of, 1, "a period such as `1 day`"))?;
        moved(of, |time| time.checked_add(period))
    }),
    function("plusWeeks", &["time", "weeks"], |of| {
        plus(of, 1, Span::try_weeks)
    }),
    function("plusYears", &["time", "years"], |of| {
        plus(of, 1, Span::try_years)
    }),
    function("sunday", &["time"], |of| {
        moved(of, |time| {
            time.checked_sub(i64::from(time.weekday().since(Weekday::Sunday)).days())
        })
    }),
    function("year", &["time"], |of| part(of, |time| time.year().into())),
    function("yesterday", &["time"], |of| {
        moved(of, |time| time.checked_sub(1.day()))
    }),
];

/// The function of that name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// A sentence about which function may be meant; empty if none is near.
pub(super) fn meant(name: &str) -> String {
    let near = |function: &&Function| strsim::damerau_levenshtein(function.name, name);
    let nearest = FUNCTIONS.iter().min_by_key(near);
    match nearest.filter(|function| near(function) <= 2) {
        Some(function) => format!(" Did you mean `{}`?", function.name),
        None => String::new(),
    }
}

fn argument(of: &[Value], index: usize) -> &Value {
    const NONE: &Value = &Value::Text(String::new());
    of.get(index).unwrap_or(NONE)
}

fn wanted(of: &[Value], index: usize, what: &str) -> String {
    let found = argument(of, index);
    format!(
        "Argument {} must be {what}, and is {}: `{found}`.",
        index + 1,
        found.what()
    )
}

fn time(of: &[Value]) -> Result<Zoned, String> {
    argument(of, 0)
        .time()
        .ok_or_else(|| wanted(of, 0, "a time such as `2011-05-24T17:10:00`"))
}

fn whole(of: &[Value], index: usize) -> Result<i64, String> {
    match argument(of, index).number() {
        Some(Number::Integer(number)) => Ok(number),
        _ => Err(wanted(of, index, "a whole number")),
    }
}

fn text(of: &[Value], index: usize) -> Result<String, String> {
    match argument(of, index) {
        Value::Text(text) => Ok(text.clone()),
        _ => Err(wanted(of, index, "a text in quotes")),
    }
}

fn part(of: &[Value], part: impl Fn(&Zoned) -> i64) -> Result<Value, String> {
    Ok(Value::Integer(part(&time(of)?)))
}

fn moved(of: &[Value], to: impl Fn(&Zoned) -> Result<Zoned, jiff::Error>) -> Result<Value, String> {
    to(&time(of)?)
        .map(Value::Time)
        .map_err(|_| "The result is beyond the years that can be written.".to_owned())
}

fn plus(
    of: &[Value],
    sign: i64,
    span: fn(Span, i64) -> Result<Span, jiff::Error>,
) -> Result<Value, String> {
    let number = whole(of, 1)?;
    moved(of, |time| {
        time.checked_add(span(Span::new(), number.saturating_mul(sign))?)
    })
}

/// A time from its year, month, day and maybe hour and minute.
fn made(of: &[Value]) -> Result<Value, String> {
    let mut parts = [0_i64; 5];
    for (index, part) in parts.iter_mut().enumerate().take(of.len()) {
        *part = whole(of, index)?;
    }
    let [year, month, day, hour, minute] = parts;
    let civil = || -> Option<Zoned> {
        let small = |number: i64| i8::try_from(number).ok();
        let (month, day) = (small(month)?, small(day)?);
        let (hour, minute) = (small(hour)?, small(minute)?);
        let year = i16::try_from(year).ok()?;
        let civil = DateTime::new(year, month, day, hour, minute, 0, 0).ok()?;
        civil.to_zoned(TimeZone::UTC).ok()
    };
    let written = || {
        let parts: Vec<String> = of.iter().map(ToString::to_string).collect();
        format!("There is no such time: {}.", parts.join(", "))
    };
    civil().map(Value::Time).ok_or_else(written)
}
