//! What a plan says of each instance, and whether that has happened.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::Tally;
use crate::cli::planning::Planned;
use crate::engine::CatchUp;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Ranges;
use crate::engine::Status;
use crate::engine::Unit;
use crate::engine::UnitKind;
use crate::objects::Address;
use crate::plan::effects::ActivityEffect;
use crate::time::Interval;
use crate::time::Timeline;

/// What the state says of runs.
pub(super) struct Happened {
    pub(super) instances: BTreeMap<InstanceKey, Instance>,
    pub(super) dropped: BTreeMap<Address, Ranges>,
    pub(super) made_until: BTreeMap<Address, Timestamp>,
}

impl Happened {
    fn of(&self, object: &Address) -> impl Iterator<Item = &Instance> {
        let instances = self.instances.values();
        instances.filter(move |instance| instance.key.object == *object)
    }

    fn has(&self, object: &Address, interval: Interval) -> bool {
        let object = object.clone();
        self.instances
            .contains_key(&InstanceKey { object, interval })
    }

    /// The intervals of a unit that are due and have neither an instance nor been passed over.
    fn unmade(&self, unit: &Unit, known_as: &Address, now: Timestamp) -> Vec<Interval> {
        let Some(timeline) = &unit.schedule else {
            return Vec::new();
        };
        let from = self.made_until.get(known_as).copied();
        let due = due_from(timeline, from.unwrap_or(Timestamp::MIN), now);
        due.filter(|interval| !self.has(known_as, *interval))
            .collect()
    }
}

/// The intervals that start at or after a moment and are due, oldest first.
fn due_from(
    timeline: &Timeline,
    from: Timestamp,
    now: Timestamp,
) -> impl Iterator<Item = Interval> {
    let first = timeline.next_from(from);
    // Over a weekend an interval may be due before it begins.
    let last = now + SignedDuration::from_hours(4 * 24);
    std::iter::successors(first, |last| timeline.next_from(last.end))
        .take_while(move |interval| interval.start <= last)
        .filter(move |interval| timeline.due_at(*interval) <= now)
}

/// What a plan says of an activity.
struct OfActivity {
    address: Address,
    /// What it was called in the state.
    known_as: Address,
    /// What the plan prints.
    said: Option<ActivityEffect>,
    /// The instances that are made, or come back.
    made: BTreeSet<Interval>,
    /// Whether those are held.
    comes_back_held: bool,
    /// The schedule by which intervals are passed over; `None`: nobody is there to pass over them.
    passed_by: Option<Timeline>,
    /// What was due and not made when it was planned, if it is never made because nobody is there to make it.
    given_up: usize,
}

/// What a plan says.
pub(super) struct Expected {
    activities: Vec<OfActivity>,
}

impl Expected {
    /// What a plan says, on what has happened before it.
    pub(super) fn of(planned: &Planned, before: &Happened, now: Timestamp) -> Self {
        let old = planned.old.compile();
        let (new, _) = planned.next_definition();
        let pipelines = planned.plan.effects.pipelines.iter();
        let said: BTreeMap<&Address, &ActivityEffect> = pipelines
            .flat_map(|pipeline| &pipeline.activities)
            .map(|activity| (&activity.address, activity))
            .collect();
        let is_activity = |unit: &&Unit| unit.kind == UnitKind::Activity;
        let units = old.units.values().chain(new.units.values());
        let addresses: BTreeSet<&Address> = units
            .filter(is_activity)
            .map(|unit| &unit.address)
            .collect();
        let activities = addresses.into_iter().map(|address| {
            let mut moves = planned.relocation.pairs();
            let known_as = moves.find(|(_, new)| *new == address);
            let known_as = known_as.map_or(address, |(old, _)| old);
            let units = (old.units.get(address), new.units.get(address));
            let said = said.get(address).copied();
            of_activity((address, known_as), units, said, before, now)
        });
        Self {
            activities: activities.collect(),
        }
    }

