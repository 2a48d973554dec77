//! `pipeform schema`.

use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::cli::views::schema;
use crate::cli::views::schema_json;
use crate::diag::did_you_mean;
use crate::lang::functions;
use crate::objects::Kind;
use crate::objects::ObjectType;
use crate::objects::registry;

/// What stands for the functions, as a kind.
const FUNCTION: &str = "function";

/// Show the types of objects with their attributes, and the functions
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// A kind (`activity`), a type (`activity.copy`), or a function (`function.upper`); left out: an overview
    #[arg(value_name = "KIND[.TYPE]")]
    subject: Option<String>,

    /// Everything, as JSON
    #[arg(long, conflicts_with = "subject")]
    json: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let text = match &args.subject {
        None if args.json => format!("{:#}\n", schema_json::json()),
        None => schema::overview(context.look),
        Some(subject) => match subject.split_once('.') {
            Some((FUNCTION, name)) => schema::function(name, context.look)
                .ok_or_else(|| missing(FUNCTION, name, functions::names()))?,
            Some((kind, name)) => one_type(kind, name, context)?,
            None if subject == FUNCTION => schema::functions(context.look),
            None => types_of(subject, context)?,
        },
    };
    terminal::print(&text);
    Ok(ExitCode::SUCCESS)
}

/// The page of a type.
fn one_type(kind: &str, name: &str, context: &Context) -> Result<String, Failure> {
    let kind = parsed(kind)?;
    registry::find(kind, name)
        .map(|found| schema::object_type(found, context.look))
        .ok_or_else(|| {
            missing(
                &format!("type of `{}`", kind.as_str()),
                name,
                registry::names(kind),
            )
        })
}

/// The pages of all types of a kind.
fn types_of(kind: &str, context: &Context) -> Result<String, Failure> {
    let kind = parsed(kind)?;
    let types = registry::TYPES.iter().filter(|found| found.kind == kind);
    let pages: Vec<String> = types
        .map(|found: &&ObjectType| schema::object_type(found, context.look))
        .collect();
    Ok(pages.join("\n"))
}

fn parsed(kind: &str) -> Result<Kind, Failure> {
    let kinds = Kind::ALL.iter().map(|kind| kind.as_str());
    Kind::parse(kind).ok_or_else(|| missing("kind of object", kind, kinds.chain([FUNCTION])))
}

fn missing<'n>(what: &str, name: &str, names: impl Iterator<Item = &'n str>) -> Failure {
    let hint = did_you_mean(name, names).unwrap_or_default();
    Failure::message(format!(
        "There is no {what} `{name}`. {hint}\n\n`pipeform schema` shows what there is."
    ))
}
