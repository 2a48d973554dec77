//! `pool`: places that activities share.

use super::kind::Kind;
use super::schema::AttributeSchema;
use super::schema::AttributeType;
use super::schema::ObjectType;
use super::schema::Support;
use super::shared;

/// The description of a pool.
pub(super) static TYPE: ObjectType = ObjectType {
    kind: Kind::Pool,
    name: "",
    doc: "Places that activities share, of all pipelines: for what must not be used by too many at once, like a database.",
    aws: &[],
    support: Support::Full,
    attributes: &[&[
        shared::DESCRIPTION,
        AttributeSchema::new(
            "slots",
            AttributeType::Integer(1),
            "How many slots it has. An attempt takes one of them, or `pool_slots`.",
        )
        .required(),
    ]],
    groups: &[],
    nested: &[],
};
