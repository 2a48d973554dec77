//! Where the clock of a zone is put forward or back, as schedules and plans say it.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::time::Interval;

/// The moments at which a clock is put forward or back, with by how many seconds (negative: back), from `from` up to but not at `to`.
pub(super) fn changes(
    (from, to): (Timestamp, Timestamp),
    zone: &TimeZone,
) -> impl Iterator<Item = (Timestamp, i64)> + '_ {
    let just_before = from - SignedDuration::from_nanos(1);
    zone.following(just_before)
        .map(|change| change.timestamp())
        .take_while(move |at| *at < to)
        .filter_map(|at| {
            let offset = |at: Timestamp| i64::from(zone.to_offset(at).seconds());
            let seconds = offset(at) - offset(at - SignedDuration::from_nanos(1));
            (seconds != 0).then_some((at, seconds))
        })
}

/// `forward 1 h`
pub(super) fn put(seconds: i64) -> String {
    let way = if seconds > 0 { "forward" } else { "back" };
    let length = seconds.unsigned_abs();
    match (length / 3600, length % 3600 / 60) {
        (hours, 0) => format!("{way} {hours} h"),
        (0, minutes) => format!("{way} {minutes} min"),
        (hours, minutes) => format!("{way} {hours} h {minutes} min"),
    }
}

/// By how many seconds the clock is put forward inside an interval; negative: back. Over months it is put both ways: then 0.
pub(super) fn change_within(interval: Interval, zone: &TimeZone) -> i64 {
    let mut found = changes((interval.start, interval.end), zone);
    match (found.next(), found.next()) {
        (Some((at, seconds)), None) if at > interval.start => seconds,
        _ => 0,
    }
}
