//! Adding, cutting, counting.

use jiff::SignedDuration;
use jiff::Span;
use jiff::Unit as CalendarUnit;
use jiff::Zoned;
use jiff::ZonedDifference;
use jiff::civil::Date;
use jiff::civil::DateDifference;
use jiff::civil::Weekday;

use super::CallError;
use super::when::FAR;
use super::when::When;
use crate::diag::did_you_mean;
use crate::lang::functions::Call;
use crate::lang::functions::text;
use crate::lang::length;
use crate::lang::length::Part;
use crate::lang::length::Unit;
use crate::lang::number::Number;
use crate::lang::value::Value;

/// What a date or time is cut to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Grain {
    /// A unit; weeks begin on Monday.
    Unit(Unit),
    /// A week that begins on this day.
    Week(Weekday),
}

const WEEKDAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "monday"),
    (Weekday::Tuesday, "tuesday"),
    (Weekday::Wednesday, "wednesday"),
    (Weekday::Thursday, "thursday"),
    (Weekday::Friday, "friday"),
    (Weekday::Saturday, "saturday"),
    (Weekday::Sunday, "sunday"),
];

impl Grain {
    fn argument(arguments: &[Value], index: usize) -> Result<Self, CallError> {
        let text = text(arguments, index)?;
        let weekday = WEEKDAYS.iter().find(|(_, name)| *name == text);
        if let Some((weekday, _)) = weekday {
            return Ok(Self::Week(*weekday));
        }
        let unit = Unit::parse(text).map_err(|error| {
            let hint = did_you_mean(text, WEEKDAYS.iter().map(|(_, name)| *name));
            let message = match hint {
                Some(hint) => format!("there is no unit `{text}`. {hint}"),
                None => error.to_string(),
            };
            CallError::at(index, message)
        })?;
        Ok(match unit {
            Unit::Week => Self::Week(Weekday::Monday),
            unit => Self::Unit(unit),
        })
    }

    /// The first day of the span that holds the date. Units of the clock leave the date as it is.
    fn first_day(self, date: Date) -> Option<Date> {
        let first_of = |month: i8| Date::new(date.year(), month, 1).ok();
        match self {
            Self::Unit(Unit::Month) => Some(date.first_of_month()),
            Self::Unit(Unit::Quarter) => first_of((date.month() - 1) / 3 * 3 + 1),
            Self::Unit(Unit::Year) => Some(date.first_of_year()),
            Self::Unit(_) => Some(date),
            Self::Week(start) => {
                let days = start.until(date.weekday());
                date.checked_sub(Span::new().days(days)).ok()
            }
        }
    }

    /// The last day of the span that holds the date.
    fn last_day(self, date: Date) -> Option<Date> {
        let first = self.first_day(date)?;
        match self {
            Self::Unit(Unit::Month) => Some(date.last_of_month()),
            Self::Unit(Unit::Quarter) => {
                let last = Date::new(first.year(), first.month() + 2, 1).ok()?;
                Some(last.last_of_month())
            }
            Self::Unit(Unit::Year) => Some(date.last_of_year()),
            Self::Unit(_) => Some(date),
            Self::Week(_) => first.checked_add(Span::new().days(6)).ok(),
        }
    }
}

/// Whether a unit is one of the clock: a date has none of them.
fn is_clock(unit: Unit) -> bool {
    matches!(unit, Unit::Second | Unit::Minute | Unit::Hour)
}

fn no_clock(index: usize, date: Date, unit: Unit) -> CallError {
    let unit = unit.name();
    CallError::at(
        index,
        format!(
            "`{date}` is a date, and a date has no {unit}s; take a time, such as `run.scheduled_start`, or make one with `date_in_zone`"
        ),
    )
}

pub(super) fn add(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let start = When::argument(arguments, 0, 2)?;
    let parts =
        length::parse(text(arguments, 1)?).map_err(|error| CallError::at(1, error.to_string()))?;
    let far = || CallError::at(1, FAR);
    parts
        .into_iter()
        .try_fold(start, |when, part| match when {
            When::Date(date) if is_clock(part.unit) => Err(no_clock(1, date, part.unit)),
            When::Date(date) => span(part)
                .and_then(|span| date.checked_add(span).ok())
                .map(When::Date)
                .ok_or_else(far),
            When::Time(time) => added(&time, part).map(When::Time).ok_or_else(far),
        })?
        .value()
}

/// Units of the calendar keep the time of day, units of the clock are absolute.
fn added(time: &Zoned, part: Part) -> Option<Zoned> {
    if let Some(seconds) = match part.unit {
        Unit::Second => Some(1),
        Unit::Minute => Some(60),
        Unit::Hour => Some(3600),
        _ => None,
    } {
        let duration = SignedDuration::from_secs(part.number.checked_mul(seconds)?);
        return time.checked_add(duration).ok();
    }
    time.checked_add(span(part)?).ok()
}

