//! `precondition "dynamodb_table_exists"`: a table is there.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Precondition,
    name: "dynamodb_table_exists",
    doc: "Holds when a table of DynamoDB exists and can be used.",
    aws: &["DynamoDBTableExists"],
    support: Support::Full,
    attributes: &[
        &[
            shared::DESCRIPTION,
            AttributeSchema::new("table_name", AttributeType::String, "The table.")
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
