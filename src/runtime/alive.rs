//! What compute is alive, and why: what the state says, and what EMR says of clusters that carry the tags of the state.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Options;
use super::RuntimeError;
use super::SerialDefinition;
use super::read_objects_at;
use super::resources::needs;
use crate::engine::Definition;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Status;
use crate::exec::AwsSettings;
use crate::exec::Sessions;
use crate::exec::assemble::aws_of_cluster;
use crate::exec::emr;
use crate::exec::emr::Stray;
use crate::objects::Address;
use crate::objects::Object;
use crate::store::ResourceRecord;
use crate::store::Store;

/// Why a cluster is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Instances need it.
    Needed,
    /// Nothing needs it any more: the runner ends it, or the next one.
    Unneeded,
    /// The state knows nothing of it.
    Stray,
}

/// A cluster that is, or may be, alive.
#[derive(Clone, Debug)]
pub struct Alive {
    /// The resource it was made for, as far as that is known.
    pub resource: String,
    /// The interval; `None`: only its tag says it.
    pub key: Option<InstanceKey>,
    /// The interval as its tag says it.
    pub interval: String,
    /// Its id; `None`: it was asked for, and is not known yet.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// How it is with it, in EMR's words.
    pub state: String,
    /// Why it is so.
    pub reason: Option<String>,
    /// When it was asked for (UTC).
    pub requested_at: Option<Timestamp>,
    /// Why it is there.
    pub why: Why,
    /// The instances that use it and have not come to their end.
    pub users: Vec<(Address, Status)>,
    /// What tells it from all others.
    token: String,
    /// How EMR is reached, as the state has it.
    aws: Option<AwsSettings>,
    /// The account it is in, as the state has it.
    account: Option<String>,
    /// What EMR says, where it was asked and knows of it.
    stray: Option<Stray>,
}

/// All that is alive, and why EMR could not be asked.
#[derive(Clone, Debug, Default)]
pub struct Living {
    /// What is alive, what was asked for first first.
    pub alive: Vec<Alive>,
    /// What went wrong, each once.
    pub problems: BTreeSet<String>,
}

/// Looks what is alive. EMR is asked wherever clusters of this state have been made, or may be.
pub async fn alive(
    store: &Store,
    options: &Options,
    now: Timestamp,
) -> Result<Living, RuntimeError> {
    let lineage = store.head()?.lineage;
    let aws = options.sessions();
    let mut problems = BTreeSet::new();
    let mut found = Vec::new();
    let places = regions(&aws, places(store)?, &mut problems).await;
    for place in places {
        match emr::strays(&aws, &place, &lineage).await {
            Ok(strays) => found.extend(strays),
            Err(error) => drop(problems.insert(error.to_string())),
        }
    }
    // Read after EMR was asked: a record is there before its cluster is, so that a cluster without one is a stray.
    let mut living = Living {
        alive: of_state(store, now)?,
        problems,
    };
    let ended = ended_since(store, now)?;
    found.retain(|stray| !ended.contains(&stray.token));
    for stray in found {
        living.add(stray);
    }
    living.look_at_the_others(&aws).await;
    Ok(living)
}

/// The tokens of the clusters that have been ended since a moment: EMR may have listed them as alive after it.
fn ended_since(store: &Store, moment: Timestamp) -> Result<BTreeSet<String>, RuntimeError> {
    let records = store.all_resources()?.into_iter();
    let ended = records.filter(|record| record.ended_at.is_some_and(|at| at >= moment));
    Ok(ended.map(|record| record.token).collect())
}

/// How EMR is reached where clusters of this state have been made, or may be.
fn places(store: &Store) -> Result<BTreeSet<AwsSettings>, RuntimeError> {
    let mut places: BTreeSet<AwsSettings> = BTreeSet::new();
    let records = store.all_resources()?.into_iter();
    // One that could not be made is nowhere.
    for record in records.filter(|record| record.id.is_some() || !record.failed) {
        places.extend(serde_json::from_str::<AwsSettings>(&record.settings).ok());
    }
    let objects = read_objects_at(store, store.head()?.serial)?;
    let is_cluster = |object: &&Object| object.object_type.name == "emr_cluster";
    let clusters = objects.values().filter(is_cluster);
    places.extend(clusters.map(|object| aws_of_cluster(&objects, object)));
    Ok(places)
}

/// The same with their regions, so that none is asked twice.
async fn regions(
    aws: &Sessions,
    places: BTreeSet<AwsSettings>,
    problems: &mut BTreeSet<String>,
) -> BTreeSet<AwsSettings> {
    let mut known = BTreeSet::new();
    for mut place in places {
        match aws.session(&place).await {
            Ok(session) => {
                place.region = Some(session.region().to_owned());
                known.insert(place);
            }
            Err(error) => drop(problems.insert(error.to_string())),
        }
    }
    known
}

