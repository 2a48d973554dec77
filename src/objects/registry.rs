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
use super::schedule;
use super::schema::ObjectType;

/// All types, by kind and name.
pub static TYPES: &[&ObjectType] = &[
    &action::shell_command::TYPE,
    &action::terminate::TYPE,
    &activity::copy::TYPE,
    &activity::no_op::TYPE,
    &activity::shell_command::TYPE,
    &activity::sql::TYPE,
    &calendar::TYPE,
    &data_format::csv::TYPE,
    &data_format::custom::TYPE,
    &data_format::regex::TYPE,
    &data_format::tsv::TYPE,
    &data_node::file::TYPE,
    &data_node::sql::TYPE,
    &database::jdbc::TYPE,
    &pipeline::TYPE,
    &pool::TYPE,
    &precondition::exists::TYPE,
    &precondition::shell_command::TYPE,
    &provider::aws::TYPE,
    &schedule::TYPE,
];

/// The type of that kind and name (empty for kinds without types).
pub fn find(kind: Kind, name: &str) -> Option<&'static ObjectType> {
    TYPES
        .iter()
        .copied()
        .find(|object_type| object_type.kind == kind && object_type.name == name)
}

/// The names of the types of a kind.
pub fn names(kind: Kind) -> impl Iterator<Item = &'static str> {
    TYPES
        .iter()
        .filter(move |object_type| object_type.kind == kind)
        .map(|object_type| object_type.name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::TYPES;

    #[test]
    fn types_are_sorted_and_their_attributes_are_unique_and_documented() {
        let keys: Vec<_> = TYPES
            .iter()
            .map(|object_type| (object_type.kind.as_str(), object_type.name))
            .collect();
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(keys, sorted);
        for object_type in TYPES {
            let mut seen = BTreeSet::new();
            for attribute in object_type.schema() {
                assert!(
                    seen.insert(attribute.name),
                    "{}.{} stands twice",
                    object_type.name,
                    attribute.name
                );
                assert!(attribute.doc.ends_with('.'), "{}", attribute.name);
                for inner in attribute.value.inner() {
                    assert!(inner.doc.ends_with('.'), "{}", inner.name);
                }
            }
            for nested in object_type.nested {
                assert!(seen.contains(nested.attribute), "{}", nested.attribute);
            }
        }
    }
}
