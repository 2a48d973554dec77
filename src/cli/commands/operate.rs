//! What `rerun`, `cancel`, `pause`, `resume`, `mark-finished`, `backfill` and `trigger` share: they say what they will do
//! and to how many instances, ask, write an order into the state, and have it carried out: by the runner that is there, or
//! else at once.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::process::ExitCode;

use jiff::Timestamp;

use super::removed::removed;
use super::select::Range;
use super::select::Selection;
use super::select::select;
use crate::cli::carrying_out::carry_out;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::cli::views::absent;
use crate::cli::views::operation;
use crate::cli::views::operation::Outcome;
use crate::cli::views::operation::Proposal;
use crate::cli::views::operation::Stretch;
use crate::engine::Engine;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Limits;
use crate::engine::Operation;
use crate::engine::Paused;
use crate::engine::Ranges;
use crate::engine::Status;
use crate::engine::UnitKind;
use crate::objects::Address;
use crate::objects::Kind;
use crate::runtime::SerialDefinition;
use crate::runtime::past;
use crate::store::Filter;
use crate::store::PlacedOrder;
use crate::store::Record;
use crate::store::Store;
use crate::time::Interval;

/// More instances than this need their exact number to be approved in advance.
const APPROVED_UNCOUNTED: u64 = 100;

/// More intervals without instances than this are told, and ordered, as stretches of time.
const LISTED: u64 = 1_000;

/// Options of all of them.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Common {
    /// Which: an address, with `*` for any part of a name, maybe with intervals: `@2026-11-01`, `@FROM..TO`
    #[arg(required = true, value_name = "ADDRESS[@FROM..TO]")]
    pub(super) selections: Vec<String>,

    /// Do not ask; for more than 100 instances with their exact number: `--auto-approve=342`
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(super) auto_approve: Option<Approved>,

    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,

    /// What is done, as JSON; with --auto-approve or --dry-run
    #[arg(long)]
    pub(super) json: bool,
}

/// What was approved in advance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Approved {
    /// Some instances: not too many.
    Few,
    /// Exactly so many.
    Exactly(u64),
    /// What somebody has said yes to a moment ago.
    Any,
    /// Something that is no number.
    Unreadable(String),
}

impl From<&str> for Approved {
    fn from(text: &str) -> Self {
        match text.parse() {
            _ if text.is_empty() => Self::Few,
            Ok(number) => Self::Exactly(number),
            Err(_) => Self::Unreadable(text.to_owned()),
        }
    }
}

/// Which intervals that have no instance an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unmade {
    /// None.
    None,
    /// Those that are due.
    Due,
    /// Those that are due, and those that are still to be made because somebody has asked for them.
    DueOrAskedFor,
    /// Those that are due, and those that `catch_up` has passed over.
    WithPassedOver,
}

/// Which instances are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Among {
    /// All.
    All,
    /// Those that have not finished.
    Unfinished,
    /// Where intervals are named, all; else those that have not finished, so that history is not gone through.
    AllNamed,
}

/// What is there.
pub(super) struct Scene<'a> {
    pub(super) context: &'a Context,
    pub(super) store: Store,
    pub(super) definition: SerialDefinition,
    pub(super) engine: Engine,
    pub(super) now: Timestamp,
}

impl<'a> Scene<'a> {
    /// Looks at the state.
    pub(super) fn look(context: &'a Context) -> Result<Self, Failure> {
        if !crate::store::exists(&context.state_path()?)? {
            return Err(Failure::message(
                "There are no instances: nothing has been applied here.\n\n`pipeform apply` activates what the configuration describes.",
            ));
        }
        let store = context.read_state()?;
        let now = context.clock.now();
        let definition = SerialDefinition::read(&store, store.head()?.serial, now)?;
        let engine = Engine::new(definition.compile(), past(&store)?, Limits::looking());
        Ok(Self {
            context,
            store,
            definition,
            engine,
            now,
        })
    }

    /// The objects that a selection is about: activities, and data nodes if it names them.
    pub(super) fn objects(&self, selection: &Selection) -> Result<Vec<Address>, Failure> {
        let known: BTreeSet<Address> = self.definition.objects.keys().cloned().collect();
        let chosen = select(&known, std::slice::from_ref(&selection.address))?;
        let has_instances = |address: &Address| {
            address.kind() == Kind::Pipeline.as_str() || self.engine.unit(address).is_some()
        };
        if !chosen.iter().any(has_instances) {
            return Err(Failure::message(format!(
                "`{}` has no instances: activities and data nodes have.\n\n`pipeform state list` shows what there is.",
                selection.address
            )));
        }
        let names_nodes = selection.names_data_nodes();
        let wanted = chosen.into_iter().filter(|address| {
            self.engine
                .unit(address)
                .is_some_and(|unit| names_nodes || unit.kind == UnitKind::Activity)
        });
        Ok(wanted.collect())
    }

