//! Doing what the engine asks for: attempts, checks and actions, each as a task that reports back.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::definitions::SerialDefinition;
use super::driver::Report;
use super::driver::Runner;
use super::one_line_each;
use super::work;
use crate::engine::CheckResult;
use crate::engine::InstanceKey;
use crate::engine::Outcome;
use crate::exec;
use crate::exec::Cancel;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::resolve::Resolver;
use crate::objects::resolve::Try;

impl Runner<'_> {
    /// Starts an attempt. Whatever goes wrong here is the attempt's failure, not the runner's.
    pub(super) fn start(
        &mut self,
        key: InstanceKey,
        attempt: u32,
        definition: &Arc<SerialDefinition>,
        now: Timestamp,
    ) {
        let cancel = Cancel::new();
        self.running.insert((key.clone(), attempt), cancel.clone());
        let of = Try {
            attempt,
            actual_start: now,
        };
        let work = resolver(definition, &self.options.directory)
            .activity(&key.object, key.interval, of)
            .map_err(|diagnostics| one_line_each(&diagnostics))
            .and_then(|activity| work::work(&activity, definition, &self.options));
        let context = exec::Context {
            log: log_path(&self.options.logs, &key, attempt, definition),
            cancel: cancel.clone(),
            attempt: format!("{}@{}#{attempt}", key.object, key.interval.start),
            progress: self.progress(&key),
            spawned: self.spawned(&key, attempt),
        };
        let reports = self.reports.clone();
        self.tasks.spawn(async move {
            let outcome = match work {
                Err(error) => {
                    exec::note(&context.log, &error);
                    Outcome::Failed(error)
                }
                Ok(work) => match exec::run(work, context).await {
                    Ok(_summary) => Outcome::Finished,
                    Err(exec::ExecError::Canceled) => Outcome::Killed,
                    Err(error) => Outcome::Failed(error.to_string()),
                },
            };
            tell(
                &reports,
                Report::Ended {
                    key,
                    attempt,
                    outcome,
                },
            );
        });
    }

    /// Checks the preconditions of an instance, one after the other, until one does not hold.
    pub(super) fn check(
        &mut self,
        key: InstanceKey,
        definition: &Arc<SerialDefinition>,
        now: Timestamp,
    ) {
        let of = Try {
            attempt: 1,
            actual_start: now,
        };
        let checks = work::checks(
            &resolver(definition, &self.options.directory),
            &key,
            of,
            definition,
            &self.options,
        );
        let log = log_path(&self.options.logs, &key, 0, definition);
        let reports = self.reports.clone();
        self.tasks.spawn(async move {
            let result = match checks {
                Err(error) => CheckResult::Error(error),
                Ok(checks) => {
                    let mut result = CheckResult::True;
                    for (precondition, check) in checks {
                        result = match exec::check(check, &log).await {
                            exec::CheckOutcome::Held => continue,
                            exec::CheckOutcome::NotYet(reason) => {
                                CheckResult::False(format!("{precondition}: {reason}"))
                            }
                            exec::CheckOutcome::Error(error) => {
                                CheckResult::Error(format!("{precondition}: {error}"))
                            }
                        };
                        break;
                    }
                    result
                }
            };
            tell(&reports, Report::Checked { key, result });
        });
    }

    /// Does an action for an instance. Its failure is told and changes nothing.
    pub(super) fn act(
        &mut self,
        action: Address,
        key: InstanceKey,
        definition: &Arc<SerialDefinition>,
        now: Timestamp,
    ) {
        let instance = self.engine.instance(&key).cloned();
        let of = Try {
            attempt: instance.as_ref().map_or(1, |instance| instance.attempts),
            actual_start: instance
                .as_ref()
                .and_then(|instance| instance.started_at)
                .unwrap_or(now),
        };
        let extra = vec![
            (
                Arc::from("status"),
                instance
                    .as_ref()
                    .map_or(Value::Null, |instance| Value::string(instance.status.as_str())),
            ),
            (
                Arc::from("error"),
                instance
                    .as_ref()
                    .and_then(|instance| instance.reason.clone())
                    .map_or_else(|| Value::string(""), Value::string),
            ),
        ];
        let work = resolver(definition, &self.options.directory)
            .serving(&action, &key.object, key.interval, of, extra)
            .map_err(|diagnostics| one_line_each(&diagnostics))
            .and_then(|resolved| work::command(&resolved, &self.options));
        let context = exec::Context {
            log: log_path(&self.options.logs, &key, 0, definition).with_file_name(format!(
                "{}.log",
                action.as_str().replace(['/', '"'], "_")
            )),
            cancel: Cancel::new(),
            attempt: format!("{action} for {}@{}", key.object, key.interval.start),
            progress: exec::Progress::default(),
            spawned: None,
        };
        let reports = self.reports.clone();
        self.tasks.spawn(async move {
            let error = match work {
                Err(error) => Some(error),
                Ok(work) => exec::run(work, context)
                    .await
                    .err()
                    .map(|error| error.to_string()),
            };
            tell(&reports, Report::Acted { action, key, error });
        });
    }
}

/// Evaluates objects of a definition. `file()` and the like are gone by now: apply stored what they read.
fn resolver<'a>(definition: &'a SerialDefinition, _directory: &std::path::Path) -> Resolver<'a> {
    Resolver {
        objects: &definition.objects,
        timetable: &definition.timetable,
        files: &NoFiles,
        random: || uuid::Uuid::new_v4().into_bytes(),
    }
}

/// Where the log of an attempt is kept: `PIPELINE/OBJECT/START/attempt-N.log`.
pub(super) fn log_path(
    logs: &std::path::Path,
    key: &InstanceKey,
    attempt: u32,
    definition: &SerialDefinition,
) -> PathBuf {
    let pipeline = definition
        .objects
        .get(&key.object)
        .and_then(|object| object.pipeline.as_ref())
        .map_or("shared", Address::name);
    let safe = |text: &str| text.replace(['/', '"', '\\'], "_");
    let file = match attempt {
        0 => "preconditions.log".to_owned(),
        number => format!("attempt-{number}.log"),
    };
    logs.join(safe(pipeline))
        .join(safe(key.object.name()))
        .join(key.interval.start.strftime("%Y-%m-%dT%H-%M-%SZ").to_string())
        .join(file)
}

/// A runner that has ended does not listen any more: what it would have been told is found by the next one.
pub(super) fn tell(reports: &tokio::sync::mpsc::UnboundedSender<Report>, report: Report) {
    drop(reports.send(report));
}
