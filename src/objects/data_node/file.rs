//! `data_node "file"`: a file on the machine of the runner.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Aws;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::DataNode,
    name: "file",
    doc: "A file on the machine of the runner, or a directory of files, for each interval.",
    aws: &[],
    support: Support::Full,
    attributes: &[
        &[
            AttributeSchema::new(
                "path",
                AttributeType::String,
                "Where the file is; relative to the root module's directory. One that ends in `/` is a directory and means all files below it.",
            )
            .required()
            .deferrable(),
            AttributeSchema::new(
                "format",
                AttributeType::Ref(Kind::DataFormat),
                "How its records are laid out; left out: its bytes are copied as they are. A type name (`\"csv\"`) stands for that format with its defaults.",
            )
            .aws(Aws::Fields(&["dataFormat"])),
            AttributeSchema::new(
                "compression",
                AttributeType::OneOf(&["none", "gzip", "zstd"]),
                "Whether it is compressed; left out: `gzip` when the path ends in `.gz`, `zstd` when it ends in `.zst`, else `none`. Files that are copied below a directory are packed anew where it says another compression.",
            ),
            shared::OVERWRITE,
            shared::ACCUMULATE,
        ],
        shared::WAITS,
        shared::RUNNABLE,
        shared::NODE_ATTEMPTS,
    ],
    groups: &[shared::LATE],
    nested: &[
        shared::NESTED_SCHEDULE,
        shared::NESTED_PRECONDITION,
        shared::NESTED_FORMAT,
    ],
};
