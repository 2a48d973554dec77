//! Addresses of objects.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::kind::Kind;

/// The full address of an object: `pipeline.weblogs.activity.archive`, `data_node.archive`,
/// `pipeline.export["orders"].activity.copy`. Cheap to clone; ordered as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(Arc<str>);

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        // Most equal ones are clones of each other.
        if Arc::ptr_eq(&self.0, &other.0) {
            return Ordering::Equal;
        }
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

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

    /// The instance of a module that an object stands in, or that this is the address of: `module.dr["eu"].module.sync` for
    /// `module.dr["eu"].module.sync.pipeline.p`. `None` for what stands in the root module.
    pub fn module(&self) -> Option<&str> {
        let mut end = None;
        let mut parts = Parts(Some(&self.0));
        let mut length = 0;
        while parts.next() == Some("module") {
            length += "module.".len() + parts.next()?.len();
            end = Some(length);
            length += 1;
        }
        self.0.get(..end?)
    }

    /// The pipeline that an object stands in, directly or through its owner; its own address for a pipeline.
    pub fn pipeline(&self) -> Option<Self> {
        let start = self.module().map_or(0, |module| module.len() + 1);
        let mut parts = Parts(self.0.get(start..));
        let kind = parts.next().filter(|kind| *kind == "pipeline")?;
        let end = start + kind.len() + 1 + parts.next()?.len();
        self.0.get(..end).map(Self::new)
    }

    /// Whether the object has a name of its own, rather than being nested in another one. What is `schedule.calendar` of a pipeline
    /// is taken for the calendar of its own schedule; [`Object::is_named`](super::Object::is_named) knows better.
    pub fn is_named(&self) -> bool {
        let start = self.module().map_or(0, |module| module.len() + 1);
        let mut parts = Parts(self.0.get(start..));
        let in_pipeline = parts.next() == Some("pipeline");
        if in_pipeline && self.kind() == "schedule" && self.name() == "calendar" {
            return false; // that of the pipeline's own schedule
        }
        match parts.count() {
            1 => true,
            3 => in_pipeline,
            _ => false,
        }
    }

    /// Whether the object, or one that it stands in, is of this kind: `activity` and `pipeline` for `pipeline.weblogs.activity.archive`,
    /// whatever their names are.
    pub fn has_kind(&self, kind: &str) -> bool {
        let mut parts = Parts(Some(&self.0));
        while let Some(word) = parts.next() {
            if word == kind {
                return true;
            }
            if word == "module" || Kind::parse(word).is_some() {
                parts.next();
            }
        }
        false
    }

    /// The name without the key of `for_each` or `count`.
    pub fn bare_name(&self) -> &str {
        let name = self.name();
        name.split_once('[').map_or(name, |(bare, _)| bare)
    }
}

/// The parts of an address between the dots that are not inside a key.
pub(super) struct Parts<'a>(pub(super) Option<&'a str>);

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0?;
        let mut in_key = false;
        let mut escaped = false;
        let end = text.find(|letter| {
            match letter {
                _ if escaped => escaped = false,
                '\\' if in_key => escaped = true,
                '"' => in_key = !in_key,
                '.' => return !in_key,
                _ => {}
            }
            false
        });
        let (part, rest) = match end {
            Some(end) => (text.get(..end)?, text.get(end + 1..)),
            None => (text, None),
        };
        self.0 = rest;
        Some(part)
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
    fn names_are_no_kinds() {
        for (address, found) in [
            ("resource.etl", true),
            ("pipeline.weblogs.resource.etl", true),
            ("resource.*", true),
            ("*.resource.etl", true),
            ("pipeline.resource", false),
            ("module.resource.pipeline.resource.activity.resource", false),
            (r#"pipeline.p["resource.x"].activity.y"#, false),
        ] {
            assert_eq!(
                Address::new(address).has_kind("resource"),
                found,
                "{address}"
            );
        }
    }

    #[test]
    fn modules_begin_the_address() {
        for (address, module) in [
            ("data_node.a", None),
            ("pipeline.module.data_node.a", None),
            ("module.m.data_node.a", Some("module.m")),
            ("module.m", Some("module.m")),
            (
                r#"module.m["a.b\".c"].module.n[2].pipeline.p["module.x"].activity.y"#,
                Some(r#"module.m["a.b\".c"].module.n[2]"#),
            ),
        ] {
            assert_eq!(Address::new(address).module(), module, "{address}");
        }
    }

    #[test]
    fn nested_objects_have_no_name_of_their_own() {
        for (address, named) in [
            ("data_node.a", true),
            ("module.m[\"x.y\"].data_node.a[0]", true),
            ("pipeline.p", true),
            ("module.m.pipeline.p.activity.a", true),
            ("data_node.a.precondition.exists", false),
            ("pipeline.p.schedule", false),
            ("pipeline.p.schedule.calendar", false),
            ("pipeline.p.schedule.s.calendar", false),
            ("schedule.calendar", true),
            ("schedule.s.calendar", false),
            ("pipeline.p.activity.a.schedule.calendar", false),
            ("pipeline.p.data_node.a.precondition.exists[0]", false),
            ("module.m", false),
        ] {
            assert_eq!(Address::new(address).is_named(), named, "{address}");
        }
        for (address, pipeline) in [
            ("data_node.a.precondition.exists", None),
            ("pipeline.p", Some("pipeline.p")),
            (
                "module.m.pipeline.p[0].data_node.a.precondition.exists",
                Some("module.m.pipeline.p[0]"),
            ),
        ] {
            let found = Address::new(address).pipeline();
            assert_eq!(found.as_ref().map(Address::as_str), pipeline, "{address}");
        }
    }

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
