//! `pipeform trigger`.

use std::process::ExitCode;
use std::time::Duration;

use super::select::select;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::engine::Change;
use crate::engine::Engine;
use crate::engine::Event;
use crate::engine::Limits;
use crate::objects::Kind;
use crate::runtime::SerialDefinition;
use crate::runtime::past;
use crate::store::Holder;
use crate::store::Store;

/// Make a run of on-demand pipelines or activities: those without a schedule
///
/// `pipeform run` starts it, or a runner that is there already.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The pipelines or activities; together they are one run
    #[arg(required = true)]
    addresses: Vec<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    if !crate::store::exists(&context.state_path())? {
        return Err(Failure::message(
            "There is nothing to trigger: nothing has been applied here.\n\n`pipeform apply` activates what the configuration describes.",
        ));
    }
    let now = context.clock.now();
    let holder = Holder::this_process(context.who(), "trigger", now);
    let lock = Store::lock_state(&context.state_path(), &holder, Duration::from_secs(10))?;
    let mut store = context.write_state()?;
    let head = store.head()?;
    let definition = SerialDefinition::read(&store, head.serial, now)?;
    let wanted = select(
        &definition.objects.keys().cloned().collect(),
        &args.addresses,
    )?;
    let activities: Vec<_> = wanted
        .into_iter()
        .filter(|address| {
            definition
                .objects
                .get(address)
                .is_some_and(|object| object.kind() == Kind::Activity)
                && definition.timetable.schedule(address).is_none()
        })
        .collect();
    if activities.is_empty() {
        return Err(Failure::message(format!(
            "There is no on-demand activity in {}: what has a schedule runs by it.",
            args.addresses.join(", ")
        )));
    }
    let mut engine = Engine::new(definition.compile(), past(&store)?, Limits::looking());
    let step = engine.step(Event::Trigger(activities.clone()), now);
    let made: Vec<Change> = step
        .changes
        .into_iter()
        .filter(|change| {
            matches!(change, Change::Instance(instance) if instance.key.interval.is_moment())
        })
        .collect();
    store.enqueue(&lock, &made)?;
    for address in activities {
        terminal::print(&format!("{address}: a run for {now} was made\n"));
    }
    terminal::say("`pipeform run` starts it, or a runner that is there already.\n");
    Ok(ExitCode::SUCCESS)
}