    /// The instances that a selection is about, as far as they are in the state.
    fn instances(&self, selection: &Selection, live_only: bool) -> Result<Vec<Instance>, Failure> {
        let mut found = Vec::new();
        for object in self.objects(selection)? {
            let starts = self.starts(selection, &object)?;
            let within = |instance: &&Instance| contains(starts, instance.key.interval.start);
            if live_only {
                found.extend(self.engine.instances_of(&object).filter(within).cloned());
                continue;
            }
            let kept = self
                .store
                .instances(&Filter::starting_in(object.clone(), starts))?;
            let wanted = (&object, starts);
            found.extend(removed(&self.store, &self.engine, wanted, &kept, self.now)?);
            found.extend(kept);
        }
        Ok(found)
    }

    /// An instance, also one that has finished and whose record was removed.
    pub(super) fn instance(&self, key: &InstanceKey) -> Result<Option<Instance>, Failure> {
        let kept = self.store.instance(key)?;
        if kept.is_some() || !self.engine.has_finished(key) {
            return Ok(kept);
        }
        Ok(Some(Instance {
            status: Status::Finished,
            ..Instance::new(key.clone())
        }))
    }

    /// The intervals that a selection is about, that are due and have no instance yet.
    fn unmade(&self, selection: &Selection, dropped: bool) -> Result<Vec<Instance>, Failure> {
        self.fresh(selection, |object, starts| {
            self.engine.unmade(object, starts, dropped, self.now)
        })
    }

    /// The intervals that a selection is about, and that are still to be made because somebody has asked for them.
    fn asked_for(&self, selection: &Selection) -> Result<Vec<Instance>, Failure> {
        self.fresh(selection, |object, starts| {
            self.engine.wanted_intervals(object, starts)
        })
    }

    /// Instances of intervals of each object that a selection is about, which have none.
    fn fresh(
        &self,
        selection: &Selection,
        intervals: impl Fn(&Address, Interval) -> Vec<Interval>,
    ) -> Result<Vec<Instance>, Failure> {
        let mut found = Vec::new();
        for object in self.objects(selection)? {
            let starts = self.starts(selection, &object)?;
            let instance = |interval| {
                Instance::new(InstanceKey {
                    object: object.clone(),
                    interval,
                })
            };
            found.extend(intervals(&object, starts).into_iter().map(instance));
        }
        Ok(found)
    }

    /// Proposes the instances of selections that an operation has a meaning for: `unmade` says which of those that were never
    /// made, `among` whether what has finished is looked at.
    pub(super) fn proposal(
        &self,
        selections: &[Selection],
        unmade: Unmade,
        among: Among,
        statuses: &[Status],
    ) -> Result<Proposal, Failure> {
        let (mut instances, mut fresh) = (Vec::new(), Vec::new());
        let (mut absent, mut unnamed) = (BTreeSet::new(), BTreeSet::new());
        for selection in selections {
            let is_named = selection.range != Range::Unsaid;
            let live_only = match among {
                Among::All => false,
                Among::Unfinished => true,
                Among::AllNamed => !is_named,
            };
            let found = self.instances(selection, live_only)?;
            let made = match unmade {
                Unmade::None => Vec::new(),
                Unmade::Due => self.unmade(selection, false)?,
                Unmade::DueOrAskedFor => {
                    let mut made = self.unmade(selection, false)?;
                    made.extend(self.asked_for(selection)?);
                    made
                }
                Unmade::WithPassedOver => self.unmade(selection, true)?,
            };
            if !live_only && is_named {
                let found = found.iter().chain(&made).map(|it| &it.key.object);
                absent.extend(self.absent(selection, &found.collect())?);
            } else if among == Among::AllNamed {
                unnamed.extend(self.objects(selection)?);
            }
            instances.extend(found);
            fresh.extend(made);
        }
        let mut proposal = propose(instances, fresh, statuses);
        proposal.absent = absent;
        if proposal.targets.is_empty() {
            self.count_finished(&unnamed, &mut proposal)?;
        }
        Ok(proposal)
    }

    /// What of a selection has no instance, and why; `found`: the objects that have some.
    fn absent(
        &self,
        selection: &Selection,
        found: &BTreeSet<&Address>,
    ) -> Result<BTreeSet<(Address, String)>, Failure> {
        let mut absent = BTreeSet::new();
        for object in self.objects(selection)? {
            let Some(unit) = self.engine.unit(&object) else {
                continue;
            };
            let zone = self.definition.timetable.timezone(&object);
            let starts = self.starts(selection, &object)?;
            let why = if found.contains(&object) {
                absent::before_the_first(unit, &zone, starts)
            } else {
                Some(absent::absent(&self.engine, unit, &zone, starts, self.now))
            };
            absent.extend(why.map(|why| (object.clone(), why)));
        }
        Ok(absent)
    }

