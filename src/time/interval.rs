//! Half-open spans of time.

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

/// One half-open span `[start, end)`. `start == end` for an on-demand instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// The first moment inside.
    pub start: Timestamp,
    /// The first moment after.
    pub end: Timestamp,
}
