//! `pipeform apply`.

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::carrying_out::carry_out;
use crate::cli::carrying_out::end_clusters;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::familiar::FamiliarArgs;
use crate::cli::in_flight;
use crate::cli::in_flight::InFlightArgs;
use crate::cli::locking;
use crate::cli::locking::LockArgs;
use crate::cli::moving;
use crate::cli::planning;
use crate::cli::planning::Planned;
use crate::cli::policies::PolicyArgs;
use crate::cli::policies::denied;
use crate::cli::policies::findings;
use crate::cli::reporting::ReportArgs;
use crate::cli::rerunning;
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
use crate::cli::views;
use crate::cli::workspaces::DEFAULT;
use crate::objects::Objects;
use crate::plan::budget::MAX_RUNS_PER_APPLY;
use crate::store::Holder;
use crate::store::StateLock;
use crate::time::parse_duration;

/// Make the state what the configuration says, and activate its schedules
///
/// Nothing is executed: instances become due, and `pipeform run` starts them.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// A plan from `pipeform plan --out`: exactly that is done, without a question
    #[arg(value_name = "PLAN", conflicts_with_all = ["var", "var_file", "rerun", "in_flight", "target", "exclude", "rollback", "refresh_only", "destroy"])]
    plan: Option<PathBuf>,

    /// How old a saved plan may be; what has become due since is run, too [default: 24 hours]
    #[arg(long, value_name = "DURATION", requires = "plan")]
    tolerance: Option<String>,

    #[command(flatten)]
    variables: VariableArgs,

    #[command(flatten)]
    rerun: RerunArgs,

    #[command(flatten)]
    in_flight: InFlightArgs,

    #[command(flatten)]
    scope: ScopeArgs,

    /// Remove all definitions, as `pipeform destroy` does
    #[arg(long, conflicts_with_all = ["rollback", "refresh_only", "rerun"], value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = spelling::boolean)]
    destroy: Option<bool>,

    #[command(flatten)]
    approval: Approval,
}

/// Options of commands that change the state.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Approval {
    /// Do not ask before changing the state
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    auto_approve: Option<String>,

    /// Back-fill up to this many runs (otherwise `max_runs_per_apply` of the `pipeform` block, or 1000)
    #[arg(long, value_name = "N")]
    allow_runs: Option<u64>,

    #[command(flatten)]
    lock: LockArgs,

    #[command(flatten)]
    report: ReportArgs,

    #[command(flatten)]
    stream: StreamArgs,

    #[command(flatten)]
    policies: PolicyArgs,

    #[command(flatten)]
    familiar: FamiliarArgs,
}

impl Approval {
    /// Whether nobody is to be asked. Like Terraform's, the flag may say `true` or `false`.
    fn is_given(&self, operation: &str) -> Result<bool, Failure> {
        let Some(text) = self.auto_approve.as_deref() else {
            return Ok(false);
        };
        // `1` is no `true` here: `trigger` and its like take a number, of instances.
        let is_number = text.parse::<u64>().is_ok();
        match spelling::boolean(text) {
            Ok(given) if !is_number => Ok(given),
            _ => {
                let hint = if is_number {
                    "\n\nHow many runs may be back-filled is said by `--allow-runs=N`."
                } else {
                    ""
                };
                Err(Failure::message(format!(
                    "--auto-approve: `{text}` is neither `true` nor `false`; write `pipeform {operation} --auto-approve`.{hint}"
                )))
            }
        }
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let destroy = args.destroy == Some(true);
    streamed(context, &args.approval, |stream| {
        if let Some(path) = &args.plan {
            return apply_saved(args, path, context, stream);
        }
        let target = |prior: &Objects| {
            args.scope.target(context, prior, || {
                if destroy {
                    return Ok(Target::nothing());
                }
                let module = RootModule::load(context, &args.variables, Some(prior))?;
                Ok(Target::module(module.without_errors()?))
            })
        };
        let how = How {
            approval: &args.approval,
            rerun: &args.rerun,
            in_flight: args.in_flight,
            scope: &args.scope,
            operation: if destroy { "destroy" } else { "apply" },
        };
        change(context, target, &how, stream)
    })
}

/// Does something that has events for machines; that it failed is one of them.
pub(super) fn streamed(
    context: &Context,
    approval: &Approval,
    work: impl FnOnce(&mut Stream) -> Result<ExitCode, Failure>,
) -> Result<ExitCode, Failure> {
    let now = context.clock.now();
    let mut stream = approval.stream.open(now)?;
    let work = |stream: &mut Stream| approval.familiar.check().and_then(|()| work(stream));
    let code = work(&mut stream).map_err(|failure| stream.fail(failure, context.clock.now()))?;
    stream.close()?;
    Ok(code)
}

/// How a plan is made and applied.
pub(super) struct How<'a> {
    pub(super) approval: &'a Approval,
    pub(super) rerun: &'a RerunArgs,
    pub(super) in_flight: InFlightArgs,
    pub(super) scope: &'a ScopeArgs,
    pub(super) operation: &'static str,
}

