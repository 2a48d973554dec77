//! `pipeform cancel`.

use std::process::ExitCode;

use super::operate;
use super::operate::Common;
use super::operate::Scene;
use super::operate::selections;
use super::proposing::Among;
use super::proposing::Unmade;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::statuses::OPEN;
use crate::cli::views::operation::Words;
use crate::engine::Operation;

/// Give up instances that wait or run
///
/// An attempt under way is stopped. What is due and not made yet is given up, too, and what is
/// still to be back-filled is not made. What waits for them waits on: `rerun` or
/// `mark-finished` lets it go on.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let selections = selections(&args.common)?;
    let scene = Scene::look(context)?;
    let mut proposal = scene.proposal(&selections, Unmade::Due, Among::AllNamed, OPEN)?;
    scene.add_wanted(&mut proposal, &selections)?;
    let words = Words {
        command: "cancel",
        does: ["cancel", ""],
        options: Vec::new(),
        starts: false,
    };
    operate::run(&scene, &args.common, &words, proposal, Operation::Cancel)
}
