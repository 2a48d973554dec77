//! The rows of a comment: what is the same of siblings of one `for_each` or `count` stands in one, as in a plan for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::TIMES;
use super::escape::code;
use super::escape::prose;
use crate::cli::views::activity_effect;
use crate::cli::views::clusters;
use crate::cli::views::effects;
use crate::cli::views::impact;
use crate::cli::views::paint::TOGETHER;
use crate::cli::views::paint::counted;
use crate::cli::views::siblings::Likeness;
use crate::cli::views::siblings::Siblings;
use crate::cli::views::siblings::pattern;
use crate::cli::views::siblings::together;
use crate::cli::views::status::interval_text;
use crate::cli::views::status::moment;
use crate::cli::views::stretches;
use crate::cli::views::totals;
use crate::cli::views::what_waits;
use crate::objects::Address;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::ChangeKind;
use crate::plan::Effects;
use crate::plan::effects::Activation;
use crate::plan::effects::ActivityEffect;
use crate::plan::effects::PipelineEffect;
use crate::plan::stretches::Stretches;
use crate::time::Interval;

/// Between the columns of a row that is not yet written.
const COLUMN: char = '\u{1f}';

/// Objects that change, what is destroyed first: where there is no room for all, that has to be seen.
pub(super) fn changes(changes: &[Change]) -> Vec<String> {
    let mut sorted: Vec<&Change> = changes.iter().collect();
    sorted.sort_by_key(|change| match change.action {
        Action::Delete => 0,
        Action::Forget => 1,
        Action::Update => 2,
        Action::NoOp => 3,
        Action::Create => 4,
    });
    let texts = sorted.into_iter().map(|change| {
        let attributes: Vec<String> = match change.action {
            Action::Update => change.attributes.iter().map(|it| code(&it.name)).collect(),
            _ => Vec::new(),
        };
        let why = change.reason.as_ref().map(ToString::to_string);
        let from = change.moved_from.as_ref().map(Address::to_string);
        let columns = [
            action_word(change).to_owned(),
            kind_word(change).to_owned(),
            attributes.join(", "),
            why.unwrap_or_default(),
            from.unwrap_or_default(),
        ];
        (change.address.clone(), columns.join(&COLUMN.to_string()))
    });
    let groups = together(texts, Likeness::Keys);
    groups.iter().map(change).collect()
}

/// A row of siblings that change alike.
fn change(group: &Siblings) -> String {
    let text = without_keys(group);
    let mut columns = text.split(COLUMN);
    let [action, kind, attributes, why, from] =
        [(); 5].map(|()| columns.next().unwrap_or_default());
    let from = (!from.is_empty()).then(|| format!("moved from {}", code(from)));
    let why = (!why.is_empty()).then(|| prose(why));
    let why: Vec<String> = why.into_iter().chain(from).collect();
    format!(
        "| {action} | {} | {kind} | {attributes} | {} |",
        code(&group.name()),
        why.join("; ")
    )
}

/// The text of the first of several, with `[*]` in the place of its keys.
fn without_keys(group: &Siblings) -> String {
    let [first, _, ..] = group.addresses.as_slice() else {
        return group.text.clone();
    };
    let mut text = group.text.replace(first.as_str(), &pattern(first));
    for (open, _, close) in crate::plan::keys(first.as_str()) {
        let key = first.as_str().get(open..close).unwrap_or_default();
        text = text.replace(key, "[*]");
    }
    text
}

/// Pipelines whose runs change, each with its activities below it, and what is due anyway.
pub(super) fn effects(effects: &Effects) -> Vec<String> {
    let told = effects.pipelines.iter();
    let told = told.filter(|pipeline| !effects::is_quiet(pipeline));
    let texts = told.map(|pipeline| (pipeline.pipeline.clone(), pipeline_rows(pipeline)));
    let mut rows = Vec::new();
    for group in together(texts, Likeness::Address) {
        let mut lines = group.text.lines();
        let name = match group.addresses.as_slice() {
            [first, _, ..] => format!("{} ({}, each)", pattern(first), group.addresses.len()),
            _ => group.name(),
        };
        let first = lines.next().unwrap_or_default();
        rows.push(format!("| **{}** {first}", code(&name)));
        rows.extend(lines.map(str::to_owned));
    }
    let quiet = effects
        .pipelines
        .iter()
        .flat_map(|pipeline| &pipeline.activities);
    let quiet = quiet.filter(|activity| effects::is_same(activity));
    let due: u64 = quiet.map(|activity| activity.counts.due).sum();
    if due > 0 {
        let runs = counted(due, "run", "runs");
        rows.push(format!(
            "| others | {runs} due with and without this plan |  |  |"
        ));
    }
    rows
}

