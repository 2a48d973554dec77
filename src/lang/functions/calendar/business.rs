//! Business days: Monday to Friday without holidays.

use std::collections::BTreeSet;

use jiff::Span;
use jiff::civil::Date;
use jiff::civil::Weekday;

use super::CallError;
use super::when;
use super::when::FAR;
use super::when::When;
use crate::lang::functions::Call;
use crate::lang::value::Value;

/// The index of the argument that no function of this family has: no zone.
const NO_ZONE: usize = usize::MAX;

/// The most days that can be gone; more would leave the calendar.
const MOST: i64 = 7_000_000;

pub(super) fn is_business_day(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let date = When::argument(arguments, 0, NO_ZONE)?.date();
    let holidays = holidays(arguments, 1)?;
    Ok(Value::Bool(!is_weekend(date) && !holidays.contains(&date)))
}

pub(super) fn add(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let start = When::argument(arguments, 0, NO_ZONE)?;
    let days = match arguments.get(1) {
        Some(Value::Number(number)) => number.to_i64().filter(|days| days.abs() <= MOST),
        _ => None,
    };
    let days = days
        .ok_or_else(|| CallError::at(1, "a whole number of days is needed, not too large a one"))?;
    let holidays = holidays(arguments, 2)?;
    let far = || CallError::new(FAR);
    let date = business_day(start.date(), days, &holidays).ok_or_else(far)?;
    match start {
        When::Date(_) => When::Date(date).value(),
        When::Time(time) => {
            let moved = time.with().date(date).build().map_err(|_| far())?;
            When::Time(moved).value()
        }
    }
}

/// The holidays that do not fall on a weekend anyway.
fn holidays(arguments: &[Value], index: usize) -> Result<BTreeSet<Date>, CallError> {
    let Some(Value::List(items)) = arguments.get(index) else {
        return Ok(BTreeSet::new());
    };
    let mut found = BTreeSet::new();
    for item in items.iter() {
        let Value::String(text) = item else {
            return Err(CallError::at(index, "a list of dates is needed"));
        };
        let date = when::date(text).map_err(|message| CallError::at(index, message))?;
        if !is_weekend(date) {
            found.insert(date);
        }
    }
    Ok(found)
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// So many business days on from a date, or back. Each holiday on the way is one more day to go.
fn business_day(from: Date, days: i64, holidays: &BTreeSet<Date>) -> Option<Date> {
    if days == 0 {
        if !is_weekend(from) && !holidays.contains(&from) {
            return Some(from);
        }
        return business_day(from, 1, holidays);
    }
    let (mut date, mut left) = (from, days);
    while left != 0 {
        let target = weekday(date, left)?;
        let after = |date: Date| date.tomorrow().ok();
        let passed = if left > 0 {
            holidays.range(after(date)?..=target).count()
        } else {
            holidays.range(target..date).count()
        };
        date = target;
        left = i64::try_from(passed).ok()? * left.signum();
    }
    Some(date)
}

/// So many days from Monday to Friday on from a date, or back; `days` is not 0.
fn weekday(from: Date, days: i64) -> Option<Date> {
    let offset = i64::from(from.weekday().to_monday_zero_offset());
    // On a weekend, going on starts from the Friday before it and going back from the Monday after it.
    let start = match (offset, days > 0) {
        (5 | 6, true) => 4,
        (5 | 6, false) => 7,
        _ => offset,
    };
    let monday = if start == 7 { 7 } else { 0 };
    let total = start - monday + days;
    let moved = monday - offset + total.div_euclid(5) * 7 + total.rem_euclid(5);
    from.checked_add(Span::new().try_days(moved).ok()?).ok()
}
