//! Test files, `*.pipetest.hcl`: cases that let the configuration run on a clock of its own, with imagined work, and say what
//! must come of it.
//!
//! A file is read twice: first for what is wrong with it and for the values of its variables, then, beside the module that has
//! these values, for what is evaluated. Apart from the command because this is a language of its own, if a small one.

mod facts;
mod mocks;

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::context::Context;
use super::cycles::check_graph;
use super::errors::Failure;
use super::root_module::RootModule;
use super::root_module::VariableArgs;
use super::root_module::random;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Sources;
use crate::diag::Span;
use crate::engine::Past;
use crate::engine::compile;
use crate::lang::NoFiles;
use crate::lang::Scope as _;
use crate::lang::Value;
use crate::lang::ast::Block;
use crate::lang::ast::Expr;
use crate::lang::functions::Call;
use crate::lang::module::Condition;
use crate::lang::module::decode::Content;
use crate::lang::module::decode::labels;
use crate::lang::parse_body;
use crate::objects::Moments;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::resolve::Resolver;
use crate::objects::resolve::message_text;
use crate::objects::resolve::verdict;
use crate::rehearsal;
use crate::rehearsal::Bounds;
use crate::rehearsal::Story;
use crate::time::parse_moment;
use facts::Facts;
use mocks::Mocks;

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
    /// What happened, if it came to that, and with which schedules.
    pub(crate) story: Option<(Story, Timetable)>,
}

/// What a test file says, as it is written.
struct Written {
    variables: Option<Block>,
    cases: Vec<Case>,
}

/// A `case` block.
struct Case {
    name: Arc<str>,
    span: Span,
    from: Option<Expr>,
    to: Option<Expr>,
    parallelism: Option<Expr>,
    back_fill: Option<Expr>,
    variables: Option<Block>,
    mocks: Vec<mocks::Written>,
    triggers: Vec<Trigger>,
    assertions: Vec<Condition>,
}

/// A `trigger` block: an on-demand run.
struct Trigger {
    at: Expr,
    addresses: Expr,
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
        let mut sources = module.sources;
        let mut findings = module.diagnostics;
        if !findings.has_errors() {
            findings.extend(check_graph(&module.configuration));
        }
        let mut outcome = Outcome {
            findings,
            sources: Sources::default(),
            story: None,
        };
        if !outcome.findings.has_errors() {
            let file = sources.add(self.name.as_str(), self.text.clone());
            let mut written = Written::read(file, &self.text, &mut scratch);
            if number < written.cases.len() {
                let stage = Stage {
                    case: written.cases.swap_remove(number),
                    objects: &module.configuration.objects,
                    facts: Facts::new(module.variables),
                    now: context.clock.now(),
                };
                outcome.story = stage.play();
                outcome.findings.extend(stage.facts.into_findings());
            }
        }
        outcome.sources = sources;
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

impl Written {
    fn read(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Self {
        let body = parse_body(file, text, diagnostics);
        let whole = Block {
            kind: crate::lang::ast::Ident {
                text: "file".into(),
                span: body.span,
            },
            labels: Vec::new(),
            span: body.span,
            body,
        };
        let content = Content::of(&whole, "a test file");
        let variables = only_block(&content, "variables", diagnostics);
        let cases: Vec<Case> = content
            .blocks("case")
            .filter_map(|block| Case::decode(block, diagnostics))
            .collect();
        content.finish(&["variables", "case"], diagnostics);
        for (number, case) in cases.iter().enumerate() {
            if cases
                .iter()
                .take(number)
                .any(|other| other.name == case.name)
            {
                let detail = format!(
                    "There is a case \"{}\" above. Give this one another name.",
                    case.name
                );
                diagnostics.push(Diagnostic::error("Duplicate case", detail).at(case.span));
            }
        }
        Self { variables, cases }
    }
}

/// The only block of a kind.
fn only_block(
    content: &Content<'_>,
    kind: &'static str,
    diagnostics: &mut Diagnostics,
) -> Option<Block> {
    let mut blocks = content.blocks(kind);
    let first = blocks.next()?;
    labels(first, &[], diagnostics);
    for further in blocks {
        let detail = format!("There is one `{kind}` block already. Put everything into that.");
        diagnostics.push(Diagnostic::error("Duplicate block", detail).at(further.span));
    }
    Some(first.clone())
}

impl Case {
    fn decode(block: &Block, diagnostics: &mut Diagnostics) -> Option<Self> {
        let name = labels(block, &["name"], diagnostics)?.first()?.text.clone();
        let mut content = Content::of(block, "a `case` block");
        let from = content.required("from", diagnostics);
        let to = content.required("to", diagnostics);
        let mut optional = |name| content.take(name).map(|attribute| attribute.expr.clone());
        let (parallelism, back_fill) = (optional("parallelism"), optional("back_fill"));
        let case = Self {
            name,
            span: block.span,
            from,
            to,
            parallelism,
            back_fill,
            variables: only_block(&content, "variables", diagnostics),
            mocks: content
                .blocks("mock")
                .filter_map(|block| mocks::Written::decode(block, diagnostics))
                .collect(),
            triggers: content
                .blocks("trigger")
                .filter_map(|block| Trigger::decode(block, diagnostics))
                .collect(),
            assertions: content
                .blocks("assert")
                .filter_map(|block| Condition::decode(block, "an `assert` block", diagnostics))
                .collect(),
        };
        content.finish(&["variables", "mock", "trigger", "assert"], diagnostics);
        Some(case)
    }
}

impl Trigger {
    fn decode(block: &Block, diagnostics: &mut Diagnostics) -> Option<Self> {
        labels(block, &[], diagnostics);
        let mut content = Content::of(block, "a `trigger` block");
        let at = content.required("at", diagnostics);
        let addresses = content.required("addresses", diagnostics);
        content.finish(&[], diagnostics);
        Some(Self {
            at: at?,
            addresses: addresses?,
        })
    }
}

/// A case and the module it is played with.
struct Stage<'a> {
    case: Case,
    objects: &'a Objects,
    facts: Facts,
    now: Timestamp,
}

impl Stage<'_> {
    /// What happened, unless the case itself is wrong; findings are among the facts.
    fn play(&self) -> Option<(Story, Timetable)> {
        let call = self.call();
        let bounds = self.bounds(&call);
        let mocks = Mocks::read(&self.case.mocks, self.objects, &self.facts, &call);
        let (bounds, mocks) = (bounds?, mocks?);
        let timetable = Timetable::new(self.objects, &Moments::default(), bounds.from);
        let definition = compile(self.objects, &timetable, 1);
        let back_fill = match &self.case.back_fill {
            None => false,
            Some(expr) => self.facts.boolean(expr, &call)?,
        };
        let past = if back_fill {
            Past::default()
        } else {
            rehearsal::finished_until(&definition, bounds.from)
        };
        for trigger in &self.case.triggers {
            self.check_trigger(trigger, &bounds, &timetable, &call)?;
        }
        let mut world = mocks.world(&timetable);
        let story = rehearsal::rehearse(definition, past, bounds, &mut world);
        world.check_intervals(&self.facts);
        let resolver = Resolver::planned(self.objects, &timetable, &call);
        self.facts.tell(&story, resolver);
        for assertion in &self.case.assertions {
            self.check(assertion, &call);
        }
        Some((story, timetable))
    }

