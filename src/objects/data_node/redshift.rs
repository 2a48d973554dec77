//! `data_node "redshift"`: a table of Redshift.

use crate::objects::group::Group;
use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Default;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::DataNode,
    name: "redshift",
    doc: "A table of Amazon Redshift.",
    aws: &["RedshiftDataNode"],
    support: Support::Missing("a connection to Amazon Redshift"),
    attributes: &[
        &[
            AttributeSchema::new(
                "database",
                AttributeType::Ref(Kind::Database),
                "The database it lives in.",
            )
            .required(),
            AttributeSchema::new("table_name", AttributeType::String, "The table.")
                .required()
                .deferrable(),
            AttributeSchema::new(
                "create_table_sql",
                AttributeType::String,
                "Statements that make the table where it is missing.",
            )
            .deferrable(),
            AttributeSchema::new(
                "schema_name",
                AttributeType::String,
                "The schema of the table.",
            )
            .or(Default::Text("PUBLIC"))
            .deferrable(),
            AttributeSchema::new(
                "primary_keys",
                AttributeType::Strings,
                "The columns that identify a row, where the table does not say.",
            ),
        ],
        shared::WAITS,
        shared::RUNNABLE,
        shared::NODE_ATTEMPTS,
    ],
    groups: &[shared::LATE, Group::Types("database", &["redshift"])],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};