/// What the state says: the clusters that have not ended, and what needs them.
fn of_state(store: &Store, now: Timestamp) -> Result<Vec<Alive>, RuntimeError> {
    // In this order: what has asked for a cluster was there before its record.
    let records = store.open_resources()?;
    let unfinished = store.unfinished_instances()?;
    let definition = SerialDefinition::read(store, store.head()?.serial, now)?.compile();
    let alive = records.into_iter().map(|record| {
        let users = users(&record, &unfinished, &definition);
        kept(record, users)
    });
    Ok(alive.collect())
}

/// The instances that may still need a cluster: of the activities that have asked for it, and of others that run on it.
fn users(
    record: &ResourceRecord,
    unfinished: &[Instance],
    definition: &Definition,
) -> Vec<(Address, Status)> {
    let resource = &record.key.object;
    let runs_on = |activity: &Address| {
        let unit = definition.units.get(activity);
        unit.is_some_and(|unit| unit.runs_on.as_ref() == Some(resource))
    };
    let of = |instance: &&Instance| {
        let activity = &instance.key.object;
        instance.key.interval == record.key.interval
            && needs(instance)
            && (record.users.contains(activity) || runs_on(activity))
    };
    let users = unfinished.iter().filter(of);
    let users = users.map(|instance| (instance.key.object.clone(), instance.status));
    let users: BTreeMap<Address, Status> = users.collect();
    users.into_iter().collect()
}

impl Living {
    /// Takes in what EMR says of a cluster.
    fn add(&mut self, stray: Stray) {
        let known = self.alive.iter_mut().find(|known| match &known.id {
            Some(id) => *id == stray.seen.id,
            None => known.name == stray.seen.name,
        });
        if let Some(known) = known {
            known.id = Some(stray.seen.id.clone());
            stray.seen.state.name().clone_into(&mut known.state);
            known.stray = Some(stray);
            return;
        }
        self.alive.push(Alive {
            resource: stray.resource.clone(),
            key: None,
            interval: stray.interval.clone(),
            id: Some(stray.seen.id.clone()),
            name: stray.seen.name.clone(),
            state: stray.seen.state.name().to_owned(),
            reason: stray.seen.reason.clone(),
            requested_at: stray.seen.created_at,
            why: Why::Stray,
            users: Vec::new(),
            token: stray.token.clone(),
            aws: None,
            account: None,
            stray: Some(stray),
        });
    }

    /// Looks at those of the state that are not among the living: they may have ended by themselves.
    async fn look_at_the_others(&mut self, aws: &Sessions) {
        let mut ended = BTreeSet::new();
        for one in self.alive.iter_mut().filter(|one| one.stray.is_none()) {
            let (Some(id), Some(settings)) = (one.id.clone(), one.aws.clone()) else {
                continue;
            };
            match emr::look(aws, &settings, &id).await {
                Ok(Some(seen)) if seen.state.is_ended() => drop(ended.insert(id)),
                Ok(Some(seen)) => {
                    seen.state.name().clone_into(&mut one.state);
                    one.reason = seen.reason;
                }
                Ok(None) => {
                    let account = one.account.as_deref();
                    let elsewhere = emr::elsewhere(aws, &settings, account).await;
                    one.reason = Some(match elsewhere {
                        Some(why) => format!("it knows of no such cluster: {why}"),
                        None => {
                            "it knows of no such cluster in this region and for these credentials"
                                .to_owned()
                        }
                    });
                }
                Err(error) => drop(self.problems.insert(error.to_string())),
            }
        }
        let is_ended = |id: &String| ended.contains(id);
        self.alive
            .retain(|one| !one.id.as_ref().is_some_and(is_ended));
    }

    /// Those that nothing needs. Where a runner is, it ends those that the state knows.
    pub fn to_reap(&self, runs: bool) -> Vec<&Alive> {
        let reaped = |one: &&Alive| match one.why {
            Why::Needed => false,
            Why::Unneeded => !runs && one.stray.is_some(),
            Why::Stray => true,
        };
        self.alive.iter().filter(reaped).collect()
    }
}

fn kept(record: ResourceRecord, users: Vec<(Address, Status)>) -> Alive {
    let interval = record.key.interval;
    let (aws, account) = emr::read_place(&record.settings).unzip();
    Alive {
        aws,
        account: account.flatten(),
        token: record.token,
        resource: record.key.object.to_string(),
        interval: format!("{}/{}", interval.start, interval.end),
        key: Some(record.key),
        id: record.id,
        name: record.name,
        state: record.state,
        reason: record.reason,
        requested_at: Some(record.requested_at),
        why: if users.is_empty() {
            Why::Unneeded
        } else {
            Why::Needed
        },
        users,
        stray: None,
    }
}

