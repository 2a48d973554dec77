//! What is said of a policy that cannot be used: the sentence of the crate, and the place that it names.

use std::time::Duration;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Sources;
use crate::diag::Span;

/// What the crate says when time is over.
const OVERTIME: &str = "exceeded time limit";

/// What the crate says about a policy that it cannot read or evaluate. It begins with the place: `--> FILE:LINE:COLUMN`, a picture, and
/// `error: WHY`.
pub(super) fn broken(policies: &Sources, error: &str, time: Duration) -> Diagnostics {
    if error.contains(OVERTIME) {
        return endless(time).into();
    }
    let why = error
        .lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix("error: "));
    let why = why.unwrap_or(error).trim();
    let finding = Diagnostic::error("Policy cannot be evaluated", sentence(why))
        .help("Policies are written in Rego, version 1: `deny contains \"why\" if { … }`.");
    match place(policies, error) {
        Some(span) => finding.at(span).into(),
        None => finding.into(),
    }
}

/// Policies that do not come to an end.
pub fn endless(time: Duration) -> Diagnostic {
    Diagnostic::error(
        "Policies take too long",
        format!(
            "They were stopped after {} seconds without having said anything. A plan that was not judged counts as one that is not allowed.",
            time.as_secs()
        ),
    )
    .help("Look for rules that combine each object with each other one, and for large `numbers.range`.")
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    format!(
        "{}{}.",
        first.unwrap_or_default(),
        letters.as_str().trim_end_matches('.')
    )
}

/// The place that an error names.
fn place(policies: &Sources, error: &str) -> Option<Span> {
    let line = error
        .lines()
        .find_map(|line| line.trim().strip_prefix("--> "))?;
    let mut parts = line.rsplitn(3, ':');
    let column: usize = parts.next()?.parse().ok()?;
    let row: usize = parts.next()?.parse().ok()?;
    let file = parts.next()?;
    let (id, text) = (0_u32..)
        .zip(policies.iter())
        .find_map(|(id, (name, text))| (name == file).then_some((id, text)))?;
    let before: usize = text
        .split_inclusive('\n')
        .take(row.checked_sub(1)?)
        .map(str::len)
        .sum();
    let line = text.get(before..)?.lines().next().unwrap_or_default();
    let within = line
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(line.len(), |(at, _)| at);
    let start = u32::try_from(before + within).ok()?;
    let end = u32::try_from(before + line.len()).ok()?.max(start);
    Some(Span {
        file: FileId(id),
        start,
        end,
    })
}
