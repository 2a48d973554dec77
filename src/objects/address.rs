//! Addresses of objects.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

/// The full address of an object: `pipeline.weblogs.activity.archive`, `data_node.archive`,
/// `pipeline.export["orders"].activity.copy`. Cheap to clone; ordered as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(Arc<str>);

impl Address {
    /// Wraps the text of an address.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
