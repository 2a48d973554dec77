//! `pipeform state push`.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use super::rewrite::Rewrite;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::locking;
use crate::cli::locking::LockArgs;
use crate::cli::planning;
use crate::cli::planning::Planned;
use crate::cli::target::Target;
use crate::cli::terminal;
use crate::diag::Diagnostic;
use crate::diag::FileId;
use crate::diag::Sources;
use crate::lang::Value;
use crate::lang::stored as stored_value;
use crate::objects::Objects;
use crate::objects::configuration::Configuration;
use crate::objects::configuration::inadmissible;
use crate::objects::stored;
use crate::plan::budget::MAX_RUNS_PER_APPLY;
use crate::store::Holder;
use crate::store::SNAPSHOT_FORMAT;
use crate::store::Snapshot;
use crate::store::Store;

/// Make the state what a text of `state pull` says
///
/// A state to which nothing was ever applied becomes that one, with what has finished. To another one the definitions are applied, as
/// those of a configuration would be, and its runs stay what they are.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The file, or `-` for standard input
    path: String,

    /// Also if the text is older than the state, or of another one
    #[arg(long)]
    force: bool,

    /// Back-fill up to this many runs
    #[arg(long, value_name = "N")]
    allow_runs: Option<u64>,

    #[command(flatten)]
    lock: LockArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let snapshot = parse(&args.path, &read(&args.path)?)?;
    let (objects, outputs) = content(&args.path, &snapshot)?;
    let target = |_: &Store, _: &Objects| {
        Ok(Target::state(Configuration {
            objects: objects.clone(),
            outputs: outputs.clone(),
            ..Configuration::default()
        }))
    };
    let store = context.read_state()?;
    if store.is_new()? {
        let planned = planning::plan(context, &store, |prior| target(&store, prior))?;
        return restore(args, context, &snapshot, &planned);
    }
    let rewrite = Rewrite {
        context,
        lock: &args.lock,
        operation: "state push",
        dry_run: false,
    };
    let planned = rewrite.run(target, |planned| check(args, &snapshot, planned))?;
    if planned.plan.is_empty() {
        terminal::print("The state is like that already.\n");
        return Ok(());
    }
    let counts = planned.plan.counts();
    terminal::print(&format!(
        "Push complete! Resources: {} added, {} changed, {} destroyed.\n",
        counts.add, counts.change, counts.destroy
    ));
    Ok(())
}

/// Makes a new state that one.
fn restore(
    args: &Args,
    context: &Context,
    snapshot: &Snapshot,
    planned: &Planned,
) -> Result<(), Failure> {
    let holder = Holder::this_process(context.who(), "state push", context.clock.now());
    let lock = locking::lock(context, &holder, args.lock.patience()?)?;
    let mut store = context.write_state()?;
    let retain = planned.apply(&store, context.who())?.retain;
    let retain = retain.unwrap_or_default();
    store.restore(&lock, snapshot, &retain, context.clock.now())?;
    let finished: u64 = snapshot.finished.values().flat_map(BTreeMap::values).sum();
    terminal::print(&format!(
        "Push complete! The state has serial {}, {} object(s), {finished} finished and {} unfinished instance(s).\n",
        snapshot.serial,
        snapshot.objects.len(),
        snapshot.unfinished.len(),
    ));
    Ok(())
}

