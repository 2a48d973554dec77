//! `pipeform get`.

use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::installing;
use crate::fetch::CONFIGURATION;
use crate::fetch::Options;

/// Fetch the modules that the configuration uses; `init` does this, too
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Take the newest commits of branches and tags, and write them into the lock file
    #[arg(long)]
    update: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    if !installing::has_configuration(context)? {
        return Err(Failure::message(format!(
            "No configuration files in `{}`, whose names end in `{CONFIGURATION}`.",
            context.directory.display()
        )));
    }
    let options = Options {
        upgrade: args.update,
        read_only: false,
        interactive: context.input && context.interactive,
    };
    installing::install(context, options)?;
    Ok(ExitCode::SUCCESS)
}
