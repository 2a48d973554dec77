//! What a change does to the runs: what starts, what is given up, what goes on, and when runs are due from now on.
//!
//! Pure, and by arithmetic: nothing is enumerated, so that a schedule with millions of intervals costs no more than one
//! with a few. Runs are instances of activities; data nodes have instances too, but do no work.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::alignment::Alignment;
use super::calendar;
use super::calendar::Asked;
use super::calendar::Pending;
use super::clusters::ClusterEffect;
use super::counting::Sides;
pub use super::counting::UnitRuns;
use super::counting::joined;
use super::diff::beside;
use super::estimates::Past;
use super::estimates::room_in_pool;
use super::holes::Hole;
use super::holes::holes;
use super::impact::Consumer;
use super::impact::History;
use super::impact::Waiting;
use super::succession::continued;
use super::succession::same_intervals;
use super::succession::same_schedule;
use super::totals::Totals;
use crate::engine::Definition;
use crate::engine::Unit;
use crate::engine::UnitKind;
use crate::objects::Address;
use crate::time::Interval;
use crate::time::Schedule;
use crate::time::Timeline;

/// How many of the next due times are shown.
const NEXT: usize = 5;

/// What a plan does to the runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Effects {
    /// Pipelines with effects or with runs that are due, by address.
    pub pipelines: Vec<PipelineEffect>,
    /// The sums.
    pub totals: Totals,
    /// What runs again because that was asked for with the plan, by address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reruns: Vec<Rerun>,
    /// Which intervals of others are waited for and read, as far as that is new or changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alignment: Vec<Alignment>,
    /// What has finished of what does something else from now on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<History>,
    /// What waits of what does something else from now on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Waiting>,
    /// Who uses what changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consumers: Vec<Consumer>,
    /// What it does to clusters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<ClusterEffect>,
}

/// What runs again of an activity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rerun {
    /// Which.
    pub address: Address,
    /// How many of its instances.
    pub count: u64,
    /// The first of them.
    pub oldest: Interval,
    /// The last of them.
    pub newest: Interval,
    /// The zone that they are shown in.
    #[serde(skip)]
    pub timezone: TimeZone,
}

impl Effects {
    /// Adds what runs again.
    pub fn run_again(&mut self, reruns: Vec<Rerun>) {
        self.totals.rerun = reruns.iter().map(|rerun| rerun.count).sum();
        self.reruns = reruns;
    }
}

/// Whether something begins or stops to make runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// It was not active, or not there, and will be.
    Activated,
    /// It was active and will not be, or not be there.
    Deactivated,
    /// Neither.
    Unchanged,
}

impl Activation {
    fn of(was: bool, is: bool) -> Self {
        match (was, is) {
            (false, true) => Self::Activated,
            (true, false) => Self::Deactivated,
            _ => Self::Unchanged,
        }
    }
}

/// What a plan does to the runs of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PipelineEffect {
    /// Which.
    pub pipeline: Address,
    /// Whether it is activated or deactivated.
    pub activation: Activation,
    /// Its activities with effects or due runs, by address.
    pub activities: Vec<ActivityEffect>,
    /// The sums of the activities.
    pub totals: Totals,
}

/// What a plan does to the runs of an activity.
#[expect(
    clippy::struct_excessive_bools,
    reason = "what is said about it, one by one"
)]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActivityEffect {
    /// Which.
    pub address: Address,
    /// Whether it is activated or deactivated.
    pub activation: Activation,
    /// How many runs.
    #[serde(flatten)]
    pub counts: Totals,
    /// The oldest interval to back-fill.
    pub oldest: Option<Interval>,
    /// The newest interval to back-fill.
    pub newest: Option<Interval>,
    /// Intervals that are past, not made yet, and never made because a calendar excludes them.
    pub excluded: u64,
    /// When it is due next; none when it is on demand or inactive.
    pub next_due: Vec<Timestamp>,
    /// When it would have been due next, if its schedule changes.
    pub was_due: Vec<Timestamp>,
    /// How the due times go on after those, where these are the same before and after a change of its schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub later: Option<Later>,
    /// What its past says of how long that takes.
    #[serde(flatten)]
    pub past: Past,
    /// Whether the plan changes anything about it: else its runs are what they are without the plan.
    pub affected: bool,
    /// The zone that its due times are shown in, e.g. `Europe/Berlin`.
    pub timezone: String,
    /// If its schedule changes: where its old intervals end and the new ones begin.
    pub cut: Option<Timestamp>,
    /// The first new interval then.
    pub first_new: Option<Interval>,
    /// Whether that is cut: it would have begun before.
    pub is_cut: bool,
    /// Whether its schedule is written differently and has the same intervals as before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rewritten: bool,
    /// Whether it had a schedule and is on demand now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub on_demand: bool,
    /// If its schedule changes: what has no intervals because of that, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holes: Vec<Hole>,
}

