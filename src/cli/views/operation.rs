//! What an operation will do, to which instances, and what came of it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value as Json;
use serde_json::json;

use super::paint::counted;
use super::status::interval_text;
use crate::engine::InstanceKey;
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
            "held": proposal.held.keys().collect::<Vec<_>>(),
            "outcome": state,
            "changed": changed,
        })
    )
}

fn one(key: &InstanceKey, status: Option<Status>) -> Json {
    json!({
        "address": key.object,
        "scheduled_start": key.interval.start,
        "scheduled_end": key.interval.end,
        "status": status.map(Status::as_str),
    })
}
