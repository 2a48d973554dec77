//! How the activities stand, and what their instances wait for.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use serde_json::json;

use super::Look;
use super::absent::absent;
use super::history::action_json;
use super::history::action_line;
use super::paint::counted;
use super::paint::grouped;
use super::waiting::Line;
use super::waiting::Namer;
use super::waiting::Passed;
use super::waiting::UsedLine;
use crate::engine::Engine;
use crate::engine::Instance as Kept;
use crate::engine::InstanceKey;
use crate::engine::Paused;
use crate::engine::Records;
use crate::engine::Status as InstanceStatus;
use crate::engine::Unit;
use crate::objects::Address;
use crate::runtime::SerialDefinition;
use crate::store::ActionRun;
use crate::store::Counts;
use crate::store::Holder;
use crate::store::ResourceRecord;
use crate::time::Interval;
use crate::time::Timeline;
use crate::time::moment_text;

/// How many stretches of time that were passed over are shown, unless everything is.
const STRETCHES: usize = 3;

/// How long an action that has failed for good is told of, where nothing else is to be done about its instance.
const NEWS: SignedDuration = SignedDuration::from_hours(24);

/// What is looked at.
pub(crate) struct Source<'a> {
    pub(crate) engine: &'a Engine,
    /// By serial: the definitions that instances which have finished were made of, where they are not the newest.
    pub(crate) earlier: &'a BTreeMap<u64, Engine>,
    pub(crate) definition: &'a SerialDefinition,
    /// What there are records of that say what instances had.
    pub(crate) records: &'a BTreeMap<InstanceKey, Records>,
    pub(crate) counts: &'a Counts,
    /// Who runs, if somebody does.
    pub(crate) runner: Option<&'a Holder>,
    /// The compute that was asked for and has not ended.
    pub(crate) resources: &'a [ResourceRecord],
    /// What actions of compute came to: those that are owed or have failed.
    pub(crate) of_resources: &'a [ActionRun],
    pub(crate) now: Timestamp,
    /// How many instances of an activity are shown, and how much of what one waits for; `None`: all.
    pub(crate) limit: Option<usize>,
}

/// An object that is asked about.
pub(crate) struct Wanted {
    pub(crate) address: Address,
    /// Only its instances that start in these; `None`: those that have not finished.
    pub(crate) spans: Option<Vec<Interval>>,
    /// Of these instances those that have finished.
    pub(crate) settled: Vec<Kept>,
    /// Those that have finished and whose record was removed (`retain`).
    pub(crate) removed: Vec<Kept>,
    /// What actions came to: all of asked intervals, else those that failed.
    pub(crate) actions: BTreeMap<InstanceKey, Vec<ActionRun>>,
}

/// Everything there is to say.
pub(crate) struct Status {
    activities: Vec<Activity>,
    empty: bool,
    runner: Option<Holder>,
    resources: Vec<ResourceRecord>,
    /// Actions of compute that are owed or have failed of late.
    of_resources: Vec<ActionRun>,
}

struct Activity {
    address: Address,
    finished: u64,
    next_due: Option<Timestamp>,
    /// When its schedule has ended, if nothing is due any more.
    ended: Option<Timestamp>,
    timezone: TimeZone,
    active: bool,
    paused: Option<Paused>,
    /// What `catch_up` has passed over, the newest stretches.
    dropped: Vec<Interval>,
    /// How many instances are due and are not made because it is not active.
    not_made: u64,
    /// How many intervals are still to be made because somebody has asked for them.
    to_come: u64,
    instances: Vec<Instance>,
    /// Actions that are owed or have failed, of instances that are not listed.
    untold: Vec<ActionRun>,
    /// Why there is no instance where one was asked for.
    absent: Vec<String>,
    more: usize,
}

