//! What goes into a module and what comes out of it: variables, outputs, and the conditions on both.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::assertions::CheckStatus;
use super::builder::Asked;
use super::builder::Builder;
use super::builder::KNOWN;
use super::builder::Name;
use super::conditions::Judging;
use super::conditions::Subject;
use super::conditions::Verdict;
use super::instance::ModuleInstance;
use super::references;
use super::scope::ModuleScope;
use crate::diag::Diagnostic;
use crate::diag::did_you_mean;
use crate::lang::Scope as _;
use crate::lang::Step;
use crate::lang::Value;
use crate::lang::ast::Attribute;
use crate::lang::ast::Expr;
use crate::lang::module::Output;
use crate::lang::module::Variable;
use crate::lang::named;
use crate::lang::variables;
use crate::objects::kind::Kind;

impl<'m> Builder<'m> {
    /// The value of a variable. `None` if it has none, which was reported.
    pub(super) fn variable(
        &self,
        module: &Rc<ModuleInstance<'m>>,
        variable: &Variable,
    ) -> Option<Value> {
        let name = &variable.name.text;
        let caller = module.caller.as_ref();
        let argument = caller.and_then(|caller| argument(&caller.call.arguments, name));
        let place = argument.map_or(variable.name.span, |argument| argument.name.span);
        self.once(
            Asked::Variable(module.number, name.clone()),
            || Name::Text(format!("{}var.{name}", module.prefix())),
            place,
            || match (caller, argument) {
                _ if variable.broken => None,
                (None, _) => self.surroundings.variables.get(name).cloned(),
                (Some(_), None) => variables::default(variable),
                (Some(caller), Some(argument)) => {
                    let scope = ModuleScope::call(self, caller);
                    let value = self.evaluate(&argument.expr, &scope)?;
                    let value = variables::accept(variable, &value, argument.expr.span)
                        .map_err(|diagnostic| scope.report(diagnostic))
                        .ok()?;
                    let path = || named::path(&format!("{}var.{name}", module.prefix()));
                    Some(named::called(value, path))
                }
            },
        )
    }

    /// Evaluates all variables of a module and checks their values. One that does not meet its conditions counts as failed.
    pub(super) fn validate(&self, module: &Rc<ModuleInstance<'m>>) {
        let declared = self.declarations.modules[module.id].module;
        let scope = ModuleScope::module(self, module);
        for variable in declared.variables.values() {
            if self.variable(module, variable).is_none() {
                continue;
            }
            let caller = module.caller.as_ref();
            let argument =
                caller.and_then(|caller| argument(&caller.call.arguments, &variable.name.text));
            let mut status = CheckStatus::Pass;
            for validation in &variable.validations {
                let judging = Judging {
                    summary: "Invalid value for a variable",
                    phase: KNOWN,
                };
                match self.judge(validation, &scope, judging) {
                    Verdict::Fails(finding) => {
                        status = CheckStatus::Fail;
                        let mut diagnostic = finding.label(variable.name.span, "the variable");
                        if let Some(argument) = argument {
                            diagnostic =
                                diagnostic.label(argument.expr.span, "the value is given here");
                        }
                        scope.report(diagnostic);
                    }
                    // It is not checked: there is no instance yet that it could be about.
                    Verdict::Deferred { .. } => status = status.max(CheckStatus::Unknown),
                    Verdict::Holds | Verdict::Broken => {}
                }
            }
            let name = &variable.name.text;
            if status == CheckStatus::Fail {
                self.fail(Asked::Variable(module.number, name.clone()));
            }
            if !variable.validations.is_empty() {
                let address = format!("{}var.{name}", module.prefix());
                self.note_conditions(Subject::Variable, address.into(), status);
            }
        }
    }

    /// The value of an output. `None` if that failed and was reported.
    pub(super) fn output(&self, module: &Rc<ModuleInstance<'m>>, output: &Output) -> Option<Value> {
        let name = &output.name.text;
        self.once(
            Asked::Output(module.number, name.clone()),
            || {
                let owner = if module.is_root() {
                    "output"
                } else {
                    &module.address
                };
                Name::Text(format!("{owner}.{name}"))
            },
            output.name.span,
            || {
                let scope = ModuleScope::module(self, module);
                if !self.meets_preconditions(module, output, &scope) {
                    return None;
                }
                let value = self.evaluate(&output.value, &scope)?;
                let sensitive = value.has_sensitive();
                if module.is_root() && sensitive && !output.sensitive {
                    scope.report(
                        Diagnostic::error(
                            "Output of a sensitive value",
                            "The value is sensitive, so the output must say `sensitive = true`.",
                        )
                        .at(output.value.span)
                        .if_whole(output.place),
                    );
                }
                if module.is_root() && value.has_secret() {
                    scope.report(
                        Diagnostic::error(
                            "Output of a secret",
                            "An output of the root module is kept in the state and can be read by everyone who reads that, and a secret is resolved only when an attempt runs.",
                        )
                        .at(output.value.span)
                        .help("Output where the secret is, without `secret()`."),
                    );
                    return None;
                }
                let value = if output.sensitive && !sensitive {
                    value.conceal()
                } else {
                    value
                };
                if module.is_root() {
                    return Some(value); // nobody reads it
                }
                let path = || named::path(&format!("{}.{name}", module.address));
                Some(named::called(value, path))
            },
        )
    }

