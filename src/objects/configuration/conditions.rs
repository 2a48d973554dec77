//! Conditions: what becomes of them when a plan is made, wherever they stand.
//!
//! A condition that needs `run` cannot be judged yet. In the `lifecycle` block of an object it is kept and judged when an
//! instance runs; elsewhere there is no instance, and whoever asks says what that means.

use std::rc::Rc;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::assertions::CheckStatus;
use super::attributes::stored_in_clear;
use super::builder::Asked;
use super::builder::Builder;
use super::builder::KNOWN;
use super::builder::Name;
use super::frames::Frame;
use super::scope::ModuleScope;
use crate::diag::Diagnostic;
use crate::diag::Involved;
use crate::diag::Span;
use crate::lang::Phase;
use crate::lang::Scope as _;
use crate::lang::Step;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Ident;
use crate::lang::module::Condition;
use crate::lang::print;
use crate::lang::references;
use crate::objects::kind::Kind;
use crate::objects::lifecycle::DeferredCondition;
use crate::objects::lifecycle::Lifecycle;
use crate::objects::lifecycle::When;

/// What stands in for a message that cannot be shown.
const PLAIN: &str = "The condition does not hold.";

/// What conditions stand in. The words are Terraform's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subject {
    /// A `check` block.
    #[serde(rename = "check")]
    Check,
    /// An output.
    #[serde(rename = "output_value")]
    Output,
    /// An object.
    #[serde(rename = "resource")]
    Object,
    /// A variable.
    #[serde(rename = "var")]
    Variable,
}

/// What a condition came to.
pub(super) enum Verdict {
    /// It holds.
    Holds,
    /// It does not, and what is said about that.
    Fails(Diagnostic),
    /// It needs `run`.
    Deferred {
        condition: Value,
        error_message: Value,
    },
    /// It could not be evaluated, which was reported.
    Broken,
}

/// How a condition is evaluated, and what is said if it does not hold.
#[derive(Clone, Copy)]
pub(super) struct Judging {
    /// The summary of the finding.
    pub(super) summary: &'static str,
    /// How expressions are evaluated.
    pub(super) phase: Phase,
}

