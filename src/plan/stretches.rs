//! Which runs a plan starts, drops, holds or leaves due, as the stretches of time that their intervals fill: on demand, the counts of
//! [`super::effects`] come first.
//!
//! By arithmetic, as these are: a stretch of a million intervals costs what one of ten does. What parts them costs: days that a calendar
//! excludes, changes of the schedule, and instances that are there already.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::calendar;
use super::calendar::Pending;
use super::effects::ActivityEffect;
use super::effects::Effects;
use super::saved::Again;
use crate::engine::Definition;
use crate::objects::Address;
use crate::time::Interval;
use crate::time::Timeline;

/// So many stretches are listed of what is the same; the runs of the others are counted.
const MOST: usize = 50;

/// What becomes of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Ended, and run again because that was asked for.
    Rerun,
    /// Due now because of the plan.
    Backfill,
    /// Due now, with or without the plan.
    Due,
    /// Due, and never made.
    Dropped,
    /// Due, and held because their activity is deactivated.
    Held,
}

/// Intervals in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// From the start of the first to the end of the last.
    #[serde(flatten)]
    pub span: Interval,
    /// How many there are.
    pub count: u64,
}

/// Runs of an activity of which the same becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stretches {
    /// Which activity.
    pub address: Address,
    /// What becomes of them.
    pub fate: Fate,
    /// How many there are.
    pub count: u64,
    /// Their intervals, oldest first.
    pub stretches: Vec<Stretch>,
    /// How many of them lie in none of these: they wait already, or have been asked for, or there are too many stretches.
    pub more: u64,
    /// The zone that times are shown in, e.g. `Europe/Berlin`.
    pub timezone: String,
}

/// What is known of a plan.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The counts.
    pub effects: &'a Effects,
    /// What the engine works on before.
    pub old: &'a Definition,
    /// What it works on after that.
    pub new: &'a Definition,
    /// Until where instances have been made, one after the other.
    pub made_until: &'a BTreeMap<Address, Timestamp>,
    /// The intervals behind that which have an instance, oldest first.
    pub beyond: &'a BTreeMap<Address, Vec<Interval>>,
    /// What runs again, in order.
    pub again: &'a [Again],
}

/// The runs of all that a plan has an effect on, by activity. `now`: the moment of the plan.
pub fn stretches(known: Known<'_>, now: Timestamp) -> Vec<Stretches> {
    let mut found = reruns(known);
    let pipelines = known.effects.pipelines.iter();
    for activity in pipelines.flat_map(|pipeline| &pipeline.activities) {
        found.extend(of_activity(known, activity, now));
    }
    found.sort_by_cached_key(|one| one.address.clone());
    found
}

/// What runs again.
fn reruns(known: Known<'_>) -> Vec<Stretches> {
    let reruns = known.effects.reruns.iter();
    let of = |address: &Address| {
        let again = known.again.iter().map(|again| &again.instance);
        let again = again.filter(|instance| instance.object == *address);
        let mut found: Vec<Stretch> = Vec::new();
        for instance in again {
            let interval = instance.interval;
            match found.last_mut() {
                Some(last) if last.span.end == interval.start && !interval.is_moment() => {
                    last.span.end = interval.end;
                    last.count += 1;
                }
                _ => found.push(Stretch {
                    span: interval,
                    count: 1,
                }),
            }
        }
        found.truncate(MOST);
        found
    };
    let all = reruns.map(|rerun| {
        let zone = rerun.timezone.iana_name().unwrap_or("UTC");
        listed(
            &rerun.address,
            (Fate::Rerun, rerun.count, of(&rerun.address)),
            zone,
        )
    });
    all.collect()
}

fn listed(
    address: &Address,
    (fate, count, stretches): (Fate, u64, Vec<Stretch>),
    timezone: &str,
) -> Stretches {
    let told: u64 = stretches.iter().map(|stretch| stretch.count).sum();
    Stretches {
        address: address.clone(),
        fate,
        count,
        stretches,
        more: count.saturating_sub(told),
        timezone: timezone.to_owned(),
    }
}

