//! `pipeform validate`.

use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::planning;
use crate::cli::preflight::PreflightArgs;
use crate::cli::preflight::preflight;
use crate::cli::root_module::RootModule;
use crate::cli::root_module::VariableArgs;
use crate::cli::terminal;
use crate::cli::untranslated;
use crate::cli::untrusted::UntrustedArgs;
use crate::objects::Moments;
use crate::objects::Timetable;

/// Check the configuration, without looking at the state
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    variables: VariableArgs,

    #[command(flatten)]
    pub(super) untrusted: UntrustedArgs,

    #[command(flatten)]
    preflight: PreflightArgs,

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
    let mut module = checked(context, &args.variables)?;
    let whole = module.unset.is_empty() && !module.diagnostics.has_errors();
    if !module.diagnostics.has_errors() {
        let configuration = &module.configuration;
        let (objects, places) = (&configuration.objects, &configuration.places);
        let texts = untranslated::warnings(objects, places, &module.sources);
        module.diagnostics.extend(texts);
    }
    let preflight = if args.preflight.is_asked() && whole {
        let now = context.clock.now();
        let configuration = &module.configuration;
        let timetable = Timetable::new(&configuration.objects, &Moments::default(), now);
        let of = (&configuration.objects, &timetable);
        let preflight = preflight(context, of, &configuration.places, now)?;
        module.diagnostics.extend(preflight.findings.clone());
        Some(preflight)
    } else {
        None
    };
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
    if let Some(preflight) = preflight {
        terminal::print(&preflight.closing());
    }
    if !unset.is_empty() {
        terminal::print(&format!(
            "\nWhat depends on variables without a value was not looked at: {}.\n",
            unset.join(", ")
        ));
    }
    Ok(ExitCode::SUCCESS)
}
