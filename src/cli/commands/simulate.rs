//! `pipeform simulate`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::select::is_inside;
use crate::cli::context::Context;
use crate::cli::durations::durations;
use crate::cli::errors::Failure;
use crate::cli::planning;
use crate::cli::root_module::RootModule;
use crate::cli::root_module::VariableArgs;
use crate::cli::target::Target;
use crate::cli::terminal;
use crate::cli::views::effects;
use crate::cli::views::status::moment;
use crate::cli::views::timetable;
use crate::diag::did_you_mean;
use crate::engine::CheckResult;
use crate::engine::Event;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Outcome;
use crate::objects::Address;
use crate::objects::Objects;
use crate::plan::Held;
use crate::rehearsal;
use crate::rehearsal::Applied;
use crate::rehearsal::Bounds;
use crate::rehearsal::Formulas;
use crate::rehearsal::Imagined;
use crate::rehearsal::Run;
use crate::rehearsal::Scene;
use crate::rehearsal::Started;
use crate::rehearsal::World;
use crate::runtime::Holds;
use crate::runtime::past;
use crate::time::parse_duration;
use crate::time::parse_moment;

/// Show when what would run: the scheduler on a clock of its own
///
/// Goes through the time from --from to --to with the configuration as it is written. Nothing runs and nothing is stored: each
/// attempt takes as long as the last ones of its activity took (the median of 20), data is there when it is looked for, and what
/// was due before has finished. `pipeform test` imagines failures and late data.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    variables: VariableArgs,

    /// Show only these objects, and what is inside them
    addresses: Vec<String>,

    /// Where the clock starts, e.g. `2027-03-27`; by default now
    #[arg(long, value_name = "TIME")]
    from: Option<String>,

    /// Where it stops; by default a week later
    #[arg(long, value_name = "TIME")]
    to: Option<String>,

    /// Go on from what the state says is not done, instead of taking it as finished
    #[arg(long)]
    backlog: bool,

    /// How long attempts take of activities that have never finished, e.g. `10 minutes`
    #[arg(long, value_name = "DURATION")]
    duration: Option<String>,

    /// How many attempts may run at once; by default twice the number of processors
    #[arg(long, value_name = "N")]
    parallelism: Option<NonZeroUsize>,

    /// As JSON, one instance a line, data nodes too, with the attributes as they are evaluated
    #[arg(long)]
    json: bool,
}

/// Everything goes well that can be evaluated, and takes as long as it took.
struct AsBefore<'a> {
    formulas: Formulas<'a>,
    durations: BTreeMap<Address, SignedDuration>,
    otherwise: SignedDuration,
}

