//! `pipeform test`.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use jiff::Timestamp;

use crate::cli::cases::ENDING;
use crate::cli::cases::Outcome;
use crate::cli::cases::TestFile;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::root_module::VariableArgs;
use crate::cli::terminal;
use crate::cli::views;
use crate::cli::views::cases::Case;
use crate::cli::views::cases::Played;
use crate::cli::views::cases::Tally;
use crate::cli::views::timetable;

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

    /// Only this test file, as with `terraform test`; may be given several times
    #[arg(long, value_name = "FILE")]
    filter: Vec<PathBuf>,

    /// Where test files are looked for, besides here
    #[arg(long, value_name = "DIR", default_value = "tests")]
    test_directory: PathBuf,

    /// Only cases with these words in their names; may be given several times
    #[arg(long, value_name = "WORDS")]
    case: Vec<String>,

    /// Show the timetable of every case
    #[arg(long)]
    verbose: bool,

    /// As machine-readable events, one JSON object a line
    #[arg(long)]
    json: bool,

    /// Write a report in the XML of `JUnit` to this file, too
    #[arg(long, value_name = "FILE")]
    junit_xml: Option<PathBuf>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let now = context.clock.now();
    if args.json {
        terminal::print(&views::json::version(env!("CARGO_PKG_VERSION"), now));
    }
    match play(args, context, now) {
        Err(failure) if args.json => {
            terminal::print(&views::json::failure(&failure, now));
            Err(Failure::Silent)
        }
        result => result,
    }
}

fn play(args: &Args, context: &Context, now: Timestamp) -> Result<ExitCode, Failure> {
    let files = files(args, context)?;
    let meant = meant(args, &files)?;
    let talks = !args.json;
    if !talks {
        terminal::print(&views::cases::overview(&overview(&files, &meant), now));
    }
    let mut tally = Tally::default();
    let mut suites = Vec::new();
    for (file, numbers) in files.iter().zip(&meant) {
        if numbers.is_empty() {
            continue;
        }
        if talks {
            terminal::print(&format!("{}\n", file.name));
        }
        let mut cases = Vec::new();
        let before = tally.failed;
        for number in numbers {
            let outcome = file.play(*number, context, &args.variables)?;
            if outcome.findings.has_errors() {
                tally.failed += 1;
            } else {
                tally.passed += 1;
            }
            let played = Played {
                file: &file.name,
                name: file.cases.get(*number).map_or("", |name| name),
                findings: &outcome.findings,
                sources: &outcome.sources,
            };
            if talks {
                tell(args, &played, &outcome);
            } else {
                terminal::print(&views::cases::case(&played, now));
            }
            cases.push(Case::of(&played));
        }
        if !talks {
            let passes = tally.failed == before;
            terminal::print(&views::cases::file(&file.name, passes, now));
        }
        suites.push((file.name.clone(), cases));
    }
    terminal::print(&if talks {
        format!("\n{}\n", views::cases::verdict(tally))
    } else {
        views::cases::summary(tally, now)
    });
    if let Some(path) = &args.junit_xml {
        write_report(&context.directory.join(path), &suites)?;
    }
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a report is made anew each time, and worth nothing without its run"
)]
fn write_report(path: &Path, suites: &[(String, Vec<Case>)]) -> Result<(), Failure> {
    std::fs::write(path, views::cases::junit(suites)).map_err(|error| {
        Failure::message(format!(
            "The report cannot be written to `{}`: {error}",
            path.display()
        ))
    })
}

/// The numbers of the cases that are meant, of each file.
fn meant(args: &Args, files: &[TestFile]) -> Result<Vec<Vec<usize>>, Failure> {
    let is_meant = |name: &str| {
        args.case.is_empty() || args.case.iter().any(|words| name.contains(words.as_str()))
    };
    let of = |file: &TestFile| {
        let names = file.cases.iter().enumerate();
        let meant = names.filter(|(_, name)| is_meant(name));
        meant.map(|(number, _)| number).collect()
    };
    let meant: Vec<Vec<usize>> = files.iter().map(of).collect();
    if meant.iter().all(Vec::is_empty) {
        return Err(Failure::message(if args.case.is_empty() {
            "There is no `case` in these files."
        } else {
            "No case is meant: none has such a name."
        }));
    }
    Ok(meant)
}

/// The names of the cases that are meant, of each file that has any.
fn overview(files: &[TestFile], meant: &[Vec<usize>]) -> BTreeMap<String, Vec<String>> {
    let names = |(file, numbers): (&TestFile, &Vec<usize>)| {
        let names = numbers.iter().filter_map(|number| file.cases.get(*number));
        let names: Vec<String> = names.map(ToString::to_string).collect();
        (file.name.clone(), names)
    };
    let all = files.iter().zip(meant).map(names);
    all.filter(|(_, names)| !names.is_empty()).collect()
}

/// Says what a case came to.
fn tell(args: &Args, played: &Played<'_>, outcome: &Outcome) {
    let failed = outcome.findings.has_errors();
    let word = if failed { "fail" } else { "pass" };
    terminal::print(&format!("  case \"{}\"... {word}\n", played.name));
    if args.verbose
        && let Some(ending) = &outcome.ending
    {
        let zone = |address: &_| ending.applied.timetable.timezone(address);
        let text = timetable::human(&ending.story, &zone, ending.holds(), &|_| true);
        terminal::print(&format!("\n{text}\n"));
    }
    if failed {
        terminal::findings(&outcome.findings, &outcome.sources);
        terminal::say("\n");
    }
}

/// The test files that are meant, read.
fn files(args: &Args, context: &Context) -> Result<Vec<TestFile>, Failure> {
    let paths: Vec<PathBuf> = args.files.iter().chain(&args.filter).cloned().collect();
    let paths = if paths.is_empty() {
        found(args, context)?
    } else {
        paths
    };
    if paths.is_empty() {
        return Err(Failure::message(format!(
            "No test files here or in `{}`.\n\nThe names of test files end in `{ENDING}`.",
            args.test_directory.display()
        )));
    }
    paths.iter().map(|path| read(path, context)).collect()
}

/// The test files in the root module's directory and in that of tests, relative to the first.
fn found(args: &Args, context: &Context) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for directory in [Path::new(""), &args.test_directory] {
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
            .map(|entry| directory.join(entry.file_name()))
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
