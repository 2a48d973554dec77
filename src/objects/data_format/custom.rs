//! `data_format "custom"`.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::DataFormat,
    name: "custom",
    doc: "Values between separators of your own.",
    aws: &["Custom"],
    support: Support::Full,
    attributes: &[&[
        shared::DESCRIPTION,
        super::COLUMN,
        super::HEADER,
        AttributeSchema::new(
            "column_separator",
            AttributeType::String,
            "What stands between two columns.",
        )
        .required(),
        super::RECORD_SEPARATOR,
        super::ESCAPE_CHAR,
    ]],
    groups: &[],
    nested: &[],
};
