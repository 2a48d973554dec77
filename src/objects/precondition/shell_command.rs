//! `precondition "shell_command"`: a command says yes.

use crate::objects::kind::Kind;
use crate::objects::schema::ObjectType;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Precondition,
    name: "shell_command",
    doc: "Holds when the command exits with 0.",
    attributes: &[&[shared::DESCRIPTION, super::TIMEOUT], shared::COMMAND],
    nested: &[],
};