struct Instance {
    interval: Interval,
    status: InstanceStatus,
    attempts: u32,
    /// Whether it has not finished so long after it was due as `late_after` says.
    late: bool,
    reason: Option<String>,
    waits: Vec<Line>,
    /// How many more things it waits for.
    more_waits: usize,
    not_waited_for: Vec<Passed>,
    /// What it had, if it has finished.
    used: Vec<UsedLine>,
    /// Whether an attempt is under way whose runner has ended.
    abandoned: bool,
    /// Whether it has finished and its record was removed.
    is_removed: bool,
    /// What actions came to.
    actions: Vec<ActionRun>,
}

impl Status {
    /// Looks at the engine. Finished instances are only counted, unless their intervals are asked for.
    pub(crate) fn new(source: &Source<'_>, wanted: &[Wanted]) -> Self {
        let activities = wanted.iter().filter_map(|wanted| {
            let unit = source.engine.unit(&wanted.address)?;
            Some(source.activity(unit, wanted))
        });
        let of_resources = source.of_resources.iter();
        let of_resources = of_resources.filter(|run| source.is_news(run));
        Self {
            activities: activities.collect(),
            empty: source.definition.objects.is_empty(),
            runner: source.runner.cloned(),
            resources: source.resources.to_vec(),
            of_resources: of_resources.cloned().collect(),
        }
    }

    /// For people.
    pub(crate) fn human(&self, look: Look) -> String {
        if self.empty {
            return "Nothing has been applied. `pipeform apply` activates what the configuration describes.\n"
                .to_owned();
        }
        let mut out = String::new();
        for activity in &self.activities {
            out.push_str(&activity.human(look));
        }
        for resource in &self.resources {
            let name = look.bold(resource.key.object.as_str());
            let interval = interval_text(resource.key.interval, &TimeZone::UTC);
            let id = resource.id.as_deref().unwrap_or("a cluster");
            let (state, since) = (&resource.state, moment(resource.since, &TimeZone::UTC));
            let line = format!("{name}: {interval}  {id} is {state} since {since}\n");
            out.push_str(&line);
        }
        for run in &self.of_resources {
            let name = look.bold(run.instance.object.as_str());
            let interval = interval_text(run.instance.interval, &TimeZone::UTC);
            let action = action_line(run, &TimeZone::UTC).replace('\n', "\n  ");
            let line = format!("{name}: {interval}  {action}\n");
            out.push_str(&line);
        }
        out
    }

    /// For machines.
    pub(crate) fn json(&self) -> String {
        let activities: Vec<Json> = self.activities.iter().map(Activity::json).collect();
        let runner = self.runner.as_ref().map(
            |runner| json!({ "who": runner.who, "process": runner.process, "since": runner.since }),
        );
        let resources: Vec<Json> = self.resources.iter().map(resource_json).collect();
        let of_resources: Vec<Json> = self.of_resources.iter().map(untold_json).collect();
        let line = json!({
            "activities": activities,
            "resources": resources,
            "resource_actions": of_resources,
            "runner": runner,
        });
        format!("{line}\n")
    }
}

/// An action with what it is for, where that is not listed.
fn untold_json(run: &ActionRun) -> Json {
    json!({
        "address": run.instance.object,
        "scheduled_start": run.instance.interval.start,
        "scheduled_end": run.instance.interval.end,
        "action": action_json(run),
    })
}

fn resource_json(resource: &ResourceRecord) -> Json {
    json!({
        "address": resource.key.object,
        "scheduled_start": resource.key.interval.start,
        "scheduled_end": resource.key.interval.end,
        "id": resource.id,
        "state": resource.state,
        "since": resource.since,
        "reason": resource.reason,
        "requested_at": resource.requested_at,
        "ready_at": resource.ready_at,
        "used_by": resource.users,
    })
}

