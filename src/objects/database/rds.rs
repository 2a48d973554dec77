//! `database "rds"`: a database of Amazon RDS.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Database,
    name: "rds",
    doc: "A database of Amazon RDS, by the id of its instance; not Aurora, which `jdbc` reaches.",
    aws: &["RdsDatabase"],
    support: Support::Missing("a connection to databases of Amazon RDS"),
    attributes: &[&[
        shared::DESCRIPTION,
        shared::PROVIDER,
        AttributeSchema::new(
            "rds_instance_id",
            AttributeType::String,
            "The id of the instance.",
        )
        .required()
        .deferrable(),
        super::USERNAME.required(),
        super::PASSWORD.required(),
        super::DATABASE_NAME,
        super::DRIVER_JAR,
        super::PROPERTIES,
        super::REGION,
    ]],
    groups: &[],
    nested: &[],
};
