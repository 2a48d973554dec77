//! What the functions of the calendar take and give: a date, or a time with an offset.

use jiff::Timestamp;
use jiff::Zoned;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use jiff::tz::TimeZone;

use super::CallError;
use super::dates;
use super::zone;
use crate::lang::functions::text;
use crate::lang::value::Value;

/// A date, or a time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum When {
    /// `2026-11-24`.
    Date(Date),
    /// `2026-11-24T06:00:00+01:00`.
    Time(Zoned),
}

/// Why a result cannot be written.
pub(super) const FAR: &str = "the result is too far away: years go from 0000 to 9999";

impl When {
    /// The argument, in the zone that is the argument `zone`, if there is one.
    pub(super) fn argument(
        arguments: &[Value],
        index: usize,
        zone: usize,
    ) -> Result<Self, CallError> {
        let zone = zone::optional(arguments, zone)?;
        Self::parse(text(arguments, index)?, zone.as_ref())
            .map_err(|message| CallError::at(index, message))
    }

    /// Reads a date or a time. A time is put into the zone; without one it keeps its offset.
    pub(super) fn parse(text: &str, zone: Option<&TimeZone>) -> Result<Self, String> {
        if has_form(text, "0000-00-00") {
            return date(text).map(Self::Date);
        }
        let day = text.get(..10).unwrap_or("");
        if dates::is_rfc3339(text) {
            date(day)?;
            let exact = dates::to_nanoseconds(text);
            let instant: Timestamp = exact
                .parse()
                .map_err(|_| format!("`{text}` is no time of the clock, or too far away"))?;
            let own = Pieces::parse(&exact)
                .ok()
                .and_then(|pieces| pieces.to_numeric_offset());
            let zone = zone.cloned().unwrap_or_else(|| fixed(own));
            return Ok(Self::Time(instant.to_zoned(zone)));
        }
        if dates::is_rfc3339(&format!("{text}Z")) || dates::is_rfc3339(&format!("{text}:00Z")) {
            date(day)?;
            let Some(zone) = zone else {
                return Err(format!(
                    "`{text}` has no offset, so that it is not clear which moment is meant: write `{text}Z` for UTC, or give a zone as the last argument"
                ));
            };
            let civil: DateTime = text
                .parse()
                .map_err(|_| format!("`{text}` is no time of the clock"))?;
            return civil
                .to_zoned(zone.clone())
                .map(Self::Time)
                .map_err(|_| format!("`{text}` is too far away"));
        }
        Err(format!(
            "`{text}` is neither a date such as `2026-11-24` nor a time such as `2026-11-24T06:00:00+01:00`"
        ))
    }

    /// Its day on the calendar.
    pub(super) fn date(&self) -> Date {
        match self {
            Self::Date(date) => *date,
            Self::Time(time) => time.date(),
        }
    }

    /// As a value: a date as `2026-11-24`, a time as RFC 3339 with its offset.
    pub(super) fn value(&self) -> Result<Value, CallError> {
        let written = match self {
            Self::Date(date) => show_date(*date),
            Self::Time(time) => show_time(time),
        };
        written
            .map(Value::string)
            .ok_or_else(|| CallError::new(FAR))
    }
}

fn show_date(date: Date) -> Option<String> {
    (date.year() >= 0).then(|| date.strftime("%Y-%m-%d").to_string())
}

/// Offsets of the time before standard time have seconds, which RFC 3339 cannot say: they are rounded, and the moment is kept.
fn show_time(time: &Zoned) -> Option<String> {
    let seconds = time.offset().seconds();
    let minutes = (seconds + 30).div_euclid(60);
    let time = if seconds % 60 == 0 {
        time.clone()
    } else {
        let offset = Offset::from_seconds(minutes * 60).ok()?;
        time.with_time_zone(TimeZone::fixed(offset))
    };
    let format = if time.offset().is_zero() {
        "%Y-%m-%dT%H:%M:%S%.fZ"
    } else {
        "%Y-%m-%dT%H:%M:%S%.f%:z"
    };
    (time.year() >= 0).then(|| time.strftime(format).to_string())
}

/// The zone of an offset; UTC where there is none.
fn fixed(offset: Option<Offset>) -> TimeZone {
    match offset {
        Some(offset) if !offset.is_zero() => TimeZone::fixed(offset),
        _ => TimeZone::UTC,
    }
}

/// A day of the calendar.
pub(super) fn date(text: &str) -> Result<Date, String> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i16>().ok();
    let parts = (number(0, 4), number(5, 7), number(8, 10));
    let (true, (Some(year), Some(month), Some(day))) = (has_form(text, "0000-00-00"), parts) else {
        return Err(format!("`{text}` is no date such as `2026-11-24`"));
    };
    let none = |why: &str| Err(format!("there is no `{text}`: {why}"));
    let first = i8::try_from(month)
        .ok()
        .and_then(|month| Date::new(year, month, 1).ok());
    let Some(first) = first else {
        return none("months go from 01 to 12");
    };
    let last = first.days_in_month();
    let found = i8::try_from(day)
        .ok()
        .and_then(|day| Date::new(year, first.month(), day).ok());
    match found {
        Some(date) => Ok(date),
        None if day == 29 => none(&format!("{year:04} is no leap year")),
        None => none(&format!("this month goes from 01 to {last}")),
    }
}

/// Whether the text has digits where the form has zeros, and the same letters elsewhere.
fn has_form(text: &str, form: &str) -> bool {
    let fits = |(byte, wanted): (u8, u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        wanted => byte == wanted,
    };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}
