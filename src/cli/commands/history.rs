//! `pipeform history`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::process::ExitCode;

use super::select::Chosen;
use super::select::Selection;
use super::select::is_inside;
use super::select::select_intervals;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::terminal;
use crate::cli::views::history;
use crate::engine::Attempt;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Status;
use crate::objects::Address;
use crate::objects::Kind;
use crate::runtime::Computed;
use crate::runtime::SerialDefinition;
use crate::runtime::computed;
use crate::store::Filter;
use crate::store::Record;
use crate::store::Store;
use crate::time::Interval;
use crate::time::parse_moment;

/// List instances, the newest interval first
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(in crate::cli) struct Args {
    /// Only of these objects, and what is inside them; maybe with intervals: `@2026-11-01`, `@FROM..TO`
    #[arg(value_name = "ADDRESS[@FROM..TO]")]
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

    /// No more than this many; nothing is printed with 0
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,

    /// With every attempt, and every action that was taken
    #[arg(long)]
    attempts: bool,

    /// Data nodes and clusters, too
    #[arg(long)]
    all: bool,

    /// What operators have asked for, and what was applied: who, when, to what; with addresses, only operations on these
    #[arg(long, conflicts_with_all = ["status", "from", "to", "attempts", "all"])]
    operations: bool,

    /// The applies: serial, when, by whom, what changed, and the digest of the saved plan that was carried out
    #[arg(long, conflicts_with_all = ["addresses", "status", "from", "to", "attempts", "all", "operations"])]
    applies: bool,

    /// As JSON, one instance a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let store = context.read_state()?;
    if args.operations {
        let mut records = store.audit_trail(if args.addresses.is_empty() {
            args.limit
        } else {
            usize::MAX
        })?;
        let selections = Selection::parse_all(&args.addresses)?;
        records.retain(|record| is_about(record, &selections));
        records.truncate(args.limit);
        return Ok(args.print(&if args.json {
            history::records_json(&records)
        } else {
            history::records(&records)
        }));
    }
    if args.applies {
        let mut applies = store.applies()?;
        applies.reverse();
        applies.truncate(args.limit);
        return Ok(args.print(&if args.json {
            history::applies_json(&applies)
        } else {
            history::applies(&applies)
        }));
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
    let selections = Selection::parse_all(&args.addresses)?;
    let of_clusters = selections.iter().any(Selection::names_resources);
    let clusters = if args.all || of_clusters {
        computed(&store)?
    } else {
        Vec::new()
    };
    // Clusters whose block is gone have a history, too.
    let of_gone = clusters
        .iter()
        .map(|computed| &computed.instance.key.object);
    let mut known: BTreeSet<Address> = definition.objects.keys().chain(of_gone).cloned().collect();
    known.extend(store.counts()?.into_keys());
    let mut chosen = select_intervals(&known, &selections, &definition.timetable)?;
    chosen.retain(|address, _| {
        let kind = address.kind();
        args.all
            || kind == Kind::Activity.as_str()
            || of_clusters && kind == Kind::Resource.as_str()
    });
    let filter = Filter {
        objects: None,
        statuses,
        from: moment("--from", &args.from)?,
        to: moment("--to", &args.to)?,
        limit: Some(args.limit),
    };
    let clusters = only_chosen(clusters, &chosen, &filter);
    let found = clusters.iter().map(|computed| computed.instance.clone());
    let instances = instances(&store, chosen, &filter, found.collect())?;
    let runner = Store::runner(&context.state_path()?);
    let rows = args.rows(&store, instances, clusters)?;
    Ok(args.print(&if args.json {
        history::json(&rows)
    } else {
        history::human(&rows, &definition, runner.is_some())
    }))
}

impl Args {
    /// The instances with what is shown with each.
    fn rows(
        &self,
        store: &Store,
        instances: Vec<Instance>,
        clusters: Vec<Computed>,
    ) -> Result<Vec<history::Row>, Failure> {
        let clusters = clusters.into_iter();
        let clusters = clusters.map(|computed| (computed.instance.key, computed.clusters));
        let mut clusters: BTreeMap<InstanceKey, Vec<Attempt>> = clusters.collect();
        let mut rows = Vec::new();
        for instance in instances {
            let (attempts, actions) = if self.attempts || self.json {
                let key = &instance.key;
                let attempts = match clusters.remove(key) {
                    Some(clusters) => clusters,
                    None => store.attempts(key)?,
                };
                (attempts, store.actions_of(key)?)
            } else {
                Default::default()
            };
            rows.push(history::Row {
                instance,
                attempts,
                actions,
            });
        }
        Ok(rows)
    }

    /// Prints what was found. Where none were asked for, it is not said that there are none.
    fn print(&self, text: &str) -> ExitCode {
        if self.limit > 0 {
            terminal::print(text);
        }
        ExitCode::SUCCESS
    }
}

/// Whether an operation was on one of these: on what is inside it, or on what it is inside of.
fn is_about(record: &Record, selections: &[Selection]) -> bool {
    let meets = |asked: &Selection| {
        let words = record.what.split_whitespace();
        let operated = words.filter_map(|word| Selection::parse(word).ok());
        operated.into_iter().any(|operated| {
            is_inside(&Address::new(&*operated.address), &asked.address)
                || is_inside(&Address::new(&*asked.address), &operated.address)
        })
    };
    selections.is_empty() || selections.iter().any(meets)
}

/// Those clusters that were asked for.
fn only_chosen(mut clusters: Vec<Computed>, chosen: &Chosen, filter: &Filter) -> Vec<Computed> {
    clusters.retain(|computed| {
        let instance = &computed.instance;
        let start = instance.key.interval.start;
        let within = |span: &Interval| span.start <= start && start < span.end;
        let Some(spans) = chosen.get(&instance.key.object) else {
            return false;
        };
        let spans = spans.as_ref();
        spans.is_none_or(|spans| spans.iter().any(within))
            && (filter.statuses.is_empty() || filter.statuses.contains(&instance.status))
            && filter.from.is_none_or(|from| from <= start)
            && filter.to.is_none_or(|to| start < to)
    });
    clusters
}

/// The instances of some objects, the newest interval first, with others of them that are found already.
fn instances(
    store: &Store,
    chosen: Chosen,
    filter: &Filter,
    mut found: Vec<Instance>,
) -> Result<Vec<Instance>, Failure> {
    let mut whole = Vec::new();
    for (address, spans) in chosen {
        let Some(spans) = spans else {
            whole.push(address);
            continue;
        };
        for span in spans {
            let within = Filter::starting_in(address.clone(), span);
            found.extend(store.instances(&Filter {
                statuses: filter.statuses.clone(),
                from: filter.from.max(within.from),
                to: [filter.to, within.to].into_iter().flatten().min(),
                limit: filter.limit,
                ..within
            })?);
        }
    }
    if !whole.is_empty() {
        found.extend(store.instances(&Filter {
            objects: Some(whole),
            ..filter.clone()
        })?);
    }
    found.sort_by(|one, other| {
        let start = |instance: &Instance| instance.key.interval.start;
        let by_start = start(other).cmp(&start(one));
        by_start.then_with(|| one.key.cmp(&other.key))
    });
    found.dedup_by(|one, other| one.key == other.key);
    found.truncate(filter.limit.unwrap_or(usize::MAX));
    Ok(found)
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
