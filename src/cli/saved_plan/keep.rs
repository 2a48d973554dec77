//! `plan --out`: writing a plan to a file.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

use super::before;
use super::key;
use super::values;
use super::whole::digest_of_state;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::planning::Before;
use crate::cli::planning::Planned;
use crate::cli::planning::stored_object;
use crate::diag::FileId;
use crate::fetch::LIBRARY;
use crate::fetch::syntax;
use crate::lang::SourceFile;
use crate::lang::Value;
use crate::lang::constant_value;
use crate::lang::parse_files;
use crate::lang::stored as stored_value;
use crate::objects::Address;
use crate::objects::Blocks;
use crate::objects::Object;
use crate::plan::Action;
use crate::plan::saved::Commit;
use crate::plan::saved::Configuration;
use crate::plan::saved::Made;
use crate::plan::saved::Operations;
use crate::plan::saved::OutputOperation;
use crate::plan::saved::Policies;
use crate::plan::saved::SavedPlan;
use crate::plan::saved::Variable;
use crate::plan::saved::Warning;
use crate::plan::saved::archive;
use crate::plan::saved::digest_of_text;
use crate::plan::saved::seen;
use crate::store::Store;

/// What was asked for with a plan.
pub(crate) struct Asked<'a> {
    /// Whether everything is to be removed.
    pub(crate) destroy: bool,
    /// The options that make it about less than the whole configuration.
    pub(crate) limited: Vec<String>,
    /// What is to run again, as it was written.
    pub(crate) rerun: &'a [String],
    /// What policies say about the plan.
    pub(crate) policies: Option<Policies>,
}

/// Writes a plan to a file; the file is there whole or not at all.
pub(crate) fn keep(
    context: &Context,
    (planned, said, store): (&Planned, Before, &Store),
    asked: &Asked<'_>,
    path: &Path,
) -> Result<(), Failure> {
    if syntax(&path.to_string_lossy()).is_some() {
        return Err(Failure::message(format!(
            "--out: `{}` is a name of configuration files, and would be read as one. Save the plan under another name.",
            path.display()
        )));
    }
    let key = key(context)?;
    if key.is_none() {
        refuse_clear(planned, &said)?;
    }
    let operations = operations(planned);
    let mut configuration = configuration(planned);
    configuration.values = values::read(context, planned, &configuration.variables, key.as_ref());
    let plan = SavedPlan {
        made: made(context, planned, asked),
        seen: seen(&before::records(&said.objects), &operations),
        operations,
        state: digest_of_state(store, &said.head)?,
        configuration,
        warnings: warnings(planned),
        checks: planned.checks.clone(),
        policies: asked.policies.clone(),
        before: before::to_json(said)?,
    };
    let bytes = archive::pack(&plan, key.as_ref())
        .map_err(|error| Failure::message(format!("--out: the plan: {error}")))?;
    write(path, &bytes).map_err(|error| {
        Failure::message(format!(
            "--out: `{}` cannot be written: {}",
            path.display(),
            plain(&error)
        ))
    })
}

/// Why something cannot be written, without the name that it has until it is whole.
fn plain(error: &std::io::Error) -> String {
    let code = error.raw_os_error().or_else(|| {
        let inner = error.get_ref()?.source()?;
        inner.downcast_ref::<std::io::Error>()?.raw_os_error()
    });
    match (code, error.kind()) {
        (Some(code), _) => std::io::Error::from_raw_os_error(code).to_string(),
        (None, std::io::ErrorKind::NotFound) => "there is no such directory".to_owned(),
        (None, kind) => std::io::Error::from(kind).to_string(),
    }
}

