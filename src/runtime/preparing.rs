//! Evaluating what is to be done before it begins.
//!
//! That needs the engine, so it is done on the runner's thread, which never waits for the network. Where it needs secrets that
//! have to be fetched, the task of the work fetches them, and then asks the runner's thread to evaluate all again.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::RuntimeError;
use super::definitions::SerialDefinition;
use super::driver::Runner;
use super::reports::Report;
use crate::exec::Cancel;
use crate::exec::Sessions;
use crate::exec::archive::Archive;
use crate::exec::assemble::Assembler;
use crate::exec::log::Log;
use crate::exec::secrets::Fetched;
use crate::exec::secrets::SecretReader;
use crate::exec::secrets::Wanted;
use crate::lang::NoFiles;
use crate::lang::functions::Call;
use crate::objects::resolve::Resolver;

/// What is to be evaluated, and how.
pub(super) struct Evaluation<W> {
    /// The definition that it is part of.
    pub(super) definition: Arc<SerialDefinition>,
    /// What the time is (UTC).
    pub(super) now: Timestamp,
    /// Where what is done is logged.
    pub(super) log: PathBuf,
    /// Makes the work.
    pub(super) assemble: Box<Assemble<W>>,
    /// Says where the log is put when there is no work, if it is put anywhere.
    pub(super) archive: Option<Box<Find>>,
}

type Assemble<W> = dyn Fn(&Assembler<'_>) -> Result<W, String> + Send + Sync;

/// Finds where logs are put.
type Find = dyn Fn(&Assembler<'_>) -> Option<Archive> + Send + Sync;

/// How far evaluating has come.
pub(super) enum Prepared<W> {
    /// The work, with the log it writes.
    Work(W, Log),
    /// It cannot be evaluated.
    Failed(Failed),
    /// These secrets have to be fetched first.
    Wants(BTreeSet<Wanted>),
}

/// Why there is no work.
pub(super) struct Failed {
    /// A sentence, without secrets.
    pub(super) error: String,
    /// Whether it may be otherwise a moment later: a secret could not be fetched.
    pub(super) passing: bool,
    /// Where the log of it is put.
    pub(super) archive: Option<Archive>,
}

/// What a task asks of the runner's thread.
pub(super) struct Question(Box<Ask>);

type Ask = dyn FnOnce(&mut Runner<'_>) -> Result<(), RuntimeError> + Send;

impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Question")
    }
}

impl Question {
    /// What is to be done there; an error ends the runner.
    pub(super) fn new(
        ask: impl FnOnce(&mut Runner<'_>) -> Result<(), RuntimeError> + Send + 'static,
    ) -> Self {
        Self(Box::new(ask))
    }

    /// Answers it.
    pub(super) fn answer(self, runner: &mut Runner<'_>) -> Result<(), RuntimeError> {
        (self.0)(runner)
    }
}

impl Runner<'_> {
    /// Evaluates what is to be done, and where it is logged; an evaluation that fails is noted there, too.
    pub(super) fn prepare<W>(&self, evaluation: &Evaluation<W>, fetched: &Fetched) -> Prepared<W> {
        let call = Call {
            files: &NoFiles,
            now: evaluation.now,
            random: || uuid::Uuid::new_v4().into_bytes(),
            secrets: None,
        };
        let (objects, timetable) = (
            &evaluation.definition.objects,
            &evaluation.definition.timetable,
        );
        let secrets = SecretReader::new(&self.options.directory, &self.options.variables, fetched);
        let assembler = Assembler {
            resolver: Resolver {
                history: Some(&self.engine),
                ..Resolver::planned(objects, timetable, &call)
            },
            directory: &self.options.directory,
            inherited: &self.options.environment,
            secrets: &secrets,
            hidden: RefCell::default(),
        };
        let work = (evaluation.assemble)(&assembler);
        let wanted = secrets.wanted();
        if !wanted.is_empty() {
            return Prepared::Wants(wanted);
        }
        let hidden = [assembler.hidden.take(), secrets.values()].concat();
        let log = Log::at(&evaluation.log, &hidden);
        for note in secrets.notes() {
            log.line(&note);
        }
        match work {
            Ok(work) => Prepared::Work(work, log),
            Err(error) => {
                log.line(&format!("error: {error}"));
                let find = evaluation.archive.as_ref();
                Prepared::Failed(Failed {
                    error: log.mask(&error),
                    passing: fetched.has_failures(),
                    archive: find.and_then(|find| find(&assembler)),
                })
            }
        }
    }
}

/// How a task goes on where evaluating has stopped.
pub(super) struct Resumption {
    /// Reaches the runner's thread.
    pub(super) reports: UnboundedSender<Report>,
    /// Reaches AWS.
    pub(super) aws: Sessions,
    /// Says that there is no need any more.
    pub(super) cancel: Cancel,
}

impl Resumption {
    /// Fetches what evaluating wants until it is done. `None`: it was cancelled, or the runner has ended.
    pub(super) async fn finish<W: Send + 'static>(
        &self,
        evaluation: Evaluation<W>,
        mut prepared: Prepared<W>,
    ) -> Option<Result<(W, Log), Failed>> {
        let evaluation = Arc::new(evaluation);
        let mut fetched = Fetched::default();
        loop {
            match prepared {
                Prepared::Work(work, log) => return Some(Ok((work, log))),
                Prepared::Failed(failed) => return Some(Err(failed)),
                Prepared::Wants(wanted) => {
                    tokio::select! {
                        () = fetched.add(wanted, &self.aws) => {}
                        () = self.cancel.cancelled() => return None,
                    }
                    prepared = self.ask(evaluation.clone(), fetched.clone()).await?;
                }
            }
        }
    }

    async fn ask<W: Send + 'static>(
        &self,
        evaluation: Arc<Evaluation<W>>,
        fetched: Fetched,
    ) -> Option<Prepared<W>> {
        let (reply, answer) = oneshot::channel();
        let question = Question::new(move |runner| {
            // One that is gone does not wait for it any more.
            drop(reply.send(runner.prepare(&evaluation, &fetched)));
            Ok(())
        });
        self.reports.send(Report::Question(question)).ok()?;
        answer.await.ok()
    }
}
