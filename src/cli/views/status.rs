//! How the activities stand, and what their instances wait for.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use serde_json::json;

use super::Look;
use super::paint::counted;
use crate::engine::Engine;
use crate::engine::InstanceKey;
use crate::engine::NotNeeded;
use crate::engine::NotWaitedFor;
use crate::engine::Paused;
use crate::engine::Status as InstanceStatus;
use crate::engine::UnitKind;
use crate::engine::Wait;
use crate::objects::Address;
use crate::runtime::SerialDefinition;
use crate::store::Counts;
use crate::time::Interval;
use crate::time::Why;

/// How many instances of one activity are shown.
const SHOWN: usize = 10;

/// How many stretches of time that were passed over are shown.
const STRETCHES: usize = 3;

/// How much of what one instance waits for is shown.
const WAITS: usize = 10;

/// How far a chain of things that wait for each other is followed.
const DEPTH: usize = 8;

/// Everything there is to say.
pub(crate) struct Status {
    activities: Vec<Activity>,
    empty: bool,
}

struct Activity {
    address: Address,
    finished: u64,
    next_due: Option<Timestamp>,
    timezone: TimeZone,
    active: bool,
    paused: Option<Paused>,
    /// What `catch_up` has passed over, the newest stretches.
    dropped: Vec<Interval>,
    instances: Vec<Instance>,
    more: usize,
}

struct Instance {
    interval: Interval,
    status: InstanceStatus,
    attempts: u32,
    reason: Option<String>,
    waits: Vec<Line>,
    not_waited_for: Vec<Passed>,
}

/// One thing that is waited for, and why that does not come: the end of the chain of what waits for what.
struct Line {
    text: String,
    because: Option<String>,
    /// The instance, if it is one.
    instance: Option<(Address, Interval, Option<InstanceStatus>)>,
}

/// What is not waited for, and why.
struct Passed {
    text: String,
    object: Address,
    interval: Interval,
    why: &'static str,
}

impl Status {
    /// Looks at the engine. Finished instances are only counted.
    pub(crate) fn new(
        engine: &Engine,
        definition: &SerialDefinition,
        counts: &Counts,
        selected: &[Address],
        now: Timestamp,
    ) -> Self {
        let activities = selected
            .iter()
            .filter_map(|address| engine.unit(address))
            .filter(|unit| unit.kind == UnitKind::Activity)
            .map(|unit| {
                let schedule = unit.schedule.as_ref();
                let mut open: Vec<_> = engine.instances_of(&unit.address).collect();
                let more = open.len().saturating_sub(SHOWN);
                open.truncate(SHOWN);
                Activity {
                    address: unit.address.clone(),
                    finished: counts
                        .get(&unit.address)
                        .and_then(|counts| counts.get(&InstanceStatus::Finished))
                        .copied()
                        .unwrap_or(0),
                    next_due: schedule
                        .and_then(|schedule| Some(schedule.due_at(schedule.next_due(now)?))),
                    timezone: definition.timetable.timezone(&unit.address),
                    active: unit.active,
                    paused: unit.paused.clone(),
                    dropped: engine.passed_over(&unit.address, STRETCHES),
                    instances: open
                        .into_iter()
                        .map(|instance| Instance {
                            interval: instance.key.interval,
                            status: instance.status,
                            attempts: instance.attempts,
                            reason: instance.reason.clone(),
                            waits: waits(engine, definition, &instance.key),
                            not_waited_for: not_waited_for(engine, definition, &instance.key),
                        })
                        .collect(),
                    more,
                }
            })
            .collect();
        Self {
            activities,
            empty: definition.objects.is_empty(),
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
        out
    }

    /// For machines.
    pub(crate) fn json(&self) -> String {
        let activities: Vec<Json> = self.activities.iter().map(Activity::json).collect();
        format!("{}\n", json!({ "activities": activities }))
    }
}

impl Activity {
    fn human(&self, look: Look) -> String {
        let mut facts = vec![format!("{} finished", self.finished)];
        match &self.paused {
            Some(paused) => facts.push(format!(
                "paused by {} since {}",
                paused.who,
                moment(paused.since, &self.timezone)
            )),
            None if !self.active => facts.push("not active".to_owned()),
            None => {}
        }
        for span in &self.dropped {
            let (from, to) = (span.start, span.end);
            let from = moment(from, &self.timezone);
            let to = moment(to, &self.timezone);
            facts.push(format!("passed over from {from} to {to}"));
        }
        if let Some(due) = self.next_due {
            facts.push(format!("next due {}", moment(due, &self.timezone)));
        }
        let mut out = format!(
            "{}: {}\n",
            look.bold(self.address.as_str()),
            facts.join(", ")
        );
        for instance in &self.instances {
            let attempts = match instance.attempts {
                0 => String::new(),
                number => format!(", {}", counted(u64::from(number), "attempt", "attempts")),
            };
            let interval = interval_text(instance.interval, &self.timezone);
            let status = instance.status.as_str();
            out.extend(["  ", &interval, "  ", status, &attempts, "\n"]);
            if let Some(reason) = &instance.reason
                && instance.status.is_unsuccessful()
            {
                out.extend(["    ", &reason.replace('\n', "\n    "), "\n"]);
            }
            for wait in instance.waits.iter().take(WAITS) {
                out.extend(["    waits for ", &wait.text.replace('\n', "\n      "), "\n"]);
                if let Some(because) = &wait.because {
                    out.push_str(&look.dim(&format!("      because {because}")));
                    out.push('\n');
                }
            }
            if let Some(more @ 1..) = instance.waits.len().checked_sub(WAITS) {
                out.extend(["    waits for ", &more.to_string(), " more\n"]);
            }
            for passed in &instance.not_waited_for {
                out.push_str(&look.dim(&format!("    does not wait for {}", passed.text)));
                out.push('\n');
            }
        }
        if self.more > 0 {
            out.extend(["  and ", &self.more.to_string(), " more\n"]);
        }
        out
    }

