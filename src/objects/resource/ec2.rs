//! `resource "ec2"`: a machine.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Aws;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Resource,
    name: "ec2",
    doc: "A machine of Amazon EC2, created for the work of an interval and terminated after it.",
    aws: &["Ec2Resource"],
    support: Support::Missing("machines of Amazon EC2"),
    attributes: &[
        shared::ROLES,
        &[
            shared::DESCRIPTION,
            shared::PROVIDER,
            shared::LOG_URI.aws(Aws::Fields(&["pipelineLogUri", "logUri"])),
            AttributeSchema::new(
                "instance_type",
                AttributeType::String,
                "The type of the machine; left out: `m1.small` in regions that have it, else `t2.small`.",
            )
            .deferrable()
            .cost(),
            AttributeSchema::new(
                "image_id",
                AttributeType::String,
                "The image it starts from; left out: one of Amazon Linux.",
            )
            .deferrable(),
            AttributeSchema::new(
                "security_groups",
                AttributeType::Strings,
                "The names of its security groups, outside of a VPC.",
            )
            .deferrable(),
            AttributeSchema::new(
                "security_group_ids",
                AttributeType::Strings,
                "The ids of its security groups.",
            )
            .deferrable(),
            AttributeSchema::new(
                "associate_public_ip_address",
                AttributeType::Bool,
                "Whether it has a public address; left out: as its network says.",
            ),
            AttributeSchema::new(
                "spot_bid_price",
                AttributeType::Price(&[]),
                "The most that is paid for it per hour on the spot market, in US dollars; left out: it is on demand.",
            )
            .deferrable()
            .cost(),
            AttributeSchema::new(
                "run_as_user",
                AttributeType::String,
                "The user that work runs as.",
            )
            .deferrable(),
        ],
        super::LIFE,
        shared::COMPUTE,
    ],
    groups: &[shared::LATE],
    nested: &[shared::NESTED_SCHEDULE],
};
