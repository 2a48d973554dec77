//! The loop: events to the engine, changes to the store, effects to the world.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Definitions;
use super::RuntimeError;
use super::SerialDefinition;
use super::deliveries::called_for;
use super::loading::dues_after;
use super::log::Log;
use super::notice::Notice;
use super::notice::Observer;
use super::options::Options;
use super::options::Summary;
use super::options::Until;
use super::outcomes::Deciding;
use super::owed::Deliveries;
use super::processes::Unrecorded;
use super::recovery::take_up;
use super::reports::Report;
use super::resources::Clusters;
use super::resources::needs;
use super::signals::Signals;
use crate::clock::Clock;
use crate::engine::Change;
use crate::engine::Effect;
use crate::engine::Engine;
use crate::engine::Event;
use crate::engine::InstanceKey;
use crate::exec::Cancel;
use crate::exec::Moved;
use crate::exec::Sessions;
use crate::exec::looking::Looking;
use crate::exec::webhook;
use crate::store::Decision;
use crate::store::RunnerLease;
use crate::store::Store;

/// How often it is looked whether others have written.
const LOG_INTERVAL: Duration = Duration::from_millis(500);

/// The loop turns more often than this, unless the machine sleeps.
const SLEPT: SignedDuration = SignedDuration::from_secs(30);

/// Drives the engine over one state. There is one runner for a state: it holds the runner lease.
pub struct Runner<'a> {
    pub(super) store: Store,
    pub(super) lease: RunnerLease,
    pub(super) engine: Engine,
    pub(super) definitions: Definitions,
    /// What others have written.
    log: Log,
    /// When it is looked next whether there is something to remove.
    pub(super) clean_at: Timestamp,
    pub(super) clock: Clock,
    pub(super) options: Arc<Options>,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) tasks: JoinSet<()>,
    pub(super) reports: mpsc::UnboundedSender<Report>,
    pub(super) running: BTreeMap<(InstanceKey, u32), Cancel>,
    /// The instances whose preconditions are being checked.
    pub(super) checking: BTreeMap<InstanceKey, Cancel>,
    /// Processes of attempts that are not in the store yet.
    pub(super) unrecorded: Unrecorded,
    /// When the loop last turned.
    awake_at: Timestamp,
    /// The attempts that retries were told of.
    pub(super) retrying: BTreeMap<InstanceKey, u32>,
    /// What the attempts have moved that have finished, until that is told.
    pub(super) moved: BTreeMap<InstanceKey, Moved>,
    /// The actions that are owed.
    pub(super) deliveries: Deliveries,
    /// Of the state: makes the marks of processes unique on a machine.
    pub(super) lineage: String,
    pub(super) receiver: mpsc::UnboundedReceiver<Report>,
    pub(super) summary: Summary,
    pub(super) stopping: bool,
    /// How AWS is reached.
    pub(super) aws: Sessions,
    /// What is asked of AWS for many at once.
    pub(super) looking: Looking,
    /// The clusters that it keeps.
    pub(super) clusters: Clusters,
    /// Makes the requests of webhooks.
    pub(super) webhooks: webhook::Client,
}

impl<'a> Runner<'a> {
    /// Takes over a state: reads it, cleans up after a runner that was killed, and does what operators have asked for.
    pub async fn new(
        store: Store,
        lease: RunnerLease,
        clock: Clock,
        options: Options,
        observer: &'a mut dyn Observer,
    ) -> Result<Self, RuntimeError> {
        let mut runner = Self::at_rest(store, lease, clock, options, observer)?;
        let lost = super::recovery::recover(&mut runner).await?;
        runner.handle(lost)?;
        runner.adopt_clusters(true)?;
        Ok(runner)
    }

    /// Does what operators have asked for, where there is no runner, and starts nothing.
    pub async fn carry_out(
        store: Store,
        lease: RunnerLease,
        clock: Clock,
        options: Options,
        observer: &'a mut dyn Observer,
    ) -> Result<u64, RuntimeError> {
        let mut runner = Self::at_rest(store, lease, clock, options, observer)?;
        // Before anything is taken: what is waited for, and actions, are left to those that run.
        runner.deliveries.stop();
        runner.engine.step(Event::Drain, runner.clock.now());
        let lost = super::recovery::recover(&mut runner).await?;
        runner.handle(lost)?;
        runner.end_clusters().await
    }