/// A unit of the calendar as a span.
fn span(part: Part) -> Option<Span> {
    let times = |factor: i64| part.number.checked_mul(factor);
    let span = Span::new();
    match part.unit {
        Unit::Day => span.try_days(part.number),
        Unit::Week => span.try_days(times(7)?),
        Unit::Month => span.try_months(part.number),
        Unit::Quarter => span.try_months(times(3)?),
        Unit::Year => span.try_years(part.number),
        Unit::Second | Unit::Minute | Unit::Hour => return None,
    }
    .ok()
}

pub(super) fn trunc(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let grain = Grain::argument(arguments, 1)?;
    let far = || CallError::new(FAR);
    match (When::argument(arguments, 0, 2)?, grain) {
        (When::Date(date), Grain::Unit(unit)) if is_clock(unit) => Err(no_clock(1, date, unit)),
        (When::Date(date), grain) => When::Date(grain.first_day(date).ok_or_else(far)?).value(),
        (When::Time(time), Grain::Unit(unit)) if is_clock(unit) => {
            When::Time(clock_start(&time, unit).ok_or_else(far)?).value()
        }
        (When::Time(time), grain) => {
            let day = grain.first_day(time.date()).ok_or_else(far)?;
            let start = day.to_zoned(time.time_zone().clone()).map_err(|_| far())?;
            When::Time(start).value()
        }
    }
}

/// The start of an hour, a minute or a second. In a fold it stays on its side.
fn clock_start(time: &Zoned, unit: Unit) -> Option<Zoned> {
    let with = time.with().subsec_nanosecond(0);
    match unit {
        Unit::Hour => with.minute(0).second(0).build(),
        Unit::Minute => with.second(0).build(),
        _ => with.build(),
    }
    .ok()
}

pub(super) fn last_day(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let grain = Grain::argument(arguments, 1)?;
    if let Grain::Unit(unit) = grain
        && (is_clock(unit) || unit == Unit::Day)
    {
        return Err(CallError::at(
            1,
            format!(
                "`{}` has no last day; take `week`, `month`, `quarter` or `year`",
                unit.name()
            ),
        ));
    }
    let date = When::argument(arguments, 0, 2)?.date();
    let last = grain.last_day(date).ok_or_else(|| CallError::new(FAR))?;
    When::Date(last).value()
}

pub(super) fn diff(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let from = When::argument(arguments, 0, 3)?;
    let to = When::argument(arguments, 1, 3)?;
    let unit =
        Unit::parse(text(arguments, 2)?).map_err(|error| CallError::at(2, error.to_string()))?;
    let count = match (from, to) {
        (When::Time(from), When::Time(to)) => between_times(&from, &to, unit),
        (When::Date(date), _) | (_, When::Date(date)) if is_clock(unit) => {
            return Err(no_clock(2, date, unit));
        }
        (from, to) => between_dates(from.date(), to.date(), unit),
    };
    let count = count.ok_or_else(|| CallError::new(FAR))?;
    Ok(Value::Number(Number::from(count)))
}

/// The unit that jiff counts in, and how many of it make one of ours.
fn counted(unit: Unit) -> (CalendarUnit, i64) {
    match unit {
        Unit::Second => (CalendarUnit::Second, 1),
        Unit::Minute => (CalendarUnit::Second, 60),
        Unit::Hour => (CalendarUnit::Second, 3600),
        Unit::Day => (CalendarUnit::Day, 1),
        Unit::Week => (CalendarUnit::Day, 7),
        Unit::Month => (CalendarUnit::Month, 1),
        Unit::Quarter => (CalendarUnit::Month, 3),
        Unit::Year => (CalendarUnit::Month, 12),
    }
}

fn number(span: &Span, unit: CalendarUnit) -> i64 {
    match unit {
        CalendarUnit::Month => i64::from(span.get_months()),
        _ => i64::from(span.get_days()),
    }
}

fn between_dates(from: Date, to: Date, unit: Unit) -> Option<i64> {
    let (largest, many) = counted(unit);
    let span = from.until(DateDifference::new(to).largest(largest)).ok()?;
    Some(number(&span, largest) / many)
}

/// Days and months are those of the first one's zone.
fn between_times(from: &Zoned, to: &Zoned, unit: Unit) -> Option<i64> {
    let (largest, many) = counted(unit);
    if largest == CalendarUnit::Second {
        return Some(from.duration_until(to).as_secs() / many);
    }
    let to = to.with_time_zone(from.time_zone().clone());
    let span = from
        .until(ZonedDifference::new(&to).largest(largest))
        .ok()?;
    Some(number(&span, largest) / many)
}
