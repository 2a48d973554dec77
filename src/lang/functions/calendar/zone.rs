//! Time zones by name.

use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;

use super::CallError;
use super::when::When;
use crate::diag::did_you_mean;
use crate::lang::functions::Call;
use crate::lang::functions::text;
use crate::lang::value::Value;

/// The zone that is an argument, if it is given.
pub(super) fn optional(arguments: &[Value], index: usize) -> Result<Option<TimeZone>, CallError> {
    match arguments.get(index) {
        None | Some(Value::Null(_)) => Ok(None),
        Some(_) => named(text(arguments, index)?)
            .map(Some)
            .map_err(|message| CallError::at(index, message)),
    }
}

/// The zone of that name, e.g. `Europe/Berlin` or `UTC`, or an offset such as `+05:30`.
fn named(name: &str) -> Result<TimeZone, String> {
    if name == "UTC" {
        return Ok(TimeZone::UTC);
    }
    if name.starts_with(['+', '-']) {
        // An offset is read as it is read in a time.
        let time = format!("2026-11-24T00:00:00{name}");
        let offset = Pieces::parse(&time)
            .ok()
            .filter(|_| super::dates::is_rfc3339(&time))
            .and_then(|pieces| pieces.to_numeric_offset())
            .ok_or_else(|| format!("`{name}` is no offset such as `+05:30`"))?;
        return Ok(TimeZone::fixed(offset));
    }
    TimeZone::get(name).map_err(|_| unknown(name))
}

fn unknown(name: &str) -> String {
    let known: Vec<String> = jiff::tz::db()
        .available()
        .map(|zone| zone.to_string())
        .collect();
    if known.is_empty() {
        return format!(
            "there is no time zone `{name}`, because this machine has no data of time zones; install its package `tzdata`"
        );
    }
    let lowered = name.to_lowercase().replace(' ', "_");
    let city = |zone: &&String| {
        zone.rsplit('/')
            .next()
            .is_some_and(|city| city.to_lowercase() == lowered)
    };
    // A name that is only a city is meant more often than one that happens to be spelled like it.
    let hint = match known.iter().find(city) {
        Some(zone) => format!("Did you mean `{zone}`?"),
        None => did_you_mean(name, known.iter().map(String::as_str)).unwrap_or_else(|| {
            "Write the name of the place that stands for it, such as `Europe/Berlin` or `America/New_York`, or `UTC`"
                .to_owned()
        }),
    };
    format!("there is no time zone `{name}`. {hint}")
}

pub(super) fn in_zone(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let time = match When::argument(arguments, 0, 1)? {
        When::Time(time) => time,
        When::Date(date) => {
            let zone = optional(arguments, 1)?.unwrap_or(TimeZone::UTC);
            date.to_zoned(zone)
                .map_err(|_| CallError::new(super::when::FAR))?
        }
    };
    When::Time(time).value()
}