    fn at_rest(
        store: Store,
        lease: RunnerLease,
        clock: Clock,
        options: Options,
        observer: &'a mut dyn Observer,
    ) -> Result<Self, RuntimeError> {
        let now = clock.now();
        let mut store = store;
        let limits = options.limits(&lease);
        let taken = take_up(&mut store, &lease, Definitions::default(), (limits, now))?;
        observer.defined(&taken.definition);
        let (reports, receiver) = mpsc::unbounded_channel();
        Ok(Self {
            aws: options.sessions(),
            lineage: store.head()?.lineage,
            clean_at: now,
            store,
            lease,
            engine: taken.engine,
            definitions: taken.definitions,
            log: taken.log,
            clock,
            options: Arc::new(options),
            observer,
            tasks: JoinSet::new(),
            reports,
            running: BTreeMap::new(),
            checking: BTreeMap::new(),
            unrecorded: Unrecorded::default(),
            awake_at: now,
            retrying: BTreeMap::new(),
            moved: BTreeMap::new(),
            deliveries: Deliveries::default(),
            receiver,
            summary: Summary::default(),
            stopping: false,
            looking: Looking::default(),
            clusters: Clusters::default(),
            webhooks: webhook::Client::default(),
        })
    }

    /// Runs what is due until the end that the options name.
    pub async fn run(mut self) -> Result<Summary, RuntimeError> {
        let result = self.drive().await;
        if result.is_err() {
            self.abandon().await;
        }
        result?;
        if !self.stopping {
            self.clean_up_at_the_end()?;
        }
        self.summary.waiting = self.engine.waiting_activities();
        self.summary.owed = self.store.count_owed()?;
        self.summary.interrupted = self.stopping;
        Ok(self.summary)
    }

    async fn drive(&mut self) -> Result<(), RuntimeError> {
        let mut interrupt = Signals::new()?;
        let mut log = tokio::time::interval(LOG_INTERVAL);
        log.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let give_up = match self.options.until {
            Until::Wait(duration) => self.clock.now().checked_add(duration).ok(),
            Until::Idle | Until::Forever => None,
        };
        self.take_owed()?;
        self.handle(vec![Event::Tick])?;
        loop {
            self.after_sleep()?;
            let now = self.clock.now();
            self.tell_late_compute(now)?;
            self.deliver_due(now)?;
            if !self.stopping {
                self.clean_up(now)?;
            }
            // It ends only with nothing left of what others have written.
            if self.is_done(now, give_up) && (self.stopping || !self.look()?) {
                if self.clusters.is_empty() {
                    break;
                }
                self.clusters.let_go();
            }
            let wake = self.wake(now, give_up);
            tokio::select! {
                report = self.receiver.recv() => {
                    if let Some(report) = report {
                        self.report(report)?;
                    }
                }
                () = self.unrecorded.due() => self.record_processes()?,
                () = tokio::time::sleep(wake) => self.handle(vec![Event::Tick])?,
                _ = log.tick(), if !self.stopping => {
                    self.look()?;
                }
                () = interrupt.recv() => self.stop()?,
            }
        }
        Ok(())
    }

    /// After a sleep of the machine, or a jump of its clock, attempts could not say that they go on.
    fn after_sleep(&mut self) -> Result<(), RuntimeError> {
        let now = self.clock.now();
        let before = std::mem::replace(&mut self.awake_at, now);
        if now.duration_since(before) < SLEPT {
            return Ok(());
        }
        let alive = self.running.keys().map(|(key, number)| Event::Heartbeat {
            key: key.clone(),
            number: *number,
        });
        self.handle(alive.collect())
    }