/// The circumstances of a plan.
pub(crate) fn made(context: &Context, planned: &Planned, asked: &Asked<'_>) -> Made {
    Made {
        at: planned.plan.at,
        who: context.who(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        lineage: if planned.plan.serial == 0 {
            String::new() // nothing was ever applied: there is no state yet
        } else {
            planned.plan.lineage.clone()
        },
        serial: planned.plan.serial,
        workspace: context.workspace.clone(),
        destroy: asked.destroy,
        limited: asked.limited.clone(),
        rerun: asked.rerun.to_vec(),
        in_flight: planned.in_flight,
        max_runs: planned.max_runs,
        // Where the configuration is not trusted, no command is run in its directory.
        commit: match context.fence {
            None => commit(&context.directory),
            Some(_) => None,
        },
    }
}

/// Writes a file that only its owner may read, under its name only when it is whole.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if path.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    std::io::Write::write_all(&mut file, bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Nothing sensitive is written in clear, also where the state has it so.
fn refuse_clear(planned: &Planned, said: &Before) -> Result<(), Failure> {
    let objects = said.objects.values().chain(planned.next_objects().values());
    let objects: BTreeSet<&Address> = objects
        .filter(|object| is_clear(object))
        .map(|object| &object.address)
        .collect();
    let outputs = said.outputs.iter().chain(planned.outputs());
    let outputs: BTreeSet<&str> = outputs
        .filter(|(_, value)| value.has_sensitive())
        .map(|(name, _)| &**name)
        .collect();
    let mut holders: Vec<String> = Vec::new();
    holders.extend(objects.iter().map(|address| format!("`{address}`")));
    holders.extend(outputs.iter().map(|name| format!("the output `{name}`")));
    if holders.is_empty() {
        return Ok(());
    }
    Err(Failure::message(format!(
        "--out: the plan would hold sensitive values in clear, of {}.\n\nSet `PIPEFORM_PLAN_KEY` to a key of 32 bytes, e.g. from `openssl rand -base64 32`, here and for `apply`: then saved plans are encrypted. Better is `secret(\"env://NAME\")`, which keeps the value out of the plan and of the state.",
        holders.join(", ")
    )))
}

fn is_clear(object: &Object) -> bool {
    object.attributes.iter().any(|(name, value)| {
        let schema = object.object_type.attribute(name);
        let literal = schema.is_some_and(|schema| schema.sensitive)
            && *value != Value::NULL
            && !value.has_secret();
        literal || value.has_sensitive()
    })
}

/// What an apply of a plan does.
pub(super) fn operations(planned: &Planned) -> Operations {
    let mut operations = Operations {
        reruns: planned.again.clone(),
        ..Operations::default()
    };
    for (old, new) in planned.relocation().pairs() {
        operations.moves.insert(old.clone(), new.clone());
    }
    for change in &planned.plan.changes {
        let address = change.address.clone();
        match (change.action, &change.new) {
            (Action::Create | Action::Update, Some(object)) => {
                let (address, record) = before::record(stored_object(object));
                operations.puts.insert(address, record);
            }
            (Action::Delete, _) => {
                operations.destroys.insert(address);
            }
            (Action::Forget, _) => {
                operations.forgets.insert(address);
            }
            _ => {}
        }
    }
    for change in &planned.plan.output_changes {
        if change.action != Action::NoOp {
            let operation = OutputOperation {
                old: change.old.as_ref().map(stored_value::to_json),
                new: change.new.as_ref().map(stored_value::to_json),
            };
            operations
                .outputs
                .insert(change.name.to_string(), operation);
        }
    }
    let lifted = planned.plan.held.iter().filter(|held| held.lifted);
    operations
        .lifts
        .extend(lifted.map(|held| held.address.clone()));
    operations
}

/// Whether a text is one of the configuration's files, and not of the library, which is part of the program.
fn is_configuration(name: &str) -> bool {
    syntax(name).is_some() && !name.starts_with(LIBRARY)
}

/// What a plan was made of.
pub(crate) fn configuration(planned: &Planned) -> Configuration {
    let texts = planned.sources.iter();
    let texts: BTreeMap<String, String> = texts
        .filter(|(name, _)| is_configuration(name))
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect();
    let mut files: BTreeMap<String, String> = texts
        .iter()
        .map(|(name, text)| (name.clone(), digest_of_text(text.as_bytes())))
        .collect();
    let texts = texts.into_iter().map(|(name, text)| {
        let text = without_secrets(&name, text);
        (name, text)
    });
    let origin = &planned.origin;
    let read = origin.read.iter();
    files.extend(read.map(|(path, digest)| (path.to_string_lossy().into_owned(), digest.clone())));
    let variables = origin.variables.iter().map(|(name, value)| {
        let variable = if origin.sensitive.contains(name) || value.has_sensitive() {
            Variable::Sensitive
        } else {
            Variable::Value(stored_value::to_json(value))
        };
        (name.to_string(), variable)
    });
    Configuration {
        files,
        values: None,
        texts: texts.collect(),
        variables: variables.collect(),
    }
}

/// The text of a file with stars in the place of the defaults of sensitive variables.
fn without_secrets(name: &str, mut text: String) -> String {
    let Some(syntax) = syntax(name) else {
        return text;
    };
    let file = SourceFile {
        file: FileId::default(),
        text: &text,
        syntax,
    };
    let mut spans: Vec<Range<usize>> = Vec::new();
    for parsed in parse_files(&[file], &Blocks, 1) {
        for block in parsed.body.blocks {
            let find = |name: &str| {
                let mut attributes = block.body.attributes.iter();
                let found = attributes.find(|attribute| &*attribute.name.text == name);
                found.map(|attribute| &attribute.expr)
            };
            let says = find("sensitive").and_then(constant_value);
            let default = find("default").filter(|_| &*block.kind.text == "variable");
            if let (Some(Value::Bool(true)), Some(default)) = (says, default) {
                spans.push(default.span.start as usize..default.span.end as usize);
            }
        }
    }
    spans.sort_by_key(|span| span.start);
    for span in spans.into_iter().rev() {
        if text.get(span.clone()).is_some() {
            text.replace_range(span, "\"(sensitive)\"");
        }
    }
    text
}

fn warnings(planned: &Planned) -> Vec<Warning> {
    let warnings = planned.warnings.iter();
    warnings
        .map(|warning| Warning {
            summary: warning.summary.clone(),
            detail: warning.detail.clone(),
            object: warning.object.clone(),
            help: warning.help.clone(),
        })
        .collect()
}

/// The commit that the configuration is of; `None` outside of git, and where there is no git.
fn commit(directory: &Path) -> Option<Commit> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(directory)
            // Nothing that the repository names is run, and a directory is no repository because it looks like one.
            .args([
                "-c",
                "core.fsmonitor=false",
                "-c",
                "safe.bareRepository=explicit",
            ])
            .args(arguments)
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    Some(Commit {
        hash: git(&["rev-parse", "HEAD"])?,
        changed: !git(&["status", "--porcelain", "--", "."])?.is_empty(),
    })
}
