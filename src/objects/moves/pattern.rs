//! Sets of addresses, as `moved` and `removed` blocks name them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::lang::module::EndpointPart;
use crate::objects::address::Parts;

/// An address, or several that differ in keys, and all that is inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    kind: Arc<str>,
    name: Arc<str>,
    key: Key,
}

/// The key behind a name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    /// This one, e.g. `["orders"]`; empty: none.
    Exactly(Arc<str>),
    /// Any, or none. Of two patterns, those with the same number have the same key.
    Any(usize),
}

/// The keys that stand for the numbers of [`Key::Any`].
type Keys<'a> = BTreeMap<usize, &'a str>;

/// The two sides of a move in a module. Where neither side writes a key, any is meant, and is kept: of the last names, of the
/// modules around, and of the pipelines that objects stand in. Elsewhere no key means that there is none.
pub(super) fn pair(
    modules: &[EndpointPart],
    from: &[EndpointPart],
    to: &[EndpointPart],
) -> (Pattern, Pattern) {
    let mut left: Vec<Part> = modules.iter().chain(from).map(Part::exactly).collect();
    let mut right: Vec<Part> = modules.iter().chain(to).map(Part::exactly).collect();
    let (left_last, right_last) = (left.len().saturating_sub(1), right.len().saturating_sub(1));
    let mut shared = vec![(left_last, right_last)];
    shared.extend((0..left_last.min(right_last)).map(|index| (index, index)));
    if left_last > 0 && right_last > 0 {
        shared.push((left_last - 1, right_last - 1));
    }
    for (number, (left_at, right_at)) in shared.into_iter().enumerate() {
        let (Some(one), Some(other)) = (left.get_mut(left_at), right.get_mut(right_at)) else {
            continue;
        };
        if one.kind == other.kind && one.has_no_key() && other.has_no_key() {
            one.key = Key::Any(number);
            other.key = Key::Any(number);
        }
    }
    (Pattern(left), Pattern(right))
}

impl Part {
    fn exactly(part: &EndpointPart) -> Self {
        Self {
            kind: Arc::clone(&part.kind),
            name: Arc::clone(&part.name),
            key: Key::Exactly(part.key.clone().unwrap_or_default()),
        }
    }

    fn has_no_key(&self) -> bool {
        matches!(&self.key, Key::Exactly(key) if key.is_empty())
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.name == other.name
            && match (&self.key, &other.key) {
                (Key::Exactly(one), Key::Exactly(other)) => one == other,
                _ => true,
            }
    }
}

impl Pattern {
    /// An address in a module with any keys.
    pub(super) fn any(modules: &[EndpointPart], parts: &[EndpointPart]) -> Self {
        let parts = modules.iter().chain(parts).enumerate();
        Self(
            parts
                .map(|(number, part)| Part {
                    key: Key::Any(number),
                    ..Part::exactly(part)
                })
                .collect(),
        )
    }

    /// How much of an address this names, if it does, and the keys there.
    pub(super) fn matches<'a>(&self, address: &'a str) -> Option<(usize, Keys<'a>)> {
        let mut parts = Parts(Some(address));
        let mut keys = Keys::new();
        let mut length = 0;
        for (index, part) in self.0.iter().enumerate() {
            let (kind, name) = (parts.next()?, parts.next()?);
            let bare = name.split('[').next().unwrap_or(name);
            if kind != &*part.kind || bare != &*part.name {
                return None;
            }
            let key = name.get(bare.len()..).unwrap_or_default();
            match &part.key {
                Key::Exactly(wanted) if **wanted == *key => {}
                Key::Exactly(_) => return None,
                Key::Any(number) => drop(keys.insert(*number, key)),
            }
            length += usize::from(index > 0) + kind.len() + 1 + name.len();
        }
        Some((length, keys))
    }

    /// The address with these keys.
    pub(super) fn filled(&self, keys: &Keys<'_>) -> String {
        let mut address = String::new();
        for part in &self.0 {
            let key = match &part.key {
                Key::Exactly(key) => key,
                Key::Any(number) => keys.get(number).copied().unwrap_or_default(),
            };
            if !address.is_empty() {
                address.push('.');
            }
            address.extend([&part.kind, ".", &part.name, key]);
        }
        address
    }

    /// What all addresses that this names begin with.
    pub(super) fn beginning(&self) -> String {
        let mut text = String::new();
        for part in &self.0 {
            if !text.is_empty() {
                text.push('.');
            }
            text.extend([&part.kind, ".", &part.name]);
            match &part.key {
                Key::Exactly(key) => text.push_str(key),
                Key::Any(_) => break,
            }
        }
        text
    }

    /// Whether some address of one is also named by the other.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.covers(other)
    }

    /// Whether something that `inner` names is inside of what this names.
    pub(super) fn contains(&self, inner: &Self) -> bool {
        self.0.len() < inner.0.len() && self.covers(inner)
    }

    fn covers(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .all(|(one, other)| one.overlaps(other))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.filled(&Keys::new()))
    }
}
