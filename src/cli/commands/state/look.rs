//! `pipeform state list` and `pipeform state show`.

use serde_json::json;

use crate::cli::commands::select::select;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::cli::views;
use crate::diag::did_you_mean;
use crate::objects::Address;
use crate::runtime::SerialDefinition;

/// List the addresses of all objects
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ListArgs {
    /// Only these, and what is inside them
    addresses: Vec<String>,

    /// As JSON, with kinds and types
    #[arg(long)]
    json: bool,
}

/// Show one object
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ShowArgs {
    /// Its address
    address: String,

    /// As JSON
    #[arg(long)]
    json: bool,
}

fn definition(context: &Context) -> Result<SerialDefinition, Failure> {
    let store = context.read_state()?;
    let serial = store.head()?.serial;
    Ok(SerialDefinition::read(&store, serial, context.clock.now())?)
}

pub(super) fn list(args: &ListArgs, context: &Context) -> Result<(), Failure> {
    let definition = definition(context)?;
    let known = definition.objects.keys().cloned().collect();
    let wanted = select(&known, &args.addresses)?;
    if !args.json {
        let mut lines = String::new();
        for address in &wanted {
            lines.extend([address.as_str(), "\n"]);
        }
        terminal::print(&lines);
        return Ok(());
    }
    let objects: Vec<_> = wanted
        .iter()
        .filter_map(|address| definition.objects.get(address))
        .map(views::objects::named)
        .collect();
    let list = json!({
        "format_version": "1.0",
        "serial": definition.serial,
        "objects": objects,
    });
    terminal::print(&format!("{list:#}\n"));
    Ok(())
}

pub(super) fn show(args: &ShowArgs, context: &Context) -> Result<(), Failure> {
    let definition = definition(context)?;
    let address = &args.address;
    let Some(object) = definition.objects.get(&Address::new(address.as_str())) else {
        let known = definition.objects.keys().map(Address::as_str);
        let hint = did_you_mean(address, known).unwrap_or_default();
        return Err(Failure::message(format!(
            "The state has no `{address}`. {hint}\n\n`pipeform state list` shows what there is."
        )));
    };
    terminal::print(&if args.json {
        views::objects::json(object)
    } else {
        views::objects::object(object, &|_, _| None, context.look)
    });
    Ok(())
}
