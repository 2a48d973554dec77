//! The types of databases.

pub(super) mod jdbc;
