//! `pipeform trigger`.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::operate;
use super::operate::Common;
use super::operate::Scene;
use super::operate::selections;
use super::select::Range;
use super::select::Selection;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::cli::views::operation;
use crate::cli::views::operation::Outcome;
use crate::cli::views::operation::Proposal;
use crate::cli::views::operation::Words;
use crate::cli::views::status::interval_text;
use crate::engine::Behind;
use crate::engine::Change;
use crate::engine::InstanceKey;
use crate::engine::LeftOut;
use crate::objects::Address;
use crate::objects::Kind;
use crate::store::Filter;
use crate::store::Holder;
use crate::store::Store;
use crate::time::Interval;

/// Make a run of on-demand pipelines or activities: those without a schedule
///
/// All that are named are one run: what depends on something waits for it. `pipeform run` starts it, or a runner that is there
/// already.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let common = &args.common;
    let selections = selections(common)?;
    if let Some(selection) = selections.iter().find(|it| it.range != Range::Unsaid) {
        return Err(Failure::message(format!(
            "`{}`: what is triggered runs for the moment of the trigger, and not for intervals.\n\n`backfill` and `rerun` are for intervals.",
            selection.text
        )));
    }
    let mut scene = Scene::look(context)?;
    let activities = on_demand(&scene, &selections)?;
    if activities.is_empty() {
        return Err(Failure::message(format!(
            "There is no on-demand activity in {}: what has a schedule runs by it.",
            common.selections.join(", ")
        )));
    }
    let moment = free_moment(&scene.store, &scene)?;
    let mut proposal = proposal(&scene, &activities, moment);
    let words = Words {
        command: "trigger",
        does: ["trigger", ""],
        options: Vec::new(),
        starts: true,
    };
    if !common.json {
        terminal::print(&operation::human(&words, &proposal, &scene.definition));
        terminal::print(&behind(&scene, &activities));
        terminal::print(&left_out(&proposal));
    }
    let count = u64::try_from(proposal.targets.len()).unwrap_or(u64::MAX);
    let mut outcome = Outcome::DryRun;
    if !common.dry_run {
        if !operate::approve((context, common), &words, count)? {
            terminal::say("\nNothing was done.\n");
            return Err(Failure::Silent);
        }
        let made = enqueue(&mut scene, common, &words, &activities)?;
        if made != moment {
            proposal = self::proposal(&scene, &activities, made);
            let name = interval_text(Interval::moment(made), &TimeZone::UTC);
            terminal::say(&format!(
                "\nSomebody else was first: this is the run of {name}.\n"
            ));
        }
        outcome = Outcome::Done(count);
    }
    terminal::print(&if common.json {
        operation::json(&words, &proposal, outcome)
    } else {
        operation::closing(&proposal, outcome)
    });
    if outcome != Outcome::DryRun && !common.json && proposal.held.is_empty() && context.look.hints
    {
        terminal::say("`pipeform run` starts it, or a runner that is there already.\n");
    }
    Ok(ExitCode::SUCCESS)
}

/// What is to be made.
fn proposal(scene: &Scene<'_>, activities: &[Address], moment: Timestamp) -> Proposal {
    let target = |object: &Address| {
        let key = InstanceKey {
            object: object.clone(),
            interval: Interval::moment(moment),
        };
        (key, None)
    };
    Proposal {
        targets: activities.iter().map(target).collect(),
        held: operate::held(scene, activities),
        left_out: scene.engine.left_out(activities).into_iter().collect(),
        ..Proposal::default()
    }
}

/// Which inputs have not come to their newest interval: an older one is read.
fn behind(scene: &Scene<'_>, activities: &[Address]) -> String {
    let mut lines = BTreeSet::new();
    for activity in activities {
        for Behind {
            object,
            latest,
            due,
        } in scene.engine.behind(activity, scene.now)
        {
            let zone = scene.definition.timetable.timezone(&object);
            let [latest, due] = [latest, due].map(|interval| interval_text(interval, &zone));
            lines.insert(format!(
                "  `{activity}` reads {latest} of `{object}`, the latest that has finished: {due} is due, too.\n"
            ));
        }
    }
    lines.into_iter().collect()
}

/// What the run needs of activities on demand that are not part of it.
fn left_out(proposal: &Proposal) -> String {
    let line = |left_out: &LeftOut| {
        let LeftOut {
            reader,
            producer,
            unfinished,
        } = left_out;
        let run = unfinished.map(|(run, status)| {
            let run = interval_text(run, &TimeZone::UTC);
            format!(": its run of {run} is {status}")
        });
        let run = run.unwrap_or_default();
        format!(
            "  `{reader}` does not wait for `{producer}`, which is not part of this run{run}.\n"
        )
    };
    proposal.left_out.iter().map(line).collect()
}

/// The moment of the next run: this second or, where there is a run of it, the next millisecond. So each run goes by a
/// moment of its own that people can type, and what is due at the time of the trigger is due at that moment.
fn free_moment(store: &Store, scene: &Scene<'_>) -> Result<Timestamp, Failure> {
    let second = Timestamp::from_second(scene.now.as_second()).unwrap_or(scene.now);
    let end = second.checked_add(SignedDuration::from_secs(1));
    let on_demand = scene.definition.objects.keys().filter(|address| {
        let unit = scene.engine.unit(address);
        unit.is_some_and(|unit| unit.schedule.is_none())
    });
    let made = store.instances(&Filter {
        objects: Some(on_demand.cloned().collect()),
        from: Some(second),
        to: end.ok(),
        ..Filter::default()
    })?;
    let taken: BTreeSet<Timestamp> = made.iter().map(|it| it.key.interval.start).collect();
    let mut moment = second;
    while taken.contains(&moment)
        && let Ok(next) = moment.checked_add(SignedDuration::from_millis(1))
    {
        moment = next;
    }
    Ok(moment)
}

fn on_demand(scene: &Scene<'_>, selections: &[Selection]) -> Result<Vec<Address>, Failure> {
    let mut chosen: BTreeSet<Address> = BTreeSet::new();
    for selection in selections {
        chosen.extend(scene.objects(selection)?);
    }
    let definition = &scene.definition;
    chosen.retain(|address| {
        let object = definition.objects.get(address);
        object.is_some_and(|object| object.kind() == Kind::Activity)
            && definition.timetable.schedule(address).is_none()
    });
    Ok(chosen.into_iter().collect())
}

/// Writes the instances of the run into the state, and answers its moment.
fn enqueue(
    scene: &mut Scene<'_>,
    common: &Common,
    words: &Words,
    activities: &[Address],
) -> Result<Timestamp, Failure> {
    let context = scene.context;
    let count = u64::try_from(activities.len()).unwrap_or(u64::MAX);
    let holder = Holder::this_process(context.who(), "trigger", scene.now);
    let lock = Store::lock_state(&context.state_path()?, &holder, Duration::from_secs(10))?;
    let mut store = context.write_state()?;
    let moment = free_moment(&store, scene)?;
    let made = scene.engine.triggered(activities, moment);
    let made: Vec<Change> = made.into_iter().map(Change::Instance).collect();
    let mut record = operate::record(context, common, words, count);
    record.changed = Some(count);
    store.enqueue(&lock, &record, &made)?;
    Ok(moment)
}
