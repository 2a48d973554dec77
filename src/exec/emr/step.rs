//! A step, as activities describe it: plain values, with nothing of EMR's client in them.
//!
//! Whoever turns an activity into steps says what runs, in which order. That one step comes after the other, that a step that fails
//! ends its activity, and how it is stopped, is the same for all of them and is said by who runs them.

use std::collections::BTreeMap;

/// The jar that runs scripts of S3. Each region has its own, so that it is told by its name alone here.
pub const SCRIPT_RUNNER: &str = "script-runner.jar";

/// A program that a cluster runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What it is called in messages and at EMR, e.g. `report.jar`.
    pub name: String,
    /// The jar: `s3://acme/code/report.jar`, or `command-runner.jar` for programs that the cluster has, or [`SCRIPT_RUNNER`].
    pub jar: String,
    /// The class whose `main` runs; left out: as the jar says.
    pub main_class: Option<String>,
    /// The arguments, each as it is.
    pub args: Vec<String>,
    /// Java properties, by name.
    pub properties: BTreeMap<String, String>,
    /// The tag of the applications that it hands to YARN, which go on when the step itself is stopped; left out: there are none.
    pub tag: Option<String>,
}

impl Step {
    /// Where the jar is for a cluster of a region.
    pub(super) fn jar_in(&self, region: &str) -> String {
        if self.jar == SCRIPT_RUNNER {
            format!("s3://{region}.elasticmapreduce/libs/script-runner/{SCRIPT_RUNNER}")
        } else {
            self.jar.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_scripts_is_that_of_the_region() {
        for (jar, expected) in [
            (
                SCRIPT_RUNNER,
                "s3://eu-west-1.elasticmapreduce/libs/script-runner/script-runner.jar",
            ),
            ("command-runner.jar", "command-runner.jar"),
            ("s3://acme/script-runner.jar", "s3://acme/script-runner.jar"),
        ] {
            let step = Step {
                jar: jar.to_owned(),
                ..Step::default()
            };
            assert_eq!(step.jar_in("eu-west-1"), expected);
        }
    }
}
