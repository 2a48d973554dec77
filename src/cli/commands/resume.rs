//! `pipeform resume`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use serde_json::json;

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
    show_objects(&scene, args.common.json, "resume", &lifted);
    let asked = u64::try_from(lifted.len() + instances.targets.len()).unwrap_or(u64::MAX);
    if args.common.dry_run {
        close_objects(&args.common, "resume", &lifted, Outcome::DryRun);
        return Ok(ExitCode::SUCCESS);
    }
    if !operate::approve((scene.context, &args.common), &words(false), asked)? {
        terminal::say("\nNothing was done.\n");
        return Err(Failure::Silent);
    }
    let mut record = operate::record(context, &args.common, &words(false), asked);
    record.changed = Some(asked);
    let mut store = context.write_state()?;
    store.set_pauses(&record, &[], &lifted)?;
    drop(store);
    close_objects(&args.common, "resume", &lifted, Outcome::Done(asked));
    if instances.targets.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let common = Common {
        auto_approve: Some(Approved::Any),
        ..args.common.clone()
    };
    operate::run(&scene, &common, &words(false), instances, Operation::Resume)
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

/// What will be done to objects, for people.
pub(super) fn show_objects(scene: &Scene<'_>, as_json: bool, command: &str, objects: &[Address]) {
    if as_json {
        return;
    }
    if objects.is_empty() {
        terminal::print(&format!("There is nothing to {command}.\n"));
        return;
    }
    let mut text = format!("This will {command}:\n");
    for (object, waiting) in pause::waiting(scene, objects) {
        let instances = if waiting == 1 {
            "instance waits"
        } else {
            "instances wait"
        };
        let line = format!("  {object}: {waiting} {instances}\n");
        text.push_str(&line);
    }
    terminal::print(&text);
}

/// What came of it.
pub(super) fn close_objects(common: &Common, command: &str, objects: &[Address], outcome: Outcome) {
    if common.json {
        let (state, changed) = match outcome {
            Outcome::Done(_) => ("done", Some(objects.len())),
            _ => ("dry_run", None),
        };
        let objects: BTreeSet<&str> = objects.iter().map(Address::as_str).collect();
        let line = json!({
            "operation": command,
            "objects": objects,
            "outcome": state,
            "changed": changed,
        });
        terminal::print(&format!("{line}\n"));
    } else if !objects.is_empty() {
        terminal::print(match outcome {
            Outcome::Done(_) if command == "pause" => {
                "\nDone: nothing of it starts until `pipeform resume`. What runs goes on.\n"
            }
            Outcome::Done(_) => "\nDone: a runner starts what waits.\n",
            _ => "\nNothing was done: this is a dry run.\n",
        });
    }
}
