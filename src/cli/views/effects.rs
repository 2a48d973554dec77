//! What a plan does to the runs, for people: counts first.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::clock;
use super::paint::Look;
use super::paint::TOGETHER;
use super::paint::counted;
use super::paint::spoken;
use super::siblings::Likeness;
use super::siblings::Siblings;
use super::siblings::pattern;
use super::siblings::together;
use super::status::interval_text;
use super::status::moment;
use crate::plan::Held;
use crate::plan::effects::Activation;
use crate::plan::effects::ActivityEffect;
use crate::plan::effects::Effects;
use crate::plan::effects::Hole;
use crate::plan::effects::Later;
use crate::plan::effects::PipelineEffect;
use crate::plan::effects::Totals;
use crate::plan::effects::WhyHole;
use crate::plan::impact::Consumer;
use crate::plan::impact::History;
use crate::time::Interval;

/// The section about runs; empty when there is nothing to say.
pub(crate) fn effects(effects: &Effects, look: Look) -> String {
    if effects.pipelines.is_empty() {
        return String::new();
    }
    let mut out = format!("{}\n", look.bold("Effects on runs:"));
    let told = effects
        .pipelines
        .iter()
        .filter(|pipeline| !is_quiet(pipeline));
    let texts = told.map(|pipeline| (pipeline.pipeline.clone(), pipeline_effect(pipeline, look)));
    let groups = together(texts, Likeness::Address);
    let divided = divided(&groups);
    for group in &groups {
        out.push('\n');
        let [first, ..] = group.addresses.as_slice() else {
            continue;
        };
        if group.addresses.len() == 1 {
            out.push_str(&group.text);
        } else {
            let pattern = pattern(first);
            let name = format!("{} ({}, each)", group.pattern(), group.addresses.len());
            let name = look.bold(&name);
            let first = look.bold(first.as_str());
            let mut text = group.text.replacen(&first, &name, 1);
            if divided.contains(&pattern)
                && let Some(end) = text.find('\n')
            {
                let members = look.wrapped(4, 2, &format!("of {}", group.members()));
                text.insert_str(end + 1, &format!("{members}\n"));
            }
            out.push_str(&text);
        }
    }
    let quiet = effects.pipelines.iter().flat_map(|pipeline| {
        let activities = pipeline.activities.iter();
        activities.filter(|activity| is_same(activity))
    });
    let (activities, runs) = quiet.fold((0, 0), |(activities, runs), activity| {
        (activities + 1, runs + activity.counts.due)
    });
    if runs > 0 {
        let are = if runs == 1 { "is" } else { "are" };
        let text = format!(
            "{} of {} {are} due with and without this plan.",
            counted(runs, "run", "runs"),
            counted(activities, "activity", "activities")
        );
        out.push('\n');
        out.push_str(&look.wrapped(2, 2, &text));
        out.push('\n');
    }
    out
}

/// Whether a plan changes nothing about an activity, and starts nothing of it.
pub(super) fn is_same(activity: &ActivityEffect) -> bool {
    !activity.affected && activity.counts.backfill == 0
}

pub(super) fn is_quiet(pipeline: &PipelineEffect) -> bool {
    pipeline.activation == Activation::Unchanged && pipeline.activities.iter().all(is_same)
}

/// What runs again what has finished of an activity, as it is typed into a shell: keys have quotes, and brackets.
pub(super) fn again_by(past: &History) -> String {
    let address = past.address.as_str();
    let is_plain = !address.contains('[');
    if past.later {
        let runs = in_quotes(&format!("{address}@.."));
        format!("pipeform rerun {runs} after the apply")
    } else if is_plain {
        format!("--rerun={address}")
    } else {
        in_quotes(&format!("--rerun={address}"))
    }
}

/// A text as a shell takes it for one word, whatever is in it.
pub(super) fn in_quotes(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The same of several.
fn again_by_each(past: &History) -> &'static str {
    if past.later {
        "pipeform rerun of each after the apply"
    } else {
        "--rerun of each"
    }
}

/// What has finished of what does something else from now on; empty when nothing has.
pub(crate) fn history(effects: &Effects, look: Look) -> String {
    let again: Vec<_> = effects.reruns.iter().map(|rerun| &rerun.address).collect();
    let history = effects.history.iter();
    let texts = history
        .filter(|past| !again.contains(&&past.address))
        .map(|past| {
            let runs = counted(past.finished, "run", "runs");
            let stay = if past.finished == 1 { "stays" } else { "stay" };
            let text = format!(
                "{runs} of {address} {stay} as before; {again} runs {all} again",
                address = past.address,
                again = again_by(past),
                all = if past.finished == 1 { "it" } else { "all" },
            );
            (past.address.clone(), text)
        });
    let mut out = String::new();
    for group in together(texts, Likeness::Address) {
        let mut text = group.text.clone();
        if let [first, _, ..] = group.addresses.as_slice() {
            let past = effects.history.iter().find(|past| past.address == *first);
            if let Some(past) = past {
                text = text.replace(&again_by(past), again_by_each(past));
            }
            text = text.replace(first.as_str(), &group.pattern());
            text = format!("{} each: {text}", counted_objects(&group));
        }
        out.push_str(&look.wrapped(2, 2, &text));
        out.push('\n');
    }
    if out.is_empty() {
        return out;
    }
    format!("{}\n{out}", look.bold("What has run:"))
}

