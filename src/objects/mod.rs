//! What each object type is: one file a type, the registry, addresses, references.
//!
//! A type is described once, by an [`ObjectType`]: its attributes with types, defaults, docs, which may be deferred and
//! which are sensitive. Validation, the plan's rendering, the reference pages and the importer's mapping come from that.
//! What a type *does* is in the file of the same name in `exec`.

mod action;
mod activity;
mod address;
mod calendar;
pub mod configuration;
mod data_format;
mod data_node;
mod database;
mod dependency;
pub mod eras;
mod grammar;
mod group;
mod intervals;
mod kind;
mod lifecycle;
pub mod machines;
pub mod moves;
mod object;
mod pipeline;
mod pool;
mod precondition;
pub mod programs;
mod provider;
pub mod registry;
pub mod resolve;
mod resource;
mod reveal;
pub mod run;
mod run_scope;
mod schedule;
mod schema;
mod serving;
pub mod settings;
mod shared;
pub mod steps;
pub mod stored;
pub mod support;
pub mod tables;
#[cfg(test)]
mod tests;
mod timetable;

pub use address::Address;
pub use dependency::Dependency;
pub use dependency::History;
pub use dependency::Need;
pub use dependency::Require;
pub use dependency::activities;
pub use dependency::dependencies;
pub use dependency::has_instances;
pub use dependency::reads;
pub use dependency::unguarded_readers;
pub use dependency::unguarded_writers;
pub use grammar::Blocks;
pub use group::Group;
pub use intervals::Unscheduled;
pub use intervals::calendar_of;
pub use intervals::schedule_of;
pub use kind::Kind;
pub use lifecycle::DeferredCondition;
pub use lifecycle::Lifecycle;
pub use lifecycle::When;
pub use object::Object;
pub use object::Reading;
pub use schema::AttributeSchema;
pub use schema::AttributeType;
pub use schema::Aws;
pub use schema::BlockSchema;
pub use schema::Default;
pub use schema::Nested;
pub use schema::ObjectType;
pub use schema::Support;
pub use settings::Objects;
pub use timetable::Ambiguous;
pub use timetable::Era;
pub use timetable::Moments;
pub use timetable::Timetable;
