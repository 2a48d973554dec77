//! A configured object after evaluation: what the plan compares and the state keeps.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::address::Address;
use super::kind::Kind;
use super::schema::ObjectType;
use crate::lang::Value;

/// One object, evaluated as far as is possible before a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Where it is.
    pub address: Address,
    /// What it is.
    pub object_type: &'static ObjectType,
    /// The attributes that are set, converted to the types of the schema. Attributes left out are absent, and mean the
    /// schema's default. Values may be `Deferred` where the schema allows that; references are `Value::Ref`.
    pub attributes: BTreeMap<Arc<str>, Value>,
    /// The pipeline it stands in, directly or through its owner; its own address for a pipeline.
    pub pipeline: Option<Address>,
}

impl Object {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.object_type.kind
    }

    /// An attribute that is set.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.get(name)
    }
}
