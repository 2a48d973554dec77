//! A saved plan on what the state says now: it differs from the plan that was approved by what time has brought alone.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::Saved;
use super::before::records;
use super::stale::MOVED;
use super::whole::digest_of_state;
use crate::cli::errors::Failure;
use crate::cli::planning::Before;
use crate::cli::planning::Planned;
use crate::cli::views::counted;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::objects::Address;
use crate::plan::Relocation;
use crate::plan::saved::Operations;
use crate::plan::totals::Totals;
use crate::store::Store;

/// A saved plan on what the state says now.
pub(crate) struct Renewed {
    /// The plan.
    pub(crate) planned: Planned,
    /// What has become due since it was made, and is run by it, by activity: how many runs.
    pub(crate) grown: BTreeMap<Address, u64>,
    /// How many runs more it gives up than were approved, since these are under way or have come to wait since, by activity.
    pub(crate) given_up: BTreeMap<Address, u64>,
}

impl Saved {
    /// The plan on what the state says now, or all that has moved since it was made. `tolerance`: how old it may be.
    pub(crate) fn renewed(
        &self,
        store: &Store,
        now: Timestamp,
        tolerance: SignedDuration,
    ) -> Result<Renewed, Failure> {
        let mut said = Before::read(store)?;
        let moved = self.moved(store, &said, now, tolerance)?;
        if moved.has_errors() {
            return Err(self.refusal(moved));
        }
        let relocation = Relocation::of(self.plan.operations.moves.clone());
        let target = self.target_objects(&said.objects)?;
        said.read_for(store, &relocation, &target)?;
        let made_at = self.plan.made.at;
        // Of a state in which nothing has happened since, nothing else comes than what was approved.
        let still = made_at <= now
            && said.agrees_on_runs(&self.before)
            && records(&said.objects) == records(&self.before.objects)
            && self.plan.state == digest_of_state(store, &said.head)?;
        let planned = self.onto(said.clone(), now)?;
        let approved = self.as_made()?;
        let otherwise = if still {
            None
        } else {
            Some(self.onto(said, made_at.min(now))?)
        };
        let then = otherwise.as_ref().unwrap_or(&approved);
        let mut findings = self.other_operations(&planned);
        findings.extend(more_runs(&approved, then));
        if findings.has_errors() {
            return Err(self.refusal(findings));
        }
        Ok(Renewed {
            grown: grown(then, &planned, |counts| counts.backfill),
            given_up: grown(&approved, &planned, |counts| {
                counts.canceled + counts.dropped + counts.stopped
            }),
            planned,
        })
    }

    /// Operations of the plan on the state as it is that are not among those that were approved, or are missing.
    fn other_operations(&self, planned: &Planned) -> Diagnostics {
        let mut findings = Diagnostics::new();
        let approved = &self.plan.operations;
        let found = super::keep::operations(planned);
        for address in found.lifts.symmetric_difference(&approved.lifts) {
            let text = if found.lifts.contains(address) {
                "was paused since, and the configuration sets `active`, so that the apply would end that"
            } else {
                "is no longer paused, and the plan was to end that"
            };
            let finding = Diagnostic::error(MOVED, format!("`{address}` {text}."));
            findings.push(finding.about(address.as_str()));
        }
        let objects = |operations: &Operations| -> BTreeSet<Address> {
            let gone = operations.destroys.iter().chain(&operations.forgets);
            operations.puts.keys().chain(gone).cloned().collect()
        };
        for held in planned.plan.held.iter().filter(|held| held.lifted) {
            let relocated = |pause: &Address| Relocation::of(approved.moves.clone()).address(pause);
            let mut seen = self.before.pauses.iter();
            let seen = seen.find(|(address, _)| relocated(address) == held.address);
            if seen.is_some_and(|(_, paused)| *paused != held.paused) {
                let text = format!(
                    "`{}` was paused anew since, by {}, and the plan was to end the pause before that.",
                    held.address, held.paused.who
                );
                findings.push(Diagnostic::error(MOVED, text).about(held.address.as_str()));
            }
        }
        for address in objects(&found).symmetric_difference(&objects(approved)) {
            let text = format!("What the plan does with `{address}` is not what was approved.");
            findings.push(Diagnostic::error(MOVED, text).about(address.as_str()));
        }
        findings
    }
}

/// Runs that the plan would start besides those that were approved, other than those that time has brought.
fn more_runs(approved: &Planned, then: &Planned) -> Diagnostics {
    let mut findings = Diagnostics::new();
    let approved = by_activity(approved, |counts| counts.backfill);
    for (address, runs) in by_activity(then, |counts| counts.backfill) {
        let before = approved.get(&address).copied().unwrap_or(0);
        if runs > before {
            findings.push(
                Diagnostic::error(
                    MOVED,
                    format!(
                        "The apply would back-fill {} of `{address}`, and {before} were approved.",
                        counted(runs, "run", "runs")
                    ),
                )
                .about(address.as_str()),
            );
        }
    }
    findings
}

/// How many runs of each activity a plan counts.
fn by_activity(planned: &Planned, count: impl Fn(&Totals) -> u64) -> BTreeMap<Address, u64> {
    let pipelines = planned.plan.effects.pipelines.iter();
    let activities = pipelines.flat_map(|pipeline| &pipeline.activities);
    activities
        .map(|activity| (activity.address.clone(), count(&activity.counts)))
        .collect()
}

/// By how much one plan counts more than another.
fn grown(
    before: &Planned,
    after: &Planned,
    count: impl Fn(&Totals) -> u64 + Copy,
) -> BTreeMap<Address, u64> {
    let before = by_activity(before, count);
    let after = by_activity(after, count).into_iter();
    let more = after.map(|(address, runs)| {
        let more = runs.saturating_sub(before.get(&address).copied().unwrap_or(0));
        (address, more)
    });
    more.filter(|(_, more)| *more > 0).collect()
}
