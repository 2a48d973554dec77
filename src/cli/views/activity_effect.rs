//! What a plan does to the runs of one activity, for people: which intervals, how long they take, and when it is due.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::clock;
use super::paint::Look;
use super::paint::TOGETHER;
use super::paint::counted;
use super::paint::spoken;
use crate::plan::effects::ActivityEffect;
use crate::plan::effects::Later;
use crate::plan::holes::Hole;
use crate::plan::holes::WhyHole;
use crate::time::Interval;

/// The lines below an activity: which intervals, and when it is due.
pub(super) fn facts(effect: &ActivityEffect, look: Look) -> String {
    let zone = TimeZone::get(&effect.timezone).unwrap_or(TimeZone::UTC);
    let name = &effect.timezone;
    let mut out = String::new();
    let mut fact = |label: &str, text: String| {
        let text = look.wrapped(16, 0, &text);
        out.extend([&format!("      {label:<9} "), text.trim_start(), "\n"]);
    };
    let span = |interval: Interval| {
        format!(
            "{} to {} {name}",
            local(interval.start, &zone),
            local(interval.end, &zone)
        )
    };
    if let Some(oldest) = effect.oldest {
        fact("oldest", span(oldest));
    }
    if let Some(newest) = effect
        .newest
        .filter(|newest| Some(*newest) != effect.oldest)
    {
        fact("newest", span(newest));
    }
    if effect.counts.backfill > 0 {
        fact("takes", duration(effect, &zone));
    }
    if effect.excluded > 0 {
        let intervals = counted(effect.excluded, "interval", "intervals");
        fact("excluded", format!("{intervals} by the calendar: no runs"));
    }
    if let (Some(cut), Some(first)) = (effect.cut, effect.first_new) {
        let cut_to = if effect.is_cut {
            ", cut to begin there"
        } else {
            ""
        };
        let old_end = local(cut, &zone);
        let text = format!(
            "old intervals end at {old_end}, the first new one is {}{cut_to}",
            span(first)
        );
        fact("cut", text);
    }
    if effect.rewritten {
        let text = "written differently, with the same intervals and due times from now on";
        fact("schedule", text.to_owned());
    }
    if effect.on_demand {
        let text = "none any more: it runs when it is triggered";
        fact("schedule", text.to_owned());
    }
    for hole in &effect.holes {
        fact("no runs", hole_text(hole, &zone, name));
    }
    due_times(effect, &zone, &mut fact);
    if let Some(later) = &effect.later {
        fact("later", later_text(later, &zone, name));
    }
    out
}

/// How due times go on after those that are shown, where these are the same before and after.
pub(super) fn later_text(later: &Later, zone: &TimeZone, name: &str) -> String {
    let Some(until) = later.same_until else {
        return "the same, too".to_owned();
    };
    let until = local(until, zone);
    // The earlier of the two is missing on the other side.
    let (what, first) = match (later.was_due, later.next_due) {
        (Some(was), None) => ("not due any more", was),
        (Some(was), Some(next)) if was < next => ("not due any more", was),
        (_, Some(next)) => ("due from now on", next),
        (None, None) => return format!("the same until {until} {name}; not compared after that"),
    };
    let first = local(first, zone);
    format!("the same until {until} {name}; {what}: {first}")
}

/// When it was due before the change, and when it is after it.
fn due_times(effect: &ActivityEffect, zone: &TimeZone, fact: &mut dyn FnMut(&str, String)) {
    let name = &effect.timezone;
    for (label, times) in [("was due", &effect.was_due), ("next due", &effect.next_due)] {
        if times.is_empty() {
            continue;
        }
        let list = |zone: &TimeZone| {
            let mut day = String::new();
            let times = times.iter().map(|time| {
                let text = local(*time, zone);
                let (date, clock) = text.split_once(TOGETHER).unwrap_or(("", &text));
                let same_day = date == std::mem::replace(&mut day, date.to_owned());
                if same_day { clock.to_owned() } else { text }
            });
            times.collect::<Vec<String>>().join(", ")
        };
        fact(label, format!("{} {name}", list(zone)));
        if name != "UTC" {
            fact("", format!("{} UTC", list(&TimeZone::UTC)));
        }
    }
    if let [first, .., last] = effect.next_due.as_slice() {
        for (at, seconds) in clock::changes((*first, *last), zone) {
            fact("clock", clock_text((at, seconds), zone));
        }
    }
}

/// What the clock does: `put forward 1 h at 2026-03-29 02:00, to 03:00`. What is due at a time that it leaves out is due that much
/// later, and at a time that comes twice the first time.
fn clock_text((at, seconds): (Timestamp, i64), zone: &TimeZone) -> String {
    let just_before = zone.to_offset(at - SignedDuration::from_nanos(1));
    let before = just_before.to_datetime(at).strftime("%Y-%m-%d\u{a0}%H:%M");
    let after = at.to_zoned(zone.clone()).strftime("%H:%M").to_string();
    format!("put {} at {before}, to {after}", clock::put(seconds))
}

/// How long the back-filled runs of an activity take, and when they are done.
fn duration(effect: &ActivityEffect, zone: &TimeZone) -> String {
    if effect.past.finished == 0 {
        return "no history".to_owned();
    }
    let Some(seconds) = effect.past.takes else {
        return "no history: none of the last runs says it".to_owned();
    };
    let mut text = takes(effect, seconds);
    if let Some(done_by) = effect.past.done_by {
        let at = local(done_by, zone);
        text.extend(["; begun now, done by about ", &at, " ", &effect.timezone]);
    }
    text
}

/// How long the back-filled runs of an activity take.
pub(super) fn takes(effect: &ActivityEffect, seconds: f64) -> String {
    let duration =
        |seconds: f64| spoken(SignedDuration::try_from_secs_f64(seconds).unwrap_or_default());
    let at_once = match effect.past.at_once {
        u32::MAX => "all at once".to_owned(),
        1 => "one after the other".to_owned(),
        number => format!("{number} at once"),
    };
    format!(
        "about {} each, as the last did: {} for all, {at_once}",
        duration(seconds),
        duration(effect.lasts(seconds))
    )
}

/// What has no runs, and why.
fn hole_text(hole: &Hole, zone: &TimeZone, name: &str) -> String {
    let from = local(hole.from, zone);
    let to = match hole.to {
        Some(to) => format!("to {} {name}", local(to, zone)),
        None => format!("{name} on"),
    };
    let why = match hole.why {
        WhyHole::BeforeOldSchedule => "before the old schedule began, and what is over stays",
        WhyHole::BetweenSchedules => "after the old intervals and before the new ones",
        WhyHole::Excluded => "excluded by the calendar",
        WhyHole::AfterLast => "after the last interval",
    };
    let intervals = hole.intervals.map(|number| {
        let intervals = counted(number, "interval", "intervals");
        format!("{intervals} ")
    });
    format!("{from} {to}: {}{why}", intervals.unwrap_or_default())
}

/// `2026-11-24 00:00`, with seconds only if there are any.
fn local(time: Timestamp, zone: &TimeZone) -> String {
    let zoned = time.to_zoned(zone.clone());
    if zoned.second() == 0 {
        zoned.strftime("%Y-%m-%d\u{a0}%H:%M").to_string()
    } else {
        zoned.strftime("%Y-%m-%d\u{a0}%H:%M:%S").to_string()
    }
}
