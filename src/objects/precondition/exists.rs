//! `precondition "exists"`: the data is there.

use crate::objects::kind::Kind;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Precondition,
    name: "exists",
    doc: "Holds when the data node it belongs to is there: its file, its object of S3 or something below its prefix, the manifest that `manifest_file_path` names, its table. A directory or a prefix with an `_INCOMPLETE` and no `_SUCCESS` is not there yet.",
    aws: &["Exists"],
    support: Support::Full,
    attributes: &[&[shared::DESCRIPTION], super::CHECKED],
    groups: &[shared::LATE],
    nested: &[],
};
