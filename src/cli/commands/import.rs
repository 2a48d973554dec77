//! `pipeform import`.

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::import::definition;
use crate::import::definition::Definition;
use crate::import::translate;
use crate::import::translate::File;

/// Turn definitions of AWS Data Pipeline into configuration
///
/// Reads the JSON of the console and of `aws datapipeline get-pipeline-definition`, answers of the API, templates of
/// CloudFormation (JSON or YAML), and what `terraform show -json` prints. Each pipeline becomes a file of its own, with its variables
/// and their values beside it. What has no place in a configuration is named. With errors nothing is written.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The definition
    file: PathBuf,

    /// The values of its parameters, as the command line of AWS takes them: `{"values": {…}}`. They go before those in the definition
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,

    /// What the pipeline is called; left out: what the definition says, else the name of the file
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Where the files are written; the directory is made if it is not there
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,

    /// Overwrite files that are there
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let mut sources = Sources::default();
    let mut found = Diagnostics::new();
    let mut definitions = read(&args.file, context, &mut sources, &mut found)?;
    if let Some(values) = &args.values {
        let read = read_values(values, context, &mut sources, &mut found)?;
        for definition in &mut definitions {
            definition.values.extend(read.values.clone());
        }
    }
    name(&mut definitions, args);
    let files = if found.has_errors() {
        Vec::new()
    } else {
        translate::translate(&definitions, &mut found)
    };
    if found.has_errors() {
        return Err(Failure::Findings(Box::new((found, sources))));
    }
    let directory = context.directory.join(&args.out);
    refuse_to_overwrite(&files, &directory, args)?;
    terminal::findings(&found, &sources);
    for file in &files {
        write(file, &directory)?;
        terminal::print(&format!("{}\n", shown(file, args)));
    }
    Ok(ExitCode::SUCCESS)
}

fn text(path: &Path, context: &Context) -> Result<String, Failure> {
    let bytes = std::fs::read(context.directory.join(path)).map_err(|error| {
        Failure::message(format!("`{}` cannot be read: {error}.", path.display()))
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::message(format!(
            "`{}` is not UTF-8 from byte {at} on. Save it as UTF-8.",
            path.display()
        ))
    })
}

fn read(
    path: &Path,
    context: &Context,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Result<Vec<Definition>, Failure> {
    let text = text(path, context)?;
    let file = sources.add(path.display().to_string(), text.as_str());
    let (definitions, findings) = definition::read(file, &text);
    found.extend(findings);
    Ok(definitions)
}

fn read_values(
    path: &Path,
    context: &Context,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Result<Definition, Failure> {
    let text = text(path, context)?;
    let file = sources.add(path.display().to_string(), text.as_str());
    let (values, findings) = definition::read_values(file, &text);
    found.extend(findings);
    Ok(values)
}

/// Gives a name to definitions whose file has none.
fn name(definitions: &mut [Definition], args: &Args) {
    let stem = args.file.file_stem().map(|stem| stem.to_string_lossy());
    for definition in definitions {
        if let Some(name) = &args.name {
            definition.name = Some(name.clone());
        } else if definition.name.is_none() {
            definition.name = stem.as_deref().map(str::to_owned);
        }
    }
}

fn refuse_to_overwrite(files: &[File], directory: &Path, args: &Args) -> Result<(), Failure> {
    let there: Vec<String> = files
        .iter()
        .filter(|file| directory.join(&file.name).exists())
        .map(|file| shown(file, args))
        .collect();
    if there.is_empty() || args.force {
        return Ok(());
    }
    Err(Failure::message(format!(
        "These files are there already: {}. Nothing was written; write elsewhere with `--out`, or over them with `--force`.",
        there.join(", ")
    )))
}

/// Where a file is written, as people would type it.
fn shown(file: &File, args: &Args) -> String {
    let path = args.out.join(&file.name);
    path.strip_prefix(".")
        .unwrap_or(&path)
        .display()
        .to_string()
}

/// Writes a file whole, or not at all.
fn write(file: &File, directory: &Path) -> Result<(), Failure> {
    let target = directory.join(&file.name);
    let failed = |error: std::io::Error| {
        Failure::message(format!(
            "`{}` cannot be written: {error}.",
            target.display()
        ))
    };
    let beside = target.parent().unwrap_or(directory);
    std::fs::create_dir_all(beside).map_err(failed)?;
    let mut written = tempfile::NamedTempFile::new_in(beside).map_err(failed)?;
    std::io::Write::write_all(&mut written, file.text.as_bytes()).map_err(failed)?;
    written
        .persist(&target)
        .map(drop)
        .map_err(|error| failed(error.error))
}
