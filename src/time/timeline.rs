//! Timelines: the intervals of an object over all the schedules that it has had.
//!
//! When a schedule changes, its intervals end with the last one that is due, and the intervals of the next begin there:
//! no hole, no overlap, and what was keeps the intervals that it had. Apart from schedules, which do not change.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::interval::Interval;
use super::schedule::Schedule;
use super::schedule::Slot;

/// A schedule, and those that came before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// The earlier ones, oldest first.
    past: Vec<Past>,
    /// Shared by all that have it: most objects of a definition have one of a few schedules.
    current: Arc<Schedule>,
}

/// A schedule that was.
#[derive(Clone, Debug, PartialEq)]
struct Past {
    /// Where it ended, and the next one began.
    until: Timestamp,
    /// The schedule; `None` if it had no time for an interval. Where it ended counts all the same.
    schedule: Option<Schedule>,
}

/// A stretch of time without instances, and why there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The stretch.
    pub interval: Interval,
    /// Why.
    pub why: Why,
}

/// Why a stretch of time has no instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It lies before the first interval.
    BeforeFirst,
    /// It lies after the last interval.
    AfterLast,
    /// It lies between the end of one schedule and the start of the next.
    BetweenSchedules,
    /// A calendar excludes its intervals.
    Excluded,
}

impl From<Schedule> for Timeline {
    fn from(current: Schedule) -> Self {
        Self {
            past: Vec::new(),
            current: Arc::new(current),
        }
    }
}

impl Timeline {
    /// The same, with the intervals that an earlier schedule had up to `until`, where those of the current one begin.
    /// Earlier ones are added from the oldest to the newest.
    #[must_use]
    pub fn after(mut self, earlier: Schedule, until: Timestamp) -> Self {
        let begin = self.past.last().map(|past| past.until);
        let cut = begin.or(earlier.cut());
        if begin.is_none_or(|begin| begin < until) {
            let schedule = earlier.with_cut(cut).with_end(Some(until)).ok();
            self.past.push(Past { until, schedule });
        }
        self.current = Arc::new(Arc::unwrap_or_clone(self.current).with_cut(Some(until)));
        self
    }

    /// The same up to a moment, and the intervals of another schedule from there on.
    #[must_use]
    pub fn followed_by(self, next: Schedule, until: Timestamp) -> Self {
        let timeline = Self {
            past: self.past,
            current: Arc::new(next),
        };
        timeline.after(Arc::unwrap_or_clone(self.current), until)
    }

    /// Where the intervals of this schedule end if it changes now: with the last one that is due (or would be, if a
    /// calendar did not exclude it) or has an instance
    /// (`made_until`: until when there are instances). `None` if there is none: then there is nothing to keep.
    pub fn ends_at(&self, made_until: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let mut schedules = self.schedules().rev();
        let due = schedules.find_map(|schedule| schedule.decided_until(now));
        let begin = self.past.last().map(|past| past.until);
        due.max(made_until).max(self.current.cut()).max(begin)
    }

    /// The schedule that new intervals have.
    pub fn current(&self) -> &Schedule {
        &self.current
    }

    /// The schedule that an interval is of.
    pub fn schedule_of(&self, interval: Interval) -> &Schedule {
        let of = self.past.iter().find(|past| interval.end <= past.until);
        of.and_then(|past| past.schedule.as_ref())
            .unwrap_or(&self.current)
    }

    /// All schedules, the oldest first.
    fn schedules(&self) -> impl DoubleEndedIterator<Item = &Schedule> {
        let past = self.past.iter().filter_map(|past| past.schedule.as_ref());
        past.chain([&*self.current])
    }

    /// The zone of its calendar.
    pub fn timezone(&self) -> &TimeZone {
        self.current.timezone()
    }

    /// Where the intervals of the current schedule begin, after a change.
    pub fn cut(&self) -> Option<Timestamp> {
        self.current.cut()
    }

    /// Where the intervals of the schedule before the current one end; `None`: there was none.
    pub fn changed_at(&self) -> Option<Timestamp> {
        let past = self.past.last().map(|past| past.until);
        past.or_else(|| self.cut())
    }

    /// The first interval.
    pub fn first_interval(&self) -> Option<Interval> {
        self.schedules().find_map(Schedule::first_interval)
    }

