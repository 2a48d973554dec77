//! From the objects that describe a schedule to the schedule.
//!
//! Apart from the timetable, which says who has which: this is about one.

use std::borrow::Cow;

use jiff::Timestamp;
use thiserror::Error;

use super::kind::Kind;
use super::object::Object;
use super::settings;
use super::settings::Objects;
use crate::lang::Value;
use crate::time::Calendar;
use crate::time::CalendarError;
use crate::time::Cron;
use crate::time::Due;
use crate::time::HolidayError;
use crate::time::MomentError;
use crate::time::Period;
use crate::time::Schedule;
use crate::time::ScheduleError;
use crate::time::WhenExcluded;
use crate::time::parse_date;
use crate::time::parse_holidays;
use crate::time::parse_moment;
use crate::time::parse_timezone;
use crate::time::parse_weekday;

/// Why an object describes no schedule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unscheduled {
    /// It has neither a period nor a pattern.
    #[error(
        "a schedule has `every`, the length of its intervals, or `cron`, the times between which they lie"
    )]
    NoBeat,
    /// It has both.
    #[error("`every` and `cron` both say where intervals begin: keep one of them")]
    TwoBeats,
    /// An attribute has another form. Validation has said so.
    #[error("`{0}` is not right")]
    Attribute(&'static str),
    /// Its times make no intervals.
    #[error("{0}")]
    Schedule(#[from] ScheduleError),
    /// Its end is no time in its zone.
    #[error("{0}")]
    Moment(#[from] MomentError),
    /// Its calendar leaves no day.
    #[error("{0}")]
    Calendar(#[from] CalendarError),
    /// The holidays of its calendar cannot be read.
    #[error("{0}")]
    Holidays(#[from] HolidayError),
}

/// The schedule that a `schedule` object describes. One without a start begins at `activation`.
pub fn schedule_of(
    objects: &Objects,
    object: &Object,
    activation: Timestamp,
) -> Result<Schedule, Unscheduled> {
    let none = Objects::new();
    let text = |name: &str| settings::text(&none, object, name);
    let timezone = text("timezone").and_then(|name| parse_timezone(name).ok());
    let timezone = timezone.ok_or(Unscheduled::Attribute("timezone"))?;
    let moment = |name: &'static str| {
        let written = text(name).map(parse_moment).transpose();
        written.map_err(|_| Unscheduled::Attribute(name))
    };
    let start = moment("start")?;
    let schedule = match (text("every"), text("cron")) {
        (None, None) => return Err(Unscheduled::NoBeat),
        (Some(_), Some(_)) => return Err(Unscheduled::TwoBeats),
        (Some(every), None) => {
            let every = Period::parse(every).map_err(|_| Unscheduled::Attribute("every"))?;
            let anchor = match start {
                Some(start) => start.civil(&timezone),
                None => timezone.to_datetime(activation),
            };
            Schedule::new(anchor, every, timezone.clone())?
        }
        (None, Some(cron)) => {
            let cron = Cron::parse(cron).map_err(|_| Unscheduled::Attribute("cron"))?;
            let from = match start {
                Some(start) => start.timestamp(&timezone)?,
                None => activation,
            };
            Schedule::of_cron(cron, from, timezone.clone())?
        }
    };
    let end = moment("end")?.map(|end| end.timestamp(&timezone));
    let occurrences =
        settings::integer(&none, object, "occurrences").and_then(|count| u64::try_from(count).ok());
    let schedule = schedule
        .with_end(end.transpose()?)?
        .with_occurrences(occurrences)?
        .with_due(text("due").and_then(Due::parse).unwrap_or(Due::End));
    let calendar = object
        .reference("calendar")
        .and_then(|address| objects.get(&address));
    let Some(calendar) = calendar else {
        return Ok(schedule);
    };
    let when = text("when_excluded").and_then(WhenExcluded::parse);
    let when = when.ok_or(Unscheduled::Attribute("when_excluded"))?;
    Ok(schedule.with_calendar(calendar_of(calendar)?, when))
}

/// The calendar that a `calendar` object describes.
pub fn calendar_of(object: &Object) -> Result<Calendar, Unscheduled> {
    debug_assert_eq!(object.kind(), Kind::Calendar);
    let weekdays: Option<Vec<_>> = texts(object, "weekends")
        .map(|name| parse_weekday(&name))
        .collect();
    let dates: Option<Vec<_>> = texts(object, "dates")
        .map(|date| parse_date(&date))
        .collect();
    let holidays = match object.get("holidays") {
        Some(Value::String(text)) => parse_holidays(text)?,
        _ => std::collections::BTreeSet::new(),
    };
    let weekdays = weekdays.ok_or(Unscheduled::Attribute("weekends"))?;
    let dates = dates.ok_or(Unscheduled::Attribute("dates"))?;
    Ok(Calendar::new(weekdays, dates.into_iter().chain(holidays))?)
}

/// The texts of a list.
fn texts<'a>(object: &'a Object, name: &str) -> impl Iterator<Item = Cow<'a, str>> {
    let list = match object.get(name) {
        Some(Value::List(list) | Value::Tuple(list) | Value::Set(list)) => list.as_slice(),
        _ => &[],
    };
    list.iter().map(|value| match value {
        Value::String(text) => Cow::Borrowed(&**text),
        other => Cow::Owned(crate::lang::print::value(other)),
    })
}

/// When the instances of an object are due, if it or its pipeline says so.
pub(super) fn own_due(object: &Object) -> Option<Due> {
    match object.get("due") {
        Some(Value::String(word)) => Due::parse(word),
        _ => None,
    }
}
