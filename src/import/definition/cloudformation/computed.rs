//! Functions of a template as what they compute, with the parameters that they read.

use indexmap::IndexMap;

use super::Template;
use super::compute::Given;
use super::compute::call;
use super::compute::compute;
use super::texts::Piece;
use super::texts::pieces;
use crate::diag::Diagnostics;
use crate::import::definition::Computed;
use crate::import::document::Node;
use crate::import::document::Value;

impl Template<'_> {
    /// What a value of the template computes. `None`: only AWS knows, or it would show what is hidden.
    pub(super) fn computed(&self, node: &Node, found: &mut Diagnostics) -> Option<Computed> {
        if let Some((given, true)) = compute(self.root, node) {
            return constant(&given);
        }
        if let Value::List(list) = &node.value {
            let list = list.iter().map(|one| self.computed(one, found));
            return list.collect::<Option<_>>().map(Computed::List);
        }
        let (function, argument) = call(node)?;
        let both = |one: &Node, other: &Node, found: &mut Diagnostics| {
            let one = self.computed(one, found)?;
            Some(Box::new([one, self.computed(other, found)?]))
        };
        let boxed = |node: &Node, found: &mut Diagnostics| self.computed(node, found).map(Box::new);
        Some(match (function, argument.elements()) {
            ("Fn::Join", [separator, texts]) if texts.elements().is_empty() => {
                Computed::Joined(separator.text()?.to_owned(), boxed(texts, found)?)
            }
            ("Ref" | "Fn::Sub" | "Fn::Join", _) => return self.of_text(node, found),
            ("Fn::Split", [separator, text]) => {
                Computed::Split(separator.text()?.to_owned(), boxed(text, found)?)
            }
            ("Fn::Select", [index, list]) => {
                Computed::Element(boxed(list, found)?, index.scalar()?.parse().ok()?)
            }
            ("Fn::Base64", _) => Computed::Base64(boxed(argument, found)?),
            ("Fn::FindInMap", [map, first, second]) => {
                let map = map.text()?;
                self.mapping(map)?;
                Computed::Lookup(map.to_owned(), both(first, second, found)?)
            }
            ("Fn::If", [condition, yes, no]) => {
                let condition = self.condition(condition.text()?, found)?;
                let [yes, no] = *both(yes, no, found)?;
                Computed::Choice(Box::new([condition, yes, no]))
            }
            ("Condition", _) => self.condition(argument.text()?, found)?,
            ("Fn::Equals", [one, other]) => Computed::Equals(both(one, other, found)?),
            ("Fn::Not", [one]) => Computed::Not(boxed(one, found)?),
            ("Fn::And" | "Fn::Or", all) => {
                let all = all.iter().map(|one| self.computed(one, found));
                let all = all.collect::<Option<_>>()?;
                if function == "Fn::And" {
                    Computed::All(all)
                } else {
                    Computed::Any(all)
                }
            }
            _ => return None,
        })
    }

    /// What is put together as a text.
    fn of_text(&self, node: &Node, found: &mut Diagnostics) -> Option<Computed> {
        let text = self.text(node, "A text", found)?;
        let mut parts = Vec::new();
        for piece in pieces(&text) {
            parts.push(match piece {
                Piece::Plain(text) => Computed::Text(text.to_owned()),
                Piece::Marked(name) if name.starts_with('*') => return None,
                Piece::Marked(name) => match self.stack.borrow().values.get(name) {
                    Some(computed) => computed.clone(),
                    None => Computed::Parameter(name.to_owned()),
                },
            });
        }
        Some(match parts.len() {
            1 => parts.remove(0),
            _ => Computed::Texts(parts),
        })
    }

    /// A condition of the template, which is then one of the definition.
    fn condition(&self, name: &str, found: &mut Diagnostics) -> Option<Computed> {
        let named = Computed::Condition(name.to_owned());
        if self.stack.borrow().conditions.contains_key(name) {
            return Some(named);
        }
        let of = self.root.get("Conditions")?.get(name)?;
        if self.depth.replace(self.depth.get() + 1) >= super::compute::MAX_DEPTH {
            return None;
        }
        let computed = self.computed(of, found);
        self.depth.set(self.depth.get().saturating_sub(1));
        let mut stack = self.stack.borrow_mut();
        stack.conditions.insert(name.to_owned(), computed?);
        Some(named)
    }

    /// Takes a mapping of the template into the definition.
    fn mapping(&self, name: &str) -> Option<()> {
        let mut mapping = IndexMap::new();
        for (first, entries) in self.root.get("Mappings")?.get(name)?.entries() {
            let mut inner = IndexMap::new();
            for (second, value) in entries.entries() {
                let (given, _) = compute(self.root, value)?;
                inner.insert(second.text.clone(), constant(&given)?);
            }
            mapping.insert(first.text.clone(), inner);
        }
        let mut stack = self.stack.borrow_mut();
        stack.mappings.insert(name.to_owned(), mapping);
        Some(())
    }
}

fn constant(given: &Given) -> Option<Computed> {
    match given {
        Given::Text(text) => Some(Computed::Text(text.clone())),
        Given::List(list) => list
            .iter()
            .map(constant)
            .collect::<Option<_>>()
            .map(Computed::List),
        Given::Nothing => None,
    }
}
