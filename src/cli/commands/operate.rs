//! What `rerun`, `cancel`, `pause`, `resume`, `mark-finished`, `backfill` and `trigger` share: they say what they will do
//! and to how many instances, ask, write an order into the state, and have it carried out: by the runner that is there, or
//! else at once.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::process::ExitCode;

use jiff::Timestamp;

use super::select::Range;
use super::select::Selection;
use super::select::select;
use crate::cli::carrying_out::carry_out;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::cli::views::operation;
use crate::cli::views::operation::Outcome;
use crate::cli::views::operation::Proposal;
use crate::engine::Engine;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Limits;
use crate::engine::Operation;
use crate::engine::Paused;
use crate::engine::Status;
use crate::engine::UnitKind;
use crate::objects::Address;
use crate::objects::Kind;
use crate::runtime::SerialDefinition;
use crate::runtime::past;
use crate::store::PlacedOrder;
use crate::store::Record;
use crate::store::Store;
use crate::time::Interval;

/// More instances than this need their exact number to be approved in advance.
const APPROVED_UNCOUNTED: u64 = 100;

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

    /// The stretch of time in which the instances of an object start that a selection is about.
    pub(super) fn starts(
        &self,
        selection: &Selection,
        object: &Address,
    ) -> Result<Interval, Failure> {
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
        .filter_map(|object| scene.definition.holds().of(object));
    held.map(|(by, paused)| (by.clone(), paused.cloned()))
        .collect()
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
    scene.refuse_too_many(what.command, proposal, operation)?;
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
    let stretches = proposal.stretches.iter();
    let stretches = stretches
        .map(|(object, stretch)| (object.clone(), stretch.ranges.clone()))
        .collect();
    let mut store = context.write_state()?;
    let id = store.order(&PlacedOrder {
        record,
        operation,
        targets: scene.named(proposal),
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
