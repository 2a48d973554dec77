//! What is said about saved plans: where one comes from, and what time has brought since.

use jiff::tz::TimeZone;

use super::effects;
use super::paint::Look;
use super::paint::counted;
use super::paint::spoken;
use super::status::moment;
use crate::cli::saved_plan::Renewed;
use crate::plan::saved::Made;
use crate::plan::saved::Policies;
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

/// One sentence on what policies said.
pub(crate) fn policies(policies: &Policies) -> String {
    format!("\nPolicies: {}.\n", verdict(policies))
}

/// Whether policies have anything against a plan: `denied by 1 rule, 2 warnings (3 files)`.
pub(crate) fn verdict(policies: &Policies) -> String {
    let count = |denies: bool| {
        let said = policies.said.iter().filter(|said| said.denies == denies);
        u64::try_from(said.count()).unwrap_or(u64::MAX)
    };
    let files = u64::try_from(policies.files.len()).unwrap_or(u64::MAX);
    let mut words = match count(true) {
        0 => "passed".to_owned(),
        reasons => format!("denied for {}", counted(reasons, "reason", "reasons")),
    };
    let warnings = count(false);
    if warnings > 0 {
        words.extend([", ", &counted(warnings, "warning", "warnings")]);
    }
    format!("{words} ({})", counted(files, "file", "files"))
}

/// What is said before a saved plan is applied.
pub(crate) fn applying(saved: &SavedPlan, renewed: &Renewed, look: Look) -> String {
    let mut out = origin(&saved.made);
    let plan = &renewed.planned.plan;
    let ago = spoken(plan.at.duration_since(saved.made.at));
    let news = [
        (
            &renewed.grown,
            ("more run has", "more runs have"),
            "become due",
        ),
        (
            &renewed.given_up,
            ("run has", "runs have"),
            "begun or come to wait that this gives up",
        ),
    ];
    for (more, (one, several), what) in news.into_iter().filter(|(more, ..)| !more.is_empty()) {
        let runs = more.values().sum();
        let note = look.bold("Note:");
        let text = format!(
            "{note} since then, {ago} ago, {} {what}.",
            counted(runs, one, several)
        );
        out.push_str(&look.wrapped(0, 0, &text));
        out.push('\n');
        for (address, runs) in more {
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
