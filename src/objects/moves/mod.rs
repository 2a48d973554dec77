//! What `moved` and `removed` blocks say about addresses.
//!
//! A statement that stands in a module is about every instance of that module. Here the statements of all modules are
//! collected, checked and put into the order in which they hold; `plan` applies them to what the state has.

mod check;
mod pattern;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::address::Address;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::lang::module::EndpointPart;
use crate::lang::module::Module;
use crate::lang::module::ModuleTree;
use crate::lang::module::Moved;
use pattern::Pattern;

/// A `moved` block, with addresses from the root module.
#[derive(Clone, Debug)]
pub struct Move {
    from: Pattern,
    to: Pattern,
    /// Where `from` stands.
    span: Span,
    /// Where `to` stands.
    target: Span,
}

/// A `removed` block, with an address from the root module.
#[derive(Clone, Debug)]
pub struct Removal {
    from: Pattern,
    /// Whether what it names is destroyed, or only forgotten.
    pub destroy: bool,
    span: Span,
}

/// An address that a move takes to another one: that of an object or module, and all that is inside goes along.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// What is moved.
    pub from: Address,
    /// Where it goes.
    pub to: Address,
}

impl Move {
    /// What becomes of an address; `None` if it is not among those that are moved.
    pub fn step(&self, address: &Address) -> Option<Step> {
        let (length, keys) = self.from.matches(address.as_str())?;
        let from = Address::new(address.as_str().get(..length)?);
        let to = Address::new(self.to.filled(&keys));
        (from != to).then_some(Step { from, to })
    }

    /// The part of a map by address in which all lies that this may move.
    pub fn candidates<'a, T>(
        &self,
        map: &'a BTreeMap<Address, T>,
    ) -> impl Iterator<Item = (&'a Address, &'a T)> {
        starting(map, self.from.beginning())
    }
}

impl Removal {
    /// Whether an address is among those that were removed.
    pub fn covers(&self, address: &Address) -> bool {
        self.from.matches(address.as_str()).is_some()
    }
}

/// The entries of a map whose addresses start with a text.
fn starting<T>(map: &BTreeMap<Address, T>, text: String) -> impl Iterator<Item = (&Address, &T)> {
    let first = Bound::Included(Address::new(text.as_str()));
    map.range((first, Bound::Unbounded))
        .take_while(move |(address, _)| address.as_str().starts_with(&text))
}

/// The statements of all modules.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    /// The moves, in the order in which they hold.
    pub moves: Vec<Move>,
    /// What was removed.
    pub removals: Vec<Removal>,
}

impl Statements {
    /// Whether a `removed` block says that an object is only forgotten.
    pub fn forgets(&self, address: &Address) -> bool {
        let mut removals = self.removals.iter();
        removals.any(|removal| !removal.destroy && removal.covers(address))
    }

    /// One move, as if a `moved` block said it.
    pub fn of_move(moved: Moved, diagnostics: &mut Diagnostics) -> Self {
        let module = Module {
            moved: vec![moved],
            ..Module::default()
        };
        Self::collect(&ModuleTree::leaf(module), &BTreeMap::new(), diagnostics)
    }

    /// Collects the statements of a module and those it calls. `configured`: where each object that there is stands.
    pub(super) fn collect(
        tree: &ModuleTree,
        configured: &BTreeMap<Address, Span>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut statements = Self::default();
        let mut findings = check::Findings::default();
        statements.add(tree, &mut Vec::new(), &mut findings);
        findings.check_moves(&statements.moves, configured);
        for removal in &statements.removals {
            findings.check_removal(removal, configured);
        }
        statements.moves = findings.ordered(&statements.moves);
        diagnostics.extend(findings.into_diagnostics());
        statements
    }

    fn add(
        &mut self,
        tree: &ModuleTree,
        modules: &mut Vec<EndpointPart>,
        findings: &mut check::Findings,
    ) {
        for moved in &tree.module.moved {
            let right = [&moved.from, &moved.to].map(|endpoint| findings.check_address(endpoint));
            if right == [true, true] && findings.check_kinds(&moved.from, &moved.to) {
                let (from, to) = pattern::pair(modules, &moved.from.parts, &moved.to.parts);
                self.moves.push(Move {
                    from,
                    to,
                    span: moved.from.span,
                    target: moved.to.span,
                });
            }
        }
        for removed in &tree.module.removed {
            if findings.check_address(&removed.from) {
                self.removals.push(Removal {
                    from: Pattern::any(modules, &removed.from.parts),
                    destroy: removed.destroy,
                    span: removed.from.span,
                });
            }
        }
        for (name, child) in &tree.children {
            modules.push(EndpointPart {
                kind: Arc::from("module"),
                name: Arc::clone(name),
                key: None,
            });
            self.add(child, modules, findings);
            modules.pop();
        }
    }
}
