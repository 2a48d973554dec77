//! Volumes of machines: `core_ebs_configuration { … }`.

use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Aws;
use crate::objects::schema::BlockSchema;
use crate::objects::shared;

/// The description of the block.
pub(super) static EBS: BlockSchema = BlockSchema {
    name: "ebs_configuration",
    aws: Some("EbsConfiguration"),
    attributes: &[
        AttributeSchema::new(
            "ebs_optimized",
            AttributeType::Bool,
            "Whether machines have a line of their own to their volumes.",
        ),
        AttributeSchema::new(
            "ebs_block_device_config",
            AttributeType::Blocks(&DEVICE),
            "Volumes of one kind.",
        ),
        shared::AWS_ID,
        shared::AWS_FIELDS,
    ],
};

static DEVICE: BlockSchema = BlockSchema {
    name: "ebs_block_device_config",
    aws: Some("EbsBlockDeviceConfig"),
    attributes: &[
        AttributeSchema::new(
            "volumes_per_instance",
            AttributeType::Integer(1),
            "How many of them each machine has.",
        ),
        AttributeSchema::new(
            "volume_specification",
            AttributeType::Block(&VOLUME),
            "What they are.",
        )
        .required(),
        shared::AWS_ID,
        shared::AWS_FIELDS,
    ],
};

static VOLUME: BlockSchema = BlockSchema {
    name: "volume_specification",
    aws: Some("VolumeSpecification"),
    attributes: &[
        AttributeSchema::new(
            "size_in_gb",
            AttributeType::Integer(1),
            "The size, in gigabytes.",
        )
        .aws(Aws::Fields(&["sizeInGB"])),
        AttributeSchema::new(
            "volume_type",
            AttributeType::String,
            "The type of the volume: `gp2`, `io1`.",
        )
        .deferrable(),
        AttributeSchema::new(
            "iops",
            AttributeType::Integer(1),
            "How many operations a second, for types that ask for it.",
        ),
        shared::AWS_ID,
        shared::AWS_FIELDS,
    ],
};
