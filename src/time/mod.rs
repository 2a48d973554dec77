//! Time: schedules and their intervals, and how people write them.
//!
//! Pure arithmetic: nothing here does I/O or reads a clock, and nothing counts by enumeration.

mod agreement;
mod business;
mod calendar;
mod cron;
mod every;
mod holidays;
mod interval;
mod moment;
mod period;
mod schedule;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod ticks;
mod timeline;
mod window;
mod zone;

pub use calendar::Calendar;
pub use calendar::CalendarError;
pub use calendar::Exclusion;
pub use calendar::WEEKDAYS;
pub use calendar::WhenExcluded;
pub use calendar::parse_weekday;
pub use cron::Cron;
pub use cron::CronError;
pub use holidays::HolidayError;
pub use holidays::parse_date;
pub use holidays::parse_holidays;
pub use interval::Interval;
pub use interval::moment_text;
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
pub use schedule::Slot;
pub use timeline::Gap;
pub use timeline::Timeline;
pub use timeline::Why;
pub use window::Window;
