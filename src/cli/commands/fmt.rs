//! `pipeform fmt`.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::formatting::Formatter;
use crate::cli::formatting::Reports;
use crate::cli::terminal;

/// The exit code when something could not be formatted.
const WRONG: u8 = 2;
/// The exit code of `--check` when something is not formatted.
const UNFORMATTED: u8 = 3;

/// Write files in the canonical form
///
/// Formats the configuration files (`*.pipe.hcl`), value files (`*.pipevars`) and test files (`*.pipetest.hcl`) of a
/// directory, or single files, to the byte as Terraform would, and lists those that changed. Files in JSON are left alone.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Directories and files; the current directory if there are none. `-` formats standard input
    targets: Vec<PathBuf>,

    /// List the files that change
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    list: Option<bool>,

    /// Write the files; with `false` and `--list=false` the formatted text is printed
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    write: Option<bool>,

    /// Show what changes, line by line
    #[arg(long)]
    diff: bool,

    /// Change nothing, and end with 3 if anything would change
    #[arg(long)]
    check: bool,

    /// Go into the directories inside, too
    #[arg(long)]
    recursive: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let stdin = args.targets.iter().any(|target| target.as_os_str() == "-");
    let reports = Reports {
        list: args.list.unwrap_or(true) && !stdin,
        diff: args.diff,
        text: (stdin || args.list == Some(false) && args.write == Some(false))
            && !args.diff
            && !args.check,
        write: args.write.unwrap_or(true) && !stdin && !args.check,
        recursive: args.recursive,
    };
    let mut formatter = Formatter::new(reports, &context.directory);
    if !stdin {
        formatter.targets(&args.targets);
    } else if args.targets.len() > 1 {
        return Err(Failure::message(
            "`-` stands for standard input, and cannot be formatted together with files.",
        ));
    } else {
        formatter.standard_input();
    }
    let changed = formatter.changed;
    if formatter.diagnostics.has_errors() {
        let findings = (formatter.diagnostics, formatter.sources);
        terminal::failure(&Failure::Findings(Box::new(findings)));
        return Ok(ExitCode::from(WRONG));
    }
    Ok(if args.check && changed {
        ExitCode::from(UNFORMATTED)
    } else {
        ExitCode::SUCCESS
    })
}
