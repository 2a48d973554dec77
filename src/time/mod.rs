//! Time: schedules and their intervals, and which intervals of one schedule another one needs.
//!
//! Pure arithmetic: nothing here does I/O or reads a clock, and nothing counts by enumeration.

mod interval;
mod period;
mod schedule;

pub use interval::Interval;
pub use period::Period;
pub use schedule::Due;
pub use schedule::Schedule;
