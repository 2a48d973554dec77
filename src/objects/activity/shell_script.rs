//! A script that is run before or after a job: `pre_activity_task_config { … }`.

use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::BlockSchema;
use crate::objects::shared;

/// The description of the block.
pub(super) static SHELL_SCRIPT: BlockSchema = BlockSchema {
    name: "shell_script_config",
    aws: Some("ShellScriptConfig"),
    attributes: &[
        AttributeSchema::new(
            "script_uri",
            AttributeType::String,
            "The script, in Amazon S3.",
        )
        .required()
        .deferrable(),
        AttributeSchema::new("script_argument", AttributeType::Strings, "Its arguments.")
            .deferrable(),
        shared::AWS_ID,
        shared::AWS_FIELDS,
    ],
};
