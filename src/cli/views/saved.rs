//! What is said about saved plans: where one comes from, and what time has brought since.

use jiff::tz::TimeZone;

use super::effects;
use super::paint::Look;
use super::paint::counted;
use super::paint::spoken;
use super::status::moment;
use crate::cli::saved_plan::Renewed;
use crate::plan::saved::Made;
use crate::plan::saved::SavedPlan;

/// Where a plan comes from.
pub(crate) fn origin(made: &Made) -> String {
    let mut text = format!(
        "Plan made at {} by {}",
        moment(made.at, &TimeZone::UTC),
        made.who
    );
    if let Some(commit) = &made.commit {
        let short = commit.hash.get(..12).unwrap_or(&commit.hash);
        text.extend([", of commit ", short]);
        if commit.changed {
            text.push_str(" with changes that are not committed");
        }
    }
    text.push_str(".\n");
    text
}

/// What is said before a saved plan is applied.
pub(crate) fn applying(saved: &SavedPlan, renewed: &Renewed, look: Look) -> String {
    let mut out = origin(&saved.made);
    let plan = &renewed.planned.plan;
    if !renewed.grown.is_empty() {
        let runs: u64 = renewed.grown.values().sum();
        let more = if runs == 1 { "run has" } else { "runs have" };
        out.push_str(&look.wrapped(
            0,
            0,
            &format!(
                "{} since then, {} ago, {runs} more {more} become due.",
                look.bold("Note:"),
                spoken(plan.at.duration_since(saved.made.at))
            ),
        ));
        out.push('\n');
        for (address, runs) in &renewed.grown {
            let line = format!("{address}: {}", counted(*runs, "run", "runs"));
            out.push_str(&look.wrapped(2, 2, &line));
            out.push('\n');
        }
    }
    out.push('\n');
    out.push_str(&super::plan::summary(plan, look));
    if plan.is_empty() {
        out.push_str(&effects::due(&plan.effects, look));
    }
    out
}
