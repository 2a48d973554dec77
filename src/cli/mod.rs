//! The command line: the only user of clap, and the only place that prints.
//!
//! Each command is a file in `commands` with its `Args` and one short function; what it prints is drawn by `views`.

mod carrying_out;
mod cases;
mod checks;
mod commands;
mod context;
mod cycles;
mod durations;
mod earlier;
mod errors;
mod familiar;
mod formatting;
mod importing;
mod in_flight;
mod inserted;
mod installing;
mod lacks;
mod locking;
mod manual;
mod moving;
mod planning;
mod policies;
mod preflight;
mod reporting;
mod rerunning;
mod root_module;
mod saved_plan;
mod scope;
mod spelling;
mod statuses;
mod streams;
mod succession;
mod surroundings;
mod target;
mod terminal;
mod untranslated;
mod untrusted;
mod views;
mod workspaces;

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::FromArgMatches as _;
use clap::Parser;

use self::commands::Command;
use self::context::Context;
use self::context::Environment;

/// Data pipelines as code: plan what a change does to the definitions and to the runs, apply it, run what is due.
#[derive(Debug, Parser)]
#[command(name = "pipeform", version, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    global: Global,

    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    /// Switch to this directory before doing anything
    #[arg(long, value_name = "DIR", global = true, display_order = 900)]
    pub(crate) chdir: Option<std::path::PathBuf>,

    /// Print without colours (also: `NO_COLOR`, or output that is not a terminal)
    #[arg(long, global = true, display_order = 901)]
    pub(crate) no_color: bool,

    /// Whether questions may be asked; `false`: what would ask is an error (also: `PIPEFORM_INPUT=0`)
    #[arg(long, value_name = "BOOL", global = true, display_order = 902, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = spelling::boolean)]
    pub(crate) input: Option<bool>,
}

/// The description of the command line.
fn command() -> clap::Command {
    // What is typed counts more than what the environment has put before it.
    manual::added_to(Arguments::command().args_override_self(true), "")
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    terminal::whole(exit_code())
}

/// Runs it, and says how it has ended.
fn exit_code() -> ExitCode {
    if policies::is_asked(std::env::args_os()) {
        return policies::answer();
    }
    let environment = Environment::of_process();
    let command = command();
    let inserted::Arguments { words, added } =
        match inserted::arguments(std::env::args_os(), &environment, &command) {
            Ok(arguments) => arguments,
            Err(failure) => return terminal::failure(&failure),
        };
    let arguments = spelling::normalise(words);
    let as_json = spelling::checks_as_json(&arguments);
    let parsed = command
        .try_get_matches_from(arguments)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) if as_json && error.use_stderr() => return terminal::usage_as_json(&error),
        Err(error) => return terminal::usage(&error, &added),
    };
    let as_json = matches!(&arguments.command, Command::Validate(args) if args.json);
    let result = Context::new(environment, &arguments.global)
        .and_then(|mut context| commands::dispatch(arguments.command, &mut context));
    match result {
        Ok(code) => code,
        Err(failure) if as_json => terminal::failure_as_json(&failure),
        Err(failure) => terminal::failure(&failure),
    }
}
