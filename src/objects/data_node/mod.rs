//! The types of data nodes.

pub(super) mod file;
pub(super) mod sql;
