//! `pipeform run`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::status::Listing;
use super::status::records;
use super::status::wanted;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::surroundings::surroundings;
use crate::cli::terminal;
use crate::cli::views::progress::Bars;
use crate::cli::views::progress::JsonLines;
use crate::cli::views::progress::Lines;
use crate::cli::views::progress::closing;
use crate::cli::views::status::Source;
use crate::cli::views::status::Status;
use crate::engine::Engine;
use crate::engine::Event;
use crate::engine::Limits;
use crate::runtime::Observer;
use crate::runtime::Options;
use crate::runtime::Runner;
use crate::runtime::RuntimeError;
use crate::runtime::SerialDefinition;
use crate::runtime::Summary;
use crate::runtime::Until;
use crate::runtime::past;
use crate::store::Holder;
use crate::store::Store;
use crate::time::parse_duration;
use crate::time::parse_moment;

/// Run what is due, in the order of its dependencies
///
/// Ends when nothing can start any more without new data. Exits with 1 when an instance has failed, or a cluster may still be
/// alive that was to end; waiting for data is no failure.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("listing").args(["limit", "all"]).multiple(true).requires("dry_run")))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(in crate::cli) struct Args {
    /// Run what was due at this time, e.g. `2026-11-01T00:00:00Z`
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    /// Allow a time for --at that lies in the future
    #[arg(long, requires = "at")]
    allow_future: bool,

    /// Keep checking for missing data for this long, e.g. `30 minutes`
    #[arg(long, value_name = "DURATION", conflicts_with = "watch")]
    wait: Option<String>,

    /// Stay, and run what becomes due, until interrupted
    #[arg(long)]
    watch: bool,

    /// Show what is due and what it waits for; run nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    listing: Listing,

    /// How many attempts may run at once; by default twice the number of processors
    #[arg(long, value_name = "N")]
    parallelism: Option<NonZeroUsize>,

    /// What happens, as one JSON object a line
    #[arg(long)]
    json: bool,
}

fn nothing_applied() -> Failure {
    Failure::message(
        "There is nothing to run: nothing has been applied here.\n\n`pipeform apply` activates what the configuration describes.",
    )
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let at = horizon(args, context.clock.now())?;
    if args.dry_run {
        return dry_run(args, context, at);
    }
    if !crate::store::exists(&context.state_path()?)? {
        return Err(nothing_applied());
    }
    let mut store = context.write_state()?;
    if store.head()?.serial == 0 {
        return Err(nothing_applied()); // a file of nothing, as a full disk leaves it
    }
    let holder = Holder::this_process(context.who(), "run", context.clock.now());
    let place = store.take_place(&holder)?;
    let now = context.clock.now();
    if !args.watch && store.is_at_rest(at.unwrap_or(now), now)? {
        close(args, context, &Summary::default());
        return Ok(ExitCode::SUCCESS);
    }
    let lease = store.raise_fence(place)?;
    let mut observer: Box<dyn Observer> = if args.json {
        Box::new(JsonLines::new(context.clock))
    } else if context.interactive {
        Box::new(Bars::new(context.look))
    } else {
        Box::new(Lines::new(context.look))
    };
    let options = options(args, context, at)?;
    let clock = context.clock;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::message(format!("The runtime cannot start: {error}")))?;
    let result: Result<Summary, RuntimeError> = runtime.block_on(async {
        Runner::new(store, lease, clock, options, observer.as_mut())
            .await?
            .run()
            .await
    });
    // After a second interrupt work may still be stopping: the process does not wait for it.
    runtime.shutdown_background();
    let summary = result?;
    drop(observer);
    close(args, context, &summary);
    let failed = summary.failed + summary.cascade_failed + summary.left > 0;
    Ok(if failed || summary.interrupted {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Says what a run came to.
fn close(args: &Args, context: &Context, summary: &Summary) {
    terminal::print(&if args.json {
        JsonLines::summary(summary, context.clock)
    } else {
        closing(summary, context.look)
    });
}

fn options(args: &Args, context: &Context, at: Option<Timestamp>) -> Result<Options, Failure> {
    let until = match (&args.wait, args.watch) {
        (Some(text), _) => Until::Wait(
            parse_duration(text).map_err(|error| Failure::message(format!("--wait: {error}")))?,
        ),
        (None, true) => Until::Forever,
        (None, false) => Until::Idle,
    };
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Ok(Options {
        at,
        until,
        parallelism: args.parallelism.map_or(2 * processors, NonZeroUsize::get),
        ..surroundings(context)
    })
}

/// The moment that decides what is due, if it is not now.
fn horizon(args: &Args, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = &args.at else {
        return Ok(None);
    };
    let at = parse_moment(text)
        .and_then(|moment| moment.timestamp(&TimeZone::UTC))
        .map_err(|error| Failure::message(format!("--at: {error}")))?;
    if at > now && !args.allow_future {
        return Err(Failure::message(format!(
            "--at: {at} lies in the future, and what is due then has no data yet.\n\nIf you mean it, add --allow-future."
        )));
    }
    Ok(Some(at))
}

fn dry_run(args: &Args, context: &Context, at: Option<Timestamp>) -> Result<ExitCode, Failure> {
    let store = context.read_state()?;
    let now = context.clock.now();
    let definition = SerialDefinition::read(&store, store.head()?.serial, now)?;
    let limits = Limits {
        horizon: at,
        ..Limits::looking()
    };
    let mut engine = Engine::new(definition.compile(), past(&store)?, limits);
    drop(engine.step(Event::Tick, now));
    let all = definition.objects.keys();
    let all = all.map(|address| (address.clone(), None)).collect();
    let wanted = wanted(&store, &engine, all, false, now)?;
    let earlier = BTreeMap::new();
    let runner = Store::runner(&context.state_path()?);
    let source = Source {
        engine: &engine,
        earlier: &earlier,
        definition: &definition,
        records: &records(&store, &engine, &earlier, &wanted)?,
        counts: &store.counts()?,
        runner: runner.as_ref(),
        resources: &[],
        of_resources: &[],
        now: at.unwrap_or(now),
        limit: args.listing.limit(args.json),
    };
    let status = Status::new(&source, &wanted);
    terminal::print(&if args.json {
        status.json()
    } else {
        status.human(context.look)
    });
    Ok(ExitCode::SUCCESS)
}