    /// Counts what is left alone because it has finished, where that was not gone through.
    fn count_finished(
        &self,
        objects: &BTreeSet<Address>,
        proposal: &mut Proposal,
    ) -> Result<(), Failure> {
        let counts = self.store.counts()?;
        for counts in objects.iter().filter_map(|object| counts.get(object)) {
            for status in [Status::Finished, Status::Skipped] {
                let number = counts.get(&status).copied().unwrap_or(0);
                if number > 0 {
                    *proposal.left_alone.entry(status).or_default() += number;
                }
            }
        }
        Ok(())
    }

    /// Proposes to make what selections name and has no instance: one after the other, or as stretches of time where these
    /// are many.
    pub(super) fn back_fill(&self, selections: &[Selection]) -> Result<Proposal, Failure> {
        let mut unmade: BTreeMap<Address, Ranges> = BTreeMap::new();
        for selection in selections {
            for object in self.objects(selection)? {
                let starts = self.starts(selection, &object)?;
                let found = self.engine.unmade_stretches(&object, starts, self.now);
                let of_object = unmade.entry(object).or_default();
                found.iter().for_each(|range| of_object.insert(range));
            }
        }
        let number = unmade.iter();
        let number: u64 = number
            .map(|(object, ranges)| self.engine.count_in(object, [ranges]))
            .sum();
        if number <= LISTED {
            return self.proposal(selections, Unmade::WithPassedOver, Among::All, &[]);
        }
        let mut proposal = self.proposal(selections, Unmade::None, Among::All, &[])?;
        self.add_stretches(&mut proposal, unmade);
        Ok(proposal)
    }

    /// Adds what of selections is still to be made because somebody has asked for it.
    pub(super) fn add_wanted(
        &self,
        proposal: &mut Proposal,
        selections: &[Selection],
    ) -> Result<(), Failure> {
        let mut wanted: BTreeMap<Address, Ranges> = BTreeMap::new();
        for selection in selections {
            for object in self.objects(selection)? {
                let starts = self.starts(selection, &object)?;
                let found = self.engine.wanted_in(&object, starts);
                let of_object = wanted.entry(object).or_default();
                found.iter().for_each(|range| of_object.insert(range));
            }
        }
        self.add_stretches(proposal, wanted);
        Ok(())
    }

    fn add_stretches(&self, proposal: &mut Proposal, all: BTreeMap<Address, Ranges>) {
        for (object, ranges) in all {
            let number = self.engine.count_in(&object, [&ranges]);
            if let Some((first, last)) = self.engine.ends_of(&object, &ranges)
                && number > 0
            {
                let stretch = Stretch {
                    ranges,
                    first,
                    last,
                    number,
                };
                proposal.absent.retain(|(absent, _)| *absent != object);
                proposal.stretches.insert(object, stretch);
            }
        }
    }

    fn starts(&self, selection: &Selection, object: &Address) -> Result<Interval, Failure> {
        let timetable = &self.definition.timetable;
        selection.starts(timetable.schedule(object), &timetable.timezone(object))
    }
}

/// What of some objects, or their pipelines, is not active, and who has paused it.
pub(super) fn held<'a>(
    scene: &Scene<'_>,
    objects: impl IntoIterator<Item = &'a Address>,
) -> BTreeMap<Address, Option<Paused>> {
    let objects: BTreeSet<&Address> = objects.into_iter().collect();
    let held = objects
        .into_iter()
        .filter_map(|object| scene.definition.held_by(object));
    held.map(|(by, paused)| (by.clone(), paused.cloned()))
        .collect()
}

fn contains(span: Interval, at: Timestamp) -> bool {
    span.start <= at && at < span.end
}

/// Reads what a command is about.
pub(super) fn selections(common: &Common) -> Result<Vec<Selection>, Failure> {
    if let Some(Approved::Unreadable(text)) = &common.auto_approve {
        return Err(Failure::message(format!(
            "--auto-approve: `{text}` is not a number of instances.\n\nWrite `--auto-approve` for up to {APPROVED_UNCOUNTED} instances, and their exact number for more: `--dry-run` says how many there are."
        )));
    }
    Selection::parse_all(&common.selections)
}

/// Demands intervals, where leaving them out would mean all of history.
pub(super) fn demand_range(
    scene: &Scene<'_>,
    selections: &[Selection],
    command: &str,
) -> Result<(), Failure> {
    for selection in selections {
        scene.objects(selection)?;
    }
    match selections
        .iter()
        .find(|selection| selection.range == Range::Unsaid)
    {
        None => Ok(()),
        Some(selection) => Err(Failure::message(format!(
            "`{command}` needs to know which intervals of `{0}` are meant.\n\nWrite `{0}@2026-11-01`, `{0}@2026-11-01..2026-11-08`, or `{0}@..` for all.",
            selection.text
        ))),
    }
}

