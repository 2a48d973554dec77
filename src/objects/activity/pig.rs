//! `activity "pig"`: a Pig script on a cluster.

use crate::objects::group::Group;
use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Default;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Activity,
    name: "pig",
    doc: "Runs a Pig script on an EMR cluster. With `stage`, inputs and outputs are `${INPUT1}`, `${OUTPUT1}`, … of the script.",
    aws: &["PigActivity"],
    support: Support::Full,
    attributes: &[
        &[
            AttributeSchema::new("script", AttributeType::String, "The script.").deferrable(),
            shared::SCRIPT_URI
                .meaning("Where the script is, if it is not written here: in Amazon S3, or a path on the machine of the runner. It is read when an attempt starts."),
            super::SCRIPT_VARIABLE,
            super::STAGE.or(Default::Bool(true)),
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
        Group::ExactlyOne(&["script", "script_uri"]),
        shared::LATE,
        super::ON_CLUSTER,
    ],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};
