//! Taking over from a runner that is gone: what it left running is found and killed before anything is tried again.

use jiff::Timestamp;

use super::RuntimeError;
use super::SerialDefinition;
use super::driver::Options;
use super::driver::Runner;
use crate::engine::Definition;
use crate::engine::Engine;
use crate::engine::Event;
use crate::engine::Instance;
use crate::engine::Limits;
use crate::engine::Outcome;
use crate::engine::Past;
use crate::exec::process::ProcessId;
use crate::exec::process::kill_orphan;
use crate::objects::Address;
use crate::store::RunnerLease;
use crate::store::Store;

/// How many unfinished instances of one activity are made ahead.
const INSTANCES_AHEAD: usize = 1_000;

impl Limits {
    /// For looking only: nothing starts.
    pub fn looking() -> Self {
        Self {
            parallelism: 0,
            instances_ahead: INSTANCES_AHEAD,
            horizon: None,
            fence: 0,
        }
    }
}

/// What happened before.
pub fn past(store: &Store) -> Result<Past, RuntimeError> {
    Ok(Past {
        instances: store.unfinished_instances()?,
        settled: store.settled()?,
        dropped: store.dropped()?,
        made_until: store.made_until()?,
    })
}

/// The part of a definition that says something about some objects, and what happened before in it.
pub fn part_at(
    store: &Store,
    serial: u64,
    objects: &[Address],
    now: Timestamp,
) -> Result<(SerialDefinition, Past), RuntimeError> {
    store.at_one_moment(|store| {
        let definition = SerialDefinition::read_part(store, serial, objects.to_vec(), now)?;
        let mut instances = store.unfinished_instances()?;
        instances.retain(|instance| definition.objects.contains_key(&instance.key.object));
        let objects: Vec<&Address> = definition.objects.keys().collect();
        let past = past_of(store, &objects, instances)?;
        Ok((definition, past))
    })
}

/// With so many objects all tables are read from one end to the other.
const MANY: usize = 10_000;

/// What happened before to the units of a definition, and the instances that have not finished.
pub(super) fn past_of(
    store: &Store,
    objects: &[&Address],
    instances: Vec<Instance>,
) -> Result<Past, RuntimeError> {
    let past = if objects.len() < MANY {
        store.part_of_past(objects.iter().copied())?
    } else {
        Past {
            instances: Vec::new(),
            settled: store.settled()?,
            dropped: store.dropped()?,
            made_until: store.made_until()?,
        }
    };
    Ok(Past { instances, ..past })
}

/// An engine that goes on from the store.
pub(super) fn engine(
    store: &Store,
    (definition, instances): (Definition, Vec<Instance>),
    lease: &RunnerLease,
    options: &Options,
) -> Result<Engine, RuntimeError> {
    let limits = Limits {
        parallelism: options.parallelism,
        instances_ahead: INSTANCES_AHEAD,
        horizon: options.at,
        fence: lease.fence(),
    };
    let units: Vec<&Address> = definition.units.keys().collect();
    let past = past_of(store, &units, instances)?;
    Ok(Engine::new(definition, past, limits))
}

/// Kills what attempts of a runner that is gone have left, and reports these attempts as lost.
pub(super) async fn recover(runner: &mut Runner<'_>) -> Result<Vec<Event>, RuntimeError> {
    let mut events = Vec::new();
    for (attempt, process) in runner.store.running_attempts()? {
        let id = ProcessId {
            pid: process.map_or(0, |process| process.id),
            start_time: process.map(|process| process.started),
            attempt_id: runner.attempt_id(&attempt.instance, attempt.number),
        };
        let killed = tokio::task::spawn_blocking(move || kill_orphan(&id)).await;
        if let Ok(killed @ 1..) = killed {
            runner.warn(format!(
                "Killed {killed} {} that attempt {} of {} had left.",
                if killed == 1 { "process" } else { "processes" },
                attempt.number,
                attempt.instance.object
            ));
        }
        events.push(Event::AttemptEnded {
            key: attempt.instance,
            number: attempt.number,
            outcome: Outcome::Lost,
        });
    }
    Ok(events)
}
