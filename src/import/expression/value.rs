//! What expressions give.

use std::fmt;

use jiff::Span;
use jiff::Zoned;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text; also a period such as `15 minutes`.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a point.
    Double(f64),
    /// A time; in UTC unless `inTimeZone` made it.
    Time(Zoned),
    /// A reference to the object with this id.
    Reference(String),
    /// Several values: of a field that is there several times, or of a parameter that is an array.
    List(Vec<Self>),
}

impl Value {
    /// What it is, for messages.
    pub(super) const fn what(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Double(_) => "a number",
            Self::Time(_) => "a time",
            Self::Reference(_) => "a reference",
            Self::List(_) => "a list",
        }
    }

    /// Its number, if it is one or a text that is: fields hold nothing but texts.
    pub(super) fn number(&self) -> Option<Number> {
        match self {
            Self::Integer(number) => Some(Number::Integer(*number)),
            Self::Double(number) => Some(Number::Double(*number)),
            Self::Text(text) => {
                let text = text.trim();
                let whole = text.parse().ok().map(Number::Integer);
                let is_number = text.starts_with(|sign: char| sign.is_ascii_digit() || sign == '-');
                let double = || text.parse().ok().map(Number::Double);
                whole.or_else(|| is_number.then(double).flatten())
            }
            _ => None,
        }
    }

    /// Its time, if it is one or a text that is, such as `2011-05-24T17:10:00`, which is UTC.
    pub fn time(&self) -> Option<Zoned> {
        match self {
            Self::Time(time) => Some(time.clone()),
            Self::Text(text) => time_of(text.trim()),
            _ => None,
        }
    }

    /// Its period, if it is a text such as `1 day` or `15 Minutes`.
    pub fn period(&self) -> Option<Span> {
        let Self::Text(text) = self else { return None };
        let mut words = text.split_whitespace();
        let (count, unit) = (words.next()?.parse::<i64>().ok()?, words.next()?);
        if words.next().is_some() {
            return None;
        }
        let unit = unit.to_ascii_lowercase();
        let span = Span::new();
        match unit.strip_suffix('s').unwrap_or(&unit) {
            "minute" => span.try_minutes(count),
            "hour" => span.try_hours(count),
            "day" => span.try_days(count),
            "week" => span.try_weeks(count),
            "month" => span.try_months(count),
            "year" => span.try_years(count),
            _ => return None,
        }
        .ok()
    }
}

/// A number that is calculated with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Integer(i64),
    Double(f64),
}

impl Number {
    #[expect(
        clippy::cast_precision_loss,
        reason = "the service's whole numbers become doubles beside a double"
    )]
    pub(super) const fn double(self) -> f64 {
        match self {
            Self::Integer(number) => number as f64,
            Self::Double(number) => number,
        }
    }
}

/// Reads a time as fields hold it: `2011-05-24T17:10:00`, maybe with a fraction and an offset; without offset it is UTC.
fn time_of(text: &str) -> Option<Zoned> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.to_zoned(TimeZone::UTC));
    }
    let civil: DateTime = text.parse().ok()?;
    civil.to_zoned(TimeZone::UTC).ok()
}

/// As the service writes a value into text: a time as `2012-12-12T00:00:00`, a number with a point with at least one digit
/// behind it, a reference as the id, a list in brackets.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Reference(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Double(number) => f.write_str(&double(*number)),
            Self::Time(time) => {
                write!(f, "{}", time.strftime("%Y-%m-%dT%H:%M:%S"))
            }
            Self::List(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    value.fmt(f)?;
                }
                f.write_str("]")
            }
        }
    }
}

/// As Java writes a double: from 0.001 to below 10,000,000 with a point, else with an exponent.
fn double(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 || (0.001..10_000_000.0).contains(&size) {
        return format!("{number:?}");
    }
    let text = format!("{number:e}").replace('e', "E");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}
