//! `pipeform plan`.

use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::locking::LockArgs;
use crate::cli::planning;
use crate::cli::planning::Planned;
use crate::cli::reporting::ReportArgs;
use crate::cli::rerunning::RerunArgs;
use crate::cli::root_module::RootModule;
use crate::cli::root_module::VariableArgs;
use crate::cli::target::Target;
use crate::cli::terminal;
use crate::cli::views;

/// Show what an apply would do to the definitions and to the runs
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    variables: VariableArgs,

    #[command(flatten)]
    rerun: RerunArgs,

    #[command(flatten)]
    report: ReportArgs,

    /// Plan to remove everything
    #[arg(long)]
    destroy: bool,

    /// Accepted so that a script can give all commands the same options: a plan takes no lock
    #[command(flatten)]
    lock: LockArgs,

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
            terminal::print(&views::json::diagnostics(diagnostics, sources, now));
            Err(Failure::Silent)
        }
        result => result,
    }
}

fn plan(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    args.lock.patience()?;
    let store = context.read_state()?;
    let mut planned = planning::plan(context, &store, |prior| {
        if args.destroy {
            return Ok(Target::nothing());
        }
        let module = RootModule::load(context, &args.variables, Some(prior))?;
        Ok(Target::module(module.without_errors()?))
    })?;
    args.rerun.add_to(&mut planned, &store)?;
    if args.json {
        let now = planned.plan.at;
        let version = views::json::version(env!("CARGO_PKG_VERSION"), now);
        terminal::print(&version);
        terminal::print(&views::json::plan(&planned.plan, now));
        terminal::print(&views::json::upcoming(&planned.upcoming(), now));
        let (warnings, sources) = (&planned.warnings, &planned.sources);
        terminal::print(&views::json::diagnostics(warnings, sources, now));
    } else {
        show(&planned, context, &args.report);
    }
    Ok(args.report.exit_code(!planned.plan.is_empty()))
}

/// Prints a plan for people, and what checks warn of.
pub(super) fn show(planned: &Planned, context: &Context, report: &ReportArgs) {
    let example = |object: &_, residual: &_| planned.example(object, residual);
    terminal::print(&views::plan::plan(&planned.plan, &example, context.look));
    report.warn(&planned.warnings, &planned.sources);
}