/// Sorts instances into those that an operation has a meaning for, and the others, without counting any twice.
fn propose(
    instances: impl IntoIterator<Item = Instance>,
    unmade: impl IntoIterator<Item = Instance>,
    statuses: &[Status],
) -> Proposal {
    let mut proposal = Proposal::default();
    let mut seen = BTreeSet::new();
    for instance in instances {
        if !seen.insert(instance.key.clone()) {
            continue;
        }
        if statuses.contains(&instance.status) {
            proposal.targets.push((instance.key, Some(instance.status)));
        } else {
            *proposal.left_alone.entry(instance.status).or_default() += 1;
        }
    }
    for instance in unmade {
        if seen.insert(instance.key.clone()) {
            proposal.targets.push((instance.key, None));
        }
    }
    proposal.targets.sort();
    proposal
}

/// Shows what will be done, asks, and has it done.
pub(super) fn run(
    scene: &Scene<'_>,
    common: &Common,
    what: &operation::Words,
    mut proposal: Proposal,
    operation: Operation,
) -> Result<ExitCode, Failure> {
    if what.starts {
        let targets = proposal.targets.iter().map(|(key, _)| &key.object);
        let held = held(scene, targets.chain(proposal.stretches.keys()));
        proposal.held.extend(held);
    }
    let proposal = &proposal;
    let count = proposal.number();
    if !common.json {
        terminal::print(&operation::human(what, proposal, &scene.definition));
    }
    if count == 0 || common.dry_run {
        let outcome = if common.dry_run {
            Outcome::DryRun
        } else {
            Outcome::Done(0)
        };
        show(common, what, proposal, outcome);
        return Ok(ExitCode::SUCCESS);
    }
    if !approve((scene.context, common), what, count)? {
        terminal::say("\nNothing was done.\n");
        return Err(Failure::Silent);
    }
    let context = scene.context;
    let record = record(context, common, what, count);
    let keys: Vec<InstanceKey> = proposal
        .targets
        .iter()
        .map(|(key, _)| key.clone())
        .collect();
    let stretches = proposal.stretches.iter();
    let stretches = stretches
        .map(|(object, stretch)| (object.clone(), stretch.ranges.clone()))
        .collect();
    let mut store = context.write_state()?;
    let id = store.order(&PlacedOrder {
        record,
        operation,
        targets: keys,
        stretches,
    })?;
    let carried = carry_out(context, store, id, what.command)?;
    show(common, what, proposal, carried.outcome);
    // What could not be ended was told of.
    Ok(match carried.left {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn show(common: &Common, what: &operation::Words, proposal: &Proposal, outcome: Outcome) {
    terminal::print(&if common.json {
        operation::json(what, proposal, outcome)
    } else {
        operation::closing(proposal, outcome)
    });
}

/// What the audit trail says.
pub(super) fn record(
    context: &Context,
    common: &Common,
    what: &operation::Words,
    asked: u64,
) -> Record {
    let options = what.options.iter().map(|option| format!(" {option}"));
    Record {
        at: context.clock.now(),
        who: context.who(),
        operation: what.command.to_owned(),
        what: common.selections.join(" ") + &options.collect::<String>(),
        asked,
        changed: None,
    }
}

/// Whether it is to be done. Where nobody can be asked, it has to be approved in advance.
pub(super) fn approve(
    (context, common): (&Context, &Common),
    what: &operation::Words,
    count: u64,
) -> Result<bool, Failure> {
    let command = what.command;
    let these = match count {
        1 => "this is 1 instance".to_owned(),
        _ => format!("these are {count} instances"),
    };
    match common.auto_approve {
        Some(Approved::Exactly(number)) if number != count => Err(Failure::message(format!(
            "--auto-approve={number}: {these}, and not {number}. Nothing was done.\n\nLook at them with `--dry-run`."
        ))),
        Some(Approved::Few) if count > APPROVED_UNCOUNTED => Err(Failure::message(format!(
            "These are {count} instances, and --auto-approve alone approves {APPROVED_UNCOUNTED}. Nothing was done.\n\nIf they are meant, use `--auto-approve={count}`."
        ))),
        Some(_) => Ok(true),
        None if common.json => Err(Failure::message(
            "--json asks nobody: use it with --auto-approve or --dry-run.",
        )),
        None => {
            let number = if count > APPROVED_UNCOUNTED {
                format!("={count}")
            } else {
                String::new()
            };
            let instead =
                format!("In automation, use `pipeform {command} --auto-approve{number}`.");
            Ok(terminal::ask(context, operation::QUESTION, &instead)? == "yes")
        }
    }
}
