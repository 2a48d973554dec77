//! What `check` blocks came to, as warnings: they are shown after the plan and stop nothing.

use crate::diag::Diagnostics;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::configuration::Assertion;
use crate::objects::configuration::Check;
use crate::objects::configuration::CheckStatus;
use crate::objects::configuration::Configuration;
use crate::objects::configuration::DeferredAssertion;
use crate::objects::configuration::Subject;
use crate::objects::resolve::Resolver;
use crate::objects::resolve::message_text;
use crate::objects::resolve::verdict;
use crate::plan::preview::Preview;
use crate::plan::saved::Checked;

/// What assertions about deferred attributes are tried with: the next interval of the objects they read.
#[derive(Clone, Copy)]
pub(crate) struct Trial<'a> {
    /// Evaluates.
    pub(crate) resolver: Resolver<'a>,
    /// What `run` will be.
    pub(crate) preview: &'a Preview,
}

/// The warnings about checks that do not hold or cannot be evaluated.
pub(crate) fn warnings(checks: &[Check], trial: Option<Trial<'_>>) -> Diagnostics {
    let mut warnings = Diagnostics::new();
    for check in checks {
        for assertion in &check.assertions {
            match assertion {
                Assertion::Holds => {}
                Assertion::Fails(warning) => warnings.push(warning.clone()),
                Assertion::Deferred(deferred) => {
                    let tried = trial.map(|trial| trial.of(deferred));
                    match tried {
                        None | Some(Tried::Holds) => {}
                        Some(Tried::Fails(message)) => {
                            warnings.push(deferred.failed(&check.address, &message));
                        }
                        Some(Tried::Unknown) => warnings.push(deferred.unknown(&check.address)),
                    }
                }
            }
        }
    }
    warnings
}

/// What is known of all conditions of a configuration. What checks say of deferred attributes is tried with the next interval.
pub(crate) fn results(
    configuration: &Configuration,
    (resolver, preview): (Resolver<'_>, &Preview),
) -> Vec<Checked> {
    let trial = Trial { resolver, preview };
    let blocks = configuration.checks.iter();
    let others = configuration.conditions.iter();
    let others = others.map(|((subject, address), status)| Checked {
        subject: *subject,
        address: address.to_string(),
        status: *status,
        problems: Vec::new(),
    });
    blocks
        .map(|check| trial.checked(check))
        .chain(others)
        .collect()
}

/// What an assertion came to.
enum Tried {
    Holds,
    Fails(String),
    Unknown,
}

impl Trial<'_> {
    fn checked(&self, check: &Check) -> Checked {
        let (mut status, mut problems) = (CheckStatus::Pass, Vec::new());
        for assertion in &check.assertions {
            let tried = match assertion {
                Assertion::Holds => Tried::Holds,
                Assertion::Fails(warning) => Tried::Fails(warning.detail.clone()),
                Assertion::Deferred(deferred) => self.of(deferred),
            };
            status = status.max(match tried {
                Tried::Holds => CheckStatus::Pass,
                Tried::Unknown => CheckStatus::Unknown,
                Tried::Fails(problem) => {
                    problems.push(problem);
                    CheckStatus::Fail
                }
            });
        }
        Checked {
            subject: Subject::Check,
            address: check.address.to_string(),
            status,
            problems,
        }
    }

    fn of(&self, assertion: &DeferredAssertion) -> Tried {
        let timetable = self.resolver.timetable;
        let Some((first, others)) = assertion.objects.split_first() else {
            return Tried::Unknown;
        };
        let same = |other: &Address| {
            timetable.schedule_address(other) == timetable.schedule_address(first)
        };
        let object = self.resolver.objects.get(first);
        let run = self.preview.run(self.resolver, first);
        let Some((object, run)) = object.zip(run) else {
            return Tried::Unknown;
        };
        if !others.iter().all(same) {
            return Tried::Unknown;
        }
        let evaluated = |value: &Value| match value.clone().unmark() {
            (Value::Deferred(residual), sensitive) => {
                let value = self.resolver.residual(object, &run, &residual)?;
                Some(value.mark(sensitive))
            }
            (value, sensitive) => Some(value.mark(sensitive)),
        };
        match evaluated(&assertion.condition).as_ref().and_then(verdict) {
            Some(true) => Tried::Holds,
            Some(false) => {
                let message = evaluated(&assertion.error_message).unwrap_or(Value::NULL);
                Tried::Fails(message_text(&message))
            }
            None => Tried::Unknown,
        }
    }
}
