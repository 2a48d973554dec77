//! `pipeform destroy`.

use std::process::ExitCode;

use super::apply::Approval;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::rerunning::RerunArgs;
use crate::cli::root_module::VariableArgs;
use crate::cli::target::Target;

/// Remove all definitions: waiting instances are canceled, history and data stay
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Accepted so that a script can give all commands the same options; nothing is read
    #[command(flatten)]
    _variables: VariableArgs,

    #[command(flatten)]
    approval: Approval,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let target = |_: &_| Ok(Target::nothing());
    super::apply::change(
        context,
        target,
        (&args.approval, &RerunArgs::default()),
        "destroy",
    )
}
