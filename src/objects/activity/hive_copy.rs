//! `activity "hive_copy"`: a copy between DynamoDB and S3 by a cluster.

use crate::objects::group::Group;
use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Activity,
    name: "hive_copy",
    doc: "Copies between tables of DynamoDB and Amazon S3 on an EMR cluster, with a filter. What is read from S3 is written to DynamoDB.",
    aws: &["HiveCopyActivity"],
    support: Support::Full,
    attributes: &[
        &[
            AttributeSchema::new(
                "filter_sql",
                AttributeType::String,
                "The condition that records must meet, without `WHERE`.",
            )
            .deferrable(),
            super::GENERATED_SCRIPTS,
            super::PRE_CONFIG,
            super::POST_CONFIG,
            super::RESIZE,
            super::RESIZE_MAXIMUM,
            shared::INPUT,
            shared::REQUIRE,
            shared::OUTPUT,
        ],
        shared::WAITS,
        shared::RUNNABLE,
        shared::ATTEMPTS,
        shared::PLACES,
        shared::WHERE,
    ],
    groups: &[
        shared::LATE,
        Group::Types("runs_on", &["emr_cluster"]),
        Group::Types("input", &["s3", "dynamodb"]),
        Group::Types("output", &["s3", "dynamodb"]),
    ],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};
