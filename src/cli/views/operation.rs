//! What an operation will do, to which instances, and what came of it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value as Json;
use serde_json::json;

use super::paint::counted;
use super::paint::in_quotes;
use super::status::interval_text;
use super::status::span_ends;
use crate::engine::InstanceKey;
use crate::engine::LeftOut;
use crate::engine::Paused;
use crate::engine::Ranges;
use crate::engine::Status;
use crate::objects::Address;
use crate::runtime::SerialDefinition;
use crate::time::Interval;

/// What is asked before anything is done.
pub(crate) const QUESTION: &str =
    "\nDo you want to do this?\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: ";

/// Of so many objects it is said why there is no instance.
const ABSENT: usize = 10;

/// So many of those are named who have finished without what is back-filled.
const READERS: usize = 10;

/// A command with more selections than this is told to programs only.
const SELECTIONS: usize = 100;

/// How an operation is called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    /// The command, e.g. `rerun`.
    pub(crate) command: &'static str,
    /// What it does: before and after the number of instances.
    pub(crate) does: [&'static str; 2],
    /// The options that matter to what it does.
    pub(crate) options: Vec<&'static str>,
    /// Whether it lets instances start, so that it matters whether their objects are active.
    pub(crate) starts: bool,
}

/// To which instances something is to be done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proposal {
    /// These, with their status; without one: there is no instance yet.
    pub(crate) targets: Vec<(InstanceKey, Option<Status>)>,
    /// And these, of which there are no instances yet, and too many to list: each gets one.
    pub(crate) to_make: BTreeMap<Address, Stretch>,
    /// And these, of which there are no instances yet, and which are asked for, or given up, as stretches of time.
    pub(crate) stretches: BTreeMap<Address, Stretch>,
    /// How many others were named, and are left alone because of their status.
    pub(crate) left_alone: BTreeMap<Status, u64>,
    /// Why there is no instance where one was named.
    pub(crate) absent: BTreeSet<(Address, String)>,
    /// What has read what is run again, is under way and goes on.
    pub(crate) readers: Vec<(InstanceKey, Status)>,
    /// Who has finished without what is back-filled.
    pub(crate) finished_readers: BTreeMap<Address, Stretch>,
    /// What a run on demand needs of others that are not part of it.
    pub(crate) left_out: BTreeSet<LeftOut>,
    /// What of these objects, or their pipelines, is not active, and who has paused it.
    pub(crate) held: BTreeMap<Address, Option<Paused>>,
}

/// Stretches of time of an object.
#[derive(Clone, Debug)]
pub(crate) struct Stretch {
    /// These.
    pub(crate) ranges: Ranges,
    /// The first interval in them.
    pub(crate) first: Interval,
    /// The last one.
    pub(crate) last: Interval,
    /// How many there are.
    pub(crate) number: u64,
}

impl Stretch {
    /// What names its instances on the command line, and no others, with the ends of each range in words.
    fn selections(&self, object: &Address, ends: impl Fn(Interval) -> [String; 2]) -> Vec<String> {
        let ranges = self.ranges.iter();
        let selections = ranges.map(|range| {
            let [from, to] = ends(range);
            format!("{object}@{from}..{to}")
        });
        selections.collect()
    }
}

impl Proposal {
    /// To how many instances something is to be done.
    pub(crate) fn number(&self) -> u64 {
        let listed = u64::try_from(self.targets.len()).unwrap_or(u64::MAX);
        let stretches = self.all_stretches().map(|(_, stretch)| stretch);
        stretches.fold(listed, |sum, stretch| sum.saturating_add(stretch.number))
    }

