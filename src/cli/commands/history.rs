//! `pipeform history`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use super::select::select;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::cli::views::history;
use crate::engine::Status;
use crate::objects::Address;
use crate::objects::Kind;
use crate::runtime::SerialDefinition;
use crate::store::Filter;
use crate::time::parse_moment;

/// List instances, the newest interval first
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(in crate::cli) struct Args {
    /// Only of these objects, and what is inside them
    addresses: Vec<String>,

    /// Only with this status, e.g. `FAILED`; may be given several times
    #[arg(long, value_name = "STATUS")]
    status: Vec<String>,

    /// Only intervals that start at or after this, e.g. `2026-11-01`
    #[arg(long, value_name = "TIME")]
    from: Option<String>,

    /// Only intervals that start before this
    #[arg(long, value_name = "TIME")]
    to: Option<String>,

    /// No more than this many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,

    /// With every attempt
    #[arg(long)]
    attempts: bool,

    /// Data nodes, too
    #[arg(long)]
    all: bool,

    /// What operators have asked for, and what was applied: who, when, to what
    #[arg(long, conflicts_with_all = ["addresses", "status", "from", "to", "attempts", "all"])]
    operations: bool,

    /// As JSON, one instance a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let store = context.read_state()?;
    if args.operations {
        let records = store.audit_trail(args.limit)?;
        terminal::print(&if args.json {
            history::records_json(&records)
        } else {
            history::records(&records)
        });
        return Ok(ExitCode::SUCCESS);
    }
    let head = store.head()?;
    let definition = SerialDefinition::read(&store, head.serial, context.clock.now())?;
    let moment = |flag: &str, text: &Option<String>| {
        let Some(text) = text else { return Ok(None) };
        parse_moment(text)
            .and_then(|moment| moment.timestamp(&jiff::tz::TimeZone::UTC))
            .map(Some)
            .map_err(|error| Failure::message(format!("{flag}: {error}")))
    };
    let statuses = args
        .status
        .iter()
        .map(|name| status(name))
        .collect::<Result<Vec<_>, _>>()?;
    let mut known: BTreeSet<Address> = definition.objects.keys().cloned().collect();
    known.extend(store.counts()?.into_keys());
    let objects = select(&known, &args.addresses)?
        .into_iter()
        .filter(|address| args.all || address.kind() == Kind::Activity.as_str())
        .collect();
    let instances = store.instances(&Filter {
        objects: Some(objects),
        statuses,
        from: moment("--from", &args.from)?,
        to: moment("--to", &args.to)?,
        limit: Some(args.limit),
    })?;
    let mut rows = Vec::new();
    for instance in instances {
        let attempts = if args.attempts || args.json {
            store.attempts(&instance.key)?
        } else {
            Vec::new()
        };
        rows.push((instance, attempts));
    }
    terminal::print(&if args.json {
        history::json(&rows)
    } else {
        history::human(&rows, &definition)
    });
    Ok(ExitCode::SUCCESS)
}

fn status(name: &str) -> Result<Status, Failure> {
    Status::parse(&name.to_uppercase()).ok_or_else(|| {
        let known: Vec<_> = Status::ALL.iter().map(|status| status.as_str()).collect();
        Failure::message(format!(
            "--status: there is no status `{name}`. There are {}.",
            known.join(", ")
        ))
    })
}
