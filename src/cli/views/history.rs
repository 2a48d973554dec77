//! Instances, their attempts and the actions that were taken for them, as a table.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::status::interval_text;
use super::status::moment;
use crate::engine::Attempt;
use crate::engine::Instance;
use crate::objects::Kind;
use crate::runtime::SerialDefinition;
use crate::store::ActionRun;
use crate::store::Applied;
use crate::store::Record;

/// An instance, and what is shown with it.
pub(crate) struct Row {
    pub(crate) instance: Instance,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) actions: Vec<ActionRun>,
}

/// What operators have asked for, for people.
pub(crate) fn records(records: &[Record]) -> String {
    if records.is_empty() {
        return "No operations.\n".to_owned();
    }
    let mut table = vec![["AT", "WHO", "OPERATION", "WHAT", "ASKED", "DONE"].map(str::to_owned)];
    table.extend(records.iter().map(|record| {
        [
            moment(record.at, &TimeZone::UTC),
            record.who.clone(),
            record.operation.clone(),
            record.what.clone(),
            record.asked.to_string(),
            record
                .changed
                .map_or("not yet".to_owned(), |it| it.to_string()),
        ]
    }));
    aligned(&table).concat()
}

/// The same for machines: one a line.
pub(crate) fn records_json(records: &[Record]) -> String {
    let line = |record: &Record| {
        let line = json!({
            "at": record.at,
            "who": record.who,
            "operation": record.operation,
            "what": record.what,
            "asked": record.asked,
            "changed": record.changed,
        });
        format!("{line}\n")
    };
    records.iter().map(line).collect()
}

/// How much of a digest is shown to people.
const DIGEST: usize = 12;

/// The applies, for people.
pub(crate) fn applies(applies: &[Applied]) -> String {
    if applies.is_empty() {
        return "Nothing has been applied.\n".to_owned();
    }
    let titles = [
        "SERIAL",
        "AT",
        "WHO",
        "OPERATION",
        "ADDED",
        "CHANGED",
        "DESTROYED",
        "FORGOTTEN",
        "PLAN",
    ];
    let mut table = vec![titles.map(str::to_owned)];
    table.extend(applies.iter().map(|apply| {
        let digest = apply.plan_hash.as_deref().unwrap_or_default();
        [
            apply.serial.to_string(),
            moment(apply.at, &TimeZone::UTC),
            apply.who.clone(),
            apply.operation.clone(),
            apply.added.to_string(),
            apply.changed.to_string(),
            apply.destroyed.to_string(),
            apply.forgotten.to_string(),
            digest.chars().take(DIGEST).collect(),
        ]
    }));
    aligned(&table).concat()
}

/// The same for machines: one a line.
pub(crate) fn applies_json(applies: &[Applied]) -> String {
    let lines = applies.iter().filter_map(|apply| {
        let line = serde_json::to_string(apply).ok()?;
        Some(line + "\n")
    });
    lines.collect()
}

