//! `data_node "dynamodb"`: a table of DynamoDB.

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
    name: "dynamodb",
    doc: "A table of Amazon DynamoDB.",
    aws: &["DynamoDBDataNode"],
    support: Support::Missing("a connection to Amazon DynamoDB"),
    attributes: &[
        &[
            AttributeSchema::new("table_name", AttributeType::String, "The table.")
                .required()
                .deferrable(),
            AttributeSchema::new(
                "format",
                AttributeType::Ref(Kind::DataFormat),
                "How its items become columns, for `hive` and `hive_copy`.",
            )
            .aws(Aws::Fields(&["dataFormat"])),
            AttributeSchema::new(
                "read_throughput_percent",
                AttributeType::Number(0.1, 1.0),
                "Which part of the table's provisioned reads may be used.",
            ),
            AttributeSchema::new(
                "write_throughput_percent",
                AttributeType::Number(0.1, 1.0),
                "Which part of the table's provisioned writes may be used.",
            ),
            AttributeSchema::new(
                "region",
                AttributeType::String,
                "The region of the table, e.g. `eu-west-1`; left out: that of the provider.",
            )
            .deferrable(),
            shared::PROVIDER,
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
