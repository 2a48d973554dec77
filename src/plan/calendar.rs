//! Questions about schedules that the effects ask; answers take no longer for a million intervals than for one.

use jiff::SignedDuration;
use jiff::Timestamp;

use super::effects::Later;
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

/// The due times after a moment.
fn due_after(schedule: &Timeline, at: Timestamp) -> impl Iterator<Item = Timestamp> {
    let first = schedule.next_due(at);
    std::iter::successors(first, |last| schedule.next_from(last.end))
        .map(|interval| schedule.due_at(interval))
}

/// The same, each once: on what calendars move to another day, several are due at one moment.
fn moments_after(schedule: &Timeline, at: Timestamp) -> impl Iterator<Item = Timestamp> {
    let mut last = None;
    due_after(schedule, at).filter(move |due| last.replace(*due) != Some(*due))
}

/// The next due times after `now`.
pub(super) fn next_due(schedule: &Timeline, now: Timestamp, number: usize) -> Vec<Timestamp> {
    due_after(schedule, now).take(number).collect()
}

/// How many due times of two schedules are compared one by one. Those are passed over of which it is known that they are the same.
const COMPARED: usize = 1_000;

/// How far after `now` the due times of two schedules are the same, and the first that differ.
fn later(old: &Timeline, new: &Timeline, now: Timestamp) -> Later {
    let mut later = Later {
        same_until: None,
        was_due: None,
        next_due: None,
    };
    let just_before = |at: Timestamp| at - SignedDuration::from_nanos(1);
    let mut at = now;
    let (mut olds, mut news) = (moments_after(old, at), moments_after(new, at));
    for _ in 0..COMPARED {
        let Some(alike) = old.current().alike_until(new.current(), at) else {
            return later;
        };
        if just_before(alike) > at {
            at = just_before(alike);
            (olds, news) = (moments_after(old, at), moments_after(new, at));
        }
        match (olds.next(), news.next()) {
            (None, None) => return later,
            (Some(was), Some(next)) if was == next => at = was,
            (was, next) => {
                (later.was_due, later.next_due) = (was, next);
                let first = was.into_iter().chain(next).min().unwrap_or(at);
                let last = old.last_due(just_before(first));
                at = last.map_or(at, |last| old.due_at(last));
                break;
            }
        }
    }
    later.same_until = Some(at);
    later
}

/// What was asked last at one moment, and the answers: objects that follow each other often have one schedule, and have come as far.
#[derive(Debug)]
pub(super) struct Asked {
    now: Timestamp,
    pending: Option<(Timeline, Option<Timestamp>, Pending)>,
    next_due: Option<(Timeline, usize, Vec<Timestamp>)>,
    later: Option<(Timeline, Timeline, Later)>,
}

