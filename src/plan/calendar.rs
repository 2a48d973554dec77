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

/// The intervals that are due at `now`, start at or after `cursor` (`None`: all that are due) and are not among those
/// `beyond` it that have an instance, oldest first.
pub(super) fn pending(
    schedule: &Timeline,
    (cursor, beyond): (Option<Timestamp>, &[Interval]),
    now: Timestamp,
) -> Pending {
    let is_due = |made: &&Interval| {
        schedule.interval_at(made.start) == Some(**made) && schedule.due_at(**made) <= now
    };
    let made = u64::try_from(beyond.iter().filter(is_due).count()).unwrap_or(u64::MAX);
    let is_open = |interval: &Interval| beyond.binary_search(interval).is_err();
    let (count, oldest) = match cursor {
        None => (schedule.due_count(now), schedule.first_interval()),
        Some(cursor) => (
            schedule.due_count_from(cursor, now),
            schedule.next_from(cursor),
        ),
    };
    let excluded = schedule.excluded_count_from(cursor.unwrap_or(Timestamp::MIN), now);
    let count = count.saturating_sub(made);
    if count == 0 {
        return Pending {
            excluded,
            ..Pending::default()
        };
    }
    let before = |next: &Interval| {
        schedule.last_overlapping(Interval {
            start: oldest?.start,
            end: next.start,
        })
    };
    Pending {
        count,
        oldest: std::iter::successors(oldest, |last| schedule.next_from(last.end)).find(is_open),
        newest: std::iter::successors(schedule.last_due(now), before).find(is_open),
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
