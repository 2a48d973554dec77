//! What a rehearsal came to, as a timetable.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use jiff::tz::TimeZone;
use serde_json::Value as Json;
use serde_json::json;

use super::history::attempt_json;
use super::history::took;
use super::literal;
use super::paint::counted;
use super::status::interval_text;
use super::status::moment;
use super::waiting::Namer;
use super::waiting::ZoneOf;
use crate::engine::Status;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::Kind;
use crate::rehearsal::Run;
use crate::rehearsal::Story;
use crate::runtime::Holds;

/// So many bytes of lines are printed at once.
const PART: usize = 1 << 16;

/// The instances that people see: those of activities, and data nodes that came to no good end.
fn shown<'s>(story: &'s Story, wanted: &dyn Fn(&Address) -> bool) -> Vec<&'s Run> {
    in_order(story, &|run| {
        let key = &run.instance.key;
        let activity = key.object.kind() == Kind::Activity.as_str();
        wanted(&key.object) && (activity || run.instance.status.is_unsuccessful())
    })
}

/// Instances in the order of their start.
fn in_order<'s>(story: &'s Story, wanted: &dyn Fn(&Run) -> bool) -> Vec<&'s Run> {
    let runs = story.runs.values().map(|run| &**run);
    let mut runs: Vec<&Run> = runs.filter(|run| wanted(run)).collect();
    runs.sort_by_key(|run| {
        let start = run.instance.started_at;
        (start.unwrap_or(run.due), run.due, &run.instance.key)
    });
    runs
}

/// For people.
pub(crate) fn human(
    story: &Story,
    zone: ZoneOf<'_>,
    holds: Holds<'_>,
    wanted: &dyn Fn(&Address) -> bool,
) -> String {
    let runs = shown(story, wanted);
    if runs.is_empty() {
        return "Nothing is due in this time.\n".to_owned();
    }
    let mut out = table(&runs, zone, &Namer::rehearsed(zone, holds));
    out.push('\n');
    out.push_str(&closing(&runs));
    if let Some(at) = story.given_up {
        let at = moment(at, &TimeZone::UTC);
        out.extend(["Given up at ", &at, ": too much happens.\n"]);
    }
    out
}

/// The cells of a line.
fn cells(run: &Run, zone: ZoneOf<'_>) -> [String; 6] {
    let instance = &run.instance;
    let own = zone(&instance.key.object);
    let at = |at| moment(at, &own);
    let name = interval_text(instance.key.interval, &own);
    [
        at(run.due),
        instance.started_at.map(at).unwrap_or_default(),
        instance.ended_at.map(at).unwrap_or_default(),
        took(instance.started_at, instance.ended_at),
        instance.status.to_string(),
        format!("{} {name}", instance.key.object),
    ]
}

/// What there is to say of an instance besides.
fn notes(run: &Run, zone: ZoneOf<'_>, namer: &Namer<'_>) -> Vec<String> {
    let owner = &run.instance.key.object;
    let own = zone(owner);
    let mut notes: Vec<String> = run
        .attempts
        .iter()
        .filter(|attempt| !matches!(attempt.status, Status::Finished | Status::Running))
        .map(|attempt| {
            let error = attempt.error.as_deref().unwrap_or_default();
            let ended = attempt.ended_at.map(|at| moment(at, &own));
            let ended = ended.map(|at| format!(" at {at}")).unwrap_or_default();
            let number = attempt.number;
            format!("attempt {number}: {}{ended}: {error}", attempt.status)
        })
        .collect();
    if let Some((at, reason)) = &run.late {
        notes.push(format!("late at {}: {reason}", moment(*at, &own)));
    }
    notes.extend(
        run.waits
            .iter()
            .map(|wait| format!("waits for {}", namer.text(wait, owner))),
    );
    notes
}

/// All lines in columns. Cells are made twice, once to see how wide they are: to keep those of half a million lines would take more
/// than all else.
fn table(runs: &[&Run], zone: ZoneOf<'_>, namer: &Namer<'_>) -> String {
    let head = ["DUE", "STARTED", "ENDED", "TOOK", "STATUS", "INSTANCE"].map(str::to_owned);
    let mut widths = [0; 6];
    let mut widen = |cells: &[String; 6]| {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = cell.chars().count().max(*width);
        }
    };
    widen(&head);
    for run in runs {
        widen(&cells(run, zone));
    }
    let longest = widths.iter().sum::<usize>() + 2 * widths.len();
    let mut out = String::with_capacity(longest * (runs.len() + 1));
    add_line(&mut out, &head, &widths);
    for run in runs {
        add_line(&mut out, &cells(run, zone), &widths);
        for note in notes(run, zone, namer) {
            out.extend(["  ", &note, "\n"]);
        }
    }
    out
}

fn add_line(out: &mut String, cells: &[String; 6], widths: &[usize; 6]) {
    let cells: Vec<String> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:width$}"))
        .collect();
    out.extend([cells.join("  ").trim_end(), "\n"]);
}

/// How many came to which end.
fn closing(runs: &[&Run]) -> String {
    let mut counts: BTreeMap<Status, u64> = BTreeMap::new();
    for run in runs {
        *counts.entry(run.instance.status).or_default() += 1;
    }
    let all = counted(runs.len() as u64, "instance", "instances");
    let each: Vec<String> = counts
        .iter()
        .map(|(status, count)| format!("{count} {status}"))
        .collect();
    format!("{all}: {}.\n", each.join(", "))
}

/// For machines: one instance a line. Printed in parts, because the attributes of half a million are much text.
pub(crate) fn json(
    story: &Story,
    holds: Holds<'_>,
    wanted: &dyn Fn(&Address) -> bool,
    attributes: &dyn Fn(&Run) -> Option<Value>,
    print: &mut dyn FnMut(&str),
) {
    let mut lines = String::new();
    let namer = Namer::rehearsed(&|_| TimeZone::UTC, holds);
    for run in in_order(story, &|run| wanted(&run.instance.key.object)) {
        let instance = &run.instance;
        let attempts: Vec<_> = run.attempts.iter().map(attempt_json).collect();
        let waits: Vec<String> = run
            .waits
            .iter()
            .map(|wait| namer.text(wait, &instance.key.object))
            .collect();
        let line = json!({
            "address": instance.key.object,
            "scheduled_start": instance.key.interval.start,
            "scheduled_end": instance.key.interval.end,
            "due": run.due,
            "status": instance.status.as_str(),
            "started_at": instance.started_at,
            "ended_at": instance.ended_at,
            "late_at": run.late.as_ref().map(|(at, _)| at),
            "attempts": attempts,
            "waiting_on": waits,
            "attributes": attributes(run).map(|value| Json::from_str(&literal::json(&value)).unwrap_or_default()),
        });
        lines.extend([&line.to_string(), "\n"]);
        if lines.len() >= PART {
            print(&lines);
            lines.clear();
        }
    }
    print(&lines);
}
