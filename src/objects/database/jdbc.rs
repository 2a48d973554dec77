//! `database "jdbc"`: a database by its connection string.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::ObjectType;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Database,
    name: "jdbc",
    doc: "A database by its connection string. This version connects to SQLite.",
    attributes: &[&[
        shared::DESCRIPTION,
        AttributeSchema::new(
            "connection_string",
            AttributeType::String,
            "Which database: `jdbc:sqlite:PATH`, relative to the root module's directory.",
        )
        .required()
        .secret(),
        AttributeSchema::new("username", AttributeType::String, "Who connects.").secret(),
        AttributeSchema::new(
            "password",
            AttributeType::String,
            "The password: `secret(\"env://NAME\")` or `secret(\"file://PATH\")`.",
        )
        .sensitive()
        .secret(),
    ]],
    nested: &[],
};