impl<'m> Builder<'m> {
    /// Evaluates a condition and its message; what is wrong with one of them is reported.
    pub(super) fn judge(
        &self,
        condition: &Condition,
        scope: &ModuleScope<'_, 'm>,
        judging: Judging,
    ) -> Verdict {
        let message = self.message(&condition.error_message, scope, judging.phase);
        let Some(value) = self.evaluate_in(&condition.condition, scope, judging.phase) else {
            return Verdict::Broken;
        };
        let holds = match value.clone().unmark().0 {
            Value::Bool(holds) => holds,
            Value::String(text) if matches!(&*text, "true" | "false") => &*text == "true",
            Value::Deferred(_) => {
                return Verdict::Deferred {
                    condition: value,
                    error_message: message.unwrap_or_else(|| Value::string(PLAIN)),
                };
            }
            other => {
                let detail = format!(
                    "A condition is true or false; this is {}.",
                    other.describe()
                );
                scope.report(
                    Diagnostic::error("Invalid condition", detail).at(condition.condition.span),
                );
                return Verdict::Broken;
            }
        };
        if holds {
            return Verdict::Holds;
        }
        let message = match &message {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Sensitive(_)) => {
                format!("{PLAIN} (The message is sensitive and not shown.)")
            }
            Some(Value::Deferred(residual)) => formula(residual),
            _ => PLAIN.to_owned(),
        };
        let mut finding = Diagnostic::error(judging.summary, message).at(condition.condition.span);
        finding.values = self
            .involved(&condition.condition, scope, judging.phase)
            .into();
        Verdict::Fails(finding)
    }

    /// The message of a condition: a string, or deferred, either perhaps sensitive. `None`: that was reported.
    fn message(&self, expr: &Expr, scope: &ModuleScope<'_, 'm>, phase: Phase) -> Option<Value> {
        let (value, sensitive) = self.evaluate_in(expr, scope, phase)?.unmark();
        let text = match value {
            Value::String(_) | Value::Deferred(_) => return Some(value.mark(sensitive)),
            Value::Number(ref number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            _ => None,
        };
        if text.is_none() {
            scope.report(
                Diagnostic::error(
                    "Invalid error message",
                    format!(
                        "An error message is a string; this is {}.",
                        value.describe()
                    ),
                )
                .at(expr.span),
            );
        }
        text.map(|text| Value::string(text).mark(sensitive))
    }

    /// The values of what an expression refers to, as far as they can be shown.
    fn involved(&self, expr: &Expr, scope: &ModuleScope<'_, 'm>, phase: Phase) -> Vec<Involved> {
        let mut involved: Vec<Involved> = Vec::new();
        for path in references(expr) {
            let name = path
                .iter()
                .map(|step| &*step.name)
                .collect::<Vec<_>>()
                .join(".");
            if involved.iter().any(|other| other.name == name) {
                continue;
            }
            let value = self.silently(|| self.evaluate_in(&chain(&path), scope, phase));
            if let Some(value) = value {
                involved.push(Involved {
                    name,
                    value: format!("is {}", value.describe()),
                });
            }
        }
        involved
    }

    /// Checks conditions of an object, once; those that need `run` are kept for it. Whether all hold, as far as is known.
    pub(super) fn check_conditions(
        &self,
        frame: &Rc<Frame<'m>>,
        conditions: &[Condition],
        when: When,
    ) -> bool {
        let place = conditions.first().map(|first| first.condition.span);
        let asked = Asked::Conditions(frame.number, when);
        self.once(
            asked,
            || Name::Text(format!("the {when}s of {}", frame.address)),
            place.unwrap_or_default(),
            || {
                let mut scope = ModuleScope::object(self, frame.clone());
                if when == When::Before {
                    scope = scope.before();
                }
                let mut hold = true;
                for condition in conditions {
                    hold &= self.check_condition(frame, condition, &scope, when);
                }
                let deferred = self.deferred_conditions.borrow();
                let status = if deferred.contains_key(&frame.number) {
                    CheckStatus::Unknown
                } else {
                    CheckStatus::Pass
                };
                self.note_conditions(Subject::Object, frame.address.clone(), status);
                hold.then_some(Value::NULL)
            },
        )
        .is_some()
    }

    fn check_condition(
        &self,
        frame: &Rc<Frame<'m>>,
        condition: &Condition,
        scope: &ModuleScope<'_, 'm>,
        when: When,
    ) -> bool {
        let kind = self.declaration(frame.id).object_type.kind;
        let runs = !matches!(kind, Kind::Pipeline | Kind::Pool | Kind::Schedule);
        let judging = Judging {
            summary: when.summary(),
            phase: if runs {
                Phase::Plan { defer_impure: true }
            } else {
                KNOWN
            },
        };
        match self.judge(condition, scope, judging) {
            Verdict::Holds => true,
            Verdict::Broken => false,
            Verdict::Fails(finding) => {
                if self.judges() {
                    scope.report(finding);
                }
                !self.judges()
            }
            Verdict::Deferred { .. } if !runs => {
                let detail = format!(
                    "The condition depends on `run`, which is known only when an instance runs, and a {} has no instances. Put it on the activities or data nodes that it is about.",
                    kind.as_str()
                );
                scope.report(
                    Diagnostic::error("Invalid condition", detail).at(condition.condition.span),
                );
                false
            }
            Verdict::Deferred {
                condition: value,
                error_message,
            } => {
                let span = condition.condition.span;
                let deferred = DeferredCondition {
                    when,
                    condition: value,
                    error_message,
                };
                self.defer(frame, deferred, span, scope)
            }
        }
    }

    /// Keeps a condition for when an instance runs. Whether it can be kept.
    fn defer(
        &self,
        frame: &Frame<'m>,
        condition: DeferredCondition,
        span: Span,
        scope: &ModuleScope<'_, 'm>,
    ) -> bool {
        if condition.condition.has_secret() || condition.error_message.has_secret() {
            let detail = "A condition and its message are shown when they do not hold, so that no secret may be in them. Check the secret in the command that uses it.";
            scope.report(Diagnostic::error("Secret in the wrong place", detail).at(span));
            return false;
        }
        let sensitive =
            condition.condition.has_sensitive() || condition.error_message.has_sensitive();
        if sensitive && !self.surroundings.allow_plaintext {
            scope.report(stored_in_clear("this condition").at(span));
            return false;
        }
        let mut deferred = self.deferred_conditions.borrow_mut();
        let kept = deferred.entry(frame.number).or_default();
        kept.push((condition, span));
        true
    }

    /// The conditions of an object that need `run`, after they were checked.
    pub(super) fn deferred_conditions(&self, frame: &Frame<'m>) -> Vec<DeferredCondition> {
        let mut deferred = self.deferred_conditions.borrow_mut();
        let mut found = deferred.remove(&frame.number).unwrap_or_default();
        found.sort_by_key(|(condition, _)| condition.when);
        for (number, (_, span)) in found.iter().enumerate() {
            self.note_place(frame, Lifecycle::condition_name(number), *span);
        }
        found.into_iter().map(|(condition, _)| condition).collect()
    }

    /// Remembers what is known of the conditions of something: the worst that is said of it.
    pub(super) fn note_conditions(&self, subject: Subject, address: Arc<str>, status: CheckStatus) {
        let mut conditions = self.conditions.borrow_mut();
        let known = conditions.entry((subject, address)).or_insert(status);
        *known = status.max(*known);
    }

    /// Whether conditions that do not hold are findings: when a plan is made. Else they are only evaluated.
    pub(super) fn judges(&self) -> bool {
        self.surroundings.prior.is_some()
    }
}

/// A message that depends on `run`, as far as it is known.
fn formula(residual: &Expr) -> String {
    let text = print::expression(residual);
    let template = matches!(residual.kind, ExprKind::Template(_))
        .then(|| text.strip_prefix('"')?.strip_suffix('"'))
        .flatten();
    template.unwrap_or(&text).trim().to_owned()
}

