//! `pipeform validate`.

use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::planning;
use crate::cli::root_module::RootModule;
use crate::cli::root_module::VariableArgs;
use crate::cli::terminal;
use crate::cli::untrusted::UntrustedArgs;

/// Check the configuration, without looking at the state
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    variables: VariableArgs,

    #[command(flatten)]
    pub(super) untrusted: UntrustedArgs,

    /// As JSON, in the form of `terraform validate -json`
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// Reads the module in the context's directory, and checks it as far as the variables that have values allow.
pub(super) fn checked(context: &Context, variables: &VariableArgs) -> Result<RootModule, Failure> {
    let mut module = RootModule::load_to_check(context, variables)?;
    // Of a module without the values of its variables, objects and what they need may be missing.
    let whole = module.unset.is_empty();
    if whole && !module.diagnostics.has_errors() {
        module
            .diagnostics
            .extend(crate::cli::cycles::check_graph(&module.configuration));
    }
    if whole && !module.diagnostics.has_errors() {
        module.diagnostics.extend(planning::check_formulas(
            &module.configuration,
            context.clock.now(),
        ));
    }
    Ok(module)
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let module = checked(context, &args.variables)?;
    if args.json {
        return Ok(terminal::findings_as_json(
            &module.diagnostics,
            &module.sources,
        ));
    }
    let empty = module.empty;
    let unset = module.valid()?.unset;
    terminal::print("Success! The configuration is valid.\n");
    if empty {
        terminal::print(&format!(
            "\nThere are no configuration files in `{}`.\n",
            context.directory.display()
        ));
    }
    if !unset.is_empty() {
        terminal::print(&format!(
            "\nWhat depends on variables without a value was not looked at: {}.\n",
            unset.join(", ")
        ));
    }
    Ok(ExitCode::SUCCESS)
}
