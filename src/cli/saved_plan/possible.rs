//! Whether a saved plan does what plans of a configuration do: who has written a file of his own may have written anything into it.

use std::collections::BTreeMap;

use super::Saved;
use super::before::record;
use super::before::records;
use crate::cli::errors::Failure;
use crate::cli::planning::Before;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::objects::Address;
use crate::objects::configuration::inadmissible;
use crate::plan::saved::Record;
use crate::runtime::read_objects;
use crate::store::Head;
use crate::store::Store;

/// What findings about a plan are called that nobody can have made from a configuration.
pub(super) const IMPOSSIBLE: &str = "Impossible operation";

impl Saved {
    /// Whether nothing that it does is impossible, as far as those objects tell that it says it depends on, in a state that is as it was.
    /// Who refers to what goes is looked for in all of the state: a file may keep silent about that.
    pub(super) fn seems_possible(&self, store: &Store, head: &Head) -> Result<bool, Failure> {
        let seen = &self.plan.seen;
        let touched = self.plan.operations.touched();
        if !touched.iter().all(|address| seen.contains_key(address)) {
            return Ok(false);
        }
        if self.removes_any() {
            let objects = store.objects_at(head.serial)?.into_iter();
            if self.left_behind(objects.map(record)).has_errors() {
                return Ok(false);
            }
        }
        let mut objects = Vec::new();
        for address in seen.keys() {
            objects.extend(store.object_at(address, head.serial)?);
        }
        let said = Before {
            objects: read_objects(objects)?,
            ..Before::default()
        };
        Ok(!self.unheard_of(&said)?.has_errors())
    }

    /// What no plan of a configuration does.
    pub(super) fn impossible(&self, said: &Before) -> Result<Diagnostics, Failure> {
        let mut findings = self.unheard_of(said)?;
        if self.removes_any() {
            findings.extend(self.left_behind(records(&said.objects)));
        }
        Ok(findings)
    }

    /// Objects that no configuration could make, and operations on objects that are not there.
    fn unheard_of(&self, said: &Before) -> Result<Diagnostics, Failure> {
        let operations = &self.plan.operations;
        let mut findings = Diagnostics::new();
        let mut say = |address: &Address, what: &str| {
            let finding = Diagnostic::error(IMPOSSIBLE, format!("`{address}` {what}."));
            findings.push(finding.about(address.as_str()));
        };
        let gone = operations.destroys.iter().chain(&operations.forgets);
        for address in gone.clone() {
            let before = operations.moves.iter().find(|(_, new)| *new == address);
            let before = before.map_or(address, |(old, _)| old);
            if !said.objects.contains_key(before) {
                say(address, "is to go, and is not there");
            }
        }
        for (old, new) in &operations.moves {
            if !said.objects.contains_key(old) {
                say(old, &format!("is to become `{new}`, and is not there"));
            }
            if said.objects.contains_key(new) && !operations.moves.contains_key(new) {
                say(old, &format!("is to become `{new}`, which is there"));
            }
        }
        let target = self.target_objects(&said.objects)?;
        let puts = &operations.puts;
        findings.extend(inadmissible(target, |address| puts.contains_key(address)));
        Ok(findings)
    }

    fn removes_any(&self) -> bool {
        let operations = &self.plan.operations;
        !operations.destroys.is_empty() || !operations.forgets.is_empty()
    }

    /// What goes although something stays as it is that stands in it or refers to it. `objects`: all of the state.
    fn left_behind(&self, objects: impl IntoIterator<Item = (Address, Record)>) -> Diagnostics {
        let operations = &self.plan.operations;
        let goes = |address: &Address| {
            operations.destroys.contains(address) || operations.forgets.contains(address)
        };
        let after = |address: Address| operations.moves.get(&address).cloned().unwrap_or(address);
        let mut users: BTreeMap<Address, Address> = BTreeMap::new();
        for (address, record) in objects {
            let address = after(address);
            if operations.puts.contains_key(&address) || goes(&address) {
                continue;
            }
            let used = record.references().into_iter().map(after);
            for used in used.chain(address.pipeline()).filter(goes) {
                users.entry(used).or_insert_with(|| address.clone());
            }
        }
        let mut findings = Diagnostics::new();
        for (address, user) in users {
            let text = format!("`{address}` is to go, and `{user}` refers to it.");
            findings.push(Diagnostic::error(IMPOSSIBLE, text).about(address.as_str()));
        }
        findings
    }
}