    /// What is told as stretches of time.
    fn all_stretches(&self) -> impl Iterator<Item = (&Address, &Stretch)> {
        self.to_make.iter().chain(&self.stretches)
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing was done, as was asked.
    DryRun,
    /// So many instances were changed.
    Done(u64),
    /// A runner has not answered yet.
    LeftToRunner,
}

/// What will be done, for people.
pub(crate) fn human(words: &Words, proposal: &Proposal, definition: &SerialDefinition) -> String {
    let [before, after] = words.does;
    let number = proposal.number();
    let instances = counted(number, "instance", "instances");
    let mut out = if number == 0 {
        format!("There is no instance to {before}{after}.\n")
    } else {
        format!("This will {before} {instances}{after}:\n")
    };
    let mut by_object: BTreeMap<&Address, Vec<&(InstanceKey, Option<Status>)>> = BTreeMap::new();
    for target in &proposal.targets {
        by_object.entry(&target.0.object).or_default().push(target);
    }
    for (object, targets) in by_object {
        let at = |target: &&(InstanceKey, _)| {
            let interval = target.0.interval;
            interval_text(
                interval,
                &definition.timetable.timezone_of(object, interval),
            )
        };
        let first = targets.first().map(at).unwrap_or_default();
        let last = targets.last().map(at).unwrap_or_default();
        let mut counts: BTreeMap<Option<Status>, u64> = BTreeMap::new();
        for (_, status) in &targets {
            *counts.entry(*status).or_default() += 1;
        }
        let status = |status: Option<Status>| status.map_or("not made yet", Status::as_str);
        let statuses: Vec<String> = counts
            .into_iter()
            .map(|(of, number)| format!("{number} {}", status(of)))
            .collect();
        let intervals = if targets.len() == 1 {
            let of = targets.first().and_then(|(_, status)| *status);
            format!("{first} ({})", status(of))
        } else {
            format!("{first} to {last} ({})", statuses.join(", "))
        };
        out.extend(["  ", object.as_str(), ": ", &intervals, "\n"]);
    }
    for (object, stretch) in proposal.all_stretches() {
        let timezone = definition.timetable.timezone(object);
        let first = interval_text(stretch.first, &timezone);
        let last = interval_text(stretch.last, &timezone);
        let number = stretch.number.to_string();
        out.extend(["  ", object.as_str(), ": ", &first, " to ", &last]);
        out.extend([" (", &number, " not made yet)\n"]);
    }
    if !proposal.left_alone.is_empty() {
        let counts: Vec<String> = proposal
            .left_alone
            .iter()
            .map(|(status, number)| format!("{number} {status}"))
            .collect();
        out.extend(["Left alone: ", &counts.join(", "), ".\n"]);
    }
    for (object, why) in proposal.absent.iter().take(ABSENT) {
        out.extend([object.as_str(), ": ", why, ".\n"]);
    }
    if let Some(more @ 1..) = proposal.absent.len().checked_sub(ABSENT) {
        out.extend(["And so ", &more.to_string(), " more.\n"]);
    }
    out.push_str(&remarks(proposal, definition));
    out
}

/// What becomes of others, and what nothing comes of for now.
fn remarks(proposal: &Proposal, definition: &SerialDefinition) -> String {
    let mut out = String::new();
    if !proposal.readers.is_empty() {
        out.push_str("These have read it, are under way and go on (--with-consumers runs them again, too):\n");
    }
    for (key, status) in &proposal.readers {
        let interval = interval_text(
            key.interval,
            &definition.timetable.timezone_of(&key.object, key.interval),
        );
        let (object, status) = (key.object.as_str(), status.as_str());
        out.extend(["  ", object, ": ", &interval, " (", status, ")\n"]);
    }
    out.push_str(&finished_readers(proposal, definition));
    for (object, paused) in &proposal.held {
        let text = match paused {
            Some(paused) => format!(
                "{object} is paused by {}: nothing of it starts until `pipeform resume {object}`.\n",
                paused.who
            ),
            None => format!(
                "{object} is not active: nothing of it starts while its configuration has `active = false`.\n"
            ),
        };
        out.push_str(&text);
    }
    out
}

/// Who has finished without what is back-filled, and what runs that again.
fn finished_readers(proposal: &Proposal, definition: &SerialDefinition) -> String {
    let readers = &proposal.finished_readers;
    if readers.is_empty() {
        return String::new();
    }
    let mut out = "These have finished without it, and stay as they are:\n".to_owned();
    for (object, stretch) in readers.iter().take(READERS) {
        let timezone = definition.timetable.timezone(object);
        let first = interval_text(stretch.first, &timezone);
        out.extend(["  ", object.as_str(), ": ", &first]);
        if stretch.number > 1 {
            let last = interval_text(stretch.last, &timezone);
            out.extend([" to ", &last]);
        }
        let number = stretch.number.to_string();
        out.extend([" (", &number, " ", Status::Finished.as_str(), ")\n"]);
    }
    if let Some(more @ 1..) = readers.len().checked_sub(READERS) {
        out.extend(["  and ", &more.to_string(), " more\n"]);
    }
    let selections: Vec<String> = readers
        .iter()
        .flat_map(|(object, stretch)| {
            let timezone = definition.timetable.timezone(object);
            stretch.selections(object, |range| span_ends(range, &timezone))
        })
        .map(|selection| {
            if selection.contains('[') {
                in_quotes(&selection)
            } else {
                selection
            }
        })
        .collect();
    if selections.len() > SELECTIONS {
        out.push_str("What selects them, to run them again after this: `selections` of --json.\n");
    } else {
        let selections = selections.join(" ");
        out.extend([
            "To run them again after this:\n  pipeform rerun ",
            &selections,
            "\n",
        ]);
    }
    out
}

/// What came of it, for people.
pub(crate) fn closing(proposal: &Proposal, outcome: Outcome) -> String {
    let asked = proposal.number();
    match outcome {
        Outcome::Done(_) if asked == 0 => String::new(),
        Outcome::DryRun => "\nNothing was done: this is a dry run.\n".to_owned(),
        Outcome::Done(changed) if changed == asked => {
            format!("\nDone: {}.\n", counted(changed, "instance", "instances"))
        }
        Outcome::Done(changed) => format!(
            "\nDone: {}; the others had changed meanwhile.\n",
            counted(changed, "instance", "instances")
        ),
        Outcome::LeftToRunner => {
            "\nThe order is in the state, and a runner is at work that takes it up at its next step.\n"
                .to_owned()
        }
    }
}

/// The same for machines.
pub(crate) fn json(words: &Words, proposal: &Proposal, outcome: Outcome) -> String {
    let instances: Vec<Json> = proposal
        .targets
        .iter()
        .map(|(key, status)| one(key, *status))
        .collect();
    let stretches: Vec<Json> = proposal
        .all_stretches()
        .map(|(object, stretch)| {
            json!({
                "address": object,
                "scheduled_start": stretch.first.start,
                "scheduled_end": stretch.last.end,
                "count": stretch.number,
            })
        })
        .collect();
    let left_alone: BTreeMap<&str, u64> = proposal
        .left_alone
        .iter()
        .map(|(status, number)| (status.as_str(), *number))
        .collect();
    let (state, changed) = match outcome {
        Outcome::DryRun => ("dry_run", None),
        Outcome::Done(changed) => ("done", Some(changed)),
        Outcome::LeftToRunner => ("left_to_runner", None),
    };
    format!(
        "{}\n",
        json!({
            "operation": words.command,
            "options": words.options,
            "count": proposal.number(),
            "instances": instances,
            "stretches": stretches,
            "left_alone": left_alone,
            "absent": proposal.absent.iter().map(|(object, why)| json!({ "address": object, "why": why })).collect::<Vec<_>>(),
            "readers_under_way": proposal.readers.iter().map(|(key, status)| one(key, Some(*status))).collect::<Vec<_>>(),
            "finished_readers": proposal.finished_readers.iter().map(finished_reader).collect::<Vec<_>>(),
            "left_out": proposal.left_out.iter().map(left_out).collect::<Vec<_>>(),
            "held": proposal.held.keys().collect::<Vec<_>>(),
            "outcome": state,
            "changed": changed,
        })
    )
}

fn finished_reader((object, stretch): (&Address, &Stretch)) -> Json {
    let ends = |range: Interval| [range.start, range.end].map(|end| end.to_string());
    json!({
        "address": object,
        "scheduled_start": stretch.first.start,
        "scheduled_end": stretch.last.end,
        "count": stretch.number,
        "selections": stretch.selections(object, ends),
    })
}

fn left_out(left_out: &LeftOut) -> Json {
    let LeftOut {
        reader,
        producer,
        unfinished,
    } = left_out;
    let run = unfinished.map(|(interval, status)| {
        let object = producer.clone();
        one(&InstanceKey { object, interval }, Some(status))
    });
    json!({ "address": producer, "needed_by": reader, "unfinished": run })
}

fn one(key: &InstanceKey, status: Option<Status>) -> Json {
    json!({
        "address": key.object,
        "scheduled_start": key.interval.start,
        "scheduled_end": key.interval.end,
        "status": status.map(Status::as_str),
    })
}
