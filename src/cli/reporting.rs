//! How commands that make a plan report: the exit code that says whether anything changes, and their warnings.

use std::process::ExitCode;

use super::terminal;
use super::views;
use crate::diag::Diagnostics;
use crate::diag::Sources;

/// Options of commands that make a plan.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ReportArgs {
    /// Exit with 0 when nothing changes, 2 when something does, 1 on errors
    #[arg(long)]
    detailed_exitcode: bool,

    /// Print warnings in short, where there are no errors
    #[arg(long)]
    compact_warnings: bool,
}

impl ReportArgs {
    /// The exit code of what went well.
    pub(crate) fn exit_code(&self, changed: bool) -> ExitCode {
        if self.detailed_exitcode && changed {
            ExitCode::from(2)
        } else {
            ExitCode::SUCCESS
        }
    }

    /// Prints warnings, if there are any.
    pub(crate) fn warn(&self, warnings: &Diagnostics, sources: &Sources) {
        if warnings.is_empty() {
            return;
        }
        terminal::say("\n");
        if self.compact_warnings {
            terminal::say(&views::warnings::compact(warnings, sources));
        } else {
            terminal::findings(warnings, sources);
        }
    }
}
