//! A configured object after evaluation: what the plan compares and the state keeps.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::address::Address;
use super::dependency::Require;
use super::kind::Kind;
use super::lifecycle::Lifecycle;
use super::schema::ObjectType;
use crate::lang::Value;
use crate::time::Window;

/// A reference to what an object reads or waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The name it goes by: the key of a map, else the object's own.
    pub name: Arc<str>,
    /// The object.
    pub address: Address,
    /// Which of its intervals are meant, if not those that overlap the reader's.
    pub window: Option<Window>,
    /// How many of them are needed, if that is said for this one.
    pub require: Option<Require>,
}

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
    /// Where the attributes with formulas are written (`FILE:LINE`), as far as that is told: for errors of runs.
    pub written: BTreeMap<Arc<str>, Arc<str>>,
    /// The pipeline it stands in, directly or through its owner; its own address for a pipeline.
    pub pipeline: Option<Address>,
    /// What its `lifecycle` block says that outlives the plan.
    pub lifecycle: Lifecycle,
}

impl Object {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.object_type.kind
    }

    /// Whether it has a name of its own, rather than being nested in another one: that of a schedule may be `calendar`, and then its
    /// address is one that the calendar of a pipeline's own schedule has, too.
    pub fn is_named(&self) -> bool {
        let address = &self.address;
        let is_called_calendar = address.kind() == "schedule" && address.name() == "calendar";
        address.is_named() || is_called_calendar && self.kind() != Kind::Calendar
    }

    /// An attribute that is set.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.get(name)
    }

    /// The objects that an attribute refers to, each with the name it goes by: the key of a map, else the object's own.
    pub fn references(&self, attribute: &str) -> Vec<(Arc<str>, Address)> {
        self.get(attribute).map(references_in).unwrap_or_default()
    }

    /// The same with their windows, and how much of each is needed.
    pub fn readings(&self, attribute: &str) -> Vec<Reading> {
        self.get(attribute).map(readings_in).unwrap_or_default()
    }

    /// The only object that an attribute refers to.
    pub fn reference(&self, attribute: &str) -> Option<Address> {
        self.references(attribute)
            .into_iter()
            .next()
            .map(|(_, address)| address)
    }
}

/// The objects that a value refers to, each with the name it goes by.
pub(super) fn references_in(value: &Value) -> Vec<(Arc<str>, Address)> {
    let readings = readings_in(value).into_iter();
    readings
        .map(|reading| (reading.name, reading.address))
        .collect()
}

fn readings_in(value: &Value) -> Vec<Reading> {
    let mut found = Vec::new();
    let mut add = |name: Option<&Arc<str>>, value: &Value| {
        if let Value::Ref(reference) = value {
            let address = Address::new(reference.address.clone());
            let name = name.map_or_else(|| Arc::from(address.bare_name()), Arc::clone);
            // That a window can be read was checked when it was made.
            let window = reference.window.as_ref();
            let window = window
                .and_then(|window| Window::new(&window.length, window.offset.as_deref()).ok());
            found.push(Reading {
                name,
                address,
                window,
                require: reference.require.as_deref().and_then(Require::parse),
            });
        }
    };
    match value {
        Value::Tuple(list) => list.iter().for_each(|value| add(None, value)),
        Value::Object(map) => map.iter().for_each(|(name, value)| add(Some(name), value)),
        single => add(None, single),
    }
    found
}
