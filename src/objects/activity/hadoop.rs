//! `activity "hadoop"`: a `MapReduce` job on a cluster.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Activity,
    name: "hadoop",
    doc: "Runs a MapReduce or YARN job on an EMR cluster, beside others.",
    aws: &["HadoopActivity"],
    support: Support::Full,
    attributes: &[
        &[
            AttributeSchema::new(
                "jar_uri",
                AttributeType::String,
                "The jar of the job, in Amazon S3 or on the cluster.",
            )
            .required()
            .deferrable(),
            AttributeSchema::new(
                "main_class",
                AttributeType::String,
                "The class to start; left out: the jar's own.",
            )
            .deferrable(),
            AttributeSchema::new(
                "argument",
                AttributeType::Strings,
                "The arguments of the job.",
            )
            .deferrable(),
            super::HADOOP_QUEUE,
            super::PRE_CONFIG,
            super::POST_CONFIG,
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
    groups: &[shared::LATE, super::ON_CLUSTER],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};
