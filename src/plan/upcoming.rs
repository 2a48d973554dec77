//! The runs that an apply makes, one by one, as far as they are near: of each activity and data node that changes the first that are
//! back-filled and the next that become due, and what each waits for.
//!
//! For machines, which want to check a plan; people read the counts of [`super::effects`] and the [`super::alignment`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::effects::Effects;
use crate::engine::Definition;
use crate::engine::Unit;
use crate::objects::Address;
use crate::objects::Dependency;
use crate::objects::Need;
use crate::objects::Require;
use crate::time::Interval;
use crate::time::Timeline;

/// So many runs are listed of those that are back-filled, and so many of those that become due.
const RUNS: usize = 5;

/// So many intervals are listed of one that is waited for.
const INTERVALS: usize = 10;

/// Up to so many intervals are counted one by one.
const COUNTED: usize = 10_000;

/// The runs of an activity or a data node.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Upcoming {
    /// Which.
    pub address: Address,
    /// Whether it has no schedule, and so no runs before it is triggered.
    pub on_demand: bool,
    /// What its runs wait for, by address.
    pub dependencies: Vec<Awaits>,
    /// The preconditions that must hold besides.
    pub preconditions: Vec<Address>,
    /// The first runs that are back-filled, oldest first. There may be more: the effects count them.
    pub backfill: Vec<UpcomingRun>,
    /// The next runs that become due.
    pub next: Vec<UpcomingRun>,
}

/// What an activity or a data node waits for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Awaits {
    /// Whose instances.
    pub address: Address,
    /// Which of them: `all`, `any` or `latest`.
    pub require: &'static str,
    /// The window that they lie in: `28 days`, or `28 days, moved by -1 day`. None: the interval of the run.
    pub window: Option<String>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UpcomingRun {
    /// Its interval.
    pub interval: Interval,
    /// When it is due (UTC).
    pub due: Timestamp,
    /// What it waits for, in the order of the dependencies.
    pub waits_for: Vec<Awaited>,
}

/// The instances of one other that a run waits for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Awaited {
    /// Whose.
    pub address: Address,
    /// How many of its intervals lie in the interval or window.
    pub count: u64,
    /// The first of them.
    pub intervals: Vec<Interval>,
}

/// What a plan says about runs.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// How many there are.
    pub effects: &'a Effects,
    /// Whose change: see [`super::Affected`].
    pub affected: &'a BTreeSet<Address>,
    /// The intervals that have an instance although those before them have none, oldest first: see
    /// [`super::effects::UnitRuns`].
    pub beyond: &'a BTreeMap<Address, Vec<Interval>>,
}

/// The runs of what changes. `definition`: what the engine works on after the apply.
pub fn upcoming(definition: &Definition, said: Said<'_>, now: Timestamp) -> Vec<Upcoming> {
    let pipelines = said.effects.pipelines.iter();
    let activities = pipelines.flat_map(|pipeline| &pipeline.activities);
    let backfills: BTreeMap<&Address, (Interval, Interval)> = activities
        .filter_map(|activity| {
            let ends = activity.oldest.zip(activity.newest)?;
            Some((&activity.address, ends))
        })
        .collect();
    let units = definition.units.values();
    let changed = units.filter(|unit| {
        said.affected.contains(&unit.address) || backfills.contains_key(&unit.address)
    });
    changed
        .map(|unit| {
            let ends = backfills.get(&unit.address).copied();
            let made = said.beyond.get(&unit.address);
            of_unit(
                (definition, unit),
                ends,
                made.map_or(&[][..], Vec::as_slice),
                now,
            )
        })
        .collect()
}

fn of_unit(
    (definition, unit): (&Definition, &Unit),
    backfill: Option<(Interval, Interval)>,
    made: &[Interval],
    now: Timestamp,
) -> Upcoming {
    let run = |schedule: &Timeline, interval: Interval| UpcomingRun {
        interval,
        due: schedule.due_at(interval),
        waits_for: unit
            .dependencies
            .iter()
            .filter_map(|edge| awaited(definition, unit, edge, interval))
            .collect(),
    };
    let runs = |first: Option<Interval>, last: Option<Interval>| -> Vec<UpcomingRun> {
        let Some(schedule) = unit.schedule.as_ref().filter(|_| unit.active) else {
            return Vec::new();
        };
        std::iter::successors(first, |before| schedule.next_from(before.end))
            .take_while(|interval| last.is_none_or(|last| *interval <= last))
            .filter(|interval| made.binary_search(interval).is_err())
            .take(RUNS)
            .map(|interval| run(schedule, interval))
            .collect()
    };
    let next = unit
        .schedule
        .as_ref()
        .and_then(|schedule| schedule.next_due(now));
    let (oldest, newest) = backfill.unzip();
    Upcoming {
        address: unit.address.clone(),
        on_demand: unit.schedule.is_none(),
        dependencies: unit.dependencies.iter().map(awaits).collect(),
        preconditions: unit.preconditions.clone(),
        backfill: runs(oldest, newest),
        next: runs(next, None),
    }
}

fn awaits(edge: &Dependency) -> Awaits {
    Awaits {
        address: edge.producer.clone(),
        require: edge.require.as_str(),
        window: edge.window.map(|window| window.to_string()),
    }
}

/// What an interval of a unit with a schedule waits for by an edge; `None` when the other is on demand.
fn awaited(
    definition: &Definition,
    unit: &Unit,
    edge: &Dependency,
    interval: Interval,
) -> Option<Awaited> {
    let other = definition.units.get(&edge.producer)?;
    let schedule = other.schedule.as_ref()?;
    let Need::In { span, .. } = edge.need(interval, unit.schedule.as_ref(), Some(schedule)) else {
        return None;
    };
    let mut intervals: Vec<Interval> = schedule.overlapping(span).take(COUNTED).collect();
    let mut count = u64::try_from(intervals.len()).unwrap_or(u64::MAX);
    if intervals.len() == COUNTED
        && let (Some(first), Some(last)) = (intervals.first(), schedule.last_overlapping(span))
    {
        count = schedule.due_count_from(first.start, schedule.due_at(last));
    }
    if edge.require == Require::Latest {
        intervals = schedule.last_overlapping(span).into_iter().collect();
        count = count.min(1);
    }
    intervals.truncate(INTERVALS);
    Some(Awaited {
        address: edge.producer.clone(),
        count,
        intervals,
    })
}
