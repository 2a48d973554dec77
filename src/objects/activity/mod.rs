//! The types of activities, and the attributes that those on clusters share.

pub(super) mod copy;
pub(super) mod emr;
pub(super) mod hadoop;
pub(super) mod hive;
pub(super) mod hive_copy;
pub(super) mod no_op;
pub(super) mod pig;
pub(super) mod redshift_copy;
pub(super) mod shell_command;
mod shell_script;
pub(super) mod spark;
pub(super) mod sql;

use super::group::Group;
use super::schema::AttributeSchema;
use super::schema::AttributeType;
use super::schema::Support;
use shell_script::SHELL_SCRIPT;

/// What runs on clusters only.
const ON_CLUSTER: Group = Group::Types("runs_on", &["emr_cluster"]);

/// What runs on Spark, wherever that is.
const ON_CLUSTER_OR_HERE: Group = Group::Types("runs_on", &["emr_cluster", "local_spark"]);

/// Whether the cluster grows first.
const RESIZE: AttributeSchema = AttributeSchema::new(
    "resize_cluster_before_running",
    AttributeType::Bool,
    "Whether the cluster is resized first, to what the tables of DynamoDB that are read or written can take.",
)
.support(Support::Kept);

/// How far.
const RESIZE_MAXIMUM: AttributeSchema = AttributeSchema::new(
    "resize_cluster_max_instances",
    AttributeType::Integer(1),
    "How many machines the cluster has at most after that.",
)
.support(Support::Kept);

/// The queue of the cluster's scheduler.
const HADOOP_QUEUE: AttributeSchema = AttributeSchema::new(
    "hadoop_queue",
    AttributeType::String,
    "The queue of the cluster's scheduler.",
)
.deferrable();

/// What is run before.
const PRE_CONFIG: AttributeSchema = AttributeSchema::new(
    "pre_activity_task_config",
    AttributeType::Block(&SHELL_SCRIPT),
    "A script that is run before.",
);

/// What is run after.
const POST_CONFIG: AttributeSchema = AttributeSchema::new(
    "post_activity_task_config",
    AttributeType::Block(&SHELL_SCRIPT),
    "A script that is run after.",
);

/// Values for a script.
const SCRIPT_VARIABLE: AttributeSchema = AttributeSchema::new(
    "script_variable",
    AttributeType::Assignments,
    "Values for the script: `[\"DAY=${run.date}\"]`.",
)
.deferrable();

/// Whether data is brought to where the work is.
const STAGE: AttributeSchema = AttributeSchema::new(
    "stage",
    AttributeType::Bool,
    "Whether inputs and outputs are staged: there under names of their own when the script runs.",
);

/// Where scripts are kept that are made on the way.
const GENERATED_SCRIPTS: AttributeSchema = AttributeSchema::new(
    "generated_scripts_path",
    AttributeType::String,
    "The prefix in Amazon S3 where a cluster finds the script with what is staged around it, and where it is kept; left out: `log_uri`, else a script is told to the cluster with its step, if it is short.",
)
.deferrable();