    fn json(&self) -> Json {
        let instances: Vec<Json> = self
            .instances
            .iter()
            .map(|instance| {
                json!({
                    "scheduled_start": instance.interval.start,
                    "scheduled_end": instance.interval.end,
                    "status": instance.status.as_str(),
                    "attempts": instance.attempts,
                    "reason": instance.reason,
                    "waits_for": instance.waits.iter().map(Line::json).collect::<Vec<_>>(),
                    "does_not_wait_for": instance.not_waited_for.iter().map(|passed| json!({
                        "what": passed.text,
                        "address": passed.object,
                        "from": passed.interval.start,
                        "to": passed.interval.end,
                        "why": passed.why,
                    })).collect::<Vec<_>>(),
                })
            })
            .collect();
        json!({
            "address": self.address,
            "active": self.active,
            "paused": self.paused.as_ref().map(|paused| json!({ "by": paused.who, "since": paused.since })),
            "passed_over": self.dropped.iter().map(|span| json!({ "from": span.start, "to": span.end })).collect::<Vec<_>>(),
            "finished": self.finished,
            "next_due": self.next_due,
            "instances": instances,
            "more": self.more,
        })
    }
}

impl Line {
    fn json(&self) -> Json {
        let mut json = json!({ "what": self.text, "because": self.because });
        if let Some((object, interval, status)) = &self.instance {
            json["address"] = json!(object);
            json["scheduled_start"] = json!(interval.start);
            json["scheduled_end"] = json!(interval.end);
            json["status"] = json!(status.map(InstanceStatus::as_str));
        }
        json
    }
}

fn waits(engine: &Engine, definition: &SerialDefinition, key: &InstanceKey) -> Vec<Line> {
    let namer = Namer::new(definition, &key.object);
    let waits = engine.waiting_on(key);
    let line = |(place, wait): (usize, &Wait)| Line {
        text: namer.text(wait, &key.object),
        // Only those that are shown need a cause.
        because: (place < WAITS).then(|| namer.cause(engine, wait)).flatten(),
        instance: match wait {
            Wait::Instance { key, status, .. } => {
                Some((key.object.clone(), key.interval, Some(*status)))
            }
            Wait::NotDue {
                object, interval, ..
            } => Some((object.clone(), *interval, None)),
            _ => None,
        },
    };
    waits.iter().enumerate().map(line).collect()
}

fn not_waited_for(
    engine: &Engine,
    definition: &SerialDefinition,
    key: &InstanceKey,
) -> Vec<Passed> {
    let namer = Namer::new(definition, &key.object);
    let passed = |passed: NotWaitedFor| {
        let (why, because) = match passed.why {
            NotNeeded::None(Why::BeforeFirst) => ("before_first", "before its first interval"),
            NotNeeded::None(Why::AfterLast) => ("after_last", "after its last interval"),
            NotNeeded::None(Why::BetweenSchedules) => (
                "between_schedules",
                "between its old schedule and its new one",
            ),
            NotNeeded::None(Why::Excluded) => ("excluded", "excluded by its calendar"),
            NotNeeded::NotDueThen => ("not_due", "not due yet when this was triggered"),
            NotNeeded::Older => ("older", "older than the latest"),
            NotNeeded::PassedOver => ("passed_over", "passed over by `catch_up`"),
        };
        let timezone = definition.timetable.timezone(&passed.object);
        let span = span_text(passed.interval, &timezone);
        Passed {
            text: format!("{} {span}: {because}", namer.short(&passed.object)),
            object: passed.object,
            interval: passed.interval,
            why,
        }
    };
    engine.not_waited_for(key).into_iter().map(passed).collect()
}

/// Names things as they are called in one pipeline.
struct Namer<'a> {
    definition: &'a SerialDefinition,
    pipeline: Option<&'a Address>,
}