    /// Gives what others have written and then events to the engine, commits what it answers, then does it. Nobody writes
    /// between what is decided from and what is decided.
    pub(super) fn handle(&mut self, events: Vec<Event>) -> Result<(), RuntimeError> {
        let now = self.clock.now();
        if events.is_empty() && !self.log.has_more(&self.store, now)? {
            return Ok(());
        }
        let (engine, definitions) = (&mut self.engine, &mut self.definitions);
        let log = &mut self.log;
        let decide = |store: &Store| {
            let taken = log.take(store, (engine, definitions), now)?;
            let mut step = taken.step;
            for event in events {
                step.add(engine.step(event, now));
            }
            let mut deliveries = called_for(&mut step.effects, now);
            let mut resources = Vec::new();
            if taken.definition.is_some() || step.changes.iter().any(has_ended) {
                let serial = log.serial();
                let mut deciding = Deciding {
                    store,
                    engine,
                    definitions,
                    serial,
                    now,
                };
                let (told, called) = deciding.outcomes(None)?;
                resources.extend(told);
                deliveries.extend(called);
            }
            Ok::<_, RuntimeError>(Decision {
                dues: dues_after(engine, &step.changes),
                changes: step.changes,
                deliveries,
                resources,
                then: (step.effects, taken.definition),
            })
        };
        let decision = self.store.decide(&self.lease, decide)?;
        let (changes, (effects, definition)) = (decision.changes, decision.then);
        if let Some(definition) = definition {
            self.observer.defined(&definition);
        }
        self.tell_all(&changes, &effects);
        for effect in effects {
            self.perform(effect, now)?;
        }
        for delivery in decision.deliveries {
            self.owe(delivery, now)?;
        }
        self.deliver_due(now)?;
        self.look_after_clusters();
        Ok(())
    }

    /// The serial that the log of what others write has come to.
    pub(super) fn log_serial(&self) -> u64 {
        self.log.serial()
    }

    /// The definition as of a serial, with an instance in it.
    pub(super) fn definition_of(
        &mut self,
        key: &InstanceKey,
        serial: u64,
        now: Timestamp,
    ) -> Result<Arc<SerialDefinition>, RuntimeError> {
        let object = BTreeSet::from([key.object.clone()]);
        self.definitions.holding(&self.store, serial, object, now)
    }

    fn perform(&mut self, effect: Effect, now: Timestamp) -> Result<(), RuntimeError> {
        match effect {
            Effect::Start {
                key,
                number,
                definition,
            } => {
                self.observer.notice(&Notice::Started {
                    key: key.clone(),
                    attempt: number,
                });
                let definition = self.definition_of(&key, definition, now)?;
                self.start(key, number, definition, now);
            }
            Effect::Kill {
                key,
                number,
                reason,
                timed_out,
            } => match self.running.get(&(key, number)) {
                Some(cancel) if timed_out => cancel.time_out(&reason),
                Some(cancel) => cancel.cancel_because(&reason),
                None => {}
            },
            Effect::Check { key } => {
                let definition = self.definition_of(&key, self.log.serial(), now)?;
                self.check(key, definition, now);
            }
            // It was told before what follows from it; actions are owed, and taken apart.
            Effect::Late { .. } | Effect::GiveUp { .. } | Effect::Act { .. } => {}
        }
        Ok(())
    }

    /// Tells the observer something that the operator should know.
    pub(super) fn warn(&mut self, text: String) {
        self.observer.notice(&Notice::Warning(text));
    }

    /// Looks whether others have written something beside this runner, so that it does not wait for an event of its own.
    /// Whether they have.
    fn look(&mut self) -> Result<bool, RuntimeError> {
        let more = self.log.has_more(&self.store, self.clock.now())?;
        if more {
            self.handle(vec![Event::Tick])?;
        }
        Ok(more)
    }

    fn wake(&self, now: Timestamp, give_up: Option<Timestamp>) -> Duration {
        let delivery = self.deliveries.next();
        let next = [
            self.engine.next_wake(),
            give_up,
            self.log.next_due(),
            delivery,
            self.clusters.next_late(),
        ]
        .into_iter()
        .flatten()
        .min();
        let pause = match next {
            Some(next) => Duration::try_from(next.duration_since(now)).unwrap_or_default(),
            None => Duration::from_hours(1),
        };
        pause.clamp(Duration::from_millis(1), Duration::from_hours(1))
    }
}

/// Whether an instance needs nothing any more.
fn has_ended(change: &Change) -> bool {
    matches!(change, Change::Instance(instance) if !needs(instance))
}
