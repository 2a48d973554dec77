//! `data_format "csv"`.

use crate::objects::kind::Kind;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::DataFormat,
    name: "csv",
    doc: "Comma-separated values, quoted where needed.",
    aws: &["CSV"],
    support: Support::Full,
    attributes: &[&[
        shared::DESCRIPTION,
        super::COLUMN,
        super::HEADER,
        super::ESCAPE_CHAR,
    ]],
    groups: &[],
    nested: &[],
};
