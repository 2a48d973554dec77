//! The run budget: an apply that would start more runs than that stops.

use super::effects::Effects;
use crate::diag::Diagnostic;

/// How many back-filled runs an apply starts unless it is told that more are meant.
pub const MAX_RUNS_PER_APPLY: u64 = 1_000;

impl Effects {
    /// The error that an apply stops with when it would back-fill more runs than `budget`; see [`MAX_RUNS_PER_APPLY`].
    pub fn over_budget(&self, budget: u64) -> Option<Diagnostic> {
        let runs = self.totals.backfill + self.totals.rerun;
        if runs <= budget {
            return None;
        }
        if self.totals.rerun > self.totals.backfill {
            return self.too_many_reruns(runs, budget);
        }
        let activities = self
            .pipelines
            .iter()
            .flat_map(|pipeline| &pipeline.activities);
        let most = activities.max_by_key(|activity| activity.counts.backfill)?;
        let detail = format!(
            "This plan back-fills {runs} runs, and an apply starts no more than {budget} (`max_runs_per_apply`). Most of \
             them, {}, are of `{}`: all intervals of its schedule that are due and have no run yet.",
            most.counts.backfill, most.address
        );
        let finding = Diagnostic::error("Too many runs to back-fill", detail)
            .about(most.address.as_str())
            .help("A later `start` of the schedule makes fewer intervals due.".to_owned())
            .help(format!(
                "If they are meant, apply with `--allow-runs={runs}`."
            ));
        Some(finding)
    }

    fn too_many_reruns(&self, runs: u64, budget: u64) -> Option<Diagnostic> {
        let most = self.reruns.iter().max_by_key(|rerun| rerun.count)?;
        let detail = format!(
            "This plan starts {runs} runs, and an apply starts no more than {budget} (`max_runs_per_apply`). Most of them, {}, \
             are of `{}`, which `--rerun` runs again.",
            most.count, most.address
        );
        let finding = Diagnostic::error("Too many runs to start", detail)
            .about(most.address.as_str())
            .help(format!(
                "Name fewer intervals: `--rerun={}@FROM..TO`.",
                most.address
            ))
            .help(format!(
                "If they are meant, apply with `--allow-runs={runs}`."
            ));
        Some(finding)
    }
}