/// Plans, asks and applies.
pub(super) fn change(
    context: &Context,
    target: impl Fn(&Objects) -> Result<Target, Failure>,
    how: &How<'_>,
    stream: &mut Stream,
) -> Result<ExitCode, Failure> {
    let How {
        approval,
        rerun,
        in_flight,
        scope,
        operation,
    } = *how;
    let patience = approval.lock.patience()?;
    let approved = approval.is_given(operation)?;
    if !approved && !stream.for_people() && !scope.is_refresh_only() {
        return Err(Failure::message(format!(
            "--json asks nobody: use `pipeform {operation} --json --auto-approve`, or apply a saved plan."
        )));
    }
    let holder = Holder::this_process(context.who(), operation, context.clock.now());
    // Nothing is created, not even for the lock, while the plan does not stand.
    let store = context.read_state()?;
    let mut planned = planning::plan(context, &store, &target)?;
    rerun.add_to(&mut planned, &store)?;
    in_flight.decide(&mut planned);
    let lock = locking::lock(context, &holder, patience)?;
    let store = context.read_state()?;
    if store.head()?.serial != planned.plan.serial {
        planned = planning::plan(context, &store, &target)?;
        rerun.add_to(&mut planned, &store)?;
        in_flight.decide(&mut planned);
    }
    scope.settle(&mut planned);
    if !approved {
        let obstacles = moving::warnings((context, &store), || Ok(planned.moves()))?;
        planned.warnings.extend(obstacles);
    }
    if stream.is_read() {
        stream.emit(&super::plan::events(&planned, scope))?;
    }
    if stream.for_people() && scope.is_refresh_only() {
        terminal::print(&views::plan::by_hand(&planned.plan, context.look));
    } else if stream.for_people() {
        super::plan::show(&planned, context, &approval.report);
        terminal::print(&scope.note(&planned));
    }
    let asked = Asked {
        destroy: operation == "destroy",
        limited: scope.written(),
        rerun: rerun.written(),
        policies: None,
    };
    let judged = approval.policies.judge(context, &planned, || {
        let made = saved_plan::made(context, &planned, &asked);
        (made, saved_plan::configuration(&planned))
    })?;
    super::plan::report_policies((&approval.report, &judged), planned.plan.at, stream)?;
    if planned.plan.is_empty() {
        finish(context, (&planned, operation), stream)?;
        return Ok(ExitCode::SUCCESS);
    }
    within_budget(approval, &planned)?;
    if !approved && !approve(context, operation)? {
        terminal::say(&format!("\n{} canceled.\n", capital(operation)));
        return Err(Failure::Silent);
    }
    let record = AuditRecord {
        operation: match scope.operation() {
            said if said.is_empty() => operation.to_owned(),
            said => said,
        },
        plan_hash: None,
        rerun: rerun.written(),
    };
    let left = write(context, (lock, &holder), (&planned, &record), stream)?;
    finish(context, (&planned, operation), stream)?;
    Ok(exit_code(approval, left))
}

