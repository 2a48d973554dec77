//! What is told of compute: that it was there as long as its interval needed it, that there was none or that it failed, and that it is late.
//!
//! Compute has no instances of its own. What that of an interval came to is known when all clusters that were made for it have ended, and
//! nothing needs it any more; where the last one failed, when nothing asks for another one by itself. That is so from a commit on, of a
//! cluster or of an instance, and the actions that are called for are owed from this commit on, which also says that it is told. So none is
//! lost with its runner, and none is called for twice. Where work of the interval gets another cluster after that, say because somebody lets
//! it run again, it is told again.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::Definitions;
use super::RuntimeError;
use super::deliveries::call;
use super::driver::Runner;
use super::notice::Notice;
use super::resources::is_needed;
use super::resources::is_used;
use super::resources::needs;
use crate::engine::Attempt;
use crate::engine::Engine;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Origin;
use crate::engine::Status;
use crate::objects::Address;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::settings;
use crate::store::Decision;
use crate::store::Delivery;
use crate::store::ResourceChange;
use crate::store::ResourceRecord;
use crate::store::Store;
use crate::store::StoreError;
use crate::time::Interval;

/// When compute is late.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lateness {
    /// The moment (UTC).
    pub(super) at: Timestamp,
    /// How long that is after its interval was due.
    pub(super) after: SignedDuration,
}

/// What is written of what is told, and the actions that are called for.
pub(super) type Told = (Vec<ResourceChange>, Vec<Delivery>);

/// What it is decided from, while nobody writes.
pub(super) struct Deciding<'a> {
    pub(super) store: &'a Store,
    pub(super) engine: &'a Engine,
    pub(super) definitions: &'a mut Definitions,
    /// The serial whose definition says which actions there are.
    pub(super) serial: u64,
    pub(super) now: Timestamp,
}

impl Deciding<'_> {
    /// What is to be told of compute with which it is over. `closing`: a record that is written at the same time.
    pub(super) fn outcomes(
        &mut self,
        closing: Option<&ResourceRecord>,
    ) -> Result<Told, RuntimeError> {
        let mut rounds: BTreeMap<InstanceKey, Vec<ResourceRecord>> = BTreeMap::new();
        let untold = self.store.untold_resources()?.into_iter();
        let is_other =
            |record: &ResourceRecord| closing.is_none_or(|closing| closing.token != record.token);
        for record in untold.filter(is_other).chain(closing.cloned()) {
            rounds.entry(record.key.clone()).or_default().push(record);
        }
        let (mut changes, mut deliveries) = (Vec::new(), Vec::new());
        for (key, round) in rounds {
            if self.is_over(&key, &round) {
                deliveries.extend(self.outcome(&key, &round)?);
                changes.push(ResourceChange::Told(key));
            }
        }
        Ok((changes, deliveries))
    }

    /// That compute is late, unless that is told.
    fn lateness(&mut self, key: &InstanceKey, reason: &str) -> Result<Told, RuntimeError> {
        if self.store.is_told_late(key)? != Some(false) {
            return Ok((Vec::new(), Vec::new()));
        }
        let mut round = self.store.untold_resources()?;
        round.retain(|record| record.key == *key);
        let instance = Instance {
            late: true,
            ..served(key, &round, Status::Running, Some(reason.to_owned()))
        };
        let deliveries = self.calls("on_late", &instance)?;
        Ok((vec![ResourceChange::Late(key.clone())], deliveries))
    }

    /// Whether it is over with the compute of an interval.
    fn is_over(&self, key: &InstanceKey, round: &[ResourceRecord]) -> bool {
        let users = round.iter().flat_map(|record| record.users.iter().cloned());
        let users: BTreeSet<Address> = users.collect();
        let have_ended = round.iter().all(|record| record.ended_at.is_some());
        let has_failed = last_of(round).is_some_and(|last| last.failed);
        let counts: fn(&Instance) -> bool = if has_failed { asks } else { needs };
        have_ended && !is_used(self.engine, (key, &users), counts)
    }

    /// The actions for what it came to.
    fn outcome(
        &mut self,
        key: &InstanceKey,
        round: &[ResourceRecord],
    ) -> Result<Vec<Delivery>, RuntimeError> {
        let Some(last) = last_of(round) else {
            return Ok(Vec::new());
        };
        let (attribute, status, reason) = if last.failed {
            ("on_fail", Status::Failed, Some(why(last)))
        } else if last.ready_at.is_some() {
            ("on_success", Status::Finished, None)
        } else {
            return Ok(Vec::new()); // before it was there nothing needed it any more
        };
        let instance = Instance {
            ended_at: Some(self.now),
            ..served(key, round, status, reason)
        };
        self.calls(attribute, &instance)
    }

    /// The actions that an attribute of a resource names.
    fn calls(
        &mut self,
        attribute: &str,
        instance: &Instance,
    ) -> Result<Vec<Delivery>, RuntimeError> {
        let address = &instance.key.object;
        let wanted = BTreeSet::from([address.clone()]);
        let definition = self
            .definitions
            .holding(self.store, self.serial, wanted, self.now)?;
        let objects = &definition.objects;
        let Some(resource) = objects.get(address) else {
            return Ok(Vec::new());
        };
        let instance = Instance {
            definition: Some(self.serial),
            ..instance.clone()
        };
        let named = resource.references(attribute).into_iter();
        let named = named.map(|(_, action)| action).filter(|action| {
            let action = objects.get(action);
            action.is_some_and(|action| action.object_type.name != "terminate")
        });
        Ok(named
            .map(|action| call(action, instance.clone(), self.now))
            .collect())
    }
}

