//! How a run ends: when there is nothing left to do, when it is told to, and when it breaks off.

use std::time::Duration;

use jiff::Timestamp;

use super::RuntimeError;
use super::driver::Runner;
use super::options::Until;
use crate::engine::Event;
use crate::exec::Cancel;

/// How long to wait for work to stop when a run breaks off: longer than processes are given to end.
const ABANDON: Duration = Duration::from_secs(10);

impl Runner<'_> {
    /// Whether nothing is left to do before its end.
    pub(super) fn is_done(&self, now: Timestamp, give_up: Option<Timestamp>) -> bool {
        if self.stopping {
            let is_checking = !self.checking.is_empty();
            return self.running.is_empty() && !is_checking && !self.deliveries.is_busy();
        }
        let stands = self.clock.stands_still(); // then nothing comes by the passing of time
        let later = self.engine.will_start_by_itself() || self.deliveries.is_near(now);
        let later = !stands && later;
        let busy = later || !self.tasks_are_idle();
        match self.options.until {
            Until::Forever => false,
            Until::Idle => !busy,
            Until::Wait(_) => {
                let over = stands || give_up.is_some_and(|end| now >= end);
                !busy && (over || !self.engine.waits_for_data())
            }
        }
    }

    fn tasks_are_idle(&self) -> bool {
        self.running.is_empty()
            && !self.deliveries.is_busy()
            && self.engine.is_idle()
            && self.receiver.is_empty()
    }

    /// Stops cleanly: starts nothing more and stops what runs, which is tried again by the next runner.
    pub(super) fn stop(&mut self) -> Result<(), RuntimeError> {
        if self.stopping {
            // Asked twice: do not wait. What runs is found and cleaned up by the next runner.
            self.running.clear();
            self.checking.clear();
            self.deliveries.forget();
            let left = self.clusters.abandon();
            if !left.is_empty() {
                let left = left.join(", ");
                self.warn(format!(
                    "Left as they are, to the next run: clusters {left}."
                ));
            }
            return Ok(());
        }
        self.stopping = true;
        self.warn(format!(
            "Stopping: {} running, to be tried again by the next run. Interrupt once more to stop at once.",
            self.running.len()
        ));
        self.checking.values().for_each(Cancel::cancel);
        self.deliveries.stop();
        self.handle(vec![Event::Drain])
    }

    /// Stops what runs without recording it: nothing can be recorded any more.
    pub(super) async fn abandon(&mut self) {
        self.running.values().for_each(Cancel::cancel);
        self.checking.values().for_each(Cancel::cancel);
        self.deliveries.stop();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        // What does not end in time is found and killed by the next runner.
        drop(tokio::time::timeout(ABANDON, all).await);
    }
}
