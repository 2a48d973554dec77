//! Questions about schedules that the effects ask; answers take no longer for a million intervals than for one.

use jiff::Timestamp;
use jiff::ToSpan as _;

use crate::time::Due;
use crate::time::Interval;
use crate::time::Period;
use crate::time::Schedule;

/// Intervals by number, and the first and last of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) count: u64,
    pub(super) oldest: Option<Interval>,
    pub(super) newest: Option<Interval>,
}

/// The intervals that are due at `now` and start at or after `cursor` (`None`: all that are due).
pub(super) fn pending(schedule: &Schedule, cursor: Option<Timestamp>, now: Timestamp) -> Pending {
    let from = cursor.map_or(0, |cursor| {
        below(
            |at| interval(schedule, at).map(|interval| interval.start),
            cursor,
        )
    });
    let from = from.max(first(schedule));
    let to = due_before(schedule, now);
    if from >= to {
        return Pending::default();
    }
    Pending {
        count: to - from,
        oldest: interval(schedule, from),
        newest: interval(schedule, to - 1),
    }
}

/// The next due times after `now`.
pub(super) fn next_due(schedule: &Schedule, now: Timestamp, number: u64) -> Vec<Timestamp> {
    let from = due_before(schedule, now).max(first(schedule));
    (from..from + number)
        .map_while(|at| interval(schedule, at))
        .map(|interval| match schedule.due {
            Due::Start => interval.start,
            Due::End => interval.end,
        })
        .collect()
}

/// The last interval that is due at `now`.
pub(super) fn last_due(schedule: &Schedule, now: Timestamp) -> Option<Interval> {
    let to = due_before(schedule, now);
    (to > first(schedule))
        .then(|| interval(schedule, to - 1))
        .flatten()
}

/// One past the number of the last interval that is due at `now`.
fn due_before(schedule: &Schedule, now: Timestamp) -> u64 {
    let due = |at| {
        let interval = interval_uncut(schedule, at)?;
        Some(match schedule.due {
            Due::Start => interval.start.max(schedule.cut.unwrap_or(Timestamp::MIN)),
            Due::End => interval.end,
        })
    };
    // Due at `now` is before any later moment.
    let later = now.checked_add(1.nanosecond()).unwrap_or(now);
    below(due, later)
}

/// How many of the ascending moments lie before `limit`; they end where there is none.
fn below(moment: impl Fn(u64) -> Option<Timestamp>, limit: Timestamp) -> u64 {
    let before = |at| moment(at).is_some_and(|moment| moment < limit);
    let mut high = 1;
    while before(high - 1) {
        high *= 2;
    }
    let (mut low, mut high) = (high / 2, high);
    while low < high {
        let middle = low.midpoint(high);
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The number of the first interval: the one that contains the cut.
fn first(schedule: &Schedule) -> u64 {
    schedule.cut.map_or(0, |cut| {
        let ends = |at| edge(schedule, at + 1);
        let later = cut.checked_add(1.nanosecond()).unwrap_or(cut);
        below(ends, later)
    })
}

fn interval(schedule: &Schedule, at: u64) -> Option<Interval> {
    let interval = interval_uncut(schedule, at)?;
    Some(Interval {
        start: interval.start.max(schedule.cut.unwrap_or(Timestamp::MIN)),
        end: interval.end,
    })
}

fn interval_uncut(schedule: &Schedule, at: u64) -> Option<Interval> {
    Some(Interval {
        start: start(schedule, at)?,
        end: edge(schedule, at + 1)?,
    })
}

/// The start of an interval within the limits of the schedule.
fn start(schedule: &Schedule, at: u64) -> Option<Timestamp> {
    if schedule.occurrences.is_some_and(|limit| at >= limit) {
        return None;
    }
    edge(schedule, at).filter(|start| schedule.end.is_none_or(|end| *start < end))
}

fn edge(schedule: &Schedule, at: u64) -> Option<Timestamp> {
    let at = i64::try_from(at).ok()?;
    let civil = match schedule.every {
        Period::Minutes(minutes) => {
            let anchor = schedule.anchor.to_zoned(schedule.timezone.clone()).ok()?;
            let seconds = at.checked_mul(i64::from(minutes))?.checked_mul(60)?;
            return anchor
                .timestamp()
                .checked_add(jiff::SignedDuration::from_secs(seconds))
                .ok();
        }
        Period::Days(days) => {
            let days = at.checked_mul(i64::from(days))?;
            let span = jiff::Span::new().try_days(days).ok()?;
            schedule.anchor.checked_add(span).ok()?
        }
        Period::Months(months) => {
            let months = at.checked_mul(i64::from(months))?;
            let span = jiff::Span::new().try_months(months).ok()?;
            schedule.anchor.checked_add(span).ok()?
        }
    };
    Some(civil.to_zoned(schedule.timezone.clone()).ok()?.timestamp())
}