impl<'a> Namer<'a> {
    /// For what is said about an object.
    fn new(definition: &'a SerialDefinition, object: &Address) -> Self {
        let object = definition.objects.get(object);
        Self {
            definition,
            pipeline: object.and_then(|object| object.pipeline.as_ref()),
        }
    }

    /// Follows what an instance waits for to what that waits for, and so on, to the end.
    fn cause(&self, engine: &Engine, wait: &Wait) -> Option<String> {
        let Wait::Instance { key, .. } = wait else {
            return None;
        };
        let mut last = key.clone();
        for _ in 0..DEPTH {
            let waits = engine.waiting_on(&last);
            match waits.first()? {
                Wait::Instance {
                    key: next, status, ..
                } if !status.is_unsuccessful() => last = next.clone(),
                first => {
                    let (what, which) = (self.named(&last.object, last.interval), &last.object);
                    return Some(format!("{what} waits for {}", self.text(first, which)));
                }
            }
        }
        None
    }

    fn named(&self, object: &Address, interval: Interval) -> String {
        let timezone = self.definition.timetable.timezone(object);
        format!(
            "{} {}",
            self.short(object),
            interval_text(interval, &timezone)
        )
    }

    /// An address without the pipeline that it shares with the instance.
    fn short<'b>(&self, object: &'b Address) -> &'b str {
        self.pipeline
            .and_then(|pipeline| object.as_str().strip_prefix(pipeline.as_str()))
            .and_then(|rest| rest.strip_prefix('.'))
            .unwrap_or(object.as_str())
    }

    /// One thing that `owner` waits for, by name and interval.
    fn text(&self, wait: &Wait, owner: &Address) -> String {
        let own = self.definition.timetable.timezone(owner);
        match wait {
            Wait::Instance {
                key,
                status,
                reason,
            } => {
                let name = self.named(&key.object, key.interval);
                match reason {
                    Some(reason) if status.is_unsuccessful() => {
                        format!("{name}, which is {status}: {reason}")
                    }
                    _ => format!("{name} ({status})"),
                }
            }
            Wait::NotDue {
                object,
                interval,
                due,
            } => format!(
                "{} (due {})",
                self.named(object, *interval),
                moment(*due, &self.definition.timetable.timezone(object))
            ),
            Wait::First { object } => {
                format!("the first finished interval of {}", self.short(object))
            }
            Wait::Preconditions { reason, next_check } => {
                let reason = reason
                    .as_deref()
                    .unwrap_or("its preconditions, which have not been checked yet");
                match next_check {
                    Some(at) => format!("{reason} (checked again {})", moment(*at, &own)),
                    None => reason.to_owned(),
                }
            }
            Wait::Retry { until, reason } => format!(
                "its next attempt, at {}{}",
                moment(*until, &own),
                reason
                    .as_ref()
                    .map(|reason| format!(": {reason}"))
                    .unwrap_or_default()
            ),
            Wait::Place => "a runner: `pipeform run` starts it".to_owned(),
            Wait::Pool { pool } => format!("slots of {}", self.short(pool)),
            Wait::Inactive => "its pipeline or itself to be active".to_owned(),
        }
    }
}

/// A stretch of time by both its ends, as dates where these say it all.
pub(crate) fn span_text(span: Interval, timezone: &TimeZone) -> String {
    let [start, end] = [span.start, span.end].map(|at| at.to_zoned(timezone.clone()));
    let midnight = |zoned: &jiff::Zoned| zoned.time() == jiff::civil::Time::midnight();
    if midnight(&start) && midnight(&end) {
        format!(
            "{} to {}",
            start.strftime("%Y-%m-%d"),
            end.strftime("%Y-%m-%d")
        )
    } else {
        format!(
            "{} to {}",
            moment(span.start, timezone),
            moment(span.end, timezone)
        )
    }
}

/// An interval by its start: a date where that says it all.
pub(crate) fn interval_text(interval: Interval, timezone: &TimeZone) -> String {
    let start = interval.start.to_zoned(timezone.clone());
    let end = interval.end.to_zoned(timezone.clone());
    let midnight = |zoned: &jiff::Zoned| zoned.time() == jiff::civil::Time::midnight();
    if !interval.is_moment() && midnight(&start) && midnight(&end) {
        start.strftime("%Y-%m-%d").to_string()
    } else {
        moment(interval.start, timezone)
    }
}

/// A moment to the second (to the minute where that is exact), with the zone's offset.
pub(crate) fn moment(at: Timestamp, timezone: &TimeZone) -> String {
    let zoned = at.to_zoned(timezone.clone());
    let seconds = if zoned.second() == 0 { "" } else { ":%S" };
    let zone = if zoned.offset().is_zero() { "Z" } else { "%:z" };
    zoned
        .strftime(&format!("%Y-%m-%dT%H:%M{seconds}{zone}"))
        .to_string()
}
