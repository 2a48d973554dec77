//! Configurations that are applied in the middle of a case: read as an apply would read them, and refused where it would refuse.

use std::path::Path;
use std::sync::Arc;

use super::TestFile;
use super::facts::Facts;
use super::written::Apply;
use crate::cli::context::Context;
use crate::cli::cycles::check_graph;
use crate::cli::errors::Failure;
use crate::cli::root_module::RootModule;
use crate::cli::root_module::VariableArgs;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::lang::Scope as _;
use crate::objects::Objects;
use crate::plan::Relocation;
use crate::plan::diff;
use crate::plan::forget;
use crate::plan::protected;

/// Reads configurations one after the other: what one does not say stays as it was.
pub(super) struct Applier<'a> {
    pub(super) file: &'a TestFile,
    pub(super) root: &'a Context,
    /// The values of variables so far.
    pub(super) arguments: VariableArgs,
    /// Where the configuration is, if not in the root module's directory.
    pub(super) source: Option<Arc<str>>,
    /// The texts that findings point into.
    pub(super) sources: Sources,
}

impl Applier<'_> {
    /// The objects of what an `apply` block applies after `before`; `None` if it cannot be applied, which was reported.
    pub(super) fn read(
        &mut self,
        apply: &Apply,
        source: Option<Arc<str>>,
        before: &Objects,
        facts: &Facts,
    ) -> Option<Objects> {
        if let Some(variables) = &apply.variables {
            let text = self.file.only(variables);
            self.arguments = self.arguments.clone().with_text(&self.file.name, text);
        }
        self.source = source.or_else(|| self.source.take());
        let elsewhere = self.source.as_deref();
        let context = elsewhere.map(|path| self.root.elsewhere(Path::new(path)));
        let context = context.as_ref().unwrap_or(self.root);
        let sources = self.sources.clone();
        let refuse = |detail: String| {
            let finding = Diagnostic::error("Cannot be applied", detail);
            facts.report(finding.at(apply.span));
        };
        let module = match RootModule::load_beside(context, &self.arguments, Some(before), sources)
        {
            Ok(module) => module,
            Err(Failure::Message(text)) => {
                refuse(text.replace("\n\n", " "));
                return None;
            }
            Err(Failure::Findings(found) | Failure::Denied(found)) => {
                self.sources = found.1;
                report(found.0, apply, facts);
                return None;
            }
            Err(Failure::Silent) => return None,
        };
        self.sources = module.sources;
        let mut findings = module.diagnostics;
        let configuration = module.configuration;
        if !findings.has_errors() {
            // Warnings were given when the case began.
            findings = check_graph(&configuration);
        }
        let statements = &configuration.statements;
        let moves = Relocation::find(&statements.moves, before, &configuration.objects);
        if !findings.has_errors()
            && let Some((from, to)) = moves.pairs().next()
        {
            refuse(format!(
                "`{from}` would become `{to}`, and no object gets another address while something runs: nor does it in a case. Let the case begin with the new addresses."
            ));
            return None;
        }
        if !findings.has_errors() {
            let mut changes = diff(before, &configuration.objects);
            forget(&mut changes, |address| statements.forgets(address));
            findings = protected(&changes, &configuration.places);
        }
        if findings.has_errors() {
            report(findings, apply, facts);
            return None;
        }
        Some(configuration.objects)
    }
}

/// Reports what is wrong with what a block applies.
fn report(findings: Diagnostics, apply: &Apply, facts: &Facts) {
    for finding in findings {
        facts.report(finding.label(apply.span, "applied here"));
    }
}
