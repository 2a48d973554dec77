//! `data_format "regex"`.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Aws;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::DataFormat,
    name: "regex",
    doc: "Lines that a regular expression takes apart; every line must match.",
    aws: &["RegEx"],
    support: Support::Full,
    attributes: &[&[
        shared::DESCRIPTION,
        super::COLUMN,
        AttributeSchema::new(
            "input_regex",
            AttributeType::Regex,
            "The expression that each line must match as a whole; its groups are the columns.",
        )
        .required()
        .aws(Aws::Fields(&["inputRegEx"])),
        AttributeSchema::new(
            "output_format",
            AttributeType::String,
            "How a record is written: `%1$s` is its first column.",
        ),
    ]],
    groups: &[],
    nested: &[],
};