/// Ends clusters; gives what went wrong with those that could not be ended. Whether each is still one that nothing needs is looked up
/// again in the state before it is ended.
pub async fn reap(
    these: &[&Alive],
    (store, now): (&Store, Timestamp),
    options: &Options,
) -> Result<Vec<(String, String)>, RuntimeError> {
    let aws: Sessions = options.sessions();
    let mut failed = Vec::new();
    for one in these {
        let Some(stray) = &one.stray else {
            continue;
        };
        let id = stray.seen.id.clone();
        if is_spared(one.why, stray, &of_state(store, now)?) {
            let why = "it is needed by now, or a runner looks after it";
            failed.push((id, why.to_owned()));
        } else if let Err(error) = emr::end_stray(&aws, stray).await {
            failed.push((id, error.to_string()));
        }
    }
    Ok(failed)
}

/// Whether a cluster that was not needed is not to be ended, as the state is by now. One of which the state knows no id yet may be any
/// with its token.
fn is_spared(why: Why, stray: &Stray, known: &[Alive]) -> bool {
    let mut same = known.iter().filter(|known| {
        let id = known.id.as_deref();
        known.token == stray.token && id.is_none_or(|id| id == stray.seen.id)
    });
    same.any(|known| why == Why::Stray || known.why == Why::Needed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Unit;
    use crate::engine::UnitKind;
    use crate::exec::emr::Seen;
    use crate::exec::emr::State;
    use crate::time::Interval;

    fn record(id: Option<&str>) -> ResourceRecord {
        let at = Timestamp::UNIX_EPOCH;
        ResourceRecord {
            settings: "{}".to_owned(),
            token: "0123".to_owned(),
            key: InstanceKey {
                object: Address::new("resource.big"),
                interval: Interval::moment(at),
            },
            number: 1,
            name: "resource.big 0123".to_owned(),
            id: id.map(str::to_owned),
            state: "RUNNING".to_owned(),
            reason: None,
            users: BTreeSet::new(),
            requested_at: at,
            since: at,
            init_by: None,
            terminate_at: None,
            ready_at: None,
            ended_at: None,
            failed: false,
        }
    }

    fn stray(id: &str) -> Stray {
        Stray {
            seen: Seen {
                id: id.to_owned(),
                name: "resource.big 0123".to_owned(),
                state: State::Waiting,
                reason: None,
                created_at: None,
                ready_at: None,
                ended_at: None,
                account: None,
            },
            aws: AwsSettings::default(),
            token: "0123".to_owned(),
            resource: "resource.big".to_owned(),
            interval: String::new(),
        }
    }

    #[test]
    fn what_runs_on_a_cluster_needs_it_before_it_asks_for_it() {
        let unit = |activity: &str, resource: &str| {
            let address = Address::new(activity);
            let unit = Unit {
                runs_on: Some(Address::new(resource)),
                ..Unit::new(address.clone(), UnitKind::Activity)
            };
            (address, unit)
        };
        let units = [unit("a", "resource.big"), unit("b", "resource.other")];
        let definition = Definition {
            serial: 1,
            units: units.into_iter().collect(),
            pools: BTreeMap::new(),
        };
        let instance = |activity: &str| {
            Instance::new(InstanceKey {
                object: Address::new(activity),
                interval: Interval::moment(Timestamp::UNIX_EPOCH),
            })
        };
        let found = users(&record(None), &[instance("a"), instance("b")], &definition);
        assert_eq!(found, [(Address::new("a"), Status::WaitingOnDependencies)]);
    }

    #[test]
    fn a_second_cluster_of_one_token_is_a_stray() {
        let mut living = Living {
            alive: vec![kept(record(Some("j-1")), Vec::new())],
            problems: BTreeSet::new(),
        };
        living.add(stray("j-2"));
        living.add(stray("j-1"));
        let shown = living.alive.iter().map(|one| (one.id.as_deref(), one.why));
        let shown: Vec<_> = shown.collect();
        assert_eq!(
            shown,
            [(Some("j-1"), Why::Unneeded), (Some("j-2"), Why::Stray)]
        );
    }

    #[test]
    fn a_cluster_that_a_runner_has_asked_for_meanwhile_is_spared() {
        let needed = |id| kept(record(id), vec![(Address::new("a"), Status::Running)]);
        let unneeded = |id| kept(record(id), Vec::new());
        assert!(is_spared(Why::Stray, &stray("j-1"), &[unneeded(None)]));
        assert!(is_spared(Why::Stray, &stray("j-1"), &[needed(Some("j-1"))]));
        assert!(is_spared(
            Why::Unneeded,
            &stray("j-1"),
            &[needed(Some("j-1"))]
        ));
        assert!(!is_spared(
            Why::Unneeded,
            &stray("j-1"),
            &[unneeded(Some("j-1"))]
        ));
        assert!(!is_spared(
            Why::Stray,
            &stray("j-2"),
            &[needed(Some("j-1"))]
        ));
        assert!(!is_spared(Why::Stray, &stray("j-1"), &[]));
    }
}
