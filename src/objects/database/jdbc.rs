//! `database "jdbc"`: a database by its connection string.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Database,
    name: "jdbc",
    doc: "A database by its connection string. This version connects to SQLite.",
    aws: &["JdbcDatabase"],
    support: Support::Full,
    attributes: &[&[
        shared::DESCRIPTION,
        shared::PROVIDER,
        AttributeSchema::new(
            "connection_string",
            AttributeType::String,
            "Which database: `jdbc:sqlite:PATH`, relative to the root module's directory.",
        )
        .required()
        .secret(),
        super::USERNAME,
        super::PASSWORD,
        super::DATABASE_NAME.support(Support::Kept),
        AttributeSchema::new(
            "jdbc_driver_class",
            AttributeType::String,
            "The class of the driver that AWS Data Pipeline loads; kept for `export`, the connection string says it here.",
        )
        .metadata(),
        super::DRIVER_JAR,
        super::PROPERTIES.support(Support::Kept),
    ]],
    groups: &[],
    nested: &[],
};
