//! `activity "copy"`: copies records or files between data nodes.

use crate::objects::kind::Kind;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Activity,
    name: "copy",
    doc: "Copies data between data nodes: files as they are where formats agree, else record by record.",
    aws: &["CopyActivity"],
    support: Support::Full,
    attributes: &[
        &[
            shared::INPUT.required(),
            shared::REQUIRE,
            shared::OUTPUT.required(),
        ],
        shared::WAITS,
        shared::RUNNABLE,
        shared::ATTEMPTS,
        shared::PLACES,
        shared::WHERE,
    ],
    groups: &[shared::LATE],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};
