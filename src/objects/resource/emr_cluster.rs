//! `resource "emr_cluster"`: a cluster.

use super::bootstrap_action::BOOTSTRAP_ACTION;
use super::ebs_configuration::EBS;
use super::emr_configuration::CONFIGURATION;
use crate::objects::group::Group;
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
    name: "emr_cluster",
    doc: "A cluster of Amazon EMR, created for the work of an interval and terminated after it.",
    aws: &["EmrCluster"],
    support: Support::Full,
    attributes: &[
        shared::ROLES,
        &[
            shared::DESCRIPTION,
            shared::PROVIDER,
            shared::LOG_URI,
            AttributeSchema::new(
                "release_label",
                AttributeType::String,
                "The release, e.g. `emr-7.5.0`.",
            )
            .deferrable(),
            AttributeSchema::new(
                "ami_version",
                AttributeType::String,
                "The version of clusters before release 4, e.g. `3.11.0`.",
            )
            .deferrable(),
            AttributeSchema::new(
                "applications",
                AttributeType::Strings,
                "The programs it has, from release 4 on: `[\"spark\", \"hive\"]`; left out: Hive, Pig and Spark.",
            )
            .deferrable(),
            AttributeSchema::new(
                "bootstrap_action",
                AttributeType::Blocks(&BOOTSTRAP_ACTION),
                "A script that each machine runs before the cluster is ready, in this order.",
            )
            .aws(Aws::Parts("bootstrapAction")),
            AttributeSchema::new(
                "configuration",
                AttributeType::Blocks(&CONFIGURATION),
                "Settings of its programs, from release 4 on.",
            ),
            AttributeSchema::new(
                "master_instance_type",
                AttributeType::String,
                "The type of its master machine.",
            )
            .deferrable()
            .cost(),
            AttributeSchema::new(
                "master_instance_bid_price",
                AttributeType::Price(&["on_demand_price"]),
                "The most that is paid per hour for one of these machines on the spot market, in US dollars; `on_demand_price`: as much as on demand.",
            )
            .deferrable()
            .aws(Aws::Words("masterInstanceBidPrice", &["OnDemandPrice"]))
            .cost(),
            AttributeSchema::new(
                "master_group_configuration",
                AttributeType::Block(&CONFIGURATION),
                "Settings of programs on its master machine only.",
            ),
            AttributeSchema::new(
                "master_ebs_configuration",
                AttributeType::Block(&EBS),
                "The volumes of its master machine.",
            )
            .cost(),
            AttributeSchema::new(
                "core_instance_type",
                AttributeType::String,
                "The type of its core machines.",
            )
            .deferrable()
            .cost(),
            AttributeSchema::new(
                "core_instance_count",
                AttributeType::Integer(0),
                "How many core machines there are.",
            )
            .cost(),
            AttributeSchema::new(
                "core_instance_bid_price",
                AttributeType::Price(&["on_demand_price"]),
                "The most that is paid per hour for one of these machines on the spot market, in US dollars; `on_demand_price`: as much as on demand.",
            )
            .deferrable()
            .aws(Aws::Words("coreInstanceBidPrice", &["OnDemandPrice"]))
            .cost(),
            AttributeSchema::new(
                "core_group_configuration",
                AttributeType::Block(&CONFIGURATION),
                "Settings of programs on its core machines only.",
            ),
            AttributeSchema::new(
                "core_ebs_configuration",
                AttributeType::Block(&EBS),
                "The volumes of its core machines.",
            )
            .cost(),
            AttributeSchema::new(
                "task_instance_type",
                AttributeType::String,
                "The type of its task machines.",
            )
            .deferrable()
            .cost(),
            AttributeSchema::new(
                "task_instance_count",
                AttributeType::Integer(0),
                "How many task machines there are.",
            )
            .cost(),
            AttributeSchema::new(
                "task_instance_bid_price",
                AttributeType::Price(&["on_demand_price"]),
                "The most that is paid per hour for one of these machines on the spot market, in US dollars; `on_demand_price`: as much as on demand.",
            )
            .deferrable()
            .aws(Aws::Words("taskInstanceBidPrice", &["OnDemandPrice"]))
            .cost(),
            AttributeSchema::new(
                "task_group_configuration",
                AttributeType::Block(&CONFIGURATION),
                "Settings of programs on its task machines only.",
            ),
            AttributeSchema::new(
                "task_ebs_configuration",
                AttributeType::Block(&EBS),
                "The volumes of its task machines.",
            )
            .cost(),
            AttributeSchema::new(
                "emr_managed_master_security_group_id",
                AttributeType::String,
                "The security group of the master machine.",
            )
            .deferrable(),
            AttributeSchema::new(
                "emr_managed_slave_security_group_id",
                AttributeType::String,
                "The security group of the other machines.",
            )
            .deferrable(),
            AttributeSchema::new(
                "service_access_security_group_id",
                AttributeType::String,
                "The security group by which the service reaches a cluster in a private subnet.",
            )
            .deferrable(),
            AttributeSchema::new(
                "additional_master_security_group_ids",
                AttributeType::Strings,
                "Further security groups of the master machine.",
            )
            .deferrable(),
            AttributeSchema::new(
                "additional_slave_security_group_ids",
                AttributeType::Strings,
                "Further security groups of the other machines.",
            )
            .deferrable(),
            AttributeSchema::new(
                "enable_debugging",
                AttributeType::Bool,
                "Whether the service keeps what is needed to look into failed steps.",
            ),
            AttributeSchema::new(
                "hadoop_scheduler_type",
                AttributeType::OneOf(&["default_scheduler", "parallel_fair_scheduling", "parallel_capacity_scheduling"]),
                "How jobs share the cluster: AWS's DEFAULT_SCHEDULER, PARALLEL_FAIR_SCHEDULING, PARALLEL_CAPACITY_SCHEDULING.",
            )
            .aws(Aws::Words("hadoopSchedulerType", &["DEFAULT_SCHEDULER", "PARALLEL_FAIR_SCHEDULING", "PARALLEL_CAPACITY_SCHEDULING"])),
            AttributeSchema::new(
                "hadoop_version",
                AttributeType::String,
                "The version of Hadoop, before release 4.",
            )
            .deferrable(),
            AttributeSchema::new(
                "supported_products",
                AttributeType::String,
                "A distribution of Hadoop that is not Amazon's.",
            )
            .deferrable(),
            AttributeSchema::new(
                "emr_log_uri",
                AttributeType::String,
                "Where the cluster's own logs go in Amazon S3; left out: `log_uri`.",
            )
            .deferrable(),
            AttributeSchema::new(
                "visible_to_all_users",
                AttributeType::Bool,
                "Whether all users of the account see the cluster.",
            ),
            AttributeSchema::new(
                "step_concurrency_level",
                AttributeType::Integer(1),
                "How many steps run at once, at most 256, from release 5.28 on: so activities that share a cluster run beside each other. Left out: one, as EMR has it.",
            )
            .ours(),
            AttributeSchema::new(
                "auto_termination",
                AttributeType::Bool,
                "Whether EMR ends it when it had nothing to do for `idle_timeout`, whatever has become of the runner. Left out: yes, from releases 5.30 and 6.1 on, which can do it.",
            )
            .ours()
            .cost(),
            AttributeSchema::new(
                "idle_timeout",
                AttributeType::Duration,
                "For how long it has to have had nothing to do, from a minute to 7 days. Left out: an hour.",
            )
            .ours()
            .cost(),
        ],
        super::LIFE,
        shared::COMPUTE,
    ],
    groups: &[Group::AtMostOne(&["release_label", "ami_version"]), Group::Needs("core_instance_bid_price", "core_instance_count"), shared::LATE],
    nested: &[shared::NESTED_SCHEDULE],
};
