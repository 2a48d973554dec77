//! What a scalar of YAML means.

use data_encoding::BASE64;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::lang::number::Number;
use crate::lang::value::Value;

/// The words for true and false, in lower case; they count as they are, capitalised, or in capitals.
const WORDS: [(&str, bool); 8] = [
    ("y", true),
    ("yes", true),
    ("true", true),
    ("on", true),
    ("n", false),
    ("no", false),
    ("false", false),
    ("off", false),
];

/// The value of a scalar with a tag of YAML's own (`str`, `int`, …), if it has one. `plain` says that it is not in quotes.
pub(super) fn resolve(text: &str, plain: bool, tag: Option<&str>) -> Result<Value, String> {
    let wrong = || format!("`{text}` is no `!!{}`", tag.unwrap_or(""));
    match tag {
        Some("str") => Ok(Value::string(text)),
        Some("binary") => {
            let decoded = BASE64.decode(text.as_bytes());
            decoded.map(|_| Value::string(text)).map_err(|_| wrong())
        }
        Some("null") => Ok(Value::NULL),
        None | Some("bool" | "int" | "float" | "timestamp") if !plain => Ok(Value::string(text)),
        Some("bool") => truth(text).map(Value::Bool).ok_or_else(wrong),
        Some("int" | "float") => number(&text.replace('_', "")).ok_or_else(wrong),
        Some("timestamp") => timestamp(text).map(Value::string).ok_or_else(wrong),
        None => untagged(text),
        Some(other) => Err(format!("the tag `!!{other}` is not supported")),
    }
}

fn untagged(text: &str) -> Result<Value, String> {
    if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Ok(Value::NULL);
    }
    if let Some(truth) = truth(text) {
        return Ok(Value::Bool(truth));
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(
        unsigned,
        ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN"
    ) {
        return Err(format!("`{text}` is no number that there is here"));
    }
    if let Some(timestamp) = timestamp(text) {
        return Ok(Value::string(timestamp));
    }
    Ok(number(text).unwrap_or_else(|| Value::string(text)))
}

fn truth(text: &str) -> Option<bool> {
    let lower = text.to_ascii_lowercase();
    let (word, truth) = WORDS.iter().find(|(word, _)| *word == lower)?;
    let capitalised = text
        .char_indices()
        .all(|(at, letter)| letter.is_ascii_uppercase() == (at == 0));
    (text == *word || capitalised || text == word.to_ascii_uppercase()).then_some(*truth)
}

/// A number: decimal, `0x1f` or `0o17`.
fn number(text: &str) -> Option<Value> {
    let based = |digits: &str, base| {
        let number = num_bigint::BigInt::parse_bytes(digits.as_bytes(), base)?;
        Number::parse(&number.to_string())
    };
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let number = if let Some(digits) = text.strip_prefix("0x") {
        based(digits, 16)?
    } else if let Some(digits) = text.strip_prefix("0o") {
        based(digits, 8)?
    } else if unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        let (mantissa, exponent) = unsigned
            .find(['e', 'E'])
            .and_then(|at| unsigned.split_at_checked(at))
            .unwrap_or((unsigned, ""));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let sign = if text.starts_with('-') { "-" } else { "" };
        let (whole, point) = (
            if whole.is_empty() { "0" } else { whole },
            if fraction.is_empty() { "" } else { "." },
        );
        Number::parse(&format!("{sign}{whole}{point}{fraction}{exponent}"))?
    } else {
        return None;
    };
    Some(Value::Number(number))
}

/// A date, or a date and a time, in the form of RFC 3339; without an offset it is UTC.
fn timestamp(text: &str) -> Option<String> {
    let (year, rest) = text.split_at_checked(4)?;
    if !year.bytes().all(|byte| byte.is_ascii_digit()) || !rest.starts_with('-') {
        return None;
    }
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)),
        None => (text, None),
    };
    let mut fields = date.split('-').map(whole);
    let (year, month, day) = (fields.next()??, fields.next()??, fields.next()??);
    if fields.next().is_some() {
        return None;
    }
    let zoned = text.contains(['T', 't']);
    let (clock, offset) = match time {
        None => ((0, 0, 0), Offset::UTC),
        Some(time) if zoned => {
            let at = time.find(['Z', '+', '-'])?;
            (of_day(time.get(..at)?)?, offset(time.get(at..)?)?)
        }
        Some(time) => (of_day(time)?, Offset::UTC),
    };
    let moment = DateTime::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        clock.0,
        clock.1,
        clock.2,
        0,
    );
    let written = moment.ok()?.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let seconds = offset.seconds();
    let zone = if seconds == 0 {
        "Z".to_owned()
    } else {
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.abs() / 60;
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    };
    Some(written + &zone)
}

fn whole(text: &str) -> Option<u16> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Hour, minute and second; fractions of it are read and dropped.
fn of_day(text: &str) -> Option<(i8, i8, i8)> {
    let (text, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut fields = text
        .split(':')
        .map(|field| whole(field).and_then(|field| i8::try_from(field).ok()));
    let clock = (fields.next()??, fields.next()??, fields.next()??);
    fields.next().is_none().then_some(clock)
}

fn offset(text: &str) -> Option<Offset> {
    if text == "Z" {
        return Some(Offset::UTC);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let seconds = i32::from(whole(hours)?) * 3600 + i32::from(whole(minutes)?) * 60;
    Offset::from_seconds(sign * seconds).ok()
}
