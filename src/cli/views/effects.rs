//! What a plan does to the runs, for people: counts first.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::activity_effect::facts;
use super::paint::Look;
use super::paint::counted;
use super::siblings::Likeness;
use super::siblings::Siblings;
use super::siblings::pattern;
use super::siblings::together;
use super::status::interval_text;
use super::status::moment;
use super::totals::phrases;
use crate::plan::Held;
use crate::plan::effects::Activation;
use crate::plan::effects::ActivityEffect;
use crate::plan::effects::Effects;
use crate::plan::effects::PipelineEffect;

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
