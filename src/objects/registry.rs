//! All types of objects. To add one is to add its file and a line here.

use super::action;
use super::activity;
use super::calendar;
use super::data_format;
use super::data_node;
use super::database;
use super::kind::Kind;
use super::pipeline;
use super::pool;
use super::precondition;
use super::provider;
use super::resource;
use super::schedule;
use super::schema::ObjectType;

/// All types, by kind and name.
pub static TYPES: &[&ObjectType] = &[
    &action::shell_command::TYPE,
    &action::sns::TYPE,
    &action::terminate::TYPE,
    &action::webhook::TYPE,
    &activity::copy::TYPE,
    &activity::emr::TYPE,
    &activity::hadoop::TYPE,
    &activity::hive::TYPE,
    &activity::hive_copy::TYPE,
    &activity::no_op::TYPE,
    &activity::pig::TYPE,
    &activity::redshift_copy::TYPE,
    &activity::shell_command::TYPE,
    &activity::spark::TYPE,
    &activity::sql::TYPE,
    &calendar::TYPE,
    &data_format::csv::TYPE,
    &data_format::custom::TYPE,
    &data_format::dynamodb::TYPE,
    &data_format::dynamodb_export::TYPE,
    &data_format::json_lines::TYPE,
    &data_format::parquet::TYPE,
    &data_format::regex::TYPE,
    &data_format::tsv::TYPE,
    &data_node::dynamodb::TYPE,
    &data_node::file::TYPE,
    &data_node::redshift::TYPE,
    &data_node::s3::TYPE,
    &data_node::sql::TYPE,
    &database::jdbc::TYPE,
    &database::rds::TYPE,
    &database::redshift::TYPE,
    &pipeline::TYPE,
    &pool::TYPE,
    &precondition::dynamodb_data_exists::TYPE,
    &precondition::dynamodb_table_exists::TYPE,
    &precondition::exists::TYPE,
    &precondition::s3_key_exists::TYPE,
    &precondition::s3_prefix_not_empty::TYPE,
    &precondition::shell_command::TYPE,
    &provider::aws::TYPE,
    &resource::ec2::TYPE,
    &resource::emr_cluster::TYPE,
    &resource::local_spark::TYPE,
    &schedule::TYPE,
];

/// Other names of types, which are taken, and which nothing is called by.
const ALSO: &[(Kind, &str, &str)] = &[(
    Kind::Precondition,
    "s3_prefix_exists",
    "s3_prefix_not_empty",
)];

/// The type of that kind and name (empty for kinds without types).
pub fn find(kind: Kind, name: &str) -> Option<&'static ObjectType> {
    let also = ALSO.iter().find(|also| (also.0, also.1) == (kind, name));
    let name = also.map_or(name, |also| also.2);
    TYPES
        .iter()
        .copied()
        .find(|object_type| object_type.kind == kind && object_type.name == name)
}

/// The type that a type of AWS Data Pipeline becomes.
pub fn of_aws(name: &str) -> Option<&'static ObjectType> {
    TYPES
        .iter()
        .copied()
        .find(|object_type| object_type.aws.contains(&name))
}

/// Whether objects of this type of AWS Data Pipeline, spelled in any case, are parts of others here: blocks, or entries of a map.
pub fn is_part_of_aws(name: &str) -> bool {
    let mut attributes = TYPES.iter().flat_map(|object_type| object_type.schema());
    attributes.any(|attribute| attribute.has_aws_part(name))
}

/// The names of the types of a kind.
pub fn names(kind: Kind) -> impl Iterator<Item = &'static str> {
    TYPES
        .iter()
        .filter(move |object_type| object_type.kind == kind)
        .map(|object_type| object_type.name)
}