    /// The last interval; `None` when there is no end, or no interval.
    pub fn last_interval(&self) -> Option<Interval> {
        let last = self
            .schedules()
            .rev()
            .find(|schedule| schedule.first_interval().is_some());
        last.and_then(Schedule::last_interval)
    }

    /// The interval that contains a moment.
    pub fn interval_at(&self, at: Timestamp) -> Option<Interval> {
        self.schedules()
            .find_map(|schedule| schedule.interval_at(at))
    }

    /// The first interval that starts at or after a moment.
    pub fn next_from(&self, at: Timestamp) -> Option<Interval> {
        self.schedules().find_map(|schedule| schedule.next_from(at))
    }

    /// The intervals that overlap one, oldest first.
    pub fn overlapping(&self, other: Interval) -> impl Iterator<Item = Interval> {
        self.schedules()
            .flat_map(move |schedule| schedule.overlapping(other))
    }

    /// The newest interval that overlaps one.
    pub fn last_overlapping(&self, other: Interval) -> Option<Interval> {
        self.schedules()
            .rev()
            .find_map(|schedule| schedule.last_overlapping(other))
    }

    /// The intervals that overlap one and have no instance because a calendar excludes them, oldest first.
    pub fn excluded(&self, other: Interval) -> impl Iterator<Item = Interval> {
        self.schedules()
            .flat_map(move |schedule| schedule.excluded(other))
    }

    /// The stretches of time that intervals fill one after the other, of those that lie wholly in a span; oldest first, and those of
    /// each schedule apart. A stretch costs the same for ten intervals and for a million.
    pub fn stretches(&self, span: Interval) -> impl Iterator<Item = Interval> {
        self.schedules()
            .flat_map(move |schedule| schedule.stretches(span))
    }