/// How the due times before and after a change of a schedule go on where the next ones are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Later {
    /// Up to here they are the same, and further than that they were not compared if neither of the following is there. `None`: they
    /// always are.
    pub same_until: Option<Timestamp>,
    /// The first one before the change that is another one after it, or none.
    pub was_due: Option<Timestamp>,
    /// That one.
    pub next_due: Option<Timestamp>,
}

impl ActivityEffect {
    /// Whether there is anything to say about it.
    fn is_noteworthy(&self) -> bool {
        self.activation != Activation::Unchanged
            || self.counts != Totals::default()
            || !self.was_due.is_empty()
            || !self.next_due.is_empty()
            || self.cut.is_some()
            || self.rewritten
            || self.on_demand
    }
}

/// What replacing `old` by `new` at `now` does to the runs. `runs`: by unit; `affected`: see [`super::Affected::runs`].
pub fn effects(
    old: &Definition,
    new: &Definition,
    runs: &BTreeMap<Address, UnitRuns>,
    affected: &BTreeSet<Address>,
    now: Timestamp,
) -> Effects {
    let mut pipelines: BTreeMap<&Address, PipelineEffect> = BTreeMap::new();
    let mut active: BTreeMap<&Address, (bool, bool)> = BTreeMap::new();
    let none = UnitRuns::default();
    let mut asked = Asked::at(now);
    for (address, before, after) in beside(&old.units, &new.units) {
        let sides = [before, after];
        let sides = sides.map(|unit| unit.filter(|unit| unit.kind == UnitKind::Activity));
        // What moves into another pipeline is told of there.
        let Some(pipeline) = sides
            .iter()
            .rev()
            .flatten()
            .find_map(|unit| unit.pipeline.as_ref())
        else {
            continue;
        };
        let is_active_here = |unit: &Unit| unit.active && unit.pipeline.as_ref() == Some(pipeline);
        let [was, is] = sides.map(|unit| unit.is_some_and(is_active_here));
        let flags = active.entry(pipeline).or_default();
        *flags = (flags.0 || was, flags.1 || is);
        let touched = affected.contains(address);
        let [before, after] = sides;
        let recorded = runs.get(address).unwrap_or(&none);
        let mut effect = activity((address, before, after), recorded, touched, now, &mut asked);
        if let Some(room) = after.and_then(|unit| room_in_pool(unit, &new.pools)) {
            effect.past.at_once = effect.past.at_once.min(room);
        }
        let entry = pipelines.entry(pipeline).or_insert_with(|| PipelineEffect {
            pipeline: pipeline.clone(),
            activation: Activation::Unchanged,
            activities: Vec::new(),
            totals: Totals::default(),
        });
        entry.totals.add(effect.counts);
        if effect.is_noteworthy() {
            entry.activities.push(effect);
        }
    }
    let mut result = Effects::default();
    for (address, mut pipeline) in pipelines {
        let (was, is) = active.get(address).copied().unwrap_or_default();
        pipeline.activation = Activation::of(was, is);
        result.totals.add(pipeline.totals);
        if pipeline.activation != Activation::Unchanged || !pipeline.activities.is_empty() {
            result.pipelines.push(pipeline);
        }
    }
    result
}

