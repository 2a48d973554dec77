//! `action "shell_command"`: runs a command when something has happened.

use crate::objects::kind::Kind;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Action,
    name: "shell_command",
    doc: "Runs a command when an instance has failed, finished or is late; `run.node` is that instance.",
    aws: &[],
    support: Support::Full,
    attributes: &[
        &[
            shared::DESCRIPTION,
            shared::PROVIDER,
            shared::COMMAND.required(),
            shared::RETRIES,
        ],
        shared::COMMAND_CONTEXT,
    ],
    groups: &[],
    nested: &[],
};
