//! `data_format "dynamodb"`.

use crate::objects::kind::Kind;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::DataFormat,
    name: "dynamodb",
    doc: "Items of a table of DynamoDB as the columns of a Hive table, for `hive`. All columns that a script uses are listed.",
    aws: &["DynamoDBDataFormat", "DynamoDB"],
    support: Support::Full,
    attributes: &[&[shared::DESCRIPTION, super::COLUMN]],
    groups: &[],
    nested: &[],
};
