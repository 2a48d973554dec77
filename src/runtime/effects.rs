//! Doing what the engine asks for: attempts, checks and actions, each as a task that reports back.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use super::definitions::SerialDefinition;
use super::driver::Runner;
use super::logs;
use super::preparing::Evaluation;
use super::preparing::Resumption;
use super::reports::Report;
use crate::engine::CheckResult;
use crate::engine::InstanceKey;
use crate::engine::Outcome;
use crate::exec;
use crate::exec::Activities;
use crate::exec::Cancel;
use crate::exec::ExecError;
use crate::exec::Held;
use crate::exec::Moved;
use crate::exec::OnProcess;
use crate::exec::Progress;
use crate::exec::archive::Archive;
use crate::exec::emr::Clusters;
use crate::exec::log::Log;
use crate::exec::secrets::Fetched;
use crate::objects::Address;
use crate::objects::resolve::Try;
use crate::store::ProcessRecord;
use crate::store::Store;
use crate::store::StoreError;

/// How often the progress of an attempt is told.
const PROGRESS: Duration = Duration::from_millis(250);

/// How often an attempt is heard of.
const HEARTBEAT: Duration = Duration::from_mins(1);

/// How long a command may take that checks something, or is an action.
pub(super) const COMMAND: Duration = Duration::from_mins(10);

/// How long one may take at least, also where the time in which a precondition must hold is shorter.
const SHORT: Duration = Duration::from_secs(10);

impl Runner<'_> {
    /// Starts an attempt. Whatever goes wrong here is the attempt's failure, not the runner's.
    pub(super) fn start(
        &mut self,
        key: InstanceKey,
        attempt: u32,
        definition: Arc<SerialDefinition>,
        now: Timestamp,
    ) {
        let of = Try {
            attempt,
            actual_start: now,
        };
        let (of_attempt, of_log) = (key.clone(), key.clone());
        let evaluation = Evaluation {
            definition,
            now,
            log: logs::log_path(&self.options.logs, &key, attempt),
            assemble: Box::new(move |assembler| assembler.activity(&of_attempt, of)),
            archive: Some(Box::new(move |assembler| assembler.archive_of(&of_log, of))),
        };
        let prepared = self.prepare(&evaluation, &Fetched::default());
        let cancel = Cancel::new();
        self.running.insert((key.clone(), attempt), cancel.clone());
        let resumption = self.resumption(&cancel);
        let progress = Progress::default();
        let context = exec::Context {
            activities: activities(&self.store),
            progress: progress.clone(),
            clusters: self.access(&key.object),
            on_process: record_process(&self.reports, &key, attempt),
            ..self.context(&evaluation.log, cancel, self.attempt_id(&key, attempt))
        };
        let reports = self.reports.clone();
        let pulse = Pulse {
            every: self.heartbeat_interval(&key),
            number: attempt,
        };
        let promise = Promise::new(
            &self.reports,
            Report::Ended {
                key: key.clone(),
                attempt,
                outcome: Outcome::Failed(BROKE_OFF.to_owned()),
                moved: None,
            },
        );
        self.tasks.spawn(async move {
            let (outcome, moved) = match resumption.finish(evaluation, prepared).await {
                None => (Outcome::Killed, None),
                Some(Err(failed)) => {
                    let kept = keep_log(failed.archive, context);
                    tell_progress(kept, &reports, (&key, pulse), &progress).await;
                    (Outcome::Failed(failed.error), None)
                }
                Some(Ok((assigned, log))) => {
                    let context = exec::Context {
                        log: log.clone(),
                        archive: assigned.archive,
                        ..context
                    };
                    let work = Box::pin(exec::run(assigned.work, context));
                    let ended = tell_progress(work, &reports, (&key, pulse), &progress).await;
                    tell_problem(&reports, &log);
                    came_to(ended)
                }
            };
            promise.keep(Report::Ended {
                key,
                attempt,
                outcome,
                moved,
            });
        });
    }

    /// Checks the preconditions of an instance, one after the other, until one does not hold.
    pub(super) fn check(
        &mut self,
        key: InstanceKey,
        definition: Arc<SerialDefinition>,
        now: Timestamp,
    ) {
        let of = Try {
            attempt: 1,
            actual_start: now,
        };
        let of_instance = key.clone();
        let evaluation = Evaluation {
            definition,
            now,
            log: logs::log_directory(&self.options.logs, &key).join("preconditions.log"),
            assemble: Box::new(move |assembler| assembler.checks(&of_instance, of)),
            archive: None,
        };
        let prepared = self.prepare(&evaluation, &Fetched::default());
        let cancel = Cancel::new();
        self.checking.insert(key.clone(), cancel.clone());
        let limit = self.limit_of_check(&key);
        let resumption = self.resumption(&cancel);
        let context = self.context(&evaluation.log, cancel, self.attempt_id(&key, 0));
        let promise = Promise::new(
            &self.reports,
            Report::Checked {
                key: key.clone(),
                result: CheckResult::Error(BROKE_OFF.to_owned()),
            },
        );
        let reports = self.reports.clone();
        self.tasks.spawn(async move {
            let result = match resumption.finish(evaluation, prepared).await {
                None => CheckResult::Error(BROKE_OFF.to_owned()),
                Some(Err(failed)) => CheckResult::Error(failed.error),
                Some(Ok((checks, log))) => {
                    let context = exec::Context { log, ..context };
                    let result = check_all(checks, &context, limit).await;
                    tell_problem(&reports, &context.log);
                    result
                }
            };
            promise.keep(Report::Checked { key, result });
        });
    }

    /// What work of any kind is given.
    pub(super) fn context(&self, log: &Path, cancel: Cancel, attempt_id: String) -> exec::Context {
        exec::Context {
            log: Log::at(log, &[]),
            cancel,
            progress: Progress::default(),
            aws: self.aws.clone(),
            looking: self.looking.clone(),
            webhooks: self.webhooks.clone(),
            clusters: Clusters::default(),
            staging: self.staging(),
            archive: None,
            attempt_id,
            activities: Activities::default(),
            on_process: OnProcess::default(),
        }
    }

    /// How long a command may take that checks something for an instance.
    fn limit_of_check(&self, key: &InstanceKey) -> Duration {
        let timeout = self.engine.unit(&key.object);
        let timeout = timeout.and_then(|unit| unit.precondition_timeout);
        let timeout = timeout.and_then(|timeout| Duration::try_from(timeout).ok());
        timeout.map_or(COMMAND, |timeout| timeout.clamp(SHORT, COMMAND))
    }

    pub(super) fn resumption(&self, cancel: &Cancel) -> Resumption {
        Resumption {
            reports: self.reports.clone(),
            aws: self.aws.clone(),
            cancel: cancel.clone(),
        }
    }

    /// How often an attempt is heard of: several times before it would be taken for lost.
    fn heartbeat_interval(&self, key: &InstanceKey) -> Duration {
        let timeout = self
            .engine
            .unit(&key.object)
            .and_then(|unit| Duration::try_from(unit.report_progress_timeout).ok());
        timeout.map_or(HEARTBEAT, |timeout| HEARTBEAT.min(timeout / 4))
    }

    /// A directory for one attempt, check or action; it is made when something is put into it.
    fn staging(&self) -> PathBuf {
        self.options.staging.join(uuid::Uuid::new_v4().to_string())
    }

    /// What tells the processes of an attempt from all others on this machine.
    pub(super) fn attempt_id(&self, key: &InstanceKey, attempt: u32) -> String {
        format!(
            "{}:{}@{}#{attempt}",
            self.lineage, key.object, key.interval.start
        )
    }
}

