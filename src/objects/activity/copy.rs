//! `activity "copy"`: copies records or files between data nodes.

use crate::objects::group::Group;
use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
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
            AttributeSchema::new(
                "on_row_error",
                AttributeType::OneOf(&["fail", "skip"]),
                "What becomes of the copy when a record cannot be read or does not fit: `fail`, which is also what it does when this is left out, or `skip`, where the record is left out and written to `reject_to`. With `skip` every record is looked at, also where bytes could pass as they are.",
            )
            .ours(),
            AttributeSchema::new(
                "reject_to",
                AttributeType::String,
                "With `on_row_error = \"skip\"`: the csv file of the records that were left out, with file, line, column, reason and the record as it was: a key in Amazon S3, or a path relative to the root module's directory. It is written anew by each run, also when there are none.",
            )
            .deferrable()
            .ours(),
            AttributeSchema::new(
                "max_rejects",
                AttributeType::Integer(0),
                "With `on_row_error = \"skip\"`: how many records may be left out. With more of them the copy fails, and what it writes is as it was; left out: any number.",
            )
            .ours(),
        ],
        shared::WAITS,
        shared::RUNNABLE,
        shared::ATTEMPTS,
        shared::PLACES,
        shared::WHERE,
    ],
    groups: &[
        shared::LATE,
        Group::When("on_row_error", "skip", "reject_to"),
        Group::Needs("reject_to", "on_row_error"),
        Group::Needs("max_rejects", "reject_to"),
    ],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};
