//! What commands show: for people (`plan`, `objects`) and for machines (`json`).
//!
//! A view turns data into text and decides nothing; it does not print either, the command does.

pub mod effects;
pub mod json;
pub mod objects;
mod paint;
pub mod plan;
mod value;

pub use paint::Look;