/// What an attempt has come to, and what it has moved.
fn came_to(ended: Result<Option<Moved>, ExecError>) -> (Outcome, Option<Moved>) {
    match ended {
        Ok(moved) => (Outcome::Finished, moved),
        Err(ExecError::Cancelled) => (Outcome::Killed, None),
        Err(ExecError::Failed(error)) => (Outcome::Failed(error), None),
        Err(ExecError::ForGood(error)) => (Outcome::ForGood(error), None),
    }
}

/// Puts the log of an attempt away that has failed before its work began.
async fn keep_log(archive: Option<Archive>, context: exec::Context) {
    if let Some(archive) = archive {
        archive.keep_log(&context).await;
    }
}

/// What an attempt says while it goes on.
#[derive(Clone, Copy)]
struct Pulse {
    /// How often.
    every: Duration,
    /// The number of the attempt.
    number: u32,
}

/// Waits for work, and tells meanwhile that it goes on, and how far it is.
async fn tell_progress<T>(
    work: impl Future<Output = T>,
    reports: &UnboundedSender<Report>,
    (key, pulse): (&InstanceKey, Pulse),
    progress: &Progress,
) -> T {
    tokio::pin!(work);
    let mut silent = Duration::ZERO;
    let mut said = None;
    loop {
        if let Ok(result) = tokio::time::timeout(PROGRESS, &mut work).await {
            return result;
        }
        silent += PROGRESS;
        if silent >= pulse.every {
            silent = Duration::ZERO;
            let report = Report::Heartbeat {
                key: key.clone(),
                attempt: pulse.number,
            };
            tell(reports, report);
        }
        let says = progress.said();
        if let Some(text) = says.clone()
            && said != says
        {
            let key = key.clone();
            tell(reports, Report::Says { key, text });
            said = says;
        }
        let moved = progress.moved();
        if moved == Moved::default() {
            continue; // commands move no data that is counted
        }
        let key = key.clone();
        tell(reports, Report::Progress { key, moved });
    }
}

