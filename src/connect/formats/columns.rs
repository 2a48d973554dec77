//! Columns and their types, and what a text is as a value of one.
//!
//! The one place that says what fits into a type, for all that have types: tables, parquet, numbers in JSON.

use super::FieldKind;
use super::regex::cut;
use crate::connect::ConnectError;

/// The type of a column, as declared in `column = ["name TYPE"]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// TINYINT, SMALLINT, INT, BIGINT with its smallest and largest value.
    Integer(i64, i64),
    /// FLOAT and DOUBLE.
    Double,
    /// BOOLEAN: true, false, 1, 0; stored as 1 and 0 in tables.
    Boolean,
    /// STRING, and what is left out.
    String,
    /// TIMESTAMP: `2026-11-01 12:30:00`, stored as text in tables.
    Timestamp,
    /// DATE: `2026-11-01`, stored as text in tables.
    Date,
    /// DECIMAL(digits, digits after the point), at most 18 digits; stored as text in tables.
    Decimal(u8, u8),
    /// Bytes; it cannot be declared, and is what some columns of tables and of parquet are.
    Bytes,
}

impl ColumnType {
    /// BIGINT.
    pub const BIGINT: Self = Self::Integer(i64::MIN, i64::MAX);
}

/// A declared column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ColumnType,
}

impl Column {
    /// Reads `name TYPE`; without a type it is a STRING.
    pub fn parse(text: &str) -> Result<Self, ConnectError> {
        let mut words = text.split_whitespace();
        let (Some(name), kind, None) = (words.next(), words.next(), words.next()) else {
            return Err(ConnectError::Setting(format!(
                "column `{text}` is not of the form `name TYPE`"
            )));
        };
        let upper = kind.unwrap_or("STRING").to_ascii_uppercase();
        let kind = match upper.as_str() {
            "TINYINT" => ColumnType::Integer(i8::MIN.into(), i8::MAX.into()),
            "SMALLINT" => ColumnType::Integer(i16::MIN.into(), i16::MAX.into()),
            "INT" | "INTEGER" => ColumnType::Integer(i32::MIN.into(), i32::MAX.into()),
            "BIGINT" => ColumnType::BIGINT,
            "FLOAT" | "DOUBLE" => ColumnType::Double,
            "BOOLEAN" => ColumnType::Boolean,
            "STRING" => ColumnType::String,
            "TIMESTAMP" => ColumnType::Timestamp,
            "DATE" => ColumnType::Date,
            other => decimal_type(other).ok_or_else(|| {
                ConnectError::Setting(format!(
                    "column `{text}` has the unknown type `{other}`; use TINYINT, SMALLINT, INT, BIGINT, FLOAT, \
                     DOUBLE, DECIMAL(18,2) and the like, BOOLEAN, STRING, DATE or TIMESTAMP"
                ))
            })?,
        };
        Ok(Self {
            name: name.to_owned(),
            kind,
        })
    }
}

/// `DECIMAL(digits,digits after the point)`.
fn decimal_type(text: &str) -> Option<ColumnType> {
    let inner = text.strip_prefix("DECIMAL(")?.strip_suffix(')')?;
    let (digits, scale) = inner.split_once(',').unwrap_or((inner, "0"));
    let (digits, scale) = (digits.parse().ok()?, scale.parse().ok()?);
    ((1..=18).contains(&digits) && scale <= digits).then_some(ColumnType::Decimal(digits, scale))
}

