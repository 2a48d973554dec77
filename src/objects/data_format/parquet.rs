//! `data_format "parquet"`.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Default;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::DataFormat,
    name: "parquet",
    doc: "Apache Parquet: columns with types. Of a file that is read, `column` picks columns by name; left out: all.",
    aws: &[],
    support: Support::Full,
    attributes: &[&[
        shared::DESCRIPTION,
        super::COLUMN,
        AttributeSchema::new(
            "compression",
            AttributeType::OneOf(&["none", "snappy", "zstd", "gzip"]),
            "How the pages of a file are compressed that is written; one that is read says it itself.",
        )
        .or(Default::Text("zstd")),
    ]],
    groups: &[],
    nested: &[],
};
