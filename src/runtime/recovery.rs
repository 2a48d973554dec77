//! Taking over from a runner that is gone: what it left running is found and killed before anything is tried again.

use std::io::ErrorKind;
use std::sync::Arc;

use jiff::Timestamp;

use super::Definitions;
use super::RuntimeError;
use super::SerialDefinition;
use super::driver::Runner;
use super::loading::load;
use super::log::Log;
use super::options::Options;
use crate::engine::Engine;
use crate::engine::Event;
use crate::engine::Instance;
use crate::engine::Limits;
use crate::engine::Outcome;
use crate::engine::Past;
use crate::exec::process::ProcessId;
use crate::exec::process::kill_marked;
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

impl Options {
    /// What the engine is bounded by under a lease.
    pub(super) fn limits(&self, lease: &RunnerLease) -> Limits {
        Limits {
            parallelism: self.parallelism,
            instances_ahead: INSTANCES_AHEAD,
            horizon: self.at,
            fence: lease.fence(),
        }
    }
}

/// What happened before.
pub fn past(store: &Store) -> Result<Past, RuntimeError> {
    Ok(Past {
        instances: store.unfinished_instances()?,
        settled: store.settled()?,
        dropped: store.dropped()?,
        wishes: store.wishes()?,
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
            wishes: store.wishes()?,
            made_until: store.made_until()?,
        }
    };
    Ok(Past { instances, ..past })
}

/// A state as a runner has taken it up.
pub(super) struct TakenUp {
    /// What goes on from there.
    pub(super) engine: Engine,
    /// What others write from then on.
    pub(super) log: Log,
    /// The definitions read so far.
    pub(super) definitions: Definitions,
    /// The part of the definition that matters.
    pub(super) definition: Arc<SerialDefinition>,
}

/// Takes up a state: what can happen in it, and where the log of what others write goes on.
pub(super) fn take_up(
    store: &mut Store,
    lease: &RunnerLease,
    mut definitions: Definitions,
    (limits, now): (Limits, Timestamp),
) -> Result<TakenUp, RuntimeError> {
    // Before anything else is read: what is written meanwhile is news.
    let version = store.data_version()?;
    let horizon = limits.horizon.unwrap_or(now);
    let loaded = load(store, &mut definitions, horizon, now)?;
    let log = Log::up_to(&loaded, version, limits.horizon);
    let definition = definitions.compile(&loaded.definition, &store.pauses()?);
    if !store.is_indexed(log.serial())? {
        let dues = definition.dues(&store.made_until()?);
        store.reindex(lease, log.serial(), &dues)?;
    }
    let units: Vec<&Address> = definition.units.keys().collect();
    let past = past_of(store, &units, loaded.roots.unfinished)?;
    Ok(TakenUp {
        engine: Engine::new(definition, past, limits),
        log,
        definitions,
        definition: loaded.definition,
    })
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
    kill_helpers(runner).await;
    remove_staging(runner).await;
    Ok(events)
}

/// Kills what checks and actions of a runner that is gone have left. They are made again.
async fn kill_helpers(runner: &mut Runner<'_>) {
    let state = format!("{}:", runner.lineage);
    // Attempts have numbers from 1 on.
    let is_helper = move |mark: &str| {
        let of_state = mark.strip_prefix(&state);
        of_state.is_some_and(|rest| rest.ends_with("#0") || rest.contains("#0:"))
    };
    let killed = tokio::task::spawn_blocking(move || kill_marked(is_helper)).await;
    if let Ok(killed @ 1..) = killed {
        let what = if killed == 1 { "process" } else { "processes" };
        runner.warn(format!(
            "Killed {killed} {what} that preconditions and actions had left."
        ));
    }
}

/// Removes what attempts of a runner that is gone have left in their directories.
async fn remove_staging(runner: &mut Runner<'_>) {
    let staging = runner.options.staging.clone();
    let place = staging.display().to_string();
    let removed = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(staging)).await;
    match removed {
        Ok(Err(error)) if error.kind() != ErrorKind::NotFound => runner.warn(format!(
            "What attempts have left in `{place}` cannot be removed: {error}."
        )),
        _ => {}
    }
}