    /// Whether what has happened is what was said.
    pub(super) fn check(&self, before: &Happened, after: &Happened) -> Result<Tally, String> {
        let mut tally = Tally::default();
        for activity in &self.activities {
            let found = activity.check(before, after);
            tally += found.map_err(|what| {
                let address = &activity.address;
                format!("{address}: {what}; the plan said {:#?}", activity.said)
            })?;
        }
        Ok(tally)
    }
}

fn of_activity(
    (address, known_as): (&Address, &Address),
    (old, new): (Option<&Unit>, Option<&Unit>),
    said: Option<&ActivityEffect>,
    before: &Happened,
    now: Timestamp,
) -> OfActivity {
    let unmade = |unit: &Unit| before.unmade(unit, known_as, now);
    let old_unmade = old.map(unmade).unwrap_or_default();
    let mut made: BTreeSet<Interval> = BTreeSet::new();
    let counts = said.map(|said| said.counts).unwrap_or_default();
    let due = usize::try_from(counts.due).unwrap();
    // With fewer than there are, it is the newest.
    made.extend(old_unmade.iter().rev().take(due));
    let timeline = new.and_then(|unit| unit.schedule.as_ref());
    let ends = said.and_then(|said| said.oldest.zip(said.newest));
    if let (Some(timeline), Some((oldest, newest))) = (timeline, ends) {
        let backfilled = due_from(timeline, oldest.start, now);
        let backfilled = backfilled.take_while(|interval| *interval <= newest);
        made.extend(backfilled.filter(|interval| !before.has(known_as, *interval)));
    }
    if old.is_none() && new.is_some() {
        let back = before.of(known_as);
        let back = back.filter(|instance| instance.went_with_its_definition());
        made.extend(back.map(|instance| instance.key.interval));
    }
    OfActivity {
        address: address.clone(),
        known_as: known_as.clone(),
        said: said.cloned(),
        made,
        given_up: if old.is_some_and(|unit| unit.active) && timeline.is_none() {
            old_unmade.len()
        } else {
            0
        },
        comes_back_held: old.is_none() && new.is_some_and(|unit| !unit.active),
        passed_by: new.filter(|unit| unit.active).and(timeline).cloned(),
    }
}

impl OfActivity {
    fn check(&self, before: &Happened, after: &Happened) -> Result<Tally, String> {
        let counts = self
            .said
            .as_ref()
            .map(|said| said.counts)
            .unwrap_or_default();
        // What had the address before and is long gone leaves its instances there.
        let was = |interval: Interval| {
            let names = [&self.known_as, &self.address].into_iter();
            let mut keys = names.map(|object| InstanceKey {
                object: object.clone(),
                interval,
            });
            keys.find_map(|key| Some(before.instances.get(&key)?.status))
        };
        let is_new = |instance: &&Instance| match was(instance.key.interval) {
            None => true,
            Some(status) => status == Status::Canceled && instance.status != Status::Canceled,
        };
        let made = after.of(&self.address).filter(is_new);
        let made: BTreeSet<Interval> = made.map(|instance| instance.key.interval).collect();
        if made != self.made {
            let only = |one: &BTreeSet<Interval>, other| -> Vec<String> {
                one.difference(other).map(shown).collect()
            };
            return Err(format!(
                "made, and not told: {:?}; told, and not made: {:?}",
                only(&made, &self.made),
                only(&self.made, &made)
            ));
        }
        let back = if self.comes_back_held { counts.held } else { 0 };
        let told = counts.backfill + counts.due + back;
        same("runs made", u64::try_from(made.len()).unwrap(), told)?;
        same(
            "passed over",
            self.passed_over(before, after),
            counts.dropped + counts.passed_over,
        )?;
        let canceled = after.of(&self.address).filter(|instance| {
            let waited = was(instance.key.interval) != Some(Status::Canceled);
            instance.status == Status::Canceled && waited
        });
        let canceled = u64::try_from(canceled.count()).unwrap();
        same("canceled", canceled, counts.canceled)?;
        Ok(Tally {
            changes: 0,
            backfilled: counts.backfill,
            due: counts.due,
            dropped: counts.dropped + counts.passed_over,
            canceled,
            held: counts.held,
            upcoming: 0,
        })
    }