async fn check_all(
    checks: Vec<(Address, exec::Check)>,
    context: &exec::Context,
    limit: Duration,
) -> CheckResult {
    for (precondition, check) in checks {
        match exec::check(check, context.clone(), limit).await {
            Held::Held => {}
            Held::NotYet(reason) => {
                return CheckResult::False(format!("{}: {reason}", precondition.name()));
            }
            Held::Error(error) => {
                return CheckResult::Error(format!("{}: {error}", precondition.name()));
            }
        }
    }
    CheckResult::True
}

/// Which activities there are. The state is asked, not the definition of the attempt: that is only the part that its work is connected with,
/// and as of the apply that it began under. What cannot be asked is taken to be there.
fn activities(store: &Store) -> Activities {
    let path = store.path().to_owned();
    Activities(Some(Arc::new(move |address| {
        is_there(&path, &Address::new(address)).unwrap_or(true)
    })))
}

fn is_there(state: &Path, address: &Address) -> Result<bool, StoreError> {
    let store = Store::read(state)?;
    let serial = store.head()?.serial;
    // An attempt of a state that nothing was applied to: its file is not where it was.
    Ok(serial == 0 || store.object_at(address, serial)?.is_some())
}

fn record_process(reports: &UnboundedSender<Report>, key: &InstanceKey, attempt: u32) -> OnProcess {
    let (reports, key) = (reports.clone(), key.clone());
    OnProcess(Some(Arc::new(move |process| {
        if let Some(started) = process.start_time {
            let report = Report::Process {
                key: key.clone(),
                attempt,
                process: ProcessRecord {
                    id: process.pid,
                    started,
                },
            };
            tell(&reports, report);
        }
    })))
}

/// What is reported of work whose task has panicked.
pub(super) const BROKE_OFF: &str = "the work broke off: this is a mistake in pipeform";

/// A report that is owed: work that ends without one, because its task has panicked, is reported as failed.
pub(super) struct Promise {
    reports: UnboundedSender<Report>,
    otherwise: Option<Report>,
}

impl Promise {
    pub(super) fn new(reports: &UnboundedSender<Report>, otherwise: Report) -> Self {
        Self {
            reports: reports.clone(),
            otherwise: Some(otherwise),
        }
    }

    pub(super) fn keep(mut self, report: Report) {
        self.otherwise = None;
        tell(&self.reports, report);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if let Some(report) = self.otherwise.take() {
            tell(&self.reports, report);
        }
    }
}

/// What could not be logged is lost, and the work goes on: the operator should know.
pub(super) fn tell_problem(reports: &UnboundedSender<Report>, log: &Log) {
    if let Some(problem) = log.problem() {
        tell(reports, Report::Warning(problem));
    }
}

/// A runner that has ended does not listen any more: what it would have been told is found by the next one.
fn tell(reports: &UnboundedSender<Report>, report: Report) {
    drop(reports.send(report));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Apply;
    use crate::store::Holder;
    use crate::store::StoredObject;

    fn object(address: &str) -> StoredObject {
        StoredObject {
            address: Address::new(address),
            kind: "activity".to_owned(),
            type_name: "no_op".to_owned(),
            pipeline: None,
            body: serde_json::json!({}),
            lifecycle: None,
        }
    }

    #[test]
    fn activities_are_those_of_the_last_apply_also_where_an_attempt_began_before_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.db");
        let mut store = Store::open(&path).unwrap();
        let activities = activities(&store);
        assert!(activities.has("pipeline.p.activity.a"), "not known yet");
        let now = Timestamp::from_second(0).unwrap();
        let holder = Holder::this_process("maria@laptop".to_owned(), "apply", now);
        let lock = Store::lock_state(&path, &holder, Duration::ZERO).unwrap();
        let first = Apply {
            puts: vec![
                object("pipeline.p.activity.a"),
                object("pipeline.q.activity.b"),
            ],
            ..Apply::default()
        };
        store.apply(&lock, &first).unwrap();
        assert!(activities.has("pipeline.p.activity.a"));
        assert!(activities.has("pipeline.q.activity.b"));
        assert!(!activities.has("pipeline.q.activity.c"));
        let second = Apply {
            expected_serial: 1,
            puts: vec![object("pipeline.q.activity.c")],
            removes: vec![Address::new("pipeline.p.activity.a")],
            ..Apply::default()
        };
        store.apply(&lock, &second).unwrap();
        assert!(!activities.has("pipeline.p.activity.a"));
        assert!(activities.has("pipeline.q.activity.b"));
        assert!(activities.has("pipeline.q.activity.c"));
    }
}