/// A value of a typed column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Double(f64),
    /// True or false.
    Boolean(bool),
    /// A text.
    Text(&'a str),
    /// A moment, or a time of some clock, in microseconds since 1970-01-01 00:00:00.
    Timestamp(i64),
    /// A date, in days since 1970-01-01.
    Date(i32),
    /// A decimal number without its point.
    Decimal(i64),
    /// Bytes.
    Bytes(&'a [u8]),
}

/// What a field is as a value of a type, or why it is none. An empty text is NULL for every type but STRING.
pub fn cell(bytes: &[u8], kind: FieldKind, to: ColumnType) -> Result<Cell<'_>, String> {
    if kind == FieldKind::Null {
        return Ok(Cell::Null);
    }
    if to == ColumnType::Bytes {
        return Ok(Cell::Bytes(bytes));
    }
    if to == ColumnType::String {
        return text(bytes).map(Cell::Text);
    }
    let trimmed = bytes.trim_ascii();
    if trimmed.is_empty() && kind == FieldKind::Text {
        return Ok(Cell::Null);
    }
    let found = match to {
        ColumnType::Integer(low, high) => integer(trimmed)
            .or_else(|| boolean_number(trimmed, kind))
            .filter(|number| (low..=high).contains(number))
            .map(Cell::Integer),
        ColumnType::Double => double(trimmed).map(Cell::Double),
        ColumnType::Boolean => boolean(trimmed).map(Cell::Boolean),
        ColumnType::Decimal(digits, scale) => decimal(trimmed, digits, scale).map(Cell::Decimal),
        ColumnType::Date => date(trimmed).map(Cell::Date),
        _ => timestamp(trimmed).map(Cell::Timestamp),
    };
    found.ok_or_else(|| {
        text(bytes).err().unwrap_or_else(|| match to {
            ColumnType::Double if real(trimmed).is_some() => {
                format!("`{}` is beyond what a DOUBLE can be", cut(bytes))
            }
            to => format!("`{}` is not {}", cut(bytes), described(to)),
        })
    })
}

/// The field as text, or why it is none.
pub fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| format!("`{}` is not UTF-8 text", cut(bytes)))
}

fn described(to: ColumnType) -> String {
    match to {
        ColumnType::Integer(low, high) => format!("a whole number from {low} to {high}"),
        ColumnType::Double => "a number".to_owned(),
        ColumnType::Boolean => "`true` or `false`".to_owned(),
        ColumnType::Timestamp => "a timestamp like `2026-11-01 12:30:00`".to_owned(),
        ColumnType::Date => "a date like `2026-11-01`".to_owned(),
        ColumnType::Decimal(digits, scale) => {
            format!("a number of at most {digits} digits, {scale} of them after the point")
        }
        ColumnType::String | ColumnType::Bytes => "a text".to_owned(),
    }
}

/// A whole number in decimal.
fn integer(text: &[u8]) -> Option<i64> {
    let negative = text.first() == Some(&b'-');
    let digits = match text {
        [b'-' | b'+', digits @ ..] | digits => digits,
    };
    if digits.is_empty() {
        return None;
    }
    // Added up below zero, where there is one number more.
    let mut number: i64 = 0;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.checked_mul(10)?.checked_sub(i64::from(digit))?;
    }
    if negative {
        Some(number)
    } else {
        number.checked_neg()
    }
}

/// What has true and false as values of their own may be kept as 1 and 0.
fn boolean_number(text: &[u8], kind: FieldKind) -> Option<i64> {
    (kind == FieldKind::Boolean).then(|| i64::from(text == b"true"))
}

