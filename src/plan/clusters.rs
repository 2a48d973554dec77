//! What a plan means for clusters: what those of an interval are made of, before and after; who gets the changed ones, from when on; and
//! what becomes of those that are alive.
//!
//! A cluster that is alive is never changed: it serves its interval to the end. Pure; what is alive is told by the state.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use super::change::Action;
use super::change::Change;
use super::change::ChangeKind;
use super::effects::Effects;
use super::effects::UnitRuns;
use super::effects::zone_name;
use super::moves::Relocation;
use crate::engine::Definition;
use crate::engine::InstanceKey;
use crate::engine::Status;
use crate::engine::Unit;
use crate::objects::Address;
use crate::objects::Object;
use crate::objects::machines::Makeup;
use crate::objects::machines::makeup;
use crate::time::Interval;

/// A cluster that is alive, or may be, as the state says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Living {
    /// The resource that it was made for, and the interval.
    pub key: InstanceKey,
    /// The id that EMR has given it; `None`: it is not known yet.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// How it is with it, in EMR's words.
    pub state: String,
    /// The activities that have asked for it.
    pub users: BTreeSet<Address>,
    /// The instances of its interval that have not come to their end.
    pub instances: BTreeMap<Address, Status>,
}

/// What a plan does to the clusters of a resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClusterEffect {
    /// The resource.
    pub address: Address,
    /// What is done with it.
    pub action: Action,
    /// What a cluster was made of; `None`: there was none, or nobody may see it.
    pub before: Option<Makeup>,
    /// What one will be made of.
    pub after: Option<Makeup>,
    /// The activities that run on them from now on; of a resource that goes, those that did.
    pub used_by: Vec<ClusterUser>,
    /// Those that are alive now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alive: Vec<AliveEffect>,
}

/// An activity that runs on the clusters of a resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClusterUser {
    /// Which.
    pub address: Address,
    /// Whether it is there after the plan, and runs on this resource.
    pub stays: bool,
    /// How many of its instances wait: what has not begun gets the new cluster.
    pub waiting: u64,
    /// Its first interval that has no instance yet; `None`: it is on demand, it is not active, or none comes.
    pub first: Option<Interval>,
    /// The zone that this is shown in.
    pub timezone: String,
}

/// A cluster that is alive.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AliveEffect {
    /// Its id; `None`: it was asked for, and is not known yet.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its interval.
    pub interval: Interval,
    /// How it is with it, in EMR's words.
    pub state: String,
    /// What becomes of it.
    pub becomes: Fate,
    /// The instances that need it: their activities.
    pub needed_by: Vec<Address>,
    #[serde(skip)]
    needs: Vec<Need>,
}

/// What becomes of a cluster that is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It goes on as it is, until the work of its interval is done.
    GoesOn,
    /// What works on it goes, and comes to its end first; then it is ended.
    EndsAfterWork,
    /// Nothing needs it any more: it is ended with the apply.
    Ended,
}

/// An instance that needs a cluster.
#[derive(Clone, Debug, PartialEq)]
struct Need {
    activity: Address,
    /// Whether an attempt is under way, with a runner that brings it to its end.
    running: bool,
    /// Whether its activity is there after the plan.
    stays: bool,
}

/// The two sides of a plan, and what is known of the runs.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// What the engine works on before.
    pub old: &'a Definition,
    /// And after.
    pub new: &'a Definition,
    /// What is recorded of the runs of each unit.
    pub runs: &'a BTreeMap<Address, UnitRuns>,
    /// What is alive, at the addresses that follow.
    pub alive: &'a [Living],
}

/// What a plan does to clusters, by resource.
pub fn clusters(changes: &[Change], sides: Sides<'_>, now: Timestamp) -> Vec<ClusterEffect> {
    let by_address: BTreeMap<&Address, &Change> = changes
        .iter()
        .filter(|change| is_about_clusters(change))
        .map(|change| (&change.address, change))
        .collect();
    let alive = sides.alive.iter().map(|living| &living.key.object);
    let resources: BTreeSet<&Address> = by_address.keys().copied().chain(alive).collect();
    let effects = resources.into_iter().map(|address| {
        let change = by_address.get(address).copied();
        effect(address, change, sides, now)
    });
    effects
        .filter(|effect| {
            let ends = |one: &AliveEffect| one.becomes != Fate::GoesOn;
            effect.action != Action::NoOp || effect.alive.iter().any(ends)
        })
        .collect()
}

/// Whether a change is one of a resource that makes clusters, and of more than what people read.
fn is_about_clusters(change: &Change) -> bool {
    let both = [&change.old, &change.new];
    let mut both = both.into_iter().flatten();
    both.any(is_cluster) && change.kind() > ChangeKind::Metadata
}

