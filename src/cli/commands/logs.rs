//! `pipeform logs`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use super::select::select;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::cli::views::status::interval_text;
use crate::engine::Instance;
use crate::objects::Address;
use crate::runtime::SerialDefinition;
use crate::runtime::log_path;
use crate::store::Filter;
use crate::time::parse_moment;

/// Print the log of an attempt
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The activity
    address: String,

    /// The instance whose interval contains this time, e.g. `2026-11-01`; left out: the newest that was tried
    #[arg(long, value_name = "TIME")]
    interval: Option<String>,

    /// The number of the attempt; left out: the last one
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let store = context.read_state()?;
    let head = store.head()?;
    let definition = SerialDefinition::read(&store, head.serial, context.clock.now())?;
    let mut known: BTreeSet<Address> = definition.objects.keys().cloned().collect();
    known.extend(store.counts()?.into_keys());
    let objects = select(&known, std::slice::from_ref(&args.address))?;
    let instances = store.instances(&Filter {
        objects: Some(objects),
        ..Filter::default()
    })?;
    let instance = choose(&instances, args, &definition)?;
    let attempt = args.attempt.unwrap_or(instance.attempts);
    let path = log_path(
        &context.data_directory().join("logs"),
        &instance.key,
        attempt,
    );
    let timezone = definition.timetable.timezone(&instance.key.object);
    let name = format!(
        "attempt {attempt} of {} {}",
        instance.key.object,
        interval_text(instance.key.interval, &timezone)
    );
    let text = std::fs::read(&path).map_err(|error| {
        Failure::message(format!(
            "There is no log of {name}: `{}` cannot be read: {error}",
            path.display()
        ))
    })?;
    terminal::say(&format!("{}\n", context.look.dim(&name)));
    terminal::print(&String::from_utf8_lossy(&text));
    Ok(ExitCode::SUCCESS)
}

fn choose<'a>(
    instances: &'a [Instance],
    args: &Args,
    definition: &SerialDefinition,
) -> Result<&'a Instance, Failure> {
    let mut tried = instances.iter().filter(|instance| instance.attempts > 0);
    let Some(text) = &args.interval else {
        return tried.next().ok_or_else(|| {
            Failure::message(format!(
                "No instance of `{}` has been tried yet.\n\n`pipeform status {}` says what they wait for.",
                args.address, args.address
            ))
        });
    };
    let wanted =
        parse_moment(text).map_err(|error| Failure::message(format!("--interval: {error}")))?;
    tried
        .find(|instance| {
            let timezone = definition.timetable.timezone(&instance.key.object);
            wanted.timestamp(&timezone).is_ok_and(|at| {
                instance.key.interval.contains(at) || instance.key.interval.start == at
            })
        })
        .ok_or_else(|| {
            Failure::message(format!(
                "No instance of `{}` whose interval contains {text} has been tried.",
                args.address
            ))
        })
}
