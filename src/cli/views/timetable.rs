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
    let mut runs: Vec<&Run> = story.runs.values().filter(|run| wanted(run)).collect();
    runs.sort_by_key(|run| {
        let start = run.instance.started_at;
        (start.unwrap_or(run.due), run.due, &run.instance.key)
    });
    runs
}

/// For people.
pub(crate) fn human(story: &Story, zone: ZoneOf<'_>, wanted: &dyn Fn(&Address) -> bool) -> String {
    let runs = shown(story, wanted);
    if runs.is_empty() {
        return "Nothing is due in this time.\n".to_owned();
    }
    let mut table =
        vec![["DUE", "STARTED", "ENDED", "TOOK", "STATUS", "INSTANCE"].map(str::to_owned)];
    let mut below: Vec<Vec<String>> = vec![Vec::new()];
    for run in &runs {
        let instance = &run.instance;
        let own = zone(&instance.key.object);
        let at = |at| moment(at, &own);
        let name = interval_text(instance.key.interval, &own);
        table.push([
            at(run.due),
            instance.started_at.map(at).unwrap_or_default(),
            instance.ended_at.map(at).unwrap_or_default(),
            took(instance.started_at, instance.ended_at),
            instance.status.to_string(),
            format!("{} {name}", instance.key.object),
        ]);
        below.push(notes(run, zone));
    }
    let mut out = aligned(&table, &below);
    out.push('\n');
    out.push_str(&closing(&runs));
    if let Some(at) = story.given_up {
        let at = moment(at, &TimeZone::UTC);
        out.extend(["Given up at ", &at, ": too much happens.\n"]);
    }
    out
}

/// What there is to say of an instance besides.
fn notes(run: &Run, zone: ZoneOf<'_>) -> Vec<String> {
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
    let namer = Namer::rehearsed(zone);
    notes.extend(
        run.waits
            .iter()
            .map(|wait| format!("waits for {}", namer.text(wait, owner))),
    );
    notes
}

fn aligned(table: &[[String; 6]], below: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..6).map(width).collect();
    let mut out = String::new();
    for (row, notes) in table.iter().zip(below) {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        out.extend([cells.join("  ").trim_end(), "\n"]);
        for note in notes {
            out.extend(["  ", note, "\n"]);
        }
    }
    out
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

/// For machines: one instance a line.
pub(crate) fn json(
    story: &Story,
    wanted: &dyn Fn(&Address) -> bool,
    attributes: &dyn Fn(&Run) -> Option<Value>,
) -> String {
    let mut lines = String::new();
    for run in in_order(story, &|run| wanted(&run.instance.key.object)) {
        let instance = &run.instance;
        let attempts: Vec<_> = run.attempts.iter().map(attempt_json).collect();
        let namer = Namer::rehearsed(&|_| TimeZone::UTC);
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
    }
    lines
}
