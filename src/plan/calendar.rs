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

/// What was asked last at one moment, and the answers: objects that follow each other often have one schedule, and have come as far.
#[derive(Debug)]
pub(super) struct Asked {
    now: Timestamp,
    pending: Option<(Timeline, Option<Timestamp>, Pending)>,
    next_due: Option<(Timeline, u64, Vec<Timestamp>)>,
}

impl Asked {
    /// Nothing yet.
    pub(super) fn at(now: Timestamp) -> Self {
        Self {
            now,
            pending: None,
            next_due: None,
        }
    }

    /// See [`pending`].
    pub(super) fn pending(
        &mut self,
        schedule: &Timeline,
        (cursor, beyond): (Option<Timestamp>, &[Interval]),
    ) -> Pending {
        if beyond.is_empty()
            && let Some((known, until, answer)) = &self.pending
            && *until == cursor
            && known == schedule
        {
            return *answer;
        }
        let answer = pending(schedule, (cursor, beyond), self.now);
        if beyond.is_empty() {
            self.pending = Some((schedule.clone(), cursor, answer));
        }
        answer
    }

    /// See [`next_due`].
    pub(super) fn next_due(&mut self, schedule: &Timeline, number: u64) -> Vec<Timestamp> {
        if let Some((known, many, answer)) = &self.next_due
            && *many == number
            && known == schedule
        {
            return answer.clone();
        }
        let answer = next_due(schedule, self.now, number);
        self.next_due = Some((schedule.clone(), number, answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::at;
    use crate::plan::testing::schedule;
    use crate::time::Period;

    #[test]
    fn what_is_asked_again_has_the_answer_that_it_has_alone() {
        let now = at("2026-11-24T06:00:00Z");
        let schedules = [Period::Days(1), Period::Minutes(60)]
            .map(|every| Timeline::from(schedule("2026-11-01T00:00", every)));
        let made = Interval {
            start: at("2026-11-20T00:00:00Z"),
            end: at("2026-11-21T00:00:00Z"),
        };
        let cursors = [None, Some(at("2026-11-20T00:00:00Z"))];
        let mut asked = Asked::at(now);
        for schedule in schedules.iter().chain(&schedules) {
            for _ in 0..2 {
                let alone = next_due(schedule, now, 3);
                assert_eq!(asked.next_due(schedule, 3), alone);
                for cursor in cursors {
                    for beyond in [&[][..], &[made][..]] {
                        let alone = pending(schedule, (cursor, beyond), now);
                        assert_eq!(asked.pending(schedule, (cursor, beyond)), alone);
                        assert_eq!(asked.pending(schedule, (cursor, beyond)), alone);
                    }
                }
            }
        }
    }
}