    /// What of a stretch of time has no instances, oldest first. Excluded intervals in a row are one stretch.
    pub fn gaps(&self, span: Interval) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = Vec::new();
        let mut add = |start: Timestamp, end: Timestamp, why| {
            let interval = Interval {
                start: start.max(span.start),
                end: end.min(span.end),
            };
            match gaps.last_mut() {
                _ if interval.start >= interval.end => {}
                Some(last) if last.why == why && last.interval.end == interval.start => {
                    last.interval.end = interval.end;
                }
                _ => gaps.push(Gap { interval, why }),
            }
        };
        let mut covered = None;
        for schedule in self.schedules() {
            let whole = schedule.whole();
            let why = match covered {
                None => Why::BeforeFirst,
                Some(_) => Why::BetweenSchedules,
            };
            let Some((start, end)) = whole else { continue };
            add(covered.unwrap_or(Timestamp::MIN), start, why);
            for excluded in schedule.excluded(span) {
                add(excluded.start, excluded.end, Why::Excluded);
            }
            covered = Some(end.unwrap_or(Timestamp::MAX));
        }
        match covered {
            Some(end) => add(end, Timestamp::MAX, Why::AfterLast),
            None => add(Timestamp::MIN, Timestamp::MAX, Why::BeforeFirst),
        }
        gaps
    }

    /// When the instance of an interval is due.
    pub fn due_at(&self, interval: Interval) -> Timestamp {
        self.schedule_of(interval).due_at(interval)
    }

    /// The newest interval that is due.
    pub fn last_due(&self, now: Timestamp) -> Option<Interval> {
        self.schedules()
            .rev()
            .find_map(|schedule| schedule.last_due(now))
    }

    /// The next interval that is not due yet.
    pub fn next_due(&self, now: Timestamp) -> Option<Interval> {
        self.schedules().find_map(|schedule| schedule.next_due(now))
    }

    /// How many intervals are due.
    pub fn due_count(&self, now: Timestamp) -> u64 {
        self.schedules()
            .map(|schedule| schedule.due_count(now))
            .sum()
    }

    /// How many intervals lie wholly in a stretch of time.
    pub fn count_within(&self, span: Interval) -> u64 {
        self.schedules()
            .map(|schedule| schedule.count_within(span))
            .sum()
    }

    /// How many of the intervals that start at or after `from` would be due, and have no instance because a calendar excludes
    /// them.
    pub fn excluded_count_from(&self, from: Timestamp, now: Timestamp) -> u64 {
        self.schedules()
            .map(|schedule| schedule.excluded_count_from(from, now))
            .sum()
    }

    /// All intervals from the one that contains a moment on, with what calendars make of them.
    pub fn slots(&self, from: Timestamp) -> impl Iterator<Item = Slot> {
        self.schedules()
            .flat_map(move |schedule| schedule.slots(from))
    }

    /// All intervals that end at or before a moment, the newest first, with what calendars make of them.
    pub fn slots_before(&self, at: Timestamp) -> impl Iterator<Item = Slot> {
        let schedules = self.schedules().rev();
        schedules.flat_map(move |schedule| schedule.slots_before(at))
    }

    /// Whether an earlier schedule ended at a moment.
    pub fn changes_at(&self, at: Timestamp) -> bool {
        self.current.cut() == Some(at) || self.past.iter().any(|past| past.until == at)
    }

    /// How many of the intervals that start at or after `from` are due.
    pub fn due_count_from(&self, from: Timestamp, now: Timestamp) -> u64 {
        self.schedules()
            .map(|schedule| schedule.due_count_from(from, now))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::time::Due;
    use crate::time::Period;
    use crate::time::parse_timezone;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn schedule(every: &str, start: &str, zone: &str) -> Schedule {
        let period = Period::parse(every).unwrap();
        Schedule::new(
            start.parse().unwrap(),
            period,
            parse_timezone(zone).unwrap(),
        )
        .unwrap()
    }

    fn shown(timeline: &Timeline) -> Vec<String> {
        let first = timeline.first_interval();
        std::iter::successors(first, |last| timeline.next_from(last.end))
            .take(5)
            .map(|interval| {
                let text = |at: Timestamp| at.strftime("%m-%dT%H").to_string();
                format!("{} {}", text(interval.start), text(interval.end))
            })
            .collect()
    }

    #[test]
    fn old_intervals_stay_and_the_first_new_one_is_cut() {
        let daily = Timeline::from(schedule("1 day", "2026-11-01", "UTC"));
        let until = daily.ends_at(None, at("2026-11-04T12:00:00Z")).unwrap();
        assert_eq!(until, at("2026-11-04T00:00:00Z"));
        let weekly = Timeline::from(schedule("1 week", "2026-11-01", "UTC"));
        let weekly = weekly.after(daily.current().clone(), until);
        assert_eq!(
            shown(&weekly),
            [
                "11-01T00 11-02T00",
                "11-02T00 11-03T00",
                "11-03T00 11-04T00",
                "11-04T00 11-08T00",
                "11-08T00 11-15T00"
            ]
        );
        assert_eq!(weekly.due_count(at("2026-11-08T00:00:00Z")), 4);
        assert_eq!(
            weekly.due_count_from(at("2026-11-03T00:00:00Z"), at("2026-11-08T00:00:00Z")),
            2
        );
    }

    #[test]
    fn what_has_an_instance_is_kept_also_before_it_is_due() {
        let daily = Timeline::from(schedule("1 day", "2026-11-01", "UTC"));
        let made = Some(at("2026-11-09T00:00:00Z"));
        assert_eq!(daily.ends_at(made, at("2026-11-04T12:00:00Z")), made);
        assert_eq!(daily.ends_at(None, at("2026-10-04T12:00:00Z")), None);
    }

    #[test]
    fn a_schedule_that_begins_later_leaves_the_old_intervals() {
        let daily = schedule("1 day", "2026-11-01", "UTC");
        let later = Timeline::from(schedule("1 day", "2027-01-01", "UTC"));
        let later = later.after(daily, at("2026-11-03T00:00:00Z"));
        assert_eq!(
            shown(&later),
            [
                "11-01T00 11-02T00",
                "11-02T00 11-03T00",
                "01-01T00 01-02T00",
                "01-02T00 01-03T00",
                "01-03T00 01-04T00"
            ]
        );
    }

    #[test]
    fn a_schedule_whose_only_interval_is_excluded_ends_where_it_ended() {
        use jiff::civil::Weekday;

        use crate::time::Calendar;
        use crate::time::WhenExcluded;
        // The first day of the second schedule is due on Saturday 7, which its calendar skips. Then it changes once more.
        let daily = Timeline::from(schedule("1 day", "2026-11-01", "UTC"));
        let weekend = Calendar::new([Weekday::Saturday], []).unwrap();
        let skipping = schedule("1 day", "2026-11-01", "UTC");
        let skipping = skipping.with_calendar(weekend, WhenExcluded::Skip);
        let half_days = schedule("12 hours", "2026-11-01", "UTC");
        let until = daily.ends_at(None, at("2026-11-06T12:00:00Z")).unwrap();
        let second = daily.followed_by(skipping, until);
        let until = second.ends_at(Some(until), at("2026-11-07T06:00:00Z"));
        assert_eq!(until, Some(at("2026-11-07T00:00:00Z")));
        let third = second.followed_by(half_days, until.unwrap());
        let made = Some(at("2026-11-08T00:00:00Z"));
        let until = third.ends_at(made, at("2026-11-08T00:00:00Z")).unwrap();
        let fourth = third.followed_by(schedule("1 week", "2026-11-01", "UTC"), until);
        let first = fourth.next_from(at("2026-11-05T00:00:00Z"));
        let all = std::iter::successors(first, |last| fourth.next_from(last.end));
        let text = |at: Timestamp| at.strftime("%m-%dT%H").to_string();
        let all = all.map(|it| format!("{} {}", text(it.start), text(it.end)));
        assert_eq!(
            all.take(4).collect::<Vec<_>>(),
            [
                "11-05T00 11-06T00",
                "11-07T00 11-07T12",
                "11-07T12 11-08T00",
                "11-08T00 11-15T00"
            ]
        );
    }

    #[test]
    fn a_clock_that_is_set_back_ends_no_schedule_before_it_began() {
        let daily = Timeline::from(schedule("1 day", "2026-11-01", "UTC"));
        let until = daily.ends_at(None, at("2026-11-06T12:00:00Z")).unwrap();
        let later = daily.followed_by(schedule("1 day", "2027-01-01", "UTC"), until);
        let back = later.ends_at(None, at("2026-11-03T12:00:00Z"));
        assert_eq!(back, Some(until));
    }

    #[test]
    fn what_has_no_instances_says_why() {
        let limited = schedule("1 day", "2026-11-10", "UTC")
            .with_occurrences(Some(5))
            .unwrap();
        let timeline = Timeline::from(limited).after(
            schedule("1 day", "2026-11-02", "UTC"),
            at("2026-11-05T00:00:00Z"),
        );
        let span = Interval {
            start: at("2026-10-28T12:00:00Z"),
            end: at("2026-12-01T00:00:00Z"),
        };
        let gaps = timeline.gaps(span).into_iter().map(|gap| {
            let day = |at: Timestamp| at.strftime("%m-%dT%H").to_string();
            format!(
                "{} {} {:?}",
                day(gap.interval.start),
                day(gap.interval.end),
                gap.why
            )
        });
        assert_eq!(
            gaps.collect::<Vec<_>>(),
            [
                "10-28T12 11-02T00 BeforeFirst",
                "11-05T00 11-10T00 BetweenSchedules",
                "11-15T00 12-01T00 AfterLast"
            ]
        );
    }

    #[test]
    fn what_a_calendar_excludes_is_one_stretch() {
        use jiff::civil::Weekday;

        use crate::time::Calendar;
        use crate::time::WhenExcluded;
        let weekend = [Weekday::Saturday, Weekday::Sunday];
        let calendar = Calendar::new(weekend, []).unwrap();
        let daily =
            schedule("1 day", "2026-11-02", "UTC").with_calendar(calendar, WhenExcluded::Skip);
        let timeline = Timeline::from(daily);
        let span = Interval {
            start: at("2026-11-05T00:00:00Z"),
            end: at("2026-11-12T00:00:00Z"),
        };
        // The days that are due on Saturday 7 and Sunday 8.
        let excluded = Interval {
            start: at("2026-11-06T00:00:00Z"),
            end: at("2026-11-08T00:00:00Z"),
        };
        assert_eq!(
            timeline.gaps(span),
            [Gap {
                interval: excluded,
                why: Why::Excluded
            }]
        );
    }

    /// The parts of intervals that lie in a stretch of time.
    fn overlapping_again(all: &[Interval], span: Interval) -> impl Iterator<Item = Interval> {
        all.iter()
            .filter(move |interval| interval.overlaps(span))
            .map(move |interval| Interval {
                start: interval.start.max(span.start),
                end: interval.end.min(span.end),
            })
    }

    proptest! {
        #[test]
        fn a_timeline_has_no_hole_and_no_overlap_and_counts_as_enumeration_does(
            parts in prop::collection::vec(
                (
                    prop::sample::select(vec!["7 hours", "1 day", "3 days", "1 week", "1 month"]),
                    prop::sample::select(vec!["UTC", "America/New_York", "Pacific/Apia"]),
                    prop::sample::select(vec![Due::Start, Due::End]),
                    1_i64..500,
                ),
                1..5,
            ),
            asked in (0_i64..1500, 1_i64..500),
        ) {
            let start = at("2011-11-01T00:00:00Z");
            let mut now = start;
            let mut timeline: Option<Timeline> = None;
            // As the state keeps them: also those without a time of their own.
            let mut eras: Vec<(Timestamp, Schedule)> = Vec::new();
            for (every, zone, due, hours) in parts {
                // A later start would leave a hole.
                let begin = if timeline.is_none() { "2011-11-01" } else { "2011-10-29" };
                let next = schedule(every, begin, zone).with_due(due);
                let until = timeline.as_ref().and_then(|timeline| timeline.ends_at(None, now));
                timeline = Some(match (timeline, until) {
                    (Some(before), Some(until)) => {
                        eras.push((until, before.current().clone()));
                        let whole = eras.iter().cloned().fold(Timeline::from(next.clone()), |new, (until, schedule)| new.after(schedule, until));
                        let followed = before.followed_by(next, until);
                        prop_assert_eq!(&followed, &whole);
                        followed
                    }
                    _ => Timeline::from(next),
                });
                now = now.checked_add(SignedDuration::from_hours(hours)).unwrap();
            }
            let timeline = timeline.unwrap();
            let first = timeline.first_interval();
            let all: Vec<Interval> = std::iter::successors(first, |last| timeline.next_from(last.end)).take(400).collect();
            for pair in all.windows(2) {
                prop_assert_eq!(pair[0].end, pair[1].start);
            }
            let due = |interval: &&Interval| timeline.due_at(**interval) <= now;
            prop_assert_eq!(timeline.due_count(now), all.iter().filter(due).count() as u64);
            prop_assert_eq!(timeline.last_due(now), all.iter().rfind(due).copied());
            prop_assert_eq!(timeline.next_due(now), all.iter().find(|interval| !due(interval)).copied());
            let from = start.checked_add(SignedDuration::from_hours(asked.0)).unwrap();
            let span = Interval { start: from, end: from.checked_add(SignedDuration::from_hours(asked.1)).unwrap() };
            let within = |interval: &&Interval| interval.start >= span.start && interval.end <= span.end;
            prop_assert_eq!(timeline.count_within(span), all.iter().filter(within).count() as u64);
            let overlapping: Vec<Interval> = all.iter().filter(|interval| interval.overlaps(span)).copied().collect();
            let slots: Vec<Interval> = timeline.slots(from).take(50).map(|slot| slot.interval).collect();
            prop_assert_eq!(&slots[..], &all.iter().filter(|interval| interval.end > from).take(50).copied().collect::<Vec<_>>()[..slots.len()]);
            let before: Vec<Interval> = timeline.slots_before(from).map(|slot| slot.interval).collect();
            prop_assert_eq!(before, all.iter().rev().filter(|interval| interval.end <= from).copied().collect::<Vec<_>>());
            prop_assert_eq!(timeline.last_overlapping(span), overlapping.last().copied());
            prop_assert_eq!(timeline.overlapping(span).collect::<Vec<_>>(), overlapping);
            prop_assert_eq!(timeline.interval_at(from), all.iter().find(|interval| interval.contains(from)).copied());
            let gaps = timeline.gaps(span);
            let mut tiles: Vec<Interval> = gaps.iter().map(|gap| gap.interval).chain(overlapping_again(&all, span)).collect();
            tiles.sort();
            prop_assert_eq!(tiles.first().map(|tile| tile.start), Some(span.start));
            prop_assert_eq!(tiles.last().map(|tile| tile.end), Some(span.end));
            for pair in tiles.windows(2) {
                prop_assert_eq!(pair[0].end, pair[1].start);
            }
            let later = |interval: &&Interval| interval.start >= from && due(interval);
            prop_assert_eq!(timeline.due_count_from(from, now), all.iter().filter(later).count() as u64);
        }
    }
}
