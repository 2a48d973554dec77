//! Objects as the state keeps them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Map;
use serde_json::Value as Json;
use thiserror::Error;

use super::address::Address;
use super::kind::Kind;
use super::lifecycle::Lifecycle;
use super::object::Object;
use super::registry;
use crate::diag::FileId;
use crate::lang::stored;

/// Why an object of the state cannot be read.
#[derive(Debug, Error)]
pub enum StoredError {
    /// Its type is not one of this version.
    #[error(
        "`{address}` is a {kind} of type `{name}`, which this version of pipeform does not know; use the version that applied it, or a newer one"
    )]
    UnknownType {
        /// The object.
        address: Address,
        /// Its kind.
        kind: String,
        /// Its type.
        name: String,
    },
    /// What is kept does not make sense.
    #[error("the state's record of `{address}` is damaged: {problem}")]
    Damaged {
        /// The object.
        address: Address,
        /// What is wrong with it.
        problem: String,
    },
}

/// Under this key, which no attribute has, stands where attributes with formulas are written.
const WRITTEN: &str = "$at";

/// The attributes of an object as JSON.
pub fn to_json(object: &Object) -> Json {
    let mut attributes: Map<String, Json> = object
        .attributes
        .iter()
        .map(|(name, value)| (name.to_string(), stored::to_json(value)))
        .collect();
    if !object.written.is_empty() {
        let places = object
            .written
            .iter()
            .map(|(name, place)| (name.to_string(), Json::from(place.as_ref())));
        attributes.insert(WRITTEN.to_owned(), places.collect::<Map<_, _>>().into());
    }
    Json::Object(attributes)
}

/// Where attributes with formulas are written.
fn written(body: &Map<String, Json>) -> BTreeMap<Arc<str>, Arc<str>> {
    let places = body.get(WRITTEN).and_then(Json::as_object);
    places
        .into_iter()
        .flatten()
        .filter_map(|(name, place)| Some((Arc::from(name.as_str()), Arc::from(place.as_str()?))))
        .collect()
}

/// An object from what [`to_json`] and [`Lifecycle::to_json`] made of it and what the state keeps beside.
pub fn from_json(
    address: Address,
    kind: &str,
    type_name: &str,
    pipeline: Option<Address>,
    (body, lifecycle): (&Json, Option<&Json>),
) -> Result<Object, StoredError> {
    let Some(object_type) = Kind::parse(kind).and_then(|kind| registry::find(kind, type_name))
    else {
        return Err(StoredError::UnknownType {
            address,
            kind: kind.to_owned(),
            name: type_name.to_owned(),
        });
    };
    let Json::Object(body) = body else {
        return Err(StoredError::Damaged {
            address,
            problem: "its attributes are missing".to_owned(),
        });
    };
    let mut attributes = BTreeMap::new();
    for (name, value) in body.iter().filter(|(name, _)| *name != WRITTEN) {
        let value = stored::from_json(value, FileId::default()).map_err(|problem| {
            StoredError::Damaged {
                address: address.clone(),
                problem: problem.to_string(),
            }
        })?;
        attributes.insert(Arc::from(name.as_str()), value);
    }
    let lifecycle = Lifecycle::from_json(lifecycle).map_err(|problem| StoredError::Damaged {
        address: address.clone(),
        problem,
    })?;
    Ok(Object {
        address,
        object_type,
        attributes,
        written: written(body),
        pipeline,
        lifecycle,
    })
}