impl Source<'_> {
    fn activity(&self, unit: &Unit, wanted: &Wanted) -> Activity {
        let schedule = unit.schedule.as_ref();
        let limit = match wanted.spans {
            None => self.limit.unwrap_or(usize::MAX),
            Some(_) => usize::MAX,
        };
        let contains = |kept: &&Kept| {
            let start = kept.key.interval.start;
            let within = |span: &Interval| span.start <= start && start < span.end;
            let spans = wanted.spans.as_ref();
            spans.is_none_or(|spans| spans.iter().any(within))
        };
        let open = self.engine.instances_of(&unit.address).filter(contains);
        let kept = wanted.settled.iter().chain(open);
        let mut kept: Vec<(&Kept, bool)> = kept.map(|kept| (kept, false)).collect();
        kept.extend(wanted.removed.iter().map(|gone| (gone, true)));
        kept.sort_by_key(|(kept, _)| &kept.key);
        let more = kept.len().saturating_sub(limit);
        kept.truncate(limit);
        let absent = match &wanted.spans {
            Some(spans) if kept.is_empty() => {
                let timezone = self.definition.timetable.timezone(&unit.address);
                let why = |span: &Interval| absent(self.engine, unit, &timezone, *span, self.now);
                spans.iter().map(why).collect()
            }
            _ => Vec::new(),
        };
        let listed = |key: &InstanceKey| kept.iter().any(|(kept, _)| kept.key == *key);
        let untold = wanted.actions.iter().filter(|(key, _)| !listed(key));
        let untold = untold.flat_map(|(_, actions)| actions);
        let untold = untold.filter(|run| self.is_news(run)).take(limit);
        let untold: Vec<ActionRun> = untold.cloned().collect();
        let finished = self.counts.get(&unit.address);
        let finished = finished.and_then(|counts| counts.get(&InstanceStatus::Finished));
        let stretches = self.limit.map_or(usize::MAX, |_| STRETCHES);
        let next =
            schedule.and_then(|schedule| Some(schedule.due_at(schedule.next_due(self.now)?)));
        let last = schedule.and_then(Timeline::last_interval);
        Activity {
            address: unit.address.clone(),
            finished: finished.copied().unwrap_or(0),
            next_due: next,
            ended: last.filter(|_| next.is_none()).map(|last| last.end),
            timezone: self.definition.timetable.timezone(&unit.address),
            active: unit.active,
            paused: unit.paused.clone(),
            dropped: self.engine.passed_over(&unit.address, stretches),
            not_made: if unit.active {
                0
            } else {
                self.engine.to_catch_up(&unit.address, self.now)
            },
            to_come: self.engine.to_come(&unit.address),
            instances: kept
                .into_iter()
                .map(|(kept, is_removed)| Instance {
                    is_removed,
                    actions: wanted.actions.get(&kept.key).cloned().unwrap_or_default(),
                    ..self.instance(kept, limit)
                })
                .collect(),
            untold,
            absent,
            more,
        }
    }

    /// Whether an action of an instance that needs nobody any more is worth a line: it is still owed, or has failed of late.
    fn is_news(&self, run: &ActionRun) -> bool {
        run.owed || run.error.is_some() && self.now.duration_since(run.ended_at) < NEWS
    }

    fn instance(&self, kept: &Kept, limit: usize) -> Instance {
        let zone = |address: &Address| self.definition.timetable.timezone(address);
        let key = &kept.key;
        let namer = Namer::applied(&zone, self.definition, &key.object, self.runner);
        let then = kept.definition.and_then(|serial| self.earlier.get(&serial));
        let then = then.unwrap_or(self.engine);
        let records = self.records.get(key);
        let not_waited_for = namer.not_waited_for(then, key, records);
        let used = match kept.status {
            InstanceStatus::Finished => namer.used(then, key, records),
            _ => Vec::new(),
        };
        let (waits, more_waits) = namer.waits(self.engine, key, limit);
        Instance {
            interval: key.interval,
            status: kept.status,
            attempts: kept.attempts,
            late: kept.late,
            reason: kept.reason.clone(),
            waits,
            more_waits,
            not_waited_for,
            used,
            abandoned: kept.status == InstanceStatus::Running && self.runner.is_none(),
            is_removed: false,
            actions: Vec::new(),
        }
    }
}

