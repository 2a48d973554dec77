//! `pipeform schedule`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::process::ExitCode;

use jiff::Timestamp;

use super::select::select_from;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::root_module::RootModule;
use crate::cli::root_module::VariableArgs;
use crate::cli::terminal;
use crate::cli::views::schedule::Section;
use crate::cli::views::schedule::human;
use crate::cli::views::schedule::json;
use crate::engine::compile;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Moments;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::schedule_of;
use crate::plan::succession::continued;
use crate::runtime::SerialDefinition;
use crate::runtime::moments;
use crate::store::Store;
use crate::time::Timeline;
use crate::time::parse_moment;

/// Print the intervals of a schedule, and when each is due
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// A schedule, a pipeline, an activity or a data node
    address: String,

    /// How many intervals, from the one that contains the time on
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(..=MOST))]
    next: u32,

    /// How many intervals before that
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=MOST))]
    previous: u32,

    /// The time, e.g. `2026-11-01` (in the zone of the schedule) or `2026-11-01T06:00Z`; left out: now
    #[arg(long, value_name = "TIME")]
    from: Option<String>,

    /// As it is applied, instead of as it is configured
    #[arg(long)]
    state: bool,

    /// As JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    variables: VariableArgs,
}

/// The most intervals that are printed each way.
const MOST: i64 = 100_000;

/// Objects, and the schedules they have.
struct Scheduled {
    objects: Objects,
    timetable: Timetable,
    moments: Moments,
    /// What is applied, as far as schedules go on from there, and until when there are instances.
    applied: Option<(Timetable, BTreeMap<Address, Timestamp>)>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let now = context.clock.now();
    let from = args.from.as_deref().map(parse_moment).transpose();
    let from = from.map_err(|error| Failure::message(format!("--from: {error}")))?;
    let scheduled = if args.state {
        Scheduled::applied(&context.read_state()?, now)?
    } else {
        Scheduled::configured(context, &args.variables, now)?
    };
    let mut sections = scheduled.sections(&args.address, args.state, now)?;
    for section in &mut sections {
        let Some(schedule) = &section.schedule else {
            continue;
        };
        let from = match from {
            None => now,
            Some(moment) => moment
                .timestamp(schedule.timezone())
                .map_err(|error| Failure::message(format!("--from: {error}")))?,
        };
        section.fill(from, args.next, args.previous);
    }
    terminal::print(&if args.json {
        json(&sections)
    } else {
        human(&sections, context.look)
    });
    Ok(ExitCode::SUCCESS)
}

impl Scheduled {
    /// What has been applied.
    fn applied(store: &Store, now: Timestamp) -> Result<Self, Failure> {
        let definition = SerialDefinition::read(store, store.head()?.serial, now)?;
        Ok(Self {
            objects: definition.objects,
            timetable: definition.timetable,
            moments: moments(store)?,
            applied: None,
        })
    }

    /// What is configured, as an apply now would make it.
    fn configured(
        context: &Context,
        variables: &VariableArgs,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let store = context.read_state()?;
        let applied = Self::applied(&store, now)?;
        let module = RootModule::load(context, variables, Some(&applied.objects))?.valid()?;
        let objects = module.configuration.objects;
        let moments = Moments {
            activations: applied.moments.activations,
            ..Moments::default()
        };
        Ok(Self {
            timetable: Timetable::new(&objects, &moments, now),
            objects,
            moments,
            applied: Some((applied.timetable, store.made_until()?)),
        })
    }

