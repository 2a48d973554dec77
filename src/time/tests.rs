//! Properties and tables of schedules.

use jiff::Timestamp;
use jiff::civil::DateTime;
use proptest::prelude::*;

use super::Calendar;
use super::Cron;
use super::Due;
use super::Interval;
use super::Period;
use super::Schedule;
use super::Slot;
use super::WEEKDAYS;
use super::WhenExcluded;
use super::parse_date;
use super::parse_timezone;
use super::parse_weekday;
use super::testing::any_zone;

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

fn daily(start: &str, zone: &str) -> Schedule {
    schedule(start, "1 day", zone)
}

fn weekends() -> Calendar {
    Calendar::new(
        ["saturday", "sunday"].map(|name| parse_weekday(name).unwrap()),
        [parse_date("2026-12-25").unwrap()],
    )
    .unwrap()
}

#[test]
fn occurrences_are_intervals_also_where_a_day_is_left_out() {
    let schedule = daily("2011-12-29T00:00:00", "Pacific/Apia")
        .with_occurrences(Some(2))
        .unwrap();
    assert_eq!(
        starts(&schedule, "2011-12-01T00:00:00Z", 9),
        ["2011-12-29T00:00-10:00", "2011-12-31T00:00+14:00"]
    );
}

#[test]
fn what_a_calendar_excludes_has_no_instance_or_is_due_on_another_day() {
    // Due at 02:30 of the day after.
    let nightly = daily("2026-11-02T02:30:00", "Europe/Berlin");
    let week = Interval {
        start: at("2026-11-06T00:00:00Z"),
        end: at("2026-11-11T00:00:00Z"),
    };
    let dues = |schedule: &Schedule| -> Vec<String> {
        schedule
            .overlapping(week)
            .map(|interval| schedule.due_at(interval).to_string())
            .collect()
    };
    let skip = nightly
        .clone()
        .with_calendar(weekends(), WhenExcluded::Skip);
    assert_eq!(
        dues(&skip),
        [
            "2026-11-06T01:30:00Z",
            "2026-11-09T01:30:00Z",
            "2026-11-10T01:30:00Z",
            "2026-11-11T01:30:00Z"
        ]
    );
    assert_eq!(
        skip.excluded(week)
            .map(|tile| tile.end.to_string())
            .collect::<Vec<_>>(),
        ["2026-11-07T01:30:00Z", "2026-11-08T01:30:00Z"]
    );
    let next = nightly
        .clone()
        .with_calendar(weekends(), WhenExcluded::Next);
    assert_eq!(
        dues(&next),
        [
            "2026-11-06T01:30:00Z",
            "2026-11-09T01:30:00Z",
            "2026-11-09T01:30:00Z",
            "2026-11-09T01:30:00Z",
            "2026-11-10T01:30:00Z",
            "2026-11-11T01:30:00Z"
        ]
    );
    let previous = nightly.with_calendar(weekends(), WhenExcluded::Previous);
    assert_eq!(
        dues(&previous)[..4],
        [
            "2026-11-06T01:30:00Z",
            "2026-11-06T01:30:00Z",
            "2026-11-06T01:30:00Z",
            "2026-11-09T01:30:00Z"
        ]
    );
}

#[test]
fn what_piles_up_on_a_weekend_is_due_with_the_first_or_the_last_interval_beside_it() {
    let hourly = schedule("2026-11-02T00:00:00", "1 hour", "UTC").with_due(Due::Start);
    let due = |when: WhenExcluded, start: &str| {
        let schedule = hourly.clone().with_calendar(weekends(), when);
        let interval = schedule.interval_at(at(start)).unwrap();
        schedule.due_at(interval).to_string()
    };
    assert_eq!(
        due(WhenExcluded::Next, "2026-11-07T23:00:00Z"),
        "2026-11-09T00:00:00Z"
    );
    assert_eq!(
        due(WhenExcluded::Next, "2026-11-08T01:00:00Z"),
        "2026-11-09T00:00:00Z"
    );
    assert_eq!(
        due(WhenExcluded::Previous, "2026-11-07T01:00:00Z"),
        "2026-11-06T23:00:00Z"
    );
}

