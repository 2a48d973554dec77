//! Questions about schedules that the effects ask; answers take no longer for a million intervals than for one.

use jiff::Timestamp;

use crate::time::Interval;
use crate::time::Timeline;

/// Intervals by number, and the first and last of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) count: u64,
    pub(super) oldest: Option<Interval>,
    pub(super) newest: Option<Interval>,
    /// How many have no instance because a calendar excludes them.
    pub(super) excluded: u64,
}

/// The intervals that are due at `now` and start at or after `cursor` (`None`: all that are due).
pub(super) fn pending(schedule: &Timeline, cursor: Option<Timestamp>, now: Timestamp) -> Pending {
    let (count, oldest) = match cursor {
        None => (schedule.due_count(now), schedule.first_interval()),
        Some(cursor) => (
            schedule.due_count_from(cursor, now),
            schedule.next_from(cursor),
        ),
    };
    let excluded = schedule.excluded_count_from(cursor.unwrap_or(Timestamp::MIN), now);
    if count == 0 {
        return Pending {
            excluded,
            ..Pending::default()
        };
    }
    Pending {
        count,
        oldest,
        newest: schedule.last_due(now),
        excluded,
    }
}

/// The next due times after `now`.
pub(super) fn next_due(schedule: &Timeline, now: Timestamp, number: u64) -> Vec<Timestamp> {
    let first = schedule.next_due(now);
    std::iter::successors(first, |last| schedule.next_from(last.end))
        .map(|interval| schedule.due_at(interval))
        .take(usize::try_from(number).unwrap_or(usize::MAX))
        .collect()
}
