//! `pipeform rerun`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use super::operate;
use super::operate::Common;
use super::operate::Scene;
use super::operate::demand_range;
use super::operate::propose;
use super::operate::selections;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::views::operation::Words;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Operation;
use crate::engine::Status;
use crate::engine::UnitKind;

/// Run instances once more that have ended
///
/// They take the current definition, and all their retries. What waits for them waits until they have finished.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    common: Common,

    /// With everything that depends on them and has ended, too
    #[arg(long)]
    with_consumers: bool,

    /// Only those that failed, by themselves or with what they depend on
    #[arg(long)]
    failed: bool,

    /// With the definition that they ran with
    #[arg(long)]
    as_was: bool,
}

const FAILED: &[Status] = &[Status::Failed, Status::CascadeFailed];
const ENDED: &[Status] = &[
    Status::Finished,
    Status::Failed,
    Status::CascadeFailed,
    Status::Canceled,
];

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let selections = selections(&args.common)?;
    if !args.failed {
        demand_range(&selections, "rerun")?;
    }
    let scene = Scene::look(context)?;
    let mut instances = Vec::new();
    for selection in &selections {
        instances.extend(scene.instances(selection, args.failed)?);
    }
    let statuses = if args.failed { FAILED } else { ENDED };
    let mut proposal = propose(instances, [], statuses);
    if args.failed {
        // Nobody has asked for the others.
        proposal.left_alone.clear();
    }
    if args.with_consumers {
        let first = proposal.targets.iter().map(|(key, _)| key.clone());
        let more = consumers(&scene, first.collect())?;
        let left_alone = proposal.left_alone;
        let targets = proposal.targets.into_iter();
        let targets = targets.chain(more.into_iter().map(|it| (it.key, Some(it.status))));
        let targets: BTreeSet<_> = targets.collect();
        proposal = crate::cli::views::operation::Proposal {
            targets: targets.into_iter().collect(),
            left_alone,
        };
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
    };
    let operation = Operation::Rerun {
        as_was: args.as_was,
    };
    operate::run(&scene, &args.common, &words, &proposal, operation)
}

/// The instances of activities that depend on some, that on these, and so on, as far as they have ended.
fn consumers(scene: &Scene<'_>, first: Vec<InstanceKey>) -> Result<Vec<Instance>, Failure> {
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
            let ended = scene
                .store
                .instance(&reader)?
                .filter(|instance| ENDED.contains(&instance.status));
            if let Some(instance) = ended {
                open.push(reader);
                found.push(instance);
            }
        }
    }
    Ok(found)
}