#[test]
fn a_time_that_the_clock_leaves_out_is_what_it_is_on_another_day() {
    // The day on which the clock is put forward is a Sunday; Berlin has no 02:30, Lord Howe none from 02:00 to 02:30.
    let of_cron = |pattern: &str, zone: &str| {
        let zone = parse_timezone(zone).unwrap();
        Schedule::of_cron(
            Cron::parse(pattern).unwrap(),
            at("2026-03-01T00:00:00Z"),
            zone,
        )
        .unwrap()
    };
    let dues = |schedule: &Schedule, when: WhenExcluded, sunday: &str| {
        let schedule = schedule.clone().with_due(Due::Start);
        let schedule = schedule.with_calendar(weekends(), when);
        let from: Timestamp = at(sunday);
        let day = Interval {
            start: from,
            end: from + jiff::SignedDuration::from_hours(23),
        };
        let due = schedule.overlapping(day).filter(|it| it.start >= from);
        due.map(|it| {
            let due = schedule.due_at(it).to_zoned(schedule.timezone().clone());
            due.strftime("%a %H:%M%:z").to_string()
        })
        .collect::<Vec<_>>()
    };
    let berlin = "2026-03-28T23:00:00Z";
    for nightly in [
        daily("2026-03-02T02:30:00", "Europe/Berlin"),
        of_cron("30 2 * * *", "Europe/Berlin"),
    ] {
        let dues = |when| dues(&nightly, when, berlin);
        assert_eq!(dues(WhenExcluded::Skip), [""; 0]);
        assert_eq!(dues(WhenExcluded::Previous), ["Fri 02:30+01:00"]);
        assert_eq!(dues(WhenExcluded::Next), ["Mon 02:30+02:00"]);
    }
    let lord_howe = "2026-10-03T13:30:00Z";
    for nightly in [
        daily("2026-03-02T02:15:00", "Australia/Lord_Howe"),
        of_cron("15 2 * * *", "Australia/Lord_Howe"),
    ] {
        let dues = |when| dues(&nightly, when, lord_howe);
        assert_eq!(dues(WhenExcluded::Previous), ["Fri 02:15+10:30"]);
        assert_eq!(dues(WhenExcluded::Next), ["Mon 02:15+11:00"]);
    }
    // 02:05 is due at 02:35, 02:40 at its time, 02:15 after it at 02:45: the last keeps that, so that they stay in order.
    let mixed = of_cron("5,15,40 2 * * *", "Australia/Lord_Howe");
    let next = dues(&mixed, WhenExcluded::Next, lord_howe);
    assert_eq!(
        next,
        ["Mon 02:05+11:00", "Mon 02:05+11:00", "Mon 02:05+11:00"]
    );
    let previous = dues(&mixed, WhenExcluded::Previous, lord_howe);
    assert_eq!(
        previous,
        ["Fri 02:40+10:30", "Fri 02:40+10:30", "Fri 02:45+10:30"]
    );
    // A moment in summer is no tick because the winter's clock would show a time that fires.
    let winters = of_cron("30 2 * * *", "Europe/Berlin").with_cut(Some(at("2026-07-04T01:30:00Z")));
    let cut = winters.first_interval().unwrap().start;
    let civil = winters.calendar_from(cut, 0, 0).unwrap();
    assert_eq!(civil, "2026-07-04T03:30:00".parse::<DateTime>().unwrap());
}

#[test]
fn a_search_ends_where_all_is_excluded_and_finds_what_is_rare() {
    let of_cron = |text: &str, calendar: Calendar| {
        let cron = Cron::parse(text).unwrap();
        let from = at("2026-11-01T00:00:00Z");
        let schedule = Schedule::of_cron(cron, from, jiff::tz::TimeZone::UTC).unwrap();
        schedule
            .with_due(Due::Start)
            .with_calendar(calendar, WhenExcluded::Skip)
    };
    let saturdays = of_cron("0 6 * * sat", weekends());
    assert_eq!(saturdays.first_interval(), None);
    assert_eq!(saturdays.last_due(at("2030-01-01T00:00:00Z")), None);
    assert_eq!(saturdays.due_count(at("2030-01-01T00:00:00Z")), 0);
    let but_mondays = WEEKDAYS[1..]
        .iter()
        .map(|name| parse_weekday(name).unwrap());
    let mondays = Calendar::new(but_mondays, []).unwrap();
    let leap = of_cron("0 0 29 2 *", mondays);
    assert_eq!(
        starts(&leap, "2073-01-01T00:00:00Z", 2),
        ["2112-02-29T00:00+00:00", "2140-02-29T00:00+00:00"]
    );
}

