//! `pipeform completion`.

use std::process::ExitCode;

use clap_complete::Shell;

use crate::cli;
use crate::cli::terminal;

/// Print what lets a shell complete commands and flags
///
/// The shell reads it when it starts, from one of its directories.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli::command(), "pipeform", &mut script);
    terminal::print(&String::from_utf8_lossy(&script));
    ExitCode::SUCCESS
}
