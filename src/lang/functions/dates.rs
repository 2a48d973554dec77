//! Functions of times. Times are RFC 3339 strings, and keep their offset.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::Zoned;
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;
use num_traits::ToPrimitive as _;

use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::Purity;
use super::text;
use crate::lang::number::Number;
use crate::lang::value::Value;

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "formatdate",
        parameters: &[Parameter::string("format"), Parameter::string("time")],
        variadic: None,
        doc: "Writes a time in a format such as `DD MMM YYYY hh:mm`.",
        purity: Purity::Pure,
        body: formatdate,
    },
    Function {
        name: "plantimestamp",
        parameters: &[],
        variadic: None,
        doc: "Returns the moment of the plan, UTC.",
        purity: Purity::Impure,
        body: timestamp,
    },
    Function {
        name: "timeadd",
        parameters: &[
            Parameter::string("timestamp"),
            Parameter::string("duration"),
        ],
        variadic: None,
        doc: "Adds a duration such as `1h30m` to a time.",
        purity: Purity::Pure,
        body: timeadd,
    },
    Function {
        name: "timecmp",
        parameters: &[
            Parameter::string("timestamp_a"),
            Parameter::string("timestamp_b"),
        ],
        variadic: None,
        doc: "Returns -1, 0 or 1, as the first time is before, at or after the second.",
        purity: Purity::Pure,
        body: timecmp,
    },
    Function {
        name: "timestamp",
        parameters: &[],
        variadic: None,
        doc: "Returns the current time, UTC.",
        purity: Purity::Impure,
        body: timestamp,
    },
];

/// A time with the offset it was written with.
fn time(arguments: &[Value], index: usize) -> Result<Zoned, CallError> {
    let text = text(arguments, index)?;
    let wrong = || {
        CallError::at(
            index,
            format!(
                "not a valid RFC3339 timestamp: \"{text}\" must be such as 2026-11-01T06:00:00Z"
            ),
        )
    };
    if !is_rfc3339(text) {
        return Err(wrong());
    }
    let exact = to_nanoseconds(text);
    let instant: Timestamp = exact.parse().map_err(|_| wrong())?;
    let offset = Pieces::parse(&exact)
        .ok()
        .and_then(|pieces| pieces.to_numeric_offset())
        .ok_or_else(wrong)?;
    let zone = if offset.is_zero() {
        TimeZone::UTC
    } else {
        TimeZone::fixed(offset)
    };
    Ok(instant.to_zoned(zone))
}

/// The time without digits below a nanosecond, which the parser of times refuses.
pub(super) fn to_nanoseconds(time: &str) -> String {
    const DIGITS: usize = 9;
    let Some((seconds, rest)) = time.split_once('.') else {
        return time.to_owned();
    };
    let zone = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let digits = DIGITS.min(rest.len() - zone.len());
    format!("{seconds}.{}{zone}", rest.get(..digits).unwrap_or(""))
}

/// Whether the text has the form of RFC 3339; the parser of times accepts more (no seconds, `+01`, a comma).
pub(super) fn is_rfc3339(text: &str) -> bool {
    const FORM: &str = "0000-00-00T00:00:00";
    let has_form = |text: &str, form: &str| {
        text.len() == form.len()
            && text
                .bytes()
                .zip(form.bytes())
                .all(|(byte, wanted)| match wanted {
                    b'0' => byte.is_ascii_digit(),
                    wanted => byte == wanted,
                })
    };
    let Some((start, rest)) = text.split_at_checked(FORM.len()) else {
        return false;
    };
    if !has_form(start, FORM) || start.ends_with(":60") {
        return false;
    }
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|letter: char| letter.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    let offset = zone.strip_prefix(['+', '-']).unwrap_or("");
    zone == "Z"
        || has_form(offset, "00:00")
            && offset
                .split_once(':')
                .is_some_and(|(hours, minutes)| hours < "24" && minutes < "60")
}

/// RFC 3339, to the second: fractions of a second are not written.
fn rfc3339(time: &Zoned) -> String {
    let format = if time.offset().is_zero() {
        "%Y-%m-%dT%H:%M:%SZ"
    } else {
        "%Y-%m-%dT%H:%M:%S%:z"
    };
    time.strftime(format).to_string()
}

#[expect(clippy::unnecessary_wraps, reason = "it has the form of all functions")]
fn timestamp(call: &Call<'_>, _: &[Value]) -> Result<Value, CallError> {
    Ok(Value::string(rfc3339(&call.now.to_zoned(TimeZone::UTC))))
}

fn timecmp(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let order = time(arguments, 0)?
        .timestamp()
        .cmp(&time(arguments, 1)?.timestamp());
    Ok(Value::Number(Number::from(order as i64)))
}

