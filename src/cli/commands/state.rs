//! `pipeform state list` and `pipeform state show`.

use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::cli::views;
use crate::diag::did_you_mean;
use crate::objects::Address;
use crate::runtime::SerialDefinition;

/// Look into the state
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// List the addresses of all objects
    List {
        /// Only these, and what is inside them
        addresses: Vec<String>,
    },
    /// Show one object
    Show {
        /// Its address
        address: String,
    },
}

pub(super) fn run(command: &Command, context: &Context) -> Result<ExitCode, Failure> {
    let store = context.read_state()?;
    let head = store.head()?;
    let definition = SerialDefinition::read(&store, head.serial, context.clock.now())?;
    match command {
        Command::List { addresses } => {
            let wanted = |address: &Address| {
                addresses.is_empty()
                    || addresses
                        .iter()
                        .any(|prefix| super::select::is_inside(address, prefix))
            };
            let mut lines = String::new();
            for address in definition.objects.keys().filter(|address| wanted(address)) {
                lines.extend([address.as_str(), "\n"]);
            }
            terminal::print(&lines);
        }
        Command::Show { address } => {
            let Some(object) = definition.objects.get(&Address::new(address.as_str())) else {
                let hint = did_you_mean(address, definition.objects.keys().map(Address::as_str))
                    .unwrap_or_default();
                return Err(Failure::message(format!(
                    "The state has no `{address}`. {hint}\n\n`pipeform state list` shows what there is."
                )));
            };
            terminal::print(&views::objects::object(object, &|_, _| None, context.look));
        }
    }
    Ok(ExitCode::SUCCESS)
}
