//! Policies that a plan has to pass: `--policy-dir` and `PIPEFORM_POLICY_DIR`.
//!
//! They are asked in a thread of their own, which is left behind when it takes more time or memory than a plan is worth.

use std::path::Path;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value as Json;

use super::context::Context;
use super::errors::Failure;
use super::planning::Planned;
use super::untrusted::check_policies;
use super::views;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::plan::saved::Configuration;
use crate::plan::saved::Made;
use crate::plan::saved::Policies;
use crate::plan::saved::Said;
use crate::plan::saved::digest_of_text;
use crate::policy;

/// The variable with a directory of policies that are asked besides those of `--policy-dir`.
const DIRECTORY: &str = "PIPEFORM_POLICY_DIR";

/// What policies may take.
#[derive(Clone, Copy)]
struct Limits {
    time: Duration,
    /// In KiB.
    memory: u64,
}

const LIMITS: Limits = Limits {
    time: Duration::from_secs(30),
    memory: 1 << 20,
};

/// How much longer a single function of theirs may take.
const GRACE: Duration = Duration::from_secs(2);

/// How often it is looked whether they take too much.
const LOOK: Duration = Duration::from_millis(50);

/// The stack that nested rules have.
const STACK: usize = 256 << 20;

/// Options of commands that ask policies about a plan.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PolicyArgs {
    /// Policies in Rego that the plan has to pass, `*.rego` (besides those in `PIPEFORM_POLICY_DIR`); exit with 3 when they deny it
    #[arg(long, value_name = "DIR")]
    policy_dir: Vec<PathBuf>,
}

/// What policies say about a plan.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// It, for the plan that is saved; `None`: there are no policies.
    pub(crate) policies: Option<Policies>,
}

impl Judged {
    /// What they say, as findings.
    pub(crate) fn findings(&self) -> Diagnostics {
        self.policies.as_ref().map(findings).unwrap_or_default()
    }

    /// Fails when they deny the plan.
    pub(crate) fn allowed(&self) -> Result<(), Failure> {
        match &self.policies {
            Some(policies) if policies.deny() => Err(denied(findings(policies))),
            _ => Ok(()),
        }
    }
}

/// What policies have said, as findings.
pub(crate) fn findings(policies: &Policies) -> Diagnostics {
    let mut findings = Diagnostics::new();
    for said in &policies.said {
        let said = policy::Said {
            denies: said.denies,
            message: said.message.clone(),
            rule: said.rule.clone(),
            file: said.file.clone(),
        };
        findings.push(said.finding());
    }
    findings
}

/// Why a plan is not applied that policies denied.
pub(crate) fn denied(findings: Diagnostics) -> Failure {
    Failure::Denied(Box::new((findings, Sources::default())))
}

impl PolicyArgs {
    /// Where policies are.
    fn directories(&self, context: &Context) -> Vec<PathBuf> {
        let mut directories = self.policy_dir.clone();
        let everywhere = context.environment.get(DIRECTORY).map(PathBuf::from);
        directories.extend(everywhere);
        directories.sort();
        directories.dedup();
        directories
    }

    /// What policies say about a plan; fails when they cannot be asked. `of`: by whom the plan was made, and of what.
    pub(crate) fn judge(
        &self,
        context: &Context,
        planned: &Planned,
        of: impl FnOnce() -> (Made, Configuration),
    ) -> Result<Judged, Failure> {
        let directories = self.directories(context);
        if directories.is_empty() {
            return Ok(Judged::default());
        }
        check_policies(context, &directories)?;
        let policies = read_all(context, &directories)?;
        let (made, configuration) = of();
        let input = views::terraform::plan((&made, &configuration), planned, None);
        let files = policies.iter();
        let files = files.map(|(name, text)| (name.to_owned(), digest_of_text(text.as_bytes())));
        let files = files.collect();
        match bounded(policies.clone(), input, LIMITS) {
            Err(findings) => Err(Failure::Findings(Box::new((findings, policies)))),
            Ok(said) => Ok(Judged {
                policies: Some(Policies {
                    files,
                    said: said.into_iter().map(kept).collect(),
                }),
            }),
        }
    }
}

