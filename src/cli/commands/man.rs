//! `pipeform man`.

use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::cli::views;

/// Write man pages: one for Pipeform, and one for each command
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The directory to write them to; left out: Pipeform's own page is printed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let pages = views::man::pages(cli::command());
    let Some(directory) = &args.out else {
        if let Some((_, page)) = pages.first() {
            terminal::print(page);
        }
        return Ok(ExitCode::SUCCESS);
    };
    write(directory, &pages).map_err(|error| {
        Failure::message(format!(
            "--out: `{}` cannot be written to: {error}.",
            directory.display()
        ))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Writes pages below their names.
fn write(directory: &Path, pages: &[(String, String)]) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    for (name, page) in pages {
        std::fs::File::create(directory.join(format!("{name}.1")))?.write_all(page.as_bytes())?;
    }
    Ok(())
}
