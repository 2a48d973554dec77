//! What commands show: for people (`plan`, `objects`) and for machines (`json`).
//!
//! A view turns data into text and decides nothing; it does not print either, the command does.

pub(crate) mod effects;
pub(crate) mod json;
pub(crate) mod objects;
mod paint;
pub(crate) mod plan;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use paint::Look;
