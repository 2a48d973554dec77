//! The processes of attempts that are not in the store yet.
//!
//! They are recorded so that a later runner finds what this one has left. Most commands are over before that is worth a
//! write: a process is recorded when it has lived for a moment. Until then a later runner finds it by its mark.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::Sleep;

use super::RuntimeError;
use super::driver::Runner;
use crate::engine::InstanceKey;
use crate::store::ProcessRecord;

/// How long a process lives before it is recorded.
const MOMENT: Duration = Duration::from_millis(20);

/// An attempt, and the process it runs in.
pub(super) type Process = (InstanceKey, u32, ProcessRecord);

/// Processes that wait to be recorded, together.
#[derive(Debug, Default)]
pub(super) struct Unrecorded {
    processes: Vec<Process>,
    /// Ends when the first of them has lived long enough.
    due: Option<Pin<Box<Sleep>>>,
}

impl Unrecorded {
    /// Adds a process that has just started.
    pub(super) fn add(&mut self, process: Process) {
        self.due
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(MOMENT)));
        self.processes.push(process);
    }

    /// Waits until they are to be recorded: for ever, while there are none.
    pub(super) async fn due(&mut self) {
        match &mut self.due {
            Some(due) => due.as_mut().await,
            None => std::future::pending().await,
        }
    }

    /// Takes them.
    pub(super) fn take(&mut self) -> Vec<Process> {
        self.due = None;
        std::mem::take(&mut self.processes)
    }
}

impl Runner<'_> {
    /// Records in which processes attempts run. What has ended meanwhile needs no finding.
    pub(super) fn record_processes(&mut self) -> Result<(), RuntimeError> {
        let mut processes = self.unrecorded.take();
        processes.retain(|(key, attempt, _)| self.running.contains_key(&(key.clone(), *attempt)));
        if !processes.is_empty() {
            self.store.record_processes(&self.lease, &processes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Unrecorded;
    use crate::engine::InstanceKey;
    use crate::objects::Address;
    use crate::store::ProcessRecord;
    use crate::time::Interval;

    #[test]
    fn processes_are_due_together_and_once() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut unrecorded = Unrecorded::default();
            let process = |name: &str| {
                let key = InstanceKey {
                    object: Address::new(name),
                    interval: Interval::moment(Timestamp::UNIX_EPOCH),
                };
                (key, 1, ProcessRecord { id: 7, started: 8 })
            };
            unrecorded.add(process("a"));
            unrecorded.add(process("b"));
            unrecorded.due().await;
            assert_eq!(unrecorded.take(), [process("a"), process("b")]);
            let soon = tokio::time::timeout(super::MOMENT * 2, unrecorded.due());
            assert!(soon.await.is_err(), "nothing is due any more");
        });
    }
}
