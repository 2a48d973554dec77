//! `pipeform show`.

use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::planning;
use crate::cli::terminal;
use crate::cli::views;
use crate::runtime::SerialDefinition;

/// Show what has been applied: all objects and outputs
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {}

pub(super) fn run(_args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let store = context.read_state()?;
    let head = store.head()?;
    let definition = SerialDefinition::read(&store, head.serial, context.clock.now())?;
    if definition.objects.is_empty() {
        terminal::print(
            "The state is empty: nothing has been applied, or everything was destroyed.\n",
        );
        return Ok(ExitCode::SUCCESS);
    }
    let objects: Vec<_> = definition
        .objects
        .values()
        .map(|object| views::objects::object(object, &|_, _| None, context.look))
        .collect();
    terminal::print(&objects.join("\n"));
    let outputs = planning::read_outputs(&store)?;
    if !outputs.is_empty() {
        terminal::print(&format!("\nOutputs:\n\n{}", super::output::lines(&outputs)));
    }
    Ok(ExitCode::SUCCESS)
}