/// The rest of the row of a pipeline, and rows of its activities, those with the same facts together.
fn pipeline_rows(effect: &PipelineEffect) -> String {
    let activated = |activation| match activation {
        Activation::Activated => Some("activated".to_owned()),
        Activation::Deactivated => Some("deactivated".to_owned()),
        Activation::Unchanged => None,
    };
    let row = |activation, counts: String, due: [String; 2]| {
        let counts = Some(counts).filter(|counts| !counts.is_empty());
        let what: Vec<String> = activated(activation).into_iter().chain(counts).collect();
        let [was, next] = due;
        format!("| {} | {was} | {next} |", what.join(": "))
    };
    let counts = totals::phrases(&effect.totals).join(", ");
    let mut text = row(effect.activation, counts, Default::default());
    let mut groups: Vec<(Vec<String>, String)> = Vec::new();
    let told = effect.activities.iter();
    for activity in told.filter(|activity| !effects::is_same(activity)) {
        let address = activity.address.as_str();
        let own = address.strip_prefix(effect.pipeline.as_str());
        let own = own.and_then(|rest| rest.strip_prefix('.'));
        let name = code(own.unwrap_or(address));
        let activation = if activity.activation == effect.activation {
            Activation::Unchanged
        } else {
            activity.activation
        };
        let times = due_times(activity);
        let facts = row(activation, runs(activity), times);
        match groups.iter_mut().find(|group| group.1 == facts) {
            Some(group) => group.0.push(name),
            None => groups.push((vec![name], facts)),
        }
    }
    for (names, facts) in groups {
        let each = if names.len() > 1 { " each" } else { "" };
        text.extend(["\n| ", &names.join(", "), each, " ", &facts]);
    }
    text
}

/// Where runs lie: a row for all of an activity of which the same becomes.
pub(super) fn stretches(found: &[Stretches]) -> Vec<String> {
    let texts = found.iter().map(|one| {
        let zone = TimeZone::get(&one.timezone).unwrap_or(TimeZone::UTC);
        let spans = one.stretches.iter().map(|stretch| {
            let span = stretches::span(stretch, &zone).replace(TOGETHER, " ");
            let runs = counted(stretch.count, "run", "runs");
            format!("{} {runs}", code(&span))
        });
        let lines: Vec<String> = spans.chain(stretches::rest(one)).collect();
        let columns = [
            stretches::fate(one),
            lines.join("<br>"),
            code(&one.timezone),
        ];
        (one.address.clone(), columns.join(" | "))
    });
    let groups = together(texts, Likeness::Address);
    let rows = groups.iter().map(|group| {
        let several = group.addresses.len() > 1;
        let each = if several { " each" } else { "" };
        format!("| {}{each} | {} |", code(&group.name()), group.text)
    });
    rows.collect()
}

/// What waits of what does something else from now on.
pub(super) fn waiting(effects: &Effects) -> Vec<String> {
    let groups = what_waits::groups(effects);
    let lines = groups.iter();
    lines
        .map(|group| format!("- {}{}", code(&group.name()), what_waits::sentence(group)))
        .collect()
}

/// What has finished of what does something else from now on.
pub(super) fn history(effects: &Effects) -> Vec<String> {
    let again: Vec<_> = effects.reruns.iter().map(|rerun| &rerun.address).collect();
    let history = effects.history.iter();
    let texts = history
        .filter(|past| !again.contains(&&past.address))
        .map(|past| (past.address.clone(), counted(past.finished, "run", "runs")));
    let groups = together(texts, Likeness::Address);
    let lines = groups.iter().map(|group| {
        let first = group.addresses.first();
        let past = first.and_then(|first| {
            let mut history = effects.history.iter();
            history.find(|past| past.address == *first)
        });
        let option = match (past, group.addresses.as_slice()) {
            (Some(past), several) if past.later => {
                let which = if several.len() > 1 { "each" } else { "it" };
                format!("{} of {which} after the apply", code("pipeform rerun"))
            }
            (Some(past), [_]) => code(&impact::again_by(past)),
            _ => format!("{} of each", code("--rerun")),
        };
        let each = if group.addresses.len() > 1 {
            " each"
        } else {
            ""
        };
        format!(
            "- {}: {}{each} as before; {option} does that again",
            code(&group.name()),
            group.text
        )
    });
    lines.collect()
}

