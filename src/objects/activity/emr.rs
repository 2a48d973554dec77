//! `activity "emr"`: steps on a cluster.

use crate::objects::group::Group;
use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Aws;
use crate::objects::schema::BlockSchema;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Activity,
    name: "emr",
    doc: "Runs steps on an EMR cluster, one after the other.",
    aws: &["EmrActivity"],
    support: Support::Full,
    attributes: &[
        &[
            AttributeSchema::new(
                "step",
                AttributeType::Blocks(&STEP),
                "A step, in the order in which they run.",
            )
            .aws(Aws::Parts("step")),
            AttributeSchema::new(
                "steps",
                AttributeType::Strings,
                "Steps as AWS Data Pipeline writes them: each a jar and its arguments with commas between them, `\\\\,` where a comma is part of one. In place of `step` blocks.",
            )
            .deferrable()
            .ours(),
            AttributeSchema::new(
                "pre_step_command",
                AttributeType::Strings,
                "Shell commands that are run before the first step.",
            )
            .deferrable(),
            AttributeSchema::new(
                "post_step_command",
                AttributeType::Strings,
                "Shell commands that are run after the last step.",
            )
            .deferrable(),
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
        Group::AtMostOne(&["step", "steps"]),
        super::ON_CLUSTER,
    ],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};

/// A step: a program in a jar, with its arguments.
static STEP: BlockSchema = BlockSchema {
    name: "step",
    aws: None,
    attributes: &[
        AttributeSchema::new(
            "jar",
            AttributeType::String,
            "The jar: `s3://acme/code/report.jar`, or `command-runner.jar` for programs that the cluster has.",
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
