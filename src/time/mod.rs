//! Time: schedules and their intervals, and how people write them.
//!
//! Pure arithmetic: nothing here does I/O or reads a clock, and nothing counts by enumeration.

mod interval;
mod moment;
mod period;
mod schedule;
#[cfg(test)]
mod tests;
mod window;

pub use interval::Interval;
pub use moment::Moment;
pub use moment::MomentError;
pub use moment::parse_moment;
pub use moment::parse_timezone;
pub use period::Period;
pub use period::PeriodError;
pub use period::parse_duration;
pub use schedule::Due;
pub use schedule::Schedule;
pub use schedule::ScheduleError;
pub use window::Window;
