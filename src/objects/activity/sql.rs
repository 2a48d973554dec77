//! `activity "sql"`: runs SQL statements in a database.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::ObjectType;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Activity,
    name: "sql",
    doc: "Runs a script of SQL statements in a database, in one transaction.",
    attributes: &[
        &[
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
            .required()
            .deferrable(),
            AttributeSchema::new(
                "params",
                AttributeType::Params,
                "Values bound to the placeholders of the statements: a list for `?`, a map for `:name`.",
            )
            .secret(),
            shared::INPUT,
            shared::REQUIRE,
            shared::OUTPUT,
        ],
        shared::WAITS,
        shared::RUNNABLE,
        shared::ATTEMPTS,
    ],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};
