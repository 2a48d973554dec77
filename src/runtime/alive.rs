//! What compute is alive, and why: what the state says, and what EMR says of clusters that carry the tags of the state.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Options;
use super::RuntimeError;
use super::read_objects_at;
use super::resources::needs;
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
pub async fn alive(store: &Store, options: &Options) -> Result<Living, RuntimeError> {
    let head = store.head()?;
    let unfinished = store.unfinished_instances()?;
    let mut living = Living::default();
    for record in store.open_resources()? {
        let users = record.users.iter().filter_map(|user| {
            let of = |key: &InstanceKey| key.object == *user && key.interval == record.key.interval;
            let instance = unfinished.iter().find(|instance| of(&instance.key))?;
            needs(instance).then(|| (user.clone(), instance.status))
        });
        let users: Vec<(Address, Status)> = users.collect();
        living.alive.push(kept(record.clone(), users));
    }
    let mut places: BTreeSet<AwsSettings> = BTreeSet::new();
    for record in store.all_resources()? {
        places.extend(serde_json::from_str::<AwsSettings>(&record.settings).ok());
    }
    let objects = read_objects_at(store, head.serial)?;
    let is_cluster = |object: &&Object| object.object_type.name == "emr_cluster";
    let clusters = objects.values().filter(is_cluster);
    places.extend(clusters.map(|object| aws_of_cluster(&objects, object)));
    let aws = options.sessions();
    for place in places {
        match emr::strays(&aws, &place, &head.lineage).await {
            Ok(found) => found.into_iter().for_each(|stray| living.add(stray)),
            Err(error) => drop(living.problems.insert(error.to_string())),
        }
    }
    Ok(living)
}

impl Living {
    /// Takes in what EMR says of a cluster.
    fn add(&mut self, stray: Stray) {
        let known = self.alive.iter_mut().find(|known| {
            known.id.as_deref() == Some(&*stray.seen.id) || known.name == stray.seen.name
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
            stray: Some(stray),
        });
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
    Alive {
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

/// Ends clusters; gives what went wrong with those that could not be ended.
pub async fn reap(these: &[&Alive], options: &Options) -> Vec<(String, String)> {
    let aws: Sessions = options.sessions();
    let mut failed = Vec::new();
    for one in these {
        let Some(stray) = &one.stray else {
            continue;
        };
        if let Err(error) = emr::end_stray(&aws, stray).await {
            failed.push((stray.seen.id.clone(), error.to_string()));
        }
    }
    failed
}