    /// Whether the preconditions of an output hold, as far as is known.
    fn meets_preconditions(
        &self,
        module: &ModuleInstance<'m>,
        output: &Output,
        scope: &ModuleScope<'_, 'm>,
    ) -> bool {
        let (mut valid, mut status) = (true, CheckStatus::Pass);
        for precondition in &output.preconditions {
            let judging = Judging {
                summary: "Output precondition failed",
                phase: KNOWN,
            };
            match self.judge(precondition, scope, judging) {
                Verdict::Fails(finding) if self.judges() => {
                    valid = false;
                    scope.report(finding.label(output.name.span, "the output"));
                }
                Verdict::Broken => valid = false,
                Verdict::Deferred { .. } => status = CheckStatus::Unknown,
                Verdict::Fails(_) | Verdict::Holds => {}
            }
        }
        if valid && !output.preconditions.is_empty() {
            let address = format!("{}output.{}", module.prefix(), output.name.text);
            self.note_conditions(Subject::Output, address.into(), status);
        }
        valid
    }

    /// Reads an output by name, for `module.NAME.OUTPUT`.
    pub(super) fn output_named(
        &self,
        module: &Rc<ModuleInstance<'m>>,
        step: &Step,
        scope: &ModuleScope<'_, 'm>,
    ) -> Option<Value> {
        let declared = self.declarations.modules[module.id].module;
        if let Some(output) = declared.outputs.get(&step.name) {
            return self.output(module, output);
        }
        let name = &step.name;
        let diagnostic = if Kind::parse(name).is_some() || matches!(&**name, "var" | "local") {
            Diagnostic::error(
                "Inside of a module",
                format!("What is inside `{}` is reached through its outputs only.", module.address),
            )
            .help(format!(
                "Declare an output in the module, e.g. `output \"result\" {{ value = {name}.… }}`, and read `{}.result` here.",
                module.address
            ))
        } else {
            let known: Vec<_> = declared
                .outputs
                .keys()
                .map(|key| format!("`{key}`"))
                .collect();
            let there_are = match known.as_slice() {
                [] => "It has none".to_owned(),
                _ => format!("There are {}", known.join(", ")),
            };
            Diagnostic::error(
                "Unknown output",
                format!("`{}` has no output `{name}`. {there_are}.", module.address),
            )
            .if_absent(name)
            .help_if(did_you_mean(
                name,
                declared.outputs.keys().map(AsRef::as_ref),
            ))
        };
        scope.report(diagnostic.at(step.span));
        None
    }

    /// The object of all outputs of a module. `None` if one of them failed.
    pub(super) fn outputs(&self, module: &Rc<ModuleInstance<'m>>) -> Option<Value> {
        let declared = self.declarations.modules[module.id].module;
        let mut all = BTreeMap::new();
        for (name, output) in &declared.outputs {
            all.insert(name.clone(), self.output(module, output)?);
        }
        Some(Value::object(all))
    }

    /// What a `depends_on` that stands outside of objects refers to.
    pub(super) fn depends_on(
        &self,
        written: Option<&Expr>,
        scope: &ModuleScope<'_, 'm>,
    ) -> Vec<Value> {
        let Some(expr) = written else {
            return Vec::new();
        };
        let Some(value) = self.evaluate(expr, &scope.waiting()) else {
            return Vec::new();
        };
        match references::waits(&value) {
            Ok(references) => references,
            Err(problem) => {
                scope.report(problem.into_finding("depends_on", expr.span));
                Vec::new()
            }
        }
    }

    /// Looks for mistakes in the `depends_on` of an output. It has no effect: outputs are known before anything runs.
    pub(super) fn check_depends_on(&self, written: Option<&Expr>, scope: &ModuleScope<'_, 'm>) {
        if let Some(expr) = written {
            drop(self.evaluate(expr, &scope.waiting()));
        }
    }
}

fn argument<'a>(arguments: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    arguments
        .iter()
        .find(|argument| &*argument.name.text == name)
}
