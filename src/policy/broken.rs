//! What is said of policies that cannot be used: the sentence of the crate, and the place that it names.

use serde::Deserialize;
use serde::Serialize;

use crate::diag::Diagnostic;
use crate::diag::FileId;
use crate::diag::Sources;
use crate::diag::Span;

/// Why policies cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Broken {
    /// One cannot be read or evaluated: what the crate says. It begins with the place, `--> FILE:LINE:COLUMN`, then comes a picture, and
    /// `error: WHY`.
    Evaluation(String),
    /// None of them has a rule that is asked.
    Silent,
}

impl Broken {
    /// It as a finding, with its place in these policies.
    pub fn finding(&self, policies: &Sources) -> Diagnostic {
        let error = match self {
            Self::Evaluation(error) => error,
            Self::Silent => return silent(),
        };
        let why = error
            .lines()
            .rev()
            .find_map(|line| line.trim().strip_prefix("error: "));
        let why = why.unwrap_or(error).trim();
        let finding = Diagnostic::error("Policy cannot be evaluated", sentence(why))
            .help("Policies are written in Rego, version 1: `deny contains \"why\" if { … }`.");
        match place(policies, error) {
            Some(span) => finding.at(span),
            None => finding,
        }
    }
}

fn silent() -> Diagnostic {
    Diagnostic::error(
        "No rule in the policies",
        "None of the policies has a rule `deny` or `warn`, so that they would never say anything.",
    )
    .help("A rule is written `deny contains \"why\" if { … }`.")
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
