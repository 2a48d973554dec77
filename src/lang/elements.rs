//! What collections and structures hold.
//!
//! Both types read like the vector and the map inside them. An empty list, set or map has no element that would tell the type of
//! its elements, so it is kept beside them where it is known; everywhere else the elements tell it. It is no part of equality.
//!
//! Elements are shared, so that `[local.a, local.a]` takes little memory, and may be walked through in as many steps as all of
//! it would have elements. How many that are is counted when the elements are put together.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use super::types::Type;
use super::value::Value;

/// The elements of a list, set or tuple, in order.
#[derive(Clone, Debug, Default)]
pub struct Elements {
    values: Vec<Value>,
    of: Option<Arc<Type>>,
    weight: u64,
    depth: u32,
}

/// The elements of a map or the attributes of an object, by key.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    values: BTreeMap<Arc<str>, Value>,
    of: Option<Arc<Type>>,
    weight: u64,
    depth: u32,
}

impl Elements {
    /// Elements of a type, which is kept if there are none.
    pub(super) fn of(values: Vec<Value>, of: Type) -> Self {
        Self {
            of: kept(values.is_empty(), of),
            ..values.into()
        }
    }

    /// The type of the elements that an empty list or set could have.
    pub(super) fn missing(&self) -> Option<&Type> {
        self.of.as_deref()
    }

    /// [`Value::weight`] of all elements.
    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    /// The greatest [`Value::depth`] of an element.
    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    /// The elements as a vector of their own.
    pub fn into_vec(self) -> Vec<Value> {
        self.values
    }
}

impl Entries {
    /// Elements of a type, which is kept if there are none.
    pub(super) fn of(values: BTreeMap<Arc<str>, Value>, of: Type) -> Self {
        Self {
            of: kept(values.is_empty(), of),
            ..values.into()
        }
    }

    /// The type of the elements that an empty map could have.
    pub(super) fn missing(&self) -> Option<&Type> {
        self.of.as_deref()
    }

    /// [`Value::weight`] of all elements.
    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    /// The greatest [`Value::depth`] of an element.
    pub(super) fn depth(&self) -> u32 {
        self.depth
    }
}

fn total<'v>(values: impl Iterator<Item = &'v Value>) -> u64 {
    values.fold(0, |sum, value| sum.saturating_add(value.weight()))
}

fn deepest<'v>(values: impl Iterator<Item = &'v Value>) -> u32 {
    values.map(Value::depth).max().unwrap_or(0)
}

fn kept(empty: bool, of: Type) -> Option<Arc<Type>> {
    (empty && of != Type::Any).then(|| Arc::new(of))
}

impl Deref for Elements {
    type Target = Vec<Value>;

    fn deref(&self) -> &Vec<Value> {
        &self.values
    }
}

impl Deref for Entries {
    type Target = BTreeMap<Arc<str>, Value>;

    fn deref(&self) -> &BTreeMap<Arc<str>, Value> {
        &self.values
    }
}

impl PartialEq for Elements {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl PartialEq for Entries {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl From<Vec<Value>> for Elements {
    fn from(values: Vec<Value>) -> Self {
        Self {
            weight: total(values.iter()),
            depth: deepest(values.iter()),
            values,
            of: None,
        }
    }
}

impl From<BTreeMap<Arc<str>, Value>> for Entries {
    fn from(values: BTreeMap<Arc<str>, Value>) -> Self {
        Self {
            weight: total(values.values()),
            depth: deepest(values.values()),
            values,
            of: None,
        }
    }
}

impl FromIterator<Value> for Elements {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        Vec::from_iter(values).into()
    }
}

impl FromIterator<(Arc<str>, Value)> for Entries {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Value)>>(values: I) -> Self {
        BTreeMap::from_iter(values).into()
    }
}
