//! `pipeform validate`.

use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::planning;
use crate::cli::root_module::RootModule;
use crate::cli::root_module::VariableArgs;
use crate::cli::terminal;

/// Check the configuration, without looking at the state
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    variables: VariableArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let mut module = RootModule::load(context, &args.variables)?;
    if !module.diagnostics.has_errors() {
        module
            .diagnostics
            .extend(planning::check_graph(&module.configuration));
    }
    if !module.diagnostics.has_errors() {
        module.diagnostics.extend(planning::check_formulas(
            &module.configuration,
            context.clock.now(),
        ));
    }
    module.valid()?;
    terminal::print("Success! The configuration is valid.\n");
    Ok(ExitCode::SUCCESS)
}
