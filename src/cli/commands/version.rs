//! `pipeform version`.

use std::process::ExitCode;

use crate::cli::terminal;

/// Show the version
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let version = env!("CARGO_PKG_VERSION");
    if args.json {
        let platform = format!("{}_{}", std::env::consts::OS, std::env::consts::ARCH);
        let json = serde_json::json!({ "pipeform_version": version, "platform": platform });
        terminal::print(&format!("{json}\n"));
    } else {
        terminal::print(&format!("Pipeform v{version}\n"));
    }
    ExitCode::SUCCESS
}