/// The effect on one activity: its address, its unit before and after. `asked`: what was asked of those before, at the same moment.
fn activity(
    (address, old, new): (&Address, Option<&Unit>, Option<&Unit>),
    recorded: &UnitRuns,
    touched: bool,
    now: Timestamp,
    asked: &mut Asked,
) -> ActivityEffect {
    let was = old.is_some_and(|unit| unit.active);
    let is = new.is_some_and(|unit| unit.active);
    let before = old.and_then(|unit| unit.schedule.as_ref());
    let after = new.and_then(|unit| unit.schedule.as_ref());
    let mut unmade =
        |timeline: &Timeline| asked.pending(timeline, (recorded.cursor, &recorded.beyond));
    let old_due = before.map(&mut unmade).unwrap_or_default();
    let changed = match (before, after) {
        (Some(before), Some(after)) => !same_schedule(before.current(), after.current()),
        (before, after) => old.is_some() && new.is_some() && before.is_some() != after.is_some(),
    };
    let next = after.map(|after| continued(before, after, recorded.cursor, now));
    let rewritten = changed && is_rewritten(before, next.as_ref());
    let changed = changed && !rewritten;
    let new_due = match (&next, before) {
        // The old intervals that are due are made, whatever the new schedule says.
        (Some(next), Some(_)) if changed => {
            let new = Timeline::from(next.current().clone());
            calendar::pending(&new, (None, &recorded.beyond), now)
        }
        // Also those of schedules that it had before it was on demand.
        (Some(next), None) => unmade(next),
        _ => Pending::default(),
    };
    let new_schedule = next.as_ref().filter(|_| changed).map(Timeline::current);
    let first_new = new_schedule.and_then(Schedule::first_interval);
    let whole = new_schedule
        .zip(first_new)
        .and_then(|(schedule, first)| schedule.clone().with_cut(None).interval_at(first.start));
    let differs = before.is_some() && (changed || rewritten);
    let shown = next.as_ref().filter(|_| differs);
    let mut effect = ActivityEffect {
        address: address.clone(),
        activation: Activation::of(was, is),
        counts: Totals::default(),
        oldest: None,
        newest: None,
        excluded: joined(old_due, new_due).excluded,
        next_due: Vec::new(),
        was_due: Vec::new(),
        later: None,
        past: Past::of(new, recorded),
        affected: touched || changed || rewritten || was != is || new.is_none() || old.is_none(),
        timezone: zone_name(after.or(before)),
        cut: new_schedule.and_then(Schedule::cut),
        first_new: first_new.filter(|_| before.is_some()),
        is_cut: whole != first_new,
        rewritten,
        on_demand: new.is_some() && before.is_some() && after.is_none(),
        holes: shown.map(holes).unwrap_or_default(),
    };
    if new.is_none() && recorded.orphaned {
        effect.counts.stopped = recorded.running;
    } else if touched || changed || new.is_none() {
        effect.counts.in_flight = recorded.running;
    }
    let sides = Sides {
        old,
        new,
        next: next.as_ref(),
    };
    sides.count(recorded, (old_due, new_due), now, &mut effect);
    if let (true, true, Some(before)) = (was, changed, before) {
        effect.was_due = calendar::next_due(before, now, NEXT);
    }
    if let (true, true, Some(next)) = (is, changed || effect.is_noteworthy(), &next) {
        effect.next_due = asked.next_due(next, NEXT);
    }
    if let (Some(before), Some(next)) = (before, &next)
        && effect.was_due.len() == NEXT
        && effect.was_due == effect.next_due
    {
        effect.later = Some(asked.later(before, next));
    }
    effect
}

/// Whether there was a schedule before, with the same intervals from now on.
fn is_rewritten(before: Option<&Timeline>, next: Option<&Timeline>) -> bool {
    let both = before.zip(next);
    both.is_some_and(|(before, next)| same_intervals(before, next))
}

/// The name of the zone that the intervals of a schedule are shown in.
pub(super) fn zone_name(schedule: Option<&Timeline>) -> String {
    schedule
        .and_then(|schedule| schedule.timezone().iana_name())
        .unwrap_or("UTC")
        .to_owned()
}