fn is_cluster(object: &Object) -> bool {
    object.object_type.name == "emr_cluster"
}

fn effect(
    address: &Address,
    change: Option<&Change>,
    sides: Sides<'_>,
    now: Timestamp,
) -> ClusterEffect {
    let goes = change.is_some_and(|change| change.new.is_none());
    let alive = sides.alive.iter();
    let alive = alive.filter(|living| living.key.object == *address);
    ClusterEffect {
        address: address.clone(),
        action: change.map_or(Action::NoOp, |change| change.action),
        before: change.and_then(|change| makeup(change.old.as_ref()?)),
        after: change.and_then(|change| makeup(change.new.as_ref()?)),
        used_by: if change.is_some() {
            users(address, goes, sides, now)
        } else {
            Vec::new()
        },
        alive: alive.map(|living| alive_effect(living, sides)).collect(),
    }
}

fn users(address: &Address, goes: bool, sides: Sides<'_>, now: Timestamp) -> Vec<ClusterUser> {
    let definition = if goes { sides.old } else { sides.new };
    let units = definition.units.values();
    let none = UnitRuns::default();
    units
        .filter(|unit| unit.runs_on.as_ref() == Some(address))
        .map(|unit| {
            let recorded = sides.runs.get(&unit.address).unwrap_or(&none);
            ClusterUser {
                address: unit.address.clone(),
                stays: !goes,
                waiting: recorded.waiting,
                first: first(unit, recorded, now).filter(|_| !goes),
                timezone: zone_name(unit.schedule.as_ref()),
            }
        })
        .collect()
}

/// The first interval of an activity that has no instance yet.
fn first(unit: &Unit, recorded: &UnitRuns, now: Timestamp) -> Option<Interval> {
    let schedule = unit.schedule.as_ref().filter(|_| unit.active)?;
    let due = recorded.pending(schedule, now);
    due.oldest.or_else(|| schedule.next_due(now))
}

fn alive_effect(living: &Living, sides: Sides<'_>) -> AliveEffect {
    let resource = &living.key.object;
    let runs_on = |activity: &Address| {
        let units = [sides.old, sides.new].map(|side| side.units.get(activity));
        let mut units = units.into_iter().flatten();
        units.any(|unit| unit.runs_on.as_ref() == Some(resource))
    };
    let instances = living.instances.iter();
    let needs: Vec<Need> = instances
        .filter(|(activity, status)| {
            status.needs_its_resource() && (living.users.contains(*activity) || runs_on(activity))
        })
        .map(|(activity, status)| {
            let recorded = sides.runs.get(activity);
            Need {
                activity: activity.clone(),
                running: *status == Status::Running && !recorded.is_some_and(|runs| runs.orphaned),
                stays: sides.new.units.contains_key(activity),
            }
        })
        .collect();
    AliveEffect {
        id: living.id.clone(),
        name: living.name.clone(),
        interval: living.key.interval,
        state: living.state.clone(),
        becomes: fate(&needs, |_| false),
        needed_by: needs.iter().map(|need| need.activity.clone()).collect(),
        needs,
    }
}

/// What becomes of a cluster. `stopped`: whether what is under way of an activity is canceled.
fn fate(needs: &[Need], stopped: impl Fn(&Address) -> bool) -> Fate {
    let mut left = needs
        .iter()
        .filter(|need| !(need.running && stopped(&need.activity)));
    if left.clone().any(|need| need.stays) {
        Fate::GoesOn
    } else if left.any(|need| need.running) {
        Fate::EndsAfterWork
    } else {
        Fate::Ended
    }
}

impl Living {
    /// The same at the addresses that objects have after moves.
    #[must_use]
    pub fn relocated(mut self, relocation: &Relocation) -> Self {
        self.key.object = relocation.address(&self.key.object);
        let users = self.users.iter();
        self.users = users.map(|user| relocation.address(user)).collect();
        self.instances = relocation.keys(self.instances);
        self
    }
}

impl Effects {
    /// Says again what becomes of clusters that are alive, when it is decided what becomes of what is under way.
    pub(super) fn decide_clusters(&mut self) {
        let pipelines = self.pipelines.iter();
        let activities = pipelines.flat_map(|pipeline| &pipeline.activities);
        let stopped: BTreeSet<&Address> = activities
            .filter(|activity| activity.counts.stopped > 0)
            .map(|activity| &activity.address)
            .collect();
        for cluster in self.clusters.iter_mut().flat_map(|it| &mut it.alive) {
            cluster.becomes = fate(&cluster.needs, |activity| stopped.contains(activity));
        }
    }

