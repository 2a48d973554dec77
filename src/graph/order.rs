//! Whether what an object waits for always ends before it does: then time puts in order what reads each other's past.

use crate::objects::Address;
use crate::objects::Dependency;
use crate::objects::Timetable;
use crate::time::Interval;
use crate::time::Timeline;

/// So many stretches of a schedule are looked at, spread over some ten years, and so many intervals in each.
const STRETCHES: i64 = 80;
const DAYS_APART: i64 = 47;
const INTERVALS: usize = 20;

/// Whether every interval of a reader waits only for intervals that do not end after it; for those of a window in its past,
/// that have ended when it begins. Schedules that are not the same are compared at many intervals, not at all.
pub(super) fn is_ordered(timetable: &Timetable, reader: &Address, wait: &Dependency) -> bool {
    let producer = &wait.producer;
    let (own, other) = match (timetable.schedule(reader), timetable.schedule(producer)) {
        (Some(own), Some(other)) => (own, other),
        // On demand, all of one run have the same moment; what has a schedule and what has none have no order.
        (None, None) => return true,
        _ => return false,
    };
    let same = timetable.schedule_address(reader) == timetable.schedule_address(producer);
    if same && (wait.window.is_none() || wait.past) {
        return true;
    }
    samples(own).all(|interval| {
        let span = wait.span(interval, Some(own));
        let newest = span.and_then(|span| other.last_overlapping(span));
        let limit = if wait.past {
            interval.start
        } else {
            interval.end
        };
        newest.is_none_or(|newest| newest.end <= limit)
    })
}

/// Intervals of a schedule: many, and of many seasons.
fn samples(schedule: &Timeline) -> impl Iterator<Item = Interval> {
    let first = schedule.first_interval();
    let stretches = (0..STRETCHES).filter_map(move |stretch| {
        let away = jiff::SignedDuration::from_hours(24 * DAYS_APART * stretch);
        first?.start.checked_add(away).ok()
    });
    stretches.flat_map(move |at| {
        let first = schedule.next_from(at);
        std::iter::successors(first, |last| schedule.next_from(last.end)).take(INTERVALS)
    })
}
