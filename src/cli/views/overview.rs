//! How a state stands that has too many activities to list them all.

use jiff::tz::TimeZone;

use super::Look;
use super::paint::counted;
use super::paint::grouped;
use super::status::moment;
use crate::engine::Status;
use crate::store::Numbers;
use crate::store::Overview;

/// How many pipelines are shown in which something has not finished.
const PIPELINES: usize = 20;

/// Where more is found.
const MORE: &str = "`pipeform status ADDRESS` shows what is in a pipeline and what that waits for, `pipeform status --json` lists everything.";

/// The whole of it, for people. Times are UTC: pipelines have zones of their own.
pub(crate) fn human(overview: &Overview, look: Look) -> String {
    let size = format!(
        "{} in {}",
        counted(overview.activities, "activity", "activities"),
        counted(overview.pipelines, "pipeline", "pipelines"),
    );
    let mut lines = vec![format!(
        "{}: {}",
        look.bold(&size),
        numbers(&overview.numbers)
    )];
    if overview.due > 0 {
        let due = counted(overview.due, "activity is", "activities are");
        lines.push(format!(
            "  {due} due and not begun: `pipeform run` begins them"
        ));
    }
    for (who, number) in &overview.paused {
        let due = counted(*number, "activity is", "activities are");
        lines.push(format!(
            "  {due} due and paused by {who}: `pipeform resume` lets them go on"
        ));
    }
    if let Some((at, object)) = &overview.next_due {
        let at = moment(*at, &TimeZone::UTC);
        lines.push(format!("  next due {at}: {object}"));
    }
    lines.extend(not_finished(overview));
    lines.extend(failures(overview, look));
    lines.push(String::new());
    lines.push(MORE.to_owned());
    lines.push(String::new());
    lines.join("\n")
}

/// The pipelines in which something has not finished: those first in which something has failed.
fn not_finished(overview: &Overview) -> Vec<String> {
    if overview.open.is_empty() {
        return Vec::new();
    }
    let failed = |numbers: &Numbers| numbers.keys().any(|status| status.is_unsuccessful());
    let mut open: Vec<_> = overview.open.iter().collect();
    open.sort_by_key(|(_, numbers)| !failed(numbers));
    let mut lines = vec![String::new(), "Not finished:".to_owned()];
    let first = open.iter().take(PIPELINES);
    lines.extend(
        first.map(|(pipeline, of_pipeline)| format!("  {pipeline}: {}", numbers(of_pipeline))),
    );
    if let Some(more @ 1..) = open.len().checked_sub(PIPELINES) {
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        let more = counted(more, "more pipeline", "more pipelines");
        lines.push(format!("  and {more}"));
    }
    lines
}

fn failures(overview: &Overview, look: Look) -> Vec<String> {
    if overview.failures.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), "Failed last:".to_owned()];
    for instance in &overview.failures {
        let object = &instance.key.object;
        let start = moment(instance.key.interval.start, &TimeZone::UTC);
        lines.push(format!("  {object} {start}  {}", instance.status));
        let reason = instance.reason.as_deref().unwrap_or_default();
        let reason = reason.lines().next().unwrap_or_default();
        if !reason.is_empty() {
            lines.push(look.dim(&format!("    {reason}")));
        }
    }
    lines
}

/// `12 finished, 3 FAILED, 1 RUNNING`.
fn numbers(numbers: &Numbers) -> String {
    let mut parts = Vec::new();
    for (status, number) in numbers {
        match status {
            Status::Finished => parts.insert(0, format!("{} finished", grouped(*number))),
            status => parts.push(format!("{} {status}", grouped(*number))),
        }
    }
    if parts.is_empty() {
        return "nothing has run".to_owned();
    }
    parts.join(", ")
}
