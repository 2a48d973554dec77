//! Where the clock of a zone is put back: what it shows for the second time then, it has shown before, and so may paths.

use jiff::SignedDuration;
use jiff::Timestamp;

use crate::time::Interval;
use crate::time::Timeline;

/// How many changes of the clock are looked at: those of four years.
const CHANGES: usize = 8;

/// Pairs of intervals around the next moment at which the clock is put back: the last that starts before, and those that start
/// while the clock shows for the second time what it showed before. There are none where intervals are longer than that takes.
pub(super) fn pairs(schedule: &Timeline, now: Timestamp) -> Vec<[Interval; 2]> {
    let zone = schedule.timezone();
    let around = |at: Timestamp| {
        let before = at.checked_sub(SignedDuration::from_nanos(1)).ok()?;
        let offset = |at: Timestamp| i64::from(zone.to_offset(at).seconds());
        let back = SignedDuration::from_secs(offset(before) - offset(at));
        let over = at.checked_add(back).ok()?;
        let last = schedule.interval_at(before)?;
        let twin = last.start.checked_add(back).ok()?;
        let next = [schedule.next_from(at), schedule.next_from(twin)].into_iter();
        let next = next
            .flatten()
            .filter(|it| at <= it.start && it.start < over);
        let mut pairs: Vec<_> = next.map(|next| [last, next]).collect();
        pairs.dedup();
        (!pairs.is_empty()).then_some(pairs)
    };
    let mut changes = zone.following(now).take(CHANGES);
    changes
        .find_map(|change| around(change.timestamp()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::time::Period;
    use crate::time::Schedule;

    /// The starts of the pairs, as the clock shows them.
    fn found(every: &str, zone: &str) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let start = date(2026, 1, 1).at(0, 0, 0, 0);
        let schedule = Schedule::new(start, Period::parse(every).unwrap(), zone.clone());
        let timeline = Timeline::from(schedule.unwrap());
        let text = |interval: Interval| {
            let start = interval.start.to_zoned(zone.clone());
            start.strftime("%m-%dT%H:%M%:z").to_string()
        };
        let now = "2026-02-01T00:00:00Z".parse().unwrap();
        let found = pairs(&timeline, now).into_iter();
        found.map(|pair| pair.map(text).join(" ")).collect()
    }

    #[test]
    fn hours_are_shown_twice_where_the_clock_is_put_back() {
        let hours = ["10-25T02:00+02:00 10-25T02:00+01:00"];
        assert_eq!(found("1 hour", "Europe/Berlin"), hours);
        let quarters = [
            "10-25T02:45+02:00 10-25T02:00+01:00",
            "10-25T02:45+02:00 10-25T02:45+01:00",
        ];
        assert_eq!(found("15 minutes", "Europe/Berlin"), quarters);
    }

    #[test]
    fn half_an_hour_that_comes_twice_is_in_one_hour_of_the_clock() {
        let hours = ["04-05T01:00+11:00 04-05T01:30+10:30"];
        assert_eq!(found("1 hour", "Australia/Lord_Howe"), hours);
    }

    #[test]
    fn days_and_zones_without_changes_have_none() {
        assert!(found("1 day", "Europe/Berlin").is_empty());
        assert!(found("1 hour", "Asia/Kathmandu").is_empty());
        assert!(found("1 hour", "UTC").is_empty());
    }
}
