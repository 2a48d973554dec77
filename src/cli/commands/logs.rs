//! `pipeform logs`.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::process::ExitCode;

use jiff::Timestamp;

use super::removed::removed;
use super::select::Chosen;
use super::select::Range;
use super::select::Selection;
use super::select::is_inside;
use super::select::select_intervals;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::cli::views::status::interval_text;
use crate::engine::Engine;
use crate::engine::Instance;
use crate::engine::Limits;
use crate::objects::Address;
use crate::runtime::SerialDefinition;
use crate::runtime::log_path;
use crate::runtime::past;
use crate::store::Filter;
use crate::store::Store;
use crate::time::Interval;
use crate::time::parse_moment;

/// Print the log of an attempt
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The activity, maybe with the interval: `@2026-11-01`; left out: the newest that was tried
    #[arg(value_name = "ADDRESS[@TIME]")]
    address: String,

    /// The instance whose interval contains this time, e.g. `2026-11-01`
    #[arg(long, value_name = "TIME")]
    interval: Option<String>,

    /// The number of the attempt; left out: the last one
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let store = context.read_state()?;
    let head = store.head()?;
    let now = context.clock.now();
    let definition = SerialDefinition::read(&store, head.serial, now)?;
    let mut known: BTreeSet<Address> = definition.objects.keys().cloned().collect();
    known.extend(store.counts()?.into_keys());
    let selection = Selection::parse(&selected(args)?)?;
    let chosen = select_intervals(
        &known,
        std::slice::from_ref(&selection),
        &definition.timetable,
    )?;
    let instances = tried(&store, &chosen)?;
    let Some(instance) = instances.first() else {
        return Err(if is_removed(&store, &definition, &chosen, now)? {
            Failure::message(format!(
                "`{}` has finished, and its record and its logs were removed by `retain`.",
                selection.text
            ))
        } else {
            untried(&selection, &definition)
        });
    };
    let attempt = args.attempt.unwrap_or(instance.attempts);
    let path = log_path(&context.logs(), &instance.key, attempt);
    let timezone = definition
        .timetable
        .timezone_of(&instance.key.object, instance.key.interval);
    let name = format!(
        "attempt {attempt} of {} {}",
        instance.key.object,
        interval_text(instance.key.interval, &timezone)
    );
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && attempt <= instance.attempts => {
            terminal::say(&format!(
                "There is no log of {name}: it wrote nothing, or its log was removed.\n"
            ));
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) => {
            return Err(Failure::message(format!(
                "There is no log of {name}: `{}` cannot be read: {error}",
                path.display()
            )));
        }
    };
    terminal::say(&format!("{}\n", context.look.dim(&name)));
    terminal::print(&String::from_utf8_lossy(&text));
    Ok(ExitCode::SUCCESS)
}

/// The address with its interval.
fn selected(args: &Args) -> Result<String, Failure> {
    let address = &args.address;
    match &args.interval {
        None => Ok(address.clone()),
        Some(_) if Selection::parse(address)?.range != Range::Unsaid => Err(Failure::message(
            format!("--interval: `{address}` names an interval already.\n\nWrite one of the two."),
        )),
        Some(time) => {
            parse_moment(time).map_err(|error| Failure::message(format!("--interval: {error}")))?;
            Ok(format!("{address}@{time}"))
        }
    }
}

/// The instances that were tried, the newest first.
fn tried(store: &Store, chosen: &Chosen) -> Result<Vec<Instance>, Failure> {
    let mut found = Vec::new();
    let whole = chosen.iter().filter(|(_, spans)| spans.is_none());
    let whole: Vec<Address> = whole.map(|(address, _)| address.clone()).collect();
    if !whole.is_empty() {
        found.extend(store.instances(&Filter {
            objects: Some(whole),
            ..Filter::default()
        })?);
    }
    for (address, span) in parts(chosen) {
        found.extend(store.instances(&Filter::starting_in(address.clone(), span))?);
    }
    found.retain(|instance| instance.attempts > 0);
    found.sort_by_key(|instance| std::cmp::Reverse(instance.key.interval.start));
    Ok(found)
}

/// The stretches of time that were asked for, of all objects.
fn parts(chosen: &Chosen) -> impl Iterator<Item = (&Address, Interval)> {
    let of = |(address, spans)| {
        let spans: &Option<Vec<Interval>> = spans;
        spans.iter().flatten().map(move |span| (address, *span))
    };
    chosen.iter().flat_map(of)
}

/// Whether something of what was asked for has finished, and its record was removed.
fn is_removed(
    store: &Store,
    definition: &SerialDefinition,
    chosen: &Chosen,
    now: Timestamp,
) -> Result<bool, Failure> {
    let engine = Engine::new(definition.compile(), past(store)?, Limits::looking());
    for (object, span) in parts(chosen) {
        let kept = store.instances(&Filter::starting_in(object.clone(), span))?;
        if !removed(store, &engine, (object, span), &kept, now)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What to say when nothing of what was asked for has been tried.
fn untried(selection: &Selection, definition: &SerialDefinition) -> Failure {
    let address = &selection.address;
    if selection.range == Range::Unsaid {
        return Failure::message(format!(
            "No instance of `{address}` has been tried yet.\n\n`pipeform status {address}` says what they wait for."
        ));
    }
    let on_demand = definition.objects.keys().any(|object| {
        is_inside(object, address) && definition.timetable.schedule(object).is_none()
    });
    let hint = if on_demand {
        "\n\nWhat was triggered goes by the exact moment of its trigger: `pipeform history` lists these."
    } else {
        ""
    };
    Failure::message(format!(
        "`{}`: no such instance has been tried.{hint}",
        selection.text
    ))
}