/// The runs of an activity; without those that run again.
fn of_activity(known: Known<'_>, activity: &ActivityEffect, now: Timestamp) -> Vec<Stretches> {
    let address = &activity.address;
    let counts = &activity.counts;
    let [old, new] = [known.old, known.new].map(|it| it.units.get(address)?.schedule.as_ref());
    let made = known.beyond.get(address).map_or(&[][..], Vec::as_slice);
    let cursor = known.made_until.get(address).copied();
    let pending = |timeline: Option<&Timeline>| {
        let pending = timeline.map(|it| calendar::pending(it, (cursor, made), now));
        pending.unwrap_or_default()
    };
    let (old_due, new_due) = (pending(old), pending(new));
    // Where some are dropped by the plan, those that are passed over anyway lie among them.
    let gone = match counts.dropped {
        0 => 0,
        dropped => dropped + counts.passed_over,
    };
    let backfill = activity.oldest.zip(activity.newest);
    let was = known.old.units.get(address);
    let was = was.is_some_and(|unit| unit.active);
    // What is not active makes nothing of what is due: then all that goes was asked for.
    let given_up = all(old_due).filter(|_| was);
    let passed_over = if new.is_some() {
        (new, dropped(gone, new_due))
    } else {
        (old, given_up)
    };
    // Without a schedule only those are held that wait already: nothing makes the others any more.
    let held = given_up.filter(|_| new.is_some());
    let cases = [
        (Fate::Backfill, counts.backfill, new, backfill.map(whole)),
        (Fate::Due, counts.due, old, due(counts.due, old_due)),
        (Fate::Dropped, gone, passed_over.0, passed_over.1),
        (Fate::Held, counts.held, old, held),
    ];
    let there = cases.into_iter().filter(|(_, count, ..)| *count > 0);
    let found = there.map(|(fate, count, timeline, span)| {
        let rows = timeline.zip(span);
        let rows = rows.map(|(timeline, span)| in_rows(timeline, span, made));
        let told = (fate, count, rows.unwrap_or_default());
        listed(address, told, &activity.timezone)
    });
    found.collect()
}

/// From the first of two intervals to the last.
fn whole((oldest, newest): (Interval, Interval)) -> Interval {
    Interval {
        start: oldest.start,
        end: newest.end,
    }
}

/// Where all lie that are due.
fn all(pending: Pending) -> Option<Interval> {
    pending.oldest.zip(pending.newest).map(whole)
}

/// Where those lie that stay due: of more than so many `catch_up` leaves the newest.
fn due(count: u64, pending: Pending) -> Option<Interval> {
    if count < pending.count {
        pending.newest
    } else {
        all(pending)
    }
}

/// Where those lie that `catch_up` passes over: all that are due, or all but the newest.
fn dropped(count: u64, pending: Pending) -> Option<Interval> {
    let left = pending.count.checked_sub(count)?;
    let span = all(pending)?;
    match left {
        0 => Some(span),
        1 => Some(Interval {
            end: pending.newest?.start,
            ..span
        }),
        _ => None,
    }
}

