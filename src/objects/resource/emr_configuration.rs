//! Settings of the programs of a cluster: `configuration { … }`, which may hold others.

use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Aws;
use crate::objects::schema::BlockSchema;
use crate::objects::shared;

/// The description of the block.
pub(super) static CONFIGURATION: BlockSchema = BlockSchema {
    name: "configuration",
    aws: Some("EmrConfiguration"),
    attributes: &[
        AttributeSchema::new(
            "classification",
            AttributeType::String,
            "Which settings: `spark-defaults`, `hadoop-env`.",
        )
        .required()
        .deferrable(),
        AttributeSchema::new(
            "properties",
            AttributeType::StringMap,
            "The settings by name: `{ \"spark.executor.memory\" = \"4g\" }`.",
        )
        .deferrable()
        .aws(Aws::Pairs("property")),
        AttributeSchema::new(
            "configuration",
            AttributeType::Blocks(&CONFIGURATION),
            "Settings within these, e.g. `export` in `hadoop-env`.",
        ),
        shared::AWS_ID,
        shared::AWS_FIELDS,
    ],
};
