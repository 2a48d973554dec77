//! Cancelling: one token for an attempt, asked between chunks by blocking work and awaited by processes.

use std::sync::Arc;
use std::sync::OnceLock;

use tokio_util::sync::CancellationToken;

/// Says whether the attempt is to stop, and why. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    stop: CancellationToken,
    /// Whether it is not waited for anything any more, either.
    hurry: CancellationToken,
    reason: Arc<OnceLock<String>>,
}

impl Cancel {
    /// A token that nobody has cancelled.
    pub fn new() -> Self {
        Self::default()
    }
    /// Asks the work to stop at once; it cannot be taken back.
    pub fn cancel(&self) {
        self.hurry.cancel();
        self.stop.cancel();
    }
    /// The same, for a reason. The first one that is given stays.
    pub fn cancel_because(&self, reason: &str) {
        self.reason.get_or_init(|| reason.to_owned());
        self.cancel();
    }
    /// Asks the work to stop because its time is over. Nobody waits for its end, so that it may still find out what has come of it, until
    /// it is cancelled.
    pub fn time_out(&self, reason: &str) {
        self.reason.get_or_init(|| reason.to_owned());
        self.stop.cancel();
    }
    /// Why it is to stop, if that was said.
    pub fn reason(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }
    /// Whether it is to stop.
    pub fn is_cancelled(&self) -> bool {
        self.stop.is_cancelled()
    }
    /// Waits until it is.
    pub async fn cancelled(&self) {
        self.stop.cancelled().await;
    }
    /// Whether it is to stop at once.
    pub fn is_hurried(&self) -> bool {
        self.hurry.is_cancelled()
    }
    /// Waits until it is.
    pub async fn hurried(&self) {
        self.hurry.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_out_stops_and_leaves_time_until_it_is_cancelled() {
        let cancel = Cancel::new();
        cancel.time_out("its time was over");
        assert!(cancel.is_cancelled() && !cancel.is_hurried());
        cancel.cancel_because("the runner was stopped");
        assert!(cancel.is_hurried());
        assert_eq!(cancel.reason(), Some("its time was over"));
    }
}