fn counted_objects(group: &Siblings) -> String {
    let number = u64::try_from(group.addresses.len()).unwrap_or(u64::MAX);
    counted(number, "activity", "activities")
}

/// How many consumers are named.
const NAMED: usize = 10;

/// Who uses what changes, and who did so until now; empty when nobody does.
pub(crate) fn consumers(effects: &Effects, look: Look) -> String {
    let consumers = effects.consumers.iter();
    let (former, staying): (Vec<&Consumer>, Vec<&Consumer>) =
        consumers.partition(|consumer| consumer.until_now);
    let titles = [
        "Downstream, unchanged, on what is written from now on:",
        "Downstream until now, unchanged, and no longer waiting for what changes:",
    ];
    let lists = titles.into_iter().zip([staying, former]);
    let lists = lists.filter(|(_, consumers)| !consumers.is_empty());
    let lists = lists.map(|(title, consumers)| listed(title, &consumers, look));
    lists.collect::<Vec<String>>().join("\n")
}

fn listed(title: &str, consumers: &[&Consumer], look: Look) -> String {
    let mut out = format!("{}\n", look.bold(title));
    for consumer in consumers.iter().take(NAMED) {
        let mut text = consumer.address.to_string();
        if consumer.finished > 0 {
            let runs = counted(consumer.finished, "run", "runs");
            text.extend([": ", &runs, " on what was written before"]);
        }
        out.push_str(&look.wrapped(2, 2, &text));
        out.push('\n');
    }
    let more = consumers.len().saturating_sub(NAMED);
    if more > 0 {
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        out.extend([
            "  and ",
            &counted(more, "activity", "activities"),
            " more\n",
        ]);
    }
    out
}

/// What runs again; empty when nothing does.
pub(crate) fn reruns(effects: &Effects, look: Look) -> String {
    if effects.reruns.is_empty() {
        return String::new();
    }
    let mut out = format!("{}\n", look.bold("Runs that run again:"));
    for rerun in &effects.reruns {
        let [oldest, newest] =
            [rerun.oldest, rerun.newest].map(|it| interval_text(it, &rerun.timezone));
        let which = if rerun.count == 1 {
            oldest
        } else {
            format!("{oldest} to {newest}")
        };
        let runs = counted(rerun.count, "run", "runs");
        let text = format!("{}: {runs}, {which}", rerun.address);
        out.push_str(&look.wrapped(2, 2, &text));
        out.push('\n');
    }
    out
}

/// What operators hold, and what becomes of that; empty when they hold nothing.
pub(crate) fn held(held: &[Held], look: Look) -> String {
    if held.is_empty() {
        return String::new();
    }
    let mut out = format!("{}\n", look.bold("Paused by operators:"));
    for held in held {
        let fate = if held.lifted {
            "the configuration sets `active`, so that an apply ends this"
        } else {
            "this stays until `pipeform resume`"
        };
        let text = format!(
            "{} by {} since {}: {fate}",
            held.address,
            held.paused.who,
            moment(held.paused.since, &TimeZone::UTC)
        );
        out.push_str(&look.wrapped(2, 2, &text));
        out.push('\n');
    }
    out
}

/// The runs that are due although nothing changes; empty when there are none.
pub(crate) fn due(effects: &Effects, look: Look) -> String {
    if effects.totals.due == 0 {
        return String::new();
    }
    let are = if effects.totals.due == 1 { "is" } else { "are" };
    let mut out = format!(
        "{} {are} due:\n",
        counted(effects.totals.due, "run", "runs")
    );
    for activity in effects
        .pipelines
        .iter()
        .flat_map(|pipeline| &pipeline.activities)
    {
        if activity.counts.due > 0 {
            let runs = counted(activity.counts.due, "run", "runs");
            out.extend(["  ", activity.address.as_str(), ": ", &runs]);
            match activity.counts.passed_over {
                0 => {}
                1 => out.push_str(", and `catch_up` passes over 1"),
                number => {
                    out.extend([", and `catch_up` passes over ", &number.to_string()]);
                }
            }
            out.push('\n');
        }
    }
    if look.hints {
        out.push_str(&look.wrapped(0, 0, "`pipeform run` starts them."));
        out.push('\n');
    }
    out
}

