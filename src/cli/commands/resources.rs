//! `pipeform resources`.

use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::surroundings::surroundings;
use crate::cli::terminal;
use crate::cli::views::resources::View;
use crate::runtime::alive;
use crate::runtime::reap;
use crate::store::Store;

/// List the compute that is alive, and why; end what nothing needs
///
/// Clusters are found in the state and, by their tags, at EMR, wherever clusters of this state have been made or may be.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// End the clusters that carry the tags of this state and that no instance needs; asks before
    #[arg(long)]
    reap: bool,

    /// Do not ask
    #[arg(long, requires = "reap")]
    auto_approve: bool,

    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    if args.json && args.reap && !args.auto_approve {
        return Err(Failure::message(
            "--json asks nobody: use it with --auto-approve.",
        ));
    }
    let store = context.read_state()?;
    let runner = Store::runner(&context.state_path()?);
    let options = surroundings(context);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::message(format!("The runtime cannot start: {error}")))?;
    let living = runtime.block_on(alive(&store, &options, context.clock.now()))?;
    let view = View {
        living: &living,
        runner: runner.as_ref(),
    };
    let reaped = living.to_reap(runner.is_some());
    if !args.json || !args.reap {
        terminal::print(&if args.json {
            view.json(None)
        } else {
            view.human(context.look)
        });
    }
    if !args.reap {
        return Ok(ExitCode::SUCCESS);
    }
    if !(reaped.is_empty() || args.auto_approve || approved(context)?) {
        terminal::print("\nNothing was ended.\n");
        return Ok(ExitCode::FAILURE);
    }
    let state = (&store, context.clock.now());
    let failed = runtime.block_on(reap(&reaped, state, &options))?;
    terminal::print(&if args.json {
        view.json(Some((&reaped, &failed)))
    } else {
        View::reaped(&reaped, &failed)
    });
    Ok(if failed.is_empty() && living.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn approved(context: &Context) -> Result<bool, Failure> {
    let question = "\nEnd those that nothing needs? Only `yes` ends them: ";
    let instead = "In automation, use `pipeform resources --reap --auto-approve`.";
    Ok(terminal::ask(context, question, instead)? == "yes")
}
