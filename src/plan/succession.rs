//! How the intervals of an activity go on when its schedule changes.

use jiff::Timestamp;

use crate::time::Schedule;
use crate::time::Timeline;

/// The intervals that a unit goes on with: those of a changed schedule begin where the old ones end, see
/// [`Timeline::ends_at`].
pub fn continued(
    old: Option<&Timeline>,
    new: &Timeline,
    made_until: Option<Timestamp>,
    now: Timestamp,
) -> Timeline {
    match old {
        Some(old) if same_schedule(old.current(), new.current()) => old.clone(),
        Some(old) => match old.ends_at(made_until, now) {
            Some(until) => old.clone().followed_by(new.current().clone(), until),
            None => new.clone(),
        },
        None => new.clone(),
    }
}

/// Whether two schedules have the same intervals, but for where a change has cut them.
pub fn same_schedule(old: &Schedule, new: &Schedule) -> bool {
    old.is_same_but_for_cut(new)
}

/// Whether a timeline goes on with the intervals that it had: its schedule is the same, or only written differently.
pub fn same_intervals(old: &Timeline, new: &Timeline) -> bool {
    let (was, is) = (old.current(), new.current());
    let firsts = [was, is].map(Schedule::first_interval);
    let begin = firsts.into_iter().flatten().min();
    let from = is.cut().or_else(|| Some(begin?.start));
    same_schedule(was, is) || from.is_some_and(|from| was.agrees_from(is, from))
}
