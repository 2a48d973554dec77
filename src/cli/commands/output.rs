//! `pipeform output`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::planning;
use crate::cli::terminal;
use crate::diag::did_you_mean;
use crate::lang::Value;
use crate::lang::print;

/// Show the outputs of the last apply
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Only this one
    name: Option<String>,

    /// The text itself, without quotes and line end, for scripts
    #[arg(long, requires = "name")]
    raw: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let outputs = planning::read_outputs(&context.read_state()?)?;
    let Some(name) = &args.name else {
        if outputs.is_empty() {
            terminal::say("No outputs: none was applied.\n");
        }
        terminal::print(&lines(&outputs));
        return Ok(ExitCode::SUCCESS);
    };
    let Some(value) = outputs.get(name.as_str()) else {
        let hint = did_you_mean(name, outputs.keys().map(AsRef::as_ref)).unwrap_or_default();
        return Err(Failure::message(format!(
            "There is no output `{name}`. {hint}"
        )));
    };
    let (value, _) = value.clone().unmark_deep();
    if !args.raw {
        terminal::print(&format!("{}\n", print::value_lines(&value)));
        return Ok(ExitCode::SUCCESS);
    }
    match &value {
        Value::String(text) => terminal::print(text),
        Value::Number(_) | Value::Bool(_) => terminal::print(&print::value(&value)),
        _ => {
            return Err(Failure::message(format!(
                "--raw: the output `{name}` is {}; only strings, numbers and bools can be printed raw.",
                value.describe()
            )));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `name = value` for each output; sensitive ones are masked.
pub(super) fn lines(outputs: &BTreeMap<Arc<str>, Value>) -> String {
    let mut lines = String::new();
    for (name, value) in outputs {
        let text = match value {
            Value::Sensitive(_) => "<sensitive>".to_owned(),
            value => print::value_lines(value),
        };
        lines.extend([name, " = ", &text, "\n"]);
    }
    lines
}
