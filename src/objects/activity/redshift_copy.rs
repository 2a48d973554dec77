//! `activity "redshift_copy"`: loads and unloads tables of Redshift.

use crate::objects::group::Group;
use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Aws;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Activity,
    name: "redshift_copy",
    doc: "Loads data of Amazon S3 or DynamoDB into a table of Amazon Redshift, or unloads a table to S3.",
    aws: &["RedshiftCopyActivity"],
    support: Support::Missing("a connection to Amazon Redshift"),
    attributes: &[
        &[
            AttributeSchema::new(
                "insert_mode",
                AttributeType::OneOf(&["keep_existing", "overwrite_existing", "truncate", "append"]),
                "What becomes of rows: `keep_existing` adds new ones only, `overwrite_existing` replaces those with the same keys, `truncate` empties the table first, `append` adds all, again at each retry.",
            )
            .required()
            .aws(Aws::Words("insertMode", &["KEEP_EXISTING", "OVERWRITE_EXISTING", "TRUNCATE", "APPEND"])),
            AttributeSchema::new(
                "command_options",
                AttributeType::Strings,
                "Options of the COPY command: `[\"GZIP\", \"CSV\"]`; not used where a data node has a `format`.",
            )
            .deferrable(),
            AttributeSchema::new(
                "queue",
                AttributeType::String,
                "The query group in which it runs.",
            )
            .deferrable(),
            AttributeSchema::new(
                "transform_sql",
                AttributeType::String,
                "A SELECT from the table `staging`, into which all is loaded first; its result is what gets into the table.",
            )
            .deferrable(),
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
    groups: &[shared::LATE, Group::Types("input", &["s3", "dynamodb", "redshift"]), Group::Types("output", &["s3", "redshift"])],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};
