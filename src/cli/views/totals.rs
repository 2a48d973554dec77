//! How many runs a plan starts, gives up, holds and lets go on, in words.

use super::paint::counted;
use crate::plan::totals::Totals;

/// One sentence about the runs: `342 runs to back-fill, 1 in flight keeps its old definition.`
pub(super) fn sentence(totals: &Totals) -> String {
    let parts = phrases(totals);
    if parts.is_empty() {
        "No runs to back-fill.".to_owned()
    } else {
        format!("{}.", parts.join(", "))
    }
}

/// Each count that is not zero, in words.
pub(super) fn phrases(totals: &Totals) -> Vec<String> {
    let runs = |number| counted(number, "run", "runs");
    let mut parts = Vec::new();
    let mut say = |number: u64, text: String| {
        if number > 0 {
            parts.push(text);
        }
    };
    say(totals.rerun, format!("{} to run again", runs(totals.rerun)));
    say(
        totals.backfill,
        format!("{} to back-fill", runs(totals.backfill)),
    );
    say(totals.due, format!("{} already due", runs(totals.due)));
    say(totals.dropped, format!("{} to drop", runs(totals.dropped)));
    say(
        totals.canceled,
        format!("{} to cancel", runs(totals.canceled)),
    );
    say(totals.held, format!("{} to hold", runs(totals.held)));
    let keep = if totals.in_flight == 1 {
        "keeps its old definition"
    } else {
        "keep their old definition"
    };
    say(
        totals.in_flight,
        format!("{} in flight {keep}", totals.in_flight),
    );
    say(
        totals.stopped,
        format!("{} in flight to cancel", totals.stopped),
    );
    say(
        totals.restarted,
        format!("{} in flight to start again", totals.restarted),
    );
    parts
}