#[test]
fn a_long_past_of_a_pattern_is_counted() {
    let pattern = Cron::parse("*/5 * * * *").unwrap();
    let zone = parse_timezone("Europe/Berlin").unwrap();
    let often = Schedule::of_cron(pattern, at("2000-01-01T00:00:00Z"), zone).unwrap();
    let now = at("2026-11-23T00:00:00Z");
    assert_eq!(often.due_count(now), 2_829_024);
    let without_weekends = often.with_calendar(weekends(), WhenExcluded::Skip);
    assert_eq!(without_weekends.due_count(now), 2_020_333);
}

fn periods() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "7 minutes",
        "1 hour",
        "5 hours",
        "1 day",
        "1 day",
        "3 days",
        "1 week",
        "1 month",
        "5 months",
        "1 year",
    ])
}

fn patterns() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "30 2 * * *",
        "0 0 * * *",
        "*/20 * * * *",
        "0 */6 * * *",
        "15 2,23 * * 1-5",
        "0 12 L * *",
        "30 23 * * SUN",
        "0 0 1 * *",
    ])
}

/// What a schedule of a test is made of.
#[derive(Debug)]
struct Recipe {
    zone: jiff::tz::TimeZone,
    around: Timestamp,
    every: Result<&'static str, &'static str>,
    occurrences: Option<u64>,
    cut: Option<i64>,
    due: Due,
    weekdays: Vec<usize>,
    closed: Vec<i64>,
    when: WhenExcluded,
    end_of_month: Option<i8>,
}

impl Recipe {
    fn schedule(&self) -> Option<Schedule> {
        let mut anchor = self.zone.to_datetime(self.around);
        if let Some(day) = self.end_of_month {
            anchor = anchor
                .date()
                .with()
                .day(day)
                .build()
                .ok()?
                .to_datetime(anchor.time());
        }
        let start = self.zone.to_timestamp(anchor).ok()?;
        let schedule = match self.every {
            Ok(every) => Schedule::new(anchor, Period::parse(every).unwrap(), self.zone.clone()),
            Err(cron) => Schedule::of_cron(Cron::parse(cron).unwrap(), start, self.zone.clone()),
        };
        let day = |offset: &i64| anchor.date() + jiff::Span::new().days(*offset);
        let weekdays = self
            .weekdays
            .iter()
            .filter_map(|index| parse_weekday(WEEKDAYS[*index]));
        let calendar = Calendar::new(weekdays, self.closed.iter().map(day)).unwrap();
        let schedule = schedule
            .unwrap()
            .with_occurrences(self.occurrences)
            .unwrap()
            .with_due(self.due)
            .with_cut(
                self.cut
                    .map(|cut| start + jiff::SignedDuration::from_secs(cut)),
            );
        Some(schedule.with_calendar(calendar, self.when))
    }
}

fn recipes() -> impl Strategy<Value = Recipe> {
    let beat = prop_oneof![periods().prop_map(Ok), patterns().prop_map(Err)];
    let calendar = (
        prop::collection::vec(0_usize..6, 0..4),
        prop::collection::vec(-10_i64..40, 0..20),
        prop::sample::select(vec![
            WhenExcluded::Skip,
            WhenExcluded::Next,
            WhenExcluded::Previous,
        ]),
    );
    (
        any_zone(),
        beat,
        prop::option::of(1_u64..60),
        prop::option::of(0_i64..40_000_000),
        prop::sample::select(vec![Due::Start, Due::End]),
        calendar,
        prop::option::of(prop::sample::select(vec![29_i8, 30, 31])),
    )
        .prop_map(
            |(
                (zone, around),
                every,
                occurrences,
                cut,
                due,
                (weekdays, closed, when),
                end_of_month,
            )| Recipe {
                zone,
                around,
                every,
                occurrences,
                cut,
                due,
                weekdays,
                closed,
                when,
                end_of_month,
            },
        )
}

