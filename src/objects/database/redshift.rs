//! `database "redshift"`: a database of Amazon Redshift.

use crate::objects::group::Group;
use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Database,
    name: "redshift",
    doc: "A database of Amazon Redshift, by the id of its cluster or by a connection string.",
    aws: &["RedshiftDatabase"],
    support: Support::Missing("a connection to Amazon Redshift"),
    attributes: &[&[
        shared::DESCRIPTION,
        shared::PROVIDER,
        AttributeSchema::new(
            "cluster_id",
            AttributeType::String,
            "The id of the cluster.",
        )
        .deferrable(),
        AttributeSchema::new(
            "connection_string",
            AttributeType::String,
            "Which database: `jdbc:redshift://HOST:PORT/NAME`.",
        )
        .secret(),
        super::USERNAME.required(),
        super::PASSWORD.required(),
        super::DATABASE_NAME,
        super::PROPERTIES,
        super::REGION,
    ]],
    groups: &[Group::ExactlyOne(&["cluster_id", "connection_string"])],
    nested: &[],
};
