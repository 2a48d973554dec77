//! `data_node "sql"`: rows of a table.

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
    name: "sql",
    doc: "Rows of a table in a database.",
    aws: &["SqlDataNode", "MySqlDataNode"],
    support: Support::Full,
    attributes: &[
        &[
            shared::PROVIDER,
            AttributeSchema::new(
                "database",
                AttributeType::Ref(Kind::Database),
                "The database it lives in.",
            )
            .required(),
            AttributeSchema::new("table", AttributeType::String, "The table.")
                .required()
                .deferrable(),
            AttributeSchema::new(
                "schema_name",
                AttributeType::String,
                "The schema of the table; left out: that of the connection.",
            )
            .deferrable()
            .support(Support::Missing("a database that has schemas")),
            AttributeSchema::new(
                "select_query",
                AttributeType::String,
                "The query that reads it; left out: all rows and columns of the table.",
            )
            .deferrable(),
            AttributeSchema::new(
                "insert_query",
                AttributeType::String,
                "The statement that writes one record, with a `?` for each of its columns; left out: an insert by column name.",
            )
            .deferrable(),
            AttributeSchema::new(
                "create_table_sql",
                AttributeType::String,
                "Statements run before writing, e.g. `CREATE TABLE IF NOT EXISTS …`.",
            )
            .deferrable(),
            AttributeSchema::new(
                "write",
                AttributeType::OneOf(&["append", "replace", "upsert"]),
                "What writing does: `append` adds rows, `replace` puts them in the place of all others (or of those of `replace_where`), `upsert` replaces rows with the same `primary_keys`.",
            )
            .or(Default::Text("append"))
            .ours(),
            AttributeSchema::new(
                "replace_where",
                AttributeType::String,
                "With `write = \"replace\"`: the condition of the rows that are replaced; others stay.",
            )
            .deferrable()
            .ours(),
            AttributeSchema::new(
                "primary_keys",
                AttributeType::Strings,
                "With `write = \"upsert\"`: the columns that identify a row.",
            )
            .ours(),
            AttributeSchema::new(
                "params",
                AttributeType::Params,
                "Values bound to the placeholders of `select_query` and `replace_where`: a list for `?`, a map for `:name`.",
            )
            .secret()
            .ours(),
        ],
        shared::WAITS,
        shared::RUNNABLE,
        shared::NODE_ATTEMPTS,
    ],
    groups: &[shared::LATE],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};