    /// The schedules of what an address stands for, those that several objects share once.
    fn sections(
        &self,
        address: &str,
        from_state: bool,
        now: Timestamp,
    ) -> Result<Vec<Section>, Failure> {
        let known: BTreeSet<Address> = self.objects.keys().cloned().collect();
        let (place, hint) = if from_state {
            ("state", "`pipeform state list` shows what there is.")
        } else {
            (
                "configuration",
                "With --state it is looked for in what is applied.",
            )
        };
        let found = select_from((place, hint), &known, &[address.to_owned()])?;
        // The address of a calendar that is written in a schedule may look like that of a schedule.
        let is_calendar = |address: &Address| {
            let object = self.objects.get(address);
            object.is_some_and(|object| object.kind() == Kind::Calendar)
        };
        let found = found.into_iter().filter(|address| !is_calendar(address));
        let chosen = Self::chosen(address, &found.collect::<Vec<_>>());
        if chosen.is_empty() {
            return Err(Failure::message(format!(
                "`{address}` has no schedule.\n\nSchedules, pipelines, activities and data nodes have intervals."
            )));
        }
        let units = compile(&self.objects, &self.timetable, 0).units;
        let mut sections: Vec<Section> = Vec::new();
        for address in &chosen {
            let mut section = self.section(address, now);
            section.active = units.get(address).is_none_or(|unit| unit.active);
            match sections.iter_mut().find(|other| other.is_like(&section)) {
                Some(other) => other.objects.push(address.clone()),
                None => sections.push(section),
            }
        }
        Ok(sections)
    }

    /// The object itself if it has intervals; else the activities inside, or the data nodes, or the schedules.
    fn chosen(address: &str, found: &[Address]) -> Vec<Address> {
        const KINDS: [Kind; 3] = [Kind::Activity, Kind::DataNode, Kind::Schedule];
        let is = |address: &Address, kind: Kind| address.kind() == kind.as_str();
        let exact = Address::new(address);
        if found.contains(&exact) && KINDS.iter().any(|kind| is(&exact, *kind)) {
            return vec![exact];
        }
        let of_kind = |kind: Kind| -> Vec<Address> {
            let those = found.iter().filter(|address| is(address, kind));
            those.cloned().collect()
        };
        let mut chosen = KINDS.into_iter().map(of_kind);
        chosen.find(|chosen| !chosen.is_empty()).unwrap_or_default()
    }

    /// The intervals of one object, or those of a schedule.
    fn section(&self, address: &Address, now: Timestamp) -> Section {
        let is_schedule = address.kind() == Kind::Schedule.as_str();
        let (described, schedule) = if is_schedule {
            let activation = self.activation(address).unwrap_or(now);
            let object = self.objects.get(address);
            let schedule = object.map(|object| schedule_of(&self.objects, object, activation));
            let schedule = schedule.and_then(Result::ok).map(Timeline::from);
            (Some(address), schedule)
        } else {
            let described = self.timetable.schedule_address(address);
            (described, self.timeline(address, now))
        };
        let object = described.and_then(|address| self.objects.get(address));
        let activated = match object.and_then(|object| object.get("start")) {
            Some(_) => true,
            None if is_schedule => self.activation(address).is_some(),
            None => self.pipeline_is_activated(address),
        };
        Section {
            calendar: object.and_then(|object| object.reference("calendar")),
            address: described.cloned(),
            objects: (!is_schedule)
                .then(|| address.clone())
                .into_iter()
                .collect(),
            schedule,
            active: true,
            begins_when_applied: described.is_some() && !activated,
            slots: Vec::new(),
            holes: Vec::new(),
            before: 0,
            ends: false,
        }
    }

    /// The intervals of an object; those of what is configured go on from what is applied.
    fn timeline(&self, address: &Address, now: Timestamp) -> Option<Timeline> {
        let wanted = self.timetable.schedule(address)?;
        let Some((applied, made_until)) = &self.applied else {
            return Some(wanted.clone());
        };
        let made_until = made_until.get(address).copied();
        let applied = applied.schedule(address);
        Some(continued(applied, wanted, made_until, now))
    }

    fn pipeline_is_activated(&self, address: &Address) -> bool {
        self.objects
            .get(address)
            .and_then(|object| object.pipeline.as_ref())
            .is_some_and(|pipeline| self.moments.activations.contains_key(pipeline))
    }

    /// When the first pipeline with objects on a schedule was activated.
    fn activation(&self, schedule: &Address) -> Option<Timestamp> {
        self.objects
            .values()
            .filter(|object| self.timetable.schedule_address(&object.address) == Some(schedule))
            .filter_map(|object| self.moments.activations.get(object.pipeline.as_ref()?))
            .min()
            .copied()
    }
}