/// A chain of names as an expression.
fn chain(path: &[Step]) -> Expr {
    let mut names = path.iter().map(|step| Ident {
        text: step.name.clone(),
        span: step.span,
    });
    let span = path.first().map(|first| first.span).unwrap_or_default();
    let root = names
        .next()
        .map_or(ExprKind::Value(Value::NULL), ExprKind::Name);
    names.fold(Expr { kind: root, span }, |source, name| Expr {
        span,
        kind: ExprKind::Get(Arc::new(source), name),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::configured;
    use super::super::tests::findings;
    use super::*;
    use crate::objects::address::Address;

    /// A pipeline with a data node `n` that has a `lifecycle` block, and an activity that reads its path.
    fn pipeline(path: &str, lifecycle: &str) -> String {
        format!(
            "locals {{\n  one = 1\n}}\npipeline \"p\" {{\n  data_node \"file\" \"n\" {{\n    path = {path}\n    lifecycle {{\n{lifecycle}\n    }}\n  }}\n  activity \"shell_command\" \"a\" {{\n    command = \"cat ${{data_node.n.path}}\"\n  }}\n}}\n"
        )
    }

    fn condition(kind: &str, condition: &str, message: &str) -> String {
        format!(
            "      {kind} {{\n        condition     = {condition}\n        error_message = {message}\n      }}\n"
        )
    }

    #[test]
    fn what_reads_an_object_whose_conditions_do_not_hold_is_not_evaluated() {
        let node = "pipeline.p.data_node.n";
        for (path, conditions, expected) in [
            (
                "[1][3]",
                condition("precondition", "local.one == 2", "\"two\"")
                    + &condition("precondition", "local.one == 3", "\"three\""),
                vec![
                    format!("{node}: Precondition failed: two"),
                    format!("{node}: Precondition failed: three"),
                ],
            ),
            (
                "\"/x\"",
                condition(
                    "postcondition",
                    "self.path == \"/y\"",
                    "\"not ${self.path}\"",
                ),
                vec![format!("{node}: Postcondition failed: not /x")],
            ),
            (
                "\"/${local.one}\"",
                condition("postcondition", "local.one", "\"no bool\""),
                vec![format!(
                    "{node}: Invalid condition: A condition is true or false; this is the number `1`."
                )],
            ),
            (
                "\"/x\"",
                condition("precondition", "local.one == 1", "null"),
                vec![format!(
                    "{node}: Invalid error message: An error message is a string; this is null."
                )],
            ),
            (
                "\"/x\"",
                condition("precondition", "local.one == 2", "sensitive(\"x\")"),
                vec![format!(
                    "{node}: Precondition failed: {PLAIN} (The message is sensitive and not shown.)"
                )],
            ),
            (
                "\"/x\"",
                condition("precondition", "local.one == 2", "\"at ${run.date}\""),
                vec![format!("{node}: Precondition failed: at ${{run.date}}")],
            ),
        ] {
            let root = pipeline(path, &conditions);
            assert_eq!(findings(&[(".", &root)]), expected, "{root}");
        }
    }

    #[test]
    fn conditions_about_runs_are_kept_with_their_object() {
        let conditions = condition("postcondition", "self.path != \"/x\"", "\"bad\"")
            + &condition("precondition", "run.attempt < 4", "\"${run.attempt}\"");
        let root = pipeline("\"/${run.date}\"", &conditions);
        let (configuration, findings) = configured(&[(".", &root)]);
        assert!(findings.is_empty(), "{findings:?}");
        let address = Address::new("pipeline.p.data_node.n");
        let kept: Vec<_> = configuration.objects[&address]
            .lifecycle
            .conditions
            .iter()
            .map(|kept| format!("{} {}", kept.when, print::value(&kept.condition)))
            .collect();
        assert_eq!(
            kept,
            [
                "precondition run.attempt < 4",
                "postcondition \"/${run.date}\" != \"/x\""
            ]
        );
        let place = (address, Lifecycle::condition_name(0));
        assert!(configuration.formulas.contains_key(&place));
    }

    #[test]
    fn checks_come_to_what_the_worst_of_their_assertions_does() {
        let mut root = "locals {\n  one = 1\n}\n".to_owned();
        let texts = ["local.one == 1", "run.date != \"\"", "local.one == 2"];
        for (at, text) in texts.iter().enumerate() {
            let holds = condition("assert", "local.one > 0", "\"\"");
            let other = condition("assert", text, "\"m\"");
            root.extend([format!("check \"c{at}\" {{\n{holds}{other}}}\n")]);
        }
        let (configuration, findings) = configured(&[(".", &root)]);
        assert!(findings.is_empty(), "{findings:?}");
        let found: Vec<_> = configuration
            .checks
            .iter()
            .map(|check| (&*check.address, check.status()))
            .collect();
        assert_eq!(
            found,
            [
                ("check.c0", CheckStatus::Pass),
                ("check.c1", CheckStatus::Unknown),
                ("check.c2", CheckStatus::Fail)
            ]
        );
    }
}
