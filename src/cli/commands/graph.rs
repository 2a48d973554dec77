//! `pipeform graph`.

use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::root_module::RootModule;
use crate::cli::root_module::VariableArgs;
use crate::cli::terminal;
use crate::graph::Graph;

/// Print the graph of the configuration's objects in the language of Graphviz (DOT)
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    variables: VariableArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let module = RootModule::load(context, &args.variables, None)?.valid()?;
    let configuration = &module.configuration;
    let graph = Graph::new(&configuration.objects, &configuration.timetable());
    terminal::print(&graph.dot());
    Ok(ExitCode::SUCCESS)
}
