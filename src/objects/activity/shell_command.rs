//! `activity "shell_command"`: runs a command.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Default;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// Whether data of Amazon S3 is brought to where the command runs.
const STAGE: AttributeSchema = AttributeSchema::new(
    "stage",
    AttributeType::Bool,
    "Whether the files of its inputs are in `$INPUT1_STAGING_DIR`, … when the command runs, and what it leaves in `$OUTPUT1_STAGING_DIR`, … becomes its outputs after it.",
)
.or(Default::Bool(false));

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Activity,
    name: "shell_command",
    doc: "Runs a command of the shell on the machine of the runner.",
    aws: &["ShellCommandActivity"],
    support: Support::Full,
    attributes: &[
        &[shared::PROVIDER, shared::COMMAND, shared::SCRIPT_URI],
        shared::COMMAND_CONTEXT,
        shared::PRINTED,
        &[STAGE, shared::INPUT, shared::REQUIRE, shared::OUTPUT],
        shared::WAITS,
        shared::RUNNABLE,
        shared::ATTEMPTS,
        shared::PLACES,
        shared::WHERE,
    ],
    groups: &[shared::COMMAND_OR_SCRIPT, shared::LATE],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};
