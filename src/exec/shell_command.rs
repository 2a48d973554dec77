//! `shell_command`: the activity, the action and the precondition share one way to run a command.

use super::Context;
use super::ExecError;
use super::Held;
use super::preflight::Need;
use super::preflight::programs;
use super::process;
use super::process::Ended;
use super::process::Invocation;
use super::process::Printed;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A command with everything resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShellCommand {
    /// Run by `/bin/sh -c`.
    pub command: String,
    /// `$1`, `$2`, ….
    pub script_argument: Vec<String>,
    /// Set for the command, beside PATH, HOME, LANG and TZ.
    pub environment: BTreeMap<String, String>,
    /// PATH, HOME, LANG and TZ of the runner, as far as they are set.
    pub inherited: BTreeMap<String, String>,
    /// Where it runs.
    pub working_dir: PathBuf,
}

impl ShellCommand {
    fn invocation(&self) -> Invocation {
        let words = ["/bin/sh", "-c", &self.command, "sh"];
        let words = words.into_iter().map(str::to_owned);
        let mut environment = self.inherited.clone();
        environment.extend(self.environment.clone());
        Invocation {
            words: words.chain(self.script_argument.iter().cloned()).collect(),
            environment,
            working_dir: self.working_dir.clone(),
        }
    }
}

impl ShellCommand {
    /// What must be there for it to run.
    pub(super) fn needs(&self) -> BTreeSet<Need> {
        let path = self.environment.get("PATH").or(self.inherited.get("PATH"));
        let path = path.cloned().unwrap_or_default();
        let programs = programs(&self.command)
            .into_iter()
            .map(|name| Need::Program {
                name,
                path: path.clone(),
            });
        let directory = Need::Directory(self.working_dir.clone());
        programs.chain([directory]).collect()
    }
}

pub(super) async fn run(command: &ShellCommand, ctx: &Context) -> Result<(), ExecError> {
    match process::run(&command.invocation(), Printed::default(), ctx).await? {
        Ended::Success => Ok(()),
        Ended::Failed { how, tail } if tail.is_empty() => {
            Err(ExecError::Failed(format!("the command {how}")))
        }
        Ended::Failed { how, tail } => Err(ExecError::Failed(format!(
            "the command {how}; its last lines were:\n{tail}"
        ))),
    }
}

pub(super) async fn check(command: &ShellCommand, ctx: &Context) -> Held {
    match process::run(&command.invocation(), Printed::default(), ctx).await {
        Ok(Ended::Success) => Held::Held,
        Ok(Ended::Failed { how, .. }) => Held::NotYet(ctx.log.mask(&format!("the command {how}"))),
        Err(e) => Held::Error(ctx.log.mask(&e.to_string())),
    }
}
