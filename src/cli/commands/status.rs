//! `pipeform status`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::process::ExitCode;

use jiff::Timestamp;

use super::removed::removed;
use super::select::Chosen;
use super::select::Selection;
use super::select::select;
use super::select::select_intervals;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::cli::views::overview;
use crate::cli::views::status::Source;
use crate::cli::views::status::Status;
use crate::cli::views::status::Wanted;
use crate::engine::Engine;
use crate::engine::Event;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Limits;
use crate::engine::Records;
use crate::engine::Status as InstanceStatus;
use crate::engine::UnitKind;
use crate::objects::Address;
use crate::objects::Kind;
use crate::runtime::SerialDefinition;
use crate::runtime::part_at;
use crate::runtime::past;
use crate::store::ActionRun;
use crate::store::Filter;
use crate::store::Store;

/// With more activities than this they are counted and not listed, unless some are named.
const MANY: u64 = 500;

/// How many of the instances that have failed last are shown then.
const FAILURES: usize = 10;

/// Show how each activity stands, and what each instance waits for
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Only these objects, and what is inside them; maybe with intervals, also finished ones: `@2026-11-01`, `@FROM..TO`
    #[arg(value_name = "ADDRESS[@FROM..TO]")]
    addresses: Vec<String>,

    #[command(flatten)]
    listing: Listing,

    /// As JSON; lists all, unless there is a --limit
    #[arg(long)]
    json: bool,
}

/// How much is listed.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Listing {
    /// List so many instances of each activity, and so much of what one waits for [default: 10]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// List all
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

/// How many instances of one activity are listed for people.
const LISTED: usize = 10;

