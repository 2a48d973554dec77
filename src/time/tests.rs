//! Properties and tables of schedules.

use jiff::Timestamp;
use jiff::civil::DateTime;
use proptest::prelude::*;

use super::Due;
use super::Interval;
use super::Period;
use super::Schedule;
use super::parse_timezone;

fn schedule(start: &str, every: &str, zone: &str) -> Schedule {
    Schedule::new(
        start.parse::<DateTime>().unwrap(),
        Period::parse(every).unwrap(),
        parse_timezone(zone).unwrap(),
    )
    .unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn starts(schedule: &Schedule, from: &str, count: usize) -> Vec<String> {
    let mut next = schedule.next_from(at(from));
    let mut found = Vec::new();
    while let Some(interval) = next
        && found.len() < count
    {
        let zoned = interval.start.to_zoned(schedule.timezone().clone());
        found.push(zoned.strftime("%Y-%m-%dT%H:%M%:z").to_string());
        next = schedule.next_from(interval.end);
    }
    found
}

#[test]
fn months_from_the_31st_do_not_drift() {
    let schedule = schedule("2026-01-31T00:00:00", "1 month", "UTC");
    assert_eq!(
        starts(&schedule, "2026-01-01T00:00:00Z", 4),
        [
            "2026-01-31T00:00+00:00",
            "2026-02-28T00:00+00:00",
            "2026-03-31T00:00+00:00",
            "2026-04-30T00:00+00:00"
        ]
    );
}

#[test]
fn a_daily_time_in_the_gap_moves_and_comes_back() {
    let schedule = schedule("2026-03-27T02:30:00", "1 day", "Europe/Berlin");
    assert_eq!(
        starts(&schedule, "2026-03-27T00:00:00Z", 4),
        [
            "2026-03-27T02:30+01:00",
            "2026-03-28T02:30+01:00",
            "2026-03-29T03:30+02:00",
            "2026-03-30T02:30+02:00"
        ]
    );
}

#[test]
fn hours_are_absolute_time() {
    let schedule = schedule("2026-10-25T00:00:00", "1 hour", "Europe/Berlin");
    let hours: Vec<_> = schedule
        .overlapping(Interval {
            start: at("2026-10-24T22:00:00Z"),
            end: at("2026-10-25T23:00:00Z"),
        })
        .collect();
    assert_eq!(hours.len(), 25);
    assert!(hours.windows(2).all(|pair| pair[0].end == pair[1].start));
}

#[test]
fn a_day_that_does_not_exist_has_no_interval() {
    let schedule = schedule("2011-12-28T00:00:00", "1 day", "Pacific/Apia");
    assert_eq!(
        starts(&schedule, "2011-12-27T00:00:00Z", 4),
        [
            "2011-12-28T00:00-10:00",
            "2011-12-29T00:00-10:00",
            "2011-12-31T00:00+14:00",
            "2012-01-01T00:00+14:00"
        ]
    );
    assert_eq!(schedule.due_count(at("2011-12-31T10:00:00Z")), 3);
}

#[test]
fn limits_hold() {
    let daily = schedule("2026-11-01T00:00:00", "1 day", "UTC");
    let three = daily.clone().with_occurrences(Some(3)).unwrap();
    assert_eq!(three.due_count(at("2027-01-01T00:00:00Z")), 3);
    assert_eq!(
        three.last_interval().unwrap().start,
        at("2026-11-03T00:00:00Z")
    );
    let until = daily
        .clone()
        .with_end(Some(at("2026-11-03T00:00:00Z")))
        .unwrap();
    assert_eq!(until.due_count(at("2027-01-01T00:00:00Z")), 2);
    let longer = daily
        .clone()
        .with_end(Some(at("2026-11-03T00:00:01Z")))
        .unwrap();
    assert_eq!(longer.due_count(at("2027-01-01T00:00:00Z")), 3);
    assert!(
        daily
            .clone()
            .with_end(Some(at("2026-11-01T00:00:00Z")))
            .is_err()
    );
    assert_eq!(daily.due_count(at("2026-11-01T23:59:59Z")), 0);
    assert_eq!(daily.due_count(at("2026-11-02T00:00:00Z")), 1);
    let early = daily.with_due(Due::Start);
    assert_eq!(early.due_count(at("2026-11-01T00:00:00Z")), 1);
}

#[test]
fn a_cut_leaves_neither_hole_nor_overlap() {
    let weekly =
        schedule("2026-11-01T00:00:00", "1 week", "UTC").with_cut(Some(at("2026-11-11T00:00:00Z")));
    let first = weekly.first_interval().unwrap();
    assert_eq!(first.start, at("2026-11-11T00:00:00Z"));
    assert_eq!(first.end, at("2026-11-15T00:00:00Z"));
    assert_eq!(weekly.interval_at(at("2026-11-05T00:00:00Z")), None);
    assert_eq!(weekly.due_count(at("2026-11-22T00:00:00Z")), 2);
    assert_eq!(weekly.next_from(at("2026-11-01T00:00:00Z")), Some(first));
    assert_eq!(
        weekly.next_from(first.start),
        Some(first),
        "the cut interval starts where it starts"
    );
}

#[test]
fn a_week_overlaps_its_seven_days_and_an_hour_its_day() {
    let daily = schedule("2015-05-17T00:00:00", "1 day", "UTC");
    let week = Interval {
        start: at("2015-05-17T00:00:00Z"),
        end: at("2015-05-24T00:00:00Z"),
    };
    assert_eq!(daily.overlapping(week).count(), 7);
    let hour = Interval {
        start: at("2015-05-18T05:00:00Z"),
        end: at("2015-05-18T06:00:00Z"),
    };
    let days: Vec<_> = daily.overlapping(hour).collect();
    assert_eq!(days.len(), 1);
    assert_eq!(days[0].start, at("2015-05-18T00:00:00Z"));
    let before = Interval {
        start: at("2015-05-10T00:00:00Z"),
        end: at("2015-05-17T00:00:00Z"),
    };
    assert_eq!(daily.overlapping(before).count(), 0);
    assert_eq!(
        daily
            .overlapping(Interval::moment(at("2015-05-18T12:00:00Z")))
            .count(),
        1
    );
}

#[test]
fn counting_a_long_past_is_arithmetic() {
    let often = schedule("1970-01-01T00:00:00", "1 minute", "America/New_York");
    let now = at("2026-11-23T00:00:00Z");
    assert_eq!(often.due_count(now), 29_922_900);
    assert!(often.last_due(now).is_some());
}

fn zones() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Pacific/Apia",
    ])
}