fn timeadd(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let start = time(arguments, 0)?;
    let duration = go_duration(text(arguments, 1)?).ok_or_else(|| {
        CallError::at(
            1,
            "a duration is a sequence of numbers with units, such as \"1h30m\" or \"-10s\"; the units are h, m, s, ms, us and ns",
        )
    })?;
    start
        .checked_add(duration)
        .map(|time| Value::string(rfc3339(&time)))
        .map_err(|_| CallError::at(1, "the result is too far away"))
}

/// A duration as Go writes it: `1h30m`, `-1.5h`, `300ms`.
fn go_duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = SignedDuration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, after) = rest.split_at_checked(digits)?;
        let units = after
            .find(|letter: char| letter.is_ascii_digit() || letter == '.')
            .unwrap_or(after.len());
        let (unit, next) = after.split_at_checked(units)?;
        let nanoseconds: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || whole.len() > 15 {
            return None;
        }
        let whole: i128 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok()?
        };
        let part = whole * nanoseconds + fraction_of(fraction, nanoseconds)?;
        total = total.checked_add(SignedDuration::try_from_nanos_i128(part)?)?;
        rest = next;
    }
    i64::try_from(total.as_nanos()).ok()?;
    Some(if negative { -total } else { total })
}

/// A decimal fraction of a unit, in nanoseconds: in binary floating point, so that a third of an hour written with
/// enough digits is 20 minutes and not a nanosecond less.
fn fraction_of(digits: &str, unit: i128) -> Option<i128> {
    // As many digits as fit; further ones are less than a nanosecond.
    const MOST: usize = 18;
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let one_more = digits
        .get(..=MOST)
        .filter(|digits| digits.parse::<i64>().is_ok());
    let digits = one_more.or(digits.get(..MOST)).unwrap_or(digits);
    if digits.is_empty() {
        return Some(0);
    }
    let scale = 10_i128.pow(u32::try_from(digits.len()).ok()?);
    let value = digits.parse::<u64>().ok()?.to_f64()?;
    (value * (unit.to_f64()? / scale.to_f64()?)).to_i128()
}

fn formatdate(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let format = text(arguments, 0)?;
    let time = time(arguments, 1)?;
    let mut out = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("''") {
            out.push('\'');
            rest = after;
            continue;
        }
        if first == '\'' {
            rest = literal(rest, &mut out)?;
            continue;
        }
        let length = rest
            .find(|letter: char| letter != first)
            .unwrap_or(rest.len());
        let (run, next) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if first.is_ascii_alphabetic() {
            out.push_str(&verb(run, &time)?);
        } else {
            out.push_str(run);
        }
        rest = next;
    }
    Ok(Value::string(out))
}

/// A text in single quotes, in which two of them stand for one. Answers what follows.
fn literal<'a>(text: &'a str, out: &mut String) -> Result<&'a str, CallError> {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((index, letter)) = letters.next() {
        if letter != '\'' {
            out.push(letter);
        } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
            out.push('\'');
        } else {
            return Ok(text.get(index + 1..).unwrap_or(""));
        }
    }
    Err(CallError::at(0, "unterminated literal '"))
}