/// What becomes of clusters.
pub(super) fn clusters(effects: &Effects) -> Vec<String> {
    let rows = effects.clusters.iter().map(|effect| {
        let sentences = clusters::sentences(effect);
        let sentences: Vec<String> = sentences.map(|sentence| prose(&sentence)).collect();
        let lines = clusters::in_lines(effect);
        let lines: Vec<String> = lines.iter().map(|line| prose(line)).collect();
        let columns = [lines.join("<br>"), sentences.join("<br>")];
        (effect.address.clone(), columns.join(&COLUMN.to_string()))
    });
    let groups = together(rows, Likeness::Address);
    let rows = groups.iter().map(|group| {
        let text = without_keys(group);
        let (made_of, fate) = text.split_once(COLUMN).unwrap_or((&text, ""));
        format!("| {} | {made_of} | {fate} |", code(&group.name()))
    });
    rows.collect()
}

/// Who uses what changes.
pub(super) fn consumers(effects: &Effects) -> Vec<String> {
    let texts = effects.consumers.iter().map(|consumer| {
        let before = match consumer.finished {
            0 => None,
            runs => {
                let runs = counted(runs, "run", "runs");
                Some(format!("{runs} on what was written before"))
            }
        };
        let former = consumer.until_now;
        let former = former.then(|| "no longer waiting for what changes".to_owned());
        let facts: Vec<String> = before.into_iter().chain(former).collect();
        (consumer.address.clone(), facts.join("; "))
    });
    let groups = together(texts, Likeness::Address);
    let lines = groups.iter().map(|group| {
        let facts = match group.text.as_str() {
            "" => String::new(),
            facts => format!(": {facts}"),
        };
        format!("- {}{facts}", code(&group.name()))
    });
    lines.collect()
}

fn action_word(change: &Change) -> &'static str {
    match (change.action, &change.moved_from) {
        (Action::Create, _) => "create",
        (Action::Update, _) => "update",
        (Action::Delete, _) => "**destroy**",
        (Action::Forget, _) => "forget",
        (Action::NoOp, Some(_)) => "move",
        (Action::NoOp, None) => "none",
    }
}

fn kind_word(change: &Change) -> &'static str {
    match change.kind() {
        ChangeKind::Metadata => "metadata",
        ChangeKind::Schedule => "schedule",
        ChangeKind::Behaviour => "behaviour",
    }
}

/// The counts of an activity, and which intervals these are.
fn runs(activity: &ActivityEffect) -> String {
    let mut parts = vec![totals::phrases(&activity.counts).join(", ")];
    let zone = TimeZone::get(&activity.timezone).unwrap_or(TimeZone::UTC);
    let text = |interval: Interval| interval_text(interval, &zone);
    match (activity.oldest, activity.newest) {
        (Some(oldest), Some(newest)) if oldest == newest => parts.push(text(oldest)),
        (Some(oldest), Some(newest)) => {
            parts.push(format!("{} to {}", text(oldest), text(newest)));
        }
        _ => {}
    }
    if activity.counts.backfill > 0
        && activity.past.finished > 0
        && let Some(seconds) = activity.past.takes
    {
        let done_by = activity.past.done_by.map(|at| moment(at, &zone));
        let done_by = done_by.map(|at| format!("; begun now, done by about {at}"));
        parts.push(activity_effect::takes(activity, seconds) + &done_by.unwrap_or_default());
    }
    if let (Some(cut), Some(first)) = (activity.cut, activity.first_new) {
        let (end, begin) = (moment(cut, &zone), moment(first.start, &zone));
        parts.push(format!(
            "old intervals end at {end}, new ones begin at {begin}"
        ));
    }
    if let Some(later) = &activity.later {
        let text =
            activity_effect::later_text(later, &zone, &activity.timezone).replace(TOGETHER, " ");
        parts.push(format!("later due times: {text}"));
    }
    if activity.on_demand {
        parts.push("on demand from now on".to_owned());
    }
    parts.retain(|part| !part.is_empty());
    parts.join("<br>")
}

/// When it was due, and when it is: the first of these times, or all of them if only the others differ.
fn due_times(activity: &ActivityEffect) -> [String; 2] {
    let zone = TimeZone::get(&activity.timezone).unwrap_or(TimeZone::UTC);
    let (was, next) = (&activity.was_due, &activity.next_due);
    let first = |times: &[Timestamp]| times.iter().take(TIMES).copied().collect::<Vec<_>>();
    let number = if was != next && first(was) == first(next) {
        usize::MAX
    } else {
        TIMES
    };
    [was, next].map(|times| {
        let times = times.iter().take(number);
        let times: Vec<String> = times.map(|at| moment(*at, &zone)).collect();
        times.join("<br>")
    })
}