/// Whether the text may be applied to a state that there is.
fn check(args: &Args, snapshot: &Snapshot, planned: &Planned) -> Result<(), Failure> {
    let plan = &planned.plan;
    let budget = args.allow_runs.unwrap_or(MAX_RUNS_PER_APPLY);
    let overriding = "\n\nLook at `pipeform state pull` of the state first. With --force it is pushed all the same; `apply --rollback` undoes that.";
    let refusal = if plan.lineage != snapshot.lineage {
        format!(
            "This is not the text of this state, but of another one: its lineage is `{}`, and that of the state `{}`.",
            snapshot.lineage, plan.lineage
        )
    } else if snapshot.serial < plan.serial {
        format!(
            "The text is older than the state: it has serial {}, and the state {}. Somebody has applied since.",
            snapshot.serial, plan.serial
        )
    } else if snapshot.serial == plan.serial && !plan.is_empty() {
        format!(
            "The text has serial {} like the state, and says something else. What was changed on purpose gets the next serial.",
            snapshot.serial
        )
    } else {
        String::new()
    };
    if !refusal.is_empty() && !args.force {
        return Err(Failure::message(format!("{refusal}{overriding}")));
    }
    match plan.effects.over_budget(budget) {
        Some(finding) => Err(Failure::Findings(Box::new((
            finding.into(),
            Sources::default(),
        )))),
        None => Ok(()),
    }
}

fn read(path: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == "-" {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(path).map(|read| text = read)
    };
    read.map_err(|error| Failure::message(format!("`{path}` cannot be read: {error}")))?;
    Ok(text)
}

fn parse(path: &str, text: &str) -> Result<Snapshot, Failure> {
    let no_state = |problem: String| {
        Failure::message(format!(
            "`{path}` is no text of `pipeform state pull`: {problem}. Nothing was changed."
        ))
    };
    let json: serde_json::Value =
        serde_json::from_str(text).map_err(|error| no_state(error.to_string()))?;
    let format = json.get("format_version").and_then(|it| it.as_str());
    match format {
        Some(SNAPSHOT_FORMAT) => {}
        Some(other) => {
            return Err(Failure::message(format!(
                "`{path}` has format {other}, and this version of pipeform knows {SNAPSHOT_FORMAT}. Nothing was changed."
            )));
        }
        None => return Err(no_state("it has no `format_version`".to_owned())),
    }
    // Once more from the text, so that a mistake has its place.
    serde_json::from_str(text).map_err(|error| no_state(error.to_string()))
}

type Content = (Objects, BTreeMap<Arc<str>, Value>);

/// The objects and outputs of a text, checked.
fn content(path: &str, snapshot: &Snapshot) -> Result<Content, Failure> {
    let wrong = |problem: String| {
        Failure::message(format!(
            "`{path}` does not make sense: {problem}. Nothing was changed."
        ))
    };
    let mut objects = Objects::new();
    for kept in &snapshot.objects {
        let object = stored::from_json(
            kept.address.clone(),
            &kept.kind,
            &kept.type_name,
            kept.pipeline.clone(),
            (&kept.attributes, kept.lifecycle.as_ref()),
        )
        .map_err(|error| wrong(error.to_string()))?;
        let address = &kept.address;
        if kept.since > snapshot.serial {
            return Err(wrong(format!("`{address}` is there since a later serial")));
        }
        if objects.insert(address.clone(), object).is_some() {
            return Err(wrong(format!("`{address}` is there twice")));
        }
    }
    check_applies(snapshot).map_err(wrong)?;
    let mut findings = inadmissible(objects.clone(), |_| true);
    if findings.has_errors() {
        let text =
            format!("`{path}` has objects that no configuration makes. Nothing was changed.");
        findings.push(Diagnostic::error("Not a state", text));
        return Err(Failure::Findings(Box::new((findings, Sources::default()))));
    }
    let mut outputs = BTreeMap::new();
    for (name, value) in &snapshot.outputs {
        let value = stored_value::from_json(value, FileId::default())
            .map_err(|error| wrong(format!("the output `{name}`: {error}")))?;
        outputs.insert(Arc::from(name.as_str()), value);
    }
    Ok((objects, outputs))
}

/// The serials of applies grow, and the last is that of the state.
fn check_applies(snapshot: &Snapshot) -> Result<(), String> {
    let grow = snapshot.applies.windows(2).all(|pair| match pair {
        [one, other] => one.serial < other.serial,
        _ => true,
    });
    let last = snapshot.applies.last().map_or(0, |apply| apply.serial);
    if !grow || last > snapshot.serial {
        return Err("its applies are not in the order of their serials".to_owned());
    }
    Ok(())
}
