//! Parts, and formats.

use jiff::civil::Date;
use jiff::fmt::strtime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

use super::CallError;
use super::when::When;
use super::zone;
use crate::diag::did_you_mean;
use crate::lang::functions::Call;
use crate::lang::functions::text;
use crate::lang::number::Number;
use crate::lang::value::Value;

const PARTS: [&str; 11] = [
    "year",
    "quarter",
    "month",
    "week",
    "week_year",
    "day",
    "day_of_year",
    "weekday",
    "hour",
    "minute",
    "second",
];

pub(super) fn part(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let when = When::argument(arguments, 0, 2)?;
    let name = text(arguments, 1)?;
    let number = match (&when, name) {
        (_, name) if !PARTS.contains(&name) => {
            let hint = did_you_mean(name, PARTS).unwrap_or_else(|| {
                format!(
                    "There are {}",
                    PARTS.map(|part| format!("`{part}`")).join(", ")
                )
            });
            return Err(CallError::at(
                1,
                format!("there is no part `{name}`. {hint}"),
            ));
        }
        (When::Time(time), "hour") => i64::from(time.hour()),
        (When::Time(time), "minute") => i64::from(time.minute()),
        (When::Time(time), "second") => i64::from(time.second()),
        (when, name) => date_part(when.date(), name).ok_or_else(|| {
            CallError::at(
                1,
                format!("`{}` is a date, and a date has no {name}s", when.date()),
            )
        })?,
    };
    Ok(Value::Number(Number::from(number)))
}

fn date_part(date: Date, name: &str) -> Option<i64> {
    let week = date.iso_week_date();
    Some(match name {
        "year" => i64::from(date.year()),
        "quarter" => i64::from((date.month() - 1) / 3 + 1),
        "month" => i64::from(date.month()),
        "week" => i64::from(week.week()),
        "week_year" => i64::from(week.year()),
        "day" => i64::from(date.day()),
        "day_of_year" => i64::from(date.day_of_year()),
        "weekday" => i64::from(date.weekday().to_monday_one_offset()),
        _ => return None,
    })
}

pub(super) fn format(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let when = When::argument(arguments, 0, 2)?;
    let format = pattern(arguments, 1)?;
    let written = match &when {
        When::Date(date) => strtime::format(format, *date),
        When::Time(time) => strtime::format(format, time),
    };
    written
        .map(Value::string)
        .map_err(|error| CallError::at(1, format!("the format does not fit: {error}")))
}

/// A format of `strftime`. One without a `%` is of another kind, and would come out as it is.
fn pattern(arguments: &[Value], index: usize) -> Result<&str, CallError> {
    let format = text(arguments, index)?;
    if format.contains('%') {
        return Ok(format);
    }
    Err(CallError::at(
        index,
        format!(
            "`{format}` has no `%`: formats are those of `strftime`, such as `%Y-%m-%d %H:%M`. Formats such as `YYYY-MM-DD` are those of `formatdate`"
        ),
    ))
}

pub(super) fn parse(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let written = text(arguments, 0)?;
    let format = pattern(arguments, 1)?;
    let zone = zone::optional(arguments, 2)?;
    let parts = strtime::parse(format, written).map_err(|error| {
        CallError::at(
            0,
            format!("`{written}` is not written as `{format}`: {error}"),
        )
    })?;
    read(&parts, zone)
        .map_err(|error| CallError::at(0, format!("`{written}` is no date or time: {error}")))?
        .value()
}

fn read(parts: &BrokenDownTime, zone: Option<TimeZone>) -> Result<When, jiff::Error> {
    if parts.timestamp().is_some() || parts.offset().is_some() {
        let time = parts.to_timestamp()?;
        let own = parts.offset().map_or(TimeZone::UTC, TimeZone::fixed);
        return Ok(When::Time(time.to_zoned(zone.unwrap_or(own))));
    }
    if parts.iana_time_zone().is_some() {
        let time = parts.to_zoned()?;
        return Ok(When::Time(match zone {
            Some(zone) => time.with_time_zone(zone),
            None => time,
        }));
    }
    if parts.hour().is_none() {
        return parts.to_date().map(When::Date);
    }
    let civil = parts.to_datetime()?;
    civil
        .to_zoned(zone.unwrap_or(TimeZone::UTC))
        .map(When::Time)
}
