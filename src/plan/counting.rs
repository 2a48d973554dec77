//! What becomes of the runs of one activity: how many are made, held, given up and passed over.
//!
//! Apart from what is said about them, because this is what must come true: `cli/planning/simulated` compares it with what happens.

use jiff::Timestamp;

use super::calendar;
use super::calendar::Pending;
use super::effects::ActivityEffect;
use super::totals::Totals;
use crate::engine::CatchUp;
use crate::engine::Unit;
use crate::time::Interval;
use crate::time::Timeline;

/// What is recorded about the runs of a unit. A unit that never had any has no record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitRuns {
    /// Until where instances have been made, one after the other; `None`: none has.
    pub cursor: Option<Timestamp>,
    /// The intervals behind that which have an instance because an operator has asked for one: oldest first.
    pub beyond: Vec<Interval>,
    /// The stretches of time that somebody has asked for and that are not made yet: oldest first.
    pub to_come: Vec<Interval>,
    /// Instances that wait: for data, a place, or their next attempt; of a unit that comes back, those that will.
    pub waiting: u64,
    /// Those of them that have begun: they keep to the definition that they have begun with.
    pub begun: u64,
    /// Instances with an attempt under way.
    pub running: u64,
    /// Whether their runner has ended: the next one tries them again, and cancels those of an activity that has gone.
    pub orphaned: bool,
    /// Instances that have finished, also those that are not kept any more.
    pub finished: u64,
}

impl UnitRuns {
    pub(super) fn pending(&self, schedule: &Timeline, now: Timestamp) -> Pending {
        calendar::pending(schedule, (self.cursor, &self.beyond), now)
    }

    /// How many intervals are still to come because somebody has asked for them, and would not be made by themselves.
    fn to_come(&self, schedule: Option<&Timeline>) -> u64 {
        let Some((schedule, cursor)) = schedule.zip(self.cursor) else {
            return 0;
        };
        let ranges = self.to_come.iter().map(|range| Interval {
            start: range.start.min(cursor),
            end: range.end.min(cursor),
        });
        ranges.map(|range| schedule.count_within(range)).sum()
    }
}

/// An activity before and after a plan, with the intervals that it goes on with.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) old: Option<&'a Unit>,
    pub(super) new: Option<&'a Unit>,
    pub(super) next: Option<&'a Timeline>,
}

impl Sides<'_> {
    /// Counts what becomes of the runs. `due`: what is due by the old schedule, and by the new one.
    pub(super) fn count(
        self,
        recorded: &UnitRuns,
        (old_due, new_due): (Pending, Pending),
        now: Timestamp,
        effect: &mut ActivityEffect,
    ) {
        let was = self.old.is_some_and(|unit| unit.active);
        let is = self.new.is_some_and(|unit| unit.active);
        let before = self.old.and_then(|unit| unit.schedule.as_ref());
        let to_come = |timeline: Option<&Timeline>| recorded.to_come(timeline);
        let anyway = self.passed_over(recorded, old_due, now);
        let counts = &mut effect.counts;
        match (self.new, self.next) {
            (None, _) => {
                counts.canceled = recorded.waiting;
                counts.dropped = if was { old_due.count } else { 0 } + to_come(before);
            }
            (Some(_), None) => {
                // On demand now: nothing makes what was due by its schedule.
                counts.dropped = if was { old_due.count } else { 0 } + to_come(before);
                counts.held = if was && !is { recorded.waiting } else { 0 };
            }
            (Some(_), Some(_)) if !is => {
                counts.held = if was {
                    recorded.waiting + old_due.count
                } else {
                    0
                };
            }
            (Some(unit), Some(timeline)) => {
                let (due, backfill) = if was {
                    (old_due.count, new_due)
                } else {
                    (0, joined(old_due, new_due))
                };
                let keep = kept(unit, timeline, recorded, now);
                let (due, backfill) = caught_up(keep, (due, backfill), counts);
                // What would be passed over without the plan, and is made with it, is made because of it.
                let more = anyway.saturating_sub(counts.dropped).min(due);
                let backfill = joined(newly_made(more, keep, old_due, timeline), backfill);
                counts.due = due - more;
                counts.backfill = backfill.count;
                (effect.oldest, effect.newest) = (backfill.oldest, backfill.newest);
            }
        }
        counts.passed_over = counts.dropped.min(anyway);
        counts.dropped -= counts.passed_over;
        // What was given up when its definition was removed waits again when that comes back, and what was asked for is made.
        let back = recorded.waiting + to_come(self.next);
        match (self.old.is_none() && self.new.is_some(), is) {
            (true, true) => counts.backfill += back,
            (true, false) => counts.held += back,
            (false, _) => {}
        }
    }

    /// How many of the intervals that are due by the old schedule are never made without the plan.
    fn passed_over(self, recorded: &UnitRuns, old_due: Pending, now: Timestamp) -> u64 {
        let old = self.old.filter(|unit| unit.active);
        let timeline = old.and_then(|unit| unit.schedule.as_ref());
        let keep = old
            .zip(timeline)
            .and_then(|(unit, timeline)| kept(unit, timeline, recorded, now));
        keep.map_or(0, |keep| old_due.count.saturating_sub(keep))
    }
}

/// How many a unit with `catch_up` makes of the intervals that are due: one, or none; `None`: it makes all.
fn kept(unit: &Unit, timeline: &Timeline, recorded: &UnitRuns, now: Timestamp) -> Option<u64> {
    let newest = match unit.catch_up {
        CatchUp::All => return None,
        CatchUp::Latest | CatchUp::None => timeline.last_due(now)?,
    };
    let since = unit.since.filter(|_| unit.catch_up == CatchUp::None);
    let is_before_it = since.is_some_and(|since| timeline.due_at(newest) <= since);
    let is_made = recorded.beyond.contains(&newest);
    Some(u64::from(!is_before_it && !is_made))
}

/// What remains of the runs that are due when `catch_up` has passed over all but so many; these are counted.
fn caught_up(
    keep: Option<u64>,
    (due, backfill): (u64, Pending),
    counts: &mut Totals,
) -> (u64, Pending) {
    let Some(keep) = keep else {
        return (due, backfill);
    };
    let all = due + backfill.count;
    counts.dropped += all.saturating_sub(keep);
    if backfill.count == 0 {
        return (due.min(keep), backfill);
    }
    let newest = backfill.newest.filter(|_| keep > 0);
    let rest = Pending {
        count: keep,
        oldest: newest,
        newest,
        ..backfill
    };
    (0, rest)
}

/// So many of the intervals that were due, which `catch_up` passed over: all, the newest, or all but that.
fn newly_made(more: u64, keep: Option<u64>, old_due: Pending, timeline: &Timeline) -> Pending {
    if more == 0 {
        return Pending::default();
    }
    let oldest = if keep.is_some() {
        old_due.newest
    } else {
        old_due.oldest
    };
    let newest = if keep.is_some() || more == old_due.count {
        old_due.newest
    } else {
        let but_the_newest = oldest.zip(old_due.newest).map(|(first, last)| Interval {
            start: first.start,
            end: last.start,
        });
        but_the_newest.and_then(|span| timeline.last_overlapping(span))
    };
    Pending {
        count: more,
        oldest,
        newest,
        excluded: 0,
    }
}

pub(super) fn joined(earlier: Pending, later: Pending) -> Pending {
    Pending {
        count: earlier.count + later.count,
        oldest: earlier.oldest.or(later.oldest),
        newest: later.newest.or(earlier.newest),
        excluded: earlier.excluded + later.excluded,
    }
}
