//! `pipeform test`.

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use crate::cli::cases::ENDING;
use crate::cli::cases::Outcome;
use crate::cli::cases::TestFile;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::root_module::VariableArgs;
use crate::cli::terminal;
use crate::cli::views::timetable;

/// Where test files are looked for, besides the root module's directory.
const DIRECTORY: &str = "tests";

/// Test the configuration on a clock of its own
///
/// Each `case` of the `*.pipetest.hcl` files, here and in `tests/`, lets the scheduler go through a stretch of time with imagined
/// work (durations, failures, late data) and says what must come of it. Nothing runs and nothing is stored. Exits with 1 when a
/// case fails.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    variables: VariableArgs,

    /// Only these test files
    files: Vec<PathBuf>,

    /// Only cases with these words in their names; may be given several times
    #[arg(long, value_name = "WORDS")]
    case: Vec<String>,

    /// Show the timetable of every case
    #[arg(long)]
    verbose: bool,

    /// As JSON, one case a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let files = files(args, context)?;
    if files.is_empty() {
        return Err(Failure::message(format!(
            "No test files here or in `{DIRECTORY}`.\n\nThe names of test files end in `{ENDING}`."
        )));
    }
    let files = files
        .into_iter()
        .map(|path| read(&path, context))
        .collect::<Result<Vec<_>, _>>()?;
    let (mut passed, mut failed) = (0_u64, 0_u64);
    for file in &files {
        if !args.json {
            terminal::print(&format!("{}\n", file.name));
        }
        for (number, name) in file.cases.iter().enumerate() {
            let meant = |words: &String| name.contains(words.as_str());
            if !args.case.is_empty() && !args.case.iter().any(meant) {
                continue;
            }
            let outcome = file.play(number, context, &args.variables)?;
            if outcome.findings.has_errors() {
                failed += 1;
            } else {
                passed += 1;
            }
            tell(args, (&file.name, name), &outcome);
        }
    }
    if passed + failed == 0 && args.case.is_empty() {
        return Err(Failure::message("There is no `case` in these files."));
    }
    if passed + failed == 0 {
        return Err(Failure::message("No case is meant: none has such a name."));
    }
    if !args.json {
        let verdict = if failed == 0 { "Success!" } else { "Failure!" };
        terminal::print(&format!("\n{verdict} {passed} passed, {failed} failed.\n"));
    }
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Says what a case came to.
fn tell(args: &Args, (file, name): (&str, &str), outcome: &Outcome) {
    let failed = outcome.findings.has_errors();
    let word = if failed { "fail" } else { "pass" };
    if args.json {
        let findings = outcome.findings.iter();
        let findings: Vec<_> = findings
            .map(|finding| {
                let place = finding.span.map(|span| outcome.sources.place(span));
                json!({ "summary": finding.summary, "detail": finding.detail, "place": place })
            })
            .collect();
        let line = json!({ "file": file, "case": name, "status": word, "findings": findings });
        terminal::print(&format!("{line}\n"));
        return;
    }
    terminal::print(&format!("  case \"{name}\"... {word}\n"));
    if args.verbose
        && let Some((story, timetable)) = &outcome.story
    {
        let zone = |address: &_| timetable.timezone(address);
        terminal::print(&format!(
            "\n{}\n",
            timetable::human(story, &zone, &|_| true)
        ));
    }
    if failed {
        terminal::findings(&outcome.findings, &outcome.sources);
        terminal::say("\n");
    }
}

/// The test files that are meant, relative to the root module's directory.
fn files(args: &Args, context: &Context) -> Result<Vec<PathBuf>, Failure> {
    if !args.files.is_empty() {
        return Ok(args.files.clone());
    }
    let mut found = Vec::new();
    for directory in ["", DIRECTORY] {
        let entries = match std::fs::read_dir(context.directory.join(directory)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                let name = context.directory.join(directory);
                let text = format!("The directory `{}` cannot be read: {error}", name.display());
                return Err(Failure::message(text));
            }
        };
        let mut names: Vec<PathBuf> = entries
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().ends_with(ENDING))
            .map(|entry| Path::new(directory).join(entry.file_name()))
            .collect();
        names.sort();
        found.extend(names);
    }
    Ok(found)
}

fn read(path: &Path, context: &Context) -> Result<TestFile, Failure> {
    let name = path.to_string_lossy().into_owned();
    let text = std::fs::read_to_string(context.directory.join(path))
        .map_err(|error| Failure::message(format!("`{name}` cannot be read: {error}")))?;
    TestFile::read(name, text)
}
