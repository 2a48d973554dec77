//! Warnings in short, for `--compact-warnings`: what and where, without pictures and advice.

use indexmap::IndexMap;

use crate::diag::Diagnostics;
use crate::diag::Sources;

/// Each warning once, with the first place that it was found at and how many more there are.
pub(crate) fn compact(warnings: &Diagnostics, sources: &Sources) -> String {
    let mut found: IndexMap<&str, (Option<String>, usize)> = IndexMap::new();
    for warning in warnings.iter() {
        let place = || {
            let span = warning.span.map(|span| sources.place(span));
            span.or_else(|| warning.object.clone())
        };
        found
            .entry(warning.summary.as_str())
            .and_modify(|(_, more)| *more += 1)
            .or_insert_with(|| (place(), 0));
    }
    let mut out = String::from("Warnings:\n\n");
    for (summary, (place, more)) in found {
        out.extend(["- ", summary, "\n"]);
        let place = place.map(|place| format!("at {place}"));
        let more = (more > 0).then(|| format!("(and {more} more)"));
        let parts: Vec<String> = place.into_iter().chain(more).collect();
        if !parts.is_empty() {
            out.extend(["  ", &parts.join(" "), "\n"]);
        }
    }
    out.push_str("\nWithout --compact-warnings they are shown in full.\n");
    out
}
