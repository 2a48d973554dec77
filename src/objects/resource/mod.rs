//! The types of resources, and the attributes that they share.

mod bootstrap_action;
mod ebs_configuration;
pub(super) mod ec2;
pub(super) mod emr_cluster;
mod emr_configuration;
mod http_proxy;
pub(super) mod local_spark;

use super::schema::AttributeSchema;
use super::schema::AttributeType;
use super::schema::Aws;
use super::schema::Default;
use super::schema::Support;
use http_proxy::HTTP_PROXY;

/// Where compute is, and how it begins and ends.
const LIFE: &[AttributeSchema] = &[
    text(
        "region",
        "The region it is in, e.g. `eu-west-1`; left out: that of the provider.",
    ),
    text("availability_zone", "The zone it is in."),
    text("subnet_id", "The subnet it is in."),
    text("key_pair", "The key pair that lets one log in."),
    AttributeSchema::new(
        "use_on_demand_on_last_attempt",
        AttributeType::Bool,
        "Whether the last attempt is made on demand, whatever the price on the spot market.",
    )
    .or(Default::Bool(false))
    .cost(),
    AttributeSchema::new(
        "terminate_after",
        AttributeType::Duration,
        "When it is terminated, whatever still runs on it; left out: when no work of the interval needs it.",
    )
    .cost(),
    AttributeSchema::new(
        "init_timeout",
        AttributeType::Duration,
        "How long it may take to start.",
    ),
    AttributeSchema::new(
        "action_on_task_failure",
        AttributeType::OneOf(&["continue", "terminate"]),
        "What becomes of it when work on it fails.",
    )
    .or(Default::Text("continue")),
    AttributeSchema::new(
        "action_on_resource_failure",
        AttributeType::OneOf(&["retry_all", "retry_none"]),
        "Whether the work that was on it is tried again on another one when it fails.",
    )
    .or(Default::Text("retry_all"))
    .aws(Aws::Words(
        "actionOnResourceFailure",
        &["retryall", "retrynone"],
    )),
    AttributeSchema::new(
        "http_proxy",
        AttributeType::Block(&HTTP_PROXY),
        "The proxy by which it reaches AWS.",
    )
    .support(Support::Kept),
];

const fn text(name: &'static str, doc: &'static str) -> AttributeSchema {
    AttributeSchema::new(name, AttributeType::String, doc).deferrable()
}
