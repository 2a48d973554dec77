//! `pipeline`: a named group of activities that is activated, paused and watched as one.

use super::kind::Kind;
use super::schema::AttributeSchema;
use super::schema::AttributeType;
use super::schema::ObjectType;
use super::schema::Support;
use super::shared;

/// The description of a pipeline.
pub(super) static TYPE: ObjectType = ObjectType {
    kind: Kind::Pipeline,
    name: "",
    doc: "A named group of activities. What is set on it is the default of the objects inside.",
    aws: &["Default"],
    support: Support::Full,
    attributes: &[
        &[
            shared::DESCRIPTION,
            AttributeSchema::new(
                "tags",
                AttributeType::StringMap,
                "Labels by name, for people and programs: whose it is, what pays for it. They change no run. Clusters that are created for its work get them, too.",
            )
            .metadata()
            .ours(),
            shared::PROVIDER.meaning(
                "With which provider the objects inside reach AWS: `aws`, or `aws.west` for one with an alias; left out: `provider \"aws\"` of its module or of one that calls it, else the environment says all.",
            ),
            shared::ROLE.meaning("The IAM role with which compute is created and data is checked, of the objects inside that say none."),
            shared::RESOURCE_ROLE,
        ],
        shared::RUNNABLE,
        shared::ATTEMPTS,
        shared::PLACES,
        shared::WHERE,
    ],
    groups: &[],
    nested: &[shared::NESTED_SCHEDULE],
};
