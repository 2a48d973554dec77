//! A script that machines run before a cluster is ready: `bootstrap_action { … }`.

use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::BlockSchema;

/// The description of the block.
pub(super) static BOOTSTRAP_ACTION: BlockSchema = BlockSchema {
    name: "bootstrap_action",
    aws: None,
    attributes: &[
        AttributeSchema::new(
            "path",
            AttributeType::String,
            "The script: `s3://acme/code/setup.sh`.",
        )
        .required()
        .deferrable()
        .ours(),
        AttributeSchema::new(
            "args",
            AttributeType::Strings,
            "Its arguments, each as it is: commas in them mean nothing.",
        )
        .deferrable()
        .ours(),
    ],
};