impl Listing {
    /// `None`: everything is listed.
    pub(super) fn limit(self, json: bool) -> Option<usize> {
        match self.limit {
            None if self.all || json => None,
            limit => limit.or(Some(LISTED)),
        }
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let store = context.read_state()?;
    let now = context.clock.now();
    let head = store.head()?;
    let many = store.has_more_than(MANY, head.serial)? && store.is_indexed(head.serial)?;
    if many && args.addresses.is_empty() && args.listing.limit(args.json) == Some(LISTED) {
        let overview = store.overview(head.serial, now, FAILURES)?;
        terminal::print(&overview::human(&overview, context.look));
        return Ok(ExitCode::SUCCESS);
    }
    let selections: Vec<Selection> = Selection::parse_all(&args.addresses)?;
    let (known, definition, before) = if many && !selections.is_empty() {
        let known = store.addresses_at(head.serial)?;
        let named: Vec<String> = selections.iter().map(|it| it.address.clone()).collect();
        let objects = select(&known, &named)?;
        let (definition, before) = part_at(&store, head.serial, &objects, now)?;
        (known, definition, before)
    } else {
        let definition = SerialDefinition::read(&store, head.serial, now)?;
        let known = definition.objects.keys().cloned().collect();
        (known, definition, past(&store)?)
    };
    let chosen = select_intervals(&known, &selections, &definition.timetable)?;
    // What is due but was never looked at is made here, in memory only, so that it shows.
    let mut engine = Engine::new(definition.compile(), before, Limits::looking());
    drop(engine.step(Event::Tick, now));
    let mut of_resources = Vec::new();
    for address in chosen.keys() {
        if address.kind() == Kind::Resource.as_str() {
            of_resources.extend(store.failed_actions(address)?);
        }
    }
    let nodes = selections.iter().any(Selection::names_data_nodes);
    let wanted = wanted(&store, &engine, chosen, nodes, now)?;
    let earlier = earlier(&store, &wanted, head.serial, now)?;
    let runner = Store::runner(&context.state_path()?);
    let source = Source {
        engine: &engine,
        earlier: &earlier,
        definition: &definition,
        records: &records(&store, &engine, &earlier, &wanted)?,
        counts: &store.counts()?,
        runner: runner.as_ref(),
        resources: &store.open_resources()?,
        of_resources: &of_resources,
        now,
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

/// The definitions that instances which have finished were made of, but for the newest: what they had goes by these.
fn earlier(
    store: &Store,
    wanted: &[Wanted],
    newest: u64,
    now: Timestamp,
) -> Result<BTreeMap<u64, Engine>, Failure> {
    let mut objects: BTreeMap<u64, BTreeSet<Address>> = BTreeMap::new();
    for instance in wanted.iter().flat_map(|wanted| &wanted.settled) {
        let serial = instance.definition.filter(|serial| *serial != newest);
        if let Some(serial) = serial
            && store.is_indexed(serial)?
        {
            let object = instance.key.object.clone();
            objects.entry(serial).or_default().insert(object);
        }
    }
    let engine = |(serial, objects): (u64, BTreeSet<Address>)| {
        let objects: Vec<Address> = objects.into_iter().collect();
        let (definition, past) = part_at(store, serial, &objects, now)?;
        let engine = Engine::new(definition.compile(), past, Limits::looking());
        Ok((serial, engine))
    };
    objects.into_iter().map(engine).collect()
}

/// What there are records of that say what the instances had that are shown.
pub(super) fn records(
    store: &Store,
    engine: &Engine,
    earlier: &BTreeMap<u64, Engine>,
    wanted: &[Wanted],
) -> Result<BTreeMap<InstanceKey, Records>, Failure> {
    let mut found = BTreeMap::new();
    for wanted in wanted {
        let open = engine.instances_of(&wanted.address);
        for instance in open.chain(&wanted.settled) {
            let key = &instance.key;
            let then = instance.definition.and_then(|serial| earlier.get(&serial));
            let inputs = then.unwrap_or(engine).recorded_inputs(key);
            if inputs.is_empty() {
                continue;
            }
            let mut records = Records::default();
            if instance.status.is_settled() {
                let last = store.attempts(key)?.pop();
                records.began = last.map(|last| last.started_at).or(instance.ended_at);
            }
            for (object, span) in inputs {
                let found = store.instances(&Filter {
                    statuses: vec![InstanceStatus::Finished, InstanceStatus::Skipped],
                    ..Filter::starting_in(object, span)
                })?;
                let ended = found.into_iter().map(|it| (it.key, it.ended_at));
                let ended = ended.filter_map(|(key, at)| Some((key, at?)));
                records.finished.extend(ended);
            }
            found.insert(key.clone(), records);
        }
    }
    Ok(found)
}

fn by_instance(actions: Vec<ActionRun>) -> BTreeMap<InstanceKey, Vec<ActionRun>> {
    let mut of: BTreeMap<InstanceKey, Vec<ActionRun>> = BTreeMap::new();
    for run in actions {
        of.entry(run.instance.clone()).or_default().push(run);
    }
    of
}

/// What is shown: activities, and data nodes if they are named; of intervals also those that have finished.
pub(super) fn wanted(
    store: &Store,
    engine: &Engine,
    chosen: Chosen,
    nodes: bool,
    now: Timestamp,
) -> Result<Vec<Wanted>, Failure> {
    let mut wanted = Vec::new();
    for (address, spans) in chosen {
        let unit = engine.unit(&address);
        if !unit.is_some_and(|unit| nodes || unit.kind == UnitKind::Activity) {
            continue;
        }
        let (mut settled, mut gone) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for span in spans.iter().flatten() {
            let found = store.instances(&Filter {
                statuses: vec![InstanceStatus::Finished, InstanceStatus::Skipped],
                ..Filter::starting_in(address.clone(), *span)
            })?;
            let without = removed(store, engine, (&address, *span), &found, now)?;
            let mut fresh = |instance: &Instance| seen.insert(instance.key.clone());
            settled.extend(found.into_iter().filter(&mut fresh));
            gone.extend(without.into_iter().filter(&mut fresh));
        }
        let actions = if spans.is_none() {
            store.failed_actions(&address)?
        } else {
            let open = engine.instances_of(&address).chain(&settled);
            let actions = open.map(|instance| store.actions_of(&instance.key));
            actions.collect::<Result<Vec<_>, _>>()?.concat()
        };
        wanted.push(Wanted {
            address,
            spans,
            settled,
            removed: gone,
            actions: by_instance(actions),
        });
    }
    Ok(wanted)
}