proptest! {
    #[test]
    fn intervals_tile_and_counts_equal_enumeration(
        recipe in recipes(),
        later in 0_usize..100,
        middle in (0_i64..4_000_000, 1_i64..4_000_000),
    ) {
        let Some(schedule) = recipe.schedule() else { return Ok(()) };
        let slots: Vec<Slot> = schedule.slots(Timestamp::MIN).take(100).collect();
        for pair in slots.windows(2) {
            prop_assert!(pair[0].interval.start < pair[0].interval.end);
            prop_assert_eq!(pair[0].interval.end, pair[1].interval.start, "no hole, no overlap");
            prop_assert!(pair[0].due <= pair[1].due, "due in order: {:?}", pair);
        }
        let Some(first_slot) = slots.first() else { return Ok(()) };
        let tile_of = |slot: &Slot| slot.interval;
        let found: Vec<Interval> = slots.iter().filter(|slot| slot.has_instance).map(tile_of).collect();
        for slot in &slots {
            let moved = slot.excluded.is_some() && recipe.when != WhenExcluded::Skip;
            prop_assert!(moved || slot.due == slot.regular_due);
            prop_assert_eq!(slot.has_instance, slot.excluded.is_none() || recipe.when != WhenExcluded::Skip);
            prop_assert_eq!(schedule.interval_at(slot.interval.start), Some(slot.interval).filter(|_| slot.has_instance));
            prop_assert_eq!(schedule.due_at(slot.interval), slot.due);
            let backwards = schedule.slots_before(slot.interval.end).next();
            prop_assert_eq!(backwards, Some(*slot));
        }
        let Some(first) = found.first().copied() else { return Ok(()) };
        prop_assert_eq!(schedule.first_interval(), Some(first));
        if slots.len() < 100 {
            prop_assert_eq!(schedule.last_interval(), found.last().copied());
        }
        for pair in found.windows(2) {
            prop_assert_eq!(schedule.next_from(pair[0].end), Some(pair[1]));
        }
        // Anything up to here has been enumerated.
        let reach = if slots.len() < 100 { None } else { slots.last() };
        let known = |at: Timestamp| reach.is_none_or(|last| {
            let week = jiff::SignedDuration::from_hours(24 * 60);
            at < last.interval.start.min(last.due) && at < last.interval.start - week.min(last.interval.start.duration_since(first_slot.interval.start))
        });
        let moment = slots[later % slots.len()];
        for now in [moment.due, moment.interval.start, moment.due - jiff::SignedDuration::from_nanos(1)] {
            if !known(now) { continue; }
            let due: Vec<Interval> = found.iter().filter(|tile| schedule.due_at(**tile) <= now).copied().collect();
            prop_assert_eq!(schedule.due_count(now), due.len() as u64, "at {}", now);
            prop_assert_eq!(schedule.last_due(now), due.last().copied());
            let next = schedule.next_due(now);
            match (found.get(due.len()).copied(), reach) {
                // All that was enumerated and is not due is excluded; the next one lies behind it.
                (None, Some(last)) => prop_assert!(next.is_none_or(|next| next.start >= last.interval.end), "{:?}", next),
                (wanted, _) => prop_assert_eq!(next, wanted),
            }
            let from = found[later % found.len()].start;
            prop_assert_eq!(
                schedule.due_count_from(from, now),
                due.iter().filter(|tile| tile.start >= from).count() as u64
            );
            let excluded = slots.iter().filter(|slot| !slot.has_instance && slot.due <= now && slot.interval.start >= from);
            prop_assert_eq!(schedule.excluded_count_from(from, now), excluded.count() as u64);
            let decided = slots.iter().rfind(|slot| slot.due <= now).map(|slot| slot.interval.end);
            prop_assert_eq!(schedule.decided_until(now), decided);
        }
        let start = first_slot.interval.start + jiff::SignedDuration::from_secs(middle.0);
        let middle = Interval { start, end: start + jiff::SignedDuration::from_secs(middle.1) };
        for asked in [middle, Interval::moment(middle.start), moment.interval] {
            if reach.is_some_and(|last| asked.end > last.interval.start) { continue; }
            let wanted: Vec<Interval> = found.iter().filter(|tile| tile.overlaps(asked)).copied().collect();
            prop_assert_eq!(schedule.overlapping(asked).collect::<Vec<_>>(), wanted.clone());
            prop_assert_eq!(
                schedule.excluded(asked).collect::<Vec<_>>(),
                slots.iter().filter(|slot| !slot.has_instance && slot.interval.overlaps(asked)).map(tile_of).collect::<Vec<_>>()
            );
            prop_assert_eq!(schedule.last_overlapping(asked), wanted.last().copied());
        }
    }
}
