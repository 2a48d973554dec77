//! Test files, `*.pipetest.hcl`: cases that let the configuration run on a clock of its own, with imagined work, and say what
//! must come of it.
//!
//! A file is read twice: first for what is wrong with it and for the values of its variables, then, beside the module that has
//! these values, for what is evaluated. Apart from the command because this is a language of its own, if a small one.

mod applier;
mod facts;
mod mocks;
mod operations;
mod records;
mod stage;
mod world;
mod written;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::context::Context;
use super::cycles::check_graph;
use super::errors::Failure;
use super::root_module::RootModule;
use super::root_module::VariableArgs;
use super::root_module::random;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Sources;
use crate::engine::Paused;
use crate::lang::NoFiles;
use crate::lang::Value;
use crate::lang::ast::Block;
use crate::lang::functions::Call;
use crate::objects::Address;
use crate::objects::Objects;
use crate::rehearsal::Applied;
use crate::rehearsal::Story;
use crate::runtime::Holds;
use crate::time::parse_moment;
use applier::Applier;
use facts::Facts;
use stage::Stage;
use written::Written;

/// How the names of test files end.
pub(crate) const ENDING: &str = ".pipetest.hcl";

/// A test file that is right as far as can be seen without the module.
pub(crate) struct TestFile {
    /// Its name, as findings and reports have it.
    pub(crate) name: String,
    text: Arc<str>,
    /// The names of its cases, in order.
    pub(crate) cases: Vec<Arc<str>>,
}

/// What a case came to.
pub(crate) struct Outcome {
    /// What is wrong; empty if all is as it must be.
    pub(crate) findings: Diagnostics,
    /// The texts that findings point into.
    pub(crate) sources: Sources,
    /// What happened, if it came to that.
    pub(crate) ending: Option<Ending>,
}

/// What happened in a case, and how things stood when it ended.
pub(crate) struct Ending {
    /// What happened.
    pub(crate) story: Story,
    /// What was applied last.
    pub(crate) applied: Arc<Applied>,
    /// What was paused.
    pauses: BTreeMap<Address, Paused>,
}

impl Ending {
    /// What held objects.
    pub(crate) fn holds(&self) -> Holds<'_> {
        Holds {
            objects: &self.applied.objects,
            pauses: &self.pauses,
        }
    }
}

impl TestFile {
    /// Reads a test file. What is wrong with it is all reported.
    pub(crate) fn read(name: String, text: String) -> Result<Self, Failure> {
        let text: Arc<str> = text.into();
        let mut sources = Sources::default();
        let file = sources.add(name.as_str(), text.clone());
        let mut diagnostics = Diagnostics::new();
        let written = Written::read(file, &text, &mut diagnostics);
        if diagnostics.has_errors() {
            return Err(Failure::Findings(Box::new((diagnostics, sources))));
        }
        let cases = written.cases.into_iter().map(|case| case.name).collect();
        Ok(Self { name, text, cases })
    }

    /// Lets a case run, by its number.
    pub(crate) fn play(
        &self,
        number: usize,
        context: &Context,
        arguments: &VariableArgs,
    ) -> Result<Outcome, Failure> {
        let mut scratch = Diagnostics::new();
        let written = Written::read(FileId::default(), &self.text, &mut scratch);
        let mut arguments = arguments.clone();
        let case = written.cases.get(number);
        let variables = [Some(&written.variables), case.map(|case| &case.variables)];
        for block in variables.into_iter().flatten().flatten() {
            arguments = arguments.with_text(&self.name, self.only(block));
        }
        let module = RootModule::load(context, &arguments, Some(&Objects::new()))?;
        let mut outcome = Outcome {
            findings: module.diagnostics,
            sources: module.sources,
            ending: None,
        };
        if !outcome.findings.has_errors() {
            outcome.findings.extend(check_graph(&module.configuration));
        }
        if outcome.findings.has_errors() {
            return Ok(outcome);
        }
        let file = outcome.sources.add(self.name.as_str(), self.text.clone());
        let mut written = Written::read(file, &self.text, &mut scratch);
        if number >= written.cases.len() {
            return Ok(outcome);
        }
        let facts = Facts::new(module.variables);
        let mut applier = Applier {
            file: self,
            root: context,
            arguments,
            source: None,
            sources: outcome.sources,
        };
        let call = Call {
            files: &NoFiles,
            now: context.clock.now(),
            random,
            secrets: None,
        };
        let stage = Stage {
            case: written.cases.swap_remove(number),
            objects: &module.configuration.objects,
            places: &module.configuration.places,
            facts: &facts,
            call: &call,
            applier: &mut applier,
        };
        outcome.ending = stage.play();
        outcome.sources = applier.sources;
        outcome.findings.extend(facts.into_findings());
        Ok(outcome)
    }

    /// The content of a block, where it stands, and nothing else: as a value file that has its lines.
    fn only(&self, block: &Block) -> String {
        let span = block.body.span;
        // Without its braces.
        let inside = span.start as usize + 1..(span.end as usize).saturating_sub(1);
        let mut only = String::with_capacity(self.text.len());
        for (at, letter) in self.text.char_indices() {
            if letter == '\n' || inside.contains(&at) {
                only.push(letter);
            } else {
                only.extend(std::iter::repeat_n(' ', letter.len_utf8()));
            }
        }
        only
    }
}

/// A moment from its text, in UTC where it has no offset; else what is wrong with it.
fn moment_of(text: &str) -> Result<Timestamp, String> {
    parse_moment(text)
        .and_then(|moment| moment.timestamp(&TimeZone::UTC))
        .map_err(|error| format!("{error}."))
}

/// A value that is a string.
fn as_text(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Sensitive(inner) => as_text(inner),
        _ => None,
    }
}
