//! `pipeform state rm`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::rewrite::Rewrite;
use crate::cli::commands::select::select;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::locking::LockArgs;
use crate::cli::planning;
use crate::cli::target::Target;
use crate::cli::terminal;
use crate::cli::views;
use crate::lang::stored::references;
use crate::objects::Address;
use crate::objects::Objects;
use crate::objects::configuration::Configuration;
use crate::objects::stored;
use crate::store::Store;

/// How many referring objects are named.
const NAMED: usize = 10;

/// Forget objects without destroying anything: what waits of them is canceled, what runs ends by itself, history stays
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Which, with all that is inside; `*` stands for any part of a name
    #[arg(required = true, value_name = "ADDRESS")]
    addresses: Vec<String>,

    /// Say what would be forgotten, and change nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    lock: LockArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let rewrite = Rewrite {
        context,
        lock: &args.lock,
        operation: "state rm",
        dry_run: args.dry_run,
    };
    let target = |store: &Store, prior: &Objects| remaining(args, store, prior);
    let planned = rewrite.run(target, |_| Ok(()))?;
    let word = if args.dry_run {
        "Would remove"
    } else {
        "Removed"
    };
    for change in &planned.plan.changes {
        terminal::print(&format!("{word} {}\n", change.address));
    }
    let effects = views::effects::effects(&planned.plan.effects, context.look);
    if !effects.is_empty() {
        terminal::print(&format!("\n{effects}\n"));
    }
    if !args.dry_run {
        let number = planned.plan.changes.len();
        terminal::print(&format!("Successfully removed {number} object(s).\n"));
    }
    Ok(())
}

/// What was applied, without what is forgotten.
fn remaining(args: &Args, store: &Store, prior: &Objects) -> Result<Target, Failure> {
    let known = prior.keys().cloned().collect();
    let chosen: BTreeSet<Address> = select(&known, &args.addresses)?.into_iter().collect();
    let mut objects = prior.clone();
    objects.retain(|address, _| !chosen.contains(address));
    check_references(&objects, &chosen)?;
    let configuration = Configuration {
        objects,
        outputs: planning::read_outputs(store)?,
        ..Configuration::default()
    };
    Ok(Target {
        forgotten: chosen,
        ..Target::state(configuration)
    })
}

/// What stays must not refer to what goes: it could not run.
fn check_references(staying: &Objects, gone: &BTreeSet<Address>) -> Result<(), Failure> {
    let mut found: BTreeMap<&Address, Address> = BTreeMap::new();
    for (address, object) in staying {
        references(&stored::to_json(object), &mut |target| {
            let target = Address::new(target);
            if gone.contains(&target) {
                found.insert(address, target);
            }
        });
    }
    if found.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<String> = found
        .iter()
        .take(NAMED)
        .map(|(address, target)| format!("  {address} refers to {target}"))
        .collect();
    if found.len() > NAMED {
        lines.push(format!("  and {} more", found.len() - NAMED));
    }
    Err(Failure::message(format!(
        "What stays in the state refers to what would be forgotten:\n{}\n\nName these, too, or apply a configuration without the references first.",
        lines.join("\n")
    )))
}