impl Activity {
    fn human(&self, look: Look) -> String {
        let facts = self.facts();
        let address = look.bold(self.address.as_str());
        let mut out = format!("{address}: {}\n", facts.join(", "));
        for instance in &self.instances {
            out.push_str(&instance.human(&self.timezone, look));
        }
        for run in &self.untold {
            let interval = interval_text(run.instance.interval, &self.timezone);
            let line = action_line(run, &self.timezone).replace('\n', "\n    ");
            out.extend(["  ", &interval, "  ", &line, "\n"]);
        }
        for absent in &self.absent {
            out.extend(["  ", absent, "\n"]);
        }
        if self.more > 0 {
            out.extend(["  and ", &self.more.to_string(), " more (--all)\n"]);
        }
        out
    }

    fn facts(&self) -> Vec<String> {
        let at = |time| moment(time, &self.timezone);
        let mut facts = vec![format!("{} finished", self.finished)];
        match &self.paused {
            Some(paused) => {
                facts.push(format!(
                    "paused by {} since {}",
                    paused.who,
                    at(paused.since)
                ));
            }
            None if !self.active => facts.push("not active".to_owned()),
            None => {}
        }
        if self.not_made > 0 {
            facts.push(format!("{} due and not made", grouped(self.not_made)));
        }
        for span in &self.dropped {
            facts.push(format!(
                "passed over from {} to {}",
                at(span.start),
                at(span.end)
            ));
        }
        if self.to_come > 0 {
            facts.push(format!("{} to come", self.to_come));
        }
        if let Some(due) = self.next_due {
            facts.push(format!("next due {}", at(due)));
        } else if let Some(end) = self.ended {
            facts.push(format!("its schedule has ended {}", at(end)));
        }
        facts
    }

    fn json(&self) -> Json {
        let instances: Vec<Json> = self.instances.iter().map(Instance::json).collect();
        let paused = self.paused.as_ref();
        json!({
            "address": self.address,
            "active": self.active,
            "paused": paused.map(|paused| json!({ "by": paused.who, "since": paused.since })),
            "passed_over": self.dropped.iter().map(|span| json!({ "from": span.start, "to": span.end })).collect::<Vec<_>>(),
            "finished": self.finished,
            "not_made": self.not_made,
            "to_come": self.to_come,
            "next_due": self.next_due,
            "ended": self.ended,
            "instances": instances,
            "actions": self.untold.iter().map(untold_json).collect::<Vec<_>>(),
            "more": self.more,
        })
    }
}

impl Instance {
    fn human(&self, timezone: &TimeZone, look: Look) -> String {
        let attempts = match self.attempts {
            0 => String::new(),
            number => format!(", {}", counted(u64::from(number), "attempt", "attempts")),
        };
        let has_ended = self.status.is_settled() || self.status.is_unsuccessful();
        let late = if self.late && !has_ended {
            ", late"
        } else {
            ""
        };
        let interval = interval_text(self.interval, timezone);
        let mut out = format!("  {interval}  {}{attempts}{late}\n", self.status);
        if let Some(reason) = &self.reason
            && self.status.is_unsuccessful()
        {
            out.extend(["    ", &reason.replace('\n', "\n    "), "\n"]);
        }
        if self.is_removed {
            out.push_str("    its record was removed by `retain`\n");
        }
        if self.abandoned {
            out.push_str("    its runner has ended: the next `pipeform run` tries it again\n");
        }
        for run in &self.actions {
            let line = action_line(run, timezone).replace('\n', "\n    ");
            out.extend(["    ", &line, "\n"]);
        }
        for wait in &self.waits {
            out.extend(["    waits for ", &wait.text.replace('\n', "\n      "), "\n"]);
            if let Some(because) = &wait.because {
                out.push_str(&look.dim(&format!("      because {because}")));
                out.push('\n');
            }
        }
        if self.more_waits > 0 {
            let more = self.more_waits.to_string();
            out.extend(["    waits for ", &more, " more (--all)\n"]);
        }
        for used in &self.used {
            out.extend(["    used ", &used.text, "\n"]);
        }
        let verb = if self.status.is_settled() {
            "did not wait"
        } else {
            "does not wait"
        };
        for passed in &self.not_waited_for {
            out.push_str(&look.dim(&format!("    {verb} for {}", passed.text)));
            out.push('\n');
        }
        out
    }

