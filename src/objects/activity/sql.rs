//! `activity "sql"`: runs SQL statements in a database.

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
    name: "sql",
    doc: "Runs a script of SQL statements in a database, in one transaction.",
    aws: &["SqlActivity"],
    support: Support::Full,
    attributes: &[
        &[
            shared::PROVIDER,
            AttributeSchema::new(
                "database",
                AttributeType::Ref(Kind::Database),
                "The database it runs in.",
            )
            .required(),
            AttributeSchema::new(
                "script",
                AttributeType::String,
                "The statements, separated by `;`.",
            )
            .deferrable(),
            shared::SCRIPT_URI
                .meaning("Where the script is, if it is not written here: in Amazon S3, or a path on the machine of the runner. It is read when an attempt starts. One in the repository is better read by `file()`."),
            AttributeSchema::new(
                "script_argument",
                AttributeType::Strings,
                "Texts bound to the `?` of the statements, in this order. `params` binds numbers and names, too.",
            )
            .deferrable(),
            AttributeSchema::new(
                "queue",
                AttributeType::String,
                "The query group in which it runs, in Amazon Redshift.",
            )
            .deferrable()
            .support(Support::Kept),
            AttributeSchema::new(
                "params",
                AttributeType::Params,
                "Values bound to the placeholders of the statements: a list for `?`, a map for `:name`.",
            )
            .secret()
            .ours(),
            shared::INPUT,
            shared::REQUIRE,
            shared::OUTPUT,
        ],
        shared::WAITS,
        shared::RUNNABLE,
        shared::ATTEMPTS,
        shared::PLACES,
        shared::WHERE,
    ],
    groups: &[Group::ExactlyOne(&["script", "script_uri"]), Group::AtMostOne(&["params", "script_argument"]), shared::LATE],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};
