//! `pipeform destroy`.

use std::process::ExitCode;

use super::apply::Approval;
use super::apply::How;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::in_flight::InFlightArgs;
use crate::cli::rerunning::RerunArgs;
use crate::cli::root_module::VariableArgs;
use crate::cli::scope::PartArgs;
use crate::cli::scope::ScopeArgs;
use crate::cli::target::Target;
use crate::objects::Objects;

/// Remove all definitions: waiting instances are canceled, history and data stay
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Accepted so that a script can give all commands the same options; nothing is read
    #[command(flatten)]
    _variables: VariableArgs,

    #[command(flatten)]
    part: PartArgs,

    #[command(flatten)]
    in_flight: InFlightArgs,

    #[command(flatten)]
    approval: Approval,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let target = |prior: &Objects| args.part.narrow(context, prior, Target::nothing());
    let how = How {
        approval: &args.approval,
        rerun: &RerunArgs::default(),
        in_flight: args.in_flight,
        scope: &ScopeArgs::default(),
        operation: "destroy",
    };
    super::apply::streamed(context, &args.approval, |stream| {
        super::apply::change(context, target, &how, stream)
    })
}
