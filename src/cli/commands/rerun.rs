//! `pipeform rerun`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use super::operate;
use super::operate::Common;
use super::operate::Scene;
use super::operate::demand_range;
use super::operate::selections;
use super::proposing::Among;
use super::proposing::Unmade;
use super::select::Selection;
use super::select::is_inside;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::statuses::ENDED;
use crate::cli::statuses::FAILED;
use crate::cli::views::operation::Words;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Operation;
use crate::engine::UnitKind;

/// Run instances once more that have ended
///
/// They take the current definition, and all their retries. What waits for them waits until they have finished.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    common: Common,

    /// With everything that depends on them and has ended, or is under way: its attempt is stopped, and made again after them
    #[arg(long)]
    with_consumers: bool,

    /// Only those that failed, by themselves or with what they depend on; also data that was not there in time
    #[arg(long)]
    failed: bool,

    /// With the definition that they ran with
    #[arg(long)]
    as_was: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let selections = selections(&args.common)?;
    let scene = Scene::look(context)?;
    if !args.failed {
        demand_range(&scene, &selections, "rerun")?;
    }
    let (statuses, among) = if args.failed {
        (FAILED, Among::Unfinished)
    } else {
        (ENDED, Among::All)
    };
    let mut proposal = scene.proposal(&selections, Unmade::None, among, statuses)?;
    if args.failed {
        // Nobody has asked for the others.
        proposal.left_alone.clear();
        let nodes = scene
            .engine
            .failed_nodes(|key| is_meant(&scene, &selections, key));
        let nodes = nodes.into_iter().map(|it| (it.key, Some(it.status)));
        proposal.targets.extend(nodes);
        proposal.targets.sort();
        proposal.targets.dedup();
    }
    let first = proposal.targets.iter().map(|(key, _)| key.clone());
    let consumers = consumers(&scene, first.collect(), args.with_consumers)?;
    let consumers = consumers.into_iter().map(|it| (it.key, it.status));
    if args.with_consumers {
        let more = consumers.map(|(key, status)| (key, Some(status)));
        proposal.targets.extend(more);
        proposal.targets.sort();
        proposal.targets.dedup();
    } else {
        proposal.readers = consumers.collect();
    }
    let flags = [
        (args.with_consumers, "--with-consumers"),
        (args.failed, "--failed"),
        (args.as_was, "--as-was"),
    ];
    let words = Words {
        command: "rerun",
        does: ["run", " again"],
        options: flags
            .into_iter()
            .filter_map(|(set, flag)| set.then_some(flag))
            .collect(),
        starts: true,
    };
    let operation = Operation::Rerun {
        as_was: args.as_was,
        restart: args.with_consumers,
    };
    operate::run(&scene, &args.common, &words, proposal, operation)
}

/// Whether an instance is one that selections are about, also one of a data node.
fn is_meant(scene: &Scene<'_>, selections: &[Selection], key: &InstanceKey) -> bool {
    selections.iter().any(|selection| {
        let starts = || scene.starts(selection, &key.object);
        is_inside(&key.object, &selection.address)
            && starts().is_ok_and(|starts| starts.contains(key.interval.start))
    })
}

/// The instances of activities that depend on some: those under way and, with `all`, those that have ended, and those that
/// depend on these, and so on. What was not tried yet waits by itself.
fn consumers(
    scene: &Scene<'_>,
    first: Vec<InstanceKey>,
    all: bool,
) -> Result<Vec<Instance>, Failure> {
    let mut known: BTreeSet<InstanceKey> = first.iter().cloned().collect();
    let mut open = first;
    let mut found = Vec::new();
    while let Some(key) = open.pop() {
        for reader in scene.engine.consumers_of(&key) {
            if !known.insert(reader.clone()) {
                continue;
            }
            let is_node = scene
                .engine
                .unit(&reader.object)
                .is_some_and(|unit| unit.kind == UnitKind::DataNode);
            if is_node {
                // It follows what writes it.
                open.push(reader);
                continue;
            }
            let instance = scene.instance(&reader)?;
            let meant = instance.filter(|instance| {
                instance.is_under_way() || all && ENDED.contains(&instance.status)
            });
            if let Some(instance) = meant {
                if all {
                    open.push(reader);
                }
                found.push(instance);
            }
        }
    }
    found.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(found)
}
