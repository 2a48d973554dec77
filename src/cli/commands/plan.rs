//! `pipeform plan`.

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::locking::LockArgs;
use crate::cli::planning;
use crate::cli::planning::Before;
use crate::cli::planning::Planned;
use crate::cli::reporting::ReportArgs;
use crate::cli::rerunning::RerunArgs;
use crate::cli::root_module::RootModule;
use crate::cli::root_module::VariableArgs;
use crate::cli::saved_plan;
use crate::cli::saved_plan::Asked;
use crate::cli::saved_plan::Saved;
use crate::cli::target::Target;
use crate::cli::terminal;
use crate::cli::views;
use crate::objects::Objects;

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
    /// Save the plan: `pipeform apply FILE` does exactly this, `pipeform show FILE` shows it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Say whether a saved plan still holds, and why not; nothing is planned
    #[arg(long, value_name = "FILE", conflicts_with_all = ["out", "destroy", "rerun", "var", "var_file", "detailed_exitcode"])]
    check: Option<PathBuf>,

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
    if let Some(path) = &args.check {
        return check(path, context);
    }
    args.lock.patience()?;
    let store = context.read_state()?;
    let target = |prior: &Objects| {
        if args.destroy {
            return Ok(Target::nothing());
        }
        let module = RootModule::load(context, &args.variables, Some(prior))?;
        Ok(Target::module(module.without_errors()?))
    };
    let planned = match &args.out {
        None => {
            let mut planned = planning::plan(context, &store, target)?;
            args.rerun.add_to(&mut planned, &store)?;
            planned
        }
        Some(path) => {
            let (mut planned, said) = planning::plan_and_keep(context, &store, target)?;
            args.rerun.add_to(&mut planned, &store)?;
            let asked = Asked {
                destroy: args.destroy,
                rerun: args.rerun.written(),
            };
            saved_plan::keep(context, (&planned, said), &asked, path)?;
            planned
        }
    };
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
        if let Some(path) = &args.out
            && context.look.hints
        {
            terminal::print(&views::plan::saved_to(path, context.look));
        }
    }
    Ok(args.report.exit_code(!planned.plan.is_empty()))
}

/// Says whether a saved plan still holds.
fn check(path: &Path, context: &Context) -> Result<ExitCode, Failure> {
    let saved = Saved::read(context, path)?;
    let store = context.read_state()?;
    let said = Before::read(&store)?;
    let mut findings = saved.changed_files(context);
    let (now, tolerance) = (context.clock.now(), saved_plan::TOLERANCE);
    findings.extend(saved.moved(&store, &said, now, tolerance)?);
    if findings.has_errors() {
        return Err(saved.refusal(findings));
    }
    terminal::print("The plan still holds: nothing that it depends on has changed.\n");
    Ok(ExitCode::SUCCESS)
}

/// Prints a plan for people, and what checks warn of.
pub(super) fn show(planned: &Planned, context: &Context, report: &ReportArgs) {
    let example = |object: &_, residual: &_| planned.example(object, residual);
    terminal::print(&views::plan::plan(&planned.plan, &example, context.look));
    report.warn(&planned.warnings, &planned.sources);
}
