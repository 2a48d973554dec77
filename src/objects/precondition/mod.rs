//! The types of preconditions, and the attributes that they share.

pub(super) mod dynamodb_data_exists;
pub(super) mod dynamodb_table_exists;
pub(super) mod exists;
pub(super) mod s3_key_exists;
pub(super) mod s3_prefix_not_empty;
pub(super) mod shell_command;

use super::kind::Kind;
use super::schema::AttributeSchema;
use super::schema::AttributeType;
use super::schema::Aws;
use super::schema::Support;

/// Why nothing acts on it.
const OF_OWNER: &str = "As on activities. A check is no instance of its own: nothing acts on it, what its owner says holds.";

/// How a precondition is checked.
const CHECKED: &[AttributeSchema] = &[
    AttributeSchema::new(
        "precondition_timeout",
        AttributeType::Duration,
        "How long it is checked, from the first check, before the instance fails; left out: as long as its owner says.",
    )
    .handling(),
    AttributeSchema::new(
        "retry_delay",
        AttributeType::Duration,
        "The pause between two checks; left out: a minute, and the owner's `retry_delay` after one that could not be made. Of an owner with several preconditions the shortest counts.",
    )
    .handling(),
    AttributeSchema::new(
        "max_retries",
        AttributeType::Integer(0),
        "How often it is tried once more, in a row, when it cannot be checked, which is not the same as that it does not hold; left out: as often as its owner says. Of an owner with several preconditions the lowest counts.",
    )
    .handling()
    .aws(Aws::Fields(&["maximumRetries"])),
    kept("attempt_timeout", AttributeType::Duration),
    kept("report_progress_timeout", AttributeType::Duration),
    kept(
        "failure_and_rerun_mode",
        AttributeType::OneOf(&["none", "cascade"]),
    ),
    kept("late_after", AttributeType::Duration).aws(Aws::Fields(&["lateAfterTimeout"])),
    kept("on_fail", AttributeType::Refs(Kind::Action)),
    kept("on_late", AttributeType::Refs(Kind::Action)).aws(Aws::Fields(&["onLateAction"])),
    kept("on_success", AttributeType::Refs(Kind::Action)),
];

/// What AWS Data Pipeline lets preconditions have.
const fn kept(name: &'static str, value: AttributeType) -> AttributeSchema {
    AttributeSchema::new(name, value, OF_OWNER).support(Support::Kept)
}