    /// How many clusters are alive of what the plan changes.
    pub fn alive_clusters(&self) -> usize {
        let clusters = self.clusters.iter();
        clusters.map(|cluster| cluster.alive.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::UnitKind;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Activities on a resource each.
    fn definition(activities: &[(&str, &str)]) -> Definition {
        let units = activities.iter().map(|(activity, resource)| {
            let address = Address::new(*activity);
            let unit = Unit {
                runs_on: Some(Address::new(*resource)),
                ..Unit::new(address.clone(), UnitKind::Activity)
            };
            (address, unit)
        });
        Definition {
            serial: 1,
            units: units.collect(),
            pools: BTreeMap::new(),
        }
    }

    fn living(users: &[&str], instances: &[(&str, Status)]) -> Living {
        let interval = Interval {
            start: at(0),
            end: at(10),
        };
        Living {
            key: InstanceKey {
                object: Address::new("resource.big"),
                interval,
            },
            id: Some("j-1".to_owned()),
            name: "big".to_owned(),
            state: "RUNNING".to_owned(),
            users: users.iter().map(|user| Address::new(*user)).collect(),
            instances: instances
                .iter()
                .map(|(activity, status)| (Address::new(*activity), *status))
                .collect(),
        }
    }

    fn effects(old: &[(&str, &str)], new: &[(&str, &str)], living: Living) -> Vec<ClusterEffect> {
        of_runs(old, new, living, &BTreeMap::new())
    }

    fn of_runs(
        old: &[(&str, &str)],
        new: &[(&str, &str)],
        living: Living,
        runs: &BTreeMap<Address, UnitRuns>,
    ) -> Vec<ClusterEffect> {
        let (old, new) = (definition(old), definition(new));
        let sides = Sides {
            old: &old,
            new: &new,
            runs,
            alive: &[living],
        };
        clusters(&[], sides, at(20))
    }

    const BIG: &str = "resource.big";

    #[test]
    fn a_cluster_goes_on_while_anything_that_stays_needs_it() {
        for status in [
            Status::Running,
            Status::WaitingForRunner,
            Status::WaitingOnDependencies,
        ] {
            // One that has not asked for it yet, and one that runs on another resource now.
            for (users, new) in [(&[][..], BIG), (&["a"], "resource.other")] {
                let living = living(users, &[("a", status), ("b", Status::Running)]);
                let found = effects(&[("a", BIG), ("b", BIG)], &[("a", new)], living);
                assert_eq!(found, [], "{status}");
            }
        }
    }

    #[test]
    fn work_under_way_that_goes_is_waited_for() {
        let instances = [("a", Status::Running), ("b", Status::WaitingForRunner)];
        let found = effects(&[("a", BIG), ("b", BIG)], &[], living(&["a"], &instances));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].action, Action::NoOp);
        assert_eq!(found[0].alive[0].becomes, Fate::EndsAfterWork);
        let needed: Vec<&str> = found[0].alive[0]
            .needed_by
            .iter()
            .map(Address::as_str)
            .collect();
        assert_eq!(needed, ["a", "b"]);
    }

    #[test]
    fn work_that_goes_and_has_lost_its_runner_is_not_waited_for() {
        let orphaned = UnitRuns {
            running: 1,
            orphaned: true,
            ..UnitRuns::default()
        };
        let runs = BTreeMap::from([(Address::new("a"), orphaned)]);
        let living = living(&["a"], &[("a", Status::Running)]);
        let found = of_runs(&[("a", BIG)], &[], living.clone(), &runs);
        assert_eq!(found[0].alive[0].becomes, Fate::Ended);
        // One that stays is tried again.
        let found = of_runs(&[("a", BIG)], &[("a", BIG)], living, &runs);
        assert_eq!(found, []);
    }

    #[test]
    fn what_nothing_needs_is_ended() {
        let waits = [("a", Status::WaitingForRunner)];
        let found = effects(&[("a", BIG)], &[], living(&["a"], &waits));
        assert_eq!(found[0].alive[0].becomes, Fate::Ended);
        // Work that has come to its end needs nothing, and work on another resource nothing of this one.
        let others = [("a", Status::Failed), ("c", Status::Running)];
        let side = [("a", BIG), ("c", "resource.other")];
        let found = effects(&side, &side, living(&["a"], &others));
        assert_eq!(found[0].alive[0].becomes, Fate::Ended);
    }

    #[test]
    fn work_that_is_canceled_needs_nothing() {
        let need = |stays| Need {
            activity: Address::new("a"),
            running: true,
            stays,
        };
        for stays in [true, false] {
            assert_eq!(fate(&[need(stays)], |_| true), Fate::Ended);
        }
        assert_eq!(fate(&[need(true)], |_| false), Fate::GoesOn);
        assert_eq!(fate(&[need(false)], |_| false), Fate::EndsAfterWork);
    }
}