impl World for AsBefore<'_> {
    fn attempt(&mut self, scene: Scene<'_>, started: &Started) -> Imagined {
        let known = self.durations.get(&started.key.object);
        match self.formulas.attempt(scene.engine, started, scene.now) {
            Ok(()) => Imagined {
                takes: known.copied().unwrap_or(self.otherwise),
                outcome: Outcome::Finished,
            },
            Err(error) => Imagined {
                takes: SignedDuration::ZERO,
                outcome: Outcome::Failed(error),
            },
        }
    }

    fn check(&mut self, scene: Scene<'_>, key: &InstanceKey) -> CheckResult {
        match self.formulas.checks(scene.engine, key, scene.now) {
            Ok(()) => CheckResult::True,
            Err(error) => CheckResult::Error(error),
        }
    }

    fn act(&mut self, _scene: Scene<'_>, _action: &Address, _instance: &Instance) {}

    fn deed(&mut self, _scene: Scene<'_>, _number: usize) -> Vec<Event> {
        Vec::new()
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let store = context.read_state()?;
    let planned = planning::plan(context, &store, |prior| {
        let module = RootModule::load(context, &args.variables, Some(prior))?;
        Ok(Target::module(module.valid()?))
    })?;
    let (definition, timetable) = planned.next_definition();
    check_addresses(&args.addresses, planned.next_objects())?;
    let bounds = bounds(args, context.clock.now())?;
    let otherwise = match &args.duration {
        None => SignedDuration::ZERO,
        Some(text) => parse_duration(text)
            .map_err(|error| Failure::message(format!("--duration: {error}")))?,
    };
    let call = planning::no_files_call(bounds.from);
    let mut formulas = Formulas::new(&call);
    let applied = Applied {
        objects: planned.next_objects().clone(),
        timetable: timetable.clone(),
    };
    formulas.apply(definition.serial, Arc::new(applied));
    let mut world = AsBefore {
        formulas,
        durations: durations(&store, definition.units.keys())?,
        otherwise,
    };
    let before = if args.backlog {
        past(&store)?
    } else {
        rehearsal::finished_until(&definition, bounds.from)
    };
    let (from, to) = (bounds.from, bounds.to);
    let played = rehearsal::rehearse(definition, before, bounds, &mut world);
    let wanted = |address: &Address| {
        let inside = |prefix: &String| is_inside(address, prefix);
        args.addresses.is_empty() || args.addresses.iter().any(inside)
    };
    let holds = Holds {
        objects: planned.next_objects(),
        pauses: &planned.next_pauses(),
    };
    if args.json {
        let attributes = |run: &Run| Some(world.formulas.seen(run)?.attributes);
        let mut print = terminal::print;
        timetable::json(&played, holds, &wanted, &attributes, &mut print);
        return Ok(ExitCode::SUCCESS);
    }
    let utc = |at| moment(at, &TimeZone::UTC);
    terminal::print(&format!("From {} to {}:\n\n", utc(from), utc(to)));
    let zone = |address: &Address| timetable.timezone(address);
    terminal::print(&timetable::human(&played, &zone, holds, &wanted));
    let held = held(&planned.plan.held, &args.addresses);
    if !held.is_empty() {
        let held = effects::held(&held, context.look);
        terminal::print(&format!("\n{held}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// What operators hold of these objects, or with what they are inside of: of that nothing starts, and nothing is made.
fn held(held: &[Held], wanted: &[String]) -> Vec<Held> {
    let is_wanted = |held: &&Held| {
        let meets = |prefix: &String| {
            is_inside(&held.address, prefix)
                || is_inside(&Address::new(prefix.as_str()), held.address.as_str())
        };
        !held.lifted && (wanted.is_empty() || wanted.iter().any(meets))
    };
    held.iter().filter(is_wanted).cloned().collect()
}

/// Refuses addresses that nothing has.
fn check_addresses(wanted: &[String], objects: &Objects) -> Result<(), Failure> {
    for prefix in wanted {
        if !objects.keys().any(|address| is_inside(address, prefix)) {
            let hint = did_you_mean(prefix, objects.keys().map(Address::as_str));
            let hint = hint.map(|hint| format!(" {hint}")).unwrap_or_default();
            return Err(Failure::message(format!(
                "The configuration has no `{prefix}`.{hint}"
            )));
        }
    }
    Ok(())
}

fn bounds(args: &Args, now: Timestamp) -> Result<Bounds, Failure> {
    let parsed = |flag: &str, text: &str| {
        parse_moment(text)
            .and_then(|moment| moment.timestamp(&TimeZone::UTC))
            .map_err(|error| Failure::message(format!("{flag}: {error}")))
    };
    let from = match &args.from {
        None => now,
        Some(text) => parsed("--from", text)?,
    };
    let week = SignedDuration::from_hours(7 * 24);
    let to = match &args.to {
        None => from.checked_add(week).unwrap_or(Timestamp::MAX),
        Some(text) => parsed("--to", text)?,
    };
    if to < from {
        return Err(Failure::message(format!(
            "--to: {to} is before {from}, where the clock starts."
        )));
    }
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Ok(Bounds {
        from,
        to,
        parallelism: args.parallelism.map_or(2 * processors, NonZeroUsize::get),
        deeds: Vec::new(),
    })
}
