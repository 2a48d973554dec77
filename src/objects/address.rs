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

    /// What stands behind the kind of the object itself, key included: `archive`, `export["orders"]`; for a nested
    /// object the type, e.g. `exists`.
    pub fn name(&self) -> &str {
        Self::last_part(&self.0)
    }

    /// The word before the name: `activity` in `pipeline.weblogs.activity.archive`.
    pub fn kind(&self) -> &str {
        let end = self.0.len() - self.name().len();
        let before = self.0.get(..end.saturating_sub(1)).unwrap_or("");
        Self::last_part(before)
    }

    /// What stands behind the last dot that is not inside a key.
    fn last_part(text: &str) -> &str {
        let mut in_key = false;
        let mut escaped = false;
        let mut start = 0;
        for (position, letter) in text.char_indices() {
            match letter {
                _ if escaped => escaped = false,
                '\\' if in_key => escaped = true,
                '"' => in_key = !in_key,
                '.' if !in_key => start = position + 1,
                _ => {}
            }
        }
        text.get(start..).unwrap_or(text)
    }

    /// The pipeline that an object stands in directly: `pipeline.weblogs` for `pipeline.weblogs.activity.archive`.
    pub fn outer(&self) -> Option<Self> {
        let end = self
            .0
            .len()
            .checked_sub(self.name().len() + self.kind().len() + 2)?;
        self.0.get(..end).map(Self::new)
    }

    /// The name without the key of `for_each` or `count`.
    pub fn bare_name(&self) -> &str {
        let name = self.name();
        name.split_once('[').map_or(name, |(bare, _)| bare)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn the_name_ends_the_address() {
        for (address, name, bare) in [
            ("pipeline.weblogs.activity.archive", "archive", "archive"),
            ("pipeline.export[\"a.b\"]", "export[\"a.b\"]", "export"),
            (
                "pipeline.export[\"a\\\".b\"].activity.copy[3]",
                "copy[3]",
                "copy",
            ),
        ] {
            let address = Address::new(address);
            assert!(["activity", "pipeline"].contains(&address.kind()));
            assert_eq!(address.outer().is_some(), address.kind() == "activity");
            assert_eq!(address.name(), name);
            assert_eq!(address.bare_name(), bare);
        }
    }
}
