//! The types of preconditions.

pub(super) mod exists;
pub(super) mod shell_command;

use super::schema::AttributeSchema;
use super::schema::AttributeType;

/// How long a precondition is checked.
const TIMEOUT: AttributeSchema = AttributeSchema::new(
    "precondition_timeout",
    AttributeType::Duration,
    "How long it is checked, from the first check, before the instance fails; left out: as long as its owner says.",
);
