//! The only place that asks what time it is.

use jiff::Timestamp;

/// Tells the time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    fixed: Option<Timestamp>,
}

impl Clock {
    /// The system's clock.
    pub const fn system() -> Self {
        Self { fixed: None }
    }

    /// A clock that stands still.
    pub const fn fixed(at: Timestamp) -> Self {
        Self { fixed: Some(at) }
    }

    /// The time, UTC, to the microsecond: what the state can keep.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that the rule points to"
    )]
    pub fn now(self) -> Timestamp {
        let now = self.fixed.unwrap_or_else(Timestamp::now);
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}
