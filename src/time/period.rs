//! Periods: `1 day`, `15 minutes`, `2 weeks`.

/// A positive number of one calendar or clock unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Absolute time: minutes and hours.
    Minutes(u32),
    /// Calendar days (weeks are 7).
    Days(u32),
    /// Calendar months (years are 12).
    Months(u32),
}
