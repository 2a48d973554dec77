//! `activity "shell_command"`: runs a command.

use crate::objects::kind::Kind;
use crate::objects::schema::ObjectType;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Activity,
    name: "shell_command",
    doc: "Runs a command of the shell on the machine of the runner.",
    attributes: &[
        shared::COMMAND,
        &[shared::INPUT, shared::REQUIRE, shared::OUTPUT],
        shared::WAITS,
        shared::RUNNABLE,
        shared::ATTEMPTS,
    ],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};
