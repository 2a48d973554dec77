//! `pipeform plan`.

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use jiff::Timestamp;

use crate::cli::context::Context;
use crate::cli::earlier::Earlier;
use crate::cli::errors::Failure;
use crate::cli::familiar::FamiliarArgs;
use crate::cli::in_flight::InFlightArgs;
use crate::cli::locking::LockArgs;
use crate::cli::moving;
use crate::cli::planning;
use crate::cli::planning::Before;
use crate::cli::planning::Planned;
use crate::cli::policies;
use crate::cli::policies::Judged;
use crate::cli::policies::PolicyArgs;
use crate::cli::preflight::PreflightArgs;
use crate::cli::preflight::preflight;
use crate::cli::reporting::ReportArgs;
use crate::cli::rerunning::RerunArgs;
use crate::cli::root_module::RootModule;
use crate::cli::root_module::VariableArgs;
use crate::cli::saved_plan;
use crate::cli::saved_plan::Asked;
use crate::cli::saved_plan::Saved;
use crate::cli::scope::ScopeArgs;
use crate::cli::spelling;
use crate::cli::streams::Stream;
use crate::cli::streams::StreamArgs;
use crate::cli::target::Target;
use crate::cli::terminal;
use crate::cli::untrusted::UntrustedArgs;
use crate::cli::views;
use crate::diag::Sources;
use crate::objects::Objects;

/// Show what an apply would do to the definitions and to the runs
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    variables: VariableArgs,

    #[command(flatten)]
    rerun: RerunArgs,

    #[command(flatten)]
    in_flight: InFlightArgs,

    #[command(flatten)]
    report: ReportArgs,

    #[command(flatten)]
    scope: ScopeArgs,

    /// Plan to remove everything
    #[arg(long, conflicts_with_all = ["rollback", "refresh_only"], value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = spelling::boolean)]
    destroy: Option<bool>,

    /// Show how the configuration differs from what was applied as this serial, without effects on runs
    #[arg(long, value_name = "SERIAL", conflicts_with_all = ["destroy", "target", "exclude", "rollback", "refresh_only", "rerun", "in_flight", "out"])]
    from: Option<u64>,

    /// Accepted so that a script can give all commands the same options: a plan takes no lock
    #[command(flatten)]
    lock: LockArgs,

    #[command(flatten)]
    policies: PolicyArgs,

    #[command(flatten)]
    familiar: FamiliarArgs,

    #[command(flatten)]
    pub(super) untrusted: UntrustedArgs,

    #[command(flatten)]
    preflight: PreflightArgs,

    /// Save the plan: `pipeform apply FILE` does exactly this, `pipeform show FILE` shows it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Say whether a saved plan still holds, and why not; nothing is planned
    #[arg(long, value_name = "FILE", conflicts_with_all = ["out", "destroy", "rerun", "in_flight", "var", "var_file", "detailed_exitcode", "target", "exclude", "rollback", "refresh_only", "from"])]
    check: Option<PathBuf>,

    /// Name the runs behind the counts, too: each stretch of time with how many intervals lie in it
    #[arg(long, conflicts_with_all = ["check", "from", "refresh_only"])]
    runs: bool,

    #[command(flatten)]
    stream: StreamArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let now = context.clock.now();
    let mut stream = args.stream.open(now)?;
    plan(args, context, &mut stream).map_err(|failure| stream.fail(failure, context.clock.now()))
}

fn plan(args: &Args, context: &Context, stream: &mut Stream) -> Result<ExitCode, Failure> {
    args.familiar.check()?;
    if let Some(path) = &args.check {
        return check(args, path, context);
    }
    if let Some(serial) = args.from {
        return since(args, serial, context, stream);
    }
    args.lock.patience()?;
    let store = context.read_state()?;
    let target = |prior: &Objects| {
        args.scope.target(context, prior, || {
            if args.destroy == Some(true) {
                return Ok(Target::nothing());
            }
            let module = RootModule::load(context, &args.variables, Some(prior))?;
            Ok(Target::module(module.without_errors()?))
        })
    };
    let (mut planned, said) = if args.out.is_some() {
        let (planned, said) = planning::plan_and_keep(context, &store, target)?;
        (planned, Some(said))
    } else {
        (planning::plan(context, &store, target)?, None)
    };
    args.rerun.add_to(&mut planned, &store)?;
    args.in_flight.decide(&mut planned);
    let obstacles = moving::warnings((context, &store), || Ok(planned.moves()))?;
    planned.warnings.extend(obstacles);
    let mut asked = Asked {
        destroy: args.destroy == Some(true),
        limited: args.scope.written(),
        rerun: args.rerun.written(),
        policies: None,
    };
    let judged = if args.scope.is_refresh_only() {
        Ok(Judged::default())
    } else {
        args.policies.judge(context, &planned, || {
            let made = saved_plan::made(context, &planned, &asked);
            (made, saved_plan::configuration(&planned))
        })
    };
    // A plan that is denied is saved, too: it can be shown, and is not applied.
    if let (Some(path), Some(said), Ok(judged)) = (&args.out, said, &judged) {
        asked.policies.clone_from(&judged.policies);
        saved_plan::keep(context, (&planned, said, &store), &asked, path)?;
    }
    args.scope.settle(&mut planned);
    tell(args, context, &planned, stream)?;
    if args.preflight.is_asked() {
        look_ahead(args, context, &planned, stream)?;
    }
    if args.scope.is_refresh_only() {
        return Ok(args.report.exit_code(!planned.plan.held.is_empty()));
    }
    let judged = judged?;
    report_policies((&args.report, &judged), planned.plan.at, stream)?;
    if stream.for_people()
        && let Some(path) = &args.out
        && context.look.hints
    {
        terminal::print(&views::plan::saved_to(path, context.look));
    }
    let code = args.report.exit_code(!planned.plan.is_empty());
    // The command is at its end: memory goes back as a whole, not object by object.
    std::mem::forget(planned);
    Ok(code)
}

