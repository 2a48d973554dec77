//! Blocks of an object that are part of it: `lifecycle`, and attributes that are written as blocks.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use similar::Algorithm;
use similar::capture_diff_slices;

use super::paint::Marker;
use super::value::Writer;
use super::value::key_width;
use crate::lang::Value;
use crate::plan::same_value;

/// Attributes and blocks by name. A block is an object, or a tuple of them where there may be several: maps and lists are no
/// such values.
type Content = BTreeMap<Arc<str>, Value>;

/// The content of a block, after one side of a change.
fn content(value: Option<&Value>) -> Content {
    match value {
        Some(Value::Object(content)) => content
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        _ => Content::new(),
    }
}

/// All blocks of a name.
fn list(value: Option<&Value>) -> Vec<Value> {
    match value {
        Some(Value::Tuple(list)) => list.to_vec(),
        Some(block) => vec![block.clone()],
        None => Vec::new(),
    }
}

/// The blocks of both sides, each beside the one it is compared with: those that are the same, and what stands between them.
fn pairs<'a>(old: &'a [Value], new: &'a [Value]) -> Vec<(Option<&'a Value>, Option<&'a Value>)> {
    let all: Vec<&Value> = old.iter().chain(new).collect();
    let number = |value: &Value| all.iter().position(|other| same_value(other, value));
    let numbers = |values: &[Value]| values.iter().map(number).collect::<Vec<_>>();
    let mut pairs = Vec::new();
    for operation in capture_diff_slices(Algorithm::Myers, &numbers(old), &numbers(new)) {
        let (old_range, new_range) = (operation.old_range(), operation.new_range());
        let old = old.get(old_range).unwrap_or_default();
        let new = new.get(new_range).unwrap_or_default();
        pairs.extend((0..old.len().max(new.len())).map(|at| (old.get(at), new.get(at))));
    }
    pairs
}

impl Writer<'_> {
    /// An attribute of an object that is written as a block, or as several.
    pub(crate) fn part(
        &mut self,
        name: &str,
        sides: (Option<&Value>, Option<&Value>),
        column: usize,
    ) {
        let marker = match sides {
            (Some(old), Some(new)) if same_value(old, new) => Marker::None,
            _ => Marker::Change,
        };
        self.blocks(name, sides, (marker, column));
    }

    /// A block that is added, changed, removed or, with equal sides, shown.
    pub(crate) fn block(
        &mut self,
        name: &str,
        sides: (Option<&Value>, Option<&Value>),
        column: usize,
    ) {
        let marker = match sides {
            (None, None) => return,
            (None, Some(_)) => Marker::Add,
            (Some(_), None) => Marker::Remove,
            (Some(old), Some(new)) if same_value(old, new) => Marker::None,
            _ => Marker::Change,
        };
        let (old, new) = (content(sides.0), content(sides.1));
        self.line(column, marker);
        self.text.push_str(name);
        self.text.push_str(" {");
        let names: BTreeSet<&Arc<str>> = old.keys().chain(new.keys()).collect();
        let is_block = |name: &Arc<str>| {
            let value = new.get(name).or_else(|| old.get(name));
            matches!(value, Some(Value::Tuple(_) | Value::Object(_)))
        };
        let same = |name: &Arc<str>| match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => same_value(old, new),
            _ => false,
        };
        let (blocks, attributes): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| is_block(name));
        let width = key_width(attributes.iter().copied());
        let mut hidden = 0;
        for name in &attributes {
            match (old.get(*name), new.get(*name)) {
                (Some(_), Some(value)) if same(name) => {
                    if marker == Marker::None {
                        self.key(name, width, column + 4, Marker::None);
                        self.value(value, column + 4, Marker::None);
                    } else {
                        hidden += 1;
                    }
                }
                sides => self.entry(name, sides, width, column + 4),
            }
        }
        self.hidden(column + 4, hidden, "attribute");
        for name in blocks {
            self.blocks(name, (old.get(name), new.get(name)), (marker, column + 4));
        }
        self.line(column, Marker::None);
        self.text.push('}');
    }

    /// All blocks of one name, each compared with the one that was in its place.
    fn blocks(
        &mut self,
        name: &str,
        (old, new): (Option<&Value>, Option<&Value>),
        (outer, column): (Marker, usize),
    ) {
        let (old, new) = (list(old), list(new));
        let mut hidden = 0;
        for sides in pairs(&old, &new) {
            if let (Some(before), Some(after)) = sides
                && same_value(before, after)
                && outer != Marker::None
            {
                hidden += 1;
                continue;
            }
            if !self.text.ends_with('{') {
                self.text.push('\n');
            }
            self.block(name, sides, column);
        }
        self.hidden(column, hidden, "block");
    }
}
