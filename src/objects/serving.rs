//! What serves an instance: its preconditions and actions, which see it as `run.node`.
//!
//! Apart from `resolve`, because nothing that is wrong with the instance may keep them from their work: an action is needed
//! most when something is wrong. What they do not read of it is not held against them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::address::Address;
use super::kind::Kind;
use super::object::Object;
use super::resolve::Nodes;
use super::resolve::Resolved;
use super::resolve::Resolver;
use super::resolve::Try;
use super::resolve::attribute;
use super::resolve::data;
use super::run_scope::RunScope;
use super::run_scope::Wrong;
use super::run_scope::unknown;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Severity;
use crate::lang::Budget;
use crate::lang::Evaluator;
use crate::lang::Phase;
use crate::lang::Value;
use crate::lang::functions::Call;
use crate::time::Interval;

/// Names and what they stand for.
type Names = BTreeMap<Arc<str>, Value>;

impl<'a> Resolver<'a> {
    /// A precondition or action, serving the instance of `node` (an activity or a data node).
    /// `extra` is what `run.node` knows besides: its status, its error.
    pub fn serving(
        &self,
        address: &Address,
        node: &Address,
        interval: Interval,
        of: Try,
        extra: Vec<(Arc<str>, Value)>,
    ) -> Result<Resolved<'a>, Diagnostics> {
        let object = self.object(address)?;
        let (served, wrong) = if self.incomplete.contains_key(node) {
            (unknown(), None)
        } else {
            let (mut names, wrong) = self.served(self.object(node)?, interval, of);
            names.insert(Arc::from("address"), Value::string(node.as_str()));
            names.extend(extra);
            let run = self.run(self.object(node)?, node, interval, of);
            (run.value(names), Some(wrong))
        };
        let run = self.run(object, node, interval, of);
        let run = run.value([(Arc::from("node"), served)]);
        self.attributes_but(object, interval, run, of, wrong.as_ref())
    }

    /// What `run.node` has of an object: its data and its attributes; and what is wrong with the others of them.
    fn served(&self, owner: &Object, interval: Interval, of: Try) -> (Names, Wrong) {
        let (data, wrong) = self.served_data(owner, interval, of);
        let run = self.run(owner, &owner.address, interval, of);
        let run = run.value(data.clone());
        let scope = RunScope {
            wrong: Some(&wrong),
            ..RunScope::new(&run, owner)
        };
        let call = Call {
            now: of.actual_start,
            ..*self.call
        };
        let budget = Budget::default();
        let evaluator = Evaluator::new(&scope, &call, &budget, Phase::Run);
        let mut names = data;
        let mut findings = wrong.findings.clone();
        for (name, value) in &owner.attributes {
            names.extend(
                attribute(&scope, &evaluator, name, value).map(|value| (name.clone(), value)),
            );
            let found = scope.diagnostics.take();
            findings.extend(first_error(&found).map(|finding| (name.clone(), finding)));
        }
        let behind = &["run", "node"];
        (names, Wrong { behind, findings })
    }

    /// The data of an activity.
    fn served_data(&self, owner: &Object, interval: Interval, of: Try) -> (Names, Wrong) {
        let mut findings = BTreeMap::new();
        let mut nodes = |attribute: &str, plural: &str| {
            let nodes = self.nodes(owner, attribute, interval, of);
            nodes.unwrap_or_else(|found| {
                if let Some(finding) = first_error(&found) {
                    findings.insert(Arc::from(plural), finding.clone());
                    findings.insert(Arc::from(attribute), finding);
                }
                Nodes::new()
            })
        };
        let names = if owner.kind() == Kind::Activity {
            let inputs = nodes("input", "inputs");
            let outputs = nodes("output", "outputs");
            data(&inputs, &outputs)
        } else {
            Vec::new()
        };
        let names = names.into_iter();
        let names = names.filter(|(name, _)| !findings.contains_key(name));
        let names = names.collect();
        let behind = &["run"];
        (names, Wrong { behind, findings })
    }
}

fn first_error(findings: &Diagnostics) -> Option<Diagnostic> {
    let mut findings = findings.iter();
    findings
        .find(|finding| finding.severity == Severity::Error)
        .cloned()
}