/// Says what the plan is, to people and to machines.
fn tell(
    args: &Args,
    context: &Context,
    planned: &Planned,
    stream: &mut Stream,
) -> Result<(), Failure> {
    if stream.is_read() {
        stream.emit(&events(planned, &args.scope))?;
    }
    if stream.for_people() && args.scope.is_refresh_only() {
        terminal::print(&views::plan::by_hand(&planned.plan, context.look));
    } else if stream.for_people() {
        show(planned, context, &args.report);
        terminal::print(&args.scope.note(planned));
    }
    if args.runs {
        let stretches = planned.stretches();
        if stream.is_read() {
            stream.emit(&views::json::stretches(&stretches, planned.plan.at))?;
        }
        if stream.for_people() {
            let text = views::stretches::stretches(&stretches, context.look);
            terminal::print(&format!("\n{text}"));
        }
    }
    Ok(())
}

/// Looks whether what the runs need is there, and says what is not. Fails when something is missing.
fn look_ahead(
    args: &Args,
    context: &Context,
    planned: &Planned,
    stream: &mut Stream,
) -> Result<(), Failure> {
    let of = (planned.next_objects(), planned.next_timetable());
    let preflight = preflight(context, of, &planned.places, planned.plan.at)?;
    if preflight.findings.has_errors() {
        return Err(Failure::Findings(Box::new((
            preflight.findings,
            planned.sources.clone(),
        ))));
    }
    if stream.is_read() {
        let (findings, sources) = (&preflight.findings, &planned.sources);
        stream.emit(&views::json::diagnostics(
            findings,
            sources,
            planned.plan.at,
        ))?;
    }
    if stream.for_people() {
        args.report.warn(&preflight.findings, &planned.sources);
        terminal::print(&format!("\n{}", preflight.closing()));
    }
    Ok(())
}

/// Says what policies say about a plan; fails when they deny it.
pub(super) fn report_policies(
    (report, judged): (&ReportArgs, &Judged),
    at: Timestamp,
    stream: &mut Stream,
) -> Result<(), Failure> {
    let Some(policies) = &judged.policies else {
        return Ok(());
    };
    if stream.is_read() {
        stream.emit(&views::json::policies(policies, at))?;
    }
    if stream.for_people() {
        terminal::print(&views::saved::policies(policies));
    }
    judged.allowed()?;
    let (warnings, sources) = (judged.findings(), &judged.sources);
    if stream.is_read() {
        stream.emit(&views::json::diagnostics(&warnings, sources, at))?;
    }
    if stream.for_people() {
        report.warn(&warnings, sources);
    }
    Ok(())
}

/// A plan for machines.
pub(super) fn events(planned: &Planned, scope: &ScopeArgs) -> String {
    let at = planned.plan.at;
    let mut events = String::new();
    if scope.is_refresh_only() {
        events.push_str(&views::json::drift(&planned.plan, planned.next_objects()));
    }
    events.push_str(&views::json::plan(&planned.plan, at));
    if !scope.is_refresh_only() {
        events.push_str(&views::json::upcoming(&planned.upcoming(), at));
    }
    let (warnings, sources) = (&planned.warnings, &planned.sources);
    events.push_str(&views::json::diagnostics(warnings, sources, at));
    events
}

/// Shows what has changed since an earlier serial.
fn since(
    args: &Args,
    serial: u64,
    context: &Context,
    stream: &mut Stream,
) -> Result<ExitCode, Failure> {
    let store = context.read_state()?;
    let earlier = Earlier::read(context, &store, ("--from", serial))?;
    let module = RootModule::load(context, &args.variables, Some(earlier.objects()))?;
    let target = Target::module(module.without_errors()?);
    let plan = earlier.changes_to(target, context, &store)?;
    if stream.is_read() {
        stream.emit(&views::json::definitions(&plan, plan.at))?;
    }
    if stream.for_people() {
        terminal::print(&views::plan::since(&plan, serial, context.look));
    }
    Ok(args.report.exit_code(!plan.is_empty()))
}

/// Says whether a saved plan still holds.
fn check(args: &Args, path: &Path, context: &Context) -> Result<ExitCode, Failure> {
    let store = context.read_state()?;
    let (now, tolerance) = (context.clock.now(), saved_plan::TOLERANCE);
    if !Saved::holds_at_once((context, path), &store, now, tolerance)? {
        let saved = Saved::read(context, path)?;
        let said = Before::read(&store)?;
        let mut findings = saved.changed_files(context);
        findings.extend(saved.moved(&store, &said, now, tolerance)?);
        if findings.has_errors() {
            return Err(saved.refusal(findings));
        }
        if let Some(policies) = saved.plan.policies.as_ref().filter(|said| said.deny()) {
            return Err(policies::denied(policies::findings(policies)));
        }
    }
    terminal::print("The plan still holds: nothing that it depends on has changed.\n");
    let obstacles = moving::warnings((context, &store), || {
        Ok(Saved::read(context, path)?.plan.operations.moves)
    })?;
    args.report.warn(&obstacles, &Sources::default());
    Ok(ExitCode::SUCCESS)
}

/// Prints a plan for people, and what checks warn of.
pub(super) fn show(planned: &Planned, context: &Context, report: &ReportArgs) {
    let example = |object: &_, residual: &_| planned.example(object, residual);
    terminal::print(&views::plan::plan(&planned.plan, &example, context.look));
    report.warn(&planned.warnings, &planned.sources);
}
