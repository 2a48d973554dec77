//! The types of actions.

pub(super) mod shell_command;
pub(super) mod sns;
pub(super) mod terminate;
pub(super) mod webhook;