fn kept(said: policy::Said) -> Said {
    Said {
        denies: said.denies,
        message: said.message,
        rule: said.rule,
        file: said.file,
    }
}

/// Asks policies, and stops waiting when they take too much time or memory.
fn bounded(
    policies: Sources,
    input: Json,
    limits: Limits,
) -> Result<Vec<policy::Said>, Diagnostics> {
    let failed =
        |why: String| -> Diagnostics { Diagnostic::error("Policies cannot be asked", why).into() };
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::Builder::new().stack_size(STACK);
    let started = thread.spawn(move || {
        // Where nobody waits any more, nobody wants to know.
        drop(sender.send(policy::judge(&policies, &input, limits.time)));
    });
    started.map_err(|error| failed(format!("No thread can be started for them: {error}.")))?;
    let before = resident();
    let mut waited = Duration::ZERO;
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(result) => return result,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(failed(
                    "Their evaluation broke off. A plan that was not judged counts as one that is not allowed.".to_owned(),
                ));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => waited += LOOK,
        }
        policy::time_passes(LOOK);
        // The evaluation ends by itself when time is over, but for a function that takes long.
        if waited > limits.time.saturating_add(GRACE) {
            return Err(policy::endless(limits.time).into());
        }
        if resident().saturating_sub(before) > limits.memory {
            return Err(failed(format!(
                "They were stopped when they took more than {} MiB of memory. A plan that was not judged counts as one that is not allowed.",
                limits.memory >> 10
            )));
        }
    }
}

/// The memory that this process takes, in KiB; 0 where it is not known.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
    number.unwrap_or(0)
}

/// The policies of directories, without their tests.
fn read_all(context: &Context, directories: &[PathBuf]) -> Result<Sources, Failure> {
    let mut policies = Sources::default();
    for directory in directories {
        let mut paths = Vec::new();
        find(context, directory, &mut paths)?;
        if paths.is_empty() {
            let finding = Diagnostic::error(
                "No policies",
                format!(
                    "`{}` has no file `*.rego`, so that nothing would be checked.",
                    directory.display()
                ),
            );
            let sources = Sources::default();
            return Err(Failure::Findings(Box::new((finding.into(), sources))));
        }
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(context.directory.join(&path));
            let text = text.map_err(|error| wrong(&path, &error))?;
            policies.add(path.to_string_lossy(), text);
        }
    }
    Ok(policies)
}

/// Finds the policies in a directory and below it. What is hidden is left out, and no link to a directory is followed.
fn find(context: &Context, directory: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = std::fs::read_dir(context.directory.join(directory));
    for entry in entries.map_err(|error| wrong(directory, &error))? {
        let entry = entry.map_err(|error| wrong(directory, &error))?;
        let file = entry.file_name();
        let name = file.to_string_lossy();
        let kind = entry.file_type();
        let path = directory.join(&file);
        if name.starts_with('.') {
            continue;
        }
        if kind.map_err(|error| wrong(&path, &error))?.is_dir() {
            find(context, &path, paths)?;
        } else if name.ends_with(".rego") && !name.ends_with("_test.rego") {
            paths.push(path);
        }
    }
    Ok(())
}

fn wrong(what: &Path, problem: &dyn std::fmt::Display) -> Failure {
    Failure::message(format!("--policy-dir: `{}`: {problem}", what.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_policies_is_bounded() {
        let mut policies = Sources::default();
        policies.add(
            "large.rego",
            "package main\n\ndeny contains \"x\" if count(numbers.range(1, 50000000)) < 0\n",
        );
        let limits = Limits {
            time: Duration::MAX,
            memory: 64 << 10,
        };
        let found = bounded(policies, Json::Null, limits).expect_err("it takes too much");
        let details: Vec<&str> = found.iter().map(|found| &*found.detail).collect();
        assert!(details[0].contains("more than 64 MiB"), "{details:?}");
    }
}
