//! `precondition "s3_key_exists"`: an object is there.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Precondition,
    name: "s3_key_exists",
    doc: "Holds when an object of Amazon S3 exists.",
    aws: &["S3KeyExists"],
    support: Support::Full,
    attributes: &[
        &[
            shared::DESCRIPTION,
            AttributeSchema::new(
                "s3_key",
                AttributeType::String,
                "The object: `s3://acme/logs/done`.",
            )
            .required()
            .deferrable(),
            shared::PROVIDER,
            shared::ROLE,
        ],
        super::CHECKED,
    ],
    groups: &[shared::LATE],
    nested: &[],
};
