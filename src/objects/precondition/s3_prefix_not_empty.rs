//! `precondition "s3_prefix_not_empty"`: something is below a prefix.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Precondition,
    name: "s3_prefix_not_empty",
    doc: "Holds when an object of Amazon S3 exists whose key begins so. The `_INCOMPLETE` that a copy writes first does not count, and below a path that ends in `/` nothing does beside it until there is a `_SUCCESS`. `s3_prefix_exists` is the same type.",
    aws: &["S3PrefixNotEmpty"],
    support: Support::Full,
    attributes: &[
        &[
            shared::DESCRIPTION,
            AttributeSchema::new(
                "s3_prefix",
                AttributeType::String,
                "What the key begins with: `s3://acme/logs/`.",
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
