//! `pipeform state`: what looks into the state, and what changes it without a configuration.

mod look;
mod mv;
mod pull;
mod push;
mod rewrite;
mod rm;

use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;

/// Look into the state, and change it without a configuration
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    List(look::ListArgs),
    Show(look::ShowArgs),
    Mv(mv::Args),
    Rm(rm::Args),
    Pull(pull::Args),
    Push(push::Args),
}

pub(super) fn run(command: &Command, context: &Context) -> Result<ExitCode, Failure> {
    match command {
        Command::List(args) => look::list(args, context)?,
        Command::Show(args) => look::show(args, context)?,
        Command::Mv(args) => mv::run(args, context)?,
        Command::Rm(args) => rm::run(args, context)?,
        Command::Pull(_) => pull::run(context)?,
        Command::Push(args) => push::run(args, context)?,
    }
    Ok(ExitCode::SUCCESS)
}