/// For people. `is_run`: whether there is a runner; without one no activity is under way any more.
pub(crate) fn human(rows: &[Row], definition: &SerialDefinition, is_run: bool) -> String {
    if rows.is_empty() {
        return "No instances.\n".to_owned();
    }
    let mut table =
        vec![["OBJECT", "INTERVAL", "STATUS", "ATTEMPTS", "ENDED", "TOOK"].map(str::to_owned)];
    let mut below: Vec<Vec<String>> = vec![Vec::new()];
    for row in rows {
        let Row {
            instance,
            attempts,
            actions,
        } = row;
        let timezone = definition
            .timetable
            .timezone_of(&instance.key.object, instance.key.interval);
        table.push([
            instance.key.object.to_string(),
            interval_text(instance.key.interval, &timezone),
            instance.status.to_string(),
            instance.attempts.to_string(),
            instance
                .ended_at
                .map(|at| moment(at, &timezone))
                .unwrap_or_default(),
            took(instance.started_at, instance.ended_at),
        ]);
        let mut lines = Vec::new();
        // A cluster goes on without its runner.
        let goes_on = is_run || instance.key.object.kind() == Kind::Resource.as_str();
        for attempt in attempts {
            lines.push(attempt_line(attempt, &timezone, goes_on));
        }
        if attempts.is_empty()
            && let Some(reason) = &instance.reason
            && instance.status.is_unsuccessful()
        {
            lines.push(format!("  {}", reason.replace('\n', "\n  ")));
        }
        let actions = actions.iter();
        lines.extend(actions.map(|run| format!("  {}", action_line(run, &timezone))));
        below.push(lines);
    }
    let mut out = String::new();
    for (row, lines) in aligned(&table).iter().zip(&below) {
        out.push_str(row);
        for line in lines {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// `attempt 2: FAILED, 1.2s: it exited with 1`.
fn attempt_line(attempt: &Attempt, timezone: &TimeZone, goes_on: bool) -> String {
    let (number, status) = (attempt.number, attempt.status);
    let how_long = match attempt.ended_at {
        Some(_) => took(Some(attempt.started_at), attempt.ended_at),
        None if goes_on => format!("since {}", moment(attempt.started_at, timezone)),
        None => "but its runner has ended".to_owned(),
    };
    let error = attempt.error.as_ref();
    let error = error.map(|error| format!(": {}", error.replace('\n', "\n    ")));
    let error = error.unwrap_or_default();
    format!("  attempt {number}: {status}, {how_long}{error}")
}

/// `action.page 2026-11-01T08:00Z: failed: it exited with 1`.
pub(crate) fn action_line(run: &ActionRun, timezone: &TimeZone) -> String {
    let (action, at) = (&run.action, moment(run.ended_at, timezone));
    match &run.error {
        None if run.owed => format!("{action} {at}: still to be taken"),
        None => format!("{action} {at}: done"),
        Some(error) => format!("{action} {at}: failed: {}", error.replace('\n', "\n    ")),
    }
}

/// For machines.
pub(crate) fn action_json(run: &ActionRun) -> serde_json::Value {
    json!({
        "address": run.action,
        "ended_at": (!run.owed).then_some(run.ended_at),
        "error": run.error,
        "owed": run.owed,
    })
}

/// The rows of a table as lines, with columns below each other.
fn aligned<const N: usize>(table: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    table.iter().map(line).collect()
}

/// For machines: one instance a line.
pub(crate) fn json(rows: &[Row]) -> String {
    let mut lines = String::new();
    for row in rows {
        let instance = &row.instance;
        let attempts: Vec<_> = row.attempts.iter().map(attempt_json).collect();
        let actions: Vec<_> = row.actions.iter().map(action_json).collect();
        let line = json!({
            "address": instance.key.object,
            "scheduled_start": instance.key.interval.start,
            "scheduled_end": instance.key.interval.end,
            "status": instance.status.as_str(),
            "origin": instance.origin.as_str(),
            "late": instance.late,
            "started_at": instance.started_at,
            "ended_at": instance.ended_at,
            "reason": instance.reason,
            "definition": instance.definition,
            "attempts": attempts,
            "actions": actions,
        });
        lines.extend([&line.to_string(), "\n"]);
    }
    lines
}

/// An attempt, for machines.
pub(super) fn attempt_json(attempt: &Attempt) -> serde_json::Value {
    json!({
        "number": attempt.number,
        "status": attempt.status.as_str(),
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "error": attempt.error,
    })
}

/// How long something took: `35ms`, `1.2s`, `3m 4s`; empty while it goes on.
pub(crate) fn took(started: Option<Timestamp>, ended: Option<Timestamp>) -> String {
    let Some((started, ended)) = started.zip(ended) else {
        return String::new();
    };
    let passed = ended.duration_since(started);
    match passed.as_secs() {
        0 => format!("{}ms", passed.as_millis()),
        1..60 => format!("{:.1}s", passed.as_secs_f64()),
        seconds @ 60..3600 => format!("{}m {}s", seconds / 60, seconds % 60),
        seconds => format!("{}h {}m", seconds / 3600, seconds % 3600 / 60),
    }
}
