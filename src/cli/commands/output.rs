//! `pipeform output`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::planning;
use crate::cli::terminal;
use crate::cli::views::literal;
use crate::diag::did_you_mean;
use crate::lang::Value;
use crate::lang::print;
use crate::lang::type_of;

/// Show the outputs of the last apply
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Only this one
    name: Option<String>,

    /// The text itself, without quotes and line end, for scripts
    #[arg(long, requires = "name", conflicts_with = "json")]
    raw: bool,

    /// As JSON: all with type and sensitivity, or the value of one. What is sensitive is shown
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let outputs = planning::read_outputs(&context.read_state()?)?;
    let Some(name) = &args.name else {
        if args.json {
            terminal::print(&format!("{}\n", all_as_json(&outputs)));
            return Ok(ExitCode::SUCCESS);
        }
        if outputs.is_empty() {
            terminal::say("No outputs: none was applied.\n");
        }
        terminal::print(&lines(&outputs));
        return Ok(ExitCode::SUCCESS);
    };
    let Some(value) = outputs.get(name.as_str()) else {
        return Err(Failure::message(missing(name, &outputs)));
    };
    let (value, _) = value.clone().unmark_deep();
    if args.json {
        terminal::print(&format!("{}\n", literal::json(&value)));
        return Ok(ExitCode::SUCCESS);
    }
    if !args.raw {
        terminal::print(&format!("{}\n", literal::human(&value)));
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

/// What is said about an output that is not there.
fn missing(name: &str, outputs: &BTreeMap<Arc<str>, Value>) -> String {
    let told = format!("There is no output `{name}`");
    match did_you_mean(name, outputs.keys().map(AsRef::as_ref)) {
        Some(hint) => format!("{told}. {hint}"),
        None if outputs.is_empty() => format!("{told}: none was applied."),
        None => format!("{told}. `pipeform output` lists those that there are."),
    }
}

/// All outputs in Terraform's shape. It is put together as text, since numbers keep all their digits.
fn all_as_json(outputs: &BTreeMap<Arc<str>, Value>) -> String {
    let output = |(name, value): (&Arc<str>, &Value)| {
        let (plain, sensitive) = value.clone().unmark_deep();
        let (name, ty) = (json!(name), type_of(&plain).to_json());
        let value = literal::json(&plain);
        format!("{name}:{{\"sensitive\":{sensitive},\"type\":{ty},\"value\":{value}}}")
    };
    let all: Vec<String> = outputs.iter().map(output).collect();
    spread(&format!("{{{}}}", all.join(",")))
}

/// JSON without blanks, spread over lines that are indented by two blanks a level.
fn spread(json: &str) -> String {
    let mut text = String::with_capacity(2 * json.len());
    let mut level: usize = 0;
    let (mut quoted, mut escaped) = (false, false);
    let line = |text: &mut String, level: usize| {
        text.push('\n');
        text.push_str(&"  ".repeat(level));
    };
    let mut chars = json.chars().peekable();
    while let Some(char) = chars.next() {
        if quoted {
            text.push(char);
            quoted = escaped || char != '"';
            escaped = char == '\\' && !escaped;
            continue;
        }
        if matches!(char, '}' | ']') {
            level = level.saturating_sub(1);
            if !text.ends_with(['{', '[']) {
                line(&mut text, level);
            }
        }
        text.push(char);
        match char {
            '"' => quoted = true,
            ':' => text.push(' '),
            ',' => line(&mut text, level),
            '{' | '[' => {
                level += 1;
                if !matches!(chars.peek(), Some('}' | ']')) {
                    line(&mut text, level);
                }
            }
            _ => {}
        }
    }
    text
}

/// `name = value` for each output; one with anything sensitive in it is masked.
pub(super) fn lines(outputs: &BTreeMap<Arc<str>, Value>) -> String {
    let mut lines = String::new();
    for (name, value) in outputs {
        let text = if value.has_sensitive() {
            "<sensitive>".to_owned()
        } else {
            literal::human(value)
        };
        lines.extend([name, " = ", &text, "\n"]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_spread_as_the_library_spreads_it() {
        for text in [
            "{}",
            "[]",
            r#"{"a":[],"b":{}}"#,
            r#"{"a":{"b":[1,[2,{}],"x"],"c":null},"d":true}"#,
            r#"{"a":"\"q\\","b":"{[,:]}\\\\","[":"\\\""}"#,
        ] {
            let json: serde_json::Value = serde_json::from_str(text).unwrap();
            let expected = serde_json::to_string_pretty(&json).unwrap();
            assert_eq!(spread(text), expected, "{text}");
        }
    }
}
