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

/// The whole of it, for people. Times are UTC: pipelines have zones of their own.
pub(crate) fn human(overview: &Overview, look: Look) -> String {
    let size = format!(
        "{} in {}",
        counted(overview.activities, "activity", "activities"),
        counted(overview.pipelines, "pipeline", "pipelines"),
    );
    let mut out = format!("{}: {}\n", look.bold(&size), numbers(&overview.numbers));
    if overview.due > 0 {
        let due = counted(overview.due, "activity is", "activities are");
        out.push_str(&format!(
            "  {due} due and not begun: `pipeform run` begins them\n"
        ));
    }
    if let Some((at, object)) = &overview.next_due {
        let at = moment(*at, &TimeZone::UTC);
        out.push_str(&format!("  next due {at}: {object}\n"));
    }
    if !overview.open.is_empty() {
        out.push_str("\nNot finished:\n");
    }
    // What has failed comes first.
    let failed = |numbers: &Numbers| numbers.keys().any(|status| status.is_unsuccessful());
    let mut open: Vec<_> = overview.open.iter().collect();
    open.sort_by_key(|(_, numbers)| !failed(numbers));
    for (pipeline, of_pipeline) in open.iter().take(PIPELINES) {
        out.push_str(&format!("  {pipeline}: {}\n", numbers(of_pipeline)));
    }
    if let Some(more @ 1..) = open.len().checked_sub(PIPELINES) {
        let more = counted(more as u64, "pipeline", "pipelines");
        out.push_str(&format!("  and {more} more\n"));
    }
    if !overview.failures.is_empty() {
        out.push_str("\nFailed last:\n");
    }
    for instance in &overview.failures {
        let object = &instance.key.object;
        let start = moment(instance.key.interval.start, &TimeZone::UTC);
        let reason = instance.reason.as_deref().unwrap_or_default();
        let reason = reason.lines().next().unwrap_or_default();
        out.push_str(&format!("  {object} {start}  {}\n", instance.status));
        if !reason.is_empty() {
            out.push_str(&look.dim(&format!("    {reason}")));
            out.push('\n');
        }
    }
    out.push_str("\n`pipeform status ADDRESS` shows what is in a pipeline, and what it waits for; `pipeform status --json` lists everything.\n");
    out
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