/// The intervals of a span that have no instance, those in a row together.
fn in_rows(timeline: &Timeline, span: Interval, made: &[Interval]) -> Vec<Stretch> {
    let mut spans: Vec<Interval> = Vec::new();
    for stretch in timeline.stretches(span) {
        let first = made.partition_point(|made| made.start < stretch.start);
        let within = made.iter().skip(first);
        let within = within.take_while(|made| made.start < stretch.end);
        let own = within.filter(|made| timeline.interval_at(made.start) == Some(**made));
        let mut start = stretch.start;
        let end = Interval::moment(stretch.end);
        for part in own.copied().chain([end]) {
            match spans.last_mut() {
                _ if start >= part.start => {}
                Some(last) if last.end == start => last.end = part.start,
                _ => spans.push(Interval {
                    start,
                    end: part.start,
                }),
            }
            start = part.end;
        }
        if spans.len() > MOST {
            break;
        }
    }
    spans.truncate(MOST);
    let rows = spans.into_iter().map(|span| Stretch {
        span,
        count: timeline.count_within(span),
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::Weekday;

    use super::super::effects::UnitRuns;
    use super::super::effects::effects;
    use super::super::testing::*;
    use super::*;
    use crate::engine::Unit;
    use crate::engine::UnitKind;
    use crate::time::Calendar;
    use crate::time::Period;
    use crate::time::WhenExcluded;

    fn rows(timeline: &Timeline, (start, end): (&str, &str), made: &[Interval]) -> Vec<String> {
        let span = Interval {
            start: at(start),
            end: at(end),
        };
        let rows = in_rows(timeline, span, made).into_iter();
        let day = |at: Timestamp| at.strftime("%m-%d").to_string();
        let text = |row: Stretch| {
            let (start, end) = (day(row.span.start), day(row.span.end));
            format!("[{start}, {end}) {}", row.count)
        };
        rows.map(text).collect()
    }

    fn day(number: u32) -> Interval {
        Interval {
            start: at(&format!("2026-11-{number:02}T00:00:00Z")),
            end: at(&format!("2026-11-{:02}T00:00:00Z", number + 1)),
        }
    }

    #[test]
    fn what_is_there_already_parts_the_stretches() {
        let daily = Timeline::from(schedule("2026-11-01T00:00", Period::Days(1)));
        let span = ("2026-11-01T00:00:00Z", "2026-11-21T00:00:00Z");
        assert_eq!(rows(&daily, span, &[]), ["[11-01, 11-21) 20"]);
        assert_eq!(
            rows(&daily, span, &[day(5), day(6), day(20), day(25)]),
            ["[11-01, 11-05) 4", "[11-07, 11-20) 13"]
        );
        let half = Interval {
            start: day(5).start,
            end: at("2026-11-05T12:00:00Z"),
        };
        assert_eq!(rows(&daily, span, &[half]), ["[11-01, 11-21) 20"]);
        let month = Interval {
            start: day(4).start,
            end: at("2026-12-04T00:00:00Z"),
        };
        assert_eq!(
            rows(&daily, span, &[month, day(5)]),
            ["[11-01, 11-05) 4", "[11-06, 11-21) 15"]
        );
    }

    #[test]
    fn what_a_calendar_excludes_does_and_millions_are_counted() {
        let weekend = Calendar::new([Weekday::Saturday, Weekday::Sunday], []);
        let often = schedule("2000-01-01T00:00", Period::Minutes(5));
        let often = often.with_calendar(weekend.unwrap(), WhenExcluded::Skip);
        let span = ("2026-11-02T00:00:00Z", "2026-11-17T00:00:00Z");
        let found = rows(&Timeline::from(often.clone()), span, &[]);
        // The interval that ends with Friday is due on Saturday.
        assert_eq!(
            found,
            [
                "[11-02, 11-06) 1439",
                "[11-08, 11-13) 1440",
                "[11-15, 11-17) 289"
            ]
        );
        let long = ("2000-01-01T00:00:00Z", "2026-11-17T00:00:00Z");
        assert_eq!(rows(&Timeline::from(often), long, &[]).len(), MOST);
    }

    /// The fate of each, how many, and how many of them lie in stretches. Before: daily since the first of November, made up to the 20th,
    /// with three that wait, and three days from the third on that somebody has asked for.
    fn told(was_active: bool, next: Option<(bool, bool)>) -> Vec<(Fate, u64, u64)> {
        let address = Address::new("pipeline.p.activity.a");
        let unit = |active: bool, scheduled: bool| Unit {
            pipeline: Some(Address::new("pipeline.p")),
            schedule: scheduled.then(|| schedule("2026-11-01T00:00", Period::Days(1)).into()),
            active,
            ..Unit::new(address.clone(), UnitKind::Activity)
        };
        let definition = |unit: Option<Unit>| {
            let units = unit.map(|unit| (address.clone(), unit));
            Definition {
                units: units.into_iter().collect(),
                ..Definition::default()
            }
        };
        let old = definition(Some(unit(was_active, true)));
        let new = definition(next.map(|(active, scheduled)| unit(active, scheduled)));
        let made_until = at("2026-11-20T00:00:00Z");
        let asked = Interval {
            start: day(3).start,
            end: day(5).end,
        };
        let runs = UnitRuns {
            cursor: Some(made_until),
            to_come: vec![asked],
            waiting: 3,
            ..UnitRuns::default()
        };
        let runs = BTreeMap::from([(address.clone(), runs)]);
        let affected = BTreeSet::from([address.clone()]);
        let made_until = BTreeMap::from([(address.clone(), made_until)]);
        let now = at("2026-11-24T06:00:00Z");
        let effects = effects(&old, &new, &runs, &affected, now);
        let known = Known {
            effects: &effects,
            old: &old,
            new: &new,
            made_until: &made_until,
            beyond: &BTreeMap::new(),
            again: &[],
        };
        let found = stretches(known, now).into_iter();
        let told = found.map(|one| {
            let rows = one.stretches.iter();
            let lie: u64 = rows.map(|stretch| stretch.count).sum();
            (one.fate, one.count, lie)
        });
        told.collect()
    }

    #[test]
    fn what_waits_or_was_asked_for_lies_in_no_stretch() {
        // Removed, on demand, on demand and inactive, inactive: four days are due.
        assert_eq!(told(true, None), [(Fate::Dropped, 7, 4)]);
        assert_eq!(told(true, Some((true, false))), [(Fate::Dropped, 7, 4)]);
        assert_eq!(
            told(true, Some((false, false))),
            [(Fate::Dropped, 7, 4), (Fate::Held, 3, 0)]
        );
        assert_eq!(told(true, Some((false, true))), [(Fate::Held, 7, 4)]);
        // It was inactive: what was due is not given up, for it would not have been made.
        assert_eq!(told(false, None), [(Fate::Dropped, 3, 0)]);
    }

    #[test]
    fn what_catch_up_leaves_is_the_newest() {
        let pending = |count| Pending {
            count,
            oldest: Some(day(1)),
            newest: Some(day(9)),
            excluded: 0,
        };
        assert_eq!(due(1, pending(9)), Some(day(9)));
        assert_eq!(due(9, pending(9)), Some(whole((day(1), day(9)))));
        assert_eq!(dropped(8, pending(9)), Some(whole((day(1), day(8)))));
        assert_eq!(dropped(9, pending(9)), Some(whole((day(1), day(9)))));
        assert_eq!(dropped(12, pending(9)), None);
    }
}
