//! `activity "no_op"`: does nothing, once all it waits for is there.

use crate::objects::kind::Kind;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Activity,
    name: "no_op",
    doc: "Does nothing: one name for many activities that others wait for, or for data that appears by itself. It starts no process and writes no log.",
    aws: &[],
    support: Support::Full,
    attributes: &[
        &[shared::INPUT, shared::REQUIRE, shared::OUTPUT],
        shared::WAITS,
        shared::RUNNABLE,
        shared::ATTEMPTS,
        shared::PLACES,
    ],
    groups: &[shared::LATE],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};