fn real(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A number; digits that come to infinity do not fit.
fn double(text: &[u8]) -> Option<f64> {
    let digits = || text.iter().any(u8::is_ascii_digit);
    real(text).filter(|number| number.is_finite() || !digits())
}

fn boolean(text: &[u8]) -> Option<bool> {
    match text {
        b"1" => Some(true),
        b"0" => Some(false),
        _ if text.eq_ignore_ascii_case(b"true") => Some(true),
        _ if text.eq_ignore_ascii_case(b"false") => Some(false),
        _ => None,
    }
}

/// A decimal number without its point. Zeros after the digits that fit are no digits.
fn decimal(text: &[u8], digits: u8, scale: u8) -> Option<i64> {
    let point = memchr::memchr(b'.', text).unwrap_or(text.len());
    let (whole, fraction) = text.split_at_checked(point)?;
    let fraction = fraction.strip_prefix(b".").unwrap_or_default();
    let zeros = fraction
        .iter()
        .rev()
        .take_while(|byte| **byte == b'0')
        .count();
    let fraction = fraction.get(..fraction.len() - zeros)?;
    if fraction.len() > usize::from(scale) || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let negative = whole.first() == Some(&b'-');
    let whole = match whole {
        // `.5` and `-.5` are numbers, a point alone is none.
        b"" | b"-" | b"+" if !fraction.is_empty() || zeros > 0 => 0,
        whole => integer(whole)?,
    };
    let mut number = whole;
    for place in 0..usize::from(scale) {
        let digit = fraction
            .get(place)
            .map_or(0, |digit| i64::from(digit - b'0'));
        number = number.checked_mul(10)?;
        number = number.checked_add(if negative { -digit } else { digit })?;
    }
    (number.unsigned_abs() < 10_u64.pow(digits.into())).then_some(number)
}

/// Days since 1970.
fn date(text: &[u8]) -> Option<i32> {
    let text = std::str::from_utf8(text).ok()?;
    let date: jiff::civil::Date = text
        .get(..10)
        .filter(|date| date.len() == text.len())?
        .parse()
        .ok()?;
    let days = days(date.year().into(), date.month().into(), date.day().into());
    i32::try_from(days).ok()
}

/// Microseconds since 1970. A text without a zone counts as it stands; one with a zone is taken to UTC.
fn timestamp(text: &[u8]) -> Option<i64> {
    plain_timestamp(text).or_else(|| {
        let text = std::str::from_utf8(text).ok()?;
        let moment = text.parse::<jiff::Timestamp>().ok();
        let moment = moment.or_else(|| {
            let clock: jiff::civil::DateTime = text.parse().ok()?;
            let zoned = clock.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            Some(zoned.timestamp())
        })?;
        Some(moment.as_microsecond())
    })
}

/// The usual way to write one: `2026-11-01 12:30:00`, with up to six digits of a second more.
fn plain_timestamp(text: &[u8]) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        text.get(from..to)?.iter().try_fold(0, |sum, digit| {
            let digit = digit.wrapping_sub(b'0');
            (digit <= 9).then(|| sum * 10 + i64::from(digit))
        })
    };
    let is = |at: usize, byte: u8| text.get(at) == Some(&byte);
    let marks = is(4, b'-')
        && is(7, b'-')
        && (is(10, b' ') || is(10, b'T'))
        && is(13, b':')
        && is(16, b':');
    if !marks || text.len() > 26 {
        return None;
    }
    let fraction = match text.len() {
        19 => 0,
        length @ 21..=26 if is(19, b'.') => {
            let digits = length - 20;
            (digits..6).fold(number(20, length)?, |sum, _| sum * 10)
        }
        _ => return None,
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    if hour > 23 || minute > 59 || second > 59 || !(1..=12).contains(&month) {
        return None;
    }
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = lengths.get(usize::from(month.unsigned_abs()) - 1)? + i8::from(leap && month == 2);
    if !(1..=last).contains(&day) {
        return None;
    }
    let seconds =
        days(year, month.into(), day.into()) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(seconds * 1_000_000 + fraction)
}

/// Days from 1970-01-01 to a date after year 0. Years begin with March here, so that leap days come last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year
        - 719_468
}

