//! `precondition "shell_command"`: a command says yes.

use crate::objects::kind::Kind;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Precondition,
    name: "shell_command",
    doc: "Holds when the command exits with 0.",
    aws: &["ShellCommandPrecondition"],
    support: Support::Full,
    attributes: &[
        &[
            shared::DESCRIPTION,
            shared::PROVIDER,
            shared::COMMAND,
            shared::SCRIPT_URI,
        ],
        shared::COMMAND_CONTEXT,
        shared::PRINTED,
        super::CHECKED,
    ],
    groups: &[shared::COMMAND_OR_SCRIPT, shared::LATE],
    nested: &[],
};
