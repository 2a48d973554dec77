//! Saved plans: `plan --out` writes one, `show` shows it, `apply` carries it out, `plan --check` says whether it still holds.
//!
//! A saved plan is made again from what it holds: its operations on what the state said then are the plan that was approved, its
//! operations on what the state says now are the one that is applied.

mod before;
mod files;
mod keep;
mod possible;
mod refusal;
mod renewed;
mod stale;
mod values;
mod whole;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::context::Context;
use super::errors::Failure;
use super::in_flight;
use super::planning;
use super::planning::Before;
use super::planning::Planned;
use super::planning::Settled;
use super::rerunning;
use super::target::Target;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Sources;
use crate::lang::stored as stored_value;
use crate::objects::Objects;
use crate::plan::Relocation;
use crate::plan::saved::SavedPlan;
use crate::plan::saved::archive;
use crate::plan::saved::digest_of_text;
use crate::plan::saved::key::Key;

pub(crate) use keep::Asked;
pub(crate) use keep::configuration;
pub(crate) use keep::keep;
pub(crate) use keep::made;
pub(crate) use renewed::Renewed;

/// How old a plan may be that is applied, unless more is allowed.
pub(crate) const TOLERANCE: SignedDuration = SignedDuration::from_hours(24);

/// The variable with the key that saved plans are encrypted with.
const KEY: &str = "PIPEFORM_PLAN_KEY";

/// The key of saved plans, if there is one.
fn key(context: &Context) -> Result<Option<Key>, Failure> {
    let Some(text) = context.environment.get(KEY) else {
        return Ok(None);
    };
    Key::parse(text).map(Some).ok_or_else(|| {
        Failure::message(format!(
            "{KEY} is no key: it has 32 bytes, written in base64 or as 64 hexadecimal digits.\n\n`openssl rand -base64 32` makes one."
        ))
    })
}

/// The content of the file of a plan: a regular one, since a pipe without a writer would hold up who reads it.
fn content(path: &Path) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    std::fs::read(path)
}

/// A saved plan that was read.
pub(crate) struct Saved {
    /// Where it was read.
    path: PathBuf,
    /// The workspace whose state it is compared with.
    workspace: String,
    /// It.
    pub(crate) plan: SavedPlan,
    /// What the state said when it was made.
    before: Before,
}

impl Saved {
    /// Reads one.
    pub(crate) fn read(context: &Context, path: &Path) -> Result<Self, Failure> {
        let wrong = |problem: &dyn std::fmt::Display| {
            Failure::message(format!(
                "The plan `{}`: {problem}.\n\n`pipeform plan --out=FILE` saves a plan.",
                path.display()
            ))
        };
        let key = key(context)?;
        let bytes = content(path).map_err(|error| wrong(&error))?;
        let plan = archive::unpack(&bytes, key.as_ref()).map_err(|error| wrong(&error))?;
        let before = before::from_json(&plan.before).map_err(|failure| match failure {
            Failure::Message(text) => wrong(&text),
            failure => failure,
        })?;
        Ok(Self {
            path: path.to_owned(),
            workspace: context.workspace.clone(),
            plan,
            before,
        })
    }

    /// The plan as it was approved, made again.
    pub(crate) fn as_made(&self) -> Result<Planned, Failure> {
        let mut planned = self.onto(self.before.clone(), self.plan.made.at)?;
        planned.warnings = self.warnings();
        let effects = &mut planned.plan.effects;
        effects.estimate(&self.before.durations, self.plan.made.at);
        Ok(planned)
    }

    /// The digest of the file, in hexadecimal.
    pub(crate) fn digest(&self) -> Result<String, Failure> {
        let bytes = content(&self.path).map_err(|error| {
            Failure::message(format!("The plan `{}`: {error}.", self.path.display()))
        })?;
        Ok(digest_of_text(&bytes))
    }

    /// What there was to say about it.
    pub(crate) fn warnings(&self) -> Diagnostics {
        let mut warnings = Diagnostics::new();
        for warning in &self.plan.warnings {
            let mut diagnostic = Diagnostic::warning(&*warning.summary, &*warning.detail);
            diagnostic.object.clone_from(&warning.object);
            diagnostic.help.clone_from(&warning.help);
            warnings.push(diagnostic);
        }
        warnings
    }

    /// The plan that its operations are on what a state says.
    fn onto(&self, said: Before, at: Timestamp) -> Result<Planned, Failure> {
        let operations = &self.plan.operations;
        let relocation = Relocation::of(operations.moves.clone());
        let mut target = Target::nothing();
        target.max_runs = self.plan.made.max_runs;
        target.origin.is_configured = !self.plan.configuration.files.is_empty();
        target.forgotten.clone_from(&operations.forgets);
        target.configuration.objects = self.target_objects(&said.objects)?;
        let outputs = said.outputs.iter();
        let mut outputs: BTreeMap<_, _> = outputs
            .map(|(name, value)| (name.clone(), relocation.value(value.clone())))
            .collect();
        for (name, operation) in &operations.outputs {
            match &operation.new {
                None => drop(outputs.remove(name.as_str())),
                Some(value) => {
                    let value = stored_value::from_json(value, FileId::default())
                        .map_err(|error| Failure::message(format!("output `{name}`: {error}")))?;
                    outputs.insert(Arc::from(name.as_str()), value);
                }
            }
        }
        target.configuration.outputs = outputs;
        let mut planned = planning::planned(Settled::kept(said, target, relocation), at)?;
        planned.checks.clone_from(&self.plan.checks);
        self.add_texts(&mut planned.sources);
        let reruns = operations.reruns.iter().cloned();
        let reruns = reruns.map(|again| (again.instance, again.attempts));
        rerunning::add(&mut planned, reruns.collect());
        in_flight::decide(&mut planned, self.plan.made.in_flight);
        Ok(planned)
    }

    /// The objects that there would be after its operations.
    fn target_objects(&self, objects: &Objects) -> Result<Objects, Failure> {
        let operations = &self.plan.operations;
        let relocation = Relocation::of(operations.moves.clone());
        let mut objects = relocation.objects(objects.clone());
        objects.extend(before::objects(operations.puts.clone())?);
        for address in operations.destroys.iter().chain(&operations.forgets) {
            objects.remove(address);
        }
        Ok(objects)
    }

    /// The files of the configuration, for those who look at the plan.
    fn add_texts(&self, sources: &mut Sources) {
        for (name, text) in &self.plan.configuration.texts {
            sources.add(name.as_str(), text.as_str());
        }
    }
}
