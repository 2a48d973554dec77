//! `pipeform state mv`.

use super::rewrite::Rewrite;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::locking::LockArgs;
use crate::cli::planning;
use crate::cli::planning::Planned;
use crate::cli::target::Target;
use crate::cli::terminal;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::diag::did_you_mean;
use crate::lang::module::Moved;
use crate::lang::module::read_endpoint;
use crate::objects::Address;
use crate::objects::Objects;
use crate::objects::configuration::Configuration;
use crate::objects::moves::Statements;
use crate::plan::Relocation;
use crate::plan::effects::Activation;
use crate::store::Store;

/// Give objects another address, with all that is inside them, their history and their logs, as a `moved` block does
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The address it has: that of an object or of a module. Without a key, all keys are meant
    source: String,

    /// The address it gets
    destination: String,

    /// Say what would be moved, and move nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    lock: LockArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let statements = statements(args)?;
    let rewrite = Rewrite {
        context,
        lock: &args.lock,
        operation: "state mv",
        dry_run: args.dry_run,
    };
    let target = |store: &Store, prior: &Objects| moved(args, &statements, store, prior);
    let planned = rewrite.run(target, changes_nothing)?;
    let mut number = 0;
    let word = if args.dry_run { "Would move" } else { "Move" };
    for change in &planned.plan.changes {
        if let Some(from) = &change.moved_from {
            terminal::print(&format!("{word} \"{from}\" to \"{}\"\n", change.address));
            number += 1;
        }
    }
    if !args.dry_run {
        terminal::print(&format!("Successfully moved {number} object(s).\n"));
    }
    Ok(())
}

fn statements(args: &Args) -> Result<Statements, Failure> {
    let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::new());
    let mut read = |name: &str, text: &str| {
        let file = sources.add(name, text);
        read_endpoint(file, text, &mut diagnostics)
    };
    let from = read("SOURCE", &args.source);
    let to = read("DESTINATION", &args.destination);
    let statements = from.zip(to).map(|(from, to)| {
        let moved = Moved { from, to };
        Statements::of_move(moved, &mut diagnostics)
    });
    match statements {
        Some(statements) if !diagnostics.has_errors() => Ok(statements),
        _ => Err(Failure::Findings(Box::new((diagnostics, sources)))),
    }
}

/// Refuses what would come into a pipeline that gives it something else: its runs would change, which nobody has seen.
fn changes_nothing(planned: &Planned) -> Result<(), Failure> {
    let changed = planned.plan.changes.iter();
    let mut changed = changed.filter(|change| !change.attributes.is_empty());
    let found = changed.find_map(|change| Some((change, change.moved_from.as_ref()?)));
    let Some((change, old)) = found else {
        return keeps_runs(planned);
    };
    let names = change.attributes.iter();
    let names: Vec<String> = names
        .map(|attribute| format!("`{}`", attribute.name))
        .collect();
    Err(Failure::message(format!(
        "`{old}` cannot move to `{}` by this: its pipeline says its {}, and the other one says something else.\n\nWrite a `moved` block: then a plan shows what becomes of its runs. Or write in its own block what it is to keep, and apply that first.",
        change.address,
        names.join(", ")
    )))
}

/// Refuses what would be held in another pipeline and was not, or the other way round, or have other intervals there, whatever attributes say:
/// operators pause pipelines, and a schedule without `start` begins with its pipeline.
fn keeps_runs(planned: &Planned) -> Result<(), Failure> {
    let prior = &planned.prior().objects;
    let pipelines = planned.plan.effects.pipelines.iter();
    for activity in pipelines.flat_map(|pipeline| &pipeline.activities) {
        let why = match activity.activation {
            Activation::Activated => "it is held where it stands, and would not be there",
            Activation::Deactivated => "it would be held there",
            Activation::Unchanged if activity.cut.is_some() => {
                "its schedule, which has no `start`, begins otherwise there"
            }
            Activation::Unchanged => continue,
        };
        let stands = prior.get(&activity.address);
        let comes = stands.is_some_and(|object| object.pipeline != object.address.pipeline());
        let mut moves = planned.relocation().pairs();
        let old = moves.find(|(_, new)| **new == activity.address);
        if let Some((old, new)) = old.filter(|_| comes) {
            return Err(Failure::message(format!(
                "`{old}` cannot move to `{new}` by this: {why}.\n\nWrite a `moved` block: then a plan shows what becomes of its runs. Where a pipeline is paused, `pipeform resume` lets it go on first."
            )));
        }
    }
    Ok(())
}

/// What was applied, at the new addresses.
fn moved(
    args: &Args,
    statements: &Statements,
    store: &Store,
    prior: &Objects,
) -> Result<Target, Failure> {
    let relocation = Relocation::find(&statements.moves, prior, &Objects::new());
    let (source, destination) = (&args.source, &args.destination);
    if let Some(step) = relocation.blocked.first() {
        return Err(Failure::message(format!(
            "`{}` cannot move to `{}`: the state has an object there already.\n\nMove that one away first, or remove it.",
            step.from, step.to
        )));
    }
    if relocation.is_empty() {
        let hint = did_you_mean(source, prior.keys().map(Address::as_str)).unwrap_or_default();
        return Err(Failure::message(format!(
            "The state has no `{source}`. {hint}\n\n`pipeform state list` shows what there is."
        )));
    }
    let objects = relocation.objects(prior.clone());
    let homeless = objects.keys().find(|address| {
        let pipeline = address.pipeline();
        pipeline.is_some_and(|pipeline| !objects.contains_key(&pipeline))
    });
    if let Some(address) = homeless {
        return Err(Failure::message(format!(
            "`{source}` cannot move to `{destination}`: `{address}` would stand in a pipeline that the state does not have.\n\nApply the pipeline first, or move it as a whole."
        )));
    }
    let outputs = planning::read_outputs(store)?.into_iter();
    let outputs = outputs.map(|(name, value)| (name, relocation.value(value)));
    Ok(Target::state(Configuration {
        objects,
        outputs: outputs.collect(),
        statements: statements.clone(),
        ..Configuration::default()
    }))
}
