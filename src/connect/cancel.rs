//! Cancelling: one token for an attempt, asked between chunks by blocking work and awaited by processes.

use tokio_util::sync::CancellationToken;

/// Says whether the attempt is to stop. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Cancel(CancellationToken);

impl Cancel {
    /// A token that nobody has cancelled.
    pub fn new() -> Self {
        Self::default()
    }
    /// Asks the work to stop; it cannot be taken back.
    pub fn cancel(&self) {
        self.0.cancel();
    }
    /// Whether [`Cancel::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
    /// Waits until it is.
    pub async fn cancelled(&self) {
        self.0.cancelled().await;
    }
}
