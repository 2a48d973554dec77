//! Which runs a plan starts, drops, holds or leaves due, for people: each stretch of time with how many there are in it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::Zoned;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::paint::Look;
use super::paint::TOGETHER;
use super::paint::counted;
use super::siblings::Likeness;
use super::siblings::together;
use crate::objects::Address;
use crate::plan::stretches::Fate;
use crate::plan::stretches::Stretch;
use crate::plan::stretches::Stretches;

/// The section; it says so when there are none.
pub(crate) fn stretches(stretches: &[Stretches], look: Look) -> String {
    if stretches.is_empty() {
        return "No runs.\n".to_owned();
    }
    let mut out = format!("{}\n", look.bold("Runs by interval:"));
    let mut texts: BTreeMap<&Address, String> = BTreeMap::new();
    for one in stretches {
        let text = texts.entry(&one.address).or_default();
        text.push_str(&of_one(one, look));
    }
    let texts = texts.into_iter();
    let texts = texts.map(|(address, text)| (address.clone(), text));
    for group in together(texts, Likeness::Address) {
        let mut name = group.name();
        if group.addresses.len() > 1 {
            name.extend([", each: ", &group.members()]);
        }
        out.push('\n');
        out.push_str(&look.wrapped(2, 2, &name));
        out.push('\n');
        out.push_str(&group.text);
    }
    out
}

/// The runs of which the same becomes: `64 to back-fill`, and where they lie.
fn of_one(one: &Stretches, look: Look) -> String {
    let fate = match one.fate {
        Fate::Rerun => "to run again",
        Fate::Backfill => "to back-fill",
        Fate::Due => "already due",
        Fate::Dropped => "to drop",
        Fate::Held => "to hold",
    };
    let zone = TimeZone::get(&one.timezone).unwrap_or(TimeZone::UTC);
    let runs = counted(one.count, "run", "runs");
    let mut out = format!("    {runs} {fate} ({}):\n", one.timezone);
    for stretch in &one.stretches {
        out.push_str(&look.wrapped(6, 2, &of_stretch(stretch, &zone)));
        out.push('\n');
    }
    if one.more > 0 {
        let rest = if one.stretches.is_empty() {
            "that wait already, or that somebody has asked for"
        } else {
            "more"
        };
        let text = format!("{} {rest}", counted(one.more, "run", "runs"));
        out.push_str(&look.wrapped(6, 2, &text));
        out.push('\n');
    }
    out
}

/// `[2026-01-01, 2026-03-05) 64 runs`; an instance that was triggered is a moment.
fn of_stretch(stretch: &Stretch, zone: &TimeZone) -> String {
    let local = |at: Timestamp| at.to_zoned(zone.clone());
    let (start, end) = (local(stretch.span.start), local(stretch.span.end));
    let runs = counted(stretch.count, "run", "runs");
    if stretch.span.is_moment() {
        return format!("{} {runs}", start.strftime("%Y-%m-%d\u{a0}%H:%M:%S"));
    }
    let days = [&start, &end].map(|it| it.time() == Time::midnight());
    let days = days == [true, true];
    let text = |moment: &Zoned| {
        let format = match (days, moment.second()) {
            (true, _) => "%Y-%m-%d",
            (false, 0) => "%Y-%m-%d\u{a0}%H:%M",
            (false, _) => "%Y-%m-%d\u{a0}%H:%M:%S",
        };
        moment.strftime(format).to_string()
    };
    format!("[{},{TOGETHER}{}) {runs}", text(&start), text(&end))
}
