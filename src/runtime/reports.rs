//! What work reports to the loop, and what the loop makes of it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::RuntimeError;
use super::deliveries::Acted;
use super::driver::Runner;
use super::notice::Notice;
use super::preparing::Question;
use crate::engine::CheckResult;
use crate::engine::Event;
use crate::engine::InstanceKey;
use crate::engine::Outcome;
use crate::exec::Moved;
use crate::store::ProcessRecord;

/// What work reports.
#[derive(Debug)]
pub(super) enum Report {
    Process {
        key: InstanceKey,
        attempt: u32,
        process: ProcessRecord,
    },
    Progress {
        key: InstanceKey,
        moved: Moved,
    },
    Says {
        key: InstanceKey,
        text: Arc<str>,
    },
    Heartbeat {
        key: InstanceKey,
        attempt: u32,
    },
    Ended {
        key: InstanceKey,
        attempt: u32,
        outcome: Outcome,
        /// What it has moved, if it has finished and was to move data.
        moved: Option<Moved>,
    },
    Checked {
        key: InstanceKey,
        result: CheckResult,
    },
    Acted(Box<Acted>),
    Warning(String),
    Question(Question),
}

impl Runner<'_> {
    /// The next report.
    pub(super) async fn next_report(&mut self) -> Option<Report> {
        self.receiver.recv().await
    }

    /// Takes a report where there is no loop.
    pub(super) fn report_of(&mut self, report: Option<Report>) -> Result<(), RuntimeError> {
        report.map_or(Ok(()), |report| self.report(report))
    }

    /// Takes a report and all that came with it, so that they share one commit.
    pub(super) fn report(&mut self, first: Report) -> Result<(), RuntimeError> {
        while self.tasks.try_join_next().is_some() {}
        let mut waiting = VecDeque::from([first]);
        while let Ok(report) = self.receiver.try_recv() {
            waiting.push_back(report);
        }
        let (mut events, mut actions) = (Vec::new(), Vec::new());
        for report in waiting {
            match report {
                Report::Process {
                    key,
                    attempt,
                    process,
                } => self.unrecorded.add((key, attempt, process)),
                Report::Progress { key, moved } => {
                    self.observer.notice(&Notice::Progress { key, moved });
                }
                Report::Heartbeat { key, attempt } => events.push(Event::Heartbeat {
                    key,
                    number: attempt,
                }),
                Report::Ended {
                    key,
                    attempt,
                    outcome,
                    moved,
                } => {
                    self.running.remove(&(key.clone(), attempt));
                    match moved {
                        Some(moved) => self.moved.insert(key.clone(), moved),
                        None => self.moved.remove(&key),
                    };
                    events.push(Event::AttemptEnded {
                        key,
                        number: attempt,
                        outcome,
                    });
                }
                Report::Checked { key, result } => {
                    self.checking.remove(&key);
                    if self.stopping {
                        continue; // the next runner checks again
                    }
                    let reason = match &result {
                        CheckResult::True => None,
                        CheckResult::False(reason) => Some(reason.clone()),
                        CheckResult::Error(error) => {
                            Some(format!("a check could not be made: {error}"))
                        }
                    };
                    if let Some(reason) = reason {
                        let key = key.clone();
                        self.observer.notice(&Notice::NotYet { key, reason });
                    }
                    events.push(Event::Checked { key, result });
                }
                Report::Acted(acted) => actions.push(*acted),
                Report::Says { key, text } => self.observer.notice(&Notice::Says { key, text }),
                Report::Warning(text) => self.warn(text),
                Report::Question(question) => question.answer(self)?,
            }
        }
        self.acted(actions)?;
        if events.is_empty() {
            return Ok(());
        }
        self.handle(events)
    }
}
