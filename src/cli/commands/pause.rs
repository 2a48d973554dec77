//! `pipeform pause`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use super::backlog::Backlogs;
use super::operate;
use super::operate::Common;
use super::operate::Scene;
use super::operate::selections;
use super::proposing::Among;
use super::proposing::Unmade;
use super::select::Range;
use super::select::Selection;
use super::select::select;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::statuses::WAITING;
use crate::cli::terminal;
use crate::cli::views::operation::Outcome;
use crate::cli::views::operation::Words;
use crate::engine::Operation;
use crate::objects::Address;
use crate::objects::Kind;

/// Hold pipelines, activities, or some of their instances
///
/// Without intervals the object is held: its instances that wait, and those that become due, until `resume`. With intervals
/// these instances are, if they wait, and also if they are due, or to be back-filled, and not made yet. What runs goes on.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let selections = selections(&args.common)?;
    let scene = Scene::look(context)?;
    let whole = whole(&selections, "pause")?;
    if whole {
        return pause_objects(&scene, args, &selections);
    }
    let unmade = Unmade::DueOrAskedFor;
    let proposal = scene.proposal(&selections, unmade, Among::AllNamed, WAITING)?;
    operate::run(&scene, &args.common, &words(), proposal, Operation::Pause)
}

fn words() -> Words {
    Words {
        command: "pause",
        does: ["pause", ""],
        options: Vec::new(),
        starts: false,
    }
}

/// Whether whole objects are meant, and not some of their instances.
pub(super) fn whole(selections: &[Selection], command: &str) -> Result<bool, Failure> {
    let unsaid = |selection: &&Selection| selection.range == Range::Unsaid;
    match selections.iter().filter(unsaid).count() {
        0 => Ok(false),
        number if number == selections.len() => Ok(true),
        _ => Err(Failure::message(format!(
            "`{command}` takes whole objects, or intervals of objects, and not both at once: they are held in different ways."
        ))),
    }
}

fn pause_objects(
    scene: &Scene<'_>,
    args: &Args,
    selections: &[Selection],
) -> Result<ExitCode, Failure> {
    let mut chosen: BTreeSet<Address> = BTreeSet::new();
    for selection in selections {
        chosen.extend(objects(scene, selection)?);
    }
    let (held, fresh): (Vec<Address>, Vec<Address>) = chosen
        .into_iter()
        .partition(|address| scene.definition.pauses.contains_key(address));
    let backlogs = Backlogs::of(scene, "pause", &fresh, 0);
    backlogs.show(args.common.json);
    if !held.is_empty() && !args.common.json {
        terminal::print(&format!("Left alone: {} paused already.\n", held.len()));
    }
    if fresh.is_empty() || args.common.dry_run {
        backlogs.close(args.common.json, Outcome::DryRun);
        return Ok(ExitCode::SUCCESS);
    }
    if !operate::approve((scene.context, &args.common), &words(), backlogs.number())? {
        terminal::say("\nNothing was done.\n");
        return Err(Failure::Silent);
    }
    let objects = u64::try_from(fresh.len()).unwrap_or(u64::MAX);
    let mut record = operate::record(scene.context, &args.common, &words(), objects);
    record.changed = Some(objects);
    let mut store = scene.context.write_state()?;
    store.set_pauses(&record, &fresh, &[])?;
    backlogs.close(args.common.json, Outcome::Done(objects));
    Ok(ExitCode::SUCCESS)
}

/// The objects that are held by a selection: pipelines as a whole, so that what they get later is held, too.
fn objects(scene: &Scene<'_>, selection: &Selection) -> Result<Vec<Address>, Failure> {
    let known: BTreeSet<Address> = scene.definition.objects.keys().cloned().collect();
    let chosen = select(&known, std::slice::from_ref(&selection.address))?;
    let objects = &scene.definition.objects;
    let pipelines: BTreeSet<&Address> = chosen
        .iter()
        .filter(|address| {
            let object = objects.get(*address);
            object.is_some_and(|object| object.kind() == Kind::Pipeline)
        })
        .collect();
    let units = scene.objects(selection)?;
    let alone = units.iter().filter(|address| {
        let pipeline = objects
            .get(*address)
            .and_then(|object| object.pipeline.as_ref());
        pipeline.is_none_or(|pipeline| !pipelines.contains(pipeline))
    });
    Ok(pipelines.iter().copied().chain(alone).cloned().collect())
}
