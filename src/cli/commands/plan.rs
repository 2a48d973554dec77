//! `pipeform plan`.

use std::process::ExitCode;

use crate::cli::context;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::planning;
use crate::cli::planning::Planned;
use crate::cli::planning::Target;
use crate::cli::root_module::RootModule;
use crate::cli::root_module::VariableArgs;
use crate::cli::terminal;
use crate::cli::views;
use crate::diag;
use crate::diag::Sources;

/// Show what an apply would do to the definitions and to the runs
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    variables: VariableArgs,

    /// Exit with 0 when nothing changes, 2 when something does, 1 on errors
    #[arg(long)]
    detailed_exitcode: bool,

    /// Plan to remove everything
    #[arg(long)]
    destroy: bool,

    /// As machine-readable events, one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    match plan(args, context) {
        Err(Failure::Findings(findings)) if args.json => {
            let (diagnostics, sources) = findings.as_ref();
            let now = context.clock.now();
            terminal::print(&views::json::version(env!("CARGO_PKG_VERSION"), now));
            for diagnostic in diagnostics.iter() {
                let range = diagnostic.span.map(|span| diag::range(span, sources));
                terminal::print(&views::json::diagnostic(diagnostic, range, now));
            }
            Err(Failure::Silent)
        }
        result => result,
    }
}

fn plan(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let target = if args.destroy {
        Target::nothing()
    } else {
        Target::module(RootModule::load(context, &args.variables)?.valid()?)
    };
    let store = context.read_state()?;
    let planned = planning::plan(context, &store, target)?;
    if args.json {
        let version = views::json::version(env!("CARGO_PKG_VERSION"), planned.plan.at);
        terminal::print(&version);
        terminal::print(&views::json::plan(&planned.plan, planned.plan.at));
        for warning in planned.warnings.iter() {
            terminal::print(&views::json::diagnostic(warning, None, planned.plan.at));
        }
    } else {
        show(&planned, context);
    }
    Ok(if args.detailed_exitcode && !planned.plan.is_empty() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    })
}

/// Prints a plan for people.
pub(super) fn show(planned: &Planned, context: &Context) {
    let example = |object: &_, residual: &_| planned.example(object, residual);
    terminal::print(&views::plan::plan(&planned.plan, &example, context.look));
    if !planned.warnings.is_empty() {
        let look = context::Style::of_stderr().look;
        let sources = Sources::default();
        let text = diag::render(&planned.warnings, &sources, look.color, look.width);
        terminal::say(&format!("\n{text}"));
    }
}