    /// Reports a trigger that would do nothing.
    fn check_trigger(
        &self,
        trigger: &Trigger,
        bounds: &Bounds,
        timetable: &Timetable,
        call: &Call<'_>,
    ) -> Option<()> {
        let at = self.moment(&trigger.at, call)?;
        if at < bounds.from || at > bounds.to {
            let detail = "A trigger lies between `from` and `to` of its case.";
            self.facts
                .report(Diagnostic::error("Invalid time", detail).at(trigger.at.span));
            return None;
        }
        let addresses = self
            .facts
            .addresses(&trigger.addresses, self.objects, call)?;
        let scheduled = addresses.iter().find(|it| timetable.schedule(it).is_some());
        if let Some(scheduled) = scheduled {
            let detail = format!(
                "`{scheduled}` has a schedule and runs by that; only what has none is triggered."
            );
            let finding = Diagnostic::error("Nothing to trigger", detail);
            self.facts.report(finding.at(trigger.addresses.span));
            return None;
        }
        Some(())
    }

    fn call(&self) -> Call<'static> {
        Call {
            files: &NoFiles,
            now: self.now,
            random,
            secrets: None,
        }
    }

    fn check(&self, assertion: &Condition, call: &Call<'_>) {
        let Some(value) = self.facts.evaluate(&assertion.condition, call) else {
            return;
        };
        match verdict(&value) {
            Some(true) => {}
            Some(false) => {
                let message = self.facts.evaluate(&assertion.error_message, call);
                let message = message.as_ref().map(message_text).unwrap_or_default();
                let finding = Diagnostic::error("Test assertion failed", message);
                self.facts.report(finding.at(assertion.condition.span));
            }
            None => {
                let detail = format!(
                    "A condition is true or false; this is {}.",
                    value.describe()
                );
                let finding = Diagnostic::error("Invalid condition", detail);
                self.facts.report(finding.at(assertion.condition.span));
            }
        }
    }

    fn bounds(&self, call: &Call<'_>) -> Option<Bounds> {
        let from = self
            .case
            .from
            .as_ref()
            .map(|expr| (expr, self.moment(expr, call)));
        let to = self
            .case
            .to
            .as_ref()
            .map(|expr| (expr, self.moment(expr, call)));
        let triggers: Option<Vec<_>> = self
            .case
            .triggers
            .iter()
            .map(|trigger| {
                let at = self.moment(&trigger.at, call);
                let addresses = self.facts.addresses(&trigger.addresses, self.objects, call);
                Some((at?, addresses?))
            })
            .collect();
        let parallelism = match &self.case.parallelism {
            None => PARALLELISM,
            Some(expr) => self.facts.count(expr, call)?,
        };
        let (Some((_, Some(from))), Some((place, Some(to)))) = (from, to) else {
            return None;
        };
        if to < from || to.duration_since(from) > LONGEST {
            let detail = "A case ends after it begins, and lasts no more than ten years.";
            self.facts
                .report(Diagnostic::error("Invalid times of a case", detail).at(place.span));
            return None;
        }
        Some(Bounds {
            from,
            to,
            parallelism,
            triggers: triggers?,
        })
    }

    /// A moment, in UTC where it has no offset.
    fn moment(&self, expr: &Expr, call: &Call<'_>) -> Option<Timestamp> {
        let text = self.facts.text(expr, call)?;
        moment_of(&text)
            .map_err(|detail| {
                self.facts
                    .report(Diagnostic::error("Invalid time", detail).at(expr.span));
            })
            .ok()
    }
}

/// How many attempts run at once if a case does not say it: the same on every machine.
const PARALLELISM: usize = 16;

/// How long a case may last.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 3660);

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
