//! `pipeform state pull`.

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;

/// Print the whole state as JSON, which `state push` takes: definitions, schedules, and which intervals have finished
///
/// Attempts, logs and the definitions of earlier serials are not in it: for these copy the state's directory while nothing works on it.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {}

pub(super) fn run(context: &Context) -> Result<(), Failure> {
    let store = context.read_state()?;
    let snapshot = store.snapshot()?;
    let text = serde_json::to_string_pretty(&snapshot)
        .map_err(|error| Failure::message(format!("The state cannot be printed: {error}")))?;
    terminal::print(&format!("{text}\n"));
    Ok(())
}
