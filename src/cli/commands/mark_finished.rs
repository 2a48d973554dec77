//! `pipeform mark-finished`.

use std::process::ExitCode;

use super::operate;
use super::operate::Common;
use super::operate::Scene;
use super::operate::demand_range;
use super::operate::selections;
use super::proposing::Among;
use super::proposing::Unmade;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::statuses::UNFINISHED;
use crate::cli::views::operation::Words;
use crate::engine::Operation;

/// Count instances as finished that have not done their work
///
/// What waits for them goes on. An attempt under way is stopped; no actions run. Also what is due, or to be back-filled, and
/// not made yet.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let selections = selections(&args.common)?;
    let scene = Scene::look(context)?;
    demand_range(&scene, &selections, "mark-finished")?;
    let proposal = scene.proposal(&selections, Unmade::DueOrAskedFor, Among::All, UNFINISHED)?;
    let words = Words {
        command: "mark-finished",
        does: ["mark", " as finished"],
        options: Vec::new(),
        starts: false,
    };
    operate::run(
        &scene,
        &args.common,
        &words,
        proposal,
        Operation::MarkFinished,
    )
}
