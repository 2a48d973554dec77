//! The types of data formats.

pub(super) mod csv;
pub(super) mod custom;
pub(super) mod dynamodb;
pub(super) mod dynamodb_export;
pub(super) mod json_lines;
pub(super) mod parquet;
pub(super) mod regex;
pub(super) mod tsv;

use super::schema::AttributeSchema;
use super::schema::AttributeType;
use super::schema::Default;

/// The columns of a record.
const COLUMN: AttributeSchema = AttributeSchema::new(
    "column",
    AttributeType::Strings,
    "The columns in order, each as `name` or `name TYPE`: TINYINT, SMALLINT, INT, BIGINT, BOOLEAN, FLOAT, DOUBLE, DECIMAL(18,2) and the like, STRING (the default), DATE or TIMESTAMP.",
);

/// Whether the first record names the columns.
const HEADER: AttributeSchema = AttributeSchema::new(
    "header",
    AttributeType::Bool,
    "Whether the first record of a file names the columns.",
)
.or(Default::Bool(false))
.ours();

/// What takes the meaning from a separator.
const ESCAPE_CHAR: AttributeSchema = AttributeSchema::new(
    "escape_char",
    AttributeType::String,
    "The character that takes the meaning from the one after it.",
)
.or(Default::Text("\\"));

/// What ends a record.
const RECORD_SEPARATOR: AttributeSchema = AttributeSchema::new(
    "record_separator",
    AttributeType::String,
    "What ends a record.",
)
.or(Default::Text("\n"));
