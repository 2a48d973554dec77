//! `check` blocks: assertions about the whole, which warn and never stop anything.
//!
//! They are evaluated after everything else. An assertion about deferred attributes of objects is kept: whoever knows the
//! next intervals can try it with their values.

use std::rc::Rc;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::builder::Asked;
use super::builder::Builder;
use super::builder::KNOWN;
use super::builder::Name;
use super::conditions::Judging;
use super::conditions::Verdict;
use super::instance::ModuleInstance;
use super::scope::ModuleScope;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Severity;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::lang::Value;
use crate::lang::ast::Block;
use crate::lang::ast::Ident;
use crate::lang::module::Condition;
use crate::objects::address::Address;

/// The word the block starts with.
pub(super) const WORD: &str = "check";

/// The finding about an assertion that does not hold.
const FAILED: &str = "Check failed";

/// A `check` block as it is written.
#[derive(Debug)]
pub(super) struct CheckBlock {
    /// Its name.
    pub(super) name: Ident,
    /// What it asserts.
    assertions: Vec<Condition>,
}

impl CheckBlock {
    /// Decodes a block.
    pub(super) fn decode(block: &Block, diagnostics: &mut Diagnostics) -> Option<Self> {
        let [name] = block.labels.as_slice() else {
            let detail = format!(
                "A `check` block has one label, its name; this one has {}.",
                block.labels.len()
            );
            diagnostics.push(Diagnostic::error("Wrong number of labels", detail).at(block.span));
            return None;
        };
        for attribute in &block.body.attributes {
            let detail = format!(
                "A `check` block has no attributes; `{}` is not expected here.",
                attribute.name.text
            );
            let help = ["condition", "error_message"]
                .contains(&&*attribute.name.text)
                .then(|| format!("Put `{}` into an `assert` block.", attribute.name.text));
            diagnostics.push(
                Diagnostic::error("Unsupported attribute", detail)
                    .at(attribute.name.span)
                    .help_if(help),
            );
        }
        let mut assertions = Vec::new();
        let mut any = false;
        for inner in &block.body.blocks {
            if &*inner.kind.text == "assert" {
                any = true;
                assertions.extend(Condition::decode(inner, "an `assert` block", diagnostics));
                continue;
            }
            let detail = format!(
                "Blocks of type `{}` are not expected inside a `check` block: it holds `assert` blocks only.",
                inner.kind.text
            );
            diagnostics.push(
                Diagnostic::error("Unsupported block type", detail)
                    .at(inner.kind.span)
                    .help_if(did_you_mean(&inner.kind.text, ["assert"])),
            );
        }
        if !any {
            let detail = "A `check` block needs at least one `assert` block, with `condition` and `error_message`.";
            diagnostics.push(
                Diagnostic::error("Missing block", detail)
                    .at(block.span)
                    .if_whole(block.whole()),
            );
        }
        Some(Self {
            name: name.clone(),
            assertions,
        })
    }
}

/// What a check came to, or the conditions of something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// All its assertions hold.
    Pass,
    /// One of them needs `run`, so that it is not known.
    Unknown,
    /// One of them does not hold.
    Fail,
}

/// A `check` block after evaluation.
#[derive(Clone, Debug)]
pub struct Check {
    /// `check.NAME`, behind the module it stands in.
    pub address: Arc<str>,
    /// Its assertions.
    pub assertions: Vec<Assertion>,
}

impl Check {
    /// What it came to.
    pub fn status(&self) -> CheckStatus {
        let status = |assertion: &Assertion| match assertion {
            Assertion::Holds => CheckStatus::Pass,
            Assertion::Deferred(_) => CheckStatus::Unknown,
            Assertion::Fails(_) => CheckStatus::Fail,
        };
        let all = self.assertions.iter().map(status);
        all.max().unwrap_or(CheckStatus::Pass)
    }
}

/// One assertion of a check.
#[derive(Clone, Debug)]
pub enum Assertion {
    /// It holds.
    Holds,
    /// It does not: the warning.
    Fails(Diagnostic),
    /// It needs `run`.
    Deferred(DeferredAssertion),
}

/// An assertion that needs `run`.
#[derive(Clone, Debug)]
pub struct DeferredAssertion {
    /// What is left of the condition.
    pub condition: Value,
    /// What is said if it does not hold.
    pub error_message: Value,
    /// The objects whose deferred attributes it reads: `run` is theirs.
    pub objects: Vec<Address>,
    /// Where it is written.
    pub span: Span,
}

impl DeferredAssertion {
    /// The warning if it does not hold.
    pub fn failed(&self, check: &str, message: &str) -> Diagnostic {
        Diagnostic::warning(FAILED, message)
            .at(self.span)
            .about(check)
    }

    /// The warning if it cannot be tried either.
    pub fn unknown(&self, check: &str) -> Diagnostic {
        Diagnostic::warning(
            "Check not evaluated",
            "The condition depends on `run`, which is known only when an instance runs, and a check has no instances. It can read deferred attributes of objects with one schedule: then it is tried with their next interval. A condition for every run is a `postcondition` of the object.",
        )
        .at(self.span)
        .about(check)
    }
}

impl<'m> Builder<'m> {
    /// Evaluates the checks of a module.
    pub(super) fn checks(&self, module: &Rc<ModuleInstance<'m>>) -> Vec<Check> {
        let declared = &self.declarations.modules[module.id];
        declared
            .checks
            .iter()
            .map(|block| {
                let address: Arc<str> =
                    format!("{}check.{}", module.prefix(), block.name.text).into();
                let scope = ModuleScope::check(self, module, &address);
                let assertions = block.assertions.iter().enumerate();
                let assertions = assertions
                    .filter_map(|(number, condition)| {
                        self.assertion((&address, number), condition, &scope)
                    })
                    .collect();
                Check {
                    address,
                    assertions,
                }
            })
            .collect()
    }

    fn assertion(
        &self,
        (check, number): (&Arc<str>, usize),
        condition: &Condition,
        scope: &ModuleScope<'_, 'm>,
    ) -> Option<Assertion> {
        let judging = Judging {
            summary: FAILED,
            phase: KNOWN,
        };
        let span = condition.condition.span;
        let mut verdict = Verdict::Broken;
        let asked = Asked::Assertion(check.clone(), number);
        self.once(
            asked.clone(),
            || Name::Text(check.to_string()),
            span,
            || {
                verdict = self.judge(condition, scope, judging);
                None
            },
        );
        match verdict {
            Verdict::Holds => Some(Assertion::Holds),
            Verdict::Broken => None,
            Verdict::Fails(finding) => Some(Assertion::Fails(Diagnostic {
                severity: Severity::Warning,
                object: Some(check.to_string()),
                ..finding
            })),
            Verdict::Deferred {
                condition,
                error_message,
            } => Some(Assertion::Deferred(DeferredAssertion {
                condition,
                error_message,
                objects: self.read_by(check, number),
                span,
            })),
        }
    }

    /// The objects whose deferred attributes an assertion reads.
    fn read_by(&self, check: &Arc<str>, number: usize) -> Vec<Address> {
        let mut objects: Vec<Address> = Vec::new();
        for target in self
            .asserted
            .borrow_mut()
            .remove(&(check.clone(), number))
            .unwrap_or_default()
        {
            let target = Address::new(target);
            if !objects.contains(&target) {
                objects.push(target);
            }
        }
        objects
    }
}
