//! `data_node "file"`: a file on the machine of the runner.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Default;
use crate::objects::schema::ObjectType;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::DataNode,
    name: "file",
    doc: "A file on the machine of the runner, one for each interval.",
    attributes: &[
        &[
            AttributeSchema::new(
                "path",
                AttributeType::String,
                "Where the file is; relative to the root module's directory.",
            )
            .required()
            .deferrable(),
            AttributeSchema::new(
                "format",
                AttributeType::Ref(Kind::DataFormat),
                "How its records are laid out; left out: its bytes are copied as they are. A type name (`\"csv\"`) stands for that format with its defaults.",
            ),
            AttributeSchema::new(
                "compression",
                AttributeType::OneOf(&["none", "gzip"]),
                "Whether it is compressed; left out: `gzip` when the path ends in `.gz`, else `none`.",
            ),
            AttributeSchema::new(
                "overwrite",
                AttributeType::Bool,
                "Allows a path that is the same for every interval, so that each run overwrites what the last one wrote.",
            )
            .or(Default::Bool(false)),
        ],
        shared::WAITS,
        shared::RUNNABLE,
    ],
    nested: &[
        shared::NESTED_SCHEDULE,
        shared::NESTED_PRECONDITION,
        shared::NESTED_FORMAT,
    ],
};
