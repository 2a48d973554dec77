//! The types of activities.

pub(super) mod copy;
pub(super) mod no_op;
pub(super) mod shell_command;
pub(super) mod sql;
