//! `data_format "dynamodb_export"`.

use crate::objects::kind::Kind;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::DataFormat,
    name: "dynamodb_export",
    doc: "Items of a table of DynamoDB as they are, each with its own attributes, for `hive_copy`.",
    aws: &["DynamoDBExportDataFormat", "DynamoDBExport"],
    support: Support::Full,
    attributes: &[&[shared::DESCRIPTION, super::COLUMN]],
    groups: &[],
    nested: &[],
};
