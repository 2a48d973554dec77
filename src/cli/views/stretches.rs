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
    let zone = TimeZone::get(&one.timezone).unwrap_or(TimeZone::UTC);
    let mut out = format!("    {} ({}):\n", fate(one), one.timezone);
    for stretch in &one.stretches {
        out.push_str(&look.wrapped(6, 2, &of_stretch(stretch, &zone)));
        out.push('\n');
    }
    if let Some(rest) = rest(one) {
        out.push_str(&look.wrapped(6, 2, &rest));
        out.push('\n');
    }
    out
}

/// How many there are, and what becomes of them: `64 runs to back-fill`.
pub(super) fn fate(one: &Stretches) -> String {
    let fate = match one.fate {
        Fate::Rerun => "to run again",
        Fate::Backfill => "to back-fill",
        Fate::Due => "already due",
        Fate::Dropped => "to drop",
        Fate::Held => "to hold",
    };
    format!("{} {fate}", counted(one.count, "run", "runs"))
}

/// How many of them lie in none of the stretches, if any.
pub(super) fn rest(one: &Stretches) -> Option<String> {
    let (run, runs) = if one.stretches.is_empty() {
        (
            "run that waits already, or that somebody has asked for",
            "runs that wait already, or that somebody has asked for",
        )
    } else {
        ("run more", "runs more")
    };
    (one.more > 0).then(|| counted(one.more, run, runs))
}

/// `[2026-01-01, 2026-03-05) 64 runs`.
fn of_stretch(stretch: &Stretch, zone: &TimeZone) -> String {
    let runs = counted(stretch.count, "run", "runs");
    format!("{} {runs}", span(stretch, zone))
}

/// `[2026-01-01, 2026-03-05)`, with [`TOGETHER`] in the place of spaces; an instance that was triggered is a moment.
pub(super) fn span(stretch: &Stretch, zone: &TimeZone) -> String {
    let local = |at: Timestamp| at.to_zoned(zone.clone());
    let (start, end) = (local(stretch.span.start), local(stretch.span.end));
    if stretch.span.is_moment() {
        return start.strftime("%Y-%m-%d\u{a0}%H:%M:%S").to_string();
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
    format!("[{},{TOGETHER}{})", text(&start), text(&end))
}
