//! What has become of instances and attempts, in one word each.

use serde::Deserialize;
use serde::Serialize;

/// The status of an instance or attempt. Names are AWS Data Pipeline's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Waits for producers or preconditions.
    WaitingOnDependencies,
    /// Ready; waits for a free place, or for its next attempt.
    WaitingForRunner,
    /// An attempt is under way.
    Running,
    /// Done.
    Finished,
    /// No attempts left.
    Failed,
    /// Given up because something it depends on failed (`failure_and_rerun_mode = "cascade"`).
    CascadeFailed,
    /// Given up on request, or because its definition was removed.
    Canceled,
    /// An attempt that exceeded `attempt_timeout`. Instances whose last attempt timed out are `FAILED`.
    TimedOut,
    /// Passed over on purpose.
    Skipped,
    /// Held by an operator.
    Paused,
}

impl Status {
    /// All statuses.
    pub const ALL: [Self; 10] = [
        Self::WaitingOnDependencies,
        Self::WaitingForRunner,
        Self::Running,
        Self::Finished,
        Self::Failed,
        Self::CascadeFailed,
        Self::Canceled,
        Self::TimedOut,
        Self::Skipped,
        Self::Paused,
    ];

    /// The name, in AWS Data Pipeline's spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WaitingOnDependencies => "WAITING_ON_DEPENDENCIES",
            Self::WaitingForRunner => "WAITING_FOR_RUNNER",
            Self::Running => "RUNNING",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::CascadeFailed => "CASCADE_FAILED",
            Self::Canceled => "CANCELED",
            Self::TimedOut => "TIMEDOUT",
            Self::Skipped => "SKIPPED",
            Self::Paused => "PAUSED",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether consumers may go on: there is nothing to wait for.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Finished | Self::Skipped)
    }

    /// Whether it ended without having done its work.
    pub const fn is_unsuccessful(self) -> bool {
        matches!(self, Self::Failed | Self::CascadeFailed | Self::Canceled)
    }

    /// Whether an instance may still need the resource that it runs on.
    pub const fn needs_its_resource(self) -> bool {
        !(self.is_settled() || self.is_unsuccessful() || matches!(self, Self::TimedOut))
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}
