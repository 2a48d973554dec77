//! Zones for tests: all there are, at moments around which their clocks change.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

/// The names of all zones.
fn names() -> Vec<String> {
    let mut names: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .collect();
    names.sort();
    assert!(names.len() > 300, "the database of time zones is there");
    names
}

/// A zone and a moment within two days of a change of its clock, if it has any.
pub(super) fn any_zone() -> impl Strategy<Value = (TimeZone, Timestamp)> {
    // Those that leave out or repeat whole days, half hours and midnights come often.
    let odd = [
        "Pacific/Apia",
        "Pacific/Kwajalein",
        "Pacific/Kiritimati",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "America/St_Johns",
        "America/Havana",
        "Asia/Kathmandu",
        "Asia/Gaza",
        "Africa/Casablanca",
        "America/Juneau",
        "Asia/Manila",
        "Antarctica/Troll",
        "Europe/Dublin",
    ];
    let all = prop::sample::select(names());
    let odd = prop::sample::select(odd.map(str::to_owned).to_vec());
    let zones = prop_oneof![3 => all, 2 => odd];
    (zones, any::<prop::sample::Index>(), -172_800_i64..172_800).prop_map(|(name, index, near)| {
        let zone = TimeZone::get(&name).unwrap();
        let year_2040: Timestamp = "2040-01-01T00:00:00Z".parse().unwrap();
        let changes: Vec<Timestamp> = zone
            .following(Timestamp::MIN)
            .map(|change| change.timestamp())
            .take_while(|change| *change < year_2040)
            .collect();
        let around = if changes.is_empty() {
            "2026-03-29T01:00:00Z".parse().unwrap()
        } else {
            *index.get(&changes)
        };
        (zone, around + SignedDuration::from_secs(near))
    })
}
