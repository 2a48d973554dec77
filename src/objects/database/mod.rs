//! The types of databases, and the attributes that they share.

pub(super) mod jdbc;
pub(super) mod rds;
pub(super) mod redshift;

use super::schema::AttributeSchema;
use super::schema::AttributeType;
use super::schema::Aws;

/// Who connects.
const USERNAME: AttributeSchema =
    AttributeSchema::new("username", AttributeType::String, "Who connects.").secret();

/// With which password.
const PASSWORD: AttributeSchema = AttributeSchema::new(
    "password",
    AttributeType::String,
    "The password: `secret(\"env://NAME\")` or `secret(\"file://PATH\")`.",
)
.sensitive()
.secret()
.aws(Aws::Fields(&["*password"]));

/// Which database of those on the server.
const DATABASE_NAME: AttributeSchema = AttributeSchema::new(
    "database_name",
    AttributeType::String,
    "The database on the server.",
)
.deferrable();

/// The driver that AWS Data Pipeline takes.
const DRIVER_JAR: AttributeSchema = AttributeSchema::new(
    "jdbc_driver_jar_uri",
    AttributeType::String,
    "The driver that AWS Data Pipeline loads, in Amazon S3; kept for `export`, drivers are built in here.",
)
.metadata();

/// Properties of the connection.
const PROPERTIES: AttributeSchema = AttributeSchema::new(
    "jdbc_properties",
    AttributeType::Assignments,
    "Properties of the connection: `[\"ssl=true\"]`.",
)
.deferrable();

/// Where it is.
const REGION: AttributeSchema = AttributeSchema::new(
    "region",
    AttributeType::String,
    "The region it is in, e.g. `eu-west-1`; left out: that of the provider.",
)
.deferrable();