/// Applies a saved plan.
fn apply_saved(
    args: &Args,
    path: &Path,
    context: &Context,
    stream: &mut Stream,
) -> Result<ExitCode, Failure> {
    let patience = args.approval.lock.patience()?;
    args.approval.is_given("apply")?;
    let tolerance = match &args.tolerance {
        None => saved_plan::TOLERANCE,
        Some(text) => parse_duration(text)
            .map_err(|error| Failure::message(format!("--tolerance: {error}")))?,
    };
    let saved = Saved::read(context, path)?;
    let holder = Holder::this_process(context.who(), "apply", context.clock.now());
    let lock = locking::lock(context, &holder, patience)?;
    let store = context.read_state()?;
    let now = context.clock.now();
    let renewed = saved.renewed(&store, now, tolerance)?;
    let planned = &renewed.planned;
    within_budget(&args.approval, planned)?;
    if stream.is_read() {
        stream.emit(&super::plan::events(planned, &args.scope))?;
    }
    if stream.for_people() {
        terminal::print(&views::saved::applying(&saved.plan, &renewed, context.look));
    }
    if let Some(policies) = saved.plan.policies.as_ref().filter(|said| said.deny()) {
        return Err(denied(findings(policies)));
    }
    let approval = &args.approval;
    let judged = approval.policies.judge(context, planned, || {
        (saved.plan.made.clone(), saved.plan.configuration.clone())
    })?;
    super::plan::report_policies((&approval.report, &judged), now, stream)?;
    if planned.plan.is_empty() {
        finish(context, (planned, "apply"), stream)?;
        return Ok(ExitCode::SUCCESS);
    }
    let record = AuditRecord {
        operation: "apply".to_owned(),
        plan_hash: Some(saved.digest()?),
        rerun: &saved.plan.made.rerun,
    };
    let left = write(context, (lock, &holder), (planned, &record), stream)?;
    finish(context, (planned, "apply"), stream)?;
    Ok(exit_code(approval, left))
}

/// Refuses a plan that starts more runs than is allowed.
fn within_budget(approval: &Approval, planned: &Planned) -> Result<(), Failure> {
    let budget = approval.allow_runs.or(planned.max_runs);
    let budget = budget.unwrap_or(MAX_RUNS_PER_APPLY);
    match planned.plan.effects.over_budget(budget) {
        None => Ok(()),
        Some(finding) => {
            let sources = crate::diag::Sources::default();
            Err(Failure::Findings(Box::new((finding.into(), sources))))
        }
    }
}

/// What the audit trail says about an apply, besides what it changes.
struct AuditRecord<'a> {
    operation: String,
    plan_hash: Option<String>,
    /// How it was asked for what is to run again.
    rerun: &'a [String],
}

/// The exit code of an apply that is done: `left` clusters were to end, and could not be ended, which was told.
fn exit_code(approval: &Approval, left: u64) -> ExitCode {
    match left {
        0 => approval.report.exit_code(true),
        _ => ExitCode::FAILURE,
    }
}