impl Runner<'_> {
    /// Writes how it is with a cluster, and what is told when it is over with the compute of its interval.
    pub(super) fn record_compute(&mut self, record: &ResourceRecord) -> Result<(), RuntimeError> {
        let now = self.clock.now();
        let serial = self.log_serial();
        let (engine, definitions) = (&self.engine, &mut self.definitions);
        let decide = |store: &Store| {
            let mut resources = vec![ResourceChange::Record(Box::new(record.clone()))];
            let mut deliveries = Vec::new();
            if record.ended_at.is_some() {
                let mut deciding = Deciding {
                    store,
                    engine,
                    definitions,
                    serial,
                    now,
                };
                let (told, called) = deciding.outcomes(Some(record))?;
                resources.extend(told);
                deliveries.extend(called);
            }
            Ok::<_, RuntimeError>(Decision {
                deliveries,
                resources,
                ..Decision::<()>::default()
            })
        };
        let decision = self.store.decide(&self.lease, decide)?;
        for delivery in decision.deliveries {
            self.owe(delivery, now)?;
        }
        Ok(())
    }

    /// When the compute of an interval is late for those that use it. `None`: never.
    pub(super) fn lateness_of(
        &mut self,
        key: &InstanceKey,
        users: &BTreeSet<Address>,
    ) -> Result<Option<Lateness>, RuntimeError> {
        let (serial, now) = (self.log_serial(), self.clock.now());
        let definition = self.definition_of(key, serial, now)?;
        let objects = &definition.objects;
        let resource = objects.get(&key.object);
        let Some(after) = resource.and_then(|resource| late_after(objects, resource)) else {
            return Ok(None);
        };
        let engine = &self.engine;
        let dues = users
            .iter()
            .filter_map(|user| due(engine, user, key.interval));
        let at = dues.min().and_then(|due| due.checked_add(after).ok());
        Ok(at.map(|at| Lateness { at, after }))
    }

    /// Tells of compute that is late by now.
    pub(super) fn tell_late_compute(&mut self, now: Timestamp) -> Result<(), RuntimeError> {
        for (key, users, after) in self.clusters.late_by(now) {
            if !is_needed(&self.engine, &key, &users) {
                continue;
            }
            let reason = format!("it had not ended {after:#} after it was due");
            let serial = self.log_serial();
            let (engine, definitions) = (&self.engine, &mut self.definitions);
            let decide = |store: &Store| {
                let mut deciding = Deciding {
                    store,
                    engine,
                    definitions,
                    serial,
                    now,
                };
                let (resources, deliveries) = deciding.lateness(&key, &reason)?;
                Ok::<_, RuntimeError>(Decision {
                    deliveries,
                    resources,
                    ..Decision::<()>::default()
                })
            };
            let decision = self.store.decide(&self.lease, decide)?;
            if decision.resources.is_empty() {
                continue;
            }
            self.observer.notice(&Notice::Late { key, reason });
            for delivery in decision.deliveries {
                self.owe(delivery, now)?;
            }
        }
        Ok(())
    }
}

/// What the compute of an interval has come to so far, as an instance, and its clusters as the attempts of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Computed {
    /// The instance; `RUNNING` until it is told what it came to.
    pub instance: Instance,
    /// The clusters, what was asked for first first.
    pub clusters: Vec<Attempt>,
}

