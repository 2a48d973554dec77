//! `pipeform trigger`.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use super::operate;
use super::operate::Common;
use super::operate::Scene;
use super::operate::selections;
use super::select::Range;
use super::select::Selection;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::cli::views::operation;
use crate::cli::views::operation::Outcome;
use crate::cli::views::operation::Proposal;
use crate::cli::views::operation::Words;
use crate::engine::Change;
use crate::engine::Event;
use crate::engine::InstanceKey;
use crate::objects::Address;
use crate::objects::Kind;
use crate::store::Holder;
use crate::store::Store;
use crate::time::Interval;

/// Make a run of on-demand pipelines or activities: those without a schedule
///
/// All that are named are one run: what depends on something waits for it. `pipeform run` starts it, or a runner that is there
/// already.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let common = &args.common;
    let selections = selections(common)?;
    if let Some(selection) = selections.iter().find(|it| it.range != Range::Unsaid) {
        return Err(Failure::message(format!(
            "`{}`: what is triggered runs for the moment of the trigger, and not for intervals.\n\n`backfill` and `rerun` are for intervals.",
            selection.text
        )));
    }
    let mut scene = Scene::look(context)?;
    let activities = on_demand(&scene, &selections)?;
    if activities.is_empty() {
        return Err(Failure::message(format!(
            "There is no on-demand activity in {}: what has a schedule runs by it.",
            common.selections.join(", ")
        )));
    }
    let moment = Interval::moment(scene.now);
    let target = |object: &Address| {
        let key = InstanceKey {
            object: object.clone(),
            interval: moment,
        };
        (key, None)
    };
    let proposal = Proposal {
        targets: activities.iter().map(target).collect(),
        ..Proposal::default()
    };
    let words = Words {
        command: "trigger",
        does: ["trigger", ""],
        options: Vec::new(),
    };
    if !common.json {
        terminal::print(&operation::human(&words, &proposal, &scene.definition));
    }
    let count = u64::try_from(proposal.targets.len()).unwrap_or(u64::MAX);
    let mut outcome = Outcome::DryRun;
    if !common.dry_run {
        if !operate::approve(common, &words, count)? {
            terminal::say("\nNothing was done.\n");
            return Err(Failure::Silent);
        }
        enqueue(&mut scene, common, &words, activities)?;
        outcome = Outcome::Done(count);
    }
    terminal::print(&if common.json {
        operation::json(&words, &proposal, outcome)
    } else {
        operation::closing(&proposal, outcome)
    });
    if outcome != Outcome::DryRun && !common.json {
        terminal::say("`pipeform run` starts it, or a runner that is there already.\n");
    }
    Ok(ExitCode::SUCCESS)
}

fn on_demand(scene: &Scene<'_>, selections: &[Selection]) -> Result<Vec<Address>, Failure> {
    let mut chosen: BTreeSet<Address> = BTreeSet::new();
    for selection in selections {
        chosen.extend(scene.objects(selection)?);
    }
    let definition = &scene.definition;
    chosen.retain(|address| {
        let object = definition.objects.get(address);
        object.is_some_and(|object| object.kind() == Kind::Activity)
            && definition.timetable.schedule(address).is_none()
    });
    Ok(chosen.into_iter().collect())
}

/// Writes the instances of the run into the state.
fn enqueue(
    scene: &mut Scene<'_>,
    common: &Common,
    words: &Words,
    activities: Vec<Address>,
) -> Result<(), Failure> {
    let context = scene.context;
    let count = u64::try_from(activities.len()).unwrap_or(u64::MAX);
    let holder = Holder::this_process(context.who(), "trigger", scene.now);
    let lock = Store::lock_state(&context.state_path(), &holder, Duration::from_secs(10))?;
    let step = scene.engine.step(Event::Trigger(activities), scene.now);
    let made: Vec<Change> = step
        .changes
        .into_iter()
        .filter(|change| {
            matches!(change, Change::Instance(instance) if instance.key.interval.is_moment())
        })
        .collect();
    let mut record = operate::record(context, common, words, count);
    record.changed = Some(count);
    let mut store = context.write_state()?;
    store.enqueue(&lock, &record, &made)?;
    Ok(())
}