fn verb(run: &str, time: &Zoned) -> Result<String, CallError> {
    let hour = time.hour();
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    let offset = |colon: &str| {
        let seconds = time.offset().seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.unsigned_abs() / 60;
        format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
    };
    let zulu = time.offset().is_zero();
    Ok(match run {
        "YYYY" => format!("{:04}", time.year()),
        "YY" => format!("{:02}", time.year().rem_euclid(100)),
        "M" => time.month().to_string(),
        "MM" => format!("{:02}", time.month()),
        "MMM" => time.strftime("%b").to_string(),
        "MMMM" => time.strftime("%B").to_string(),
        "D" => time.day().to_string(),
        "DD" => format!("{:02}", time.day()),
        "EEE" => time.strftime("%a").to_string(),
        "EEEE" => time.strftime("%A").to_string(),
        "h" => hour.to_string(),
        "hh" => format!("{hour:02}"),
        "H" => twelve.to_string(),
        "HH" => format!("{twelve:02}"),
        "AA" => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        "aa" => if hour < 12 { "am" } else { "pm" }.to_owned(),
        "m" => time.minute().to_string(),
        "mm" => format!("{:02}", time.minute()),
        "s" => time.second().to_string(),
        "ss" => format!("{:02}", time.second()),
        "Z" | "ZZZ" | "ZZZZ" | "ZZZZZ" => match (run, zulu) {
            ("Z", true) => "Z".to_owned(),
            ("ZZZ", true) => "UTC".to_owned(),
            ("ZZZ" | "ZZZZ", _) => offset(""),
            _ => offset(":"),
        },
        _ => {
            return Err(CallError::at(
                0,
                format!("invalid date format verb \"{run}\""),
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::lang::NoFiles;
    use crate::lang::functions::Call;
    use crate::lang::functions::find;
    use crate::lang::value::Value;

    fn call(name: &str, arguments: &[&str]) -> Result<String, String> {
        let call = Call {
            files: &NoFiles,
            now: "2026-11-23T10:11:12.5Z".parse().unwrap(),
            random: || [0; 16],
            secrets: None,
        };
        let arguments: Vec<_> = arguments.iter().map(|text| Value::string(*text)).collect();
        (find(name).unwrap().body)(&call, &arguments)
            .map(|value| {
                crate::lang::print::value(&value)
                    .trim_matches('"')
                    .to_owned()
            })
            .map_err(|error| error.message)
    }

    #[test]
    fn results_are_terraforms() {
        let at = "2018-01-02T23:12:01Z";
        for (name, arguments, wanted) in [
            (
                "formatdate",
                ["DD MMM YYYY hh:mm ZZZ", at],
                "02 Jan 2018 23:12 UTC",
            ),
            (
                "formatdate",
                ["EEEE, DD-MMM-YY hh:mm:ss ZZZ", at],
                "Tuesday, 02-Jan-18 23:12:01 UTC",
            ),
            (
                "formatdate",
                ["EEE, DD MMM YYYY hh:mm:ss ZZZ", "2018-01-02T23:12:01-08:00"],
                "Tue, 02 Jan 2018 23:12:01 -0800",
            ),
            (
                "timeadd",
                ["2018-01-02T03:04:05.12345678901Z", "0.9s"],
                "2018-01-02T03:04:06Z",
            ),
            ("formatdate", ["MMM DD, YYYY", at], "Jan 02, 2018"),
            ("formatdate", ["HH:mmaa", at], "11:12pm"),
            ("formatdate", ["h'h'mm'm''s'", at], "23h12m's"),
            (
                "formatdate",
                ["YYYY-MM-DD'T'hh:mm:ssZ", "2026-11-24T00:00:00+01:00"],
                "2026-11-24T00:00:00+01:00",
            ),
            (
                "timeadd",
                ["2017-11-22T00:00:00Z", "10m"],
                "2017-11-22T00:10:00Z",
            ),
            (
                "timeadd",
                ["2017-11-22T00:00:00+02:00", "-1.5h"],
                "2017-11-21T22:30:00+02:00",
            ),
            (
                "timeadd",
                ["2018-01-02T03:04:05Z", "0.3333333333333333333h"],
                "2018-01-02T03:24:05Z",
            ),
            ("formatdate", ["MMM D ''YY '''a'", at], "Jan 2 '18 'a"),
            (
                "timecmp",
                ["2017-11-22T00:00:00Z", "2017-11-22T01:00:00+01:00"],
                "0",
            ),
            (
                "timecmp",
                ["2017-11-22T00:00:00Z", "2017-11-22T01:00:00Z"],
                "-1",
            ),
        ] {
            assert_eq!(
                call(name, &arguments).as_deref(),
                Ok(wanted),
                "{name} {arguments:?}"
            );
        }
        assert_eq!(
            call("timestamp", &[]).as_deref(),
            Ok("2026-11-23T10:11:12Z")
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (name, arguments) in [
            ("formatdate", ["YYYY", "2018-01-02"]),
            ("formatdate", ["QQ", "2018-01-02T23:12:01Z"]),
            ("formatdate", ["'open", "2018-01-02T23:12:01Z"]),
            ("timeadd", ["2018-01-02T23:12:01Z", "1 day"]),
            ("timeadd", ["2018-01-02T23:12:01Z", ""]),
            ("timeadd", ["2018-01-02 23:12:01Z", "1h"]),
            ("timeadd", ["2018-01-02T23:12:01Z", "9999999h"]),
            ("timeadd", ["2018-01-02T23:12:01Z", "1.5.5h"]),
            ("timeadd", ["2018-01-02T23:12:01,5Z", "1h"]),
            ("timeadd", ["2018-01-02T23:12:01.Z", "1h"]),
            ("timeadd", ["2018-01-02T23:12:60Z", "1h"]),
            ("timeadd", ["2018-01-02T23:12:01+01", "1h"]),
            ("timeadd", ["2018-01-02T23:12:01+0100", "1h"]),
            ("timeadd", ["2018-01-02T23:12:01+24:00", "1h"]),
        ] {
            assert!(call(name, &arguments).is_err(), "{name} {arguments:?}");
        }
    }
}