/// One sentence about the runs: `342 runs to back-fill, 1 in flight keeps its old definition.`
pub(crate) fn sentence(totals: &Totals) -> String {
    let parts = phrases(totals);
    if parts.is_empty() {
        "No runs to back-fill.".to_owned()
    } else {
        format!("{}.", parts.join(", "))
    }
}

/// Each count that is not zero, in words.
pub(super) fn phrases(totals: &Totals) -> Vec<String> {
    let runs = |number| counted(number, "run", "runs");
    let mut parts = Vec::new();
    let mut say = |number: u64, text: String| {
        if number > 0 {
            parts.push(text);
        }
    };
    say(totals.rerun, format!("{} to run again", runs(totals.rerun)));
    say(
        totals.backfill,
        format!("{} to back-fill", runs(totals.backfill)),
    );
    say(totals.due, format!("{} already due", runs(totals.due)));
    say(totals.dropped, format!("{} to drop", runs(totals.dropped)));
    say(
        totals.canceled,
        format!("{} to cancel", runs(totals.canceled)),
    );
    say(totals.held, format!("{} to hold", runs(totals.held)));
    let keep = if totals.in_flight == 1 {
        "keeps its old definition"
    } else {
        "keep their old definition"
    };
    say(
        totals.in_flight,
        format!("{} in flight {keep}", totals.in_flight),
    );
    say(
        totals.stopped,
        format!("{} in flight to cancel", totals.stopped),
    );
    say(
        totals.restarted,
        format!("{} in flight to start again", totals.restarted),
    );
    parts
}

/// The siblings, as a pattern, of which some have other effects than others, so that it must be said which these are.
fn divided(groups: &[Siblings]) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let patterns = groups.iter().filter_map(|group| group.addresses.first());
    let again = patterns.map(pattern).filter(|it| !seen.insert(it.clone()));
    again.collect()
}

fn pipeline_effect(effect: &PipelineEffect, look: Look) -> String {
    let address = effect.pipeline.as_str();
    let mut line = address.to_owned();
    line.push_str(match effect.activation {
        Activation::Activated => " will be activated",
        Activation::Deactivated => " will be deactivated",
        Activation::Unchanged => "",
    });
    let counts = phrases(&effect.totals);
    if !counts.is_empty() {
        line.push_str(": ");
        line.push_str(&counts.join(", "));
    }
    let mut out = look
        .wrapped(2, 2, &line)
        .replacen(address, &look.bold(address), 1);
    out.push('\n');
    for (names, facts) in alike(effect, look) {
        out.push_str(&look.wrapped(4, 2, &names));
        out.push('\n');
        out.push_str(&facts);
    }
    out
}

/// The activities of a pipeline, those with the same facts together.
fn alike(effect: &PipelineEffect, look: Look) -> Vec<(String, String)> {
    let mut groups: Vec<(Vec<&str>, String, String)> = Vec::new();
    for activity in effect
        .activities
        .iter()
        .filter(|activity| !is_same(activity))
    {
        let name = activity
            .address
            .as_str()
            .strip_prefix(effect.pipeline.as_str())
            .and_then(|rest| rest.strip_prefix('.'))
            .unwrap_or(activity.address.as_str());
        let (counts, facts) = (phrases(&activity.counts).join(", "), facts(activity, look));
        let goes_alone = activity.activation != effect.activation;
        let counts = if counts.is_empty() && facts.is_empty() && goes_alone {
            in_a_word(activity.activation).to_owned()
        } else {
            counts
        };
        match groups
            .iter_mut()
            .find(|group| group.1 == counts && group.2 == facts)
        {
            Some(group) => group.0.push(name),
            None => groups.push((vec![name], counts, facts)),
        }
    }
    groups
        .into_iter()
        .map(|(names, counts, facts)| {
            let has_number = counts.contains(char::is_numeric);
            let each = if names.len() > 1 && has_number {
                " each"
            } else {
                ""
            };
            let colon = if counts.is_empty() { "" } else { ": " };
            (format!("{}{colon}{counts}{each}", names.join(", ")), facts)
        })
        .collect()
}

/// What is said of an activity that begins or ends while its pipeline stays, and of which there is nothing else to say.
fn in_a_word(activation: Activation) -> &'static str {
    match activation {
        Activation::Activated => "activated",
        Activation::Deactivated => "deactivated",
        Activation::Unchanged => "",
    }
}

/// The lines below an activity: which intervals, and when it is due.
fn facts(effect: &ActivityEffect, look: Look) -> String {
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