/// What the compute of each interval has come to, as far as it is not forgotten.
pub fn computed(store: &Store) -> Result<Vec<Computed>, StoreError> {
    let untold = store.untold_resources()?.into_iter();
    let untold: BTreeSet<InstanceKey> = untold.map(|record| record.key).collect();
    let mut all: BTreeMap<InstanceKey, Vec<ResourceRecord>> = BTreeMap::new();
    for record in store.all_resources()? {
        all.entry(record.key.clone()).or_default().push(record);
    }
    let mut found = Vec::new();
    for (key, records) in all {
        let is_open = untold.contains(&key);
        let late = is_open && store.is_told_late(&key)? == Some(true);
        found.push(Computed {
            instance: Instance {
                late,
                ..so_far(&key, &records, is_open)
            },
            clusters: (1..).zip(&records).map(as_attempt).collect(),
        });
    }
    Ok(found)
}

/// How it is with the compute of an interval. `is_open`: it is not told yet what it came to.
fn so_far(key: &InstanceKey, records: &[ResourceRecord], is_open: bool) -> Instance {
    if is_open {
        return served(key, records, Status::Running, None);
    }
    let last = last_of(records);
    let status = last.map_or(Status::Canceled, status_of);
    let reason = last.filter(|last| last.failed).map(why);
    Instance {
        ended_at: records.iter().filter_map(|record| record.ended_at).max(),
        ..served(key, records, status, reason)
    }
}

/// A cluster as the attempt of a number.
fn as_attempt((number, record): (u32, &ResourceRecord)) -> Attempt {
    Attempt {
        instance: record.key.clone(),
        number,
        status: status_of(record),
        started_at: record.requested_at,
        ended_at: record.ended_at,
        error: record.failed.then(|| why(record)),
        fence: 0,
    }
}

/// What a cluster has come to. One that has ended before it was ready was not needed any more.
fn status_of(record: &ResourceRecord) -> Status {
    if record.ended_at.is_none() {
        Status::Running
    } else if record.failed {
        Status::Failed
    } else if record.ready_at.is_some() {
        Status::Finished
    } else {
        Status::Canceled
    }
}

/// The one that was asked for last.
fn last_of(round: &[ResourceRecord]) -> Option<&ResourceRecord> {
    let order = |record: &&ResourceRecord| (record.requested_at, record.number);
    round.iter().max_by_key(order)
}

/// Whether an instance uses compute, or asks for it by itself. What was not tried yet and waits may do so for ever, say for work that has
/// failed with its cluster.
fn asks(instance: &Instance) -> bool {
    let is_ready = matches!(instance.status, Status::Running | Status::WaitingForRunner);
    needs(instance) && (is_ready || instance.attempts > 0)
}

/// When an interval was due for an activity, if that counts: as for the lateness of its own instances.
fn due(engine: &Engine, user: &Address, interval: Interval) -> Option<Timestamp> {
    let unit = engine.unit(user)?;
    let due = unit.schedule.as_ref()?.due_at(interval);
    let instance = engine.instance(&InstanceKey {
        object: user.clone(),
        interval,
    })?;
    let counts = instance.origin == Origin::Schedule
        && needs(instance)
        && unit.since.is_none_or(|since| due >= since);
    counts.then_some(due)
}

/// The compute of an interval as actions see it: as an instance.
fn served(
    key: &InstanceKey,
    round: &[ResourceRecord],
    status: Status,
    reason: Option<String>,
) -> Instance {
    Instance {
        status,
        attempts: u32::try_from(round.len()).unwrap_or(u32::MAX),
        started_at: round.iter().map(|record| record.requested_at).min(),
        reason,
        ..Instance::new(key.clone())
    }
}

/// Why there was no cluster, or it failed.
fn why(record: &ResourceRecord) -> String {
    let reason = record
        .reason
        .as_deref()
        .map(|why| why.trim_end_matches('.'));
    match (&record.id, reason) {
        (Some(id), Some(reason)) => format!("cluster {id} is {}: {reason}", record.state),
        (Some(id), None) => format!("cluster {id} is {}", record.state),
        (None, reason) => reason.unwrap_or("no cluster was made").to_owned(),
    }
}

/// How long after its interval was due compute is late, where it says itself what is to be done then.
fn late_after(objects: &Objects, resource: &Object) -> Option<SignedDuration> {
    if resource.references("on_late").is_empty() {
        return None;
    }
    settings::duration(objects, resource, "late_after")
}
