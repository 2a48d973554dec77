//! `pipeline`: a named group of activities that is activated, paused and watched as one.

use super::kind::Kind;
use super::schema::ObjectType;
use super::shared;

/// The description of a pipeline.
pub(super) static TYPE: ObjectType = ObjectType {
    kind: Kind::Pipeline,
    name: "",
    doc: "A named group of activities. What is set on it is the default of the objects inside.",
    attributes: &[&[shared::DESCRIPTION], shared::RUNNABLE, shared::ATTEMPTS],
    nested: &[shared::NESTED_SCHEDULE],
};
