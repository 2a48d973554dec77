//! `data_format "json_lines"`.

use crate::objects::kind::Kind;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::DataFormat,
    name: "json_lines",
    doc: "A JSON object on each line. Its keys are the columns: those of `column`, or of the first line.",
    aws: &[],
    support: Support::Full,
    attributes: &[&[shared::DESCRIPTION, super::COLUMN]],
    groups: &[],
    nested: &[],
};