    /// How many intervals will never have an instance, since the plan was made.
    fn passed_over(&self, before: &Happened, after: &Happened) -> u64 {
        let Some(timeline) = &self.passed_by else {
            return u64::try_from(self.given_up).unwrap();
        };
        let mut dropped = after
            .dropped
            .get(&self.address)
            .cloned()
            .unwrap_or_default();
        let earlier = before.dropped.get(&self.known_as);
        let earlier = earlier.into_iter().flat_map(Ranges::iter);
        earlier.for_each(|range| dropped.remove(range));
        let parts = dropped.iter();
        parts.map(|part| timeline.count_within(part)).sum()
    }
}

fn shown(interval: &Interval) -> String {
    format!("{} to {}", interval.start, interval.end)
}

fn same(what: &str, happened: u64, told: u64) -> Result<(), String> {
    if happened == told {
        Ok(())
    } else {
        Err(format!("{what}: {happened}, and {told} were told"))
    }
}

/// The next runs of an activity.
struct Next {
    catch_up: CatchUp,
    timeline: Timeline,
    /// Which, and when each is due.
    runs: Vec<(Interval, Timestamp)>,
}

/// The runs that a plan says become due, by activity.
pub(super) struct Later {
    runs: BTreeMap<Address, Next>,
    then: Timestamp,
}

impl Later {
    pub(super) fn of(planned: &Planned) -> Self {
        let (definition, _) = planned.next_definition();
        let upcoming = planned.upcoming().into_iter();
        let runs = upcoming.filter_map(|upcoming| {
            let unit = &definition.units[&upcoming.address];
            let runs = upcoming.next.iter().map(|run| (run.interval, run.due));
            let next = Next {
                catch_up: unit.catch_up,
                timeline: unit.schedule.clone()?,
                runs: runs.collect(),
            };
            (unit.kind == UnitKind::Activity && unit.active).then_some((upcoming.address, next))
        });
        Self {
            runs: runs.collect(),
            then: planned.plan.at,
        }
    }

    /// When something becomes due.
    pub(super) fn moments(&self) -> Vec<Timestamp> {
        let runs = self.runs.values().flat_map(|next| &next.runs);
        runs.map(|(_, due)| *due).collect()
    }

    /// What of it there is at a moment.
    pub(super) fn up_to(self, then: Timestamp) -> Self {
        Self { then, ..self }
    }

    /// Whether what was made is what was told; how many runs that are.
    pub(super) fn check(&self, before: &Happened, after: &Happened) -> Result<u64, String> {
        let mut seen = 0;
        for (address, next) in &self.runs {
            let told = &next.runs;
            let made = after.of(address).map(|instance| instance.key.interval);
            let made: BTreeSet<Interval> = made
                .filter(|interval| !before.has(address, *interval))
                .collect();
            let due = told.iter().filter(|(_, due)| *due <= self.then);
            let mut due: BTreeSet<Interval> = due.map(|(interval, _)| *interval).collect();
            let all_told = due.len() < told.len();
            if next.catch_up != CatchUp::All && !due.is_empty() {
                due = next.timeline.last_due(self.then).into_iter().collect();
            }
            let right = if all_told || next.catch_up != CatchUp::All {
                made == due
            } else {
                made.is_superset(&due)
            };
            if !right {
                return Err(format!(
                    "{address}: at {} {due:?} were to be made, and {made:?} were",
                    self.then
                ));
            }
            seen += u64::try_from(due.len()).unwrap();
        }
        Ok(seen)
    }
}