impl Asked {
    /// Nothing yet.
    pub(super) fn at(now: Timestamp) -> Self {
        Self {
            now,
            pending: None,
            next_due: None,
            later: None,
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
    pub(super) fn next_due(&mut self, schedule: &Timeline, number: usize) -> Vec<Timestamp> {
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

    /// See [`later`].
    pub(super) fn later(&mut self, old: &Timeline, new: &Timeline) -> Later {
        if let Some((was, is, answer)) = &self.later
            && was == old
            && is == new
        {
            return *answer;
        }
        let answer = later(old, new, self.now);
        self.later = Some((old.clone(), new.clone(), answer));
        answer
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Weekday;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::plan::succession::continued;
    use crate::plan::testing::at;
    use crate::plan::testing::schedule;
    use crate::time::Calendar;
    use crate::time::Cron;
    use crate::time::Period;
    use crate::time::Schedule;
    use crate::time::WhenExcluded;

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

    /// Days after 2026-11-24 up to which the due times are the same, and those that differ first.
    fn told(old: &Schedule, new: &Schedule) -> String {
        let now = at("2026-11-24T06:00:00Z");
        let [old, new] = [old, new].map(|schedule| Timeline::from(schedule.clone()));
        let new = continued(Some(&old), &new, None, now);
        let later = later(&old, &new, now);
        let mirrored = super::later(&new, &old, now);
        assert_eq!(later.same_until, mirrored.same_until);
        assert_eq!(later.was_due, mirrored.next_due);
        let text = |at: Option<Timestamp>| {
            at.map_or_else(|| "-".to_owned(), |at| at.strftime("%F %H").to_string())
        };
        let times = [later.same_until, later.was_due, later.next_due].map(text);
        times.join(", ")
    }

    #[test]
    fn the_first_due_time_that_differs_is_found_behind_any_number() {
        let daily = schedule("2026-11-01T00:00", Period::Days(1));
        let often = schedule("2000-01-01T00:00", Period::Minutes(5));
        let calendar = |weekdays: &[Weekday], dates: &[&str]| {
            let dates = dates.iter().map(|date| date.parse().unwrap());
            Calendar::new(weekdays.iter().copied(), dates).unwrap()
        };
        let without = |schedule: &Schedule, weekdays: &[Weekday], dates: &[&str]| {
            let calendar = calendar(weekdays, dates);
            let schedule = schedule.clone();
            schedule.with_calendar(calendar, WhenExcluded::Skip)
        };
        let ended = |schedule: &Schedule, end: &str| {
            let end = Some(at(end));
            schedule.clone().with_end(end).unwrap()
        };
        let weekend = [Weekday::Saturday, Weekday::Sunday];
        for (old, new, expected) in [
            (
                daily.clone(),
                without(&daily, &[], &["2026-12-25"]),
                "2026-12-24 00, 2026-12-25 00, 2026-12-26 00",
            ),
            (
                daily.clone(),
                ended(&daily, "2027-06-01T00:00:00Z"),
                "2027-06-01 00, 2027-06-02 00, -",
            ),
            (
                often.clone(),
                ended(&often, "2036-06-01T00:00:00Z"),
                "2036-06-01 00, 2036-06-01 00, -",
            ),
            (
                without(&often, &weekend, &["2027-01-02"]),
                without(&often, &weekend, &["2027-01-01", "2027-01-03"]),
                "2026-12-31 23, 2027-01-01 00, 2027-01-04 00",
            ),
            (
                without(&daily, &[], &["2026-11-10"]),
                without(&daily, &[], &["2026-11-11"]),
                "-, -, -",
            ),
            // The days of the one say the same as the dates of the other, up to the third week.
            (
                without(&daily, &[Weekday::Sunday], &[]),
                without(&daily, &[], &["2026-11-29", "2026-12-06"]),
                "2026-12-12 00, 2026-12-14 00, 2026-12-13 00",
            ),
            (
                daily.clone(),
                daily
                    .clone()
                    .with_calendar(calendar(&[], &["2036-12-25"]), WhenExcluded::Previous),
                "2036-12-24 00, 2036-12-25 00, 2036-12-26 00",
            ),
            (
                daily.clone(),
                daily
                    .clone()
                    .with_calendar(calendar(&[], &["2026-12-25"]), WhenExcluded::Next),
                "2026-12-24 00, 2026-12-25 00, 2026-12-26 00",
            ),
        ] {
            assert_eq!(told(&old, &new), expected);
        }
    }

    #[test]
    fn due_times_that_are_only_compared_one_by_one_are_not_compared_for_ever() {
        let five_minutes = |text: &str| {
            let from = at("2026-01-01T00:00:00Z");
            let cron = Cron::parse(text).unwrap();
            Schedule::of_cron(cron, from, TimeZone::UTC).unwrap()
        };
        let (all, but_march) = ("*/5 * * * *", "*/5 * * 1,2,4-12 *");
        let found = told(&five_minutes(all), &five_minutes(but_march));
        assert_eq!(found, "2026-11-27 17, -, -");
    }
}