fn periods() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "7 minutes",
        "1 hour",
        "5 hours",
        "1 day",
        "3 days",
        "1 week",
        "1 month",
        "5 months",
        "1 year",
    ])
}

proptest! {
    #[test]
    fn intervals_tile_and_counts_equal_enumeration(
        zone in zones(),
        every in periods(),
        start in 1_300_000_000_i64..1_800_000_000,
        later in 0_i64..100,
        occurrences in prop::option::of(1_u64..60),
        cut in prop::option::of(0_i64..40_000_000),
        due in prop::sample::select(vec![Due::Start, Due::End]),
    ) {
        let zone = parse_timezone(zone).unwrap();
        let anchor = zone.to_datetime(Timestamp::from_second(start).unwrap());
        let period = Period::parse(every).unwrap();
        let schedule = Schedule::new(anchor, period, zone).unwrap()
            .with_occurrences(occurrences).unwrap()
            .with_due(due)
            .with_cut(cut.map(|cut| Timestamp::from_second(start + cut).unwrap()));
        let mut found = Vec::new();
        let mut next = schedule.first_interval();
        while let Some(interval) = next && found.len() < 80 {
            prop_assert!(interval.start < interval.end);
            if let Some(last) = found.last() {
                let last: &Interval = last;
                prop_assert_eq!(last.end, interval.start);
            }
            found.push(interval);
            next = schedule.next_from(interval.end);
        }
        let Some(first) = found.first().copied() else { return Ok(()); };
        let now = found[usize::try_from(later).unwrap() % (found.len().max(2) - 1)].end;
        let enumerated = found.iter().filter(|interval| schedule.due_at(**interval) <= now).count();
        prop_assert_eq!(schedule.due_count(now), enumerated as u64);
        prop_assert_eq!(schedule.due_count_from(first.start, now), enumerated as u64);
        prop_assert_eq!(
            schedule.last_due(now),
            found.iter().rfind(|interval| schedule.due_at(**interval) <= now).copied()
        );
        for interval in &found {
            prop_assert_eq!(schedule.interval_at(interval.start), Some(*interval));
            prop_assert_eq!(schedule.next_from(interval.start), Some(*interval));
            prop_assert_eq!(schedule.overlapping(*interval).collect::<Vec<_>>(), vec![*interval]);
        }
        let all = Interval { start: first.start, end: now };
        let middle = Interval {
            start: Timestamp::from_second(start + later * 3_600).unwrap(),
            end: Timestamp::from_second(start + later * 100_000 + 1).unwrap(),
        };
        if middle.start < middle.end {
            let overlapping: Vec<_> = schedule.overlapping(middle).collect();
            prop_assert_eq!(schedule.last_overlapping(middle), overlapping.last().copied());
            prop_assert_eq!(
                schedule.covering(middle),
                overlapping.first().zip(overlapping.last()).map(|(first, last)| Interval { start: first.start, end: last.end })
            );
        }
        prop_assert_eq!(
            schedule.overlapping(all).collect::<Vec<_>>(),
            found.iter().filter(|interval| interval.overlaps(all)).copied().collect::<Vec<_>>()
        );
    }
}
