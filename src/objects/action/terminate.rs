//! `action "terminate"`: gives up what is late.

use crate::objects::kind::Kind;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Action,
    name: "terminate",
    doc: "Gives up an instance that is late: an attempt that is under way is stopped, and the instance is `CANCELED`. For `on_late` only.",
    aws: &["Terminate"],
    support: Support::Full,
    attributes: &[&[shared::DESCRIPTION]],
    groups: &[],
    nested: &[],
};