/// Writes what a plan changes, and has what is to run again carried out. Gives how many clusters were to end with it, and could not be
/// ended.
fn write(
    context: &Context,
    (lock, holder): (StateLock, &Holder),
    (planned, record): (&Planned, &AuditRecord<'_>),
    stream: &mut Stream,
) -> Result<u64, Failure> {
    let started = context.clock.now();
    if stream.is_read() {
        stream.emit(&views::applied::start(&planned.plan, started))?;
    }
    let mut store = context.write_state()?;
    let mut apply = planned.apply(&store, context.who())?;
    apply.operation.clone_from(&record.operation);
    apply.plan_hash.clone_from(&record.plan_hash);
    apply.orders = in_flight::orders(planned, &store, &apply.who)?;
    let again = rerunning::order(planned, record.rerun, &apply.who);
    apply.orders.extend(again);
    let lease = moving::keep_runners_out(&mut store, &apply.moves, holder)?;
    let forgotten = moving::forgotten(&store, &apply.moves)?;
    store.apply(&lock, &apply)?;
    stream.applied();
    moving::take_logs_along(context, &apply.moves, &forgotten);
    drop(lease);
    drop(lock);
    let now = context.clock.now();
    let seconds = u64::try_from(now.duration_since(started).as_secs()).unwrap_or(0);
    if stream.is_read() {
        stream.emit(&views::applied::complete(&planned.plan, (now, seconds)))?;
    }
    if !apply.orders.is_empty()
        && let Some(id) = store
            .open_orders()?
            .iter()
            .filter_map(|order| order.id)
            .max()
    {
        return Ok(carry_out(context, store, id, "apply")?.left);
    }
    if store.open_resources()?.is_empty() {
        return Ok(0);
    }
    end_clusters(context, store, "apply")
}

fn finish(
    context: &Context,
    (planned, operation): (&Planned, &str),
    stream: &mut Stream,
) -> Result<(), Failure> {
    if stream.is_read() {
        let outputs = planned.outputs();
        let at = (operation, context.clock.now());
        let summary = views::applied::summary(&planned.plan, outputs, at);
        stream.emit(&summary)?;
    }
    if !stream.for_people() {
        return Ok(());
    }
    let counts = planned.plan.counts();
    let sentence = if operation == "destroy" {
        format!(
            "\nDestroy complete! Resources: {} destroyed.\n",
            counts.destroy
        )
    } else {
        let resources = views::counts::applied(&counts);
        format!("\nApply complete! Resources: {resources}.\n")
    };
    terminal::print(&sentence);
    let outputs = planned.outputs();
    if !outputs.is_empty() && operation != "destroy" {
        terminal::print(&format!("\nOutputs:\n\n{}", super::output::lines(outputs)));
    }
    Ok(())
}

/// Asks. The answer may come through a pipe; where there is nobody to give one, that is an error.
fn approve(context: &Context, operation: &str) -> Result<bool, Failure> {
    let instead = format!("In automation, use `pipeform {operation} --auto-approve`.");
    let place = match context.workspace.as_str() {
        DEFAULT => String::new(),
        name => format!(" in workspace \"{name}\""),
    };
    let question = format!(
        "\nDo you want to perform these actions{place}?\n  Pipeform will perform the actions described above.\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: "
    );
    Ok(terminal::ask(context, &question, &instead)? == "yes")
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches as _;

    use super::*;

    fn parsed(flag: &str) -> Args {
        let line = ["pipeform", "apply", flag];
        let matches = crate::cli::command().try_get_matches_from(line);
        let matches = matches.expect("a command line");
        let (_, matches) = matches.subcommand().expect("a command");
        Args::from_arg_matches(matches).expect("the arguments of an apply")
    }

    #[test]
    fn booleans_are_those_of_terraform_and_a_number_approves_nothing() {
        for (flag, expected) in [
            ("--no-color", Some(false)),
            ("--auto-approve", Some(true)),
            ("--auto-approve=True", Some(true)),
            ("--auto-approve=t", Some(true)),
            ("--auto-approve=FALSE", Some(false)),
            ("--auto-approve=1", None),
            ("--auto-approve=0", None),
            ("--auto-approve=yes", None),
        ] {
            let given = parsed(flag).approval.is_given("apply");
            assert_eq!(given.ok(), expected, "{flag}");
        }
        for (flag, expected) in [
            ("--destroy", Some(true)),
            ("--destroy=True", Some(true)),
            ("--destroy=false", Some(false)),
            ("--auto-approve", None),
        ] {
            assert_eq!(parsed(flag).destroy, expected, "{flag}");
        }
    }
}
