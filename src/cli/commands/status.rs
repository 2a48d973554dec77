//! `pipeform status`.

use std::process::ExitCode;

use super::select::select;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::cli::views::status;
use crate::engine::Engine;
use crate::engine::Event;
use crate::engine::Limits;
use crate::runtime::SerialDefinition;
use crate::runtime::past;

/// Show how each activity stands, and what each instance waits for
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Only these objects, and what is inside them
    addresses: Vec<String>,

    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let store = context.read_state()?;
    let now = context.clock.now();
    let head = store.head()?;
    let definition = SerialDefinition::read(&store, head.serial, now)?;
    let selected = select(
        &definition.objects.keys().cloned().collect(),
        &args.addresses,
    )?;
    // What is due but was never looked at is made here, in memory only, so that it shows.
    let mut engine = Engine::new(definition.compile(), past(&store)?, Limits::looking());
    drop(engine.step(Event::Tick, now));
    let status = status::Status::new(&engine, &definition, &store.counts()?, &selected, now);
    terminal::print(&if args.json {
        status.json()
    } else {
        status.human(context.look)
    });
    Ok(ExitCode::SUCCESS)
}
