//! `pipeform backfill`.

use std::process::ExitCode;

use super::operate;
use super::operate::Common;
use super::operate::Scene;
use super::operate::demand_range;
use super::operate::selections;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::views::operation::Words;
use crate::engine::Operation;

/// Make instances of past intervals that have none
///
/// Of those that `catch_up` has passed over, and of those that are due and not made yet. Instances that are there are left
/// alone: `rerun` is for these. What is back-filled starts after what is due by itself, and is made oldest first, a thousand
/// instances ahead; `status` says how many are to come, and `cancel` takes these back.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let selections = selections(&args.common)?;
    let scene = Scene::look(context)?;
    demand_range(&scene, &selections, "backfill")?;
    let proposal = scene.back_fill(&selections)?;
    let words = Words {
        command: "backfill",
        does: ["back-fill", ""],
        options: Vec::new(),
        starts: true,
    };
    operate::run(&scene, &args.common, &words, proposal, Operation::Backfill)
}
