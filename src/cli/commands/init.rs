//! `pipeform init`.

use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::installing;
use crate::cli::locking::LockArgs;
use crate::cli::spelling;
use crate::cli::terminal;
use crate::fetch::Options;

/// Fetch the modules that the configuration uses
///
/// Needed only where modules come from git repositories, and again when their sources change. Running it again does no harm.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Take the newest commits of branches and tags, and write them into the lock file
    #[arg(long)]
    upgrade: bool,

    /// Fetch modules; with `false` they must be there already
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = spelling::boolean)]
    get: Option<bool>,

    /// `readonly`: fail rather than change the lock file
    #[arg(long, value_name = "MODE", value_parser = ["readonly"], conflicts_with = "upgrade")]
    lockfile: Option<String>,

    /// Set up where the state is kept; there is nothing to set up for a local state
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = spelling::boolean)]
    backend: Option<bool>,

    /// Accepted as in Terraform, without effect: there is nothing to set up for a local state
    #[arg(long = "reconfigure", hide = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = spelling::boolean)]
    _reconfigure: Option<bool>,

    /// Accepted as in Terraform, without effect: there is nowhere that a local state could move to
    #[arg(long = "migrate-state", hide = true, conflicts_with = "_reconfigure", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = spelling::boolean)]
    _migrate_state: Option<bool>,

    /// Accepted so that a script can give all commands the same options: no state is touched
    #[command(flatten)]
    _lock: LockArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    if !installing::has_configuration(context)? {
        terminal::print(
            "Pipeform initialized in an empty directory!\n\nThe directory has no Pipeform configuration files. You may begin working with Pipeform\nimmediately by creating Pipeform configuration files.\n",
        );
        return Ok(ExitCode::SUCCESS);
    }
    if args.get.unwrap_or(true) {
        terminal::print(if args.upgrade {
            "Upgrading modules...\n"
        } else {
            "Initializing modules...\n"
        });
        let options = Options {
            upgrade: args.upgrade,
            read_only: args.lockfile.is_some(),
            interactive: context.input && context.interactive,
        };
        installing::install(context, options)?;
    } else {
        installing::check(context)?;
    }
    let done = context
        .look
        .bold("Pipeform has been successfully initialized!");
    terminal::print(&format!("\n{done}\n"));
    if context.look.hints {
        terminal::print(
            "\nYou may now begin working with Pipeform. Try running \"pipeform plan\" to see what would\nchange.\n\nIf you ever set or change modules, rerun this command. If you forget, other commands will\ndetect it and remind you to do so.\n",
        );
    }
    Ok(ExitCode::SUCCESS)
}
