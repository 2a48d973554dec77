//! Why a saved plan is not applied, and what that is called.

use jiff::tz::TimeZone;

use super::Saved;
use super::stale::APPLIED;
use super::stale::MOVED;
use super::stale::OLD;
use crate::cli::errors::Failure;
use crate::cli::views::status::moment;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;

/// What a refusal is called because time has passed or something has changed since: as Terraform calls it, for those who look for that.
const STALE: &str = "Saved plan is stale";

/// What another refusal is called.
const REFUSED: &str = "Saved plan cannot be applied";

impl Saved {
    /// Why it is not applied.
    pub(crate) fn refusal(&self, mut findings: Diagnostics) -> Failure {
        let last = Diagnostic::error(
            refused(&findings),
            format!(
                "Nothing was applied of `{}`, which was made at {} for serial {} of the state.",
                self.path.display(),
                moment(self.plan.made.at, &TimeZone::UTC),
                self.plan.made.serial
            ),
        );
        findings.push(last.help("Plan again, and look at what is different: `pipeform plan --out=FILE`. `pipeform show FILE` still shows the old one."));
        Failure::Findings(Box::new((findings, Sources::default())))
    }
}

/// What a refusal is called for which these are the reasons.
fn refused(findings: &Diagnostics) -> &'static str {
    let is_stale = |finding: &Diagnostic| [MOVED, APPLIED, OLD].contains(&finding.summary.as_str());
    if findings.iter().any(is_stale) {
        STALE
    } else {
        REFUSED
    }
}

#[cfg(test)]
mod tests {
    use super::super::possible::IMPOSSIBLE;
    use super::*;

    #[test]
    fn a_refusal_is_called_as_terraform_calls_it_where_the_plan_was_right_once() {
        let of = |summaries: &[&str]| {
            let mut findings = Diagnostics::new();
            for summary in summaries {
                findings.push(Diagnostic::error(*summary, "Why."));
            }
            refused(&findings)
        };
        for summary in [MOVED, APPLIED, OLD] {
            assert_eq!(of(&[summary]), "Saved plan is stale");
            assert_eq!(of(&[IMPOSSIBLE, summary]), "Saved plan is stale");
        }
        assert_eq!(of(&[IMPOSSIBLE]), "Saved plan cannot be applied");
    }
}