/// The date so many days after 1970-01-01: year, month and day.
pub(super) fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn micros(text: &str) -> Option<i64> {
        match cell(text.as_bytes(), FieldKind::Text, ColumnType::Timestamp) {
            Ok(Cell::Timestamp(micros)) => Some(micros),
            _ => None,
        }
    }

    #[test]
    fn what_fits_and_what_does_not() {
        let cases: &[(&str, ColumnType, Option<Cell<'_>>)] = &[
            (
                "-9223372036854775808",
                ColumnType::BIGINT,
                Some(Cell::Integer(i64::MIN)),
            ),
            ("9223372036854775808", ColumnType::BIGINT, None),
            (" +7 ", ColumnType::BIGINT, Some(Cell::Integer(7))),
            ("128", ColumnType::Integer(-128, 127), None),
            ("1.0", ColumnType::BIGINT, None),
            ("-", ColumnType::BIGINT, None),
            ("1e3", ColumnType::Double, Some(Cell::Double(1000.0))),
            ("one", ColumnType::Double, None),
            ("1e400", ColumnType::Double, None),
            ("-1e400", ColumnType::Double, None),
            ("1e-400", ColumnType::Double, Some(Cell::Double(0.0))),
            (
                "-inf",
                ColumnType::Double,
                Some(Cell::Double(f64::NEG_INFINITY)),
            ),
            ("", ColumnType::Double, Some(Cell::Null)),
            ("", ColumnType::String, Some(Cell::Text(""))),
            ("TRUE", ColumnType::Boolean, Some(Cell::Boolean(true))),
            ("yes", ColumnType::Boolean, None),
            (
                "1970-01-01 00:00:01",
                ColumnType::Timestamp,
                Some(Cell::Timestamp(1_000_000)),
            ),
            (
                "1970-01-01T00:00:00.25",
                ColumnType::Timestamp,
                Some(Cell::Timestamp(250_000)),
            ),
            (
                "1970-01-01T02:00:00+02:00",
                ColumnType::Timestamp,
                Some(Cell::Timestamp(0)),
            ),
            (
                "1970-01-02",
                ColumnType::Timestamp,
                Some(Cell::Timestamp(86_400_000_000)),
            ),
            ("2026-02-29 00:00:00", ColumnType::Timestamp, None),
            ("2026-11-01 24:00:00", ColumnType::Timestamp, None),
            ("1970-01-02", ColumnType::Date, Some(Cell::Date(1))),
            ("1969-12-31", ColumnType::Date, Some(Cell::Date(-1))),
            ("1970-01-02 00:00:00", ColumnType::Date, None),
            ("12.5", ColumnType::Decimal(4, 2), Some(Cell::Decimal(1250))),
            ("-0.05", ColumnType::Decimal(4, 2), Some(Cell::Decimal(-5))),
            ("-.5", ColumnType::Decimal(4, 2), Some(Cell::Decimal(-50))),
            (
                "7.1000",
                ColumnType::Decimal(4, 2),
                Some(Cell::Decimal(710)),
            ),
            ("7.125", ColumnType::Decimal(4, 2), None),
            ("100", ColumnType::Decimal(4, 2), None),
            (".", ColumnType::Decimal(4, 2), None),
            ("1e1", ColumnType::Decimal(4, 2), None),
        ];
        for (text, to, expected) in cases {
            let found = cell(text.as_bytes(), FieldKind::Text, *to).ok();
            assert_eq!(found, *expected, "{text} as {to:?}");
        }
        assert_eq!(
            cell(b"\xff", FieldKind::Text, ColumnType::BIGINT).unwrap_err(),
            "`\u{fffd}` is not UTF-8 text"
        );
    }

    proptest! {
        #[test]
        fn timestamps_are_those_of_jiff(second in -62_135_596_800_i64..=253_402_207_200, micro in 0_i64..1_000_000) {
            let moment = jiff::Timestamp::from_microsecond(second * 1_000_000 + micro).unwrap();
            let clock = moment.to_zoned(jiff::tz::TimeZone::UTC).datetime();
            for text in [clock.to_string(), clock.to_string().replace('T', " "), moment.to_string()] {
                prop_assert_eq!(micros(&text), Some(moment.as_microsecond()), "{}", text);
            }
            let date = date_of(moment.as_second().div_euclid(86_400));
            prop_assert_eq!(date, (i64::from(clock.year()), i64::from(clock.month()), i64::from(clock.day())));
        }

        #[test]
        fn numbers_are_those_of_rust(number in any::<i64>(), real in any::<f64>()) {
            let read = |text: String, to| cell(text.as_bytes(), FieldKind::Text, to).map(|cell| format!("{cell:?}"));
            prop_assert_eq!(read(number.to_string(), ColumnType::BIGINT), Ok(format!("{:?}", Cell::Integer(number))));
            prop_assert_eq!(read(format!("{real:?}"), ColumnType::Double), Ok(format!("{:?}", Cell::Double(real))));
        }
    }
}