    fn json(&self) -> Json {
        json!({
            "scheduled_start": self.interval.start,
            "scheduled_end": self.interval.end,
            "status": self.status.as_str(),
            "attempts": self.attempts,
            "late": self.late,
            "reason": self.reason,
            "runner_ended": self.abandoned,
            "record_removed": self.is_removed,
            "actions": self.actions.iter().map(action_json).collect::<Vec<_>>(),
            "waits_for": self.waits.iter().map(Line::json).collect::<Vec<_>>(),
            "waits_for_more": self.more_waits,
            "used": self.used.iter().map(UsedLine::json).collect::<Vec<_>>(),
            "does_not_wait_for": self.not_waited_for.iter().map(Passed::json).collect::<Vec<_>>(),
        })
    }
}

/// A stretch of time by both its ends, as dates where these say it all; of a run on demand its moment.
pub(crate) fn span_text(span: Interval, timezone: &TimeZone) -> String {
    if span.is_moment() {
        return interval_text(span, timezone);
    }
    let [start, end] = span_ends(span, timezone);
    format!("{start} to {end}")
}

/// Both ends of a stretch of time, as dates where these say it all.
pub(crate) fn span_ends(span: Interval, timezone: &TimeZone) -> [String; 2] {
    let ends = [span.start, span.end];
    let zoned = ends.map(|at| at.to_zoned(timezone.clone()));
    let midnight = |zoned: &jiff::Zoned| zoned.time() == jiff::civil::Time::midnight();
    if zoned.iter().all(midnight) {
        zoned.map(|at| at.strftime("%Y-%m-%d").to_string())
    } else {
        ends.map(|at| moment(at, timezone))
    }
}

/// The name of an interval in a time zone ([`Interval::name`]).
pub(crate) fn interval_text(interval: Interval, timezone: &TimeZone) -> String {
    interval.name(timezone)
}

/// A moment to the second (to the minute where that is exact), with the zone's offset.
pub(crate) fn moment(at: Timestamp, timezone: &TimeZone) -> String {
    moment_text(at, timezone, "%S")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_of_a_cluster_yet_is_there_for_machines_too() {
        let at = |day: &str| -> Timestamp { format!("{day}T00:00:00Z").parse().unwrap() };
        let run = |owed: bool, error: Option<&str>| ActionRun {
            action: Address::new("action.page"),
            instance: InstanceKey {
                object: Address::new("resource.big"),
                interval: Interval {
                    start: at("2026-11-01"),
                    end: at("2026-11-02"),
                },
            },
            ended_at: at("2026-11-03"),
            error: error.map(str::to_owned),
            owed,
        };
        let status = Status {
            activities: Vec::new(),
            empty: false,
            runner: None,
            resources: Vec::new(),
            of_resources: vec![run(true, None), run(false, Some("no topic"))],
        };
        let found: Json = serde_json::from_str(&status.json()).unwrap();
        let told = |action: Json| {
            json!({
                "address": "resource.big",
                "scheduled_start": "2026-11-01T00:00:00Z",
                "scheduled_end": "2026-11-02T00:00:00Z",
                "action": action,
            })
        };
        let owed = json!({
            "address": "action.page",
            "ended_at": null,
            "error": null,
            "owed": true,
        });
        let failed = json!({
            "address": "action.page",
            "ended_at": "2026-11-03T00:00:00Z",
            "error": "no topic",
            "owed": false,
        });
        assert_eq!(found["resource_actions"], json!([told(owed), told(failed)]));
    }
}
