//! `pipeform resume`.

use std::process::ExitCode;

use super::backlog::Backlogs;
use super::operate;
use super::operate::Approved;
use super::operate::Common;
use super::operate::Scene;
use super::operate::selections;
use super::pause;
use super::proposing::Among;
use super::proposing::Unmade;
use super::select::Selection;
use super::select::is_inside;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::statuses::HELD;
use crate::cli::terminal;
use crate::cli::views::operation::Outcome;
use crate::cli::views::operation::Proposal;
use crate::cli::views::operation::Words;
use crate::engine::Operation;
use crate::objects::Address;

/// Let go on what `pause` has held
///
/// Without intervals: the objects, and all their instances that are held. What became due meanwhile runs as `catch_up` says.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let selections = selections(&args.common)?;
    let scene = Scene::look(context)?;
    let mut instances = scene.proposal(&selections, Unmade::None, Among::Unfinished, HELD)?;
    // Nobody has asked for the others.
    instances.left_alone.clear();
    if !pause::whole(&selections, "resume")? {
        return operate::run(
            &scene,
            &args.common,
            &words(true),
            instances,
            Operation::Resume,
        );
    }
    for selection in &selections {
        scene.objects(selection)?;
        refuse_inside_of_paused(&scene, selection)?;
    }
    let lifted: Vec<Address> = scene
        .definition
        .pauses
        .keys()
        .filter(|paused| selections.iter().any(|it| is_inside(paused, &it.address)))
        .cloned()
        .collect();
    if lifted.is_empty() {
        let mut objects = Vec::new();
        for selection in &selections {
            objects.extend(scene.objects(selection)?);
        }
        instances.held = operate::held(&scene, &objects);
        return operate::run(
            &scene,
            &args.common,
            &words(false),
            instances,
            Operation::Resume,
        );
    }
    resume_objects(&scene, args, &lifted, instances)
}

/// Lets whole objects go on, and the instances in them that were held one by one.
fn resume_objects(
    scene: &Scene<'_>,
    args: &Args,
    lifted: &[Address],
    instances: Proposal,
) -> Result<ExitCode, Failure> {
    let context = scene.context;
    let backlogs = Backlogs::of(scene, "resume", lifted, instances.targets.len());
    backlogs.show(args.common.json);
    if args.common.dry_run {
        backlogs.close(args.common.json, Outcome::DryRun);
        return Ok(ExitCode::SUCCESS);
    }
    if !operate::approve((context, &args.common), &words(false), backlogs.number())? {
        terminal::say("\nNothing was done.\n");
        return Err(Failure::Silent);
    }
    let objects = u64::try_from(lifted.len()).unwrap_or(u64::MAX);
    let mut record = operate::record(context, &args.common, &words(false), objects);
    record.changed = Some(objects);
    let mut store = context.write_state()?;
    store.set_pauses(&record, &[], lifted)?;
    drop(store);
    backlogs.close(args.common.json, Outcome::Done(objects));
    if instances.targets.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let common = Common {
        auto_approve: Some(Approved::Any),
        ..args.common.clone()
    };
    operate::run(scene, &common, &words(false), instances, Operation::Resume)
}

/// `starts`: whether objects stay held that are.
fn words(starts: bool) -> Words {
    Words {
        command: "resume",
        does: ["resume", ""],
        options: Vec::new(),
        starts,
    }
}

/// An activity cannot go on while its pipeline is held.
fn refuse_inside_of_paused(scene: &Scene<'_>, selection: &Selection) -> Result<(), Failure> {
    let pauses = &scene.definition.pauses;
    for address in scene.objects(selection)? {
        let object = scene.definition.objects.get(&address);
        let pipeline = object.and_then(|object| object.pipeline.as_ref());
        if let Some((pipeline, paused)) = pipeline.and_then(|it| pauses.get_key_value(it))
            && !is_inside(pipeline, &selection.address)
        {
            return Err(Failure::message(format!(
                "`{address}` is held with its pipeline, `{pipeline}`, which {} has paused.\n\n`pipeform resume {pipeline}` lets all of it go on.",
                paused.who
            )));
        }
    }
    Ok(())
}
