//! The commands, one file each.

mod apply;
mod backfill;
mod backlog;
mod cancel;
mod completion;
mod console;
mod destroy;
mod export;
mod fmt;
mod force_unlock;
mod get;
mod graph;
mod history;
mod import;
mod init;
mod logs;
mod man;
mod mark_finished;
mod operate;
mod output;
mod pause;
mod plan;
pub(super) mod proposing;
mod removed;
mod rerun;
mod resources;
mod resume;
mod run;
mod schedule;
mod schema;
pub(super) mod select;
mod show;
mod simulate;
mod state;
mod status;
mod test;
mod trigger;
mod validate;
mod version;
mod workspace;

use std::process::ExitCode;

use super::context::Context;
use super::errors::Failure;

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Init(init::Args),
    Get(get::Args),
    Validate(validate::Args),
    Fmt(fmt::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    Destroy(destroy::Args),
    Run(run::Args),
    Trigger(trigger::Args),
    Backfill(backfill::Args),
    Rerun(rerun::Args),
    Cancel(cancel::Args),
    Pause(pause::Args),
    Resume(resume::Args),
    MarkFinished(mark_finished::Args),
    Simulate(simulate::Args),
    Test(test::Args),
    Status(status::Args),
    History(history::Args),
    Schedule(schedule::Args),
    Resources(resources::Args),
    Logs(logs::Args),
    Show(show::Args),
    Output(output::Args),
    Console(console::Args),
    Graph(graph::Args),
    Import(import::Args),
    Export(export::Args),
    #[command(subcommand)]
    State(state::Command),
    ForceUnlock(force_unlock::Args),
    #[command(subcommand)]
    Workspace(workspace::Command),
    Schema(schema::Args),
    Completion(completion::Args),
    Man(man::Args),
    Version(version::Args),
}

/// Does it.
pub(super) fn dispatch(command: Command, context: &mut Context) -> Result<ExitCode, Failure> {
    match command {
        Command::Init(args) => init::run(&args, context),
        Command::Get(args) => get::run(&args, context),
        Command::Validate(args) => {
            args.untrusted.enter(context)?;
            validate::run(&args, context)
        }
        Command::Fmt(args) => fmt::run(&args, context),
        Command::Plan(args) => {
            args.untrusted.enter(context)?;
            plan::run(&args, context)
        }
        Command::Apply(args) => apply::run(&args, context),
        Command::Destroy(args) => destroy::run(&args, context),
        Command::Run(args) => run::run(&args, context),
        Command::Trigger(args) => trigger::run(&args, context),
        Command::Backfill(args) => backfill::run(&args, context),
        Command::Rerun(args) => rerun::run(&args, context),
        Command::Cancel(args) => cancel::run(&args, context),
        Command::Pause(args) => pause::run(&args, context),
        Command::Resume(args) => resume::run(&args, context),
        Command::MarkFinished(args) => mark_finished::run(&args, context),
        Command::Simulate(args) => simulate::run(&args, context),
        Command::Test(args) => test::run(&args, context),
        Command::Status(args) => status::run(&args, context),
        Command::History(args) => history::run(&args, context),
        Command::Resources(args) => resources::run(&args, context),
        Command::Schedule(args) => schedule::run(&args, context),
        Command::Logs(args) => logs::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Output(args) => output::run(&args, context),
        Command::Console(args) => console::run(&args, context),
        Command::Graph(args) => graph::run(&args, context),
        Command::Import(args) => import::run(&args, context),
        Command::Export(args) => export::run(&args, context),
        Command::State(command) => state::run(&command, context),
        Command::ForceUnlock(args) => force_unlock::run(&args, context),
        Command::Workspace(command) => workspace::run(&command, context),
        Command::Schema(args) => schema::run(&args, context),
        Command::Completion(args) => Ok(completion::run(&args)),
        Command::Man(args) => man::run(&args),
        Command::Version(args) => Ok(version::run(&args)),
    }
}
