//! What commands show: for people (`plan`, `objects`) and for machines (`json`).
//!
//! A view turns data into text and decides nothing; it does not print either, the command does.

pub(crate) mod absent;
mod activity_effect;
mod alignment;
pub(crate) mod applied;
mod block;
pub(crate) mod cases;
mod clock;
mod clusters;
pub(crate) mod counts;
pub(crate) mod effects;
pub(crate) mod history;
mod impact;
pub(crate) mod json;
pub(crate) mod literal;
pub(crate) mod man;
pub(crate) mod markdown;
mod names;
pub(crate) mod objects;
pub(crate) mod operation;
pub(crate) mod overview;
mod paint;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod resources;
pub(crate) mod saved;
pub(crate) mod schedule;
pub(crate) mod schema;
pub(crate) mod schema_json;
pub(crate) mod siblings;
pub(crate) mod status;
pub(crate) mod stretches;
pub(crate) mod terraform;
#[cfg(test)]
mod tests;
pub(crate) mod text_diff;
pub(crate) mod timetable;
mod totals;
mod value;
pub(crate) mod waiting;
pub(crate) mod warnings;
mod what_waits;

pub(crate) use paint::Look;
pub(crate) use paint::counted;
pub(crate) use paint::grouped;
pub(crate) use paint::spoken;
